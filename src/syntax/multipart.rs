//! The framing of `multipart` content: boundaries and the heads of parts (RFC 2046 section 5.1).

use super::byte_class::{TOKEN, VALUE, trim_start};
use alloc::vec::Vec;

/// The parts of content, split at its boundaries in one pass.
#[derive(Clone, Debug)]
pub(crate) struct RawParts<'a> {
    /// What follows the last delimiter. `None` after the end or an error.
    rest: Option<&'a [u8]>,
    /// CRLF, two dashes and the boundary.
    delimiter: Vec<u8>,
    head_limit: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RawPart<'a> {
    /// Valid field lines.
    pub(crate) head: &'a [u8],
    pub(crate) content: &'a [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PartError {
    /// The content has no boundary at all.
    NoStart,
    /// No boundary follows.
    NoEnd,
    /// Something else follows a boundary on its line.
    BoundaryLine,
    /// The head has no end, or a line of it is not a field.
    Head,
    /// The head is longer than the limit.
    HeadTooLong,
}

/// Returns whether a text may be a boundary: 1 to 70 `bchars` that do not end with a space.
pub(crate) fn is_boundary(text: &[u8]) -> bool {
    let is_bchar = |octet: &u8| octet.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(octet);
    matches!(text.len(), 1..=70) && text.iter().all(is_bchar) && !text.ends_with(b" ")
}

impl<'a> RawParts<'a> {
    /// Splits content. Text before the first boundary is skipped. `head_limit` is in bytes.
    pub(crate) fn new(
        content: &'a [u8],
        boundary: &[u8],
        head_limit: usize,
    ) -> Result<RawParts<'a>, PartError> {
        let delimiter = [b"\r\n--", boundary].concat();
        let first = content.strip_prefix(delimiter.get(2..).unwrap_or_default());
        let rest = match first {
            Some(rest) => rest,
            None => split(content, &delimiter).ok_or(PartError::NoStart)?.1,
        };
        Ok(RawParts {
            rest: Some(rest),
            delimiter,
            head_limit,
        })
    }

    /// Returns the part at the start of `rest`, which follows a delimiter, and what follows the next delimiter.
    fn split_part(&self, rest: &'a [u8]) -> Result<(RawPart<'a>, &'a [u8]), PartError> {
        // Spaces and tabs before the line end are transport padding.
        let block = trim_start(rest);
        let block = block.strip_prefix(b"\r\n").ok_or(PartError::BoundaryLine)?;
        let (block, rest) = split(block, &self.delimiter).ok_or(PartError::NoEnd)?;
        Ok((self.part(block)?, rest))
    }

    fn part(&self, block: &'a [u8]) -> Result<RawPart<'a>, PartError> {
        if let Some(content) = block.strip_prefix(b"\r\n") {
            return Ok(RawPart { head: b"", content });
        }
        let limited = block.get(..self.head_limit + 2).unwrap_or(block);
        let end = limited.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        let (head, content) = match end {
            Some(end) => (&block[..end + 2], &block[end + 4..]),
            None if block.len() > self.head_limit => return Err(PartError::HeadTooLong),
            // A head without content may lack the empty line.
            None if block.ends_with(b"\r\n") => (block, &b""[..]),
            None => return Err(PartError::Head),
        };
        match is_field_lines(head) {
            true => Ok(RawPart { head, content }),
            false => Err(PartError::Head),
        }
    }
}

impl<'a> Iterator for RawParts<'a> {
    type Item = Result<RawPart<'a>, PartError>;

    fn next(&mut self) -> Option<Result<RawPart<'a>, PartError>> {
        let rest = self.rest.take()?;
        if rest.starts_with(b"--") {
            // What follows the last boundary is to be ignored.
            return None;
        }
        let taken = self.split_part(rest);
        self.rest = taken.ok().map(|(_, rest)| rest);
        Some(taken.map(|(part, _)| part))
    }
}

/// Splits at the first delimiter. It begins with its only CR, so that no byte is looked at more than twice.
fn split<'a>(content: &'a [u8], delimiter: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let mut at = 0;
    loop {
        at += content
            .get(at..)?
            .iter()
            .position(|&octet| octet == b'\r')?;
        let (before, found) = content.split_at(at);
        if let Some(rest) = found.strip_prefix(delimiter) {
            return Some((before, rest));
        }
        at += 1;
    }
}

