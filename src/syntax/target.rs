//! Request targets and their four forms (RFC 9112 section 3.2).

use super::authority::{Authority, AuthorityPlace};
use super::byte_class::{HEX, PATH, PLAIN_PATH, Seen};
use super::path;
use super::span::{OptionalSpan, Span, text};
use crate::values::method::Method;
use crate::values::protocol_error::{InvalidRequest, ProtocolError};
use crate::values::scheme::Scheme;
use alloc::borrow::Cow;

/// A request target. Paths and queries are kept as they were sent, including percent-encoding. A path is ASCII. A query can
/// have unencoded quotes, angle brackets and characters in UTF-8 (RFC 3987 section 2.2), which many clients send.
///
/// ```
/// use bytegate::Request;
/// use bytegate::request::Target;
///
/// let request = Request::builder("GET", "http://localhost/a?b").build()?;
/// match request.head().target() {
///     Target::Absolute { authority, path, .. } => {
///         assert_eq!((authority.host, path.path, path.query), ("localhost", "/a", Some("b")));
///     }
///     other => unreachable!("{other:?}"),
/// }
/// # Ok::<(), bytegate::request::InvalidRequest>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// `/where?q=now`: the form of nearly every request (section 3.2.1).
    Origin(PathAndQuery<'a>),
    /// `http://example.com/where?q=now` (section 3.2.2).
    Absolute {
        /// The scheme in the target.
        scheme: Scheme,
        /// The host and port in the target. They take precedence over Host.
        authority: Authority<'a>,
        /// The part after the authority. An empty path becomes `/`, or `*` with OPTIONS.
        path: PathAndQuery<'a>,
    },
    /// `example.com:443`, only with CONNECT (section 3.2.3).
    Authority(Authority<'a>),
    /// `*`, only with OPTIONS: the server as a whole (section 3.2.4).
    Asterisk,
}

/// A path and an optional query, which follows the first question mark.
///
/// ```
/// use bytegate::Request;
/// use bytegate::request::{PathAndQuery, Target};
///
/// let request = Request::builder("GET", "/a?b=c").build()?;
/// let expected = PathAndQuery { path: "/a", query: Some("b=c") };
/// assert_eq!(request.head().target(), Target::Origin(expected));
/// # Ok::<(), bytegate::request::InvalidRequest>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathAndQuery<'a> {
    /// The path. It begins with `/` or is `*`.
    pub path: &'a str,
    /// The query without the question mark, if any.
    pub query: Option<&'a str>,
}

/// The positions of the parts of a valid target, in bytes from the start of the head.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TargetPlace {
    form: Form,
    path: OptionalSpan,
    query: OptionalSpan,
}

/// The form of a target. If it has no path, the form decides about the path.
#[derive(Clone, Copy, Debug)]
enum Form {
    Origin,
    /// A path without a query that is equal to its decoded form, as the scan of the request line has found.
    PlainOrigin,
    /// Without a path, the same as with "/" (RFC 9110 section 4.2.4).
    Absolute(Scheme),
    /// Has no path, and asks about the server as a whole (RFC 9112 section 3.2.4). Only with OPTIONS.
    AbsoluteServer(Scheme),
    Authority,
    Asterisk,
}

impl TargetPlace {
    /// The value before a target has been parsed.
    pub(crate) const NOWHERE: TargetPlace = TargetPlace {
        form: Form::Asterisk,
        path: OptionalSpan::NONE,
        query: OptionalSpan::NONE,
    };

    /// Returns whether a target is only a path without escapes, which nearly every target is.
    #[inline]
    pub(crate) fn is_common(method: Method, bytes: &[u8], target: Span, seen: Seen) -> bool {
        let is_path = seen.only(PLAIN_PATH) && matches!(target.of(bytes), [b'/', ..]);
        is_path && method != Method::CONNECT
    }

    /// Returns the parts of a [common](TargetPlace::is_common) target.
    #[inline(always)]
    pub(crate) const fn common(target: Span, seen: Seen) -> TargetPlace {
        TargetPlace {
            form: if seen.is_nothing() {
                Form::PlainOrigin
            } else {
                Form::Origin
            },
            path: OptionalSpan::some(target),
            query: OptionalSpan::NONE,
        }
    }

