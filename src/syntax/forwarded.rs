//! The lists in which proxies name the clients that they serve: `Forwarded` (RFC 7239) and `X-Forwarded-For`. Each proxy adds an
//! element on the right. What is further left may have come from anyone, so nothing there can change how the right is read.

use super::authority::Authority;
use super::byte_class::trim;
use super::parameters::{self, Parameter};
use crate::values::scheme::Scheme;
use core::net::{IpAddr, Ipv6Addr, SocketAddr};

/// The client that a proxy names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Node<'a> {
    /// Its address. The port is 0 if it is not known.
    Address(SocketAddr),
    /// A name that hides the address (RFC 7239 section 6.3). It begins with `_`.
    Hidden(&'a str),
    /// The proxy does not say.
    Unknown,
}

/// An element of `Forwarded`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    pub(crate) node: Node<'a>,
    pub(crate) scheme: Option<Scheme>,
    pub(crate) host: Option<&'a str>,
}

/// Returns the elements of a list from right to left. Empty ones are skipped. A comma in a quoted string does not separate: its
/// quotes are matched from the right, too.
pub(crate) fn elements_from_right(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(value);
    let elements = core::iter::from_fn(move || {
        let (before, element) = split_at_last_comma(rest?);
        rest = before;
        Some(trim(element))
    });
    elements.filter(|element| !element.is_empty())
}

