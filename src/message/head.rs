//! A complete and valid request head (RFC 9112 sections 3 and 5).

use crate::headers::headers::Headers;
use crate::syntax::authority::Authority;
use crate::syntax::layout::{Expect, Layout};
use crate::syntax::span::text;
use crate::syntax::target::Target;
use crate::values::invalid_value::InvalidValue;
use crate::values::method::Method;
use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;
use core::str::FromStr;

/// A request head. It borrows the bytes it was parsed from.
///
/// ```
/// use bytegate::{Method, Request};
///
/// let request = Request::builder("PUT", "/a%20b?c").build()?;
/// let head = request.head();
/// assert_eq!((head.method(), head.path(), head.query()), (Method::PUT, "/a%20b", Some("c")));
/// assert_eq!(head.decoded_path().as_deref(), Some("/a b"));
/// # Ok::<(), bytegate::request::InvalidRequest>(())
/// ```
#[derive(Clone, Copy)]
pub struct Head<'a> {
    bytes: &'a [u8],
    layout: &'a Layout,
}

/// A supported version of HTTP (RFC 9110 section 2.5).
///
/// ```
/// use bytegate::request::Version;
///
/// assert_eq!(Version::Http11.as_str(), "HTTP/1.1");
/// assert_eq!("HTTP/1.0".parse(), Ok(Version::Http10));
/// assert!(Version::Http10 < Version::Http11);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// HTTP/1.0: one request per connection by default, no chunked coding, no interim responses.
    Http10,
    /// HTTP/1.1. Any higher minor version is served as 1.1.
    Http11,
}

impl Version {
    /// Returns `"HTTP/1.0"` or `"HTTP/1.1"`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Version::Http10 => "HTTP/1.0",
            Version::Http11 => "HTTP/1.1",
        }
    }
}

impl FromStr for Version {
    type Err = InvalidValue;

    /// Returns the version with this name. The case matters (RFC 9112 section 2.3).
    fn from_str(name: &str) -> Result<Version, InvalidValue> {
        let mut versions = [Version::Http10, Version::Http11].into_iter();
        let version = versions.find(|version| name == version.as_str());
        version.ok_or(InvalidValue::VERSION)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl<'a> Head<'a> {
    /// Creates a head from validated bytes.
    pub(crate) const fn new(bytes: &'a [u8], layout: &'a Layout) -> Head<'a> {
        Head { bytes, layout }
    }

    /// Returns the method.
    #[inline]
    #[must_use]
    pub fn method(&self) -> Method {
        self.layout.method
    }

    /// Returns the method as it was sent.
    pub(crate) fn method_token(&self) -> &'a str {
        self.layout.method_token().text(self.bytes)
    }

    /// Returns the request line as it was sent, without the line ending.
    #[must_use]
    pub fn line(&self) -> &'a [u8] {
        let end = (self.layout.fields.start as usize).saturating_sub(2);
        self.bytes.get(..end).unwrap_or_default()
    }

    /// Returns the target.
    #[must_use]
    pub fn target(&self) -> Target<'a> {
        let authority = self.layout.authority;
        self.layout.target_place.of(self.bytes, authority)
    }

    /// Returns the target as it was sent.
    #[must_use]
    pub fn target_text(&self) -> &'a str {
        self.layout.target.text(self.bytes)
    }

    /// Returns the path as it was sent, including percent-encoding. It is `*` for the server as a whole.
    #[must_use]
    pub fn path(&self) -> &'a str {
        text(self.path_bytes())
    }

    /// Like [`path`](Head::path), but returns bytes without checking each one.
    #[inline]
    pub(crate) fn path_bytes(&self) -> &'a [u8] {
        self.layout.target_place.path(self.bytes)
    }

    /// Returns the decoded path, which routers and sites use. Returns `None` if the path could be mistaken for
    /// another one (an encoded slash, a backslash, control characters, `.` and `..` segments) or is not UTF-8.
    pub fn decoded_path(&self) -> Option<Cow<'a, str>> {
        match self.decoded_path_bytes()? {
            Cow::Borrowed(path) => core::str::from_utf8(path).ok().map(Cow::Borrowed),
            Cow::Owned(path) => String::from_utf8(path).ok().map(Cow::Owned),
        }
    }

    /// Like [`decoded_path`](Head::decoded_path), but returns bytes. They are UTF-8.
    #[inline]
    pub(crate) fn decoded_path_bytes(&self) -> Option<Cow<'a, [u8]>> {
        self.layout.target_place.decoded_path(self.bytes)
    }

    /// Returns the query as it was sent, without the question mark.
    #[must_use]
    pub fn query(&self) -> Option<&'a str> {
        self.layout.target_place.query(self.bytes)
    }

    /// Returns the HTTP version whose rules apply.
    #[must_use]
    pub fn version(&self) -> Version {
        match self.layout.minor {
            0 => Version::Http10,
            _ => Version::Http11,
        }
    }

    /// Returns the headers.
    #[must_use]
    pub fn headers(&self) -> Headers<'a> {
        Headers::from_valid(self.layout.fields.of(self.bytes))
    }

    /// Returns the requested host and port, taken from the target if it names them and otherwise from Host (RFC 9110
    /// section 7.1). `None` only for HTTP/1.0.
    #[must_use]
    pub fn authority(&self) -> Option<Authority<'a>> {
        Some(self.layout.authority?.of(self.bytes))
    }

    /// Returns whether the client waits for `100 Continue`, or for a final response, before it sends the body (RFC 9110
    /// section 10.1.1).
    #[must_use]
    pub fn expects_continue(&self) -> bool {
        self.version() == Version::Http11 && self.layout.expect == Some(Expect::Continue)
    }

    /// Returns whether the request has a precondition or a range (RFC 9110 sections 13 and 14).
    pub(crate) fn is_conditional(&self) -> bool {
        self.layout.is_conditional
    }

    pub(crate) fn layout(&self) -> &Layout {
        self.layout
    }

    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

impl fmt::Debug for Head<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Head")
            .field("method", &self.method_token())
            .field("target", &self.target_text())
            .field("version", &self.version())
            .field("headers", &self.headers())
            .finish()
    }
}
