//! A response: valid by construction, or replaced by a 500 that says why.

use super::body::Body;
use super::fields::{FieldError, Fields};
use crate::values::status::Status;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use bytes::Bytes;
use core::fmt;

/// The answer of an application. Framing, `Connection` and `Date` are not its business: they are added
/// where the answer is written.
///
/// ```
/// use bytegate::{Response, Status};
///
/// let response = Response::html("<h1>gone</h1>")
///     .with_status(Status::GONE)
///     .with_field("Cache-Control", "no-store");
/// assert_eq!(response.status(), Status::GONE);
/// assert_eq!(response.error(), None);
/// ```
#[derive(Debug)]
pub struct Response {
    pub(crate) status: Status,
    pub(crate) fields: Fields,
    pub(crate) body: Body,
    /// In a box, because nearly no response has one.
    pub(crate) error: Option<Box<ResponseError>>,
}

/// How an application broke the rules of a response. It is answered with a 500 instead, and the front end
/// logs this.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResponseError {
    /// A field that cannot be sent, and its name.
    Field(FieldError, String),
    /// A field that only the connection may set: see [`Response::with_field`].
    ReservedField(String),
    /// A status below 200, which is never a final answer (RFC 9110 section 15.2).
    InterimStatus(Status),
    /// The application panicked; its last words. Only a front end that catches panics gives this.
    Panicked(String),
    /// Any other breach, found by an adapter.
    Other(String),
}

impl fmt::Display for ResponseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ResponseError::Field(error, name) => write!(f, "field {name:?}: {error}"),
            ResponseError::ReservedField(name) => {
                write!(
                    f,
                    "field {name:?} is set by the connection, not by an application"
                )
            }
            ResponseError::InterimStatus(status) => write!(f, "{status} is not a final status"),
            ResponseError::Panicked(words) => write!(f, "the application panicked: {words}"),
            ResponseError::Other(reason) => f.write_str(reason),
        }
    }
}

impl core::error::Error for ResponseError {}

/// Fields that belong to the connection and to the framing of the message (RFC 9110 section 7.6.1).
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
    /// A response without fields and content.
    pub const fn new(status: Status) -> Response {
        Response {
            status,
            fields: Fields::new(),
            body: Body::empty(),
            error: None,
        }
    }

    /// 200 with HTML in UTF-8.
    pub fn html(body: impl Into<Body>) -> Response {
        Response::prepared(b"Content-Type: text/html; charset=utf-8\r\n", body.into())
    }

    /// 200 with plain text in UTF-8.
    pub fn text(body: impl Into<Body>) -> Response {
        Response::prepared(b"Content-Type: text/plain; charset=utf-8\r\n", body.into())
    }

    /// 200 with content of any media type.
    pub fn content(media_type: &str, body: impl Into<Body>) -> Response {
        Response::new(Status::OK)
            .with_body(body)
            .with_field("Content-Type", media_type)
    }

    /// 303: go and get that page. `location` is a path of this server or a whole URL.
    pub fn see_other(location: &str) -> Response {
        Response::new(Status::SEE_OTHER).with_field("Location", location)
    }

    fn prepared(line: &'static [u8], body: Body) -> Response {
        Response {
            fields: Fields::from_valid_static(line),
            body,
            ..Response::new(Status::OK)
        }
    }

    /// A response that could not be made; a 500 goes out in its place.
    pub fn failed(error: ResponseError) -> Response {
        Response {
            error: Some(Box::new(error)),
            ..Response::new(Status::INTERNAL_SERVER_ERROR)
        }
    }

    /// The same with another status. One below 200 makes the response fail.
    pub fn with_status(mut self, status: Status) -> Response {
        self.status = status;
        self.check();
        self
    }

    /// The same with a field set; others of that name go.
    ///
    /// What cannot be sent makes the response fail: a name that is no token, a value with control
    /// characters, and the names that belong to the connection: `Connection`, `Content-Length`, `Date`,
    /// `Keep-Alive`, `Proxy-Connection`, `TE`, `Trailer`, `Transfer-Encoding`, `Upgrade`.
    pub fn with_field(self, name: &str, value: impl AsRef<[u8]>) -> Response {
        self.change_fields(name, |fields| fields.set(name, value))
    }

    /// The same with a field added beside others of that name, as `Set-Cookie` needs it.
    pub fn with_appended_field(self, name: &str, value: impl AsRef<[u8]>) -> Response {
        self.change_fields(name, |fields| fields.append(name, value))
    }

    /// The same with other content.
    pub fn with_body(mut self, body: impl Into<Body>) -> Response {
        self.body = body.into();
        self
    }

    /// The status.
    pub fn status(&self) -> Status {
        self.status
    }

    /// The fields so far.
    pub fn fields(&self) -> &Fields {
        &self.fields
    }

    /// The content.
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// The first rule that was broken, if any.
    pub fn error(&self) -> Option<&ResponseError> {
        self.error.as_deref()
    }

    /// Fails if this is no final answer.
    pub(crate) fn check(&mut self) {
        if self.status.is_informational() {
            self.fail(ResponseError::InterimStatus(self.status));
        }
    }

    fn change_fields(
        mut self,
        name: &str,
        change: impl FnOnce(&mut Fields) -> Result<(), FieldError>,
    ) -> Response {
        if is_reserved(name) {
            self.fail(ResponseError::ReservedField(name.into()));
        } else if let Err(error) = change(&mut self.fields) {
            self.fail(ResponseError::Field(error, name.into()));
        }
        self
    }

    /// The first error stays.
    #[cold]
    fn fail(&mut self, error: ResponseError) {
        self.error.get_or_insert(Box::new(error));
    }
}

/// Whether a field belongs to the connection.
pub(crate) fn is_reserved(name: &str) -> bool {
    RESERVED
        .iter()
        .any(|reserved| reserved.eq_ignore_ascii_case(name))
}

impl From<Status> for Response {
    /// A page of one line: the status in words.
    fn from(status: Status) -> Response {
        match status.forbids_content() || status == Status::RESET_CONTENT {
            true => Response::new(Status::OK),
            false => Response::text(alloc::format!("{status}\n")),
        }
        .with_status(status)
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
        Response::content("application/octet-stream", bytes)
    }
}

impl From<Bytes> for Response {
    fn from(bytes: Bytes) -> Response {
        Response::content("application/octet-stream", bytes)
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
    /// 404 for nothing.
    fn from(option: Option<T>) -> Response {
        match option {
            Some(response) => response.into(),
            None => Status::NOT_FOUND.into(),
        }
    }
}
