//! Request targets and their four forms (RFC 9112 section 3.2).

use super::authority::{Authority, AuthorityPlace};
use super::octets::{HEX, PATH, PLAIN_PATH, Seen};
use super::span::{Span, ascii};
use crate::values::error::{Error, Fault};
use crate::values::method::Method;
use crate::values::scheme::Scheme;

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

/// Where the parts of a valid target stand, in octets of its head.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TargetPlace {
    form: Form,
    path: Path,
    query: Option<Span>,
}

#[derive(Clone, Copy, Debug)]
enum Form {
    Origin,
    Absolute(Scheme, AuthorityPlace),
    Authority(AuthorityPlace),
    Asterisk,
}

#[derive(Clone, Copy, Debug)]
enum Path {
    At(Span),
    /// RFC 9110 section 4.2.4: an empty path is the same as "/".
    Root,
    /// RFC 9112 section 3.2.4: OPTIONS without a path asks about the server as a whole.
    Server,
}

impl TargetPlace {
    /// Before a target has come.
    pub(crate) const NOWHERE: TargetPlace = TargetPlace {
        form: Form::Asterisk,
        path: Path::Server,
        query: None,
    };

    /// Finds the form and the parts of a target that holds only octets which the request line lets through; `seen` is
    /// what it was made of.
    #[inline]
    pub(crate) fn find(
        method: Method,
        bytes: &[u8],
        target: Span,
        seen: Seen,
    ) -> Result<TargetPlace, Fault> {
        match target.of(bytes) {
            [b'/', ..] if method != Method::Connect => {
                let (path, query) = path_and_query(bytes, target, seen)?;
                Ok(TargetPlace {
                    form: Form::Origin,
                    path,
                    query,
                })
            }
            _ => find_other_form(method, bytes, target, seen),
        }
    }

    /// The authority that the target names.
    pub(crate) fn authority(&self) -> Option<AuthorityPlace> {
        match self.form {
            Form::Absolute(_, authority) | Form::Authority(authority) => Some(authority),
            Form::Origin | Form::Asterisk => None,
        }
    }

    /// The scheme that the target names.
    pub(crate) fn scheme(&self) -> Option<Scheme> {
        match self.form {
            Form::Absolute(scheme, _) => Some(scheme),
            Form::Origin | Form::Authority(_) | Form::Asterisk => None,
        }
    }

    /// The path as it was sent; `*` for the server as a whole.
    #[inline]
    pub(crate) fn path<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        match self.path {
            Path::At(span) => span.of(bytes),
            Path::Root => b"/",
            Path::Server => b"*",
        }
    }

    /// The query as it was sent, without its question mark.
    pub(crate) fn query<'a>(&self, bytes: &'a [u8]) -> Option<&'a str> {
        self.query.map(|query| query.text(bytes))
    }

    /// The target with its parts as text.
    pub(crate) fn of<'a>(&self, bytes: &'a [u8]) -> Target<'a> {
        let path = PathAndQuery {
            path: ascii(self.path(bytes)),
            query: self.query(bytes),
        };
        match self.form {
            Form::Origin => Target::Origin(path),
            Form::Absolute(scheme, authority) => Target::Absolute {
                scheme,
                authority: authority.of(bytes),
                path,
            },
            Form::Authority(authority) => Target::Authority(authority.of(bytes)),
            Form::Asterisk => Target::Asterisk,
        }
    }
}

impl<'a> Target<'a> {
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

/// `absolute-path [ "?" query ]`, as clients write it: see [`PATH`] for the characters beyond RFC 3986.
#[inline]
fn path_and_query(bytes: &[u8], whole: Span, seen: Seen) -> Result<(Path, Option<Span>), Fault> {
    if seen.only(PLAIN_PATH) {
        return Ok((Path::At(whole), None));
    }
    let (start, end) = (whole.start as usize, whole.end as usize);
    let path_end = PATH.skip(bytes.get(..end).unwrap_or(bytes), start);
    let query = match bytes.get(path_end) {
        _ if path_end == end => None,
        Some(b'?') => Some(Span::new(path_end + 1, end)),
        _ => return Err(Fault::new(Error::TargetOctet, path_end)),
    };
    let path = Span::new(start, path_end);
    check_escapes(bytes, path, LonePercent::Refused)?;
    if let Some(query) = query {
        check_escapes(bytes, query, LonePercent::Literal)?;
    }
    Ok((Path::At(path), query))
}

/// What a `%` without two hexadecimal digits after it means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LonePercent {
    /// In a path: two programs could decode it differently, and serve different files.
    Refused,
    /// In a query: itself, as the URL Standard's parser of `application/x-www-form-urlencoded` reads it. People type
    /// `?q=50%`, and old scripts send `%u20AC`.
    Literal,
}

/// Checks each `%` of a path or a query. None may spell NUL.
fn check_escapes(bytes: &[u8], part: Span, lone_percent: LonePercent) -> Result<(), Fault> {
    let bytes = bytes.get(..part.end as usize).unwrap_or(bytes);
    let mut at = part.start as usize;
    while let Some(found) = bytes
        .get(at..)
        .and_then(|rest| rest.iter().position(|&octet| octet == b'%'))
    {
        at += found;
        match bytes.get(at + 1..at + 3) {
            Some(b"00") => return Err(Fault::new(Error::TargetNul, at)),
            Some([high, low]) if HEX.contains(*high) && HEX.contains(*low) => at += 3,
            _ if lone_percent == LonePercent::Literal => at += 1,
            _ => return Err(Fault::new(Error::TargetEscape, at)),
        }
    }
    Ok(())
}

