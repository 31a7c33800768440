//! Authorities as in Host and in targets: `uri-host [ ":" port ]` (RFC 9110 section 7.2, RFC 3986 section 3.2).

use super::byte_class::{HEX, REG_NAME};
use super::scan::common_host_end;
use super::span::Span;

/// A host and an optional port, as they were sent.
///
/// ```
/// # use bytegate::request::Authority;
/// let authority = Authority::parse("[::1]:7890").unwrap();
/// assert_eq!((authority.host, authority.port), ("[::1]", Some(7890)));
/// assert!(Authority::parse("user@host").is_none());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authority<'a> {
    /// The host: a registered name, an IPv4 address, or an IP literal with its brackets. Never empty.
    pub host: &'a str,
    /// The port. An empty port (`host:`) is `None` too.
    pub port: Option<u16>,
}

/// The positions of the parts of an authority.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AuthorityPlace {
    host: Span,
    port: Option<u16>,
}

impl<'a> Authority<'a> {
    /// Parses `text` as an authority. Userinfo, a path, whitespace and an empty host are rejected.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Authority<'a>> {
        let (end, port) = split(text.as_bytes())?;
        let host = text.get(..end)?;
        Some(Authority { host, port })
    }

    /// Returns whether both hosts are the same name, ignoring case (RFC 3986 section 3.2.2).
    #[must_use]
    pub fn same_host(&self, other: &Authority<'_>) -> bool {
        self.host.eq_ignore_ascii_case(other.host)
    }
}

impl AuthorityPlace {
    /// Like [`Authority::parse`], but parses a part of `bytes`.
    pub(crate) fn find(bytes: &[u8], whole: Span) -> Option<AuthorityPlace> {
        let (end, port) = split(whole.of(bytes))?;
        let start = whole.start as usize;
        let host = Span::new(start, start + end);
        Some(AuthorityPlace { host, port })
    }

    /// Like [`find`](AuthorityPlace::find), but only for a name that consists of letters, digits, `-` and `.`. Returns
    /// `None` for anything else, valid or not.
    #[inline(always)]
    pub(crate) fn find_common(bytes: &[u8], whole: Span) -> Option<AuthorityPlace> {
        let start = whole.start as usize;
        let end = common_host_end(bytes, start as u32) as usize;
        let port = match bytes.get(end..whole.end as usize)? {
            _ if end == start => return None,
            [] => None,
            [b':', digits @ ..] => parse_port(digits)?,
            _ => return None,
        };
        let host = Span::new(start, end);
        Some(AuthorityPlace { host, port })
    }

    pub(crate) fn has_port(self) -> bool {
        self.port.is_some()
    }

    pub(crate) fn of(self, bytes: &[u8]) -> Authority<'_> {
        Authority {
            host: self.host.text(bytes),
            port: self.port,
        }
    }
}

/// Returns the length of the host, and the port.
fn split(text: &[u8]) -> Option<(usize, Option<u16>)> {
    let end = match text {
        [b'[', ..] => ip_literal_end(text)?,
        name => reg_name_end(name)?,
    };
    let port = match text.get(end..)? {
        [] => None,
        [b':', digits @ ..] => parse_port(digits)?,
        _ => return None,
    };
    (end > 0).then_some((end, port))
}

/// Parses a port of any number of digits, up to 65535. An empty port is `None`.
#[inline]
fn parse_port(digits: &[u8]) -> Option<Option<u16>> {
    let mut port = 0u32;
    for byte in digits {
        let digit = u32::from(byte.wrapping_sub(b'0'));
        port = port * 10 + digit;
        if digit > 9 || port > u32::from(u16::MAX) {
            return None;
        }
    }
    Some((!digits.is_empty()).then_some(port as u16))
}

/// Returns the end of `*( unreserved / pct-encoded / sub-delims )`, or `None` if an escape is invalid.
fn reg_name_end(name: &[u8]) -> Option<usize> {
    let mut at = REG_NAME.skip(name, 0);
    while let Some(b'%') = name.get(at) {
        match name.get(at + 1..at + 3) {
            Some([high, low]) if HEX.contains(*high) && HEX.contains(*low) => {
                at = REG_NAME.skip(name, at + 3)
            }
            _ => return None,
        }
    }
    Some(at)
}

/// Returns the end of an IP literal in brackets.
fn ip_literal_end(text: &[u8]) -> Option<usize> {
    let close = text.iter().position(|&byte| byte == b']')?;
    let literal = core::str::from_utf8(text.get(1..close)?).ok()?;
    is_ip_literal(literal).then_some(close + 1)
}

/// Returns whether `literal` is an `IPv6address`. A zone identifier must not be sent on the wire. No version of
/// `IPvFuture` is defined, which makes it an error (RFC 3986 section 3.2.2).
fn is_ip_literal(literal: &str) -> bool {
    literal.parse::<core::net::Ipv6Addr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_authorities_are_accepted() {
        for (text, host, port) in [
            ("localhost", "localhost", None),
            ("localhost:", "localhost", None),
            ("Example.COM:80", "Example.COM", Some(80)),
            ("a,b", "a,b", None),
            ("a%20b", "a%20b", None),
            ("abcd%20ef%4Ag", "abcd%20ef%4Ag", None),
            ("abcdefgh%20i", "abcdefgh%20i", None),
            ("127.0.0.1:65535", "127.0.0.1", Some(65535)),
            ("[::1]", "[::1]", None),
            ("[2001:db8::1]:443", "[2001:db8::1]", Some(443)),
            ("x:00080", "x", Some(80)),
        ] {
            assert_eq!(
                Authority::parse(text),
                Some(Authority { host, port }),
                "{text}"
            );
        }
    }

    #[test]
    fn anything_else_is_rejected() {
        for text in [
            "",
            ":80",
            "a b",
            " a",
            "a:b",
            "a:80:80",
            "a:+80",
            "a:-1",
            "a:65536",
            "user@host",
            "http://host",
            "host/path",
            "host?q",
            "host#f",
            "a%zz",
            "a%2z",
            "a%z2",
            "abcd%20ef%zzg",
            "a%2",
            "a%",
            "[::1",
            "::1",
            "[::1]x",
            "[::1]x:80",
            "[::1%25eth0]",
            "[]",
            "[v1.a:b]",
            "[ve8.z0]",
            "[gg::]",
            "a\\b",
            "a|b",
            "\"a\"",
            "<a>",
            "h\u{e4}",
            "a\t",
            "[::1]]",
            "[[::1]]",
            "x[::1]",
        ] {
            assert_eq!(Authority::parse(text), None, "{text:?}");
        }
    }
}
