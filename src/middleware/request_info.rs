//! A request as middleware sees it after the application.

use crate::application::Application;
use crate::message::head::Head;
use crate::request::extensions::Extensions;
use crate::request::params::AllParams;
use crate::request::request::{Message, Request, RequestContext};
use crate::response::response::Response;
use crate::values::connection_info::ConnectionInfo;
use crate::values::method::Method;
use crate::values::now::Now;
use crate::values::protocol_error::ProtocolError;
use crate::values::status::Status;
use alloc::format;
use alloc::string::String;
use core::fmt;
use core::time::Duration;

/// Information about a request that has a response, even if the request was invalid.
///
/// Its `Display` form is the method and the path as they were sent, such as `GET /report`. It leaves out the query, which may
/// contain secrets.
///
/// ```
/// use bytegate::{Gateway, Middleware, Request, Response};
/// use bytegate::middleware::RequestInfo;
///
/// struct Echo;
///
/// impl Middleware for Echo {
///     fn after(&self, request: &RequestInfo, response: Response) -> Response {
///         response.with_header("X-Line", request.line)
///     }
/// }
///
/// let gateway = Gateway::new(|_: &Request| "").with(Echo);
/// let response = gateway.handle(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
/// assert!(String::from_utf8_lossy(&response).contains("X-Line: GET /a HTTP/1.1\r\n"));
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RequestInfo<'a> {
    /// The method, if it was received.
    pub method: Option<Method>,
    /// The request line without its line ending, as far as it was received. If the request was refused, it may
    /// contain any bytes.
    pub line: &'a [u8],
    /// The time at which the head was complete or was refused.
    pub now: Now,
    /// Information about the connection.
    pub connection: &'a ConnectionInfo,
    /// The values that middleware attached.
    pub extensions: &'a Extensions,
    routing: Routing<'a>,
    /// The error for which the request was refused, even if the page for it was replaced.
    pub(crate) refused: Option<ProtocolError>,
    clock: Option<Clock<'a>>,
}

/// The monotonic clock of a front end, which is read only if middleware asks for the time.
#[derive(Clone, Copy)]
pub(crate) struct Clock<'a>(&'a dyn Fn() -> Duration);

impl<'a> Clock<'a> {
    pub(crate) fn new(read: &'a impl Fn() -> Duration) -> Clock<'a> {
        Clock(read)
    }
}

impl fmt::Debug for Clock<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// How to find the route of a request, if someone wants to know it.
#[derive(Clone, Copy)]
pub(crate) enum Routing<'a> {
    /// The request is invalid.
    None,
    /// Ask the application of the gateway, with the head.
    Head(&'a dyn Application, Head<'a>),
    /// Ask the application of the gateway. Of the head, the request line and this host are left.
    Host(&'a dyn Application, &'a str),
    /// Ask the application inside a middleware.
    Inside(&'a dyn Application, &'a Request<'a>),
    /// It was found before.
    Known(Option<&'a str>),
}

impl fmt::Debug for Routing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Routing").finish_non_exhaustive()
    }
}

impl fmt::Display for RequestInfo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&identify(self.line))
    }
}

/// Returns the method and the path of a request line, which identify the request in a log. It has no control characters.
pub(crate) fn identify(line: &[u8]) -> String {
    let mut words = line.split(|byte| *byte == b' ');
    match (words.next(), words.next()) {
        (Some(method), Some(target)) => {
            let path = target.split(|byte| *byte == b'?').next();
            let path = path.unwrap_or_default().escape_ascii();
            format!("{} {path}", method.escape_ascii())
        }
        _ => String::from("an incomplete request"),
    }
}

