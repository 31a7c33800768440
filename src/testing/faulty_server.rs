//! A server over sockets whose connections fail in scripted ways.

use super::faults::{Fault, Faulty};
use crate::blocking::blocking_stream::BlockingStream;
use crate::gateway::Gateway;
use core::convert::Infallible;
use core::time::Duration;
use smol::channel::{Receiver, Sender, bounded};
use smol::{Async, future};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::thread::{Builder, JoinHandle};
use std::vec::Vec;

/// Accepts connections in a dedicated thread, and serves each in another, with the blocking front end, because its
/// streams can be wrapped in [`Faulty`].
pub(super) struct FaultyServer {
    address: SocketAddr,
    fired: Arc<AtomicUsize>,
    stop: Sender<Infallible>,
    thread: JoinHandle<io::Result<()>>,
}

impl FaultyServer {
    /// Starts a server on a free port. Each connection takes the next fault of the script.
    pub(super) fn start(
        gateway: Gateway,
        script: impl Iterator<Item = Option<Fault>> + Send + 'static,
    ) -> io::Result<FaultyServer> {
        let listener = Async::<TcpListener>::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.get_ref().local_addr()?;
        let (stop, stopping) = bounded(1);
        let thread = Builder::new().name("bytegate-faulty".into());
        let fired: Arc<AtomicUsize> = Arc::default();
        let counter = fired.clone();
        let thread =
            thread.spawn(move || serve(&listener, &gateway, script, &stopping, &counter))?;
        Ok(FaultyServer {
            address,
            fired,
            stop,
            thread,
        })
    }

    pub(super) fn faults_fired(&self) -> usize {
        self.fired.load(Ordering::SeqCst)
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops accepting, and closes all connections.
    pub(super) fn stop(self) -> io::Result<()> {
        drop(self.stop);
        match self.thread.join() {
            Ok(ended) => ended,
            Err(_) => Err(io::Error::other("the script of faults panicked")),
        }
    }
}

fn serve(
    listener: &Async<TcpListener>,
    gateway: &Gateway,
    mut script: impl Iterator<Item = Option<Fault>>,
    stopping: &Receiver<Infallible>,
    fired: &Arc<AtomicUsize>,
) -> io::Result<()> {
    let mut sockets: Vec<Weak<TcpStream>> = Vec::new();
    let ended = loop {
        let accepting = async { Some(listener.accept().await) };
        let stopped = async {
            // An error means that the sender was dropped, which tells this thread to stop.
            let _ = stopping.recv().await;
            None
        };
        let (stream, peer) = match smol::block_on(future::or(stopped, accepting)) {
            None => break Ok(()),
            Some(Ok(accepted)) => accepted,
            Some(Err(error)) if error.kind() == ErrorKind::ConnectionAborted => continue,
            Some(Err(error)) => break Err(error),
        };
        sockets.retain(|socket| socket.strong_count() > 0);
        let fault = script.next().flatten();
        match Socket::new(stream) {
            Ok(socket) => {
                sockets.push(Arc::downgrade(&socket.0));
                let thread = Builder::new().name("bytegate-faulty".into());
                let (gateway, fired) = (gateway.clone(), fired.clone());
                let serve = move || socket.serve(&gateway, peer, fault, fired);
                if let Err(error) = thread.spawn(serve) {
                    break Err(error);
                }
            }
            // The client has disconnected and needs no error.
            Err(_) => continue,
        }
    };
    for socket in sockets.iter().filter_map(Weak::upgrade) {
        // An error means that the connection is closed already.
        let _ = socket.shutdown(Shutdown::Both);
    }
    ended
}

/// A socket that the server can also close. It closes when its connection is over.
struct Socket(Arc<TcpStream>);

impl Socket {
    fn new(stream: Async<TcpStream>) -> io::Result<Socket> {
        let stream = stream.into_inner()?;
        stream.set_nonblocking(false)?;
        stream.set_nodelay(true)?;
        Ok(Socket(Arc::new(stream)))
    }

    fn serve(
        self,
        gateway: &Gateway,
        peer: SocketAddr,
        fault: Option<Fault>,
        fired: Arc<AtomicUsize>,
    ) {
        // An error means that the client has disconnected, or that the fault has cut the connection.
        let _ = match fault {
            Some(fault) => gateway.serve_stream(Faulty::counted(self, fault, fired), peer),
            None => gateway.serve_stream(self, peer),
        };
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self.0).read(buffer)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self.0).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        (&*self.0).flush()
    }
}

impl BlockingStream for Socket {
    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.0.set_read_timeout(timeout)?;
        self.0.set_write_timeout(timeout)
    }

    fn end_output(&mut self) -> io::Result<()> {
        self.0.shutdown(Shutdown::Write)
    }

    fn reset_on_close(&mut self) {
        // Without it, the connection closes as usual.
        let _ = socket2::SockRef::from(&*self.0).set_linger(Some(Duration::ZERO));
    }
}
