//! Incremental decoding of chunked bodies (RFC 9112 section 7.1).

use crate::config::limits::Limits;
use crate::headers::header_map::HeaderMap;
use crate::headers::headers::Headers;
use crate::syntax::chunk::{ChunkLine, plain_line};
use crate::syntax::field_section::{Bounds, Event, FieldSection};
use crate::syntax::span::Span;
use crate::values::protocol_error::{InvalidRequest, ProtocolError};

/// The decoder for chunked bodies. It consumes a chunk line byte by byte. The trailer section stays in the input until
/// it is complete.
///
/// | state | input | next state |
/// |---|---|---|
/// | `Line` | a chunk line with a size | `Data` |
/// | `Line` | a chunk line with size 0 | `Trailers` |
/// | `Data` | the last byte of the chunk | `DataCr` |
/// | `DataCr` | CR | `DataLf` |
/// | `DataLf` | LF | `Line` |
/// | `Trailers` | the empty line | the end |
#[derive(Clone, Copy, Debug)]
pub(super) struct Chunked {
    state: State,
    /// Number of bytes in all extensions and leading zeros so far.
    idle_bytes: u32,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Line(ChunkLine),
    Data { left: u64 },
    DataCr,
    DataLf,
    Trailers(FieldSection),
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Decoded<'i> {
    Data(&'i [u8]),
    /// The body has ended. Contains the trailer lines without the empty line.
    End(&'i [u8]),
    Incomplete,
}

/// How a trailer is treated (RFC 9110 section 6.5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TrailerRule {
    /// The trailer is passed to the application.
    Keep,
    /// The trailer is dropped. It would affect how the body or the response is handled, but it arrives too late for
    /// that.
    Drop,
    /// The request is refused. The trailer would frame, route or authenticate the request, and a program that merges
    /// trailers into the head would trust it.
    Refuse,
}

/// Header names that are not allowed as trailers, and how each is treated. In addition, names that start with
/// `x-forwarded-` are refused and names that start with `if-` are dropped.
const NOT_TRAILERS: [(&str, TrailerRule); 36] = {
    use TrailerRule::{Drop, Refuse};
    [
        ("authorization", Refuse),
        ("connection", Refuse),
        ("content-length", Refuse),
        ("cookie", Refuse),
        ("expect", Refuse),
        ("forwarded", Refuse),
        ("host", Refuse),
        ("keep-alive", Refuse),
        ("max-forwards", Refuse),
        ("proxy-authorization", Refuse),
        ("proxy-connection", Refuse),
        ("set-cookie", Refuse),
        ("te", Refuse),
        ("trailer", Refuse),
        ("transfer-encoding", Refuse),
        ("upgrade", Refuse),
        ("accept", Drop),
        ("accept-charset", Drop),
        ("accept-encoding", Drop),
        ("accept-language", Drop),
        ("age", Drop),
        ("allow", Drop),
        ("cache-control", Drop),
        ("content-disposition", Drop),
        ("content-encoding", Drop),
        ("content-language", Drop),
        ("content-location", Drop),
        ("content-range", Drop),
        ("content-type", Drop),
        ("date", Drop),
        ("expires", Drop),
        ("location", Drop),
        ("pragma", Drop),
        ("range", Drop),
        ("retry-after", Drop),
        ("vary", Drop),
    ]
};

impl Chunked {
    pub(super) const fn new() -> Chunked {
        Chunked {
            state: State::Line(ChunkLine::new()),
            idle_bytes: 0,
        }
    }

