//! Writing strings as JSON text (RFC 8259).

use alloc::string::String;
use core::fmt::Write;

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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_are_the_short_ones() {
        let mut written = String::new();
        write_string(&mut written, "a\"\\\n\r\t\0\u{1f}/\u{e4}");
        assert_eq!(written, "\"a\\\"\\\\\\n\\r\\t\\u0000\\u001f/\u{e4}\"");
    }

    proptest! {
        #[cfg(feature = "json")]
        #[test]
        fn a_written_string_is_read_back(text in ".*|[\"\\\\\n\r\t\0\u{1f}u/]*") {
            let mut written = String::new();
            write_string(&mut written, &text);
            prop_assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
        }
    }
}
