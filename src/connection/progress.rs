//! The progress of a transfer, from which its deadline is computed.

use crate::config::timeouts::Pace;
use core::time::Duration;

#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    started: Duration,
    progressed: Duration,
    moved: u64,
}

impl Progress {
    pub(super) const fn starting_at(now: Duration) -> Progress {
        Progress {
            started: now,
            progressed: now,
            moved: 0,
        }
    }

    pub(super) fn moved(&mut self, count: usize, now: Duration) {
        if count > 0 {
            self.moved = self.moved.saturating_add(count as u64);
            self.progressed = now;
        }
    }

    pub(super) fn deadline(&self, pace: &Pace) -> Duration {
        pace.deadline(self.started, self.progressed, self.moved)
    }
}
