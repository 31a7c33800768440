//! Buffers shared by the connections of a thread, so that a waiting connection holds as little memory as possible.

use super::transport::Transport;
use std::cell::Cell;
use std::io;
use std::prelude::rust_2024::*;

/// The number of bytes requested in one read.
pub(super) const READ_BYTES: usize = 16 * 1024;
/// The largest output buffer that is kept for reuse.
const OUTPUT_BYTES: usize = 128 * 1024;

/// The buffers of a thread.
#[derive(Default)]
pub(super) struct Buffers {
    /// The buffer for one read.
    pub(super) input: Vec<u8>,
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

/// Reads once without waiting. Returns the number of bytes placed at the start of the buffer.
pub(super) fn read_some(socket: &impl Transport, buffer: &mut Vec<u8>) -> io::Result<usize> {
    // Only a new buffer is resized.
    buffer.resize(READ_BYTES, 0);
    socket.try_read(buffer)
}

/// Returns whether a read or write should be retried later.
pub(super) fn is_transient(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}
