//! The framing of `multipart` bodies: boundaries and the heads of parts (RFC 2046 section 5.1).

use super::byte_class::{TOKEN, VALUE, trim_start};
use alloc::vec::Vec;

/// The maximum number of bytes skipped outside of the parts: before the first boundary, after the last one, and as
/// padding on boundary lines. No client sends more than a sentence.
pub(crate) const OUTSIDE_LIMIT: usize = 4096;

/// A parser that splits a body at its boundaries, in one pass, whether the body is complete or still arriving.
#[derive(Clone, Debug)]
pub(crate) struct PartParser {
    /// CRLF, two dashes and the boundary. It begins with its only CR.
    delimiter: Vec<u8>,
    head_limit: usize,
    /// The number of bytes outside of the parts so far.
    outside: usize,
    state: State,
}

/// The element that comes next.
#[derive(Clone, Copy, Debug)]
enum State {
    Start,
    /// Text before the first boundary, which is skipped.
    Preamble,
    AfterBoundary,
    /// The rest of the line of a boundary.
    BoundaryLine,
    Head {
        /// The number of bytes already searched for the end of the head.
        scanned: usize,
    },
    Data,
    /// Text after the last boundary, which is skipped.
    Epilogue,
}

/// A piece of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PartStep<'a> {
    /// The head of the next part: valid field lines.
    Head(&'a [u8]),
    /// The next bytes of its body. They are never empty.
    Data(&'a [u8]),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PartError {
    /// The body has no boundary at all.
    NoStart,
    /// No boundary follows.
    NoEnd,
    /// Something else follows a boundary on its line.
    BoundaryLine,
    /// The head has no end, or one of its lines is not a field line.
    Head,
    /// The head is longer than the limit.
    HeadTooLong,
    /// More than [`OUTSIDE_LIMIT`] bytes are outside of the parts.
    OutsideTooLong,
}

/// Returns whether the text can be a boundary: 1 to 70 `bchars` that do not end with a space.
pub(crate) fn is_boundary(text: &[u8]) -> bool {
    let is_bchar = |byte: &u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(byte);
    matches!(text.len(), 1..=70) && text.iter().all(is_bchar) && !text.ends_with(b" ")
}

impl PartParser {
    /// Creates a parser. `head_limit` is in bytes.
    pub(crate) fn new(boundary: &[u8], head_limit: usize) -> PartParser {
        PartParser {
            delimiter: [b"\r\n--", boundary].concat(),
            head_limit,
            outside: 0,
            state: State::Start,
        }
    }

    /// Returns the next piece of the body, or `None` if more input is needed. `input` begins with the rest left by the
    /// last step. If it `is_whole`, nothing follows it, and `None` means that all parts were returned.
    ///
    /// The rest is at most as long as a head and a delimiter.
    pub(crate) fn step<'a>(
        &mut self,
        input: &mut &'a [u8],
        is_whole: bool,
    ) -> Result<Option<PartStep<'a>>, PartError> {
        loop {
            let step = match self.state {
                State::Start => self.start(input, is_whole),
                State::Preamble => self.preamble(input, is_whole)?,
                State::AfterBoundary => self.after_boundary(input, is_whole),
                State::BoundaryLine => self.boundary_line(input, is_whole)?,
                State::Head { scanned } => self.head(input, scanned, is_whole)?,
                State::Data => self.data(input, is_whole)?,
                State::Epilogue => {
                    self.skip(input, input.len())?;
                    Next::NeedMore
                }
            };
            match step {
                Next::Step(step) => return Ok(Some(step)),
                Next::State(state) => self.state = state,
                Next::NeedMore => return Ok(None),
            }
        }
    }

    /// Returns whether the body of a part comes next.
    pub(crate) const fn is_in_data(&self) -> bool {
        matches!(self.state, State::Data)
    }

    /// The first boundary may lack the line end before it.
    fn start<'a>(&self, input: &mut &'a [u8], is_whole: bool) -> Next<'a> {
        let first = self.delimiter.get(2..).unwrap_or_default();
        if let Some(rest) = input.strip_prefix(first) {
            *input = rest;
            return Next::State(State::AfterBoundary);
        }
        if first.starts_with(input) && !is_whole {
            Next::NeedMore
        } else {
            Next::State(State::Preamble)
        }
    }

    fn preamble<'a>(
        &mut self,
        input: &mut &'a [u8],
        is_whole: bool,
    ) -> Result<Next<'a>, PartError> {
        let (before, is_found) = find(input, &self.delimiter);
        self.skip(input, before)?;
        if is_found {
            return Ok(self.skip_delimiter(input));
        }
        if is_whole {
            Err(PartError::NoStart)
        } else {
            Ok(Next::NeedMore)
        }
    }

    /// Skips bytes outside of the parts.
    fn skip(&mut self, input: &mut &[u8], count: usize) -> Result<(), PartError> {
        *input = input.get(count..).unwrap_or_default();
        self.outside = self.outside.saturating_add(count);
        if self.outside > OUTSIDE_LIMIT {
            Err(PartError::OutsideTooLong)
        } else {
            Ok(())
        }
    }

    fn after_boundary<'a>(&self, input: &mut &'a [u8], is_whole: bool) -> Next<'a> {
        match *input {
            b"" | b"-" if !is_whole => Next::NeedMore,
            [b'-', b'-', rest @ ..] => {
                *input = rest;
                Next::State(State::Epilogue)
            }
            _ => Next::State(State::BoundaryLine),
        }
    }

    /// Spaces and tabs before the line end are transport padding.
    fn boundary_line<'a>(
        &mut self,
        input: &mut &'a [u8],
        is_whole: bool,
    ) -> Result<Next<'a>, PartError> {
        self.skip(input, input.len() - trim_start(input).len())?;
        if let Some(rest) = input.strip_prefix(b"\r\n") {
            *input = rest;
            return Ok(Next::State(State::Head { scanned: 0 }));
        }
        if matches!(*input, b"" | b"\r") && !is_whole {
            Ok(Next::NeedMore)
        } else {
            Err(PartError::BoundaryLine)
        }
    }

    fn head<'a>(
        &mut self,
        input: &mut &'a [u8],
        scanned: usize,
        is_whole: bool,
    ) -> Result<Next<'a>, PartError> {
        // More input would not help: the limit, and the delimiter that can end the head.
        let enough = self.head_limit.saturating_add(self.delimiter.len());
        let is_whole = is_whole || input.len() >= enough;
        let mut at = scanned;
        while let Some(next) = position_of_cr(input, at).filter(|next| *next <= self.head_limit) {
            at = next;
            match self.head_end(input, at, is_whole) {
                HeadEnd::At { length, data } => {
                    let head = input.get(..length).unwrap_or_default();
                    if length > self.head_limit {
                        return Err(PartError::HeadTooLong);
                    }
                    if !is_field_lines(head) || length == 0 && data == 0 {
                        return Err(PartError::Head);
                    }
                    *input = input.get(data..).unwrap_or_default();
                    self.state = State::Data;
                    return Ok(Next::Step(PartStep::Head(head)));
                }
                HeadEnd::Unknown => {
                    self.state = State::Head { scanned: at };
                    return Ok(Next::NeedMore);
                }
                HeadEnd::NotHere => at += 1,
            }
        }
        match is_whole {
            true if input.len() > self.head_limit => Err(PartError::HeadTooLong),
            true => Err(PartError::NoEnd),
            false => {
                self.state = State::Head {
                    scanned: position_of_cr(input, at).unwrap_or(input.len()),
                };
                Ok(Next::NeedMore)
            }
        }
    }

    /// Returns whether a head ends at a CR: with an empty line, or without one if the part has no body.
    fn head_end(&self, input: &[u8], at: usize, is_whole: bool) -> HeadEnd {
        let rest = input.get(at..).unwrap_or_default();
        let may_become = |text: &[u8], rest: &[u8]| !is_whole && text.starts_with(rest);
        if rest.starts_with(&self.delimiter) {
            return HeadEnd::At {
                length: at,
                data: at,
            };
        }
        // The line end of the last field line, if the head has one.
        let length = if at == 0 { 0 } else { at + 2 };
        let empty_line = input.get(length..).unwrap_or_default();
        if may_become(&self.delimiter, rest) || may_become(&self.delimiter, empty_line) {
            return HeadEnd::Unknown;
        }
        if !rest.starts_with(b"\r\n") {
            return HeadEnd::NotHere;
        }
        if empty_line.starts_with(&self.delimiter) {
            return HeadEnd::At {
                length,
                data: length,
            };
        }
        if empty_line.starts_with(b"\r\n") {
            HeadEnd::At {
                length,
                data: length + 2,
            }
        } else {
            HeadEnd::NotHere
        }
    }

    fn data<'a>(&self, input: &mut &'a [u8], is_whole: bool) -> Result<Next<'a>, PartError> {
        let (before, is_found) = find(input, &self.delimiter);
        let (data, rest) = input.split_at(before);
        *input = rest;
        Ok(match (data, is_found) {
            (b"", true) => self.skip_delimiter(input),
            (b"", false) if is_whole => return Err(PartError::NoEnd),
            (b"", false) => Next::NeedMore,
            _ => Next::Step(PartStep::Data(data)),
        })
    }

    fn skip_delimiter<'a>(&self, input: &mut &'a [u8]) -> Next<'a> {
        *input = input.get(self.delimiter.len()..).unwrap_or_default();
        Next::State(State::AfterBoundary)
    }
}

