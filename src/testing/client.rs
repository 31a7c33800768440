//! A client without a socket.

use super::cookies::CookieJar;
use super::link::Link;
use super::place::Place;
use super::reader::read_responses;
use super::request::ClientRequest;
use super::response::ClientResponse;
#[cfg(feature = "std")]
use super::run::{Patience, reason, run};
#[cfg(feature = "rustls")]
use super::tls_client::TlsClient;
use super::wire::Wire;
use super::wire_error::WireError;
use crate::gateway::Gateway;
use crate::syntax::authority::Authority;
#[cfg(feature = "rustls")]
use crate::tls::Tls;
use crate::values::connection_info::{ConnectionInfo, Peer};
use crate::values::method::Method;
use crate::values::now::Now;
use crate::values::scheme::Scheme;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::fmt;
use core::time::Duration;

/// A client that talks to an application or a gateway through real bytes, in memory.
///
/// Requests are encoded and responses are parsed, so everything in between is tested: limits, framing, routing, middleware.
/// Time stands still until the test [advances](Client::advance) it. Cookies are kept.
///
/// ```
/// use bytegate::testing::Client;
/// use bytegate::{Request, Router, Status};
///
/// let app = Router::new().get("/hello/{name}", |request: &Request| {
///     format!("hello {}\n", request.param("name").unwrap_or_default())
/// });
/// let client = Client::new(app);
/// assert_eq!(client.get("/hello/Ada").text(), "hello Ada\n");
/// assert_eq!(client.post("/hello/Ada").status(), Status::METHOD_NOT_ALLOWED);
/// ```
#[must_use]
pub struct Client {
    gateway: Gateway,
    connection: ConnectionInfo,
    host: String,
    now: Cell<Now>,
    jar: RefCell<CookieJar>,
    #[cfg(feature = "rustls")]
    tls: Option<(Tls, TlsClient)>,
}

impl Client {
    /// Creates a client for an application or a gateway. The peer is unknown, the scheme is `http`, and the host is
    /// `localhost`. Clients of clones of a gateway share the application, but each has its own cookies.
    pub fn new(gateway: impl Into<Gateway>) -> Client {
        Client {
            gateway: gateway.into(),
            connection: ConnectionInfo::default(),
            host: String::from("localhost"),
            now: Cell::default(),
            jar: RefCell::default(),
            #[cfg(feature = "rustls")]
            tls: None,
        }
    }

    /// Sets the peer that the application sees.
    pub fn peer(mut self, peer: impl Into<Peer>) -> Client {
        self.connection.peer = peer.into();
        self
    }

    /// Sets the scheme that the application sees. Cookies with `Secure` need `https`.
    pub fn scheme(mut self, scheme: Scheme) -> Client {
        self.connection.scheme = scheme;
        self
    }

    /// Sends every request over TLS, in memory (feature `rustls`). Each connection makes a handshake, and the scheme is
    /// `https`. [`TlsClient`] has an example.
    ///
    /// If a handshake fails, sending a request panics with the reason. [`TlsClient::handshake`] returns it instead.
    #[cfg(feature = "rustls")]
    pub fn over_tls(mut self, tls: &Tls, client: TlsClient) -> Client {
        self.connection.scheme = Scheme::Https;
        self.tls = Some((tls.clone(), client));
        self
    }

    /// Sets the value of `Host`.
    ///
    /// # Panics
    /// Panics if `host` is not a host with an optional port.
    #[track_caller]
    pub fn host(mut self, host: &str) -> Client {
        assert!(
            Authority::parse(host).is_some(),
            "{host:?} is not a host with an optional port"
        );
        self.host = host.to_string();
        self
    }

    /// Sets the time at which the client starts.
    pub fn start_at(self, now: Now) -> Client {
        self.now.set(now);
        self
    }

    /// Returns the client's time.
    pub fn now(&self) -> Now {
        self.now.get()
    }

