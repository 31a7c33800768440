//! JSON text (RFC 8259): writing strings, and checking values that are passed on verbatim.

use alloc::string::String;
use core::fmt::Write;

/// The maximum nesting of arrays and objects.
const DEPTH: usize = 64;

/// Writes a string with its quotes and escapes (RFC 8259 section 7).
pub(crate) fn write_string(to: &mut String, text: &str) {
    to.push('"');
    for character in text.chars() {
        match character {
            '"' => to.push_str("\\\""),
            '\\' => to.push_str("\\\\"),
            '\n' => to.push_str("\\n"),
            '\r' => to.push_str("\\r"),
            '\t' => to.push_str("\\t"),
            // Writing to a string cannot fail.
            '\0'..='\u{1f}' => _ = write!(to, "\\u{:04x}", u32::from(character)),
            other => to.push(other),
        }
    }
    to.push('"');
}

/// Returns whether the text is a single JSON value, nested at most 64 levels deep.
pub(crate) fn is_value(text: &str) -> bool {
    let rest = value(trim(text.as_bytes()), DEPTH);
    rest.is_some_and(|rest| trim(rest).is_empty())
}

/// Reads one value. Returns the text after it, or `None` if the text does not begin with a value.
fn value(text: &[u8], depth: usize) -> Option<&[u8]> {
    match text.first()? {
        b'{' => members(
            text.get(1..)?,
            depth.checked_sub(1)?,
            b'}',
            |text, depth| {
                let rest = trim(string(text)?).strip_prefix(b":")?;
                value(trim(rest), depth)
            },
        ),
        b'[' => members(text.get(1..)?, depth.checked_sub(1)?, b']', value),
        b'"' => string(text),
        b't' => text.strip_prefix(b"true"),
        b'f' => text.strip_prefix(b"false"),
        b'n' => text.strip_prefix(b"null"),
        _ => number(text),
    }
}

/// Reads the members of an array or object, and its end.
fn members(
    text: &[u8],
    depth: usize,
    end: u8,
    member: fn(&[u8], usize) -> Option<&[u8]>,
) -> Option<&[u8]> {
    let mut rest = trim(text);
    if let Some(rest) = rest.strip_prefix(&[end]) {
        return Some(rest);
    }
    loop {
        rest = trim(member(rest, depth)?);
        match rest.split_first()? {
            (b',', next) => rest = trim(next),
            (other, next) => return (*other == end).then_some(next),
        }
    }
}

fn string(text: &[u8]) -> Option<&[u8]> {
    let mut rest = text.strip_prefix(b"\"")?;
    loop {
        let (first, next) = rest.split_first()?;
        rest = match first {
            b'"' => return Some(next),
            b'\\' => match next.split_first()? {
                (b'u', digits) => {
                    let is_hex = digits.get(..4)?.iter().all(u8::is_ascii_hexdigit);
                    is_hex.then_some(digits.get(4..)?)?
                }
                (b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', next) => next,
                _ => return None,
            },
            0..0x20 => return None,
            _ => next,
        };
    }
}

fn number(text: &[u8]) -> Option<&[u8]> {
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let mut rest = match text.strip_prefix(b"0") {
        Some(rest) => rest,
        None => digits(text)?,
    };
    if let Some(fraction) = rest.strip_prefix(b".") {
        rest = digits(fraction)?;
    }
    if let Some((b'e' | b'E', exponent)) = rest.split_first() {
        let sign = exponent.first().filter(|sign| matches!(sign, b'+' | b'-'));
        rest = digits(exponent.get(usize::from(sign.is_some())..)?)?;
    }
    Some(rest)
}

/// Reads at least one digit.
fn digits(text: &[u8]) -> Option<&[u8]> {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (count > 0).then(|| text.get(count..))?
}

fn trim(text: &[u8]) -> &[u8] {
    let is_space = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    let count = text.iter().take_while(is_space).count();
    text.get(count..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use proptest::prelude::*;

    #[test]
    fn values_are_recognized() {
        for text in [
            "0",
            "-0.5e+10",
            "12",
            "1E2",
            "true",
            "false",
            " null\r\n",
            "\"\"",
            r#""a\"\\\/\b\f\n\r\t\u00e4""#,
            "\"\u{e4}\"",
            "[]",
            "[ ]",
            "[1, [2],{}]",
            "{}",
            r#"{"a":1 , "b" : [ {"c": null} ]}"#,
        ] {
            assert!(is_value(text), "{text}");
        }
    }

    #[test]
    fn anything_else_is_rejected() {
        for text in [
            "",
            " ",
            "01",
            "-",
            "1.",
            ".5",
            "1e",
            "+1",
            "tru",
            "True",
            "NaN",
            "'a'",
            "\"",
            "\"a",
            "\"\n\"",
            r#""\x""#,
            r#""\u12g4""#,
            r#""\u12""#,
            "[",
            "[1",
            "[1,]",
            "[,]",
            "[1 2]",
            "{",
            "{1:2}",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            r#"{"a":1]"#,
            "[}",
            "1 2",
            "1,",
            "1},\"status\":{",
        ] {
            assert!(!is_value(text), "{text}");
        }
    }

    #[test]
    fn nesting_is_limited() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(is_value(&nested(DEPTH)));
        assert!(!is_value(&nested(DEPTH + 1)));
        assert!(!is_value(&"[".repeat(100_000)));
    }

    proptest! {
        #[test]
        fn a_written_string_is_one_value(text in ".*|[\"\\\\\n\r\t\0\u{1f}u/]*") {
            let mut written = String::new();
            write_string(&mut written, &text);
            prop_assert!(is_value(&written), "{written}");
            prop_assert_eq!(string(written.as_bytes()), Some(&b""[..]));
            prop_assert!(!written.contains(|character: char| character < ' '));
        }
    }
}