    /// Finds the form and the parts of a target, and the authority if the target has one. The request line has already
    /// restricted its bytes.
    #[inline(never)]
    pub(crate) fn find(
        method: Method,
        bytes: &[u8],
        target: Span,
    ) -> Result<(TargetPlace, Option<AuthorityPlace>), InvalidRequest> {
        match target.of(bytes) {
            [b'/', ..] if method != Method::CONNECT => {
                let (path, query) = path_and_query(bytes, target)?;
                let form = Form::Origin;
                Ok((TargetPlace { form, path, query }, None))
            }
            _ => find_other_form(method, bytes, target),
        }
    }

    /// Returns the scheme in the target.
    pub(crate) fn scheme(&self) -> Option<Scheme> {
        match self.form {
            Form::Absolute(scheme) | Form::AbsoluteServer(scheme) => Some(scheme),
            Form::Origin | Form::PlainOrigin | Form::Authority | Form::Asterisk => None,
        }
    }

    /// Returns the path as it was sent, or `*` for the server as a whole.
    #[inline]
    pub(crate) fn path<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        match self.path.get() {
            Some(path) => path.of(bytes),
            None => self.default_path(),
        }
    }

    /// Returns the decoded path. See [`path::decode`].
    #[inline]
    pub(crate) fn decoded_path<'a>(&self, bytes: &'a [u8]) -> Option<Cow<'a, [u8]>> {
        match self.path.get() {
            Some(path) if matches!(self.form, Form::PlainOrigin) => {
                Some(Cow::Borrowed(path.of(bytes)))
            }
            Some(path) => path::decode(bytes, path),
            None => Some(Cow::Borrowed(self.default_path())),
        }
    }

    #[cold]
    fn default_path(&self) -> &'static [u8] {
        match self.form {
            Form::Origin | Form::PlainOrigin | Form::Absolute(_) => b"/",
            Form::AbsoluteServer(_) | Form::Authority | Form::Asterisk => b"*",
        }
    }

    /// Returns the query as it was sent, without the question mark.
    pub(crate) fn query<'a>(&self, bytes: &'a [u8]) -> Option<&'a str> {
        Some(self.query.get()?.text(bytes))
    }

    /// Returns the target with its parts as text. `authority` is the one in the target, if it has one.
    pub(crate) fn of<'a>(&self, bytes: &'a [u8], authority: Option<AuthorityPlace>) -> Target<'a> {
        let path = PathAndQuery {
            path: text(self.path(bytes)),
            query: self.query(bytes),
        };
        match (self.scheme(), authority) {
            (Some(scheme), Some(authority)) => Target::Absolute {
                scheme,
                authority: authority.of(bytes),
                path,
            },
            (None, Some(authority)) if matches!(self.form, Form::Authority) => {
                Target::Authority(authority.of(bytes))
            }
            _ if matches!(self.form, Form::Asterisk) => Target::Asterisk,
            _ => Target::Origin(path),
        }
    }
}

impl<'a> Target<'a> {
    /// Returns the path as it was sent, or `*` for the server as a whole.
    #[must_use]
    pub fn path(&self) -> &'a str {
        match self {
            Target::Origin(path) | Target::Absolute { path, .. } => path.path,
            Target::Authority(_) | Target::Asterisk => "*",
        }
    }

    /// Returns the query as it was sent, without the question mark.
    #[must_use]
    pub fn query(&self) -> Option<&'a str> {
        match self {
            Target::Origin(path) | Target::Absolute { path, .. } => path.query,
            Target::Authority(_) | Target::Asterisk => None,
        }
    }
}

/// Parses `absolute-path [ "?" query ]` as clients send it. See [`PATH`] for the characters beyond RFC 3986.
#[inline]
fn path_and_query(
    bytes: &[u8],
    whole: Span,
) -> Result<(OptionalSpan, OptionalSpan), InvalidRequest> {
    let (start, end) = (whole.start as usize, whole.end as usize);
    let path_end = PATH.skip(bytes.get(..end).unwrap_or(bytes), start);
    let query = match bytes.get(path_end) {
        _ if path_end == end => None,
        Some(b'?') => Some(Span::new(path_end + 1, end)),
        _ => return Err(InvalidRequest::new(ProtocolError::TargetByte, path_end)),
    };
    let path = Span::new(start, path_end);
    check_escapes(bytes, path, LonePercent::Refused)?;
    if let Some(query) = query {
        check_escapes(bytes, query, LonePercent::Literal)?;
    }
    let query = query.map_or(OptionalSpan::NONE, OptionalSpan::some);
    Ok((OptionalSpan::some(path), query))
}

/// The treatment of a `%` that is not followed by two hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LonePercent {
    /// An error, in a path. Two programs could decode it differently and serve different files.
    Refused,
    /// A literal `%`, in a query, as in the `application/x-www-form-urlencoded` parser of the URL Standard. People
    /// type `?q=50%`, and old scripts send `%u20AC`.
    Literal,
}

