//! A request as an application sees it: the message and its context.

use super::extensions::Extensions;
use super::params::AllParams;
use crate::headers::headers::Headers;
use crate::message::head::{Head, Version};
use crate::syntax::authority::Authority;
use crate::syntax::target::Target;
use crate::values::connection_info::{ConnectionInfo, Peer};
use crate::values::method::Method;
use crate::values::now::Now;
use crate::values::scheme::Scheme;
use alloc::borrow::Cow;
use core::fmt;

/// A request as an application sees it. All data is borrowed, and nothing is copied if the request arrived in one
/// piece. The type is `Copy`. Use [`into_owned`](Request::into_owned) to keep a request beyond the call.
///
/// ```
/// use bytegate::{Gateway, Method, Request, Status};
///
/// fn application(request: &Request) -> Result<String, Status> {
///     match (request.method(), request.path()) {
///         (Method::POST, "/shout") => Ok(String::from_utf8_lossy(request.body()).to_uppercase()),
///         (_, "/shout") => Err(Status::METHOD_NOT_ALLOWED),
///         _ => Err(Status::NOT_FOUND),
///     }
/// }
///
/// let response = Gateway::new(application)
///     .handle(b"POST /shout HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
/// assert!(response.ends_with(b"HELLO"));
/// ```
#[derive(Clone, Copy)]
pub struct Request<'a> {
    pub(crate) message: Message<'a>,
    pub(crate) context: RequestContext<'a>,
    /// The length, in bytes, of the part of the decoded path that leads to the application's mount point. Without a
    /// decoded path, it refers to the path as it was sent, where this part has no escapes.
    pub(crate) mounted: usize,
    pub(crate) params: AllParams<'a>,
}

/// A request as it was received: head, body and trailers. Everything is borrowed. A request received in one piece was
/// not copied.
///
/// ```
/// use bytegate::Now;
/// use bytegate::config::Config;
/// use bytegate::connection::{Connection, Step};
/// use bytegate::request::Scheme;
///
/// let mut connection = Connection::new(Config::default(), Scheme::Http);
/// match connection.step(&mut &b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"[..], Now::default()) {
///     Step::Request(message) => assert_eq!((message.head.path(), message.body), ("/a", &b""[..])),
///     other => unreachable!("the request is complete: {other:?}"),
/// }
/// ```
#[derive(Clone, Copy)]
pub struct Message<'c> {
    /// The head.
    pub head: Head<'c>,
    /// The decoded body. Empty if the request has none or if it was streamed.
    pub body: &'c [u8],
    /// The trailers, which follow a chunked body.
    pub trailers: Headers<'c>,
}

impl<'c> Message<'c> {
    /// Creates a message that consists only of a head.
    pub(crate) fn of_head(head: Head<'c>) -> Message<'c> {
        Message {
            head,
            body: &[],
            trailers: Headers::default(),
        }
    }
}

impl fmt::Debug for Message<'_> {
    /// Omits the body, which may be a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("head", &self.head)
            .field("body", &format_args!("{} bytes", self.body.len()))
            .field("trailers", &self.trailers)
            .finish()
    }
}

/// Information about a request that is not part of its bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestContext<'a> {
    pub(crate) now: &'a Now,
    pub(crate) connection: &'a ConnectionInfo,
    pub(crate) extensions: &'a Extensions,
    /// The decoded path. It is decoded only once.
    pub(crate) path: Option<&'a [u8]>,
}

