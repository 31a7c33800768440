//! All sockets that a server accepts connections from.

use super::listener::Listener;
use super::socket::Socket;
#[cfg(unix)]
use super::unix::{self, SocketFile};
use crate::values::connection_info::Peer;
use core::future::{Future, poll_fn};
use core::mem::replace;
use core::task::{Context, Poll};
use smol::Async;
use std::io;
use std::net::{TcpListener, TcpStream};
#[cfg(unix)]
use std::os::unix::net::{UnixListener, UnixStream};
use std::prelude::rust_2024::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
#[cfg(unix)]
use std::sync::{Mutex, PoisonError};

/// Something that accepts connections. Clones share it.
pub(super) trait Accept: Clone + Send + Sync + 'static {
    /// Waits for a connection and accepts it.
    fn accept(&self) -> impl Future<Output = io::Result<(Stream, Peer)>> + Send;

    /// Waits until there is a connection to accept.
    fn pending(&self) -> impl Future<Output = ()> + Send;

    /// Removes the names under which new clients find it, as far as that is possible while it still accepts connections.
    fn hide(&self);
}

/// A connection that was accepted.
pub(super) enum Stream {
    Tcp(Arc<Async<TcpStream>>),
    #[cfg(unix)]
    Unix(Arc<Async<UnixStream>>),
}

/// The sockets of a [`Listener`].
#[derive(Clone)]
pub(super) struct Sockets(Arc<Shared>);

struct Shared {
    sockets: Vec<Waiting>,
    /// The socket that is looked at first, so that a busy one does not starve the others.
    first: AtomicUsize,
    #[cfg(unix)]
    files: Mutex<Vec<SocketFile>>,
}

/// A socket that can wait for connections.
enum Waiting {
    Tcp(Async<Arc<TcpListener>>),
    #[cfg(unix)]
    Unix(Async<Arc<UnixListener>>),
}

impl Sockets {
    /// # Errors
    /// Returns an error if there is no socket, or if the system cannot wait for one.
    pub(super) fn new(listener: Listener) -> io::Result<Sockets> {
        let mut sockets = Vec::new();
        #[cfg(unix)]
        let mut files = Vec::new();
        for socket in listener.into_sockets() {
            sockets.push(match socket {
                Socket::Tcp(listener) => Waiting::Tcp(Async::new(listener)?),
                #[cfg(unix)]
                Socket::Unix(listener, file) => {
                    files.extend(file);
                    Waiting::Unix(Async::new(listener)?)
                }
            });
        }
        if sockets.is_empty() {
            let text = "there is no address to listen on";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        Ok(Sockets(Arc::new(Shared {
            sockets,
            first: AtomicUsize::new(0),
            #[cfg(unix)]
            files: Mutex::new(files),
        })))
    }

    /// Accepts a connection from the first socket that has one or an error.
    fn try_accept(&self) -> Option<io::Result<(Stream, Peer)>> {
        let Shared { sockets, first, .. } = &*self.0;
        let start = first.load(Ordering::Relaxed);
        for step in 0..sockets.len() {
            let index = (start + step) % sockets.len();
            match sockets[index].try_accept() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                accepted => {
                    first.store(index + 1, Ordering::Relaxed);
                    return Some(accepted);
                }
            }
        }
        None
    }

    /// Returns whether one of the sockets has a connection. All of them wake the task.
    fn is_ready(&self, context: &mut Context<'_>) -> bool {
        let sockets = self.0.sockets.iter();
        // Each socket has to be polled, so this does not stop at the first one.
        sockets.fold(false, |is_ready, socket| {
            // After an error, accepting fails too.
            is_ready | socket.poll_readable(context).is_ready()
        })
    }
}

impl Accept for Sockets {
    async fn accept(&self) -> io::Result<(Stream, Peer)> {
        loop {
            if let Some(accepted) = self.try_accept() {
                return accepted;
            }
            // The next attempt tells why the task was woken.
            let mut waits = false;
            poll_fn(|context| match replace(&mut waits, true) {
                false if !self.is_ready(context) => Poll::Pending,
                _ => Poll::Ready(()),
            })
            .await;
        }
    }

    async fn pending(&self) {
        poll_fn(|context| {
            if self.is_ready(context) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }

    fn hide(&self) {
        #[cfg(unix)]
        self.0
            .files
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

impl Waiting {
    fn try_accept(&self) -> io::Result<(Stream, Peer)> {
        match self {
            Waiting::Tcp(listener) => {
                let (stream, peer) = listener.get_ref().accept()?;
                // Responses are written in one piece, so waiting for more would only delay them.
                let _ = stream.set_nodelay(true);
                Ok((Stream::Tcp(Async::new(stream)?.into()), peer.into()))
            }
            #[cfg(unix)]
            Waiting::Unix(listener) => {
                let (stream, _) = listener.get_ref().accept()?;
                let peer = unix::peer(&stream);
                Ok((Stream::Unix(Async::new(stream)?.into()), peer))
            }
        }
    }

    fn poll_readable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Waiting::Tcp(listener) => listener.poll_readable(context),
            #[cfg(unix)]
            Waiting::Unix(listener) => listener.poll_readable(context),
        }
    }
}