/// Checks each `%` of a path or a query. An escape must not encode NUL.
fn check_escapes(
    bytes: &[u8],
    part: Span,
    lone_percent: LonePercent,
) -> Result<(), InvalidRequest> {
    let bytes = bytes.get(..part.end as usize).unwrap_or(bytes);
    let mut at = part.start as usize;
    while let Some(found) = bytes
        .get(at..)
        .and_then(|rest| rest.iter().position(|&byte| byte == b'%'))
    {
        at += found;
        match bytes.get(at + 1..at + 3) {
            Some(b"00") => return Err(InvalidRequest::new(ProtocolError::TargetNul, at)),
            Some([high, low]) if HEX.contains(*high) && HEX.contains(*low) => at += 3,
            _ if lone_percent == LonePercent::Literal => at += 1,
            _ => return Err(InvalidRequest::new(ProtocolError::TargetEscape, at)),
        }
    }
    Ok(())
}

#[cold]
fn find_other_form(
    method: Method,
    bytes: &[u8],
    target: Span,
) -> Result<(TargetPlace, Option<AuthorityPlace>), InvalidRequest> {
    let form = |form| TargetPlace {
        form,
        ..TargetPlace::NOWHERE
    };
    match (method, target.of(bytes)) {
        (Method::CONNECT, _) => match AuthorityPlace::find(bytes, target) {
            Some(authority) if authority.has_port() => Ok((form(Form::Authority), Some(authority))),
            _ => Err(InvalidRequest::new(
                ProtocolError::TargetForm,
                target.start as usize,
            )),
        },
        (Method::OPTIONS, b"*") => Ok((form(Form::Asterisk), None)),
        _ => find_absolute(method, bytes, target),
    }
}

/// Parses `scheme "://" authority path-abempty [ "?" query ]`.
fn find_absolute(
    method: Method,
    bytes: &[u8],
    target: Span,
) -> Result<(TargetPlace, Option<AuthorityPlace>), InvalidRequest> {
    let (start, text) = (target.start as usize, target.text(bytes));
    let form = InvalidRequest::new(ProtocolError::TargetForm, start);
    let (name, rest) = text.split_once("://").ok_or(form)?;
    let scheme = match name {
        name if name.eq_ignore_ascii_case("http") => Scheme::Http,
        name if name.eq_ignore_ascii_case("https") => Scheme::Https,
        name if is_scheme(name) => {
            return Err(InvalidRequest::new(ProtocolError::TargetScheme, start));
        }
        _ => return Err(form),
    };
    let from = start + name.len() + "://".len();
    let length = rest.find(['/', '?']).unwrap_or(rest.len());
    let authority = Span::new(from, from + length);
    let authority = AuthorityPlace::find(bytes, authority)
        .ok_or(InvalidRequest::new(ProtocolError::TargetAuthority, from))?;
    let tail = Span::new(from + length, target.end as usize);
    let none = OptionalSpan::NONE;
    let (form, path, query) = match tail.of(bytes) {
        [] if method == Method::OPTIONS => (Form::AbsoluteServer(scheme), none, none),
        [] => (Form::Absolute(scheme), none, none),
        [b'?', ..] => {
            let query = Span::new(from + length + 1, target.end as usize);
            check_escapes(bytes, query, LonePercent::Literal)?;
            (Form::Absolute(scheme), none, OptionalSpan::some(query))
        }
        _ => {
            let (path, query) = path_and_query(bytes, tail)?;
            (Form::Absolute(scheme), path, query)
        }
    };
    Ok((TargetPlace { form, path, query }, Some(authority)))
}

