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

    /// Returns the text of a span that the grammar restricts to ASCII.
    pub(crate) fn text(self, bytes: &[u8]) -> &str {
        ascii(self.of(bytes))
    }
}

/// Converts bytes that the grammar restricts to ASCII.
pub(crate) fn ascii(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).unwrap_or_default()
}
