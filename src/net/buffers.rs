//! Buffers shared by the connections of a thread, so that a waiting connection holds as little memory as possible.

use super::transport::Transport;
use std::cell::Cell;
use std::io::{self, ErrorKind};
use std::prelude::rust_2024::*;

/// The number of bytes requested in one read.
pub(super) const READ_BYTES: usize = 16 * 1024;
/// The largest output buffer that is kept for reuse.
const OUTPUT_BYTES: usize = 128 * 1024;

/// The buffers of a thread.
#[derive(Default)]
pub(super) struct Buffers {
    /// The buffer for one read.
    input: Vec<u8>,
    /// The buffer for the responses to it.
    pub(super) output: Vec<u8>,
}

impl Buffers {
    /// Calls `run` with the buffers of this thread. A nested call gets empty ones.
    pub(super) fn with<T>(run: impl FnOnce(&mut Buffers) -> T) -> T {
        thread_local! {
            static OF_THREAD: Cell<Buffers> = const { Cell::new(Buffers { input: Vec::new(), output: Vec::new() }) };
        }
        let mut buffers = OF_THREAD.take();
        let result = run(&mut buffers);
        if buffers.output.capacity() > OUTPUT_BYTES {
            buffers.output = Vec::new();
        }
        OF_THREAD.set(buffers);
        result
    }
}

/// Reads once without waiting, and passes the bytes to `take`, with the other buffers. At the end of the input, they are empty.
/// Returns `None` if there are none yet.
pub(super) fn read<T>(
    socket: &impl Transport,
    take: impl FnOnce(&[u8], &mut Buffers) -> T,
) -> io::Result<Option<T>> {
    Buffers::with(|buffers| {
        let mut input = core::mem::take(&mut buffers.input);
        // Only a new buffer is resized.
        input.resize(READ_BYTES, 0);
        let taken = match socket.try_read(&mut input) {
            Ok(count) => Ok(Some(take(&input[..count], buffers))),
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::Interrupted => Ok(None),
                _ => Err(error),
            },
        };
        buffers.input = input;
        taken
    })
}
