//! The gateway: what stands between connections and an application.

#[cfg(feature = "std")]
pub(crate) mod blocking;
mod chain;
mod exchange;
pub(crate) mod front_end;
mod handle;
pub(crate) mod session;

use crate::application::Application;
use crate::application::middleware::Middleware;
use crate::connection::Refusal;
use crate::message::head::Head;
use crate::message::response::{Response, ResponseError};
use crate::values::config::Config;
use crate::values::connection_info::ConnectionInfo;
use crate::values::method::Method;
use crate::values::status::Status;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use session::Session;

/// What fronts an application: its configuration, its middlewares, and the page for input that is no request. Bytes go in
/// by [`handle`](Gateway::handle), by a [`session`](Gateway::session), or by `net::serve`.
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
    /// The outermost first.
    middlewares: Vec<Box<dyn Middleware>>,
    refusal_page: Option<Box<RefusalPage>>,
    on_error: Option<Box<OnError>>,
}

type RefusalPage = dyn Fn(&Refusal<'_>) -> Response + Send + Sync;
type OnError = dyn Fn(&ResponseError, &ConnectionInfo) + Send + Sync;

impl Gateway {
    /// A gateway for an application, with the default configuration.
    pub fn new(application: impl Application + 'static) -> Gateway {
        Gateway {
            application: Box::new(application),
            config: Arc::default(),
            middlewares: Vec::new(),
            refusal_page: None,
            on_error: None,
        }
    }

    /// Uses these limits and deadlines on every connection.
    pub fn config(mut self, config: Config) -> Gateway {
        self.config = Arc::new(config);
        self
    }

    /// Adds a middleware around the application and the middlewares so far.
    #[doc(alias = "middleware")]
    pub fn with(mut self, middleware: impl Middleware + 'static) -> Gateway {
        self.middlewares.insert(0, Box::new(middleware));
        self
    }

    /// Answers input that is no request with this page instead of a line of plain text. The status and the
    /// close stay what they are.
    ///
    /// ```
    /// use bytegate::{Gateway, Refusal, Request, Response};
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

    /// Tells `report` of each response that broke the rules, panicked or broke off: the client only learns that something
    /// went wrong.
    ///
    /// ```
    /// use bytegate::{ConnectionInfo, Gateway, Request, Response, ResponseError};
    ///
    /// let gateway = Gateway::new(|_: &Request<'_>| Response::text("x").with_field("not a name", "x"))
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

    /// Begins a connection.
    #[inline]
    pub fn session(&self, connection: impl Into<ConnectionInfo>) -> Session<'_> {
        Session::new(self, connection.into())
    }

    /// The answer to input that is no request.
    fn refuse(&self, refusal: &Refusal<'_>) -> Response {
        match &self.refusal_page {
            None => refusal.page(),
            Some(page) => page(refusal).with_status(refusal.error.status()),
        }
    }

    fn report(&self, error: &ResponseError, connection: &ConnectionInfo) {
        if let Some(on_error) = &self.on_error {
            on_error(error, connection);
        }
    }
}

/// What concerns no resource at all: methods that are never served, and the server as a whole.
fn own_answer(head: &Head<'_>) -> Option<Response> {
    match (head.method_ref(), head.path_bytes()) {
        // TRACE would reflect credentials (RFC 9110 section 9.3.8).
        (Method::Trace | Method::Connect, _) => Some(Status::NOT_IMPLEMENTED.into()),
        (Method::Options, b"*") => {
            Some(Response::new(Status::NO_CONTENT).with_field("Allow", ALLOW))
        }
        _ => None,
    }
}

/// What this server can do at all: the answer to `OPTIONS *` (RFC 9110 section 9.3.7).
const ALLOW: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway")
            .field("config", &self.config)
            .field("middlewares", &self.middlewares.len())
            .finish_non_exhaustive()
    }
}