impl<'a> RequestInfo<'a> {
    pub(crate) fn new(
        method: Option<Method>,
        line: &'a [u8],
        now: Now,
        connection: &'a ConnectionInfo,
        extensions: &'a Extensions,
    ) -> RequestInfo<'a> {
        RequestInfo {
            method,
            line,
            now,
            connection: extensions.connection_for(connection),
            extensions,
            routing: Routing::None,
            refused: None,
            clock: None,
        }
    }

    pub(crate) fn with_routing(self, routing: Routing<'a>) -> RequestInfo<'a> {
        RequestInfo { routing, ..self }
    }

    pub(crate) fn with_refusal(self, refused: Option<ProtocolError>) -> RequestInfo<'a> {
        RequestInfo { refused, ..self }
    }

    pub(crate) fn with_clock(self, clock: Option<Clock<'a>>) -> RequestInfo<'a> {
        RequestInfo { clock, ..self }
    }

    /// Returns the time since the head of the request was complete, by the clock of the front end. In
    /// [`after`](crate::Middleware::after), that is the time to the response: it includes the arrival of the body and the wait
    /// for a [deferred](Response::from_future) response, but not the time in which the body of the response is sent.
    ///
    /// Returns `None` for input without a valid head, and in middleware around a
    /// [part](crate::middleware::with_middleware()) of the paths. With a clock that stands still, as in
    /// [`Gateway::handle`](crate::Gateway::handle), the time is zero.
    ///
    /// ```
    /// use bytegate::{Gateway, Middleware, Request, Response, testing::Client};
    /// use bytegate::middleware::RequestInfo;
    /// use std::time::Duration;
    ///
    /// struct WarnOfSlow;
    ///
    /// impl Middleware for WarnOfSlow {
    ///     fn after(&self, request: &RequestInfo, response: Response) -> Response {
    ///         if request.elapsed() > Some(Duration::from_secs(1)) {
    ///             eprintln!("{request} was slow");
    ///         }
    ///         response
    ///     }
    /// }
    ///
    /// let client = Client::new(Gateway::new(|_: &Request| "hello\n").with(WarnOfSlow));
    /// assert_eq!(client.get("/").text(), "hello\n");
    /// ```
    #[must_use]
    pub fn elapsed(&self) -> Option<Duration> {
        let Clock(read) = self.clock?;
        Some(read().saturating_sub(self.now.monotonic))
    }

    /// Returns the pattern of the request's route, as [`Request::route`] does in its handler, for access logs and metrics.
    /// Unless the route is already known, a call searches the router again, which costs about as much as the first search.
    ///
    /// Returns `None` if the request has no route: for a fallback or a file, if no route accepts the method, or if the request
    /// is invalid. If middleware responded in place of the application, this is the route that the request would have had. If
    /// your own application calls a router, the routes of that router are not found.
    ///
    /// ```
    /// use bytegate::{Gateway, Middleware, Request, Response, Router};
    /// use bytegate::middleware::RequestInfo;
    ///
    /// struct Count;
    ///
    /// impl Middleware for Count {
    ///     fn after(&self, request: &RequestInfo, response: Response) -> Response {
    ///         response.with_header("X-Route", request.route().unwrap_or_default())
    ///     }
    /// }
    ///
    /// let users = Router::new().get("/{user}/posts", |_: &Request| "none yet\n");
    /// let gateway = Gateway::new(Router::new().mount("/users", users)).with(Count);
    /// let response = gateway.handle(b"GET /users/ada/posts HTTP/1.1\r\nHost: x\r\n\r\n");
    /// assert!(String::from_utf8_lossy(&response).contains("X-Route: /users/{user}/posts\r\n"));
    /// ```
    #[must_use]
    pub fn route(&self) -> Option<String> {
        match self.routing {
            Routing::None => None,
            Routing::Known(route) => route.map(String::from),
            Routing::Inside(application, request) => application.route_of(request),
            Routing::Head(application, head) => {
                let head = self.extensions.head_for(head);
                let path = head.decoded_path_bytes();
                application.route_of(&Request {
                    message: Message::of_head(head),
                    context: RequestContext::new(
                        &self.now,
                        self.connection,
                        self.extensions,
                        &path,
                    ),
                    mounted: self.extensions.prefix(),
                    params: AllParams::None,
                })
            }
            Routing::Host(application, host) => {
                let line = core::str::from_utf8(self.line).ok()?;
                let mut words = line.split(' ');
                let request = Request::builder(words.next()?, words.next()?);
                let request = request.connection(self.connection.clone());
                let request = match host {
                    "" => request.build(),
                    host => request.header("Host", host).build(),
                };
                application.route_of(&request.ok()?.view())
            }
        }
    }

    /// Returns the number of body bytes sent with `response`, or `None` for a stream of unknown length.
    pub fn content_length(&self, response: &Response) -> Option<u64> {
        let status = response.sent_status();
        let is_empty = self.method == Some(Method::HEAD)
            || status.forbids_body()
            || status == Status::RESET_CONTENT;
        match (is_empty, response.has_failed()) {
            (true, _) => Some(0),
            (false, true) => Response::from(status).body().length(),
            (false, false) => response.body().length(),
        }
    }
}