enum Next<'a> {
    Step(PartStep<'a>),
    State(State),
    NeedMore,
}

enum HeadEnd {
    /// The length of the head, and where the body begins.
    At {
        length: usize,
        data: usize,
    },
    /// The next bytes decide.
    Unknown,
    NotHere,
}

/// Returns the number of bytes before the first delimiter, and whether it is complete. Otherwise, at most its beginning
/// follows. No byte is examined more than twice.
fn find(input: &[u8], delimiter: &[u8]) -> (usize, bool) {
    let mut at = 0;
    while let Some(next) = position_of_cr(input, at) {
        at = next;
        let rest = input.get(at..).unwrap_or_default();
        let is_found = rest.starts_with(delimiter);
        if is_found || delimiter.starts_with(rest) {
            return (at, is_found);
        }
        at += 1;
    }
    (input.len(), false)
}

fn position_of_cr(input: &[u8], from: usize) -> Option<usize> {
    let mut rest = input.get(from..)?.iter();
    Some(from + rest.position(|&byte| byte == b'\r')?)
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
    use alloc::format;
    use alloc::string::String;

    type Parts = Result<Vec<(String, String)>, PartError>;

    /// Parses a body that arrives in pieces of this size.
    fn parts_of(data: &str, size: usize) -> Parts {
        let mut parser = PartParser::new(b"b", 20);
        let mut parts: Vec<(String, String)> = Vec::new();
        let (mut kept, mut rest) = (Vec::new(), data.as_bytes());
        loop {
            let (piece, after) = rest.split_at(size.min(rest.len()));
            rest = after;
            kept.extend_from_slice(piece);
            let mut input = &kept[..];
            while let Some(step) = parser.step(&mut input, rest.is_empty())? {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                match step {
                    PartStep::Head(head) => parts.push((text(head), String::new())),
                    PartStep::Data(data) => {
                        parts.last_mut().unwrap().1.push_str(&text(data));
                    }
                }
            }
            kept = input.to_vec();
            assert!(kept.len() <= 20 + 5, "{data:?}");
            if rest.is_empty() {
                return Ok(parts);
            }
        }
    }

    fn parts(data: &str) -> Parts {
        let whole = parts_of(data, data.len() + 1);
        for size in 1..=data.len() {
            assert_eq!(parts_of(data, size), whole, "{data:?} by {size}");
        }
        whole
    }

    #[test]
    fn parts_are_split_at_boundaries() {
        for (data, expected) in [
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
                .map(|(head, data)| ((*head).into(), (*data).into()))
                .collect();
            assert_eq!(parts(data), Ok(expected), "{data:?}");
        }
    }

    #[test]
    fn malformed_bodies_are_errors() {
        for (data, error) in [
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
            assert_eq!(parts(data), Err(error), "{data:?}");
        }
    }

    #[test]
    fn only_a_few_bytes_are_skipped_outside_of_the_parts() {
        let forms = |count| {
            [
                format!("{}\r\n--b--", "x".repeat(count)),
                format!("--b--{}", "x".repeat(count)),
                format!("--b{}\r\nA: b\r\n\r\n\r\n--b--", " ".repeat(count)),
                format!(
                    "x\r\n--b \r\nA: b\r\n\r\n\r\n--b--{}",
                    "x".repeat(count - 2)
                ),
            ]
        };
        for form in forms(OUTSIDE_LIMIT) {
            for size in [1, 7, form.len()] {
                assert!(parts_of(&form, size).is_ok(), "by {size}");
            }
        }
        for form in forms(OUTSIDE_LIMIT + 1) {
            for size in [1, 7, form.len()] {
                assert_eq!(parts_of(&form, size), Err(PartError::OutsideTooLong));
            }
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
