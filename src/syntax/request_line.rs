//! Parsing of request lines (RFC 9112 sections 2 and 3).

use super::byte_class::{PATH, TARGET, TOKEN};
use super::field_section::FieldSection;
use super::head::{HeadParser, Parsed, Phase};
use super::scan::common_path_end;
use super::span::Span;
use crate::config::limits::Limits;
use crate::values::method::{METHOD_BYTES, Method};
use crate::values::protocol_error::{InvalidRequest, ProtocolError};

/// The number of empty lines skipped before a request line. Old clients send one after a form (RFC 9112 section 2.2),
/// and some send several between two requests.
const EMPTY_LINES: u8 = 10;

impl HeadParser {
    /// Parses a request line of the most common kind, if it is complete: GET, HEAD or POST, a path without escapes or
    /// query, and HTTP/1.1. Returns whether it was one.
    #[inline(always)]
    pub(super) fn common_request_line(&mut self, input: &[u8], limits: &Limits) -> bool {
        const VERSION: &[u8; 11] = b" HTTP/1.1\r\n";
        let (method, length) = match input.first_chunk() {
            Some(b"GET /") => (Method::GET, 3),
            Some(b"POST ") => (Method::POST, 4),
            Some(b"HEAD ") => (Method::HEAD, 4),
            _ => return false,
        };
        let start = usize::from(length) + 1;
        let path_end = common_path_end(input, start as u32) as usize;
        let end = path_end + VERSION.len();
        if path_end == start
            || input.get(path_end..end) != Some(&VERSION[..])
            || end > limits.request_line_bytes as usize + 2
            || end > limits.head_bytes as usize
        {
            return false;
        }
        let layout = &mut self.layout;
        layout.method = method;
        layout.method_bytes = length;
        layout.target = Span::new(start, path_end);
        layout.minor = 1;
        layout.fields = Span::new(end, end);
        self.phase = Phase::HeaderMap(FieldSection::starting_at(end));
        true
    }

    /// Parses any request line. Returns `None` once it is complete.
    #[inline(never)]
    pub(super) fn request_line(
        &mut self,
        input: &[u8],
        limits: &Limits,
    ) -> Result<Option<Parsed>, InvalidRequest> {
        if let Phase::Start(empty_lines) = self.phase {
            match input {
                [] => return Ok(Some(Parsed::Incomplete)),
                [b'\r', ..] if empty_lines == EMPTY_LINES => {
                    return Err(InvalidRequest::new(ProtocolError::EmptyLines, 0));
                }
                [b'\r'] => return Ok(Some(Parsed::Incomplete)),
                [b'\r', b'\n', ..] => {
                    self.phase = Phase::Start(empty_lines + 1);
                    return Ok(Some(Parsed::EmptyLine));
                }
                [b'\r', ..] => return Err(InvalidRequest::new(ProtocolError::BareCr, 0)),
                _ => self.phase = Phase::Method,
            }
        }
        let is_complete = (!matches!(self.phase, Phase::Method) || self.method(input, limits)?)
            && (!matches!(self.phase, Phase::Target) || self.target(input, limits)?)
            && (!matches!(self.phase, Phase::Version) || self.version(input, limits)?);
        Ok((!is_complete).then_some(Parsed::Incomplete))
    }

    fn method(&mut self, input: &[u8], limits: &Limits) -> Result<bool, InvalidRequest> {
        let window = Self::line_window(input, limits, METHOD_BYTES + 1);
        self.at = TOKEN.skip(window, self.at);
        let fault = |error| Err(InvalidRequest::new(error, self.at));
        match window.get(self.at) {
            Some(b' ') if self.at > 0 => {
                self.layout.method_bytes = self.at as u8;
                self.layout.method = Method::from_valid(self.layout.method_token().of(input));
                self.at += 1;
                self.phase = Phase::Target;
                Ok(true)
            }
            Some(b'\r') => fault(ProtocolError::TargetMissing),
            Some(b'\n') => fault(ProtocolError::BareLf),
            Some(_) => fault(ProtocolError::MethodByte),
            None if self.at > METHOD_BYTES => Err(InvalidRequest::new(
                ProtocolError::MethodTooLong,
                METHOD_BYTES,
            )),
            None => ran_out(self.at, limits).map(|()| false),
        }
    }

    fn target(&mut self, input: &[u8], limits: &Limits) -> Result<bool, InvalidRequest> {
        let window = Self::line_window(input, limits, usize::MAX);
        (self.at, self.layout.target_seen) =
            TARGET.skip_seeing(window, self.at, self.layout.target_seen);
        let mut end = self.at;
        if matches!(window.get(end), Some(b'"' | b'<' | b'>' | 0x80..=0xff)) && self.is_in_query() {
            (self.at, end) = skip_query(window, end);
        }
        let start = usize::from(self.layout.method_bytes) + 1;
        let fault = |error| Err(InvalidRequest::new(error, self.at));
        match window.get(end) {
            Some(b' ') if self.at > start => {
                self.layout.target = Span::new(start, self.at);
                self.at += 1;
                self.phase = Phase::Version;
                Ok(true)
            }
            Some(b' ' | b'\r') if self.at == start => fault(ProtocolError::TargetMissing),
            Some(b'\r') => fault(ProtocolError::VersionMissing),
            Some(b'\n') => fault(ProtocolError::BareLf),
            Some(_) => fault(ProtocolError::TargetByte),
            None => ran_out(end, limits).map(|()| false),
        }
    }

