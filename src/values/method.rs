//! Request methods (RFC 9110 section 9).

use core::fmt;

/// A request method. Methods are case-sensitive (RFC 9110 section 9.1).
///
/// ```
/// use bytegate::Method;
///
/// assert_eq!(Method::from_token("GET"), Method::Get);
/// assert_eq!(Method::from_token("get"), Method::Other);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// Transfer a representation of the resource.
    Get,
    /// As GET, without the content.
    Head,
    /// Let the resource process the content.
    Post,
    /// Replace the resource with the content.
    Put,
    /// Change the resource as the content says (RFC 5789).
    Patch,
    /// Remove the resource.
    Delete,
    /// Ask what may be done with the resource.
    Options,
    /// Loop the request back; never served, because it reflects secrets.
    Trace,
    /// Open a tunnel; never served, because this is an origin server.
    Connect,
    /// Any other token: not implemented here, and answered so.
    Other,
}

impl Method {
    /// The method that a token names; [`Method::Other`] for a token unknown here.
    pub const fn from_token(token: &str) -> Method {
        Method::from_octets(token.as_bytes())
    }

    pub(crate) const fn from_octets(token: &[u8]) -> Method {
        match token {
            b"GET" => Method::Get,
            b"HEAD" => Method::Head,
            b"POST" => Method::Post,
            b"PUT" => Method::Put,
            b"PATCH" => Method::Patch,
            b"DELETE" => Method::Delete,
            b"OPTIONS" => Method::Options,
            b"TRACE" => Method::Trace,
            b"CONNECT" => Method::Connect,
            _ => Method::Other,
        }
    }

    /// The token as it stands on the wire; `"?"` for [`Method::Other`], whose token only the request knows.
    pub const fn as_str(self) -> &'static str {
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
            Method::Other => "?",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
