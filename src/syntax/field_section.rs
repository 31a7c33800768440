//! Parsing of field sections, in heads and in trailers: field lines up to the empty line that ends them (RFC 9112
//! section 5).

use super::byte_class::TOKEN;
use super::scan::{WINDOW_BYTES, name_end, refused_from, unusual_from, value_end};
use super::span::Span;
use crate::config::limits::Limits;
use crate::values::protocol_error::{InvalidRequest, ProtocolError};

/// A resumable scan over field lines. It stops at the end of the input and continues once more has arrived.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FieldSection {
    /// The position of the scan. Nothing before it is examined again.
    at: usize,
    /// The start of the current line.
    line: usize,
    phase: Phase,
    lines: u16,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    LineStart,
    Name,
    Value { name: Span },
}

/// The limits of a field section, and the errors for exceeding them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) line_bytes: usize,
    pub(crate) line_too_long: ProtocolError,
    pub(crate) lines: u16,
    pub(crate) too_many: ProtocolError,
    /// The position by which the section must have ended.
    pub(crate) end: usize,
    pub(crate) too_long: ProtocolError,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A complete line. The value still includes the whitespace around it.
    Line { name: Span, value: Span },
    /// The empty line. Contains the position after it.
    End(usize),
    /// No error so far, but no complete line either.
    Incomplete,
}

impl FieldSection {
    /// Creates a scan of a section whose first line begins at `start`.
    pub(crate) const fn starting_at(start: usize) -> FieldSection {
        FieldSection {
            at: start,
            line: start,
            phase: Phase::LineStart,
            lines: 0,
        }
    }

