//! Chunked content, decoded as it comes (RFC 9112 section 7.1).

use crate::syntax::chunk::ChunkLine;
use crate::syntax::field_section::{Bounds, Event, FieldSection};
use crate::syntax::span::Span;
use crate::values::config::Limits;
use crate::values::error::{Error, Fault};

/// Where the decoder stands. A chunk line is consumed octet by octet; the trailer section stays in the
/// input until it is whole.
///
/// | state | what comes | next state |
/// |---|---|---|
/// | `Line` | a chunk line with a size | `Data` |
/// | `Line` | a chunk line with size 0 | `Trailers` |
/// | `Data` | the last octet of the size | `DataCr` |
/// | `DataCr` | CR | `DataLf` |
/// | `DataLf` | LF | `Line` |
/// | `Trailers` | the empty line | the end |
#[derive(Clone, Copy, Debug)]
pub(super) struct Chunked {
    state: State,
    /// Octets of all extensions and leading zeros so far.
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
    /// The content has ended; the trailer lines without the empty line.
    End(&'i [u8]),
    Incomplete,
}

/// Names that must not come behind the content: by then framing, routing, authentication, the conditions of the request
/// and the form of the content are decided (RFC 9110 section 6.5.1). So are those that begin with `if-` and
/// `x-forwarded-`.
const FORBIDDEN: [&str; 22] = [
    "authorization",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "max-forwards",
    "pragma",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

impl Chunked {
    pub(super) const fn new() -> Chunked {
        Chunked {
            state: State::Line(ChunkLine::new()),
            idle_bytes: 0,
        }
    }

    /// Decodes up to the next data or the end; also how many octets of `input` are used up. `room` is how
    /// much content may still come. A fault's offset counts from the start of `input`.
    pub(super) fn decode<'i>(
        &mut self,
        input: &'i [u8],
        limits: &Limits,
        room: u64,
    ) -> Result<(usize, Decoded<'i>), Fault> {
        let mut at = 0;
        loop {
            let rest = input.get(at..).unwrap_or_default();
            if let State::Trailers(section) = &mut self.state {
                let (used, decoded) = trailers(section, rest, limits)
                    .map_err(|fault| Fault::new(fault.error, at + fault.at))?;
                return Ok((at + used, decoded));
            }
            let Some(&octet) = rest.first() else {
                return Ok((at, Decoded::Incomplete));
            };
            let fault = |error| Err(Fault::new(error, at));
            match &mut self.state {
                State::Line(line) => {
                    let before = line.idle_bytes;
                    let ended = line.push(octet).map_err(|error| Fault::new(error, at))?;
                    self.idle_bytes = self.idle_bytes.saturating_add(line.idle_bytes - before);
                    if line.size > room {
                        return fault(Error::ContentTooLarge);
                    }
                    if line.bytes > limits.chunk_line_bytes {
                        return fault(Error::ChunkLineTooLong);
                    }
                    if self.idle_bytes > limits.chunk_extension_bytes {
                        return fault(Error::ChunkExtensionsTooLong);
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
                State::DataCr if octet == b'\r' => {
                    self.state = State::DataLf;
                    at += 1;
                }
                State::DataLf if octet == b'\n' => {
                    self.state = State::Line(ChunkLine::new());
                    at += 1;
                }
                State::DataCr | State::DataLf | State::Trailers(_) => {
                    return fault(Error::ChunkDataEnd);
                }
            }
        }
    }
}

fn trailers<'i>(
    section: &mut FieldSection,
    input: &'i [u8],
    limits: &Limits,
) -> Result<(usize, Decoded<'i>), Fault> {
    let bounds = Bounds {
        line_bytes: limits.field_line_bytes as usize,
        line_too_long: Error::FieldLineTooLong,
        lines: limits.trailers,
        too_many: Error::TooManyTrailers,
        end: limits.trailer_bytes as usize,
        too_long: Error::TrailersTooLong,
    };
    loop {
        match section.next(input, &bounds)? {
            Event::Line { name, .. } if is_forbidden(name.text(input)) => {
                return Err(Fault::new(Error::TrailerForbidden, name.start as usize));
            }
            Event::Line { .. } => {}
            Event::End(end) => return Ok((end, Decoded::End(Span::new(0, end - 2).of(input)))),
            Event::Incomplete => return Ok((0, Decoded::Incomplete)),
        }
    }
}

fn is_forbidden(name: &str) -> bool {
    let begins_with = |start: &str| {
        name.get(..start.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(start))
    };
    begins_with("if-")
        || begins_with("x-forwarded-")
        || FORBIDDEN
            .iter()
            .any(|forbidden| forbidden.eq_ignore_ascii_case(name))
}
