//! Request targets and their four forms (RFC 9112 section 3.2).

use super::authority::Authority;
use super::octets::{HEX, PATH, PLAIN_PATH};
use crate::values::config::Scheme;
use crate::values::error::{Error, Fault};
use crate::values::method::Method;

/// A request target. Paths and queries stay as they were sent, percent-encoding and all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// `/where?q=now`: what nearly every request has (section 3.2.1).
    Origin(PathAndQuery<'a>),
    /// `http://example.com/where?q=now` (section 3.2.2).
    Absolute {
        /// The scheme that was named.
        scheme: Scheme,
        /// The host and port that were named; they win over Host.
        authority: Authority<'a>,
        /// What follows the authority; an empty path was turned into `/`, or into `*` with OPTIONS.
        path: PathAndQuery<'a>,
    },
    /// `example.com:443`, only with CONNECT (section 3.2.3).
    Authority(Authority<'a>),
    /// `*`, only with OPTIONS: the server as a whole (section 3.2.4).
    Asterisk,
}

/// A path, and what stands behind the first question mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathAndQuery<'a> {
    /// Begins with `/`, or is `*`.
    pub path: &'a str,
    /// Without its question mark; `None` if there is none.
    pub query: Option<&'a str>,
}

impl<'a> Target<'a> {
    /// Finds the form. `text` holds only octets of the class that the request line lets through.
    pub(crate) fn parse(method: Method, text: &'a str) -> Result<Target<'a>, Fault> {
        if text.starts_with('/') && method != Method::Connect {
            return PathAndQuery::parse(text, 0).map(Target::Origin);
        }
        match method {
            Method::Connect => match Authority::parse(text) {
                Some(authority) if authority.port.is_some() => Ok(Target::Authority(authority)),
                _ => Err(Fault::new(Error::TargetForm, 0)),
            },
            Method::Options if text == "*" => Ok(Target::Asterisk),
            _ => parse_absolute(method, text),
        }
    }

    /// The path as it was sent; `*` for the server as a whole.
    pub fn path(&self) -> &'a str {
        match self {
            Target::Origin(path) | Target::Absolute { path, .. } => path.path,
            Target::Authority(_) | Target::Asterisk => "*",
        }
    }

    /// The query as it was sent, without its question mark.
    pub fn query(&self) -> Option<&'a str> {
        match self {
            Target::Origin(path) | Target::Absolute { path, .. } => path.query,
            Target::Authority(_) | Target::Asterisk => None,
        }
    }
}

impl<'a> PathAndQuery<'a> {
    fn parse(text: &'a str, offset: usize) -> Result<PathAndQuery<'a>, Fault> {
        let bytes = text.as_bytes();
        let plain = PLAIN_PATH.skip(bytes, 0);
        if plain == bytes.len() {
            return Ok(PathAndQuery {
                path: text,
                query: None,
            });
        }
        let end = PATH.skip(bytes, plain);
        let query = match bytes.get(end) {
            None => None,
            Some(b'?') => text.get(end + 1..),
            Some(_) => return Err(Fault::new(Error::TargetOctet, offset + end)),
        };
        check_escapes(bytes).map_err(|fault| Fault::new(fault.error, offset + fault.at))?;
        Ok(PathAndQuery {
            path: text.get(..end).unwrap_or_default(),
            query,
        })
    }
}

/// Every `%` has its two digits, and none spells NUL.
fn check_escapes(bytes: &[u8]) -> Result<(), Fault> {
    let mut at = 0;
    while let Some(found) = bytes
        .get(at..)
        .and_then(|rest| rest.iter().position(|&octet| octet == b'%'))
    {
        at += found;
        match bytes.get(at + 1..at + 3) {
            Some(b"00") => return Err(Fault::new(Error::TargetNul, at)),
            Some([high, low]) if HEX.contains(*high) && HEX.contains(*low) => at += 3,
            _ => return Err(Fault::new(Error::TargetEscape, at)),
        }
    }
    Ok(())
}

/// `scheme "://" authority path-abempty [ "?" query ]`
fn parse_absolute(method: Method, text: &str) -> Result<Target<'_>, Fault> {
    let form = Fault::new(Error::TargetForm, 0);
    let (name, rest) = text.split_once("://").ok_or(form)?;
    let scheme = match name {
        name if name.eq_ignore_ascii_case("http") => Scheme::Http,
        name if name.eq_ignore_ascii_case("https") => Scheme::Https,
        name if is_scheme(name) => return Err(Fault::new(Error::TargetScheme, 0)),
        _ => return Err(form),
    };
    let authority_start = name.len() + "://".len();
    let length = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(length);
    let authority =
        Authority::parse(authority).ok_or(Fault::new(Error::TargetAuthority, authority_start))?;
    let offset = authority_start + length;
    let path = match rest {
        // RFC 9112 section 3.2.4: OPTIONS without a path asks about the server as a whole.
        "" if method == Method::Options => PathAndQuery {
            path: "*",
            query: None,
        },
        "" => PathAndQuery {
            path: "/",
            query: None,
        },
        // RFC 9110 section 4.2.4: an empty path is the same as "/".
        rest if rest.starts_with('?') => {
            check_escapes(rest.as_bytes())
                .map_err(|fault| Fault::new(fault.error, offset + fault.at))?;
            PathAndQuery {
                path: "/",
                query: rest.get(1..),
            }
        }
        rest => PathAndQuery::parse(rest, offset)?,
    };
    Ok(Target::Absolute {
        scheme,
        authority,
        path,
    })
}

