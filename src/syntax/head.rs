//! The head of a request: request line and fields (RFC 9112 sections 2 to 5), scanned once.

use super::field_section::{Bounds, Event, FieldSection};
use super::list;
use super::octets::{BLANK, TARGET, TOKEN, trim};
use super::span::Span;
use crate::values::config::Limits;
use crate::values::error::{Error, Fault};
use crate::values::method::Method;

/// Methods longer than this are answered as not implemented before the rest has come.
const METHOD_BYTES: usize = 32;

/// Where everything in a head stands; the bytes stay with their owner.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    pub(crate) method: Method,
    pub(crate) method_token: Span,
    pub(crate) target: Span,
    /// The digit behind `HTTP/1.`.
    pub(crate) minor: u8,
    /// All field lines with their line ends, without the empty line.
    pub(crate) fields: Span,
    /// The length of the head, with the empty line (and one before it, if any).
    pub(crate) end: usize,
    pub(crate) host: Option<Span>,
    pub(crate) content_length: Option<Span>,
    pub(crate) transfer_encoding: Option<Span>,
    pub(crate) expect: Option<Expect>,
    pub(crate) connection: ConnectionOptions,
    /// Whether there is a precondition or a range, so that most requests need not be searched for them.
    pub(crate) is_conditional: bool,
}

/// What `Expect` asks for (RFC 9110 section 10.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expect {
    Continue,
    /// Something else, or more than one thing; where it stands.
    Unknown(Span),
}

/// Which of the connection options that matter stand in `Connection` (RFC 9110 section 7.6.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ConnectionOptions {
    pub(crate) close: bool,
    pub(crate) keep_alive: bool,
}

/// A scan over a head that stops at the end of the input and goes on there when more has come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeadParser {
    at: usize,
    /// Where the request line begins: behind the one empty line that may stand before it.
    start: usize,
    phase: Phase,
    layout: Layout,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Start,
    Method,
    Target,
    Version,
    Fields(FieldSection),
}

