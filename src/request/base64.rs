//! Base64 (RFC 4648 section 4), the encoding of credentials. It is so short that the core needs no crate for it.

#[cfg(any(feature = "signed-cookies", feature = "testing"))]
use alloc::string::String;
use alloc::vec::Vec;

/// Encodes bytes in the standard alphabet with padding.
#[cfg(any(feature = "signed-cookies", feature = "testing"))]
pub(crate) fn encode(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |index: usize| u32::from(group.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for index in 0..4 {
            if index <= group.len() {
                text.push(char::from(DIGITS[(bits >> (18 - 6 * index)) as usize % 64]));
            } else {
                text.push('=');
            }
        }
    }
    text
}

/// Decodes text in the standard alphabet with padding. Returns `None` for anything else, which includes bits that
/// would be lost (section 3.5).
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    if text.len() % 4 != 0 {
        return None;
    }
    let mut digits = text;
    for _ in 0..2 {
        digits = digits.strip_suffix(b"=").unwrap_or(digits);
    }
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for &byte in digits {
        bits = (bits << 6) | u32::from(digit(byte)?);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    let lost = bits & ((1 << count) - 1);
    (lost == 0).then_some(bytes)
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_rfc_are_decoded() {
        for (text, bytes) in [
            ("", ""),
            ("Zg==", "f"),
            ("Zm8=", "fo"),
            ("Zm9v", "foo"),
            ("Zm9vYg==", "foob"),
            ("Zm9vYmE=", "fooba"),
            ("Zm9vYmFy", "foobar"),
        ] {
            assert_eq!(
                decode(text.as_bytes()).as_deref(),
                Some(bytes.as_bytes()),
                "{text}"
            );
        }
        assert_eq!(decode(b"+/+/").as_deref(), Some(&[0xfb, 0xff, 0xbf][..]));
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(decode(&slow_encode(&all)), Some(all));
    }

    #[test]
    fn each_value_has_one_encoding() {
        for text in [
            "Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zm9v=", "=Zg=", "Z===", "====", "Zm9v====", "Zm-_",
            " Zm9", "Zm9\n", "Zg==Zg==", "Zm\u{e9}",
        ] {
            assert_eq!(decode(text.as_bytes()), None, "{text}");
        }
    }

    #[cfg(any(feature = "signed-cookies", feature = "testing"))]
    #[test]
    fn bytes_of_any_length_are_encoded() {
        for length in 0..20 {
            let bytes: Vec<u8> = (0..length).map(|number| number * 13 + 7).collect();
            let text = encode(&bytes);
            assert_eq!(text.as_bytes(), slow_encode(&bytes));
            assert_eq!(decode(text.as_bytes()), Some(bytes));
        }
    }

    /// A slow encoder to compare with.
    fn slow_encode(bytes: &[u8]) -> Vec<u8> {
        const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut text = Vec::new();
        for block in bytes.chunks(3) {
            let bit = |at: usize| block.get(at / 8).map_or(0, |byte| byte >> (7 - at % 8) & 1);
            for place in 0..4 {
                let value = (0..6).fold(0, |value, at| value << 1 | bit(place * 6 + at));
                text.push(if place <= block.len() {
                    DIGITS[usize::from(value)]
                } else {
                    b'='
                });
            }
        }
        text
    }
}
