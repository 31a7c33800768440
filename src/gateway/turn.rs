//! A turn of a session: the steps that it takes before other sessions have their turn.

use super::driver::{Driver, Stepped};
use super::front_end::FrontEnd;
use super::gateway::Shared;
use super::wait::Wait;
use crate::config::config::Config;
use core::borrow::Borrow;
use core::time::Duration;

/// The time after which a turn lets other connections have theirs.
const TURN_TIME: Duration = Duration::from_millis(1);

/// The number of quick steps for which the clock is read once. Together they take a few microseconds.
const QUICK_STEPS: u32 = 32;

impl<C: Borrow<Config>> Driver<C> {
    /// Takes steps until something is waited for, or until the turn is over. See [`Session::turn`](crate::Session::turn).
    pub(super) fn turn(
        &mut self,
        gateway: &Shared,
        input: &mut &[u8],
        front_end: &mut impl FrontEnd,
    ) -> Wait {
        let start = front_end.now();
        let end = start.monotonic.saturating_add(TURN_TIME);
        let (mut now, mut quick) = (start, 0);
        loop {
            match self.step(gateway, input, &now, front_end) {
                Stepped::Waits(wait) => return wait,
                Stepped::Quick if quick < QUICK_STEPS => quick += 1,
                stepped => {
                    // The time that the application took must not count against the client.
                    now = front_end.now();
                    quick = 0;
                    let is_over = match stepped {
                        // A clock that stands still cannot tell how long the application took.
                        Stepped::Ran => now.monotonic >= end || now.monotonic == start.monotonic,
                        _ => now.monotonic >= end,
                    };
                    if is_over && !input.is_empty() {
                        return Wait::Yield;
                    }
                }
            }
        }
    }
}
