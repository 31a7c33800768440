//! Responses. A response is valid by construction, or it is replaced with a 500 and the reason is reported.

use super::page::Page;
use crate::body::body::Body;
use crate::headers::header_error::HeaderError;
use crate::headers::header_map::HeaderMap;
use crate::values::status::Status;
use crate::values::sync::Arc;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use bytes::Bytes;
use core::error::Error;
use core::fmt;
use core::pin::Pin;

/// The response of an application.
///
/// An application does not set framing headers, `Connection` or `Date`. The connection adds them when it writes the
/// response.
///
/// ```
/// use bytegate::{Response, Status};
///
/// let response = Response::html("<h1>gone</h1>")
///     .with_status(Status::GONE)
///     .with_header("Cache-Control", "no-store");
/// assert_eq!(response.status(), Status::GONE);
/// assert_eq!(response.error(), None);
/// ```
#[doc(alias = "redirect")]
#[doc(alias = "cookie")]
#[must_use]
pub struct Response {
    pub(crate) status: Status,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    pub(crate) page: Page,
    /// Boxed, because almost no response has one.
    pub(crate) exception: Option<Box<Exception>>,
}

/// Marks a response that has failed or is not ready yet.
pub(crate) enum Exception {
    /// The response cannot be sent. The default page of a 500 is sent instead.
    Error(ResponseError),
    /// The response could not be sent, and this one has already taken its place.
    Replaced(ResponseError),
    /// The response is sent as it is, and this error is reported.
    Noted(ResponseError),
    Deferred(DeferredResponse),
}

/// A response that is not ready yet.
pub(crate) type DeferredResponse = Pin<Box<dyn Future<Output = Response> + Send>>;

/// The reason why a response is invalid. A 500 is sent instead, and the front end logs this error.
///
/// ```
/// use bytegate::Response;
/// use bytegate::response::ResponseError;
///
/// let response = Response::text("hello").with_header("Connection", "close");
/// assert_eq!(response.error(), Some(&ResponseError::ReservedHeader("Connection".to_string())));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ResponseError {
    /// A header cannot be sent. Contains its name.
    Header(HeaderError, String),
    /// A header is reserved for the connection: see [`Response::with_header`].
    ReservedHeader(String),
    /// The status is below 200, which is never final (RFC 9110 section 15.2).
    InterimStatus(Status),
    /// The application panicked. Contains the panic message. Only a session that
    /// [catches panics](crate::Session::catch_panics) and [`Gateway::respond`](crate::Gateway::respond) produce this.
    Panicked(String),
    /// The response is [deferred](Response::from_future), but cannot be awaited here.
    Pending,
    /// The body ended early. Bytes that were already sent cannot be taken back.
    BodyError,
    /// The body's stream produced a different number of bytes than it declared. The client gets an incomplete body.
    BodyLength {
        /// The length that was declared.
        declared: u64,
        /// The number of bytes that the stream produced, up to and including the first block that exceeded the length.
        given: u64,
    },
    /// Any other error: a [`Rejection`](super::rejection::Rejection) with status 500 or with a source, or an error that
    /// an adapter reports. The text of this error includes the texts of its sources.
    Other(Arc<dyn Error + Send + Sync>),
}

impl ResponseError {
    /// Creates an [`Other`](ResponseError::Other) from an error or a text.
    ///
    /// ```
    /// use bytegate::response::ResponseError;
    ///
    /// assert_eq!(ResponseError::other("no page").to_string(), "no page");
    /// ```
    pub fn other(error: impl Into<Box<dyn Error + Send + Sync>>) -> ResponseError {
        ResponseError::Other(Arc::from(error.into()))
    }
}

/// Compares the variants and the texts.
impl PartialEq for ResponseError {
    fn eq(&self, other: &ResponseError) -> bool {
        let same_variant = core::mem::discriminant(self) == core::mem::discriminant(other);
        same_variant && self.to_string() == other.to_string()
    }
}

impl Eq for ResponseError {}

