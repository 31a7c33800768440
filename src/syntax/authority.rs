//! `uri-host [ ":" port ]`, as in Host and in targets (RFC 9110 section 7.2, RFC 3986 section 3.2).

use super::octets::{DIGIT, HEX, REG_NAME};

/// A host and an optional port, both as they were sent.
///
/// ```
/// # use bytegate::Authority;
/// let authority = Authority::parse("[::1]:7890").unwrap();
/// assert_eq!((authority.host, authority.port), ("[::1]", Some(7890)));
/// assert!(Authority::parse("user@host").is_none());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authority<'a> {
    /// The host: a registered name, an IPv4 address, or an IP literal with its brackets. Never empty.
    pub host: &'a str,
    /// The port; `None` also for an empty one (`host:`).
    pub port: Option<u16>,
}

impl<'a> Authority<'a> {
    /// Parses the whole of `text`. No userinfo, no path, no whitespace, no empty host.
    pub fn parse(text: &'a str) -> Option<Authority<'a>> {
        let end = match text.as_bytes() {
            [b'[', ..] => ip_literal_end(text)?,
            name => reg_name_end(name)?,
        };
        let (host, rest) = text.split_at_checked(end)?;
        let port = match rest.strip_prefix(':') {
            None if rest.is_empty() => None,
            None => return None,
            Some("") => None,
            Some(digits) => Some(parse_port(digits)?),
        };
        (!host.is_empty()).then_some(Authority { host, port })
    }

    /// Whether two hosts are the same name: case does not count (RFC 3986 section 3.2.2).
    pub fn same_host(&self, other: &Authority<'_>) -> bool {
        self.host.eq_ignore_ascii_case(other.host)
    }
}

fn parse_port(digits: &str) -> Option<u16> {
    match DIGIT.all(digits.as_bytes()) {
        true => digits.parse().ok(),
        false => None,
    }
}

/// Where `*( unreserved / pct-encoded / sub-delims )` ends; `None` behind a bad escape.
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

/// Where an IP literal in brackets ends.
fn ip_literal_end(text: &str) -> Option<usize> {
    let close = text.find(']')?;
    is_ip_literal(text.get(1..close)?).then_some(close + 1)
}

/// `IPv6address`: a zone identifier has no place on the wire, and of `IPvFuture` no version is defined, which is an
/// error (RFC 3986 section 3.2.2).
fn is_ip_literal(literal: &str) -> bool {
    literal.parse::<core::net::Ipv6Addr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_authorities() {
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
    fn anything_else_is_refused() {
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
