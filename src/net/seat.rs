//! The state of a connection that is visible to other tasks.

use super::client::Client;
use super::client_wait::{Awaited, ClientWait};
use super::transport::End;
use core::task::Waker;
use std::prelude::rust_2024::*;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The state of a connection that is visible to other tasks.
pub(super) struct Seat {
    /// [`BUSY`], [`GIVES_WAY`], or the wait for the client.
    state: AtomicU64,
    pub(super) client: Client,
    /// The memory that the connection holds for its client, in pages.
    pub(super) pages: AtomicU32,
    /// Wakes the connection when the server stops. A listener for each connection would take more memory.
    waker: Mutex<Option<Waker>>,
    socket: Arc<dyn End>,
}

/// The connection does not wait for its client.
const BUSY: u64 = u64::MAX;
/// The connection was told to close.
const GIVES_WAY: u64 = u64::MAX - 1;

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
