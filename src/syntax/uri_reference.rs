//! URI references (RFC 3986 section 4.1), as used in `Location` and `Content-Location`.

use super::byte_class::{HEX, REG_NAME};
use alloc::borrow::Cow;
use alloc::vec::Vec;

/// Percent-encodes characters that a URI reference must not contain, so that all clients interpret it alike: spaces,
/// quotes, backslashes, braces, bytes above 7F, and a `%` without two hexadecimal digits. Valid characters are kept.
/// Returns `None` for a control character, which is never intended.
pub(crate) fn encode(text: &[u8]) -> Option<Cow<'_, [u8]>> {
    if text.iter().any(u8::is_ascii_control) {
        return None;
    }
    let authority = authority(text);
    let fragment = text.iter().position(|&octet| octet == b'#');
    let is_valid = |at: usize, octet: u8| match octet {
        b'%' => matches!(text.get(at + 1..at + 3), Some(digits) if HEX.all(digits)),
        b'#' => fragment == Some(at),
        b'[' | b']' => authority.contains(&at),
        b':' | b'/' | b'?' | b'@' => true,
        _ => REG_NAME.contains(octet),
    };
    if text
        .iter()
        .enumerate()
        .all(|(at, &octet)| is_valid(at, octet))
    {
        return Some(Cow::Borrowed(text));
    }
    let mut encoded = Vec::with_capacity(text.len() + 16);
    for (at, &octet) in text.iter().enumerate() {
        if is_valid(at, octet) {
            encoded.push(octet);
        } else {
            let digit = |value: u8| b"0123456789ABCDEF"[usize::from(value % 16)];
            encoded.extend_from_slice(&[b'%', digit(octet >> 4), digit(octet)]);
        }
    }
    Some(Cow::Owned(encoded))
}

/// Returns the position of the authority, after `//`. The range is empty if there is no authority.
fn authority(text: &[u8]) -> core::ops::Range<usize> {
    let scheme = text
        .iter()
        .position(|octet| matches!(octet, b':' | b'/' | b'?' | b'#'))
        .filter(|&end| text.get(end) == Some(&b':'))
        .map_or(0, |end| end + 1);
    if text.get(scheme..scheme + 2) != Some(b"//") {
        return 0..0;
    }
    let start = scheme + 2;
    let rest = text.get(start..).unwrap_or_default();
    let end = rest
        .iter()
        .position(|octet| matches!(octet, b'/' | b'?' | b'#'));
    start..start + end.unwrap_or(rest.len())
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
