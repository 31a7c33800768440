//! A wait of a connection for its client.

use crate::config::Timeouts;
use core::time::Duration;
use std::prelude::rust_2024::*;

/// The time that a new connection may be silent before it may be closed to make room. Its first request may be on its
/// way.
pub(super) const FIRST_REQUEST: Duration = Duration::from_millis(50);
/// The time after which a connection that is slow may be closed to make room: its head is incomplete, or it belongs to
/// the client with the most places and keeps its minimum pace no longer.
pub(super) const SLOW: Duration = Duration::from_secs(1);

/// A wait for the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ClientWait {
    pub(super) awaited: Awaited,
    /// In nanoseconds.
    pub(super) since: u64,
}

/// The reason why a connection waits for its client. Connections give way to others in this order.
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

const SINCE_BITS: u32 = 61;
const MAX_SINCE: u64 = (1 << SINCE_BITS) - 1;

impl ClientWait {
    pub(super) fn new(awaited: Awaited, since: Duration) -> ClientWait {
        let since = nanos(since);
        ClientWait { awaited, since }
    }

    /// Returns the time from which the connection may be told to close to make room, if it may.
    pub(super) fn ripe_at(self, of_hoarder: bool) -> Option<u64> {
        let patience = match (self.awaited, of_hoarder) {
            (Awaited::NextRequest, _) => Duration::ZERO,
            (Awaited::FirstRequest, _) | (Awaited::Head, true) => FIRST_REQUEST,
            (Awaited::Head, false) | (Awaited::Body | Awaited::Reading, true) => SLOW,
            (Awaited::Body | Awaited::Reading, false) => return None,
        };
        Some(self.since.saturating_add(nanos(patience)))
    }

    /// Returns the wait in one number: the reason in the upper 3 bits, and the time in the others. The two largest numbers are not
    /// used.
    pub(super) fn to_bits(self) -> u64 {
        let awaited = match self.awaited {
            Awaited::FirstRequest => 0,
            Awaited::NextRequest => 1,
            Awaited::Head => 2,
            Awaited::Body => 3,
            Awaited::Reading => 4,
        };
        awaited << SINCE_BITS | self.since
    }

    pub(super) fn from_bits(bits: u64) -> Option<ClientWait> {
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

impl Awaited {
    /// Returns the time that a client has for it, unless it keeps its pace.
    pub(super) fn time(self, timeouts: &Timeouts) -> Duration {
        match self {
            Awaited::FirstRequest | Awaited::NextRequest | Awaited::Head => timeouts.head,
            Awaited::Body => timeouts.body.grace.min(timeouts.body.gap),
            Awaited::Reading => timeouts.write.grace.min(timeouts.write.gap),
        }
    }

    /// Returns whether the connection can be closed without losing anything.
    pub(super) fn is_idle(self) -> bool {
        matches!(self, Awaited::FirstRequest | Awaited::NextRequest)
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
        assert_eq!(ClientWait::from_bits(u64::MAX), None);
        assert_eq!(ClientWait::from_bits(u64::MAX - 1), None);
    }
}
