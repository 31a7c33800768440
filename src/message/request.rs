//! A request, whole: head, content, trailers, and the circumstances in which it came.

use super::fields::FieldLines;
use super::form::{Form, FormError};
use super::head::{Head, Version};
use crate::syntax::authority::Authority;
use crate::syntax::path;
use crate::syntax::target::Target;
use crate::values::config::Scheme;
use crate::values::method::Method;
use crate::values::now::Now;
use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;
use core::net::SocketAddr;

/// A request as an application sees it. Everything is borrowed; nothing was copied if it came in one piece.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    pub(crate) head: Head<'a>,
    pub(crate) content: &'a [u8],
    pub(crate) trailers: FieldLines<'a>,
    pub(crate) circumstances: &'a Circumstances,
}

/// What a request does not say itself.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Circumstances {
    pub(crate) now: Now,
    pub(crate) peer: Option<SocketAddr>,
    pub(crate) scheme: Scheme,
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

    /// The path decoded, once: what router and site go by. `None` if it could be taken for another path
    /// (an encoded slash, a backslash, control characters, `.` and `..` segments) or is not UTF-8.
    pub fn decoded_path(&self) -> Option<Cow<'a, str>> {
        match path::decode(self.head.path_bytes())? {
            Cow::Borrowed(path) => core::str::from_utf8(path).ok().map(Cow::Borrowed),
            Cow::Owned(path) => String::from_utf8(path).ok().map(Cow::Owned),
        }
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
    /// let gateway = Gateway::new().dynamic("", |request: &Request<'_>| {
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
    /// let gateway = Gateway::new().dynamic("", |request: &Request<'_>| -> Result<String, FormError> {
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
    pub fn fields(&self) -> FieldLines<'a> {
        self.head.fields()
    }

    /// The host and port that were asked for. `None` only in HTTP/1.0.
    pub fn authority(&self) -> Option<Authority<'a>> {
        self.head.authority()
    }

    /// The content, decoded; empty if there is none.
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
        self.circumstances.now
    }

    /// The other end, if the caller named it.
    pub fn peer(&self) -> Option<SocketAddr> {
        self.circumstances.peer
    }

    /// The scheme of the connection.
    pub fn scheme(&self) -> Scheme {
        self.circumstances.scheme
    }
}

impl fmt::Debug for Request<'_> {
    /// Without the content, which may be a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("head", &self.head)
            .field("content", &format_args!("{} octets", self.content.len()))
            .field("trailers", &self.trailers)
            .finish_non_exhaustive()
    }
}
