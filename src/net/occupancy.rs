//! The number of open connections, and the memory that they use.

use super::client_wait::Awaited;
use std::prelude::rust_2024::*;

/// The number of open connections by state, the memory that they use, and the limits of both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Occupancy {
    /// Connections that wait for a request.
    pub(super) idle: usize,
    /// Connections that wait for the rest of a head or a body.
    pub(super) receiving: usize,
    /// Connections that do not wait for their client.
    pub(super) responding: usize,
    /// Connections whose client must read first.
    pub(super) sending: usize,
    pub(super) limit: usize,
    pub(super) bytes: usize,
    pub(super) bytes_limit: usize,
}

/// A server whose connections are counted.
pub(super) trait Occupied: Send + Sync {
    /// Returns the number of connections by state.
    fn occupancy(&self) -> Occupancy;
}

impl Occupancy {
    /// Adds a connection.
    pub(super) fn count(&mut self, awaited: Option<Awaited>) {
        let count = match awaited {
            Some(Awaited::FirstRequest | Awaited::NextRequest) => &mut self.idle,
            Some(Awaited::Head | Awaited::Body) => &mut self.receiving,
            Some(Awaited::Reading) => &mut self.sending,
            None => &mut self.responding,
        };
        *count += 1;
    }

    /// Adds the connections of another server.
    pub(super) fn and(self, other: Occupancy) -> Occupancy {
        Occupancy {
            idle: self.idle + other.idle,
            receiving: self.receiving + other.receiving,
            responding: self.responding + other.responding,
            sending: self.sending + other.sending,
            limit: self.limit.saturating_add(other.limit),
            bytes: self.bytes + other.bytes,
            bytes_limit: self.bytes_limit.saturating_add(other.bytes_limit),
        }
    }
}
