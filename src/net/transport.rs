//! The listener and the byte stream as the front end needs them. TCP is one implementation. A Unix socket could be another.

use crate::values::connection_info::Peer;
use async_net::TcpListener;
use core::future::poll_fn;
use core::task::{Context, Poll};
use smol::Async;
use socket2::SockRef;
use std::fs::File;
use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::prelude::rust_2024::*;
use std::sync::Arc;
use std::time::Duration;

/// A socket that accepts connections. Clones share it.
pub(super) trait Listener: Clone + Send + Sync + 'static {
    type Stream: Transport;

    /// Waits for a connection and accepts it.
    fn accept(&self) -> impl Future<Output = io::Result<(Arc<Self::Stream>, Peer)>> + Send;
}

/// A non-blocking byte stream that reports when it is ready.
pub(super) trait Transport: EndInput + Send + Sync + 'static {
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
    fn try_send_file(&self, file: &File, position: u64, count: usize) -> io::Result<usize>;

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

impl Listener for TcpListener {
    type Stream = Async<TcpStream>;

    async fn accept(&self) -> io::Result<(Arc<Async<TcpStream>>, Peer)> {
        let (stream, peer) = TcpListener::accept(self).await?;
        // Responses are written in one piece, so waiting for more would only delay them.
        let _ = stream.set_nodelay(true);
        Ok((stream.into(), peer.into()))
    }
}

impl EndInput for Async<TcpStream> {
    fn end_input(&self) {
        // A stream that no longer exists has ended too.
        let _ = self.get_ref().shutdown(Shutdown::Read);
    }
}

impl Transport for Async<TcpStream> {
    const SENDS_FILES: bool = cfg!(target_os = "linux");

    fn poll_readable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Async::poll_readable(self, context)
    }

    fn poll_writable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Async::poll_writable(self, context)
    }

    fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.get_ref().read(buffer)
    }

    fn try_write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        match pieces {
            // Costs the system less than a list of one.
            [piece] => self.get_ref().write(piece),
            pieces => self.get_ref().write_vectored(pieces),
        }
    }

    #[cfg(target_os = "linux")]
    fn try_send_file(&self, file: &File, mut position: u64, count: usize) -> io::Result<usize> {
        let sent = rustix::fs::sendfile(self.get_ref(), file, Some(&mut position), count);
        Ok(sent?)
    }

    #[cfg(not(target_os = "linux"))]
    fn try_send_file(&self, _: &File, _: u64, _: usize) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn end_output(&self) -> io::Result<()> {
        self.get_ref().shutdown(Shutdown::Write)
    }

    fn reset_on_close(&self) {
        let _ = SockRef::from(self.get_ref()).set_linger(Some(Duration::ZERO));
    }
}

/// Waits until a read may return data or an error.
pub(super) async fn readable(socket: &impl Transport) -> io::Result<()> {
    poll_fn(|context| socket.poll_readable(context)).await
}