impl fmt::Display for ResponseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ResponseError::Header(error, name) => write!(f, "header {name:?}: {error}"),
            ResponseError::ReservedHeader(name) => {
                write!(
                    f,
                    "header {name:?} is set by the connection, not by an application"
                )
            }
            ResponseError::InterimStatus(status) => write!(f, "{status} is not a final status"),
            ResponseError::Panicked(words) => write!(f, "the application panicked: {words}"),
            ResponseError::Pending => {
                f.write_str("the response is deferred, but this front end cannot wait for it")
            }
            ResponseError::Other(error) => {
                write!(f, "{error}")?;
                let mut source = error.source();
                while let Some(error) = source {
                    write!(f, ": {error}")?;
                    source = error.source();
                }
                Ok(())
            }
            ResponseError::BodyError => f.write_str("the body ended early"),
            ResponseError::BodyLength { declared, given } => write!(
                f,
                "the body has another length than declared: declared {declared}, the stream gave {given}"
            ),
        }
    }
}

impl Error for ResponseError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            ResponseError::Header(error, _) => Some(error),
            ResponseError::Other(error) => Some(&**error),
            _ => None,
        }
    }
}

/// Headers reserved for the connection and the framing of the message (RFC 9110 section 7.6.1).
const RESERVED: [&str; 9] = [
    "Connection",
    "Content-Length",
    "Date",
    "Keep-Alive",
    "Proxy-Connection",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
];

impl Response {
    /// Creates a response without headers or a body.
    pub const fn new(status: Status) -> Response {
        Response {
            status,
            headers: HeaderMap::new(),
            body: Body::empty(),
            page: Page::Own,
            exception: None,
        }
    }

    /// Creates a 200 response with HTML in UTF-8.
    pub fn html(body: impl Into<Body>) -> Response {
        Response::prepared(b"Content-Type: text/html; charset=utf-8\r\n", body.into())
    }

    /// Creates a 200 response with plain text in UTF-8.
    pub fn text(body: impl Into<Body>) -> Response {
        Response::prepared(b"Content-Type: text/plain; charset=utf-8\r\n", body.into())
    }

    /// Creates a 200 response with a body of any media type.
    pub fn of_type(media_type: &str, body: impl Into<Body>) -> Response {
        Response::new(Status::OK)
            .with_body(body)
            .with_header("Content-Type", media_type)
    }

    fn prepared(line: &'static [u8], body: Body) -> Response {
        Response {
            headers: HeaderMap::from_valid(Bytes::from_static(line)),
            body,
            ..Response::new(Status::OK)
        }
    }

    /// Sets the status and returns the response. A status below 200 makes the response fail.
    pub fn with_status(mut self, status: Status) -> Response {
        self.set_status(status);
        self
    }

    /// Sets the status. A status below 200 makes the response fail.
    pub fn set_status(&mut self, status: Status) {
        self.status = status;
        self.check();
        self.when_ready(|| move |response| response.set_status(status));
    }

    /// Sets a header, replacing others with the same name, and returns the response.
    ///
    /// A header that cannot be sent makes the response fail. This is the case if the name is not a token, if the value
    /// contains control characters, or if the name is reserved for the connection: `Connection`, `Content-Length`,
    /// `Date`, `Keep-Alive`, `Proxy-Connection`, `TE`, `Trailer`, `Transfer-Encoding`, `Upgrade`.
    #[doc(alias = "header")]
    pub fn with_header(mut self, name: &str, value: impl AsRef<[u8]>) -> Response {
        self.set_header(name, value);
        self
    }

    /// Like [`with_header`](Response::with_header), but modifies the response in place.
    pub fn set_header(&mut self, name: &str, value: impl AsRef<[u8]>) {
        self.change_headers(name, value.as_ref(), |headers, name, value| {
            headers.insert(name, value)
        });
    }

    /// Removes all headers with the given name.
    pub fn remove_header(&mut self, name: &str) {
        self.headers.remove(name);
        self.when_ready(|| {
            let name = String::from(name);
            move |response| response.remove_header(&name)
        });
    }

