//! Gateways and sessions, for embedding an application: bytes in, bytes out, at once or in a loop.
//!
//! ```
//! use bytegate::{Gateway, Now, Request};
//!
//! let gateway = Gateway::new(|request: &Request<'_>| format!("you asked for {}\n", request.path()));
//! let now = Now::at_unix(784_111_777);
//! let output = gateway.handle_at(b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n", now);
//! assert!(output.starts_with(b"HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"));
//! ```

mod chain;
mod exchange;
pub(crate) mod front_end;
mod handle;
pub(crate) mod incoming;
mod respond;
pub(crate) mod session;
mod step;
#[cfg(feature = "std")]
pub(crate) mod this_thread;
#[cfg(feature = "tower")]
mod watched_body;

pub use front_end::FrontEnd;
pub use session::{Session, Wait};

use crate::application::{Application, IntoApplication};
use crate::config::config::Config;
use crate::connection::Refusal;
use crate::message::head::Head;
use crate::middleware::Middleware;
use crate::response::response::{Response, ResponseError};
use crate::values::connection_info::ConnectionInfo;
use crate::values::method::Method;
use crate::values::protocol_error::ProtocolError;
use crate::values::status::Status;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

/// An application together with its configuration, its middleware, and the page for invalid input. To process bytes,
/// use [`handle`](Gateway::handle), a [`session`](Gateway::session) or `net::serve`.
///
/// ```
/// use bytegate::{Gateway, Request};
///
/// let gateway = Gateway::new(|request: &Request<'_>| format!("you asked for {}\n", request.path()));
/// let reply = gateway.handle(b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
/// assert!(reply.starts_with(b"HTTP/1.1 200 OK\r\n") && reply.ends_with(b"you asked for /hello\n"));
/// ```
pub struct Gateway {
    application: Box<dyn Application>,
    config: Arc<Config>,
    /// Ordered from outermost to innermost.
    middlewares: Vec<Box<dyn Middleware>>,
    refusal_page: Option<Box<RefusalPage>>,
    on_error: Option<Box<OnError>>,
}

/// The seconds after which a client may try again if there was no room for its request.
const RETRY_AFTER: &str = "5";

