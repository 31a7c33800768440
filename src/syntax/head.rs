//! Parsing of request heads in a single scan: request line and fields (RFC 9112 sections 2 to 5).

use super::authority::AuthorityPlace;
use super::byte_class::{Seen, TARGET, TOKEN, trim, trim_start};
use super::field_section::{Bounds, Event, FieldSection};
use super::list;
use super::span::Span;
use super::target::TargetPlace;
use crate::values::error::{Error, Fault};
use crate::values::limits::Limits;
use crate::values::method::{METHOD_BYTES, Method};

/// The number of empty lines skipped before a request line. Old clients send one after a form (RFC 9112 section 2.2),
/// and some send several between two requests.
const EMPTY_LINES: u8 = 10;

/// The positions of everything in a head. The bytes themselves are stored elsewhere.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    pub(crate) method: Method,
    pub(crate) method_token: Span,
    pub(crate) target: Span,
    /// The character classes of the target so far.
    pub(crate) target_seen: Seen,
    /// The parts of the target, once the head has been validated.
    pub(crate) target_place: TargetPlace,
    /// The requested authority, once the head has been validated.
    pub(crate) authority: Option<AuthorityPlace>,
    /// The digit after `HTTP/1.`.
    pub(crate) minor: u8,
    /// All field lines with their line endings, without the empty line.
    pub(crate) fields: Span,
    /// The length of the head, including the empty line.
    pub(crate) end: usize,
    pub(crate) host: Option<Span>,
    pub(crate) content_type: Option<Span>,
    pub(crate) content_length: Option<Span>,
    pub(crate) transfer_encoding: Option<Span>,
    pub(crate) expect: Option<Expect>,
    pub(crate) connection: ConnectionOptions,
    /// Whether there is a precondition or a range. Most requests have none and need not be searched for them.
    pub(crate) is_conditional: bool,
}

/// The expectations in `Expect` (RFC 9110 section 10.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expect {
    Continue,
    /// Something else, or more than one expectation. Contains the position of the value.
    Unknown(Span),
}

/// The relevant connection options in `Connection` (RFC 9110 section 7.6.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ConnectionOptions {
    pub(crate) close: bool,
    pub(crate) keep_alive: bool,
}

/// The progress of a scan.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Parsed {
    /// No error so far, but the head is incomplete.
    Incomplete,
    /// The first two bytes are an empty line. The head begins after it, and the next input must begin there too.
    EmptyLine,
    /// The head is complete. [`HeadParser::layout`] returns the positions of its parts.
    Head,
}

/// A resumable scan over a head. It stops at the end of the input and continues once more has arrived.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeadParser {
    at: usize,
    phase: Phase,
    layout: Layout,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// Before the request line, after the given number of empty lines.
    Start(u8),
    Method,
    Target,
    Version,
    Fields(FieldSection),
    /// The head is whole, and validated.
    Valid,
}

impl HeadParser {
    pub(crate) const fn new() -> HeadParser {
        const NOWHERE: Span = Span { start: 0, end: 0 };
        HeadParser {
            at: 0,
            phase: Phase::Start(0),
            layout: Layout {
                method: Method::Get,
                method_token: NOWHERE,
                target: NOWHERE,
                target_seen: Seen::NOTHING,
                target_place: TargetPlace::NOWHERE,
                authority: None,
                minor: 1,
                fields: NOWHERE,
                end: 0,
                host: None,
                content_type: None,
                content_length: None,
                transfer_encoding: None,
                expect: None,
                connection: ConnectionOptions {
                    close: false,
                    keep_alive: false,
                },
                is_conditional: false,
            },
        }
    }

    /// Continues with `input`. The input must begin with what it contained before, and may contain more after it.
    pub(crate) fn advance(&mut self, input: &[u8], limits: &Limits) -> Result<Parsed, Fault> {
        if let Phase::Start(empty_lines) = self.phase {
            match input {
                [] => return Ok(Parsed::Incomplete),
                [b'\r', ..] if empty_lines == EMPTY_LINES => {
                    return Err(Fault::new(Error::EmptyLines, 0));
                }
                [b'\r'] => return Ok(Parsed::Incomplete),
                [b'\r', b'\n', ..] => {
                    self.phase = Phase::Start(empty_lines + 1);
                    return Ok(Parsed::EmptyLine);
                }
                [b'\r', ..] => return Err(Fault::new(Error::BareCr, 0)),
                _ => self.phase = Phase::Method,
            }
        }
        if matches!(self.phase, Phase::Method) && !self.method(input, limits)? {
            return Ok(Parsed::Incomplete);
        }
        if matches!(self.phase, Phase::Target) && !self.target(input, limits)? {
            return Ok(Parsed::Incomplete);
        }
        if matches!(self.phase, Phase::Version) && !self.version(input, limits)? {
            return Ok(Parsed::Incomplete);
        }
        self.fields(input, limits)
    }

    /// Returns the length of a parsed head.
    pub(crate) fn end(&self) -> usize {
        self.layout.end
    }