/// # The message and its context
impl<'a> Request<'a> {
    /// Returns the head.
    #[must_use]
    pub fn head(&self) -> Head<'a> {
        self.message.head
    }

    /// Returns the method.
    #[must_use]
    pub fn method(&self) -> Method {
        self.message.head.method()
    }

    /// Returns the target as it was sent.
    #[must_use]
    pub fn target(&self) -> Target<'a> {
        self.message.head.target()
    }

    /// Returns the path as it was sent, including percent-encoding.
    #[must_use]
    pub fn path(&self) -> &'a str {
        self.message.head.path()
    }

    /// Returns the decoded path, which routers and sites use. Returns `None` if the decoded path could be mistaken for
    /// another one (an encoded slash, a backslash, control characters, `.` and `..` segments) or is not UTF-8.
    #[must_use]
    pub fn decoded_path(&self) -> Option<&'a str> {
        core::str::from_utf8(self.context.path?).ok()
    }

    /// Returns the part of the decoded path that leads to the application's mount point: PEP 3333's `SCRIPT_NAME`. It
    /// is empty at the root.
    #[must_use]
    pub fn script_name(&self) -> &'a str {
        let path = self.decoded_path().unwrap_or_else(|| self.path());
        path.get(..self.mounted).unwrap_or_default()
    }

    /// Returns the rest of the decoded path, which the application interprets itself: PEP 3333's `PATH_INFO`.
    #[must_use]
    pub fn path_info(&self) -> Option<&'a str> {
        self.decoded_path()?.get(self.mounted..)
    }

    /// Like [`path_info`](Request::path_info), but returns bytes.
    pub(crate) fn path_info_bytes(&self) -> Option<&'a [u8]> {
        self.context.path?.get(self.mounted..)
    }

    /// Returns the HTTP version whose rules apply.
    #[must_use]
    pub fn version(&self) -> Version {
        self.message.head.version()
    }

    /// Returns the headers.
    #[doc(alias = "fields")]
    #[must_use]
    pub fn headers(&self) -> Headers<'a> {
        self.message.head.headers()
    }

    /// Returns the value of the first header with the given name, if the value is visible ASCII. The case of the name is
    /// ignored. See [`Headers::get`].
    ///
    /// ```
    /// use bytegate::Request;
    ///
    /// let request = Request::builder("GET", "/").header("DNT", "1").build()?;
    /// assert_eq!(request.header("dnt"), Some("1"));
    /// # Ok::<(), bytegate::request::InvalidRequest>(())
    /// ```
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers().get(name)
    }

    /// Returns the requested host and port. The result is `None` only for HTTP/1.0.
    #[must_use]
    pub fn authority(&self) -> Option<Authority<'a>> {
        self.message.head.authority()
    }

    /// Returns the decoded body, or an empty slice if the request has none.
    #[doc(alias = "content")]
    #[must_use]
    pub fn body(&self) -> &'a [u8] {
        self.message.body
    }

    /// Returns the trailers, which follow a chunked body. They are never merged into the headers. Trailers that
    /// describe the body or the response, such as `Content-Type` and `Vary`, are left out because they come too late
    /// (RFC 9110 section 6.5.1).
    #[must_use]
    pub fn trailers(&self) -> Headers<'a> {
        self.message.trailers
    }

    /// Returns the time at which the request was complete, as provided by the caller.
    #[must_use]
    pub fn now(&self) -> Now {
        *self.context.now
    }

    /// Returns information about the connection.
    #[must_use]
    pub fn connection(&self) -> &'a ConnectionInfo {
        self.context.connection
    }

    /// Returns the peer that sent the request.
    #[must_use]
    pub fn peer(&self) -> &'a Peer {
        &self.context.connection.peer
    }

    /// Returns the scheme of the connection.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.context.connection.scheme
    }

    /// Returns the values that middleware attached for the application.
    #[must_use]
    pub fn extensions(&self) -> &'a Extensions {
        self.context.extensions
    }
}

impl<'a> RequestContext<'a> {
    pub(crate) fn new(
        now: &'a Now,
        connection: &'a ConnectionInfo,
        extensions: &'a Extensions,
        path: &'a Option<Cow<'_, [u8]>>,
    ) -> RequestContext<'a> {
        RequestContext {
            now,
            connection,
            extensions,
            path: path.as_deref(),
        }
    }
}

impl fmt::Debug for Request<'_> {
    /// Omits the body, which may be a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("head", &self.message.head)
            .field("body", &format_args!("{} bytes", self.message.body.len()))
            .field("trailers", &self.message.trailers)
            .finish_non_exhaustive()
    }
}
