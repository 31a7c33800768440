//! Time handling of a connection.

use super::connection::Connection;
use super::progress::{Progress, is_late};
use super::state::State;
use crate::config::config::Config;
use crate::values::now::Now;
use core::borrow::Borrow;
use core::time::Duration;

impl<C: Borrow<Config>> Connection<C> {
    #[inline]
    pub(super) fn set_clock(&mut self, now: &Now) {
        // Most steps happen at the same time as the one before, with nothing written in between.
        if self.now != *now {
            self.turn_clock(now);
        }
        if self.needs_update {
            self.update_deadlines();
        }
    }

    fn turn_clock(&mut self, now: &Now) {
        let second = |now: &Now| now.wall.map(|wall| wall.as_secs());
        if second(&self.now) != second(now) {
            self.date.set(now.wall);
        }
        // The time never goes backwards, even if the clock does.
        self.now.monotonic = now.monotonic.max(self.now.monotonic);
        self.now.wall = now.wall;
    }

    /// Updates the deadlines that depend on more than the time.
    fn update_deadlines(&mut self) {
        let now = self.now.monotonic;
        let sent = core::mem::take(&mut self.sent);
        match (&mut self.writing, self.output.is_empty()) {
            (Some(writing), false) => {
                writing.moved(sent, now, &self.config.borrow().timeouts.write);
            }
            // Nothing was read while output was pending, so the peer's deadline starts now.
            (Some(_), true) => {
                self.writing = None;
                self.restart_waiting(now);
            }
            // Output that was written without having been asked for.
            (None, true) if sent > 0 => self.restart_waiting(now),
            (None, _) => {}
        }
        if self.retires.is_none() {
            self.retires = Some(now.saturating_add(self.config.borrow().timeouts.age));
            self.restart_waiting(now);
        }
        if core::mem::take(&mut self.held) {
            self.restart_waiting(now);
        }
        self.needs_update = self.writing.is_some();
    }

    fn restart_waiting(&mut self, now: Duration) {
        match &mut self.state {
            State::Head(waiting) => waiting.since = now,
            State::Body(reader, _) => {
                let pace = &self.config.borrow().timeouts.body;
                reader.progress = Progress::starting_at(now, pace);
            }
            _ => {}
        }
    }

    /// Returns whether another request may follow the current one.
    #[inline]
    pub(super) fn may_go_on(&self) -> bool {
        !self.stopping
            && self.responses < self.config.borrow().limits.requests
            && !self
                .retires
                .is_some_and(|retires| is_late(self.now.monotonic, retires))
    }
}
