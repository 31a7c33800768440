//! The `Date` line of responses.

use crate::syntax::date::{self, DATE_LINE_BYTES};
use core::time::Duration;

/// The `Date` line, updated in place once per second.
#[derive(Debug)]
pub(super) struct DateLine {
    /// Whether there is a time that can be formatted as a date.
    is_date: bool,
    line: [u8; DATE_LINE_BYTES],
}

impl DateLine {
    pub(super) const fn new() -> DateLine {
        DateLine {
            is_date: false,
            line: date::LINE_TEMPLATE,
        }
    }

    #[inline]
    pub(super) fn get(&self) -> Option<&[u8; DATE_LINE_BYTES]> {
        self.is_date.then_some(&self.line)
    }

    pub(super) fn set(&mut self, wall: Option<Duration>) {
        self.is_date = wall.is_some_and(|wall| date::write_line(wall, &mut self.line));
    }
}