    /// Advances the client's time, without sleeping.
    ///
    /// ```
    /// use bytegate::testing::Client;
    /// use bytegate::{Now, Request};
    /// use std::time::Duration;
    ///
    /// let client = Client::new(|request: &Request| format!("{:?}", request.now().monotonic));
    /// client.advance(Duration::from_secs(90));
    /// assert_eq!(client.get("/").text(), "90s");
    /// ```
    pub fn advance(&self, time: Duration) {
        let now = self.now.get();
        self.now.set(now.after(time));
    }

    /// Begins a GET. Characters that are not allowed in a target are percent-encoded.
    ///
    /// # Panics
    /// Panics if the target contains control characters.
    #[track_caller]
    pub fn get(&self, target: &str) -> ClientRequest<'_> {
        self.request("GET", target)
    }

    /// Begins a HEAD. See [`get`](Client::get).
    ///
    /// # Panics
    /// Panics if the target contains control characters.
    #[track_caller]
    pub fn head(&self, target: &str) -> ClientRequest<'_> {
        self.request("HEAD", target)
    }

    /// Begins a POST. See [`get`](Client::get).
    ///
    /// # Panics
    /// Panics if the target contains control characters.
    #[track_caller]
    pub fn post(&self, target: &str) -> ClientRequest<'_> {
        self.request("POST", target)
    }

    /// Begins a PUT. See [`get`](Client::get).
    ///
    /// # Panics
    /// Panics if the target contains control characters.
    #[track_caller]
    pub fn put(&self, target: &str) -> ClientRequest<'_> {
        self.request("PUT", target)
    }

    /// Begins a PATCH. See [`get`](Client::get).
    ///
    /// # Panics
    /// Panics if the target contains control characters.
    #[track_caller]
    pub fn patch(&self, target: &str) -> ClientRequest<'_> {
        self.request("PATCH", target)
    }

    /// Begins a DELETE. See [`get`](Client::get).
    ///
    /// # Panics
    /// Panics if the target contains control characters.
    #[track_caller]
    pub fn delete(&self, target: &str) -> ClientRequest<'_> {
        self.request("DELETE", target)
    }

    /// Begins an OPTIONS. See [`get`](Client::get).
    ///
    /// # Panics
    /// Panics if the target contains control characters.
    #[track_caller]
    pub fn options(&self, target: &str) -> ClientRequest<'_> {
        self.request("OPTIONS", target)
    }

    /// Begins a request with any method.
    ///
    /// # Panics
    /// Panics if the method is not a token of up to 32 bytes, or if the target contains control characters.
    #[track_caller]
    pub fn request(&self, method: &str, target: &str) -> ClientRequest<'_> {
        ClientRequest::new(self, method, target)
    }

    /// Sends any bytes on a new connection and returns everything that comes back. Use it to test input that
    /// is not a valid request.
    ///
    /// This method waits for deferred responses and streamed bodies (feature `std`). To test a response that is still pending, or
    /// a stream that does not end, use [`connect`](Client::connect).
    ///
    /// ```
    /// use bytegate::testing::Client;
    /// use bytegate::Request;
    ///
    /// let client = Client::new(|_: &Request| "");
    /// assert!(client.send_bytes(b"GET / HTTP/1.1\r\n\r\n").starts_with(b"HTTP/1.1 400 "));
    /// ```
    ///
    /// Errors of responses are written to standard error, unless [`on_error`](Gateway::on_error) is set (feature `std`). A
    /// test harness shows them only if the test fails.
    ///
    /// # Panics
    /// Panics if a response, or the next block of a body, is still pending after ten seconds of real time. The message names
    /// what is missing and the likely reason. A panic of the application passes through.
    #[track_caller]
    pub fn send_bytes(&self, input: &[u8]) -> Vec<u8> {
        let (mut link, connection) = self.open();
        let now = self.now.get();
        #[cfg(feature = "std")]
        {
            let received = link.pass_to_server(input);
            let ran = run(&self.gateway, connection, &received, now, Patience::WHOLE);
            if !self.gateway.reports_errors() {
                // A harness shows them only if the test fails.
                ran.reports
                    .iter()
                    .for_each(|report| std::eprintln!("bytegate: {report}"));
            }
            match reason(ran.end, input) {
                None => link.pass_to_client(&ran.output).into_owned(),
                Some(reason) => panic!("{reason}"),
            }
        }
        #[cfg(not(feature = "std"))]
        {
            let mut output = Vec::new();
            let (mut now, received) = (now, link.pass_to_server(input));
            self.gateway
                .handle_for(&received, connection, &mut now, &mut output);
            link.pass_to_client(&output).into_owned()
        }
    }

    /// Opens a connection that stays open, for several requests, partial input and streamed responses.
    ///
    /// # Panics
    /// Panics if a handshake of TLS fails, with the reason.
    #[track_caller]
    pub fn connect(&self) -> Wire<'_> {
        let (link, connection) = self.open();
        Wire::new(self, self.gateway.session(connection), link)
    }

    /// Opens a connection.
    #[track_caller]
    fn open(&self) -> (Link, ConnectionInfo) {
        let connection = self.connection.clone();
        #[cfg(feature = "rustls")]
        if let Some((tls, client)) = &self.tls {
            let host = Authority::parse(&self.host).map_or("", |authority| authority.host);
            let host = host.trim_matches(['[', ']']);
            return match Link::over_tls(tls, client, host, self.now.get().wall) {
                Ok((link, info)) => {
                    let tls = Some(info);
                    (link, ConnectionInfo { tls, ..connection })
                }
                Err(error) => panic!("the handshake of TLS fails: {error}"),
            };
        }
        (Link::Plain, connection)
    }

    /// Returns the value of a cookie that the client keeps and that has not expired at the client's time. The name is empty for
    /// a cookie without a name.
    pub fn cookie(&self, name: &str) -> Option<String> {
        let jar = self.jar.borrow();
        jar.get(name, self.now.get()).map(String::from)
    }

    /// Keeps a cookie as if the host had set it with this value of `Set-Cookie`. A cookie that a browser would not keep is
    /// dropped: a secure cookie over `http`, or a cookie whose name begins with `__Host-` or `__Secure-`, without the
    /// attributes that these prefixes require.
    ///
    /// ```
    /// use bytegate::testing::Client;
    /// use bytegate::Request;
    ///
    /// let client = Client::new(|request: &Request| {
    ///     request.headers().get("Cookie").unwrap_or("none").to_string()
    /// });
    /// client.set_cookie("theme=dark; Path=/");
    /// assert_eq!(client.get("/").text(), "theme=dark");
    /// client.clear_cookies();
    /// assert_eq!(client.get("/").text(), "none");
    /// ```
    pub fn set_cookie(&self, set_cookie: &str) {
        let place = Place {
            origin: "",
            authority: &self.host,
            path: "/",
            query: None,
        };
        self.keep_cookie(set_cookie, &place);
    }

    /// Forgets all cookies.
    pub fn clear_cookies(&self) {
        self.jar.borrow_mut().clear();
    }

    /// Returns the gateway.
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    pub(super) fn host_name(&self) -> &str {
        &self.host
    }

    /// Sends one request and reads its response.
    #[track_caller]
    pub(super) fn exchange(
        &self,
        request: &[u8],
        method: Method,
    ) -> Result<ClientResponse, WireError> {
        let output = self.send_bytes(request);
        let mut responses = read_responses(&output, &[method])?;
        Ok(responses.remove(0))
    }

    pub(super) fn cookies_for(&self, place: &Place<'_>) -> Option<String> {
        let jar = self.jar.borrow();
        jar.header(place.host(), place.path, self.is_secure(), self.now.get())
    }

    pub(super) fn keep_cookies(&self, response: &ClientResponse, place: &Place<'_>) {
        for value in response.headers().get_all("Set-Cookie") {
            if let Ok(value) = core::str::from_utf8(value) {
                self.keep_cookie(value, place);
            }
        }
    }

    fn keep_cookie(&self, value: &str, place: &Place<'_>) {
        let mut jar = self.jar.borrow_mut();
        jar.set(
            value,
            place.host(),
            place.path,
            self.is_secure(),
            self.now.get(),
        );
    }

    fn is_secure(&self) -> bool {
        self.connection.scheme == Scheme::Https
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("host", &self.host)
            .field("connection", &self.connection)
            .field("now", &self.now.get())
            .finish_non_exhaustive()
    }
}