impl HeadParser {
    pub(crate) const fn new() -> HeadParser {
        const NOWHERE: Span = Span { start: 0, end: 0 };
        HeadParser {
            at: 0,
            start: 0,
            phase: Phase::Start,
            layout: Layout {
                method: Method::Other,
                method_token: NOWHERE,
                target: NOWHERE,
                minor: 1,
                fields: NOWHERE,
                end: 0,
                host: None,
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

    /// Goes on with `input`, which holds what it held before, and perhaps more behind it. `None` means
    /// that nothing is wrong so far and the head is not whole.
    pub(crate) fn advance(
        &mut self,
        input: &[u8],
        limits: &Limits,
    ) -> Result<Option<Layout>, Fault> {
        loop {
            let done = match &mut self.phase {
                Phase::Start => self.start(input)?,
                Phase::Method => self.method(input, limits)?,
                Phase::Target => self.target(input, limits)?,
                Phase::Version => self.version(input, limits)?,
                Phase::Fields(_) => return self.fields(input, limits),
            };
            if !done {
                return Ok(None);
            }
        }
    }

    /// Whether any octet of a request has come: an empty line is none.
    pub(crate) fn has_begun(&self, input: &[u8]) -> bool {
        input.len() > self.start
    }

    /// The method, if the scan has come past it.
    pub(crate) fn method_seen(&self) -> Option<Method> {
        match self.phase {
            Phase::Start | Phase::Method => None,
            Phase::Target | Phase::Version | Phase::Fields(_) => Some(self.layout.method),
        }
    }

    /// RFC 9112 section 2.2: one empty line before the request is skipped.
    fn start(&mut self, input: &[u8]) -> Result<bool, Fault> {
        match (input.first(), input.get(1)) {
            (None, _) | (Some(b'\r'), None) => return Ok(false),
            (Some(b'\r'), Some(b'\n')) => self.start = 2,
            (Some(b'\r'), Some(_)) => return Err(Fault::new(Error::BareCr, 0)),
            (Some(_), _) => {}
        }
        self.at = self.start;
        self.phase = Phase::Method;
        Ok(true)
    }

    fn method(&mut self, input: &[u8], limits: &Limits) -> Result<bool, Fault> {
        let window = self.line_window(input, limits, METHOD_BYTES + 1);
        self.at = TOKEN.skip(window, self.at);
        let fault = |error| Err(Fault::new(error, self.at));
        match window.get(self.at) {
            Some(b' ') if self.at > self.start => {
                self.layout.method_token = Span::new(self.start, self.at);
                self.layout.method = Method::from_token(self.layout.method_token.text(input));
                self.at += 1;
                self.phase = Phase::Target;
                Ok(true)
            }
            Some(b'\r') if self.at == self.start => fault(Error::EmptyLines),
            Some(b'\r') => fault(Error::TargetMissing),
            Some(b'\n') => fault(Error::BareLf),
            Some(_) => fault(Error::MethodOctet),
            None if self.at > self.start + METHOD_BYTES => fault(Error::MethodTooLong),
            None => self.ran_out(limits).map(|()| false),
        }
    }

    fn target(&mut self, input: &[u8], limits: &Limits) -> Result<bool, Fault> {
        let window = self.line_window(input, limits, usize::MAX);
        self.at = TARGET.skip(window, self.at);
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
            Some(_) => fault(Error::TargetOctet),
            None => self.ran_out(limits).map(|()| false),
        }
    }

    /// `HTTP/` DIGIT `.` DIGIT CR LF (RFC 9112 section 2.3)
    fn version(&mut self, input: &[u8], limits: &Limits) -> Result<bool, Fault> {
        const LENGTH: usize = "HTTP/1.1".len();
        let line_bytes = self.at + LENGTH - self.start;
        if line_bytes > limits.request_line_bytes as usize {
            let end = self.start + limits.request_line_bytes as usize;
            return Err(Fault::new(Error::RequestLineTooLong, end));
        }
        let version = input.get(self.at..).unwrap_or_default();
        for (index, &octet) in version.iter().take(LENGTH).enumerate() {
            let matches = match index {
                5 | 7 => octet.is_ascii_digit(),
                _ => octet == b"HTTP/1.1"[index],
            };
            if !matches {
                let error = match (index, octet) {
                    (0, b'\r') => Error::VersionMissing,
                    (_, b'\n') => Error::BareLf,
                    _ => Error::VersionMalformed,
                };
                return Err(Fault::new(error, self.at + index));
            }
        }
        let (Some(major), Some(minor)) = (version.get(5), version.get(7)) else {
            return Ok(false);
        };
        if *major != b'1' {
            return Err(Fault::new(Error::VersionUnsupported, self.at + 5));
        }
        let end = self.at + LENGTH;
        match (version.get(LENGTH), version.get(LENGTH + 1)) {
            (None, _) | (Some(b'\r'), None) => return Ok(false),
            (Some(b'\r'), Some(b'\n')) => {}
            (Some(b'\r'), Some(_)) => return Err(Fault::new(Error::BareCr, end)),
            (Some(b'\n'), _) => return Err(Fault::new(Error::BareLf, end)),
            (Some(_), _) => return Err(Fault::new(Error::VersionMalformed, end)),
        }
        self.layout.minor = minor - b'0';
        self.layout.fields = Span::new(end + 2, end + 2);
        self.phase = Phase::Fields(FieldSection::starting_at(end + 2));
        Ok(true)
    }

    fn fields(&mut self, input: &[u8], limits: &Limits) -> Result<Option<Layout>, Fault> {
        let Phase::Fields(section) = &mut self.phase else {
            return Ok(None);
        };
        let bounds = Bounds {
            line_bytes: limits.field_line_bytes as usize,
            line_too_long: Error::FieldLineTooLong,
            lines: limits.fields,
            too_many: Error::TooManyFields,
            end: self.start + limits.head_bytes as usize,
            too_long: Error::HeadTooLong,
        };
        loop {
            match section.next(input, &bounds)? {
                Event::Line { name, value } => self.layout.record(input, name, value)?,
                Event::End(end) => {
                    self.layout.end = end;
                    self.layout.fields = Span::new(self.layout.fields.start as usize, end - 2);
                    return Ok(Some(self.layout));
                }
                Event::Incomplete => return Ok(None),
            }
        }
    }

    /// The part of the input that the request line may take, with one octet more, or at most `most` of it.
    fn line_window<'a>(&self, input: &'a [u8], limits: &Limits, most: usize) -> &'a [u8] {
        let end = self.line_end(limits).min(self.start.saturating_add(most));
        input.get(..end.min(input.len())).unwrap_or_default()
    }