impl<'a> Element<'a> {
    /// Parses an element of `Forwarded`. Returns `None` if anything in it is invalid.
    pub(crate) fn parse(text: &'a [u8]) -> Option<Element<'a>> {
        let (mut node, mut scheme, mut host) = (None, None, None);
        for parameter in parameters::pairs(text) {
            let Parameter { name, value } = parameter.ok()?;
            // An escape is never needed.
            let value = core::str::from_utf8(value).ok()?;
            let value = (!value.contains('\\')).then_some(value)?;
            let is_first = match &name.to_ascii_lowercase()[..] {
                b"for" => node.replace(Node::parse(value)?).is_none(),
                b"proto" => scheme.replace(value.parse().ok()?).is_none(),
                b"host" => host.replace(valid_host(value)?).is_none(),
                _ => true,
            };
            // Section 4: each parameter at most once.
            is_first.then_some(())?;
        }
        Some(Element {
            node: node.unwrap_or(Node::Unknown),
            scheme,
            host,
        })
    }
}

impl<'a> Node<'a> {
    /// Parses the value of `for` (RFC 7239 section 6). An IPv6 address has brackets.
    fn parse(text: &'a str) -> Option<Node<'a>> {
        let end = match text.strip_prefix('[') {
            Some(literal) => literal.find(']')? + 2,
            None => text.find(':').unwrap_or(text.len()),
        };
        let (name, port) = text.split_at_checked(end)?;
        let port = match port {
            "" => 0,
            port => port_number(port.strip_prefix(':')?)?,
        };
        if name.eq_ignore_ascii_case("unknown") {
            return Some(Node::Unknown);
        }
        if is_hidden(name) {
            return Some(Node::Hidden(name));
        }
        let ip = match name.strip_prefix('[').and_then(|it| it.strip_suffix(']')) {
            Some(literal) => literal.parse::<Ipv6Addr>().ok()?.into(),
            None => name.parse().ok().filter(IpAddr::is_ipv4)?,
        };
        Some(Node::Address(address(ip, port)))
    }

    /// Parses an element of `X-Forwarded-For`: an address, with or without a port. An IPv6 address may have brackets.
    pub(crate) fn parse_loosely(text: &'a [u8]) -> Option<Node<'a>> {
        let text = core::str::from_utf8(text).ok()?;
        match text.parse() {
            Ok(ip) => Some(Node::Address(address(ip, 0))),
            Err(_) => Node::parse(text).filter(|node| matches!(node, Node::Address(_))),
        }
    }
}

/// Returns a host and port if they are valid.
pub(crate) fn valid_host(text: &str) -> Option<&str> {
    Authority::parse(text).map(|_| text)
}

/// Returns the address in its shortest form: IPv4 if it is mapped to IPv6.
fn address(ip: IpAddr, port: u16) -> SocketAddr {
    SocketAddr::new(ip.to_canonical(), port)
}

/// Parses a port. A hidden one is not known (section 6.3).
fn port_number(text: &str) -> Option<u16> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number {
        text.parse().ok()
    } else {
        is_hidden(text).then_some(0)
    }
}

/// Returns whether a text is `obfnode` or `obfport`: `"_" 1*( ALPHA / DIGIT / "." / "_" / "-")`.
fn is_hidden(text: &str) -> bool {
    let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    text.len() > 1 && text.starts_with('_') && text.bytes().all(is_valid)
}

/// Splits off everything after the last comma that is not quoted. Returns the text before that comma, if there is one.
fn split_at_last_comma(value: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let mut is_quoted = false;
    for (at, &byte) in value.iter().enumerate().rev() {
        match byte {
            b',' if !is_quoted => {
                let (before, rest) = value.split_at(at);
                return (Some(before), rest.get(1..).unwrap_or_default());
            }
            b'"' => {
                let before = value.get(..at).unwrap_or_default();
                let escapes = before.iter().rev().take_while(|byte| **byte == b'\\');
                is_quoted ^= escapes.count() % 2 == 0;
            }
            _ => {}
        }
    }
    (None, value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn elements(value: &str) -> Vec<&str> {
        let elements = elements_from_right(value.as_bytes());
        elements
            .map(|element| core::str::from_utf8(element).unwrap())
            .collect()
    }

    #[test]
    fn elements_are_found_from_the_right() {
        assert_eq!(elements("a, b ,,c\t,"), ["c", "b", "a"]);
        assert_eq!(elements(" , "), [""; 0]);
        assert_eq!(
            elements("a=\"b,c\", d=\"e,\\\"f\""),
            ["d=\"e,\\\"f\"", "a=\"b,c\""]
        );
        assert_eq!(elements("a=\"\\\\\",b"), ["b", "a=\"\\\\\""]);
    }

    #[test]
    fn a_quote_on_the_left_does_not_hide_the_right() {
        assert_eq!(elements("for=\"x, for=192.0.2.1")[0], "for=192.0.2.1");
        assert_eq!(
            elements("for=\"x\\, for=\"[::1]\", for=192.0.2.1")[..2],
            ["for=192.0.2.1", "for=\"[::1]\""]
        );
    }

    #[test]
    fn an_element_names_a_client_as_the_rfc_says() {
        let node = |text: &'static str| Element::parse(text.as_bytes()).map(|it| it.node);
        let address = |text: &str| Some(Node::Address(text.parse().unwrap()));
        for (text, expected) in [
            ("for=192.0.2.43", address("192.0.2.43:0")),
            ("For=\"192.0.2.43:47011\"", address("192.0.2.43:47011")),
            (
                "for=\"[2001:db8::17]:4711\"",
                address("[2001:db8::17]:4711"),
            ),
            ("for=\"[2001:db8::17]\"", address("[2001:db8::17]:0")),
            ("for=\"[::ffff:192.0.2.1]\"", address("192.0.2.1:0")),
            ("for=\"192.0.2.43:_http\"", address("192.0.2.43:0")),
            ("for=_gazonk", Some(Node::Hidden("_gazonk"))),
            ("for=\"_SEVKISEK:_1\"", Some(Node::Hidden("_SEVKISEK"))),
            ("for=Unknown", Some(Node::Unknown)),
            ("proto=http; by=203.0.113.43", Some(Node::Unknown)),
            ("secret=a;for=192.0.2.43;", address("192.0.2.43:0")),
            ("for=192.0.2.43:80", None),
            ("for=[2001:db8::17]", None),
            ("for=\"2001:db8::17\"", None),
            ("for=\"[192.0.2.43]\"", None),
            ("for=\"[fe80::1%eth0]\"", None),
            ("for=\"192.0.2.43:\"", None),
            ("for=\"192.0.2.43:65536\"", None),
            ("for=\"192.0.2.43:+1\"", None),
            ("for=\"192.0.2.\\43\"", None),
            ("for=_", None),
            ("for=\"_a b\"", None),
            ("for=example.com", None),
            ("for=\"\"", None),
            ("for=", None),
            ("for", None),
            ("for=192.0.2.1;for=192.0.2.1", None),
            ("for=192.0.2.1 proto=http", None),
            ("for=\"192.0.2.1", None),
            ("for=192.0.2.1;proto=ftp", None),
            ("for=192.0.2.1;host=\"a/b\"", None),
        ] {
            assert_eq!(node(text), expected, "{text}");
        }
        let element = Element::parse(b"for=_a;proto=HTTPS;host=\"example.com:8443\"").unwrap();
        assert_eq!(element.scheme, Some(Scheme::Https));
        assert_eq!(element.host, Some("example.com:8443"));
    }

    #[test]
    fn addresses_are_read_as_proxies_write_them() {
        let node = |text: &'static str| Node::parse_loosely(text.as_bytes());
        let address = |text: &str| Some(Node::Address(text.parse().unwrap()));
        for (text, expected) in [
            ("192.0.2.43", address("192.0.2.43:0")),
            ("192.0.2.43:80", address("192.0.2.43:80")),
            ("2001:db8::17", address("[2001:db8::17]:0")),
            ("[2001:db8::17]", address("[2001:db8::17]:0")),
            ("[2001:db8::17]:80", address("[2001:db8::17]:80")),
            ("::ffff:192.0.2.1", address("192.0.2.1:0")),
            ("unknown", None),
            ("_hidden", None),
            ("192.0.2", None),
            ("192.0.2.043", None),
            ("192.0.2.1 192.0.2.2", None),
            ("\"192.0.2.1\"", None),
            ("unix:", None),
            ("\u{e4}", None),
        ] {
            assert_eq!(node(text), expected, "{text}");
        }
    }
}
