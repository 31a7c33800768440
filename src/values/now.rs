//! Time, as a value provided by the caller.

use core::time::Duration;

/// The time of one step. The connection and the applications have no other clock.
///
/// `monotonic` counts from any fixed moment, such as the start of the program, and determines deadlines. `wall` is the
/// time since 1970-01-01T00:00:00Z and determines the `Date` header. Without a wall time, no `Date` is sent, which RFC
/// 9110 section 6.6.1 allows for a server without a clock.
///
/// ```
/// use bytegate::Now;
/// use core::time::Duration;
///
/// let now = Now::at_unix(784_111_777);
/// assert_eq!(now.wall, Some(Duration::from_secs(784_111_777)));
/// assert_eq!(Now::default().wall, None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Time that never goes backwards. If it does, deadlines are only delayed.
    pub monotonic: Duration,
    /// The time since the Unix epoch, if the caller has a clock.
    pub wall: Option<Duration>,
}

impl Now {
    /// Returns a monotonic time of zero, and a wall time of `seconds` since the Unix epoch.
    #[must_use]
    pub const fn at_unix(seconds: u64) -> Now {
        Now {
            monotonic: Duration::ZERO,
            wall: Some(Duration::from_secs(seconds)),
        }
    }

    /// Returns this time with the monotonic time advanced by `elapsed`.
    #[must_use]
    pub const fn after(self, elapsed: Duration) -> Now {
        Now {
            monotonic: self.monotonic.saturating_add(elapsed),
            wall: match self.wall {
                Some(wall) => Some(wall.saturating_add(elapsed)),
                None => None,
            },
        }
    }
}
