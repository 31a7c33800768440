//! What stands around an application: it sees every request first and every answer last.

mod access_log;
mod set_fields;

pub use access_log::AccessLog;
pub use set_fields::SetFields;

use crate::message::extensions::Extensions;
use crate::message::head::Head;
use crate::message::response::Response;
use crate::values::connection_info::ConnectionInfo;
use crate::values::method::Method;
use crate::values::now::Now;

/// Sees every exchange of a [`Gateway`](crate::Gateway): before the application is asked, and after it has answered.
///
/// `after` sees every answer once, whatever made it: the application, a middleware, an upload that was refused by its head
/// or in the middle, an upload that ended, a refusal page, a panic.
///
/// ```
/// use bytegate::{Gateway, Middleware, Request, RequestInfo, RequestParts, Response, Status};
///
/// struct Closed;
///
/// impl Middleware for Closed {
///     fn before(&self, request: &mut RequestParts<'_>) -> Option<Response> {
///         (request.head.path() != "/health").then(|| Status::SERVICE_UNAVAILABLE.into())
///     }
///
///     fn after(&self, _: &RequestInfo<'_>, response: Response) -> Response {
///         response.with_field("Cache-Control", "no-store")
///     }
/// }
///
/// let gateway = Gateway::new(|_: &Request<'_>| "up\n").with(Closed);
/// let reply = gateway.handle(b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /health HTTP/1.1\r\nHost: x\r\n\r\n");
/// let reply = String::from_utf8_lossy(&reply);
/// assert!(reply.starts_with("HTTP/1.1 503 ") && reply.ends_with("\r\n\r\nup\n"));
/// assert_eq!(reply.matches("Cache-Control: no-store\r\n").count(), 2);
/// ```
pub trait Middleware: Send + Sync {
    /// Looks at a request by its head, before its content is read and before the application is asked. May answer in the
    /// application's place, and leave something for it in the extensions.
    fn before(&self, request: &mut RequestParts<'_>) -> Option<Response> {
        let _ = request;
        None
    }

    /// Looks at the answer, and may change it.
    fn after(&self, request: &RequestInfo<'_>, response: Response) -> Response {
        let _ = request;
        response
    }
}

/// A request of which the head is there.
#[derive(Debug)]
#[non_exhaustive]
pub struct RequestParts<'a> {
    /// The head.
    pub head: Head<'a>,
    /// What is known of the connection.
    pub connection: &'a ConnectionInfo,
    /// The time at which the head was whole.
    pub now: Now,
    /// What the application finds in [`Request::extensions`](crate::Request::extensions).
    pub extensions: &'a mut Extensions,
}

/// What is known of a request once it is answered, also if it was none.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RequestInfo<'a> {
    /// The method, if it came that far.
    pub method: Option<Method>,
    /// The request line without its line end, as far as it came; any bytes whatever, if it was refused.
    pub line: &'a [u8],
    /// The time at which the head was whole, or was refused.
    pub now: Now,
    /// What is known of the connection.
    pub connection: &'a ConnectionInfo,
    /// What middlewares have put in.
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

    /// The bytes of content that go out with that response; `None` for a stream of unknown length.
    pub fn content_length(&self, response: &Response) -> Option<u64> {
        let status = response.sent_status();
        let is_empty = self.method == Some(Method::Head)
            || status.forbids_content()
            || status == crate::Status::RESET_CONTENT;
        match (is_empty, response.error()) {
            (true, _) => Some(0),
            (false, Some(_)) => Response::from(status).body().length(),
            (false, None) => response.body().length(),
        }
    }
}
