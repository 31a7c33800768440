//! A request as middleware sees it after the application.

use crate::request::extensions::Extensions;
use crate::response::response::Response;
use crate::values::connection_info::ConnectionInfo;
use crate::values::method::Method;
use crate::values::now::Now;
use crate::values::status::Status;
use alloc::format;
use alloc::string::String;
use core::fmt;

/// Information about a request that has a response, even if the request was invalid.
///
/// Its text is the method and the path as they were sent, without the query, which may have secrets: `GET /report`.
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
}

impl fmt::Display for RequestInfo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&identify(self.line))
    }
}

/// Returns what identifies a request in a log: the method and the path of its request line. It has no control characters.
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
            connection,
            extensions,
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