    /// Decodes up to the next data or the end. Also returns the number of bytes of `input` used. `room` is the number
    /// of body bytes that are still allowed. The offset of an error counts from the start of `input`.
    pub(super) fn decode<'i>(
        &mut self,
        input: &'i [u8],
        limits: &Limits,
        room: u64,
    ) -> Result<(usize, Decoded<'i>), InvalidRequest> {
        let mut at = 0;
        loop {
            let rest = input.get(at..).unwrap_or_default();
            if let State::Trailers(section) = &mut self.state {
                let (used, decoded) = trailers(section, rest, limits)
                    .map_err(|fault| InvalidRequest::new(fault.error, at + fault.at))?;
                return Ok((at + used, decoded));
            }
            let Some(&byte) = rest.first() else {
                return Ok((at, Decoded::Incomplete));
            };
            let fault = |error| Err(InvalidRequest::new(error, at));
            match &mut self.state {
                State::Line(line) => {
                    if line.bytes == 0 {
                        if let Some((size, used)) = plain_line(rest) {
                            // Input beyond a limit is refused at its first byte, further down.
                            if size <= room && used <= limits.chunk_line_bytes as usize {
                                at += used;
                                if let Some(data) = whole_data(rest, used, size) {
                                    return Ok((at + data.len() + 2, Decoded::Data(data)));
                                }
                                self.state = State::Data { left: size };
                                continue;
                            }
                        }
                    }
                    let before = line.idle_bytes;
                    let ended = line
                        .push(byte)
                        .map_err(|error| InvalidRequest::new(error, at))?;
                    self.idle_bytes = self.idle_bytes.saturating_add(line.idle_bytes - before);
                    if line.size > room {
                        return fault(ProtocolError::BodyTooLarge);
                    }
                    if line.bytes > limits.chunk_line_bytes {
                        return fault(ProtocolError::ChunkLineTooLong);
                    }
                    if self.idle_bytes > limits.chunk_extension_bytes {
                        return fault(ProtocolError::ChunkExtensionsTooLong);
                    }
                    at += 1;
                    match (ended, line.size) {
                        (false, _) => {}
                        (true, 0) => self.state = State::Trailers(FieldSection::starting_at(0)),
                        (true, left) => self.state = State::Data { left },
                    }
                }
                State::Data { left } => {
                    let count = usize::try_from(*left).unwrap_or(usize::MAX).min(rest.len());
                    *left -= count as u64;
                    if *left == 0 {
                        self.state = State::DataCr;
                    }
                    let data = rest.get(..count).unwrap_or_default();
                    return Ok((at + count, Decoded::Data(data)));
                }
                State::DataCr if rest.starts_with(b"\r\n") => {
                    self.state = State::Line(ChunkLine::new());
                    at += 2;
                }
                State::DataCr if byte == b'\r' => {
                    self.state = State::DataLf;
                    at += 1;
                }
                State::DataLf if byte == b'\n' => {
                    self.state = State::Line(ChunkLine::new());
                    at += 1;
                }
                State::DataCr | State::DataLf | State::Trailers(_) => {
                    return fault(ProtocolError::ChunkDataEnd);
                }
            }
        }
    }
}

/// Returns the data of a chunk whose line has `line` bytes, if all of it and the CR LF after it have arrived.
#[inline]
fn whole_data(input: &[u8], line: usize, size: u64) -> Option<&[u8]> {
    let (data, rest) = input
        .get(line..)?
        .split_at_checked(usize::try_from(size).ok()?)?;
    rest.starts_with(b"\r\n").then_some(data)
}

fn trailers<'i>(
    section: &mut FieldSection,
    input: &'i [u8],
    limits: &Limits,
) -> Result<(usize, Decoded<'i>), InvalidRequest> {
    let bounds = Bounds {
        line_bytes: limits.header_line_bytes as usize,
        line_too_long: ProtocolError::HeaderLineTooLong,
        lines: limits.trailers,
        too_many: ProtocolError::TooManyTrailers,
        end: limits.trailer_bytes as usize,
        too_long: ProtocolError::TrailersTooLong,
    };
    loop {
        match section.next(input, &bounds)? {
            Event::Line { name, .. } if rule_for(name.text(input)) == TrailerRule::Refuse => {
                return Err(InvalidRequest::new(
                    ProtocolError::TrailerForbidden,
                    name.start as usize,
                ));
            }
            Event::Line { .. } => {}
            Event::End(end) => return Ok((end, Decoded::End(Span::new(0, end - 2).of(input)))),
            Event::Incomplete => return Ok((0, Decoded::Incomplete)),
        }
    }
}

/// Copies the trailers that are passed to the application.
pub(super) fn kept_trailers(lines: &[u8]) -> HeaderMap {
    let mut kept = HeaderMap::new();
    for (name, value) in Headers::from_valid(lines) {
        if rule_for(name) == TrailerRule::Keep {
            // Cannot fail: the line was already validated.
            let _ = kept.append(name, value);
        }
    }
    kept
}

fn rule_for(name: &str) -> TrailerRule {
    let begins_with = |start: &str| {
        name.get(..start.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(start))
    };
    if begins_with("x-forwarded-") {
        return TrailerRule::Refuse;
    }
    if begins_with("if-") {
        return TrailerRule::Drop;
    }
    NOT_TRAILERS
        .iter()
        .find(|(other, _)| other.eq_ignore_ascii_case(name))
        .map_or(TrailerRule::Keep, |(_, rule)| *rule)
}
