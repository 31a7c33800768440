//! Comments that show whether a client that has ended its input still reads a stream of events.

use crate::gateway::session::Session;
use core::time::Duration;
use std::prelude::rust_2024::*;
use std::time::Instant;

/// When a quiet stream of events gets a comment, because its client has ended its input. Such a client may still read, or
/// may be gone, and only a write tells. If it is gone, its system resets the connection at the first comment, and the
/// second one fails.
#[derive(Default)]
pub(super) struct Comments {
    sent: u8,
    next: Option<Instant>,
}

/// The pauses before the first comments.
const PAUSES: [Duration; 2] = [Duration::ZERO, Duration::from_millis(200)];
/// The pause before each later one.
const LONG_PAUSE: Duration = Duration::from_secs(15);

impl Comments {
    /// Starts a pause: something was sent.
    pub(super) fn begin_pause(&mut self) {
        self.next = None;
    }

    /// Sends a comment, if it is time for one.
    pub(super) fn send_if_due(&mut self, session: &mut Session) {
        let now = Instant::now();
        let pause = PAUSES.get(usize::from(self.sent)).unwrap_or(&LONG_PAUSE);
        let next = *self.next.get_or_insert(now + *pause);
        if next <= now {
            self.next = Some(now + LONG_PAUSE);
            let is_sent = session.send_comment();
            self.sent = self.sent.saturating_add(u8::from(is_sent));
        }
    }

    /// Returns a deadline, or the time of the next comment if that is earlier.
    pub(super) fn or_earlier(&self, until: Option<Instant>) -> Option<Instant> {
        match (until, self.next) {
            (Some(until), Some(next)) => Some(until.min(next)),
            (until, next) => until.or(next),
        }
    }
}
