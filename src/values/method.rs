//! Request methods (RFC 9110 section 9).

use super::invalid_value::InvalidValue;
use core::fmt;
use core::str::FromStr;

/// The maximum length of a method, in bytes. A longer one gets a 501 before the rest of it arrives.
pub(crate) const METHOD_BYTES: usize = 32;

/// A request method. Methods are case-sensitive (RFC 9110 section 9.1).
///
/// Any token of up to 32 bytes is a method, such as `PURGE` or WebDAV's `PROPFIND`. The application decides what it
/// means. The constants can be patterns of a `match`.
///
/// ```
/// use bytegate::Method;
///
/// let purge: Method = "PURGE".parse()?;
/// assert_eq!(purge.as_str(), "PURGE");
/// assert_eq!("GET".parse(), Ok(Method::GET));
/// assert!("NOT A TOKEN".parse::<Method>().is_err());
///
/// let is_safe = match purge {
///     Method::GET | Method::HEAD | Method::OPTIONS => true,
///     other => other == "PROPFIND",
/// };
/// assert!(!is_safe);
/// # Ok::<(), bytegate::request::InvalidValue>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Method(Token);

/// The token of a method.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Token {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
    Options,
    Trace,
    Connect,
    /// Any other token.
    Extension(Extension),
}

/// A token that has no variant in [`Token`].
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Extension {
    length: u8,
    /// The token, followed by zeros.
    bytes: [u8; METHOD_BYTES],
}

impl Method {
    /// Transfer a representation of the resource.
    pub const GET: Method = Method(Token::Get);
    /// Like GET, but without the response body.
    pub const HEAD: Method = Method(Token::Head);
    /// Let the resource process the body.
    pub const POST: Method = Method(Token::Post);
    /// Replace the resource with the body.
    pub const PUT: Method = Method(Token::Put);
    /// Change the resource as the body describes (RFC 5789).
    pub const PATCH: Method = Method(Token::Patch);
    /// Remove the resource.
    pub const DELETE: Method = Method(Token::Delete);
    /// Ask which methods the resource supports.
    pub const OPTIONS: Method = Method(Token::Options);
    /// Loop the request back. Never served, because it reflects secrets.
    pub const TRACE: Method = Method(Token::Trace);
    /// Open a tunnel. Never served, because this is an origin server.
    pub const CONNECT: Method = Method(Token::Connect);

    /// Returns the method for a valid token of at most 32 bytes.
    pub(crate) fn from_valid(token: &[u8]) -> Method {
        Method(match token {
            b"GET" => Token::Get,
            b"HEAD" => Token::Head,
            b"POST" => Token::Post,
            b"PUT" => Token::Put,
            b"PATCH" => Token::Patch,
            b"DELETE" => Token::Delete,
            b"OPTIONS" => Token::Options,
            b"TRACE" => Token::Trace,
            b"CONNECT" => Token::Connect,
            _ => Token::Extension(Extension::new(token)),
        })
    }

    /// Returns whether this method has no constant.
    pub(crate) const fn is_extension(self) -> bool {
        matches!(self.0, Token::Extension(_))
    }

    /// Returns the token as it is sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Token::Get => "GET",
            Token::Head => "HEAD",
            Token::Post => "POST",
            Token::Put => "PUT",
            Token::Patch => "PATCH",
            Token::Delete => "DELETE",
            Token::Options => "OPTIONS",
            Token::Trace => "TRACE",
            Token::Connect => "CONNECT",
            Token::Extension(extension) => extension.as_str(),
        }
    }
}

impl Extension {
    #[cold]
    fn new(token: &[u8]) -> Extension {
        let mut extension = Extension {
            length: 0,
            bytes: [0; METHOD_BYTES],
        };
        for (place, &byte) in extension.bytes.iter_mut().zip(token) {
            *place = byte;
            extension.length += 1;
        }
        extension
    }

    fn as_str(&self) -> &str {
        let token = self.bytes.get(..usize::from(self.length));
        core::str::from_utf8(token.unwrap_or_default()).unwrap_or_default()
    }
}

impl FromStr for Method {
    type Err = InvalidValue;

    /// Returns the method for a token of up to 32 bytes.
    fn from_str(token: &str) -> Result<Method, InvalidValue> {
        let is_token = !token.is_empty() && token.bytes().all(is_tchar);
        if is_token && token.len() <= METHOD_BYTES {
            Ok(Method::from_valid(token.as_bytes()))
        } else {
            Err(InvalidValue::METHOD)
        }
    }
}

impl AsRef<str> for Method {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
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
pub(crate) const fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
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

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn a_method_is_a_token_of_up_to_32_bytes() {
        let longest = "X".repeat(METHOD_BYTES);
        for token in ["GET", "CONNECT", "get", "M-SEARCH", "!", &*longest] {
            let method: Method = token.parse().unwrap();
            assert_eq!(method.as_str(), token);
            assert_eq!(method, token);
            assert_eq!(format!("{method} {method:?}"), format!("{token} {token}"));
        }
        for text in [
            "",
            " GET",
            "GET ",
            "A,B",
            "caf\u{e9}",
            &"X".repeat(METHOD_BYTES + 1),
        ] {
            assert_eq!(
                text.parse::<Method>(),
                Err(InvalidValue::METHOD),
                "{text:?}"
            );
        }
    }

    #[test]
    fn equality_needs_the_whole_token() {
        let method = |token: &str| token.parse::<Method>().unwrap();
        assert_eq!(method("PUT"), Method::PUT);
        assert_ne!(method("put"), Method::PUT);
        assert_eq!(method("LINK"), method("LINK"));
        assert_ne!(method("LINK"), method("LINKS"));
    }
}
