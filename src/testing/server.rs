//! A server over a socket, for as long as a test runs.

use super::faults::Fault;
use super::faulty_server::FaultyServer;
use super::stream_client::StreamClient;
#[cfg(feature = "self-signed")]
use super::tls_client::{TlsClient, TlsClientStream};
use crate::gateway::Gateway;
use crate::net::{Options, Running, start};
#[cfg(feature = "self-signed")]
use crate::tls::{SelfSigned, Tls};
use crate::values::scheme::Scheme;
use core::fmt;
use core::num::NonZeroUsize;
use core::time::Duration;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::string::String;

/// The time that active requests get when the server stops.
const STOP_TIMEOUT: Duration = Duration::from_secs(1);

/// A real server on a free port of the loopback interface, for tests with browsers, command-line clients and HTTP
/// libraries. It runs in dedicated threads until it is stopped or dropped.
///
/// It is [`net::start`](crate::net::start) with defaults for tests; call that function to choose the address.
/// [`Client`](super::Client) needs no socket, so prefer it if no other program takes part in the test.
///
/// ```
/// use bytegate::Request;
/// use bytegate::testing::Server;
///
/// let server = Server::start(|request: &Request| request.path().to_string());
/// assert_eq!(server.url("/hello"), format!("http://{}/hello", server.address()));
///
/// // The kit includes a client. Any other can be used as well.
/// let mut client = server.connect();
/// assert_eq!(client.get("/hello")?.text(), "/hello");
/// assert_eq!(client.get("/again")?.text(), "/again");
/// server.stop()?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Panics
/// Dropping it panics if the server ended with an error, unless the test has failed already. [`stop`](Server::stop)
/// returns that error instead.
#[doc(alias = "TestServer")]
#[doc(alias = "MockServer")]
#[doc(alias = "LiveServer")]
#[must_use = "it stops when it is dropped"]
pub struct Server {
    address: SocketAddr,
    serving: Option<Serving>,
    scheme: Scheme,
    #[cfg(feature = "self-signed")]
    made: Option<SelfSigned>,
}

enum Serving {
    Well(Running),
    Faultily(FaultyServer),
}

impl Server {
    /// Serves an application or a gateway. All connections share one thread, so a test notices if a request that blocks
    /// delays the others. When the server stops, active requests have one second.
    ///
    /// # Panics
    /// Panics if the system has no free port or no thread.
    #[track_caller]
    pub fn start(gateway: impl Into<Gateway>) -> Server {
        let mut options = Options::default();
        (options.threads, options.stop_timeout) = (NonZeroUsize::MIN, STOP_TIMEOUT);
        Server::start_with(gateway, options)
    }

    /// Serves an application or a gateway with the given options.
    ///
    /// ```
    /// use bytegate::testing::Server;
    /// use bytegate::{Request, net};
    /// use bytegate::request::Scheme;
    ///
    /// let mut options = net::Options::default();
    /// options.scheme = Scheme::Https;
    /// let server = Server::start_with(|request: &Request| request.scheme().as_str(), options);
    /// assert_eq!(server.connect().get("/")?.text(), "https");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Panics
    /// Panics if the system has no free port or no thread.
    #[track_caller]
    pub fn start_with(gateway: impl Into<Gateway>, options: Options) -> Server {
        let gateway: Gateway = gateway.into();
        #[cfg(feature = "rustls")]
        let is_tls = options.tls.is_some();
        #[cfg(not(feature = "rustls"))]
        let is_tls = false;
        let scheme = if is_tls { Scheme::Https } else { Scheme::Http };
        match start((Ipv4Addr::LOCALHOST, 0), gateway, options) {
            Ok(running) => Server::of(running.address(), scheme, Serving::Well(running)),
            Err(error) => panic!("the server does not start: {error}"),
        }
    }

    /// Serves an application or a gateway over TLS (feature `self-signed`), with a new self-signed certificate for
    /// `localhost`, `127.0.0.1` and `::1`. Clients that check certificates need
    /// [`certificate_pem`](Server::certificate_pem) as an authority.
    ///
    /// ```
    /// use bytegate::Request;
    /// use bytegate::testing::Server;
    ///
    /// let server = Server::start_tls(|request: &Request| request.scheme().as_str());
    /// assert!(server.url("/").starts_with("https://127.0.0.1:"));
    /// assert_eq!(server.connect_tls().get("/")?.text(), "https");
    ///
    /// // Write the certificate to a file for other clients, such as `curl --cacert`.
    /// assert!(server.certificate_pem().starts_with("-----BEGIN CERTIFICATE-----"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Panics
    /// Panics if the system has no free port, no thread or no random numbers.
    #[cfg(feature = "self-signed")]
    #[track_caller]
    #[doc(alias = "https")]
    #[doc(alias = "with_tls")]
    pub fn start_tls(gateway: impl Into<Gateway>) -> Server {
        let made = SelfSigned::new(["localhost", "127.0.0.1", "::1"]);
        let served = made.and_then(|made| {
            let tls = Tls::from_pem(made.certificate_pem(), made.key_pem())?;
            Ok((tls, made))
        });
        let (tls, made) = match served {
            Ok(served) => served,
            Err(error) => panic!("the server has no certificate: {error}"),
        };
        let mut options = Options::default();
        (options.threads, options.stop_timeout) = (NonZeroUsize::MIN, STOP_TIMEOUT);
        options.tls = Some(tls);
        let mut server = Server::start_with(gateway, options);
        server.made = Some(made);
        server
    }

