//! The pause after an error of the system in place of a connection.

use super::options::Options;
use core::time::Duration;
use smol::Timer;
use std::io;
use std::prelude::rust_2024::*;
use std::time::Instant;

/// Handles errors of `accept` that concern the whole process and need a pause.
pub(super) struct AcceptBackoff {
    pause: Duration,
    reported: Option<Instant>,
}

impl Default for AcceptBackoff {
    fn default() -> AcceptBackoff {
        AcceptBackoff {
            pause: Duration::from_millis(100),
            reported: None,
        }
    }
}

impl AcceptBackoff {
    /// Reports the error, at most once a second, and waits. Each pause is longer than the one before.
    pub(super) async fn wait(&mut self, error: io::Error, options: &Options) {
        let now = Instant::now();
        if self
            .reported
            .is_none_or(|last| now - last >= Duration::from_secs(1))
        {
            self.reported = Some(now);
            options.report(&format!("cannot accept connections for now: {error}"));
        }
        Timer::after(self.pause).await;
        self.pause = (self.pause * 2).min(Duration::from_secs(1));
    }

    /// Resets the pause. Recently reported errors are not reported again at once.
    pub(super) fn end(&mut self) {
        self.pause = AcceptBackoff::default().pause;
    }
}
