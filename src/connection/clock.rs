//! Time handling of a connection.

use super::Connection;
use super::progress::Progress;
use super::state::State;
use crate::syntax::date::{self, DATE_BYTES};
use crate::values::now::Now;
use core::time::Duration;

impl Connection {
    pub(super) fn set_clock(&mut self, now: Now) {
        // The time never goes backwards, even if the clock does.
        self.now = now.monotonic.max(self.now);
        self.date.set(now.wall);
        let now = self.now;
        let sent = core::mem::take(&mut self.sent);
        match (&mut self.writing, self.output.is_empty()) {
            (Some(writing), false) => writing.moved(sent, now),
            // Nothing was read while output was pending, so the peer's deadline starts now.
            (Some(_), true) => {
                self.writing = None;
                self.restart_waiting(now);
            }
            (None, _) => {}
        }
        if self.opened.is_none() {
            self.opened = Some(now);
            self.restart_waiting(now);
        }
        if core::mem::take(&mut self.held) {
            self.restart_waiting(now);
        }
    }

    fn restart_waiting(&mut self, now: Duration) {
        match &mut self.state {
            State::Head(waiting) => waiting.since = now,
            State::Content(reader, _) => reader.progress = Progress::starting_at(now),
            _ => {}
        }
    }

    /// Returns whether another request may follow the one being answered.
    pub(super) fn may_go_on(&self) -> bool {
        let now = self.now;
        let age = now.saturating_sub(self.opened.unwrap_or(now));
        !self.stopping
            && self.answered < self.config.limits.requests
            && age < self.config.timeouts.age
    }
}

/// Returns whether a deadline has passed. [`Duration::MAX`] means that there is no deadline.
pub(super) fn is_late(now: Duration, until: Duration) -> bool {
    now >= until && until < Duration::MAX
}

/// The cached value of the `Date` field, updated in place once per second.
#[derive(Debug)]
pub(super) struct DateCache {
    /// The second the value was formatted for.
    second: Option<u64>,
    /// Whether that second can be formatted as a date.
    is_date: bool,
    date: [u8; DATE_BYTES],
}

impl DateCache {
    pub(super) const fn new() -> DateCache {
        DateCache {
            second: None,
            is_date: false,
            date: date::TEMPLATE,
        }
    }

    pub(super) fn date(&self) -> Option<&[u8; DATE_BYTES]> {
        self.is_date.then_some(&self.date)
    }

    #[inline]
    fn set(&mut self, wall: Option<Duration>) {
        let second = wall.map(|wall| wall.as_secs());
        if self.second != second {
            self.second = second;
            self.is_date = wall.is_some_and(|wall| date::write(wall, &mut self.date));
        }
    }
}
