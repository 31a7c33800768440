//! An identifier for each request, shared by handlers, logs and clients.

use super::middleware::Middleware;
use super::request_info::RequestInfo;
use super::request_parts::RequestParts;
use crate::response::response::Response;
use crate::values::connection_info::ConnectionInfo;
use crate::values::sync::{Arc, AtomicUsize, Ordering};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use core::fmt;

const HEADER: &str = "X-Request-Id";

/// The maximum length of an identifier taken from a request, in bytes. A UUID has 36.
const TAKEN_BYTES: usize = 128;

/// Middleware that gives each request an identifier: the extension [`RequestId`], and the response header
/// `X-Request-Id`.
///
/// By default, an identifier consists of the connection number and the request number, such as `17-42`. It is unique
/// until the program restarts. For other identifiers, use [`generated_by`](SetRequestId::generated_by). Identifiers
/// sent by clients are ignored, unless they come from a [trusted](SetRequestId::trust) peer.
///
/// Input without a valid head has no identifier, so its response has no such header.
/// [`AccessLog`](crate::middleware::AccessLog) ends its lines with the identifier.
///
/// ```
/// use bytegate::{Gateway, Request};
/// use bytegate::middleware::{RequestId, SetRequestId};
///
/// let show = |request: &Request| request.extensions().get::<RequestId>().unwrap().to_string();
/// let gateway = Gateway::new(show).with(SetRequestId::new());
/// let response = gateway.handle(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
/// assert!(response.ends_with(b"\r\nX-Request-Id: 0-1\r\nContent-Length: 3\r\n\r\n0-1"));
/// ```
#[must_use]
pub struct SetRequestId {
    generate: Box<Generate>,
    is_trusted: Option<Box<IsTrusted>>,
}

type Generate = dyn Fn(&RequestParts<'_>) -> String + Send + Sync;
type IsTrusted = dyn Fn(&ConnectionInfo) -> bool + Send + Sync;

/// The identifier of a request, attached by [`SetRequestId`].
///
/// ```
/// use bytegate::{Gateway, Request};
/// use bytegate::middleware::{RequestId, SetRequestId};
///
/// let gateway = Gateway::new(|request: &Request| {
///     let id = request.extensions().get::<RequestId>().map(RequestId::as_str);
///     format!("this is request {}\n", id.unwrap_or("?"))
/// });
/// let gateway = gateway.with(SetRequestId::generated_by(|_| "abc".to_string()));
/// assert!(gateway.handle(b"GET / HTTP/1.0\r\n\r\n").ends_with(b"this is request abc\n"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl SetRequestId {
    /// Numbers the requests.
    pub fn new() -> SetRequestId {
        let count = AtomicUsize::new(0);
        SetRequestId::generated_by(move |request| {
            let number = count.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
            format!("{}-{number}", request.connection.number)
        })
    }

    /// Uses the identifiers that `generate` returns. An identifier that is not a valid header value makes the response
    /// fail, as with [`Response::with_header`].
    ///
    /// ```
    /// use bytegate::{Gateway, Request};
    /// use bytegate::middleware::SetRequestId;
    ///
    /// let ids = SetRequestId::generated_by(|request| format!("{}-eu", request.connection.number));
    /// let response = Gateway::new(|_: &Request| "").with(ids).handle(b"GET / HTTP/1.0\r\n\r\n");
    /// assert!(String::from_utf8_lossy(&response).contains("\r\nX-Request-Id: 0-eu\r\n"));
    /// ```
    pub fn generated_by(
        generate: impl Fn(&RequestParts<'_>) -> String + Send + Sync + 'static,
    ) -> SetRequestId {
        SetRequestId {
            generate: Box::new(generate),
            is_trusted: None,
        }
    }

    /// Takes the identifier in `X-Request-Id` from connections for which `is_trusted` returns `true`, such as
    /// connections from a reverse proxy. It is taken if the header occurs once and has 1 to 128 visible ASCII
    /// characters. Otherwise, one is generated.
    ///
    /// ```
    /// use bytegate::{Gateway, Request};
    /// use bytegate::middleware::SetRequestId;
    /// use bytegate::request::Peer;
    ///
    /// let ids = SetRequestId::new().trust(|connection| connection.peer == Peer::Unknown);
    /// let gateway = Gateway::new(|_: &Request| "").with(ids);
    /// let response = gateway.handle(b"GET / HTTP/1.1\r\nHost: x\r\nX-Request-Id: abc\r\n\r\n");
    /// assert!(String::from_utf8_lossy(&response).contains("\r\nX-Request-Id: abc\r\n"));
    /// ```
    pub fn trust(
        mut self,
        is_trusted: impl Fn(&ConnectionInfo) -> bool + Send + Sync + 'static,
    ) -> SetRequestId {
        self.is_trusted = Some(Box::new(is_trusted));
        self
    }

    /// Returns the identifier in the request, if it can be trusted.
    fn taken(&self, request: &RequestParts<'_>) -> Option<RequestId> {
        let is_trusted = self.is_trusted.as_ref()?;
        let mut values = request.head.headers().get_all(HEADER);
        let (Some(value), None) = (values.next(), values.next()) else {
            return None;
        };
        let is_sound = (1..=TAKEN_BYTES).contains(&value.len())
            && value.iter().all(u8::is_ascii_graphic)
            && is_trusted(request.connection);
        let text = core::str::from_utf8(value).ok()?;
        is_sound.then(|| RequestId(text.into()))
    }
}

impl Default for SetRequestId {
    fn default() -> SetRequestId {
        SetRequestId::new()
    }
}

impl Middleware for SetRequestId {
    fn before(&self, request: &mut RequestParts<'_>) -> Option<Response> {
        let taken = self.taken(request);
        let id = taken.unwrap_or_else(|| RequestId((self.generate)(request).into()));
        request.extensions.insert(id);
        None
    }

    fn after(&self, request: &RequestInfo<'_>, mut response: Response) -> Response {
        if let Some(id) = request.extensions.get::<RequestId>() {
            response.set_header(HEADER, id.as_str());
        }
        response
    }
}

impl fmt::Debug for SetRequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetRequestId")
            .field("trusts", &self.is_trusted.is_some())
            .finish_non_exhaustive()
    }
}
