//! URI references (RFC 3986 section 4.1), as used in `Location` and `Content-Location`.

use super::byte_class::{HEX, REG_NAME};
use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::ops::Range;

/// Percent-encodes characters that a URI reference must not contain, so that all clients interpret it alike: spaces,
/// quotes, backslashes, braces, bytes above 7F, and a `%` without two hexadecimal digits. Valid characters are kept.
/// Returns `None` for a control character, which is never intended.
pub(crate) fn encode(text: &[u8]) -> Option<Cow<'_, [u8]>> {
    if text.iter().any(u8::is_ascii_control) {
        return None;
    }
    let parts = Parts::of(text);
    let fragment = text.iter().position(|&byte| byte == b'#');
    let is_valid = |at: usize, byte: u8| match byte {
        b'%' => matches!(text.get(at + 1..at + 3), Some(digits) if HEX.all(digits)),
        b'#' => fragment == Some(at),
        b'[' | b']' => parts.literal.contains(&at),
        b':' => parts.allows_colon(at),
        b'@' => !parts.authority.contains(&at) || parts.user_end == Some(at),
        b'/' | b'?' => true,
        _ => REG_NAME.contains(byte),
    };
    if text
        .iter()
        .enumerate()
        .all(|(at, &byte)| is_valid(at, byte))
    {
        return Some(Cow::Borrowed(text));
    }
    let mut encoded = Vec::with_capacity(text.len() + 16);
    for (at, &byte) in text.iter().enumerate() {
        if is_valid(at, byte) {
            encoded.push(byte);
        } else {
            let digit = |value: u8| b"0123456789ABCDEF"[usize::from(value % 16)];
            encoded.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte)]);
        }
    }
    Some(Cow::Owned(encoded))
}

/// The positions of the parts that give `:`, `@`, `[` and `]` a special meaning.
struct Parts {
    /// The first segment of a relative path (RFC 3986 section 4.2). Text before a colon in it would be the scheme.
    first_segment: Range<usize>,
    /// The part after `//`.
    authority: Range<usize>,
    /// The `@` after the user information in the authority.
    user_end: Option<usize>,
    /// An IP address in brackets.
    literal: Range<usize>,
    /// The colon before a port.
    port: Option<usize>,
}

impl Parts {
    fn of(text: &[u8]) -> Parts {
        let end = |from: usize, ends: &[u8]| {
            let mut rest = text.iter().skip(from);
            let length = rest.position(|byte| ends.contains(byte));
            length.map_or(text.len(), |length| from + length)
        };
        let scheme = end(0, b":/?#");
        let has_scheme = text.get(scheme) == Some(&b':') && is_scheme(&text[..scheme]);
        let start = if has_scheme { scheme + 1 } else { 0 };
        let mut parts = Parts {
            first_segment: if has_scheme { 0..0 } else { 0..end(0, b"/?#") },
            authority: 0..0,
            user_end: None,
            literal: 0..0,
            port: None,
        };
        if text.get(start..start + 2) != Some(b"//") {
            return parts;
        }
        parts.authority = start + 2..end(start + 2, b"/?#");
        let within = &text[..parts.authority.end];
        let last = |from: usize, byte: u8| {
            let place = within[from..].iter().rposition(|other| *other == byte);
            place.map(|place| from + place)
        };
        parts.user_end = last(parts.authority.start, b'@');
        let host = parts.user_end.map_or(parts.authority.start, |end| end + 1);
        let is_port = |colon: usize| within[colon + 1..].iter().all(u8::is_ascii_digit);
        parts.port = last(host, b':').filter(|colon| is_port(*colon));
        let host_end = parts.port.unwrap_or(within.len());
        if let [b'[', address @ .., b']'] = &within[host..host_end] {
            let is_nested = address.iter().any(|byte| matches!(byte, b'[' | b']'));
            parts.literal = if is_nested { 0..0 } else { host..host_end };
        }
        parts
    }

    fn allows_colon(&self, at: usize) -> bool {
        if self.authority.contains(&at) {
            let in_user = self.user_end.is_some_and(|end| at < end);
            return in_user || self.literal.contains(&at) || self.port == Some(at);
        }
        !self.first_segment.contains(&at)
    }
}

/// RFC 3986 section 3.1.
fn is_scheme(text: &[u8]) -> bool {
    let is_other = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
    matches!(text, [first, rest @ ..] if first.is_ascii_alphabetic() && rest.iter().all(is_other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use proptest::prelude::*;

    fn encode(text: &str) -> Option<String> {
        super::encode(text.as_bytes()).map(|encoded| String::from_utf8(encoded.into()).unwrap())
    }

    #[test]
    fn valid_references_are_unchanged() {
        for text in [
            "",
            "/",
            "/a/b.html?c=d&e=/?#f/?",
            "a:b@c",
            "//host:80/",
            "https://[2001:db8::1]:443/x",
            "/%41%c3%A4",
            "?q",
            "#top",
            "mailto:a@b",
            "a+b-1.c:d:e",
            "/7:30/@",
            "http://a:b@h:80",
            "//u@[::1]",
            "http://h:",
            "?a:b#c:d",
        ] {
            assert_eq!(encode(text).as_deref(), Some(text));
        }
    }

    #[test]
    fn invalid_characters_are_percent_encoded() {
        for (text, encoded) in [
            ("/a b", "/a%20b"),
            ("/\u{e4}", "/%C3%A4"),
            ("/\\evil", "/%5Cevil"),
            ("\\\\evil", "%5C%5Cevil"),
            ("/a[1]{2}|^`\"<>", "/a%5B1%5D%7B2%7D%7C%5E%60%22%3C%3E"),
            ("/50%", "/50%25"),
            ("/%zz%4", "/%25zz%254"),
            ("/a#b#c", "/a#b%23c"),
            ("http://h\u{e4}/[", "http://h%C3%A4/%5B"),
            ("7:30/a:b", "7%3A30/a:b"),
            (":a?b:c", "%3Aa?b:c"),
            ("a b:c", "a%20b%3Ac"),
            ("http://[::1", "http://%5B%3A:1"),
            ("http://a[1]/", "http://a%5B1%5D/"),
            ("//[[::1]]", "//%5B%5B%3A%3A1%5D%5D"),
            ("//a@b@c", "//a%40b@c"),
            ("//h:80:x", "//h%3A80%3Ax"),
            ("//[::1]:x", "//%5B%3A%3A1%5D%3Ax"),
            ("/x//[::1]", "/x//%5B::1%5D"),
        ] {
            assert_eq!(encode(text).as_deref(), Some(encoded));
        }
    }

    #[test]
    fn control_characters_are_rejected() {
        for text in ["/a\tb", "/a\r\nb", "/\0", "/\u{7f}"] {
            assert_eq!(encode(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn encoding_is_idempotent(text in any::<Vec<u8>>()) {
            if let Some(once) = super::encode(&text) {
                prop_assert!(once.is_ascii());
                let twice = super::encode(&once);
                prop_assert_eq!(twice.as_deref(), Some(&*once));
            }
        }
    }
}