    /// Returns where Content-Length is, for the offset of a fault.
    pub(crate) fn content_length_at(&self) -> usize {
        let content_length = self.layout.content_length;
        content_length.map_or(0, |span| span.start as usize)
    }

    /// Returns the layout of the last head, once it is validated and until the parser is reset.
    pub(crate) fn layout(&self) -> Option<&Layout> {
        match self.phase {
            Phase::Valid => Some(&self.layout),
            _ => None,
        }
    }

    /// Returns what the scan has found, for validation.
    pub(super) fn draft(&self) -> &Layout {
        &self.layout
    }

    /// Completes the layout with what validation has found.
    pub(super) fn complete(
        &mut self,
        target: TargetPlace,
        authority: Option<AuthorityPlace>,
    ) -> &Layout {
        self.layout.target_place = target;
        self.layout.authority = authority;
        self.phase = Phase::Valid;
        &self.layout
    }

    /// Returns the method, if the scan is past it.
    pub(crate) fn method_seen(&self) -> Option<Method> {
        match self.phase {
            Phase::Start(_) | Phase::Method => None,
            Phase::Target | Phase::Version | Phase::Fields(_) | Phase::Valid => {
                Some(self.layout.method)
            }
        }
    }

    fn method(&mut self, input: &[u8], limits: &Limits) -> Result<bool, Fault> {
        let window = Self::line_window(input, limits, METHOD_BYTES + 1);
        self.at = TOKEN.skip(window, self.at);
        let fault = |error| Err(Fault::new(error, self.at));
        match window.get(self.at) {
            Some(b' ') if self.at > 0 => {
                self.layout.method_token = Span::new(0, self.at);
                self.layout.method = Method::from_valid(self.layout.method_token.of(input));
                self.at += 1;
                self.phase = Phase::Target;
                Ok(true)
            }
            Some(b'\r') => fault(Error::TargetMissing),
            Some(b'\n') => fault(Error::BareLf),
            Some(_) => fault(Error::MethodByte),
            None if self.at > METHOD_BYTES => Err(Fault::new(Error::MethodTooLong, METHOD_BYTES)),
            None => self.ran_out(limits).map(|()| false),
        }
    }

    fn target(&mut self, input: &[u8], limits: &Limits) -> Result<bool, Fault> {
        let window = Self::line_window(input, limits, usize::MAX);
        (self.at, self.layout.target_seen) =
            TARGET.skip_seeing(window, self.at, self.layout.target_seen);
        let start = self.layout.method_token.end as usize + 1;
        let fault = |error| Err(Fault::new(error, self.at));
        match window.get(self.at) {
            Some(b' ') if self.at > start => {
                self.layout.target = Span::new(start, self.at);
                self.at += 1;
                self.phase = Phase::Version;
                Ok(true)
            }
            Some(b' ' | b'\r') if self.at == start => fault(Error::TargetMissing),
            Some(b'\r') => fault(Error::VersionMissing),
            Some(b'\n') => fault(Error::BareLf),
            Some(_) => fault(Error::TargetByte),
            None => self.ran_out(limits).map(|()| false),
        }
    }

    /// Parses `HTTP/` DIGIT `.` DIGIT CR LF (RFC 9112 section 2.3).
    fn version(&mut self, input: &[u8], limits: &Limits) -> Result<bool, Fault> {
        let end = self.at + "HTTP/1.1".len();
        if end > limits.request_line_bytes as usize {
            return Err(Fault::new(Error::RequestLineTooLong, self.at - 1));
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
                self.phase = Phase::Fields(FieldSection::starting_at(end + 2));
                Ok(true)
            }
            version => doubtful_version(version, self.at).map(|()| false),
        }
    }

    fn fields(&mut self, input: &[u8], limits: &Limits) -> Result<Parsed, Fault> {
        let Phase::Fields(section) = &mut self.phase else {
            return Ok(Parsed::Incomplete);
        };
        let bounds = Bounds {
            line_bytes: limits.field_line_bytes as usize,
            line_too_long: Error::FieldLineTooLong,
            lines: limits.fields,
            too_many: Error::TooManyFields,
            end: limits.head_bytes as usize,
            too_long: Error::HeadTooLong,
        };
        let layout = &mut self.layout;
        loop {
            section.skip_lines(input, &bounds, |name, value| {
                layout.record(input, name, value)
            })?;
            match section.next(input, &bounds)? {
                Event::Line { name, value } => layout.record(input, name, value)?,
                Event::End(end) => {
                    layout.end = end;
                    layout.fields.end = Span::new(0, end - 2).end;
                    return Ok(Parsed::Head);
                }
                Event::Incomplete => return Ok(Parsed::Incomplete),
            }
        }
    }

    /// Returns the part of the input that the request line may occupy, plus one byte, but no more than `most` bytes.
    fn line_window<'a>(input: &'a [u8], limits: &Limits, most: usize) -> &'a [u8] {
        let end = line_end(limits).min(most);
        input.get(..end.min(input.len())).unwrap_or_default()
    }

    #[cold]
    fn ran_out(&self, limits: &Limits) -> Result<(), Fault> {
        match self.at {
            at if at < line_end(limits) => Ok(()),
            at if at > limits.request_line_bytes as usize => {
                Err(Fault::new(Error::RequestLineTooLong, at - 1))
            }
            at => Err(Fault::new(Error::HeadTooLong, at.saturating_sub(1))),
        }
    }
}

