//! Limits on how long a peer and a response may take.

use core::time::Duration;

/// Limits on how long a peer and a response may take. `Duration::MAX` means no limit.
///
/// ```
/// use bytegate::config::Config;
/// use std::time::Duration;
///
/// let mut config = Config::default();
/// config.timeouts.idle = Duration::from_secs(5);
/// # assert_eq!(config.timeouts.head, Duration::from_secs(10));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// The time for receiving a head, from its first byte to its end. On a new connection, it starts with the
    /// connection. Exceeding it results in 408, or in a silent close if no byte arrived.
    ///
    /// Default: 10 s.
    pub head: Duration,
    /// The time between two requests, before the first byte of the second. Exceeding it results in a silent close.
    ///
    /// Default: 75 s.
    pub idle: Duration,
    /// The minimum pace at which a body must arrive. Anything slower results in 408. This stops a slow drip, but not
    /// a client that loses its network for a moment. A body that was sent fast earns at most 30 s.
    ///
    /// Default: 500 bytes a second after 20 s, no gap over 30 s.
    pub body: Pace,
    /// The minimum pace at which the peer must accept output. If it is slower, the connection is cut off. However much
    /// was read before, no gap is longer than a minute: a user may pause a download.
    ///
    /// Default: 500 bytes a second after 60 s, no gap over 60 s.
    pub write: Pace,
    /// After a stop, the time for a started request to become complete. Exceeding it results in 408.
    ///
    /// Default: 1 s.
    pub stop: Duration,
    /// The maximum time for a [deferred](crate::Response::from_future) response, and for a [receiver](crate::upload::Receiver) to become
    /// ready again. Exceeding it results in 503, and the connection closes.
    ///
    /// Default: 30 s.
    pub response: Duration,
    /// The age of a connection after which the next response says `Connection: close`.
    ///
    /// Default: 3600 s.
    pub age: Duration,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts {
            head: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            body: Pace::default(),
            write: Pace {
                grace: Duration::from_secs(60),
                bytes_per_second: 500,
                gap: Duration::from_secs(60),
            },
            stop: Duration::from_secs(1),
            response: Duration::from_secs(30),
            age: Duration::from_secs(3600),
        }
    }
}

/// The minimum pace of a transfer. The rate stops slow drips, which a maximum gap alone does not.
///
/// Bytes earn time at the rate, so a transfer that is faster may pause later. However many bytes have moved, they earn
/// no more than the longer of `grace` and `gap`: a client that sends a megabyte at once and then a byte now and then is cut
/// off after that time.
///
/// ```
/// use bytegate::config::{Pace, Timeouts};
/// use std::time::Duration;
///
/// let mut timeouts = Timeouts::default();
/// timeouts.write.gap = Duration::from_secs(300);
/// assert_eq!(timeouts.write.bytes_per_second, Pace::default().bytes_per_second);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pace {
    /// The time before the rate applies.
    ///
    /// Default: 20 s.
    pub grace: Duration,
    /// The bytes per second that must be reached after the grace period, or 0 for no rate.
    ///
    /// Default: 500.
    pub bytes_per_second: u32,
    /// The longest time without a byte.
    ///
    /// Default: 30 s.
    pub gap: Duration,
}

impl Default for Pace {
    /// Returns the pace of [`Timeouts::body`].
    fn default() -> Pace {
        Pace {
            grace: Duration::from_secs(20),
            bytes_per_second: 500,
            gap: Duration::from_secs(30),
        }
    }
}

impl Pace {
    /// Returns the time at which a transfer that started at `now` breaks the rate unless bytes move.
    pub(crate) fn first_due(&self, now: Duration) -> Duration {
        match self.bytes_per_second {
            0 => Duration::MAX,
            _ => now.saturating_add(self.grace),
        }
    }

    /// Returns when the next bytes are due after `count` bytes have moved. Before them, they were due at `due`.
    pub(crate) fn next_due(&self, due: Duration, count: usize, now: Duration) -> Duration {
        let latest = now.saturating_add(self.grace.max(self.gap));
        match self.earned(count) {
            Some(earned) => due.saturating_add(earned).min(latest),
            None => Duration::MAX,
        }
    }

    /// Returns the time that bytes take at the rate, or `None` if there is no rate.
    fn earned(&self, count: usize) -> Option<Duration> {
        let (count, rate) = (count as u64, u64::from(self.bytes_per_second));
        let seconds = count.checked_div(rate)?;
        // Rounded up, so that an exact pace is never too slow.
        let nanos = (count % rate * 1_000_000_000).div_ceil(rate);
        Some(Duration::from_secs(seconds).saturating_add(Duration::from_nanos(nanos)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn bytes_earn_time_at_the_rate_but_no_more_than_a_gap() {
        let pace = Timeouts::default().body;
        let due = pace.first_due(SECOND);
        assert_eq!(due, 21 * SECOND);
        assert_eq!(pace.next_due(due, 1, SECOND), due + SECOND / 500);
        assert_eq!(pace.next_due(due, 2500, SECOND), 26 * SECOND);
        for burst in [5000, 1 << 20, usize::MAX] {
            assert_eq!(pace.next_due(due, burst, SECOND), 31 * SECOND);
        }
        let patient = Pace {
            grace: 40 * SECOND,
            ..pace
        };
        assert_eq!(patient.next_due(due, 1 << 20, SECOND), 41 * SECOND);
    }

    #[test]
    fn an_exact_pace_is_never_too_slow() {
        for rate in [1, 3, 7, 500, u32::MAX] {
            let pace = Pace {
                bytes_per_second: rate,
                ..Timeouts::default().body
            };
            let mut due = pace.first_due(Duration::ZERO);
            for count in 1..100 {
                due = pace.next_due(due, rate as usize, count * SECOND);
                assert!(due >= (count + 20) * SECOND, "{rate}: {due:?}");
            }
        }
    }

    #[test]
    fn without_a_rate_nothing_is_due() {
        let pace = Pace {
            grace: Duration::ZERO,
            bytes_per_second: 0,
            gap: 3 * SECOND,
        };
        let due = pace.first_due(SECOND);
        assert_eq!(due, Duration::MAX);
        assert_eq!(pace.next_due(due, 0, SECOND), Duration::MAX);
    }
}
