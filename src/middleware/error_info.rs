//! An error, as seen by its page.

use super::request_info::RequestInfo;
use crate::values::protocol_error::ProtocolError;
use crate::values::status::Status;

/// Information about an error that needs a page.
///
/// ```
/// use bytegate::middleware::{ErrorInfo, ErrorPages};
/// use bytegate::{Gateway, Request};
///
/// fn page(error: &ErrorInfo) -> String {
///     match error.protocol_error {
///         Some(error) => format!("{}: {}\n", error.name(), error.section()),
///         None => format!("{}\n", error.status),
///     }
/// }
///
/// let gateway = Gateway::new(|_: &Request| "hello\n").with(ErrorPages::new(page));
/// let response = gateway.handle(b"GET /\r\n");
/// assert!(response.starts_with(b"HTTP/1.1 400 Bad Request\r\n"));
/// assert!(response.ends_with(b"VersionMissing: RFC 9112 section 3\n"));
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ErrorInfo<'a> {
    /// The request, as far as it was received.
    pub request: &'a RequestInfo<'a>,
    /// The status, which the page cannot change.
    pub status: Status,
    /// A sentence without a full stop, if more can be said than the status. It may contain text of the request, so
    /// [escape](crate::escape_html) it in HTML.
    pub detail: Option<&'a str>,
    /// The error in the input of the client, or of the server, if the application was not called or its response was not
    /// used because of it.
    pub protocol_error: Option<ProtocolError>,
}
