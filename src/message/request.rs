//! A request as an application sees it: the message, and what is known about it beside its bytes.

use super::extensions::Extensions;
use super::fields::FieldLines;
use super::form::{Form, FormError};
use super::head::{Head, Version};
use crate::syntax::authority::Authority;
use crate::syntax::path;
use crate::syntax::target::Target;
use crate::values::connection_info::{ConnectionInfo, Peer};
use crate::values::method::Method;
use crate::values::now::Now;
use crate::values::scheme::Scheme;
use alloc::borrow::Cow;
use core::fmt;

/// A request as an application sees it. Everything is borrowed; nothing was copied if it came in one piece. A copy is as
/// good as the original; [`into_owned`](Request::into_owned) makes one that outlives it.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    pub(crate) head: Head<'a>,
    pub(crate) content: &'a [u8],
    pub(crate) trailers: FieldLines<'a>,
    pub(crate) context: &'a RequestContext<'a>,
    /// How much of the decoded path belongs to the place where the application is mounted, in bytes.
    pub(crate) mounted: usize,
    pub(crate) params: &'a [(&'a str, &'a str)],
}

/// What a request does not say itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestContext<'a> {
    pub(crate) now: Now,
    pub(crate) connection: &'a ConnectionInfo,
    pub(crate) extensions: &'a Extensions,
    /// The path, decoded once.
    pub(crate) path: Option<&'a [u8]>,
}

impl<'a> Request<'a> {
    /// The head.
    pub fn head(&self) -> Head<'a> {
        self.head
    }

    /// The method.
    pub fn method(&self) -> Method {
        self.head.method()
    }

    /// The target in the form in which it came.
    pub fn target(&self) -> Target<'a> {
        self.head.target()
    }

    /// The path as it was sent, with its percent-encoding.
    pub fn path(&self) -> &'a str {
        self.head.path()
    }

    /// The path decoded, once: what routers and sites go by. `None` if it could be taken for another path
    /// (an encoded slash, a backslash, control characters, `.` and `..` segments) or is not UTF-8.
    pub fn decoded_path(&self) -> Option<&'a str> {
        core::str::from_utf8(self.context.path?).ok()
    }

    /// The part of the decoded path that leads to the place where this application is mounted: PEP 3333's `SCRIPT_NAME`.
    /// Empty at the root.
    pub fn script_name(&self) -> &'a str {
        let path = self.decoded_path().unwrap_or_default();
        path.get(..self.mounted).unwrap_or_default()
    }

    /// The rest of the decoded path, which is the application's own business: PEP 3333's `PATH_INFO`.
    pub fn path_info(&self) -> Option<&'a str> {
        self.decoded_path()?.get(self.mounted..)
    }

    /// As [`path_info`](Request::path_info), in bytes.
    pub(crate) fn path_info_bytes(&self) -> Option<&'a [u8]> {
        self.context.path?.get(self.mounted..)
    }

    /// The same request as an application sees it that is mounted so many bytes further down its path.
    pub(crate) fn mounted(&self, bytes: usize) -> Request<'a> {
        Request {
            mounted: self.mounted + bytes,
            ..*self
        }
    }

    /// The value of a parameter of the route, decoded: what `{name}` stands for in `/hello/{name}`.
    pub fn param(&self, name: &str) -> Option<&'a str> {
        let mut params = self.params.iter().rev();
        let (_, value) = params.find(|(other, _)| *other == name)?;
        Some(value)
    }

    /// The query as it was sent, without its question mark.
    pub fn query(&self) -> Option<&'a str> {
        self.head.query()
    }

    /// The names and values of the query, decoded as `application/x-www-form-urlencoded`. A `%` without two hexadecimal
    /// digits is itself, and bytes that are not UTF-8 become U+FFFD.
    ///
    /// ```
    /// use bytegate::{Gateway, Request};
    ///
    /// let gateway = Gateway::new(|request: &Request<'_>| {
    ///     request.query_pairs().map(|(name, value)| format!("{name} is {value}\n")).collect::<String>()
    /// });
    /// let reply = gateway.handle(b"GET /?q=50%&r=a+b%21 HTTP/1.1\r\nHost: x\r\n\r\n");
    /// assert!(reply.ends_with(b"q is 50%\nr is a b!\n"));
    /// ```
    pub fn query_pairs(&self) -> impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)> + use<'a> {
        form_urlencoded::parse(self.query().unwrap_or_default().as_bytes())
    }

    /// The names and values of the content, decoded as `application/x-www-form-urlencoded`, whatever its
    /// Content-Type says.
    ///
    /// ```
    /// use bytegate::{FormError, Gateway, Request};
    ///
    /// let gateway = Gateway::new(|request: &Request<'_>| -> Result<String, FormError> {
    ///     let name = request.form()?.get("name").unwrap_or("nobody".into());
    ///     Ok(format!("hello {name}\n"))
    /// });
    /// let reply = gateway.handle(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nname=Ada");
    /// assert!(reply.ends_with(b"hello Ada\n"));
    /// ```
    ///
    /// # Errors
    /// If a name or a value is not UTF-8. The error becomes a 400.
    pub fn form(&self) -> Result<Form<'a>, FormError> {
        Form::parse(self.content)
    }

    /// The version whose rules hold.
    pub fn version(&self) -> Version {
        self.head.version()
    }

    /// The fields of the head.
    #[doc(alias = "headers")]
    pub fn fields(&self) -> FieldLines<'a> {
        self.head.fields()
    }

    /// The host and port that were asked for. `None` only in HTTP/1.0.
    pub fn authority(&self) -> Option<Authority<'a>> {
        self.head.authority()
    }

    /// The content, decoded; empty if there is none.
    #[doc(alias = "body")]
    pub fn content(&self) -> &'a [u8] {
        self.content
    }

    /// The fields after chunked content; never merged into those of the head. Those that describe the content or the
    /// answer, such as `Content-Type` and `Vary`, are left out: they come too late (RFC 9110 section 6.5.1).
    pub fn trailers(&self) -> FieldLines<'a> {
        self.trailers
    }

    /// The time at which the request was whole, as the caller gave it.
    pub fn now(&self) -> Now {
        self.context.now
    }

    /// What is known of the connection.
    pub fn connection(&self) -> &'a ConnectionInfo {
        self.context.connection
    }

    /// The other end.
    pub fn peer(&self) -> &'a Peer {
        &self.context.connection.peer
    }

    /// The scheme of the connection.
    pub fn scheme(&self) -> Scheme {
        self.context.connection.scheme
    }

    /// What a middleware has left for the application.
    pub fn extensions(&self) -> &'a Extensions {
        self.context.extensions
    }
}

impl<'a> RequestContext<'a> {
    pub(crate) fn new(
        now: Now,
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

/// Decodes a path for [`RequestContext::new`].
pub(crate) fn decoded<'a>(head: &Head<'a>) -> Option<Cow<'a, [u8]>> {
    path::decode(head.path_bytes())
}

impl fmt::Debug for Request<'_> {
    /// Without the content, which may be a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("head", &self.head)
            .field("content", &format_args!("{} bytes", self.content.len()))
            .field("trailers", &self.trailers)
            .finish_non_exhaustive()
    }
}
