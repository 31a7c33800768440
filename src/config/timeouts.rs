//! Limits on how long a peer and a response may take.

use core::time::Duration;

/// Limits on how long a peer and a response may take. `Duration::MAX` means no limit.
///
/// ```
/// use bytegate::config::{Config, Timeouts};
/// use std::time::Duration;
///
/// let timeouts = Timeouts { idle: Duration::from_secs(5), ..Timeouts::default() };
/// let config = Config { timeouts, ..Config::default() };
/// # assert_eq!(config.timeouts.head, Duration::from_secs(10));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// The time for receiving a head, from its first byte to its end. On a new connection, it starts with the
    /// connection. Exceeding it results in 408, or in a silent close if no byte arrived.
    pub head: Duration,
    /// The time between two requests, before the first byte of the second. Exceeding it results in a silent close.
    pub idle: Duration,
    /// The minimum pace at which content must arrive. Anything slower results in 408. The default is 500 bytes a
    /// second after 20 s, and no gap longer than 30 s. This stops a slow drip, but not a client that loses its
    /// network for a moment.
    pub content: Pace,
    /// The minimum pace at which the peer must accept output. If it is slower, the connection is cut off. The default
    /// is 500 bytes a second after a minute, and no gap longer than a minute. A user may pause a download.
    pub write: Pace,
    /// After a stop, the time for a started request to become complete. Exceeding it results in 408.
    pub stop: Duration,
    /// The maximum time for a [deferred](crate::Response::from_future) response, and for a [receiver](crate::upload::Receiver) to become
    /// ready again. Exceeding it results in 503, and the connection closes.
    pub answer: Duration,
    /// The age of a connection after which the next response says `Connection: close`.
    pub age: Duration,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts {
            head: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            content: Pace {
                grace: Duration::from_secs(20),
                bytes_per_second: 500,
                gap: Duration::from_secs(30),
            },
            write: Pace {
                grace: Duration::from_secs(60),
                bytes_per_second: 500,
                gap: Duration::from_secs(60),
            },
            stop: Duration::from_secs(1),
            answer: Duration::from_secs(30),
            age: Duration::from_secs(3600),
        }
    }
}

/// The minimum pace of a transfer. The rate stops slow drips, which a maximum gap alone does not.
///
/// ```
/// use bytegate::config::{Pace, Timeouts};
/// use std::time::Duration;
///
/// let patient = Pace { gap: Duration::from_secs(300), ..Timeouts::default().write };
/// let timeouts = Timeouts { write: patient, ..Timeouts::default() };
/// # assert_eq!(timeouts.write.bytes_per_second, 500);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// The time before the rate applies.
    pub grace: Duration,
    /// The bytes per second that must be reached after the grace period, or 0 for no rate.
    pub bytes_per_second: u32,
    /// The longest time without a byte.
    pub gap: Duration,
}

impl Pace {
    /// Returns the time at which the transfer is too slow unless more bytes move.
    pub(crate) fn deadline(&self, started: Duration, progressed: Duration, moved: u64) -> Duration {
        let earned = match moved.checked_div(u64::from(self.bytes_per_second)) {
            Some(0) => self.grace,
            Some(seconds) => self.grace.saturating_add(Duration::from_secs(seconds)),
            None => Duration::MAX,
        };
        if started == progressed {
            return started.saturating_add(earned.min(self.gap));
        }
        let gap = progressed.saturating_add(self.gap);
        gap.min(started.saturating_add(earned))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transfers_are_limited_by_rate_and_by_gap() {
        let pace = Timeouts::default().content;
        let second = Duration::from_secs(1);
        // One byte a second: never a gap, but still cut off after the grace period.
        assert_eq!(pace.deadline(Duration::ZERO, 19 * second, 19), 20 * second);
        // A burst earns time, but a gap that is too long ends the transfer.
        assert_eq!(
            pace.deadline(Duration::ZERO, 15 * second, 5000),
            30 * second
        );
        assert_eq!(
            pace.deadline(Duration::ZERO, 15 * second, 50_000),
            45 * second
        );
    }

    #[test]
    fn without_a_rate_only_the_gap_counts() {
        let pace = Pace {
            grace: Duration::ZERO,
            bytes_per_second: 0,
            gap: Duration::from_secs(3),
        };
        assert_eq!(
            pace.deadline(Duration::ZERO, Duration::from_secs(9), 0),
            Duration::from_secs(12)
        );
    }
}
