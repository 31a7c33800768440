//! Comma-separated lists (RFC 9110 section 5.6.1).

use super::byte_class::trim;
use super::parameters::quoted_length;

/// Returns the elements of a list of tokens or other values without quoted strings. Empty elements are skipped, as
/// section 5.6.1.2 requires of recipients.
pub(crate) fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value
        .split(|&byte| byte == b',')
        .map(trim)
        .filter(|element| !element.is_empty())
}

/// Like [`elements`], but commas in quoted strings do not separate.
pub(crate) fn quoted_elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(value);
    let elements = core::iter::from_fn(move || {
        let (element, after) = split_at_comma(rest?);
        rest = after;
        Some(trim(element))
    });
    elements.filter(|element| !element.is_empty())
}

/// Splits off everything before the first comma that is not quoted. Returns the rest after such a comma, if any.
fn split_at_comma(value: &[u8]) -> (&[u8], Option<&[u8]>) {
    let mut at = 0;
    while let Some(&byte) = value.get(at) {
        match byte {
            b',' => return (&value[..at], Some(&value[at + 1..])),
            b'"' => at += 1 + quoted_length(&value[at + 1..]),
            _ => {}
        }
        at += 1;
    }
    (value, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn quoted_commas_do_not_separate() {
        let elements =
            |value: &'static str| -> Vec<&[u8]> { quoted_elements(value.as_bytes()).collect() };
        assert_eq!(
            elements(" a ,, b;c=\"d,\\\",\" , e"),
            [&b"a"[..], b"b;c=\"d,\\\",\"", b"e"]
        );
        assert_eq!(elements("a, \"b, c"), [&b"a"[..], b"\"b, c"]);
        assert_eq!(elements("a\",\",\""), [&b"a\",\""[..], b"\""]);
        assert_eq!(elements(" , "), [&b""[..]; 0]);
    }
}
