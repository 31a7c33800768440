//! The open connections, with their clients.

use super::client::Client;
use super::client_wait::{ClientWait, FIRST_REQUEST, nanos};
use super::seat::Seat;
use std::collections::HashMap;
use std::prelude::rust_2024::*;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The open connections.
#[derive(Default)]
pub(super) struct OpenConnections {
    seats: HashMap<u64, Arc<Seat>>,
    clients: HashMap<Client, Usage>,
    /// The memory that all connections hold, in pages.
    pages: usize,
    /// A client without an idle connection, and the time until which none is looked for again.
    all_busy: Option<(Client, u64)>,
}

/// The connections and the memory of one client.
#[derive(Clone, Copy, Default)]
struct Usage {
    connections: u32,
    pages: u32,
}

impl OpenConnections {
    /// Adds a connection, unless its client has all that it may have. Then its longest idle one is told to close.
    pub(super) fn add(
        &mut self,
        number: u64,
        seat: &Arc<Seat>,
        client_limit: usize,
        now: u64,
    ) -> bool {
        let client = seat.client;
        let count = self.clients.get(&client).map_or(0, |it| it.connections);
        if count as usize >= client_limit && !client.is_local() {
            // A client that connects again and again must not cost a look at all seats each time.
            let is_known_busy = |&(busy, until): &(Client, u64)| busy == client && now < until;
            if self.all_busy.as_ref().is_some_and(is_known_busy) {
                return false;
            }
            if !self.end_idle(|seat| seat.client == client, now) {
                self.all_busy = Some((client, now + nanos(FIRST_REQUEST)));
                return false;
            }
        }
        self.clients.entry(client).or_default().connections += 1;
        self.seats.insert(number, seat.clone());
        true
    }

    /// Removes a connection, if there is one with this number.
    pub(super) fn remove(&mut self, number: u64) {
        let Some(seat) = self.seats.remove(&number) else {
            return;
        };
        self.hold(&seat, 0);
        if let Some(usage) = self.clients.get_mut(&seat.client) {
            usage.connections -= 1;
            if usage.connections == 0 {
                self.clients.remove(&seat.client);
            }
        }
    }

    pub(super) fn seats(&self) -> impl Iterator<Item = &Arc<Seat>> {
        self.seats.values()
    }

    /// Returns the memory that all connections hold, in pages.
    pub(super) fn pages(&self) -> usize {
        self.pages
    }

    /// Sets the memory of a connection. Returns the memory of its client.
    pub(super) fn hold(&mut self, seat: &Seat, pages: u32) -> usize {
        let before = seat.pages.swap(pages, Ordering::Relaxed);
        let usage = self.clients.entry(seat.client).or_default();
        usage.pages = usage.pages - before + pages;
        self.pages = self.pages - before as usize + pages as usize;
        usage.pages as usize
    }

    /// Tells the connection among these that has been idle longest to close, if one has been for long enough.
    pub(super) fn end_idle(&self, among: impl Fn(&Seat) -> bool, now: u64) -> bool {
        let among = self.seats.values().filter(|seat| among(seat));
        let waits = among.filter_map(|seat| Some((seat, seat.waiting()?)));
        let is_ripe =
            |wait: &ClientWait| wait.awaited.is_idle() && wait.ripe_at(false) <= Some(now);
        let idle = waits.filter(|(_, wait)| is_ripe(wait));
        let longest = idle.min_by_key(|(_, wait)| *wait);
        longest.is_some_and(|(seat, wait)| seat.give_way(wait))
    }

    /// Returns the client with the most connections, if it has more than `share`.
    pub(super) fn hoarder(&self, share: usize) -> Option<Client> {
        let most = self.clients.iter().max_by_key(|(_, it)| it.connections);
        let (client, _) = most.filter(|(_, it)| it.connections as usize > share)?;
        Some(*client)
    }
}
