//! Path decoding, and its reverse. The router, sites and applications all use the same decoded form.

use super::scan::has_escape_or_dot;
use super::span::Span;
use alloc::borrow::Cow;
use alloc::string::String;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, percent_decode, percent_encode};

/// Decodes a path once. Returns `None` if the result could be mistaken for a path other than the requested one. This is
/// the case for an encoded slash, a backslash, a control character, a `.` or `..` segment, and bytes that are not
/// UTF-8. Such a path never names anything: the response is a 404 in any case.
///
/// `path` is a part of `bytes`. Its escapes must be valid, which the target parser ensures. The result is UTF-8.
pub(crate) fn decode(bytes: &[u8], path: Span) -> Option<Cow<'_, [u8]>> {
    // Bytes that a target must not contain unencoded cannot occur here.
    if has_escape_or_dot(bytes, path.start as usize, path.end as usize) {
        decode_doubtful(path.of(bytes))
    } else {
        Some(Cow::Borrowed(path.of(bytes)))
    }
}

#[cold]
fn decode_doubtful(path: &[u8]) -> Option<Cow<'_, [u8]>> {
    let decoded: Cow<'_, [u8]> = percent_decode(path).into();
    let slashes = |text: &[u8]| text.iter().filter(|&&byte| byte == b'/').count();
    let has_encoded_slash = slashes(&decoded) != slashes(path);
    let is_plain = core::str::from_utf8(&decoded).is_ok_and(is_plain);
    (is_plain && !has_encoded_slash).then_some(decoded)
}

/// Returns whether a path as it was sent has a `.` or `..` segment, or one that another program could find in it: after
/// decoding, or between backslashes.
pub(crate) fn leads_elsewhere(path: &[u8]) -> bool {
    let decoded: Cow<'_, [u8]> = percent_decode(path).into();
    let mut segments = decoded.split(|byte| matches!(byte, b'/' | b'\\'));
    segments.any(|segment| matches!(segment, b"." | b".."))
}

/// Percent-encodes a decoded path, or a part of one, for a URI reference. Characters that RFC 3986 section 3.3 allows
/// in a path, including slashes, are kept.
pub(crate) fn encode(path: &[u8]) -> PercentEncode<'_> {
    /// All but `pchar` and `/`.
    const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
        // unreserved
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~')
        // sub-delims
        .remove(b'!')
        .remove(b'$')
        .remove(b'&')
        .remove(b'\'')
        .remove(b'(')
        .remove(b')')
        .remove(b'*')
        .remove(b'+')
        .remove(b',')
        .remove(b';')
        .remove(b'=')
        // the rest
        .remove(b':')
        .remove(b'@')
        .remove(b'/');
    percent_encode(path, ENCODED)
}

/// Returns the reference that leads from one encoded path to another one (RFC 3986 section 5.2). It is relative, never
/// begins with a slash, and has no colon in its first segment, which would look like a scheme.
pub(crate) fn relative(from: &str, to: &str) -> String {
    let same = from.bytes().zip(to.bytes());
    let same = same.take_while(|(one, other)| one == other).count();
    // The folder that both are in.
    let folder = from.as_bytes()[..same]
        .iter()
        .rposition(|&byte| byte == b'/');
    let start = folder.map_or(0, |slash| slash + 1);
    let (from, to) = (from.get(start..), to.get(start..).unwrap_or_default());
    let ups = from.unwrap_or_default().matches('/').count();
    if ups > 0 {
        return ["../".repeat(ups).as_str(), to].concat();
    }
    let first = to.split('/').next().unwrap_or_default();
    if first.is_empty() || first.contains(':') {
        ["./", to].concat()
    } else {
        to.into()
    }
}

/// Returns whether a decoded path is unambiguous on every platform.
pub(crate) fn is_plain(path: &str) -> bool {
    !path.contains(is_refused) && !has_dot_segment(path)
}

fn is_refused(character: char) -> bool {
    character == '\\' || character.is_control()
}

fn has_dot_segment(path: &str) -> bool {
    path.split('/').any(|segment| matches!(segment, "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::byte_class::PATH;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn decode(path: &str) -> Option<Cow<'_, str>> {
        match super::decode(path.as_bytes(), Span::new(0, path.len()))? {
            Cow::Borrowed(path) => core::str::from_utf8(path).ok().map(Cow::Borrowed),
            Cow::Owned(path) => String::from_utf8(path).ok().map(Cow::Owned),
        }
    }

    #[test]
    fn references_are_relative_and_name_no_host_and_no_scheme() {
        for (from, to, expected) in [
            ("/d", "/d/", "d/"),
            ("/a/d", "/a/d/", "d/"),
            ("/a/d/", "/a/d", "../d"),
            ("/d/", "/d", "../d"),
            ("/a:b", "/a:b/", "./a:b/"),
            ("//example.com", "//example.com/", "example.com/"),
            ("//example.com/", "//example.com", "../example.com"),
            ("/a/x/c", "/a/y/c", "../y/c"),
            ("/a/x/", "/a/y/", "../y/"),
            ("/a/xy", "/a/xz", "xz"),
            ("/a", "//b", "./"),
            ("/a", "/", "./"),
        ] {
            let relative = relative(from, to);
            match expected {
                "./" => assert!(relative.starts_with("./"), "{from} {to}: {relative}"),
                expected => assert_eq!(relative, expected, "{from} {to}"),
            }
        }
    }

    #[test]
    fn paths_are_decoded_once() {
        assert_eq!(decode("/a/b.html").as_deref(), Some("/a/b.html"));
        assert_eq!(decode("/a%20b").as_deref(), Some("/a b"));
        assert_eq!(decode("/%6cogin%2Epy").as_deref(), Some("/login.py"));
        assert_eq!(decode("/%252e%252e/x").as_deref(), Some("/%2e%2e/x"));
        assert_eq!(decode("/%c3%a4").as_deref(), Some("/\u{e4}"));
        assert_eq!(decode("/...").as_deref(), Some("/..."));
    }

    #[test]
    fn ambiguous_paths_are_rejected() {
        for path in [
            "/..",
            "/../x",
            "/a/../b",
            "/./a",
            "/a/.",
            "/%2e%2e/x",
            "/.%2e/x",
            "/%2E/x",
            "/a%2fb",
            "/a%2Fb",
            "/..%5cx",
            "/%5c%5chost%5cshare",
            "/a%0d%0ab",
            "/a%7f",
            "/a%1b",
            "/%c0%ae%c0%ae/",
            "/%ff",
        ] {
            assert_eq!(decode(path), None, "{path}");
        }
    }

    #[test]
    fn dot_segments_are_found_in_any_disguise() {
        for path in [
            "/..",
            "/a/../b",
            "/.",
            "/%2e%2E/x",
            "/a/.%2e",
            "/a%2f..%2fb",
            "/a/..%5cb",
            "/%2e",
        ] {
            assert!(leads_elsewhere(path.as_bytes()), "{path}");
        }
        for path in [
            "/",
            "/...",
            "/a%2fb",
            "/.a/b./..c",
            "/%252e%252e/x",
            "/%00",
            "/a%5cb",
        ] {
            assert!(!leads_elsewhere(path.as_bytes()), "{path}");
        }
    }

    proptest! {
        #[test]
        fn decoding_undoes_encoding(path in any::<Vec<u8>>()) {
            let encoded: String = encode(&path).collect();
            prop_assert!(PATH.all(encoded.as_bytes()));
            let decoded: Vec<u8> = percent_decode(encoded.as_bytes()).collect();
            prop_assert_eq!(decoded, path);
        }
    }
}
