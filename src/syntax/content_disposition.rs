//! The value of `Content-Disposition` (RFC 6266), with a file name in ASCII and, where it differs, in UTF-8 (RFC 8187).

use alloc::string::String;
use core::fmt::Write;

/// Returns the value for a disposition type and a file name. Control characters and path separators in the name
/// become `_`. An empty name is left out.
pub(crate) fn value(disposition: &str, file_name: &str) -> String {
    let mut value = String::from(disposition);
    if file_name.is_empty() {
        return value;
    }
    let name: String = file_name.chars().map(safe).collect();
    let fallback: String = name.chars().map(ascii).collect();
    value.push_str("; filename=\"");
    value.push_str(&fallback);
    value.push('"');
    if fallback != name {
        value.push_str("; filename*=UTF-8''");
        for byte in name.bytes() {
            match is_attr_char(byte) {
                true => value.push(char::from(byte)),
                // Writing to a string cannot fail.
                false => _ = write!(value, "%{byte:02X}"),
            }
        }
    }
    value
}

/// Decodes the value of a parameter such as `filename*`: `UTF-8''` and percent-encoded text (RFC 8187 section 3.2.1),
/// with or without a language. Returns `None` for anything else, including other charsets.
pub(crate) fn extended_value(text: &[u8]) -> Option<String> {
    let mut parts = text.splitn(3, |&byte| byte == b'\'');
    let (charset, _language, encoded) = (parts.next()?, parts.next()?, parts.next()?);
    let mut pieces = encoded.split(|&byte| byte == b'%');
    let is_plain = |text: &[u8]| text.iter().all(|&byte| is_attr_char(byte));
    let is_encoded = pieces.next().is_some_and(is_plain)
        && pieces.all(|piece| match piece {
            [high, low, rest @ ..] => {
                high.is_ascii_hexdigit() && low.is_ascii_hexdigit() && is_plain(rest)
            }
            _ => false,
        });
    if !is_encoded || !charset.eq_ignore_ascii_case(b"UTF-8") {
        return None;
    }
    let decoded = percent_encoding::percent_decode(encoded).decode_utf8();
    decoded.ok().map(String::from)
}

/// Replaces characters that no file name should contain (RFC 6266 section 4.3).
fn safe(character: char) -> char {
    match character {
        '/' | '\\' => '_',
        control if control.is_control() => '_',
        other => other,
    }
}

/// Replaces characters that some recipients misread in a quoted string (RFC 6266 appendix D).
fn ascii(character: char) -> char {
    match character {
        '"' | '%' => '_',
        ' '..='~' => character,
        _ => '_',
    }
}

/// RFC 8187 section 3.2.1: `attr-char`.
fn is_attr_char(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use percent_encoding::percent_decode_str;
    use proptest::prelude::*;

    #[test]
    fn ascii_names_are_quoted_and_others_are_also_sent_in_utf_8() {
        for (name, expected) in [
            ("", "attachment"),
            ("a b;c.txt", "attachment; filename=\"a b;c.txt\""),
            (
                "\u{20ac} rates",
                "attachment; filename=\"_ rates\"; filename*=UTF-8''%E2%82%AC%20rates",
            ),
            (
                "a\"b%41",
                "attachment; filename=\"a_b_41\"; filename*=UTF-8''a%22b%2541",
            ),
            ("..\\a/b\r\n", "attachment; filename=\".._a_b__\""),
        ] {
            assert_eq!(value("attachment", name), expected);
        }
    }

    #[test]
    fn an_extended_value_is_utf_8_or_nothing() {
        for (text, expected) in [
            ("UTF-8''%E2%82%AC%20rates.txt", Some("\u{20ac} rates.txt")),
            ("utf-8'en'a!#$&+-.^_`|~", Some("a!#$&+-.^_`|~")),
            ("UTF-8''", Some("")),
            ("UTF-8''%e4%bd%a0%E5%A5%BD", Some("\u{4f60}\u{597d}")),
            ("ISO-8859-1''%A3", None),
            ("''a", None),
            ("UTF-8'a", None),
            ("a", None),
            ("", None),
            ("UTF-8''%FF", None),
            ("UTF-8''%4", None),
            ("UTF-8''%", None),
            ("UTF-8''%4g", None),
            ("UTF-8''%%41", None),
            ("UTF-8''a b", None),
            ("UTF-8''a'b", None),
        ] {
            assert_eq!(
                extended_value(text.as_bytes()).as_deref(),
                expected,
                "{text}"
            );
        }
    }

    /// Reads the parameters as a recipient does: the quoted string ends at the first quote.
    fn names(value: &str) -> Option<(&str, Option<String>)> {
        let rest = value.strip_prefix("inline; filename=\"")?;
        let (quoted, rest) = rest.split_once('"')?;
        if rest.is_empty() {
            return Some((quoted, None));
        }
        let encoded = rest.strip_prefix("; filename*=UTF-8''")?;
        let is_token = |byte: u8| byte == b'%' || is_attr_char(byte);
        if !encoded.bytes().all(is_token) {
            return None;
        }
        let decoded = percent_decode_str(encoded).decode_utf8().ok()?;
        Some((quoted, Some(decoded.to_string())))
    }

    proptest! {
        #[test]
        fn no_name_escapes_its_parameter(name in "\\PC*|[\"\\\\;%*'=\r\n\0/a\u{e4} ]{1,20}|.*") {
            prop_assume!(!name.is_empty());
            let value = value("inline", &name);
            prop_assert!(value.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{value:?}");
            let (quoted, extended) = names(&value).expect("two parameters at most");
            prop_assert!(!quoted.contains(['\\', '%', '/']));
            prop_assert_eq!(quoted.chars().count(), name.chars().count());
            let received = extended.unwrap_or_else(|| quoted.to_string());
            let expected: String = name.chars().map(safe).collect();
            prop_assert_eq!(received, expected);
        }
    }
}
