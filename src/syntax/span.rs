//! Positions of parts of the input, which stay valid when the bytes move.

/// A range from `start` up to but not including `end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Span {
    /// Creates a span. Positions never exceed the limits of heads and trailers, which have 32 bits.
    pub(crate) fn new(start: usize, end: usize) -> Span {
        debug_assert!(start <= end && u32::try_from(end).is_ok());
        Span {
            start: start as u32,
            end: end as u32,
        }
    }

    pub(crate) fn of(self, bytes: &[u8]) -> &[u8] {
        bytes
            .get(self.start as usize..self.end as usize)
            .unwrap_or_default()
    }

    /// Returns the text of a span that the grammar restricts to UTF-8.
    pub(crate) fn text(self, bytes: &[u8]) -> &str {
        text(self.of(bytes))
    }
}

/// A span, or none. It takes no more memory than a span: no part of a head ends before its first byte.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OptionalSpan(Span);

impl OptionalSpan {
    pub(crate) const NONE: OptionalSpan = OptionalSpan(Span { start: 0, end: 0 });

    #[inline(always)]
    pub(crate) const fn some(span: Span) -> OptionalSpan {
        debug_assert!(span.end > 0);
        OptionalSpan(span)
    }

    #[inline(always)]
    pub(crate) fn get(self) -> Option<Span> {
        (self.0.end > 0).then_some(self.0)
    }
}

/// Converts bytes that the grammar restricts to ASCII, or to UTF-8 in a query.
pub(crate) fn text(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).unwrap_or_default()
}
