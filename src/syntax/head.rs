//! Parsing of request heads in a single scan: request line and field lines (RFC 9112 sections 2 to 5).

use super::field_section::{Bounds, Event, FieldSection};
use super::layout::Layout;
use crate::config::limits::Limits;
use crate::values::method::Method;
use crate::values::protocol_error::{InvalidRequest, ProtocolError};

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
    /// The position in the request line.
    pub(super) at: usize,
    pub(super) phase: Phase,
    pub(super) layout: Layout,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Phase {
    /// Before the request line, after the given number of empty lines.
    Start(u8),
    Method,
    Target,
    Version,
    HeaderMap(FieldSection),
    /// The head is complete and validated.
    Valid,
}

impl HeadParser {
    pub(crate) const fn new() -> HeadParser {
        HeadParser {
            at: 0,
            phase: Phase::Start(0),
            layout: Layout::EMPTY,
        }
    }

    /// Prepares for the next head.
    #[inline]
    pub(crate) fn restart(&mut self) {
        self.at = 0;
        self.phase = Phase::Start(0);
        self.layout.restart();
    }

    /// Continues with `input`. The input must begin with the previous input, and can contain more after it.
    #[inline(always)]
    pub(crate) fn advance(
        &mut self,
        input: &[u8],
        limits: &Limits,
    ) -> Result<Parsed, InvalidRequest> {
        let is_past_line = match self.phase {
            Phase::Start(_) => self.common_request_line(input, limits),
            Phase::HeaderMap(_) => true,
            _ => false,
        };
        if !is_past_line {
            if let Some(parsed) = self.request_line(input, limits)? {
                return Ok(parsed);
            }
        }
        self.fields(input, limits)
    }

    /// Returns the length of a parsed head.
    pub(crate) fn end(&self) -> usize {
        self.layout.end()
    }

    /// Returns the position of Content-Length, for the offset of an error.
    pub(crate) fn content_length_at(&self) -> usize {
        let content_length = self.layout.content_length.get();
        content_length.map_or(0, |span| span.start as usize)
    }

    /// Returns the layout of the last head, once it is validated and until the parser is reset.
    pub(crate) fn layout(&self) -> Option<&Layout> {
        match self.phase {
            Phase::Valid => Some(&self.layout),
            _ => None,
        }
    }

    /// Returns the method, if the scan is past it.
    pub(crate) fn method_seen(&self) -> Option<Method> {
        match self.phase {
            Phase::Start(_) | Phase::Method => None,
            Phase::Target | Phase::Version | Phase::HeaderMap(_) | Phase::Valid => {
                Some(self.layout.method)
            }
        }
    }

    #[inline(always)]
    fn fields(&mut self, input: &[u8], limits: &Limits) -> Result<Parsed, InvalidRequest> {
        let Phase::HeaderMap(section) = &mut self.phase else {
            return Ok(Parsed::Incomplete);
        };
        let layout = &mut self.layout;
        loop {
            let end = section.skip_lines(input, limits, |input, name, value| {
                layout.record(input, name, value)
            })?;
            let event = match end {
                Some(end) => Event::End(end),
                None => next_event(section, input, limits)?,
            };
            match event {
                Event::Line { name, value } => layout.record_known(input, name, value)?,
                Event::End(end) => {
                    layout.set_end(end);
                    return Ok(Parsed::Head);
                }
                Event::Incomplete => return Ok(Parsed::Incomplete),
            }
        }
    }
}

/// Continues where [`FieldSection::skip_lines`] has stopped.
#[inline(never)]
fn next_event(
    section: &mut FieldSection,
    input: &[u8],
    limits: &Limits,
) -> Result<Event, InvalidRequest> {
    let bounds = Bounds {
        line_bytes: limits.header_line_bytes as usize,
        line_too_long: ProtocolError::HeaderLineTooLong,
        lines: limits.headers,
        too_many: ProtocolError::TooManyHeaders,
        end: limits.head_bytes as usize,
        too_long: ProtocolError::HeadTooLong,
    };
    section.next(input, &bounds)
}