    /// Adds a header, keeping others with the same name, and returns the response. Use it for several `Set-Cookie` headers.
    pub fn with_appended_header(mut self, name: &str, value: impl AsRef<[u8]>) -> Response {
        self.append_header(name, value);
        self
    }

    /// Like [`with_appended_header`](Response::with_appended_header), but modifies the response in place.
    pub fn append_header(&mut self, name: &str, value: impl AsRef<[u8]>) {
        self.change_headers(name, value.as_ref(), |headers, name, value| {
            headers.append(name, value)
        });
    }

    /// Replaces the body and returns the response.
    pub fn with_body(mut self, body: impl Into<Body>) -> Response {
        self.replace_body(body.into());
        self
    }

    /// Returns the status.
    pub fn status(&self) -> Status {
        self.status
    }

    /// Returns the headers set so far.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns the body.
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// Replaces the body with the result of applying `change` to it. A [deferred](Response::from_future) response has
    /// no body yet, so it fails.
    ///
    /// ```
    /// use bytegate::Response;
    ///
    /// let mut response = Response::text("hello");
    /// response.map_body(|body| body.map_blocks(|block| block.to_ascii_uppercase().into()));
    /// ```
    pub fn map_body(&mut self, change: impl FnOnce(Body) -> Body) {
        if self.is_pending() {
            let reason = "the body of a deferred response cannot be changed before it is there";
            return self.fail(ResponseError::other(reason));
        }
        self.body = change(core::mem::take(&mut self.body));
        self.page = Page::Own;
    }

    /// Returns the body and discards the rest.
    pub fn into_body(self) -> Body {
        self.body
    }

    fn replace_body(&mut self, body: Body) {
        if self.is_pending() {
            self.when_ready(|| move |response| response.replace_body(body))
        } else {
            self.body = body;
            self.page = Page::Own;
        }
    }

    fn change_headers(
        &mut self,
        name: &str,
        value: &[u8],
        change: fn(&mut HeaderMap, &str, &[u8]) -> Result<(), HeaderError>,
    ) {
        if is_reserved(name) {
            return self.fail(ResponseError::ReservedHeader(name.into()));
        }
        if let Err(error) = change(&mut self.headers, name, value) {
            return self.fail(ResponseError::Header(error, name.into()));
        }
        self.when_ready(|| {
            let (name, value) = (String::from(name), Vec::from(value));
            move |response| response.change_headers(&name, &value, change)
        });
    }
}

/// Returns whether a header is reserved for the connection.
pub(crate) fn is_reserved(name: &str) -> bool {
    RESERVED
        .iter()
        .any(|reserved| reserved.eq_ignore_ascii_case(name))
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_pending() {
            return f.write_str("Response(deferred)");
        }
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("headers", &self.headers)
            .field("body", &self.body)
            .field("error", &self.error())
            .finish()
    }
}

impl From<&'static str> for Response {
    fn from(text: &'static str) -> Response {
        Response::text(text)
    }
}

impl From<String> for Response {
    fn from(text: String) -> Response {
        Response::text(text)
    }
}

impl From<Vec<u8>> for Response {
    fn from(bytes: Vec<u8>) -> Response {
        Response::of_type("application/octet-stream", bytes)
    }
}

impl From<Bytes> for Response {
    fn from(bytes: Bytes) -> Response {
        Response::of_type("application/octet-stream", bytes)
    }
}

impl<T: Into<Response>> From<(Status, T)> for Response {
    fn from((status, response): (Status, T)) -> Response {
        response.into().with_status(status)
    }
}

impl<T: Into<Response>, E: Into<Response>> From<Result<T, E>> for Response {
    fn from(result: Result<T, E>) -> Response {
        match result {
            Ok(response) => response.into(),
            Err(response) => response.into(),
        }
    }
}

impl<T: Into<Response>> From<Option<T>> for Response {
    /// Converts `None` into a 404.
    fn from(option: Option<T>) -> Response {
        match option {
            Some(response) => response.into(),
            None => Status::NOT_FOUND.into(),
        }
    }
}
