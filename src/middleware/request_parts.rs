//! A request as middleware sees it before the application.

use crate::message::head::Head;
use crate::request::extensions::Extensions;
use crate::values::connection_info::ConnectionInfo;
use crate::values::now::Now;

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
/// let show = |request: &Request| request.extensions().get::<Language>().unwrap().0.clone();
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
