//! Request methods (RFC 9110 section 9).

use core::fmt;
use core::hash::{Hash, Hasher};

/// The maximum length of a method, in bytes. A longer one gets a 501 before the rest of it arrives.
pub(crate) const METHOD_BYTES: usize = 32;

/// A request method. Methods are case-sensitive (RFC 9110 section 9.1).
///
/// Any token of up to 32 bytes is a method. Methods without a variant are [`Method::Other`] and are compared by their
/// token.
///
/// ```
/// use bytegate::Method;
///
/// assert_eq!(Method::from_token("GET"), Some(Method::Get));
/// let purge = Method::from_token("PURGE").unwrap();
/// assert_eq!(purge.as_str(), "PURGE");
/// assert_ne!(Some(purge), Method::from_token("purge"));
/// assert_eq!(Method::from_token("NOT A TOKEN"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// Transfer a representation of the resource.
    Get,
    /// Like GET, but without the response body.
    Head,
    /// Let the resource process the body.
    Post,
    /// Replace the resource with the body.
    Put,
    /// Change the resource as the body describes (RFC 5789).
    Patch,
    /// Remove the resource.
    Delete,
    /// Ask which methods the resource supports.
    Options,
    /// Loop the request back. Never served, because it reflects secrets.
    Trace,
    /// Open a tunnel. Never served, because this is an origin server.
    Connect,
    /// Any other token, such as `PROPFIND` or `PURGE`. The application that owns the path decides what it means.
    Other(OtherMethod),
}

/// The token of a method without a variant in [`Method`].
///
/// ```
/// use bytegate::Method;
///
/// match Method::from_token("PROPFIND") {
///     Some(Method::Other(other)) => assert_eq!(other.as_str(), "PROPFIND"),
///     _ => unreachable!("PROPFIND has no variant"),
/// }
/// ```
#[derive(Clone, Copy)]
pub struct OtherMethod {
    length: u8,
    token: [u8; METHOD_BYTES],
}

/// The method that a token names, without the token itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MethodKind {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
    Options,
    Trace,
    Connect,
    Other,
}

impl MethodKind {
    /// Returns the method of this kind. `token` is its token.
    #[inline(always)]
    pub(crate) fn method(self, token: &[u8]) -> Method {
        match self {
            MethodKind::Get => Method::Get,
            MethodKind::Head => Method::Head,
            MethodKind::Post => Method::Post,
            MethodKind::Put => Method::Put,
            MethodKind::Patch => Method::Patch,
            MethodKind::Delete => Method::Delete,
            MethodKind::Options => Method::Options,
            MethodKind::Trace => Method::Trace,
            MethodKind::Connect => Method::Connect,
            MethodKind::Other => Method::Other(OtherMethod::new(token)),
        }
    }

    /// Returns the kind of the method with this token.
    pub(crate) fn of(token: &[u8]) -> MethodKind {
        match token {
            b"GET" => MethodKind::Get,
            b"HEAD" => MethodKind::Head,
            b"POST" => MethodKind::Post,
            b"PUT" => MethodKind::Put,
            b"PATCH" => MethodKind::Patch,
            b"DELETE" => MethodKind::Delete,
            b"OPTIONS" => MethodKind::Options,
            b"TRACE" => MethodKind::Trace,
            b"CONNECT" => MethodKind::Connect,
            _ => MethodKind::Other,
        }
    }
}

impl Method {
    /// Returns the method for a token. Returns `None` for anything that is not a token or is longer than 32 bytes.
    pub fn from_token(token: &str) -> Option<Method> {
        let is_token = !token.is_empty() && token.bytes().all(is_tchar);
        (is_token && token.len() <= METHOD_BYTES).then(|| Method::from_valid(token.as_bytes()))
    }

    /// Returns the method for a valid token of at most 32 bytes.
    pub(crate) fn from_valid(token: &[u8]) -> Method {
        MethodKind::of(token).method(token)
    }

    /// Returns the token as it is sent.
    pub fn as_str(&self) -> &str {
        match self {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
            Method::Options => "OPTIONS",
            Method::Trace => "TRACE",
            Method::Connect => "CONNECT",
            Method::Other(other) => other.as_str(),
        }
    }
}

impl OtherMethod {
    #[cold]
    fn new(token: &[u8]) -> OtherMethod {
        let mut other = OtherMethod {
            length: 0,
            token: [0; METHOD_BYTES],
        };
        for (place, &octet) in other.token.iter_mut().zip(token) {
            *place = octet;
            other.length += 1;
        }
        other
    }

    /// Returns the token as it is sent.
    pub fn as_str(&self) -> &str {
        let token = self.token.get(..usize::from(self.length));
        core::str::from_utf8(token.unwrap_or_default()).unwrap_or_default()
    }
}

impl PartialEq for OtherMethod {
    fn eq(&self, other: &OtherMethod) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for OtherMethod {}

impl Hash for OtherMethod {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Debug for OtherMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl PartialEq<str> for Method {
    fn eq(&self, token: &str) -> bool {
        self.as_str() == token
    }
}

impl PartialEq<&str> for Method {
    fn eq(&self, token: &&str) -> bool {
        self.as_str() == *token
    }
}

/// Returns whether a byte is a `tchar` (RFC 9110 section 5.6.2).
pub(crate) const fn is_tchar(octet: u8) -> bool {
    octet.is_ascii_alphanumeric()
        || matches!(
            octet,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}