/// RFC 3986 section 3.1
fn is_scheme(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(method: Method, text: &str) -> Error {
        Target::parse(method, text).unwrap_err().error
    }

    #[test]
    fn the_four_forms() {
        let origin = |path, query| Ok(Target::Origin(PathAndQuery { path, query }));
        assert_eq!(Target::parse(Method::Get, "/"), origin("/", None));
        assert_eq!(
            Target::parse(Method::Get, "/a?b?c"),
            origin("/a", Some("b?c"))
        );
        assert_eq!(Target::parse(Method::Get, "/a?"), origin("/a", Some("")));
        assert_eq!(
            Target::parse(Method::Get, "/a?{|}^`[]"),
            origin("/a", Some("{|}^`[]"))
        );
        assert_eq!(Target::parse(Method::Options, "*"), Ok(Target::Asterisk));
        assert_eq!(
            Target::parse(Method::Options, "http://a").unwrap().path(),
            "*"
        );
        let authority = Authority::parse("a.b:1").unwrap();
        assert_eq!(
            Target::parse(Method::Connect, "a.b:1"),
            Ok(Target::Authority(authority))
        );
        for (text, path, query) in [
            ("HTTP://a.b:1", "/", None),
            ("http://a.b:1?q", "/", Some("q")),
            ("http://a.b:1/c?q", "/c", Some("q")),
        ] {
            assert_eq!(
                Target::parse(Method::Get, text),
                Ok(Target::Absolute {
                    scheme: Scheme::Http,
                    authority,
                    path: PathAndQuery { path, query }
                })
            );
        }
    }

    #[test]
    fn everything_else_is_refused() {
        assert_eq!(error(Method::Get, "*"), Error::TargetForm);
        assert_eq!(error(Method::Get, "index.html"), Error::TargetForm);
        assert_eq!(error(Method::Get, "../x"), Error::TargetForm);
        assert_eq!(error(Method::Get, "?a=b"), Error::TargetForm);
        assert_eq!(error(Method::Get, "localhost:80"), Error::TargetForm);
        assert_eq!(error(Method::Connect, "/"), Error::TargetForm);
        assert_eq!(error(Method::Connect, "a.b"), Error::TargetForm);
        assert_eq!(error(Method::Get, "ftp://a/"), Error::TargetScheme);
        assert_eq!(error(Method::Get, "http:///x"), Error::TargetAuthority);
        assert_eq!(error(Method::Get, "http://u@h/x"), Error::TargetAuthority);
        assert_eq!(error(Method::Get, "/a%zz"), Error::TargetEscape);
        assert_eq!(error(Method::Get, "/a%2"), Error::TargetEscape);
        assert_eq!(error(Method::Get, "/a?%"), Error::TargetEscape);
        assert_eq!(error(Method::Get, "http://a?%"), Error::TargetEscape);
        assert_eq!(error(Method::Get, "/a%00"), Error::TargetNul);
        assert_eq!(error(Method::Get, "/a{b"), Error::TargetOctet);
    }

    #[test]
    fn a_fault_says_where() {
        assert_eq!(Target::parse(Method::Get, "/abc%4").unwrap_err().at, 4);
        assert_eq!(
            Target::parse(Method::Get, "http://a/b%4").unwrap_err().at,
            10
        );
        assert_eq!(Target::parse(Method::Get, "http://u@h/").unwrap_err().at, 7);
    }
}