type RefusalPage = dyn Fn(&Refusal<'_>) -> Response + Send + Sync;
type OnError = dyn Fn(&ResponseError, &ConnectionInfo) + Send + Sync;

impl Gateway {
    /// Creates a gateway for an application, with the default configuration.
    pub fn new<M>(application: impl IntoApplication<M>) -> Gateway {
        Gateway {
            application: Box::new(application.into_application()),
            config: Arc::default(),
            middlewares: Vec::new(),
            refusal_page: None,
            on_error: None,
        }
    }

    /// Sets the limits and deadlines for every connection.
    pub fn config(mut self, config: Config) -> Gateway {
        self.config = Arc::new(config);
        self
    }

    /// Adds middleware around the application and the middleware added so far.
    #[doc(alias = "middleware")]
    pub fn with(mut self, middleware: impl Middleware + 'static) -> Gateway {
        self.middlewares.insert(0, Box::new(middleware));
        self
    }

    /// Sets the page for refused input, which is a line of plain text by default. The page cannot change the status,
    /// and the connection still closes. To give all error pages the same form, use [`ErrorPages`](crate::middleware::ErrorPages).
    ///
    /// ```
    /// use bytegate::{Gateway, Request, Response};
    /// use bytegate::connection::Refusal;
    ///
    /// let gateway = Gateway::new(|_: &Request<'_>| "hello\n")
    ///     .refusal_page(|refusal: &Refusal<'_>| Response::html(format!("<p>{}</p>", refusal.error)));
    /// assert!(gateway.handle(b"GET /\r\n").starts_with(b"HTTP/1.1 400 Bad Request\r\n"));
    /// ```
    pub fn refusal_page(
        mut self,
        page: impl Fn(&Refusal<'_>) -> Response + Send + Sync + 'static,
    ) -> Gateway {
        self.refusal_page = Some(Box::new(page));
        self
    }

    /// Calls `report` for each response that broke the rules, panicked or ended early. The client only learns that
    /// something went wrong. Front ends that otherwise write this to standard error, or to a log, leave it to `report`.
    ///
    /// ```
    /// use bytegate::{Gateway, Request, Response};
    /// use bytegate::request::ConnectionInfo;
    /// use bytegate::response::ResponseError;
    ///
    /// let gateway = Gateway::new(|_: &Request<'_>| Response::text("x").with_header("not a name", "x"))
    ///     .on_error(|error: &ResponseError, _: &ConnectionInfo| eprintln!("{error}"));
    /// assert!(gateway.handle(b"GET / HTTP/1.0\r\n\r\n").starts_with(b"HTTP/1.1 500 "));
    /// ```
    pub fn on_error(
        mut self,
        report: impl Fn(&ResponseError, &ConnectionInfo) + Send + Sync + 'static,
    ) -> Gateway {
        self.on_error = Some(Box::new(report));
        self
    }

    /// Returns the list of the routes of the application, for people and for snapshot tests. It is empty if the
    /// application is neither a [`Router`](crate::Router) nor a [`Site`](crate::Site).
    ///
    /// ```
    /// use bytegate::{Gateway, Request, Router, Site};
    ///
    /// let router = Router::new().get("/news", |_: &Request<'_>| "none").fallback(Site::new().file("/index.html", ""));
    /// assert_eq!(Gateway::new(router).routes(), "\
    /// GET      /news
    /// fallback
    ///   files    1 file
    /// ");
    /// ```
    pub fn routes(&self) -> String {
        self.application.routes()
    }

    /// Starts a session for a new connection.
    #[inline]
    pub fn session(&self, connection: impl Into<ConnectionInfo>) -> Session<'_> {
        Session::new(self, connection.into())
    }

    /// Returns the response to input that is not a valid request.
    fn refuse(&self, refusal: &Refusal<'_>) -> Response {
        let response = match &self.refusal_page {
            None => refusal.page(),
            Some(page) => page(refusal).with_status(refusal.error.status()),
        };
        match refusal.error {
            ProtocolError::Overloaded => response.with_header("Retry-After", RETRY_AFTER),
            _ => response,
        }
    }

    /// Returns whether a function is told about errors of responses.
    #[cfg(feature = "std")]
    pub(crate) fn reports_errors(&self) -> bool {
        self.on_error.is_some()
    }

    #[cfg(feature = "net")]
    pub(crate) fn configuration(&self) -> &Config {
        &self.config
    }

    fn report(&self, error: &ResponseError, connection: &ConnectionInfo) {
        if let Some(on_error) = &self.on_error {
            on_error(error, connection);
        }
    }
}

/// Returns the gateway's own response to requests that do not concern a resource: unsupported methods and `OPTIONS *`.
#[inline(always)]
fn own_answer(head: &Head<'_>) -> Option<Response> {
    match head.method() {
        Method::Trace | Method::Connect | Method::Options => own_answer_to_rare(head),
        _ => None,
    }
}

#[cold]
fn own_answer_to_rare(head: &Head<'_>) -> Option<Response> {
    match (head.method(), head.path_bytes()) {
        // TRACE would reflect credentials (RFC 9110 section 9.3.8).
        (Method::Trace | Method::Connect, _) => Some(Status::NOT_IMPLEMENTED.into()),
        (Method::Options, b"*") => {
            Some(Response::new(Status::NO_CONTENT).with_header("Allow", ALLOW))
        }
        _ => None,
    }
}

/// The methods supported by the server, sent in the response to `OPTIONS *` (RFC 9110 section 9.3.7).
const ALLOW: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

impl<A: Application + 'static> From<A> for Gateway {
    fn from(application: A) -> Gateway {
        Gateway::new(application)
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway")
            .field("config", &self.config)
            .field("middlewares", &self.middlewares.len())
            .finish_non_exhaustive()
    }
}
