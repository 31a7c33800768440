//! Middleware, for wrapping every response: it sees each request first and each response last.
//!
//! ```
//! use bytegate::middleware::SecurityHeaders;
//! use bytegate::{Gateway, Request};
//!
//! let gateway = Gateway::new(|_: &Request<'_>| "hello\n").with(SecurityHeaders::new());
//! let client = bytegate::testing::Client::new(gateway);
//! assert_eq!(client.get("/").send().header("X-Content-Type-Options"), Some("nosniff"));
//! ```

mod access_log;
mod allowed_hosts;
mod basic_auth;
#[cfg(feature = "compression")]
mod compression;
mod conditional_get;
mod contract;
mod cors;
mod cross_origin_protection;
mod error_pages;
mod list_headers;
mod origin;
#[cfg(feature = "std")]
mod rate_limit;
mod security_headers;
mod server_timing;
mod set_headers;
mod set_request_id;
mod with_middleware;

pub use access_log::AccessLog;
pub use allowed_hosts::AllowedHosts;
pub use basic_auth::{AuthenticatedUser, BasicAuth};
#[cfg(feature = "compression")]
pub use compression::Compression;
#[cfg(feature = "compression")]
pub(crate) use compression::{gains, gzip};
pub use conditional_get::ConditionalGet;
pub use contract::{Checked, Contract, Violation};
pub use cors::Cors;
pub use cross_origin_protection::CrossOriginProtection;
pub use error_pages::ErrorPages;
#[cfg(feature = "std")]
pub use rate_limit::RateLimit;
pub use security_headers::SecurityHeaders;
pub use server_timing::ServerTiming;
pub use set_headers::SetHeaders;
pub use set_request_id::{RequestId, SetRequestId};
pub use with_middleware::with_middleware;

use crate::message::head::Head;
use crate::request::extensions::Extensions;
use crate::response::response::Response;
use crate::values::connection_info::ConnectionInfo;
use crate::values::method::Method;
use crate::values::now::Now;
use crate::values::status::Status;

/// Code that wraps the application of a [`Gateway`](crate::Gateway). It sees each request before the application is
/// called, and each response afterwards. To wrap only some of the paths, see [`with_middleware`].
///
/// `after` sees every response exactly once, from any source: the application, middleware, an upload that was refused
/// at its head or midway, an upload that ended, a refusal page, or a panic. An invalid response is replaced with the
/// page for its [error](Response::error) before `after` sees it, and headers added by `after` are sent.
///
/// `before` may not have seen the request: refused input is no request, and outer middleware may have responded. So the
/// extensions in `after` contain only values that a `before` has inserted.
///
/// ```
/// use bytegate::{Gateway, Middleware, Request, Response, Status};
/// use bytegate::middleware::{RequestInfo, RequestParts};
///
/// struct Closed;
///
/// impl Middleware for Closed {
///     fn before(&self, request: &mut RequestParts<'_>) -> Option<Response> {
///         (request.head.path() != "/health").then(|| Status::SERVICE_UNAVAILABLE.into())
///     }
///
///     fn after(&self, _: &RequestInfo<'_>, response: Response) -> Response {
///         response.with_header("Cache-Control", "no-store")
///     }
/// }
///
/// let gateway = Gateway::new(|_: &Request<'_>| "up\n").with(Closed);
/// let response = gateway.handle(b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /health HTTP/1.1\r\nHost: x\r\n\r\n");
/// let response = String::from_utf8_lossy(&response);
/// assert!(response.starts_with("HTTP/1.1 503 ") && response.ends_with("\r\n\r\nup\n"));
/// assert_eq!(response.matches("Cache-Control: no-store\r\n").count(), 2);
/// ```
///
/// # Order
///
/// The middleware added first is closest to the application. This is the recommended order:
///
/// ```
/// # #[cfg(feature = "std")] {
/// use bytegate::middleware::*;
/// use bytegate::{Gateway, Request, Response};
/// use std::time::Duration;
///
/// let gateway = Gateway::new(|_: &Request<'_>| Response::html("<h1>hi</h1>"));
/// // Tags the bodies of the application, before anything changes them.
/// let gateway = gateway.with(ConditionalGet::new());
/// // Outside of that, so that the same body has the same tag, compressed or not.
/// # #[cfg(feature = "compression")]
/// let gateway = gateway.with(Compression::new());
/// let gateway = gateway
///     .with(BasicAuth::user("staff", "Aladdin", "open sesame"))
///     // Outside of authentication, so that passwords cannot be tried out quickly.
///     .with(RateLimit::new(100, Duration::from_secs(60)))
///     // Outside of authentication, because browsers send credentials with cross-site requests.
///     .with(CrossOriginProtection::new().trusted_origins(["https://example.com"]))
///     // Outside of all three: preflight requests have no credentials, and pages may read why they were refused.
///     .with(Cors::origins(["https://example.com"]).credentials())
///     .with(AllowedHosts::local())
///     // Outside of everything that responds in place of the application.
///     .with(SecurityHeaders::new())
///     .with(ServerTiming::new())
///     .with(SetRequestId::new())
///     // Last, so that it logs the final response.
///     .with(AccessLog::to(|line| print!("{line}")));
///
/// let response = gateway.handle(
///     b"GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: https://example.com\r\n\
///       Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n",
/// );
/// let response = String::from_utf8_lossy(&response);
/// assert!(response.starts_with("HTTP/1.1 200 OK\r\n") && response.ends_with("\r\n\r\n<h1>hi</h1>"));
/// for name in ["ETag", "Vary", "Access-Control-Allow-Origin", "Referrer-Policy", "Server-Timing", "X-Request-Id"] {
///     assert!(response.contains(&format!("\r\n{name}: ")), "{name}");
/// }
/// # }
/// ```
pub trait Middleware: Send + Sync {
    /// Inspects the head of a request, before its body is read and before the application is called. May respond in
    /// place of the application, or attach values for it to the extensions.
    fn before(&self, request: &mut RequestParts<'_>) -> Option<Response> {
        let _ = request;
        None
    }

