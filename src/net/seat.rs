//! The state of a connection that is visible to other tasks.

use super::client::Client;
use super::transport::End;
use crate::config::Timeouts;
use core::task::Waker;
use core::time::Duration;
use std::prelude::rust_2024::*;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The state of a connection that is visible to other tasks.
pub(super) struct Seat {
    /// [`BUSY`], [`GIVES_WAY`], or the reason why the connection waits in the upper 3 bits, and since when, in nanoseconds, in
    /// the others.
    state: AtomicU64,
    pub(super) client: Client,
    /// The memory that the connection holds for its client, in pages.
    pub(super) pages: AtomicU32,
    /// Wakes the connection when the server stops. A listener for each connection would take more memory.
    waker: Mutex<Option<Waker>>,
    socket: Arc<dyn End>,
}

/// The thing that a connection needs from its client. The order is that in which connections give way to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Awaited {
    FirstRequest,
    NextRequest,
    /// The rest of a head.
    Head,
    /// More of the body.
    Body,
    /// That the client reads.
    Reading,
}

impl Awaited {
    /// Returns the time that a client has for it, unless it keeps its pace.
    pub(super) fn time(self, timeouts: &Timeouts) -> Duration {
        match self {
            Awaited::FirstRequest | Awaited::NextRequest | Awaited::Head => timeouts.head,
            Awaited::Body => timeouts.body.grace.min(timeouts.body.gap),
            Awaited::Reading => timeouts.write.grace.min(timeouts.write.gap),
        }
    }
}

/// A wait for the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ClientWait {
    pub(super) awaited: Awaited,
    /// In nanoseconds.
    pub(super) since: u64,
}

/// The connection does not wait for its client.
const BUSY: u64 = u64::MAX;
/// The connection was told to close.
const GIVES_WAY: u64 = u64::MAX - 1;
const SINCE_BITS: u32 = 61;
const MAX_SINCE: u64 = (1 << SINCE_BITS) - 1;

impl Seat {
    pub(super) fn new(client: Client, socket: Arc<dyn End>) -> Seat {
        Seat {
            state: AtomicU64::new(BUSY),
            client,
            pages: AtomicU32::new(0),
            waker: Mutex::default(),
            socket,
        }
    }

    /// Returns a seat of another client for the same connection.
    pub(super) fn of(&self, client: Client) -> Seat {
        Seat::new(client, self.socket.clone())
    }

    pub(super) fn waker(&self) -> MutexGuard<'_, Option<Waker>> {
        self.waker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn begin(&self, wait: ClientWait) {
        self.state.store(wait.to_bits(), Ordering::SeqCst);
    }

    /// Ends a wait. Returns whether the connection was told to close meanwhile.
    pub(super) fn end(&self) -> bool {
        self.state.swap(BUSY, Ordering::SeqCst) == GIVES_WAY
    }

    pub(super) fn waiting(&self) -> Option<ClientWait> {
        ClientWait::from_bits(self.state.load(Ordering::SeqCst))
    }

    /// Tells a connection to close, unless its wait has ended. A request that has just arrived still gets its response.
    pub(super) fn give_way(&self, wait: ClientWait) -> bool {
        let (waiting, order) = (wait.to_bits(), Ordering::SeqCst);
        let still_waits = self
            .state
            .compare_exchange(waiting, GIVES_WAY, order, order)
            .is_ok();
        match wait.awaited {
            _ if !still_waits => {}
            Awaited::Reading => self.socket.end(),
            _ => self.socket.end_input(),
        }
        still_waits
    }
}

impl Awaited {
    /// Returns whether the connection can be closed without losing anything.
    pub(super) fn is_idle(self) -> bool {
        matches!(self, Awaited::FirstRequest | Awaited::NextRequest)
    }
}

impl ClientWait {
    pub(super) fn new(awaited: Awaited, since: Duration) -> ClientWait {
        let since = nanos(since);
        ClientWait { awaited, since }
    }

    fn to_bits(self) -> u64 {
        let awaited = match self.awaited {
            Awaited::FirstRequest => 0,
            Awaited::NextRequest => 1,
            Awaited::Head => 2,
            Awaited::Body => 3,
            Awaited::Reading => 4,
        };
        awaited << SINCE_BITS | self.since
    }

    fn from_bits(bits: u64) -> Option<ClientWait> {
        let awaited = match bits >> SINCE_BITS {
            0 => Awaited::FirstRequest,
            1 => Awaited::NextRequest,
            2 => Awaited::Head,
            3 => Awaited::Body,
            4 => Awaited::Reading,
            _ => return None,
        };
        let since = bits & MAX_SINCE;
        Some(ClientWait { awaited, since })
    }
}

/// Returns a time in nanoseconds. The highest is in 73 years.
pub(super) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).map_or(MAX_SINCE, |nanos| nanos.min(MAX_SINCE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_the_same_as_bits() {
        for awaited in [
            Awaited::FirstRequest,
            Awaited::NextRequest,
            Awaited::Head,
            Awaited::Body,
            Awaited::Reading,
        ] {
            for since in [Duration::ZERO, Duration::from_secs(1), Duration::MAX] {
                let wait = ClientWait::new(awaited, since);
                assert_eq!(ClientWait::from_bits(wait.to_bits()), Some(wait));
            }
        }
        assert_eq!(ClientWait::from_bits(BUSY), None);
        assert_eq!(ClientWait::from_bits(GIVES_WAY), None);
    }
}
