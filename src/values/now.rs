//! Time, as a value that the caller hands in.

use core::time::Duration;

/// The time of one step: the machine and the applications have no other clock.
///
/// `monotonic` counts from any fixed moment (the start of the program, say) and decides deadlines;
/// `wall` is the time since 1970-01-01T00:00:00Z and decides the `Date` field. Without a wall time no
/// `Date` is sent, as RFC 9110 section 6.6.1 allows a server without a clock.
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
    /// Time that never goes back; if it does, deadlines only come later.
    pub monotonic: Duration,
    /// Time since the Unix epoch, if there is a clock.
    pub wall: Option<Duration>,
}

impl Now {
    /// Monotonic zero, and a wall time of so many seconds since the Unix epoch.
    pub const fn at_unix(seconds: u64) -> Now {
        Now {
            monotonic: Duration::ZERO,
            wall: Some(Duration::from_secs(seconds)),
        }
    }

    /// The same moment with the monotonic time moved on.
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
