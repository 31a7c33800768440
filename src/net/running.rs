//! A server on a separate thread.

use super::Options;
use super::Reloadable;
use super::listen;
use super::serve;
use smol::channel::{Sender, bounded};
use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::prelude::rust_2024::*;
use std::thread::JoinHandle;

/// Serves a gateway on a separate thread, until the result is stopped or dropped. Port 0 selects a free port.
///
/// Use it in tests, and in programs that also do other work.
///
/// ```
/// use bytegate::testing::StreamClient;
/// use bytegate::{Gateway, Method, Request, net};
/// use std::net::TcpStream;
///
/// let gateway = Gateway::new(|_: &Request| "hello\n");
/// let server = net::start("127.0.0.1:0", gateway, net::Options::default())?;
///
/// let mut client = StreamClient::new(TcpStream::connect(server.address())?);
/// client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")?;
/// assert_eq!(client.response(Method::GET)?.text(), "hello\n");
/// server.stop()?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// Returns an error if listening on the address fails, with advice, or if there is no thread.
pub fn start(
    address: impl ToSocketAddrs,
    gateway: impl Into<Reloadable>,
    options: Options,
) -> io::Result<Running> {
    let gateway: Reloadable = gateway.into();
    let listener = listen(super::run::first(address)?)?;
    let address = listener.local_addr()?;
    let (stop, stopping) = bounded::<Infallible>(1);
    let run = move || {
        let stopped = async move {
            // An error means that the sender is gone, which is how it asks.
            let _ = stopping.recv().await;
        };
        smol::block_on(serve(listener, gateway, options, stopped))
    };
    let thread = std::thread::Builder::new().name("bytegate".into());
    Ok(Running {
        address,
        stop: Some(stop),
        thread: Some(thread.spawn(run)?),
    })
}

/// A server that runs on a separate thread, created by [`start`]. Dropping it stops the server, and waits until it has
/// stopped: see [`Options::stop_timeout`].
///
/// ```
/// use bytegate::{Gateway, Request, net};
/// use std::net::TcpStream;
///
/// let gateway = Gateway::new(|_: &Request| "hello\n");
/// let server: net::Running = net::start("127.0.0.1:0", gateway, net::Options::default())?;
/// let address = server.address();
/// assert!(TcpStream::connect(address).is_ok());
/// drop(server);
/// assert!(TcpStream::connect(address).is_err());
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "the server stops when this is dropped"]
pub struct Running {
    address: SocketAddr,
    stop: Option<Sender<Infallible>>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Running {
    /// Returns the address on which the server listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops the server and waits until it has stopped.
    ///
    /// # Errors
    /// Returns the error with which the server ended.
    pub fn stop(mut self) -> io::Result<()> {
        self.end()
    }

    fn end(&mut self) -> io::Result<()> {
        self.stop = None;
        match self.thread.take().map(JoinHandle::join) {
            None => Ok(()),
            Some(Ok(ended)) => ended,
            Some(Err(_)) => Err(io::Error::other("the server panicked")),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Whoever wants to know how it ended calls `stop`.
        let _ = self.end();
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}
