//! A wait for a socket.

use super::place::Place;
use super::timers::Deadline;
use core::convert::Infallible;
use core::mem::replace;
use core::task::{Context, Poll};
use smol::channel::Receiver;
use std::io;
use std::prelude::rust_2024::*;
use std::time::Instant;

/// The waits of a connection for its socket, one after the other.
pub(super) struct SocketWait {
    deadline: Deadline,
    until: Option<Instant>,
    /// Whether the task sleeps until something wakes it.
    sleeps: bool,
    knows_stop: bool,
}

/// The reason why a wait has ended.
pub(super) enum Woken {
    /// The socket may be ready.
    Ready,
    /// The deadline has passed, or an earlier one that was still set.
    Late,
    Stopped,
}

impl SocketWait {
    pub(super) fn new() -> SocketWait {
        SocketWait {
            deadline: Deadline::new(),
            until: None,
            sleeps: false,
            knows_stop: false,
        }
    }

    /// Begins a wait, with a deadline if there is one.
    pub(super) fn begin(&mut self, until: Option<Instant>) {
        self.until = until;
        self.sleeps = false;
    }

    /// Polls for the end of the wait. `ready` tells whether the socket is ready.
    ///
    /// The wait ends at the first wake-up, and the read or write that follows tells whether the socket is ready. async-io
    /// ignores an event if another thread already waited for events when this one began to wait. On a thread that is always
    /// busy, each event is ignored, and the wait would last as long as the work of the other clients.
    #[inline]
    pub(super) fn poll(
        &mut self,
        ready: Poll<io::Result<()>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<Woken>> {
        if let Poll::Ready(ready) = ready {
            return Poll::Ready(ready.map(|()| Woken::Ready));
        }
        match self.deadline.poll(self.until, context) {
            Poll::Ready(()) => Poll::Ready(Ok(Woken::Late)),
            Poll::Pending if replace(&mut self.sleeps, true) => Poll::Ready(Ok(Woken::Ready)),
            Poll::Pending => Poll::Pending,
        }
    }

    /// Like [`poll`](SocketWait::poll), but the wait also ends at the stop of the server. That is reported only once.
    #[inline]
    pub(super) fn poll_or_stop(
        &mut self,
        ready: Poll<io::Result<()>>,
        place: &Place,
        stopping: &Receiver<Infallible>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<Woken>> {
        if ready.is_pending() && !self.knows_stop && place.poll_stop(stopping, context.waker()) {
            self.knows_stop = true;
            return Poll::Ready(Ok(Woken::Stopped));
        }
        self.poll(ready, context)
    }

    /// Polls for a deadline alone.
    pub(super) fn poll_deadline(
        &mut self,
        until: Option<Instant>,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        self.deadline.poll(until, context)
    }

    /// Reports the stop of the server no more.
    pub(super) fn ignore_stop(&mut self) {
        self.knows_stop = true;
    }
}