/// Returns whether a head consists of lines `name ":" value CRLF`.
fn is_field_lines(mut head: &[u8]) -> bool {
    while !head.is_empty() {
        let name = TOKEN.skip(head, 0);
        let Some(value) = head.get(name + 1..) else {
            return false;
        };
        let (_, rest) = value.split_at(VALUE.skip(value, 0));
        match (name, head.get(name), rest.strip_prefix(b"\r\n")) {
            (1.., Some(b':'), Some(rest)) => head = rest,
            _ => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;

    fn parts(content: &str) -> Result<Vec<(String, String)>, PartError> {
        let parts = RawParts::new(content.as_bytes(), b"b", 20)?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let parts = parts.map(|part| part.map(|part| (text(part.head), text(part.content))));
        parts.collect()
    }

    #[test]
    fn parts_are_split_at_boundaries() {
        for (content, expected) in [
            ("--b--", &[][..]),
            ("--b--\r\nafter\r\n--b\r\n", &[]),
            ("before\r\n--b--", &[]),
            ("--b\r\n\r\n\r\n--b--", &[("", "")]),
            ("--b\r\n\r\nx--b\r\n--b--", &[("", "x--b")]),
            (
                "--b \t\r\nA: b\r\n\r\nc\r\n--b\r\nD:\r\n\r\n\r\r\n\r\n--b--\r\n",
                &[("A: b\r\n", "c"), ("D:\r\n", "\r\r\n")],
            ),
            ("--b\r\nA: b\r\n\r\n--b--", &[("A: b\r\n", "")]),
            (
                "--b\r\nA:4567890123456789\r\n\r\n\r\n--b--",
                &[("A:4567890123456789\r\n", "")],
            ),
        ] {
            let expected: Vec<(String, String)> = expected
                .iter()
                .map(|(head, content)| ((*head).into(), (*content).into()))
                .collect();
            assert_eq!(parts(content), Ok(expected), "{content:?}");
        }
    }

    #[test]
    fn what_is_not_in_parts_is_an_error() {
        for (content, error) in [
            ("", PartError::NoStart),
            ("x--b--", PartError::NoStart),
            ("\n--b--", PartError::NoStart),
            ("--b", PartError::BoundaryLine),
            ("--bc\r\n\r\nx\r\n--b--", PartError::BoundaryLine),
            ("--b\n\nx\r\n--b--", PartError::BoundaryLine),
            ("--b\r\n", PartError::NoEnd),
            ("--b\r\nA: b\r\n\r\nx", PartError::NoEnd),
            ("--b\r\nA: b\r\n\r\nx\n--b--", PartError::NoEnd),
            ("--b\r\nA: b\r\n--b--", PartError::Head),
            ("--b\r\nA\r\n\r\nx\r\n--b--", PartError::Head),
            ("--b\r\nA : b\r\n\r\nx\r\n--b--", PartError::Head),
            ("--b\r\n: b\r\n\r\nx\r\n--b--", PartError::Head),
            ("--b\r\nA: b\rc\r\n\r\nx\r\n--b--", PartError::Head),
            ("--b\r\nA: b\r\n c\r\n\r\nx\r\n--b--", PartError::Head),
            (
                "--b\r\nA:45678901234567890\r\n\r\n\r\n--b--",
                PartError::HeadTooLong,
            ),
            (
                "--b\r\nA:45678901234567890\r\n\r\n--b--",
                PartError::HeadTooLong,
            ),
        ] {
            assert_eq!(parts(content), Err(error), "{content:?}");
        }
    }

    #[test]
    fn a_boundary_has_one_to_seventy_plain_characters() {
        for text in [
            "b",
            "----WebKitFormBoundary7MA4YWxkTrZu0gW",
            "a b",
            "'()+_,-./:=?",
        ] {
            assert!(is_boundary(text.as_bytes()), "{text}");
        }
        assert!(is_boundary(&[b'b'; 70]) && !is_boundary(&[b'b'; 71]));
        for text in ["", "b ", "a\"b", "a;b", "a\r\nb", "\u{e4}"] {
            assert!(!is_boundary(text.as_bytes()), "{text:?}");
        }
    }
}