#[cold]
fn find_other_form(
    method: Method,
    bytes: &[u8],
    target: Span,
    seen: Seen,
) -> Result<TargetPlace, Fault> {
    let form = |form| TargetPlace {
        form,
        ..TargetPlace::NOWHERE
    };
    match (method, target.of(bytes)) {
        (Method::Connect, _) => match AuthorityPlace::find(bytes, target) {
            Some(authority) if authority.has_port() => Ok(form(Form::Authority(authority))),
            _ => Err(Fault::new(Error::TargetForm, target.start as usize)),
        },
        (Method::Options, b"*") => Ok(form(Form::Asterisk)),
        _ => find_absolute(method, bytes, target, seen),
    }
}

/// `scheme "://" authority path-abempty [ "?" query ]`
fn find_absolute(
    method: Method,
    bytes: &[u8],
    target: Span,
    seen: Seen,
) -> Result<TargetPlace, Fault> {
    let (start, text) = (target.start as usize, target.text(bytes));
    let form = Fault::new(Error::TargetForm, start);
    let (name, rest) = text.split_once("://").ok_or(form)?;
    let scheme = match name {
        name if name.eq_ignore_ascii_case("http") => Scheme::Http,
        name if name.eq_ignore_ascii_case("https") => Scheme::Https,
        name if is_scheme(name) => return Err(Fault::new(Error::TargetScheme, start)),
        _ => return Err(form),
    };
    let from = start + name.len() + "://".len();
    let length = rest.find(['/', '?']).unwrap_or(rest.len());
    let authority = Span::new(from, from + length);
    let authority =
        AuthorityPlace::find(bytes, authority).ok_or(Fault::new(Error::TargetAuthority, from))?;
    let behind = Span::new(from + length, target.end as usize);
    let (path, query) = match behind.of(bytes) {
        [] if method == Method::Options => (Path::Server, None),
        [] => (Path::Root, None),
        [b'?', ..] => {
            let query = Span::new(from + length + 1, target.end as usize);
            check_escapes(bytes, query, LonePercent::Literal)?;
            (Path::Root, Some(query))
        }
        _ => path_and_query(bytes, behind, seen)?,
    };
    Ok(TargetPlace {
        form: Form::Absolute(scheme, authority),
        path,
        query,
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
    use super::super::octets::TARGET;
    use super::*;

    fn parse(method: Method, text: &str) -> Result<Target<'_>, Fault> {
        let bytes = text.as_bytes();
        let (end, seen) = TARGET.skip_seeing(bytes, 0, Seen::NOTHING);
        assert_eq!(end, text.len(), "{text} is no target");
        let place = TargetPlace::find(method, bytes, Span::new(0, end), seen)?;
        Ok(place.of(bytes))
    }

    fn error(method: Method, text: &str) -> Error {
        parse(method, text).unwrap_err().error
    }

    #[test]
    fn the_four_forms() {
        let origin = |path, query| Ok(Target::Origin(PathAndQuery { path, query }));
        assert_eq!(parse(Method::Get, "/"), origin("/", None));
        assert_eq!(parse(Method::Get, "/a?b?c"), origin("/a", Some("b?c")));
        assert_eq!(parse(Method::Get, "/a?"), origin("/a", Some("")));
        assert_eq!(parse(Method::Options, "*"), Ok(Target::Asterisk));
        assert_eq!(parse(Method::Options, "http://a").unwrap().path(), "*");
        let authority = Authority::parse("a.b:1").unwrap();
        assert_eq!(
            parse(Method::Connect, "a.b:1"),
            Ok(Target::Authority(authority))
        );
        assert_eq!(
            parse(Method::Get, "/a[1]{|}^`?\\&%&%u20AC&50%"),
            origin("/a[1]{|}^`", Some("\\&%&%u20AC&50%"))
        );
        for (text, path, query) in [
            ("HTTP://a.b:1", "/", None),
            ("http://a.b:1?q", "/", Some("q")),
            ("http://a.b:1/c?q", "/c", Some("q")),
        ] {
            assert_eq!(
                parse(Method::Get, text),
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
        assert_eq!(error(Method::Get, "/a%z2"), Error::TargetEscape);
        assert_eq!(error(Method::Get, "/a%20%zz"), Error::TargetEscape);
        assert_eq!(error(Method::Get, "/a%20bc%00"), Error::TargetNul);
        assert_eq!(error(Method::Get, "/a%2z"), Error::TargetEscape);
        assert_eq!(error(Method::Get, "/a%2"), Error::TargetEscape);
        assert_eq!(error(Method::Get, "/a%00"), Error::TargetNul);
        assert_eq!(error(Method::Get, "/a?%%00"), Error::TargetNul);
        assert_eq!(error(Method::Get, "http://a?%00"), Error::TargetNul);
        assert_eq!(error(Method::Get, "/a\\b"), Error::TargetOctet);
        assert_eq!(error(Method::Get, "http://a\\b/"), Error::TargetAuthority);
        assert_eq!(error(Method::Get, "http://a/\\b"), Error::TargetOctet);
    }

    #[test]
    fn a_fault_says_where() {
        assert_eq!(parse(Method::Get, "/abc%4").unwrap_err().at, 4);
        assert_eq!(parse(Method::Get, "http://a/b%4").unwrap_err().at, 10);
        assert_eq!(parse(Method::Get, "http://u@h/").unwrap_err().at, 7);
        assert_eq!(parse(Method::Get, "/ab\\").unwrap_err().at, 3);
        assert_eq!(parse(Method::Get, "/a?%%00").unwrap_err().at, 4);
    }
}
