//! What a connection's driver needs of its byte stream. TCP is one; a Unix socket would be another.

use core::future::Future;
use smol::Async;
use socket2::SockRef;
use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

/// A byte stream that never blocks, and tells when it is ready.
pub(super) trait Transport: EndInput + Send + Sync + 'static {
    /// Waits until a read may bring something, or an error.
    fn readable(&self) -> impl Future<Output = io::Result<()>> + Send;

    /// Waits until a write may take something, or fail.
    fn writable(&self) -> impl Future<Output = io::Result<()>> + Send;

    /// Reads what is there; [`WouldBlock`](io::ErrorKind::WouldBlock) if nothing is.
    fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes what there is room for; [`WouldBlock`](io::ErrorKind::WouldBlock) if there is none.
    fn try_write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize>;

    /// Ends our side: the peer reads to the end of what was written.
    fn end_output(&self) -> io::Result<()>;

    /// Lets the close be a reset, which drops everything that was not sent.
    fn reset_on_close(&self);
}

/// The part of a stream that others than its driver may use.
pub(super) trait EndInput: Send + Sync {
    /// Ends the peer's side: reads bring what is there already, and then the end.
    fn end_input(&self);
}

impl EndInput for Async<TcpStream> {
    fn end_input(&self) {
        // A stream that is gone has ended, too.
        let _ = self.get_ref().shutdown(Shutdown::Read);
    }
}

impl Transport for Async<TcpStream> {
    fn readable(&self) -> impl Future<Output = io::Result<()>> + Send {
        Async::readable(self)
    }

    fn writable(&self) -> impl Future<Output = io::Result<()>> + Send {
        Async::writable(self)
    }

    fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.get_ref().read(buffer)
    }

    fn try_write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        self.get_ref().write_vectored(pieces)
    }

    fn end_output(&self) -> io::Result<()> {
        self.get_ref().shutdown(Shutdown::Write)
    }

    fn reset_on_close(&self) {
        let _ = SockRef::from(self.get_ref()).set_linger(Some(Duration::ZERO));
    }
}