    /// Inspects the response and may change it.
    fn after(&self, request: &RequestInfo<'_>, response: Response) -> Response {
        let _ = request;
        response
    }
}

/// A request whose head has been received.
///
/// ```
/// use bytegate::{Gateway, Middleware, Request, Response};
/// use bytegate::middleware::RequestParts;
///
/// #[derive(Clone)]
/// struct Language(String);
///
/// struct Languages;
///
/// impl Middleware for Languages {
///     fn before(&self, request: &mut RequestParts<'_>) -> Option<Response> {
///         let language = request.head.headers().get("Accept-Language").unwrap_or("en");
///         request.extensions.insert(Language(language.to_string()));
///         None
///     }
/// }
///
/// let show = |request: &Request<'_>| request.extensions().get::<Language>().unwrap().0.clone();
/// let gateway = Gateway::new(show).with(Languages);
/// let response = gateway.handle(b"GET / HTTP/1.1\r\nHost: x\r\nAccept-Language: de\r\n\r\n");
/// assert!(response.ends_with(b"\r\n\r\nde"));
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct RequestParts<'a> {
    /// The head.
    pub head: Head<'a>,
    /// Information about the connection.
    pub connection: &'a ConnectionInfo,
    /// The time at which the head was complete.
    pub now: Now,
    /// The values that the application finds in [`Request::extensions`](crate::Request::extensions).
    pub extensions: &'a mut Extensions,
}

/// Information about a request that has a response, even if the request was invalid.
///
/// ```
/// use bytegate::{Gateway, Middleware, Request, Response};
/// use bytegate::middleware::RequestInfo;
///
/// struct Echo;
///
/// impl Middleware for Echo {
///     fn after(&self, request: &RequestInfo<'_>, response: Response) -> Response {
///         response.with_header("X-Line", request.line)
///     }
/// }
///
/// let gateway = Gateway::new(|_: &Request<'_>| "").with(Echo);
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
}

impl<'a> RequestParts<'a> {
    pub(crate) fn new(
        head: Head<'a>,
        connection: &'a ConnectionInfo,
        now: Now,
        extensions: &'a mut Extensions,
    ) -> RequestParts<'a> {
        RequestParts {
            head,
            connection,
            now,
            extensions,
        }
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
            connection,
            extensions,
        }
    }

    /// Returns the number of body bytes sent with `response`, or `None` for a stream of unknown length.
    pub fn content_length(&self, response: &Response) -> Option<u64> {
        let status = response.sent_status();
        let is_empty = self.method == Some(Method::Head)
            || status.forbids_content()
            || status == Status::RESET_CONTENT;
        match (is_empty, response.has_failed()) {
            (true, _) => Some(0),
            (false, true) => Response::from(status).body().length(),
            (false, false) => response.body().length(),
        }
    }
}
