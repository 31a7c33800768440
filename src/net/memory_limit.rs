//! The limit on the memory that all connections hold.

use super::client::Client;
use super::notice::Notice;
use super::options::Options;
use std::prelude::rust_2024::*;
use std::sync::atomic::{AtomicBool, Ordering};

/// The unit in which memory is counted.
pub(super) const PAGE_BYTES: usize = 4096;

/// The limit on the memory that all connections hold. One client may hold a quarter of it, unless it is this machine.
pub(super) struct MemoryLimit {
    pages: usize,
    is_full: AtomicBool,
    notice: Notice,
}

/// A limit that is exceeded.
pub(super) enum Excess {
    OfAll,
    OfClient(Client),
}

impl Excess {
    /// Returns whether memory of this client counts.
    pub(super) fn includes(&self, client: Client) -> bool {
        match self {
            Excess::OfAll => true,
            Excess::OfClient(one) => *one == client,
        }
    }
}

impl MemoryLimit {
    pub(super) fn new(options: &Options) -> MemoryLimit {
        MemoryLimit {
            pages: options.buffered_bytes / PAGE_BYTES,
            is_full: AtomicBool::new(false),
            notice: Notice::default(),
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.pages * PAGE_BYTES
    }

    /// Returns whether the memory is used up.
    pub(super) fn is_full(&self) -> bool {
        self.is_full.load(Ordering::Relaxed)
    }

    /// Records the pages that all connections hold. Returns whether they are too many.
    pub(super) fn record(&self, held: usize) -> bool {
        let is_full = held > self.pages;
        if is_full != self.is_full() {
            self.is_full.store(is_full, Ordering::Relaxed);
        }
        is_full
    }

    /// Records the pages that all connections hold, and returns the limit that they or the ones of a client exceed.
    pub(super) fn exceeded(&self, held: usize, client: Client, by_client: usize) -> Option<Excess> {
        if self.record(held) {
            Some(Excess::OfAll)
        } else if by_client > self.pages / 4 && !client.is_local() {
            Some(Excess::OfClient(client))
        } else {
            None
        }
    }

    pub(super) fn report(&self, excess: &Excess, options: &Options) {
        self.notice.give(options, || {
            let bytes = options.buffered_bytes;
            let (all, whose) = match excess {
                Excess::OfAll => ("all", String::new()),
                Excess::OfClient(client) => ("a quarter", format!(" for {client}")),
            };
            format!(
                "{all} of the {bytes} bytes for requests and responses are in use{whose}: \
                 more are refused with 503 (see --buffered-bytes, or Options::buffered_bytes)"
            )
        });
    }
}
