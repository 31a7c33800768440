//! A server with one thread for each connection.

use super::places::{Places, Seat};
use super::proxied;
use super::serve_stream::serve;
use crate::config::trusted_proxies::TrustedProxies;
use crate::connection::CloseReason;
use crate::gateway::gateway::Gateway;
#[cfg(feature = "rustls")]
use crate::tls::Tls;
use crate::values::connection_info::ConnectionInfo;
use core::fmt;
use core::num::NonZeroUsize;
use core::time::Duration;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::prelude::rust_2024::*;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

/// The pause after an error of the listener, such as too many open files.
const PAUSE: Duration = Duration::from_millis(100);

/// How long a stop waits for threads whose connections have been cut off.
const AFTER_CUT: Duration = Duration::from_millis(100);

/// Options for a [`ThreadServer`].
///
/// ```
/// use bytegate::blocking::ThreadOptions;
/// use std::time::Duration;
///
/// let mut options = ThreadOptions::default();
/// options.threads = 8.try_into()?;
/// options.stop_timeout = Duration::from_secs(1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ThreadOptions {
    /// The maximum number of connections at once, each with a thread. When all are in use, the connection that has been
    /// idle longest is closed to make room, or else the one whose request head has taken longest. Further connections
    /// wait in the listener's backlog. Default: 64.
    pub threads: NonZeroUsize,
    /// The time that active requests have after a stop before their connections are cut off. Default: 8 s.
    pub stop_timeout: Duration,
    /// The proxies from which connections are accepted. Each connection must begin with a [PROXY
    /// header](crate::connection::ProxyHeader), before TLS, which names the client. All other connections are closed, and
    /// standard error says so, at most once a minute. Default: `None`, which means that no header is expected.
    pub proxy_protocol: Option<TrustedProxies>,
    /// The certificates with which the server speaks TLS (feature `rustls`). Default: `None`, plain HTTP.
    ///
    /// ```
    /// # #[cfg(feature = "self-signed")] {
    /// use bytegate::blocking::{ThreadOptions, ThreadServer};
    /// use bytegate::tls::{SelfSigned, Tls};
    /// use bytegate::{Gateway, Request};
    /// use std::net::TcpListener;
    ///
    /// let certificate = SelfSigned::new(["localhost"])?;
    /// let mut options = ThreadOptions::default();
    /// options.tls = Some(Tls::from_pem(certificate.certificate_pem(), certificate.key_pem())?);
    /// let gateway = Gateway::new(|_: &Request| "hello\n");
    /// let server = ThreadServer::start_on(TcpListener::bind("127.0.0.1:0")?, gateway, options)?;
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "rustls")]
    pub tls: Option<Tls>,
}

impl Default for ThreadOptions {
    fn default() -> ThreadOptions {
        ThreadOptions {
            threads: NonZeroUsize::new(64).unwrap_or(NonZeroUsize::MIN),
            stop_timeout: Duration::from_secs(8),
            proxy_protocol: None,
            #[cfg(feature = "rustls")]
            tls: None,
        }
    }
}

/// A server with one thread for each connection, up to a limit, built on the standard library alone (feature `std`). It
/// runs until it is stopped or dropped.
///
/// Use it for an admin page or a small site in a program without an executor. A handler may block: this delays only its
/// own client. For thousands of connections, use `net::start` (feature `server`), which serves them all with a few threads.
///
/// ```
/// use bytegate::blocking::ThreadServer;
/// use bytegate::testing::StreamClient;
/// use bytegate::{Gateway, Method, Request};
///
/// let gateway = Gateway::new(|_: &Request| "all is well\n");
/// let server = ThreadServer::start("127.0.0.1:0", gateway)?;
///
/// let mut client = StreamClient::connect(server.address())?;
/// client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")?;
/// assert_eq!(client.response(Method::GET)?.text(), "all is well\n");
/// server.stop();
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "the server stops when this is dropped"]
pub struct ThreadServer {
    address: SocketAddr,
    places: Arc<Places>,
    stop_timeout: Duration,
    accepting: Option<JoinHandle<()>>,
}

impl ThreadServer {
    /// Listens on an address, and serves a gateway with the default [options](ThreadOptions). Port 0 selects a free port.
    ///
    /// # Errors
    /// Returns an error if listening on the address fails or the accepting thread cannot be started.
    pub fn start(
        address: impl ToSocketAddrs,
        gateway: impl Into<Gateway>,
    ) -> io::Result<ThreadServer> {
        let addresses: Vec<SocketAddr> = address.to_socket_addrs()?.collect();
        let listener = TcpListener::bind(&addresses[..]).map_err(|error| {
            let message = format!("cannot listen on {addresses:?}: {error}");
            io::Error::new(error.kind(), message)
        })?;
        ThreadServer::start_on(listener, gateway, ThreadOptions::default())
    }

