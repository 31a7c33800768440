//! The place of an open connection.

use super::client::Client;
use super::client_wait::ClientWait;
use super::memory_limit::PAGE_BYTES;
use super::options::Options;
use super::places::{Places, Reserved};
use super::seat::Seat;
use super::transport::End;
use core::convert::Infallible;
use core::task::Waker;
use smol::channel::Receiver;
use std::prelude::rust_2024::*;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The place of an open connection. Dropping it frees the place.
pub(super) struct Place {
    places: Arc<Places>,
    number: u64,
    seat: Arc<Seat>,
    _reserved: Reserved,
}

impl Place {
    /// Assigns a place to a connection. Returns `None` if its client has all the places that it may have, and none of
    /// them is idle.
    pub(super) fn take(
        places: &Arc<Places>,
        reserved: Reserved,
        number: u64,
        client: Client,
        socket: Arc<dyn End>,
        options: &Options,
    ) -> Option<Place> {
        let seat = Arc::new(Seat::new(client, socket));
        places.enter(number, &seat, options).then(|| Place {
            places: places.clone(),
            number,
            seat,
            _reserved: reserved,
        })
    }

    /// Gives the place to the client that a proxy has named. Returns `false` if this client has all the places that it may
    /// have, and none of them is idle.
    pub(super) fn give_to(&mut self, client: Client, options: &Options) -> bool {
        self.seat = Arc::new(self.seat.of(client));
        self.places.change_seat(self.number, &self.seat, options)
    }

    /// Returns whether the server stops. If not, the stop will wake the connection. Only the last waker is kept.
    pub(super) fn poll_stop(&self, stopping: &Receiver<Infallible>, waker: &Waker) -> bool {
        {
            let mut kept = self.seat.waker();
            if !kept.as_ref().is_some_and(|kept| kept.will_wake(waker)) {
                *kept = Some(waker.clone());
            }
        }
        // Only now, so that a stop in between is not missed.
        stopping.is_closed()
    }

    /// Records that the connection waits for its client, so that it may be told to close.
    pub(super) fn begin_wait(&self, wait: ClientWait) {
        self.seat.begin(wait);
        if wait.awaited.is_idle() {
            self.places.note_idle();
        }
    }

    /// Records that a wait has ended. Returns whether the connection was told to close.
    pub(super) fn end_wait(&self) -> bool {
        self.seat.end()
    }

    /// Counts the memory that the connection holds for its client, in buffers and in its socket. The first 4 KiB of buffers are
    /// free, so that most requests are not counted. Returns `false` if the connection now holds more, and that is too much: for
    /// all connections, or a quarter of it for one client, unless it is this machine.
    #[inline]
    pub(super) fn hold(&self, buffers: usize, socket: usize, options: &Options) -> bool {
        let counted = buffers.saturating_sub(1) / PAGE_BYTES + socket.div_ceil(PAGE_BYTES);
        let pages = u32::try_from(counted).unwrap_or(u32::MAX);
        let before = self.seat.pages.load(Ordering::Relaxed);
        pages == before || self.places.hold(&self.seat, pages, options)
    }

    /// Returns whether the memory of all connections is used up.
    pub(super) fn is_memory_full(&self) -> bool {
        self.places.is_memory_full()
    }

    /// Returns whether few places are left, so that idle connections should not keep theirs for long.
    pub(super) fn are_few_left(&self) -> bool {
        self.places.are_few_left()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.leave(self.number);
    }
}