    /// Passes the names and values of complete, valid lines of a head to `each`. Nearly all lines are. Returns the
    /// position after the empty line if all lines were. Stops at any other line, which [`next`](FieldSection::next)
    /// then handles.
    #[inline(never)]
    pub(crate) fn skip_lines(
        &mut self,
        input: &[u8],
        limits: &Limits,
        mut each: impl FnMut(&[u8], Span, Span) -> Result<(), InvalidRequest>,
    ) -> Result<Option<usize>, InvalidRequest> {
        if !matches!(self.phase, Phase::LineStart) {
            return Ok(None);
        }
        // A line that ends before this is not too long, nor is the head.
        let most = self.at.saturating_add(limits.header_line_bytes as usize);
        let input = input
            .get(..most.min(limits.head_bytes as usize))
            .unwrap_or(input);
        let (mut line, mut lines, mut window) = (self.at, self.lines, self.at);
        let mut end_of_section = None;
        'windows: while window < input.len() {
            // Each line ends at the first unusual byte after its start that values do not contain, which must be CR LF.
            let mut unusual = unusual_from(input, window);
            if line > window {
                // The LF after the last window.
                unusual &= unusual.wrapping_sub(1);
            }
            while unusual != 0 {
                let end = window + unusual.trailing_zeros() as usize;
                unusual &= unusual - 1;
                match input.get(end..end + 2) {
                    Some(ending) if ending == b"\r\n" => {}
                    Some([b'\t' | 0x80.., _]) => {
                        unusual &= refused_from(input, window);
                        continue;
                    }
                    _ => break 'windows,
                }
                // Clears the mark of the LF, if this window contains it.
                unusual &= unusual.wrapping_sub(1);
                if end == line {
                    end_of_section = Some(end + 2);
                    break 'windows;
                }
                let name_end = name_end(input, line as u32);
                if lines >= limits.headers || name_end == line as u32 {
                    break 'windows;
                }
                let name = Span {
                    start: line as u32,
                    end: name_end,
                };
                let value = Span {
                    start: name_end + 1,
                    end: end as u32,
                };
                each(input, name, value)?;
                lines += 1;
                line = end + 2;
            }
            window += WINDOW_BYTES;
        }
        (self.at, self.lines) = (line, lines);
        Ok(end_of_section)
    }

    /// Returns the next line of `input`. The input must begin with the previous input, and can contain more after it.
    #[inline]
    pub(crate) fn next(&mut self, input: &[u8], bounds: &Bounds) -> Result<Event, InvalidRequest> {
        loop {
            match self.phase {
                Phase::LineStart => match self.line_start(input, bounds)? {
                    Some(event) => return Ok(event),
                    None => self.phase = Phase::Name,
                },
                Phase::Name => match self.name(input, bounds)? {
                    Some(name) => self.phase = Phase::Value { name },
                    None => return Ok(Event::Incomplete),
                },
                Phase::Value { name } => {
                    return Ok(match self.value(name, input, bounds)? {
                        Some(value) => {
                            self.phase = Phase::LineStart;
                            Event::Line { name, value }
                        }
                        None => Event::Incomplete,
                    });
                }
            }
        }
    }

    /// Returns the end of the section, or `None` at the start of a name.
    #[inline]
    fn line_start(
        &mut self,
        input: &[u8],
        bounds: &Bounds,
    ) -> Result<Option<Event>, InvalidRequest> {
        // At least the empty line is still missing.
        if self.at + 2 > bounds.end {
            return Err(InvalidRequest::new(bounds.too_long, self.at));
        }
        self.line = self.at;
        let fault = |error| Err(InvalidRequest::new(error, self.at));
        match input.get(self.at) {
            None => Ok(Some(Event::Incomplete)),
            Some(b'\r') => match input.get(self.at + 1) {
                None => Ok(Some(Event::Incomplete)),
                Some(b'\n') => Ok(Some(Event::End(self.at + 2))),
                Some(_) => fault(ProtocolError::BareCr),
            },
            Some(b'\n') => fault(ProtocolError::BareLf),
            Some(b' ' | b'\t') if self.lines == 0 => fault(ProtocolError::HeaderLeadingSpace),
            Some(b' ' | b'\t') => fault(ProtocolError::HeaderFolded),
            Some(b':') => fault(ProtocolError::HeaderNameEmpty),
            Some(_) if self.lines >= bounds.lines => fault(bounds.too_many),
            Some(_) => {
                self.lines += 1;
                Ok(None)
            }
        }
    }

    #[inline]
    fn name(&mut self, input: &[u8], bounds: &Bounds) -> Result<Option<Span>, InvalidRequest> {
        let window = self.window(input, bounds);
        self.at = TOKEN.skip(window, self.at);
        let fault = |error| Err(InvalidRequest::new(error, self.at));
        match window.get(self.at) {
            Some(b':') => {
                let name = Span::new(self.line, self.at);
                self.at += 1;
                Ok(Some(name))
            }
            Some(b' ' | b'\t') => fault(ProtocolError::HeaderNameSpace),
            Some(b'\r' | b'\n') => fault(ProtocolError::HeaderColonMissing),
            Some(_) => fault(ProtocolError::HeaderNameByte),
            None => self.ran_out(bounds).map(|()| None),
        }
    }

    #[inline]
    fn value(
        &mut self,
        name: Span,
        input: &[u8],
        bounds: &Bounds,
    ) -> Result<Option<Span>, InvalidRequest> {
        let window = self.window(input, bounds);
        self.at = value_end(window, self.at as u32) as usize;
        let fault = |error| Err(InvalidRequest::new(error, self.at));
        match window.get(self.at) {
            Some(b'\r') => match input.get(self.at + 1) {
                None => Ok(None),
                Some(b'\n') => {
                    let value = Span::new(name.end as usize + 1, self.at);
                    self.at += 2;
                    Ok(Some(value))
                }
                Some(_) => fault(ProtocolError::BareCr),
            },
            Some(b'\n') => fault(ProtocolError::BareLf),
            Some(_) => fault(ProtocolError::HeaderValueByte),
            None => self.ran_out(bounds).map(|()| None),
        }
    }

    /// Returns the part of the input that this line may occupy, plus one byte.
    #[inline]
    fn window<'a>(&self, input: &'a [u8], bounds: &Bounds) -> &'a [u8] {
        let end = self.window_end(bounds).min(input.len());
        input.get(..end).unwrap_or_default()
    }

    #[inline]
    fn window_end(&self, bounds: &Bounds) -> usize {
        bounds.end.min(
            self.line
                .saturating_add(bounds.line_bytes)
                .saturating_add(1),
        )
    }

    /// Handles the end of the window. More input may follow, unless the window ended because of a limit.
    #[cold]
    fn ran_out(&self, bounds: &Bounds) -> Result<(), InvalidRequest> {
        match self.at {
            at if at < self.window_end(bounds) => Ok(()),
            at if at >= bounds.end => Err(InvalidRequest::new(bounds.too_long, at)),
            at => Err(InvalidRequest::new(bounds.line_too_long, at - 1)),
        }
    }
}