/// Handles a version that is incomplete or invalid.
#[cold]
fn doubtful_version(version: &[u8], at: usize) -> Result<(), Fault> {
    for (index, &octet) in version.iter().take("HTTP/1.1\r\n".len()).enumerate() {
        let (error, index) = match (index, octet) {
            (0..=4 | 6, octet) if octet == b"HTTP/1."[index] => continue,
            (5, b'0'..=b'9') => continue,
            (7, b'0'..=b'9') if version[5] == b'1' => continue,
            (7, b'0'..=b'9') => (Error::VersionUnsupported, 5),
            (8, b'\r') | (9, b'\n') => continue,
            (9, _) => (Error::BareCr, 8),
            (0, b'\r') => (Error::VersionMissing, 0),
            (_, b'\n') => (Error::BareLf, index),
            _ => (Error::VersionMalformed, index),
        };
        return Err(Fault::new(error, at + index));
    }
    Ok(())
}

/// Returns the limit of the request line plus one byte, or the limit of the head if that is smaller.
fn line_end(limits: &Limits) -> usize {
    let line = (limits.request_line_bytes as usize).saturating_add(1);
    line.min(limits.head_bytes as usize)
}

impl Layout {
    /// Records a field that affects framing, routing or persistence. All other fields are only looked up on demand.
    #[inline]
    fn record(&mut self, input: &[u8], name: Span, value: Span) -> Result<(), Fault> {
        // The length and the first letter distinguish most names from the known ones.
        const LENGTHS: u32 = KNOWN_BITS.0;
        const LETTERS: u32 = KNOWN_BITS.1;
        let length = (name.end - name.start).min(31);
        let letter = input.get(name.start as usize).map_or(0, |first| first % 32);
        match LENGTHS >> length & LETTERS >> letter & 1 {
            0 => Ok(()),
            _ => self.record_known(input, name, value),
        }
    }

    #[inline(never)]
    fn record_known(&mut self, input: &[u8], name: Span, value: Span) -> Result<(), Fault> {
        let line = name.start as usize;
        let name = name.of(input);
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        let (slot, repeated) = match name.len() {
            4 if is("host") => (&mut self.host, Error::HostRepeated),
            12 if is("content-type") => (&mut self.content_type, Error::ContentTypeRepeated),
            14 if is("content-length") => (&mut self.content_length, Error::LengthRepeated),
            17 if is("transfer-encoding") => (&mut self.transfer_encoding, Error::CodingRepeated),
            6 if is("expect") => {
                self.record_expect(input, value);
                return Ok(());
            }
            10 if is("connection") => {
                self.record_connection(input, value);
                return Ok(());
            }
            _ => {
                self.is_conditional |= is("range") || is_precondition(name);
                return Ok(());
            }
        };
        match slot.replace(trimmed(input, value)) {
            None => Ok(()),
            Some(_) => Err(Fault::new(repeated, line)),
        }
    }

    fn record_expect(&mut self, input: &[u8], value: Span) {
        let value = trimmed(input, value);
        for expectation in list::elements(value.of(input)) {
            let understood = expectation.eq_ignore_ascii_case(b"100-continue");
            self.expect = Some(match (self.expect, understood) {
                (None, true) => Expect::Continue,
                _ => Expect::Unknown(value),
            });
        }
    }

    /// Records the options `close` and `keep-alive`. All others are ignored, even if they are not tokens, because no
    /// option affects where a request ends.
    fn record_connection(&mut self, input: &[u8], value: Span) {
        // The value that nearly all clients send.
        if value.of(input) == b" keep-alive" {
            self.connection.keep_alive = true;
            return;
        }
        for option in list::elements(value.of(input)) {
            self.connection.close |= option.eq_ignore_ascii_case(b"close");
            self.connection.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
        }
    }
}

/// The names of the recorded fields.
const KNOWN: [&str; 12] = [
    "connection",
    "content-length",
    "content-type",
    "expect",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "range",
    "transfer-encoding",
];

/// The lengths of the known names and their first letters, as bit sets. Case is ignored.
const KNOWN_BITS: (u32, u32) = {
    let (mut lengths, mut letters, mut index) = (0, 0, 0);
    while index < KNOWN.len() {
        let name = KNOWN[index].as_bytes();
        lengths |= 1 << name.len();
        letters |= 1 << (name[0] % 32);
        index += 1;
    }
    (lengths, letters)
};

/// Returns whether the name is If-Match, If-Range, If-None-Match, If-Modified-Since or If-Unmodified-Since (RFC 9110
/// section 13.1).
fn is_precondition(name: &[u8]) -> bool {
    name.get(..3)
        .is_some_and(|start| start.eq_ignore_ascii_case(b"if-"))
}

fn trimmed(input: &[u8], value: Span) -> Span {
    let bytes = value.of(input);
    let start = value.end as usize - trim_start(bytes).len();
    Span::new(start, start + trim(bytes).len())
}
