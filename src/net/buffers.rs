//! Buffers that the connections of a thread use one after the other, so that one that waits holds only what it must.

use super::transport::Transport;
use std::cell::Cell;
use std::io;
use std::prelude::rust_2024::*;

/// Bytes asked for in one read.
pub(super) const READ_BYTES: usize = 16 * 1024;
/// The largest buffer for answers that is kept to be used again.
const OUTPUT_BYTES: usize = 128 * 1024;

/// The buffers of a thread.
#[derive(Default)]
pub(super) struct Buffers {
    /// For one read.
    pub(super) input: Vec<u8>,
    /// For the answers to it.
    pub(super) output: Vec<u8>,
}

impl Buffers {
    /// Takes them out for as long as that lasts; who asks within gets empty ones.
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

/// One read without waiting; how many bytes at the start of the buffer it brought.
pub(super) fn read_some(socket: &impl Transport, buffer: &mut Vec<u8>) -> io::Result<usize> {
    // It is as long already, unless it is new.
    buffer.resize(READ_BYTES, 0);
    socket.try_read(buffer)
}

/// Whether a read or write is to be tried again later.
pub(super) fn is_transient(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}
