//! How long a peer and an answer may take.

use core::time::Duration;

/// How long a peer and an answer may take. `Duration::MAX` means for ever.
///
/// ```
/// use bytegate::{Config, Timeouts};
/// use std::time::Duration;
///
/// let timeouts = Timeouts { idle: Duration::from_secs(5), ..Timeouts::default() };
/// let config = Config { timeouts, ..Config::default() };
/// # assert_eq!(config.timeouts.head, Duration::from_secs(10));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// From the first octet of a head (on a new connection: from its start) to the head's end.
    /// Past it: 408, or a silent close if no octet came.
    pub head: Duration,
    /// Between two requests, and before the first octet of the second. Past it: a silent close.
    pub idle: Duration,
    /// How fast content must come. Slower: 408. By default 500 bytes a second after 20 s, and never 30 s without any:
    /// a drip is cut, a client that loses its network for a moment is not.
    pub content: Pace,
    /// How fast output must be taken. Slower: the connection is cut. By default 500 bytes a second after a minute, and
    /// never a minute without any: a person may pause a download.
    pub write: Pace,
    /// After a stop: how long a request that has begun may take to become whole. Past it: 408.
    pub stop: Duration,
    /// How long an answer may take that comes [later](crate::Response::later). Past it: 503, and the connection closes.
    pub answer: Duration,
    /// Age after which the next answer says `Connection: close`.
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

/// The least speed of a transfer: a rate beats a drip, a gap alone does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Time given before the rate counts.
    pub grace: Duration,
    /// Octets per second that must be reached after the grace; 0 for no rate.
    pub bytes_per_second: u32,
    /// The longest time without any octet.
    pub gap: Duration,
}

impl Pace {
    /// The moment at which a transfer is too slow, if nothing more moves.
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
    fn a_transfer_is_cut_by_rate_and_by_gap() {
        let pace = Timeouts::default().content;
        let second = Duration::from_secs(1);
        // One octet a second: never a gap, and still cut after the grace.
        assert_eq!(pace.deadline(Duration::ZERO, 19 * second, 19), 20 * second);
        // A burst earns time, and a silence of more than the gap ends it.
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
    fn no_rate_means_the_gap_alone() {
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