    fn of(address: SocketAddr, scheme: Scheme, serving: Serving) -> Server {
        Server {
            address,
            serving: Some(serving),
            scheme,
            #[cfg(feature = "self-signed")]
            made: None,
        }
    }

    /// Serves an application or a gateway over connections that fail, to test clients. The first connection gets the
    /// first fault of the script, the second one the second, and so on. `None` is a connection without a fault, and so
    /// are all connections after the end of the script.
    ///
    /// The script is a list or any other iterator: with [`repeat`](core::iter::repeat), every connection fails, and
    /// `(1..).map(|number| ...)` decides by the connection number.
    ///
    /// ```
    /// use bytegate::testing::{Fault, Server};
    /// use bytegate::Request;
    /// use std::io::ErrorKind;
    ///
    /// /// A client under test: it tries again if a response is incomplete.
    /// fn fetch(server: &Server) -> std::io::Result<String> {
    ///     loop {
    ///         match server.connect().get("/") {
    ///             Err(error) if error.kind() == ErrorKind::UnexpectedEof => {}
    ///             other => return Ok(other?.text().to_string()),
    ///         }
    ///     }
    /// }
    ///
    /// let script = [Fault::CutAfter(0), Fault::CutAfter(30)];
    /// let server = Server::start_faulty(|_: &Request| "hello\n", script);
    /// assert_eq!(fetch(&server)?, "hello\n");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// Each connection has a dedicated thread. When the server stops, it closes all connections at once, without
    /// waiting for requests in progress.
    ///
    /// # Panics
    /// Panics if the system has no free port or no thread.
    #[track_caller]
    #[doc(alias = "with_faults")]
    pub fn start_faulty<I>(gateway: impl Into<Gateway>, script: I) -> Server
    where
        I: IntoIterator<Item: Into<Option<Fault>> + 'static, IntoIter: Send + 'static>,
    {
        let script = script.into_iter().map(Into::into);
        match FaultyServer::start(gateway.into(), script) {
            Ok(server) => Server::of(server.address(), Scheme::Http, Serving::Faultily(server)),
            Err(error) => panic!("the server does not start: {error}"),
        }
    }

    /// Returns how many faults of [`start_faulty`](Server::start_faulty) have taken effect. A test that passes without
    /// them tests nothing.
    ///
    /// ```
    /// use bytegate::testing::{Fault, Server};
    /// use bytegate::Request;
    ///
    /// let server = Server::start_faulty(|_: &Request| "hello\n", [Fault::CutAfter(30)]);
    /// assert!(server.connect().get("/").is_err());
    /// assert_eq!(server.faults_fired(), 1);
    /// ```
    #[must_use]
    pub fn faults_fired(&self) -> usize {
        match &self.serving {
            Some(Serving::Faultily(server)) => server.faults_fired(),
            _ => 0,
        }
    }

    /// Returns the address on which the server listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the URL of a path that begins with a slash.
    #[doc(alias = "uri")]
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }

    /// Opens a connection, with the timeouts of [`StreamClient::connect`].
    ///
    /// # Panics
    /// Panics if the connection fails, for example because the system has no more descriptors.
    #[track_caller]
    #[must_use]
    pub fn connect(&self) -> StreamClient<TcpStream> {
        match StreamClient::connect(self.address) {
            Ok(client) => client,
            Err(error) => panic!("no connection to {}: {error}", self.address),
        }
    }

    /// Returns the certificate of a server that was started with [`start_tls`](Server::start_tls), in PEM form. It is
    /// self-signed, so it is also its authority.
    ///
    /// # Panics
    /// Panics if the server was started in another way.
    #[cfg(feature = "self-signed")]
    #[track_caller]
    #[must_use]
    pub fn certificate_pem(&self) -> &str {
        let Some(made) = &self.made else {
            panic!("this server has no self-signed certificate: start it with Server::start_tls");
        };
        made.certificate_pem()
    }

    /// Like [`connect`](Server::connect), over TLS, to a server that was started with [`start_tls`](Server::start_tls).
    ///
    /// # Panics
    /// Panics if the connection or the handshake fails, or if the server was started in another way.
    #[cfg(feature = "self-signed")]
    #[track_caller]
    #[must_use]
    pub fn connect_tls(&self) -> StreamClient<TlsClientStream<TcpStream>> {
        let stream = StreamClient::connect(self.address).map(StreamClient::into_stream);
        let client = TlsClient::trusting(self.certificate_pem()).map_err(io::Error::from);
        let connected = client.and_then(|client| client.connect(stream?));
        match connected {
            Ok(stream) => StreamClient::new(stream),
            Err(error) => panic!("no connection to {}: {error}", self.address),
        }
    }

    /// Stops the server and waits until it has stopped.
    ///
    /// # Errors
    /// Returns the error with which the server ended.
    pub fn stop(mut self) -> io::Result<()> {
        self.end()
    }

    fn end(&mut self) -> io::Result<()> {
        match self.serving.take() {
            None => Ok(()),
            Some(Serving::Well(running)) => running.stop(),
            Some(Serving::Faultily(server)) => server.stop(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let ended = self.end();
        if !std::thread::panicking() {
            assert!(ended.is_ok(), "the server ended with an error: {ended:?}");
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}