    /// Returns whether the target has had a question mark. The only other byte that no path has, the backslash, is
    /// refused once the head is complete.
    fn is_in_query(&self) -> bool {
        !self.layout.target_seen.only(PATH)
    }

    /// Parses `HTTP/` DIGIT `.` DIGIT CR LF (RFC 9112 section 2.3).
    fn version(&mut self, input: &[u8], limits: &Limits) -> Result<bool, InvalidRequest> {
        let end = self.at + "HTTP/1.1".len();
        if end > limits.request_line_bytes as usize {
            return Err(InvalidRequest::new(
                ProtocolError::RequestLineTooLong,
                self.at - 1,
            ));
        }
        match input.get(self.at..).unwrap_or_default() {
            [
                b'H',
                b'T',
                b'T',
                b'P',
                b'/',
                b'1',
                b'.',
                minor @ b'0'..=b'9',
                b'\r',
                b'\n',
                ..,
            ] => {
                self.layout.minor = minor - b'0';
                self.layout.fields = Span::new(end + 2, end + 2);
                self.phase = Phase::HeaderMap(FieldSection::starting_at(end + 2));
                Ok(true)
            }
            version => doubtful_version(version, self.at).map(|()| false),
        }
    }

    /// Returns the part of the input that the request line may occupy, plus one byte, but no more than `most` bytes.
    fn line_window<'a>(input: &'a [u8], limits: &Limits, most: usize) -> &'a [u8] {
        let end = line_end(limits).min(most);
        input.get(..end.min(input.len())).unwrap_or_default()
    }
}

/// Skips the rest of a query. Returns where the scan continues once there is more input, and where it has ended. The two
/// differ only if the input ends inside a character.
///
/// Beyond the bytes of a target, clients send quotes and angle brackets unencoded in a query, and text in UTF-8: the
/// characters of RFC 3987 section 2.2, which has no control characters.
#[cold]
fn skip_query(window: &[u8], from: usize) -> (usize, usize) {
    let mut at = from;
    loop {
        at = TARGET.skip(window, at);
        match window.get(at..).unwrap_or_default() {
            [b'"' | b'<' | b'>', ..] => at += 1,
            rest @ [0x80..=0xff, ..] => match first_character(rest) {
                Some(character) if !character.is_control() => at += character.len_utf8(),
                None if is_begun(rest) => return (at, window.len()),
                _ => return (at, at),
            },
            _ => return (at, at),
        }
    }
}

fn first_character(bytes: &[u8]) -> Option<char> {
    let longest = bytes.get(..4).unwrap_or(bytes);
    longest.utf8_chunks().next()?.valid().chars().next()
}

/// Returns whether the bytes are the beginning of a character.
fn is_begun(bytes: &[u8]) -> bool {
    let text = core::str::from_utf8(bytes);
    text.is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
}

/// Checks that a request line whose input has ended at `at` may continue.
#[cold]
fn ran_out(at: usize, limits: &Limits) -> Result<(), InvalidRequest> {
    match at {
        at if at < line_end(limits) => Ok(()),
        at if at > limits.request_line_bytes as usize => Err(InvalidRequest::new(
            ProtocolError::RequestLineTooLong,
            at - 1,
        )),
        at => Err(InvalidRequest::new(
            ProtocolError::HeadTooLong,
            at.saturating_sub(1),
        )),
    }
}

/// Handles a version that is incomplete or invalid.
#[cold]
fn doubtful_version(version: &[u8], at: usize) -> Result<(), InvalidRequest> {
    for (index, &byte) in version.iter().take("HTTP/1.1\r\n".len()).enumerate() {
        let (error, index) = match (index, byte) {
            (0..=4 | 6, byte) if byte == b"HTTP/1."[index] => continue,
            (5, b'0'..=b'9') => continue,
            (7, b'0'..=b'9') if version[5] == b'1' => continue,
            (7, b'0'..=b'9') => (ProtocolError::VersionUnsupported, 5),
            (8, b'\r') | (9, b'\n') => continue,
            (9, _) => (ProtocolError::BareCr, 8),
            (0, b'\r') => (ProtocolError::VersionMissing, 0),
            (_, b'\n') => (ProtocolError::BareLf, index),
            _ => (ProtocolError::VersionMalformed, index),
        };
        return Err(InvalidRequest::new(error, at + index));
    }
    Ok(())
}

/// Returns the limit of the request line plus one byte, or the limit of the head if that is smaller.
fn line_end(limits: &Limits) -> usize {
    let line = (limits.request_line_bytes as usize).saturating_add(1);
    line.min(limits.head_bytes as usize)
}