    fn line_end(&self, limits: &Limits) -> usize {
        let line = self.start + limits.request_line_bytes as usize + 1;
        line.min(self.start + limits.head_bytes as usize)
    }

    #[cold]
    fn ran_out(&self, limits: &Limits) -> Result<(), Fault> {
        let request_line_end = self.start + limits.request_line_bytes as usize;
        match self.at {
            at if at < self.line_end(limits) => Ok(()),
            at if at > request_line_end => Err(Fault::new(Error::RequestLineTooLong, at - 1)),
            at => Err(Fault::new(Error::HeadTooLong, at)),
        }
    }
}

impl Layout {
    /// Notes a field that decides framing, routing or persistence; all others are only looked up on demand.
    #[inline]
    fn record(&mut self, input: &[u8], name: Span, value: Span) -> Result<(), Fault> {
        let line = name.start as usize;
        let is = |known: &str| name.of(input).eq_ignore_ascii_case(known.as_bytes());
        let (slot, repeated) = match name.end - name.start {
            5 if is("range") => {
                self.is_conditional = true;
                return Ok(());
            }
            8 | 13 | 17 | 19 if is_precondition(name.of(input)) => {
                self.is_conditional = true;
                return Ok(());
            }
            4 if is("host") => (&mut self.host, Error::HostRepeated),
            6 if is("expect") => {
                self.record_expect(input, value);
                return Ok(());
            }
            10 if is("connection") => return self.record_connection(input, value),
            14 if is("content-length") => (&mut self.content_length, Error::LengthRepeated),
            17 if is("transfer-encoding") => (&mut self.transfer_encoding, Error::CodingRepeated),
            _ => return Ok(()),
        };
        match slot.replace(trimmed(input, value)) {
            None => Ok(()),
            Some(_) => Err(Fault::new(repeated, line)),
        }
    }

    fn record_expect(&mut self, input: &[u8], value: Span) {
        let value = trimmed(input, value);
        let understood = value.of(input).eq_ignore_ascii_case(b"100-continue");
        self.expect = Some(match (self.expect, understood) {
            (None, true) => Expect::Continue,
            _ => Expect::Unknown(value),
        });
    }

    fn record_connection(&mut self, input: &[u8], value: Span) -> Result<(), Fault> {
        for option in list::elements(value.of(input)) {
            if !TOKEN.all(option) {
                return Err(Fault::new(Error::ConnectionMalformed, value.start as usize));
            }
            self.connection.close |= option.eq_ignore_ascii_case(b"close");
            self.connection.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
        }
        Ok(())
    }
}

/// If-Match, If-Range, If-None-Match, If-Modified-Since, If-Unmodified-Since (RFC 9110 section 13.1).
fn is_precondition(name: &[u8]) -> bool {
    name.get(..3)
        .is_some_and(|start| start.eq_ignore_ascii_case(b"if-"))
}

fn trimmed(input: &[u8], value: Span) -> Span {
    let bytes = value.of(input);
    let start = value.start as usize + BLANK.skip(bytes, 0);
    Span::new(start, start + trim(bytes).len())
}
