//! Character classes in one constant table, and scans that use it. See [`scan`](super::scan) for faster ones.
//!
//! Each class is one bit in a table of 256 entries. The patterns appear below the rules that they implement.

use crate::values::method::is_tchar;

/// A set of bytes: one bit of [`TABLE`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Class(u8);

/// The classes shared by all bytes of a scan.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen(u8);

impl Seen {
    /// The value before the first byte.
    pub(crate) const NOTHING: Seen = Seen(0xff);

    /// Returns whether no byte was seen. In a target that is not empty, this means that the fast scan of common request
    /// lines has parsed it: the first byte of any other has cleared a bit.
    pub(crate) const fn is_nothing(self) -> bool {
        self.0 == 0xff
    }

    pub(crate) fn only(self, class: Class) -> bool {
        self.0 & class.0 != 0
    }
}

/// RFC 9110 section 5.6.2: `tchar`.
pub(crate) const TOKEN: Class = Class(1);
/// RFC 9110 section 5.5: `field-vchar`, SP and HTAB, the bytes of a field value, including `obs-text`.
pub(crate) const VALUE: Class = Class(2);
/// The bytes allowed in a request target before its form is known: the bytes of a path, `?`, and the backslash that
/// clients leave unencoded in a query. For those that only a query may have, the request line is scanned more slowly.
pub(crate) const TARGET: Class = Class(4);
/// The bytes allowed in a path: RFC 3986 section 3.3 (`pchar`, `/` and `%`, whose digits are checked separately), and
/// some characters that older URI syntax called unwise (RFC 2396 section 2.4.3) and clients still send unencoded: ``
/// [ ] { | } ^ ` ``. None of these is a delimiter in a path or a query. The backslash is not included, because some
/// programs treat it as a path separator.
pub(crate) const PATH: Class = Class(8);
/// RFC 3986 section 3.2.2: `reg-name` without `%`: unreserved and sub-delims.
pub(crate) const REG_NAME: Class = Class(16);
/// RFC 5234: `HEXDIG`.
pub(crate) const HEX: Class = Class(32);
/// RFC 5234: `DIGIT`.
pub(crate) const DIGIT: Class = Class(64);
/// [`PATH`] without `%`: a path that needs no decoding.
pub(crate) const PLAIN_PATH: Class = Class(128);

static TABLE: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = classes(byte as u8);
        byte += 1;
    }
    table
};

const fn classes(byte: u8) -> u8 {
    let alphanumeric = byte.is_ascii_alphanumeric();
    let token = is_tchar(byte);
    let value = matches!(byte, b'\t' | b' '..=b'~' | 0x80..=0xff);
    // RFC 3986 section 2.3 and 2.2: unreserved, sub-delims.
    let unreserved = alphanumeric || matches!(byte, b'-' | b'.' | b'_' | b'~');
    let sub_delim = matches!(
        byte,
        b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'='
    );
    let reg_name = unreserved || sub_delim;
    let unwise = matches!(byte, b'[' | b']' | b'{' | b'|' | b'}' | b'^' | b'`');
    let plain_path = reg_name || unwise || matches!(byte, b':' | b'@' | b'/');
    let path = plain_path || byte == b'%';
    let target = path || matches!(byte, b'?' | b'\\');
    let bits = [
        token,
        value,
        target,
        path,
        reg_name,
        byte.is_ascii_hexdigit(),
        byte.is_ascii_digit(),
        plain_path,
    ];
    let mut all = 0;
    let mut bit = 0;
    while bit < 8 {
        all |= (bits[bit] as u8) << bit;
        bit += 1;
    }
    all
}

impl Class {
    #[inline]
    pub(crate) fn contains(self, byte: u8) -> bool {
        TABLE[byte as usize] & self.0 != 0
    }

    /// Like [`skip`](Class::skip), but also narrows `seen` to the classes shared by every byte skipped.
    #[inline]
    pub(crate) fn skip_seeing(self, bytes: &[u8], from: usize, mut seen: Seen) -> (usize, Seen) {
        let mut at = from;
        for &byte in bytes.get(from..).unwrap_or_default() {
            let classes = TABLE[byte as usize];
            if classes & self.0 == 0 {
                break;
            }
            seen.0 &= classes;
            at += 1;
        }
        (at, seen)
    }

    /// Returns the position of the first byte at or after `from` that is not in this class, or the length.
    #[inline]
    pub(crate) fn skip(self, bytes: &[u8], from: usize) -> usize {
        let rest = bytes.get(from..).unwrap_or_default();
        match rest.iter().position(|&byte| !self.contains(byte)) {
            Some(length) => from + length,
            None => bytes.len().max(from),
        }
    }

    /// Returns whether every byte is in this class. Returns `true` for no bytes.
    pub(crate) fn all(self, bytes: &[u8]) -> bool {
        bytes.iter().all(|&byte| self.contains(byte))
    }
}

/// Removes SP and HTAB from both ends. `OWS` consists of these and nothing else (RFC 9110 section 5.6.3).
pub(crate) fn trim(bytes: &[u8]) -> &[u8] {
    let mut rest = trim_start(bytes);
    while let [before @ .., b' ' | b'\t'] = rest {
        rest = before;
    }
    rest
}

/// Like [`trim`], but only at the start.
pub(crate) fn trim_start(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes;
    while let [b' ' | b'\t', tail @ ..] = rest {
        rest = tail;
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn members(class: Class) -> Vec<u8> {
        (0..=255).filter(|&byte| class.contains(byte)).collect()
    }

    #[test]
    fn class_sizes_match_the_grammar() {
        assert_eq!(members(TOKEN).len(), 15 + 62);
        assert_eq!(members(VALUE).len(), 95 + 128 + 1);
        assert_eq!(members(HEX).len(), 22);
        assert_eq!(members(DIGIT).len(), 10);
        assert_eq!(members(REG_NAME).len(), 66 + 11);
        assert_eq!(members(PATH).len(), 66 + 11 + 4 + 7);
        assert_eq!(members(TARGET).len(), 66 + 11 + 4 + 7 + 2);
        assert_eq!(members(PLAIN_PATH).len() + 1, members(PATH).len());
        assert!(!PLAIN_PATH.contains(b'%'));
    }

    #[test]
    fn only_space_and_tab_are_trimmed() {
        assert_eq!(trim(b" \t a b\t "), b"a b");
        assert_eq!(trim(b"\x0ba\xa0"), b"\x0ba\xa0");
        assert_eq!(trim(b" \t "), b"");
        assert_eq!(trim(b""), b"");
    }
}