/// Returns whether `name` is a scheme (RFC 3986 section 3.1).
fn is_scheme(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::byte_class::TARGET;

    fn parse(method: Method, text: &str) -> Result<Target<'_>, InvalidRequest> {
        let bytes = text.as_bytes();
        let end = TARGET.skip(bytes, 0);
        assert_eq!(end, text.len(), "{text} is no target");
        let (place, authority) = TargetPlace::find(method, bytes, Span::new(0, end))?;
        Ok(place.of(bytes, authority))
    }

    fn error(method: Method, text: &str) -> ProtocolError {
        parse(method, text).unwrap_err().error
    }

    #[test]
    fn all_four_forms_are_parsed() {
        let origin = |path, query| Ok(Target::Origin(PathAndQuery { path, query }));
        assert_eq!(parse(Method::GET, "/"), origin("/", None));
        assert_eq!(parse(Method::GET, "/a?b?c"), origin("/a", Some("b?c")));
        assert_eq!(parse(Method::GET, "/a?"), origin("/a", Some("")));
        assert_eq!(parse(Method::OPTIONS, "*"), Ok(Target::Asterisk));
        assert_eq!(parse(Method::OPTIONS, "http://a").unwrap().path(), "*");
        let authority = Authority::parse("a.b:1").unwrap();
        assert_eq!(
            parse(Method::CONNECT, "a.b:1"),
            Ok(Target::Authority(authority))
        );
        assert_eq!(
            parse(Method::GET, "/a[1]{|}^`?\\&%&%u20AC&50%"),
            origin("/a[1]{|}^`", Some("\\&%&%u20AC&50%"))
        );
        for (text, path, query) in [
            ("HTTP://a.b:1", "/", None),
            ("http://a.b:1?q", "/", Some("q")),
            ("http://a.b:1/c?q", "/c", Some("q")),
        ] {
            assert_eq!(
                parse(Method::GET, text),
                Ok(Target::Absolute {
                    scheme: Scheme::Http,
                    authority,
                    path: PathAndQuery { path, query }
                })
            );
        }
    }

    #[test]
    fn everything_else_is_rejected() {
        assert_eq!(error(Method::GET, "*"), ProtocolError::TargetForm);
        assert_eq!(error(Method::GET, "index.html"), ProtocolError::TargetForm);
        assert_eq!(error(Method::GET, "../x"), ProtocolError::TargetForm);
        assert_eq!(error(Method::GET, "?a=b"), ProtocolError::TargetForm);
        assert_eq!(
            error(Method::GET, "localhost:80"),
            ProtocolError::TargetForm
        );
        assert_eq!(error(Method::CONNECT, "/"), ProtocolError::TargetForm);
        assert_eq!(error(Method::CONNECT, "a.b"), ProtocolError::TargetForm);
        assert_eq!(error(Method::GET, "ftp://a/"), ProtocolError::TargetScheme);
        assert_eq!(
            error(Method::GET, "http:///x"),
            ProtocolError::TargetAuthority
        );
        assert_eq!(
            error(Method::GET, "http://u@h/x"),
            ProtocolError::TargetAuthority
        );
        assert_eq!(error(Method::GET, "/a%zz"), ProtocolError::TargetEscape);
        assert_eq!(error(Method::GET, "/a%z2"), ProtocolError::TargetEscape);
        assert_eq!(error(Method::GET, "/a%20%zz"), ProtocolError::TargetEscape);
        assert_eq!(error(Method::GET, "/a%20bc%00"), ProtocolError::TargetNul);
        assert_eq!(error(Method::GET, "/a%2z"), ProtocolError::TargetEscape);
        assert_eq!(error(Method::GET, "/a%2"), ProtocolError::TargetEscape);
        assert_eq!(error(Method::GET, "/a%00"), ProtocolError::TargetNul);
        assert_eq!(error(Method::GET, "/a?%%00"), ProtocolError::TargetNul);
        assert_eq!(error(Method::GET, "http://a?%00"), ProtocolError::TargetNul);
        assert_eq!(error(Method::GET, "/a\\b"), ProtocolError::TargetByte);
        assert_eq!(
            error(Method::GET, "http://a\\b/"),
            ProtocolError::TargetAuthority
        );
        assert_eq!(
            error(Method::GET, "http://a/\\b"),
            ProtocolError::TargetByte
        );
    }

    #[test]
    fn a_query_may_have_characters_that_no_path_has() {
        let target = "/a?\"<\u{e9}\u{1f600}>";
        let bytes = target.as_bytes();
        let span = Span::new(0, bytes.len());
        let (place, _) = TargetPlace::find(Method::GET, bytes, span).unwrap();
        assert_eq!(place.path(bytes), b"/a");
        assert_eq!(place.query(bytes), Some("\"<\u{e9}\u{1f600}>"));
    }

    #[test]
    fn errors_have_positions() {
        assert_eq!(parse(Method::GET, "/abc%4").unwrap_err().at, 4);
        assert_eq!(parse(Method::GET, "http://a/b%4").unwrap_err().at, 10);
        assert_eq!(parse(Method::GET, "http://u@h/").unwrap_err().at, 7);
        assert_eq!(parse(Method::GET, "/ab\\").unwrap_err().at, 3);
        assert_eq!(parse(Method::GET, "/a?%%00").unwrap_err().at, 4);
    }
}
