//! The byte stream as the driver of a connection needs it. TCP is one implementation. A Unix socket could be another.

use core::future::Future;
use smol::Async;
use socket2::SockRef;
use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

/// A non-blocking byte stream that reports when it is ready.
pub(super) trait Transport: EndInput + Send + Sync + 'static {
    /// Waits until a read may return data or an error.
    fn readable(&self) -> impl Future<Output = io::Result<()>> + Send;

    /// Waits until a write may accept data or fail.
    fn writable(&self) -> impl Future<Output = io::Result<()>> + Send;

    /// Reads the available bytes. Returns [`WouldBlock`](io::ErrorKind::WouldBlock) if there are none.
    fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes as much as there is room for. Returns [`WouldBlock`](io::ErrorKind::WouldBlock) if there is no room.
    fn try_write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize>;

    /// Closes the sending side. The peer can still read everything that was written.
    fn end_output(&self) -> io::Result<()>;

    /// Makes closing reset the connection, which drops everything that was not sent.
    fn reset_on_close(&self);
}

/// The part of a stream that others than its driver may use.
pub(super) trait EndInput: Send + Sync {
    /// Closes the receiving side. Reads return what has already arrived, and then the end.
    fn end_input(&self);
}

impl EndInput for Async<TcpStream> {
    fn end_input(&self) {
        // A stream that no longer exists has ended too.
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