    /// Serves a gateway on a listener, with options.
    ///
    /// ```
    /// use bytegate::blocking::{ThreadOptions, ThreadServer};
    /// use bytegate::{Gateway, Request};
    /// use std::net::TcpListener;
    ///
    /// let mut options = ThreadOptions::default();
    /// options.threads = 4.try_into()?;
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// let gateway = Gateway::new(|_: &Request| "hello\n");
    /// let server = ThreadServer::start_on(listener, gateway, options)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the listener has no address or the accepting thread cannot be started.
    pub fn start_on(
        listener: TcpListener,
        gateway: impl Into<Gateway>,
        options: ThreadOptions,
    ) -> io::Result<ThreadServer> {
        listener.set_nonblocking(false)?;
        let address = listener.local_addr()?;
        let places = Arc::new(Places::new(options.threads));
        let stop_timeout = options.stop_timeout;
        let service = Service::new(gateway.into(), options);
        let shared = places.clone();
        let accepting = thread::Builder::new()
            .name("bytegate accept".into())
            .spawn(move || accept(&listener, &service, &shared))?;
        Ok(ThreadServer {
            address,
            places,
            stop_timeout,
            accepting: Some(accepting),
        })
    }

    /// Returns the address on which the server listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops the server. Idle connections, incomplete request heads and event streams end at once. An incomplete request
    /// body has [`Timeouts::stop`](crate::config::Timeouts::stop) to arrive. Active requests get their responses first, and
    /// are cut off after [`ThreadOptions::stop_timeout`]. A thread whose handler hangs is left behind.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let Some(accepting) = self.accepting.take() else {
            return;
        };
        self.places.stop();
        // The standard library cannot wake a thread that accepts, but a connection does. If there is no room for it in the
        // backlog, the thread is awake.
        let _ = TcpStream::connect_timeout(&reachable(self.address), PAUSE);
        let _ = accepting.join();
        if !self.places.wait_until_empty(self.stop_timeout) {
            self.places.cut_off();
            self.places.wait_until_empty(AFTER_CUT);
        }
    }
}

impl Drop for ThreadServer {
    fn drop(&mut self) {
        self.end();
    }
}

impl fmt::Debug for ThreadServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadServer")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// Returns an address at which this machine reaches a listener.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

/// The gateway that each connection talks to, and how.
#[derive(Clone)]
struct Service {
    gateway: Gateway,
    proxies: Option<TrustedProxies>,
    #[cfg(feature = "rustls")]
    tls: Option<Tls>,
}

impl Service {
    fn new(gateway: Gateway, options: ThreadOptions) -> Service {
        Service {
            gateway,
            proxies: options.proxy_protocol,
            #[cfg(feature = "rustls")]
            tls: options.tls,
        }
    }

    fn serve(&self, seat: &Seat, peer: SocketAddr) -> io::Result<CloseReason> {
        let (gateway, mut stream) = (&self.gateway, seat.stream());
        let mut connection = ConnectionInfo::from(peer);
        if let Some(proxies) = &self.proxies {
            let named = proxied::receive(gateway, &mut stream, connection, proxies, seat);
            connection = named.inspect_err(|error| proxied::report_refused(peer, error))?;
        }
        #[cfg(feature = "rustls")]
        if let Some(tls) = &self.tls {
            return serve(gateway, &mut tls.accept(stream), connection, seat);
        }
        serve(gateway, &mut stream, connection, seat)
    }
}

/// Accepts connections until the stop.
fn accept(listener: &TcpListener, service: &Service, places: &Arc<Places>) {
    loop {
        let accepted = listener.accept();
        if places.is_stopping() {
            return;
        }
        match accepted {
            Ok((stream, peer)) => {
                let Some(seat) = Places::enter(places, stream) else {
                    return;
                };
                start_connection(service.clone(), seat, peer);
            }
            // The client has disconnected, or too many files are open. An idle connection has one of them.
            Err(_) => places.make_room_within(PAUSE),
        }
    }
}

/// Serves a connection on a new thread. If the system starts no more threads, the connection is closed.
fn start_connection(service: Service, seat: Seat, peer: SocketAddr) {
    let serve = move || {
        // Nobody is left to be told about an error of the socket.
        let _ = service.serve(&seat, peer);
    };
    let _ = thread::Builder::new().name("bytegate".into()).spawn(serve);
}
