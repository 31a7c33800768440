//! The byte stream as the front end needs it. `plain.rs` and `tls.rs` implement it.

use crate::files::file_range::FileRest;
use crate::values::tls_info::TlsInfo;
use core::future::poll_fn;
use core::task::{Context, Poll};
use core::time::Duration;
use std::io::{self, IoSlice};
use std::prelude::rust_2024::*;
use std::sync::Arc;

/// A non-blocking byte stream that reports when it is ready.
pub(super) trait Transport: End + Send + Sync + 'static {
    /// The stream below, if this one encrypts, or this one.
    type Wire: Transport;

    /// Returns the stream that carries the bytes of the wire, on which a proxy sends its header first.
    fn wire(&self) -> &Self::Wire;

    /// Whether the system sends files over this stream without copying them through the program.
    const SENDS_FILES: bool;

    /// Polls whether a read may return data or an error. Only the task that polled last is woken, and a waiting
    /// connection holds no memory for it.
    fn poll_readable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Polls whether a write may accept data or fail. Only the task that polled last is woken.
    fn poll_writable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Reads the available bytes. Returns [`WouldBlock`](io::ErrorKind::WouldBlock) if there are none.
    fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes as much as there is room for. Returns [`WouldBlock`](io::ErrorKind::WouldBlock) if there is no room.
    fn try_write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize>;

    /// Sends a part of a file as far as there is room, if the system [can](Transport::SENDS_FILES). Returns 0 at the end of
    /// the file, and [`WouldBlock`](io::ErrorKind::WouldBlock) if there is no room.
    fn try_send_file(&self, file: FileRest<'_>) -> io::Result<usize>;

    /// Closes the sending side. The peer can still read everything that was written.
    fn end_output(&self) -> io::Result<()>;

    /// Makes closing reset the connection, which drops everything that was not sent.
    fn reset_on_close(&self);

    /// Returns the bytes that the stream holds for its connection in memory.
    fn held_bytes(&self) -> usize {
        0
    }

    /// Frees memory that the stream does not need while its connection is idle.
    fn free_buffers(&self) {}

    /// Returns the time by which a first request may take longer than usual.
    fn grace(&self) -> Duration {
        Duration::ZERO
    }

    /// Returns the TLS of the stream, once something was read.
    fn tls(&self) -> Option<Arc<TlsInfo>> {
        None
    }
}

/// The part of a stream that others than its driver may use.
pub(super) trait End: Send + Sync {
    /// Closes the receiving side. Reads return what has already arrived, and then the end.
    fn end_input(&self);

    /// Closes both sides, so that a write that waits fails.
    fn end(&self);
}

/// Waits until a read may return data or an error.
pub(super) async fn readable(socket: &impl Transport) -> io::Result<()> {
    poll_fn(|context| socket.poll_readable(context)).await
}
