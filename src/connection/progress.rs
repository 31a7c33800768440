//! The progress of a transfer, from which its deadline is computed.

use crate::config::timeouts::Pace;
use core::time::Duration;

#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    /// The time of the last byte, or of the start.
    moved: Duration,
    /// The time until which the bytes so far keep the rate.
    due: Duration,
}

impl Progress {
    pub(super) fn starting_at(now: Duration, pace: &Pace) -> Progress {
        Progress {
            moved: now,
            due: pace.first_due(now),
        }
    }

    pub(super) fn moved(&mut self, count: usize, now: Duration, pace: &Pace) {
        if count > 0 {
            self.due = pace.next_due(self.due, count, now);
            self.moved = now;
        }
    }

    pub(super) fn deadline(&self, pace: &Pace) -> Duration {
        self.moved.saturating_add(pace.gap).min(self.due)
    }
}

/// Returns whether a deadline has passed. [`Duration::MAX`] means that there is no deadline.
pub(super) fn is_late(now: Duration, until: Duration) -> bool {
    now >= until && until < Duration::MAX
}
