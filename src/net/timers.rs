//! Waiting for a socket, a deadline, or the stop of the server.

use core::convert::Infallible;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;
use smol::channel::Receiver;
use smol::{Timer, future};
use std::boxed::Box;
use std::io;
use std::time::Instant;

/// The reason why a wait has ended.
pub(super) enum Woken {
    Ready,
    /// The deadline has passed, or an earlier one that was still set.
    Late,
    Stopped,
}

/// Everything that a connection may wait for, except its socket. This is kept between waits, because setting it up
/// and tearing it down costs more than a request.
pub(super) struct Timers<'s> {
    timer: Timer,
    /// The time at which the timer fires.
    set: Option<Instant>,
    /// The stop of the server, or `None` once it is known.
    stop: Option<Pin<Box<dyn Future<Output = ()> + Send + 's>>>,
}

impl<'s> Timers<'s> {
    pub(super) fn new(stopping: &'s Receiver<Infallible>) -> Timers<'s> {
        Timers {
            timer: Timer::never(),
            set: None,
            stop: Some(Box::pin(closed(stopping))),
        }
    }

    /// Records that the stop is already known.
    pub(super) fn stopped(&mut self) {
        self.stop = None;
    }

    /// Polls the deadline and the stop, unless the socket is ready. The stop is reported only once.
    pub(super) fn poll(
        &mut self,
        ready: Poll<io::Result<()>>,
        until: Option<Instant>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<Woken>> {
        if let Poll::Ready(ready) = ready {
            return Poll::Ready(ready.map(|()| Woken::Ready));
        }
        match self.poll_stop(context) {
            Poll::Ready(()) => Poll::Ready(Ok(Woken::Stopped)),
            Poll::Pending => self.poll_late(until, context).map(|()| Ok(Woken::Late)),
        }
    }

    /// Like [`poll`](Timers::poll), but ignores the stop.
    pub(super) fn poll_out(
        &mut self,
        ready: Poll<io::Result<()>>,
        until: Option<Instant>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<Woken>> {
        match ready {
            Poll::Ready(ready) => Poll::Ready(ready.map(|()| Woken::Ready)),
            Poll::Pending => self.poll_late(until, context).map(|()| Ok(Woken::Late)),
        }
    }

    fn poll_stop(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match &mut self.stop {
            Some(stop) => {
                ready!(stop.as_mut().poll(context));
                self.stop = None;
                Poll::Ready(())
            }
            None => Poll::Pending,
        }
    }

    /// Polls for the deadline.
    ///
    /// Deadlines usually move forward with each wait. A timer that fires before the deadline is not reset, because
    /// resetting it each time would cost more than an occasional unnecessary wakeup.
    pub(super) fn poll_late(
        &mut self,
        until: Option<Instant>,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        let Some(until) = until else {
            return Poll::Pending;
        };
        if self.set.is_none_or(|set| until < set) {
            self.timer.set_at(until);
            self.set = Some(until);
        }
        ready!(Pin::new(&mut self.timer).poll(context));
        self.set = None;
        Poll::Ready(())
    }
}

/// Completes when all senders are gone. Nothing is ever sent.
pub(super) async fn closed(receiver: &Receiver<Infallible>) {
    let _ = receiver.recv().await;
}

/// Completes with `work`, or after `time`, whichever comes first.
pub(super) async fn or_after(time: Duration, work: impl Future<Output = ()>) {
    future::or(work, async {
        Timer::after(time).await;
    })
    .await;
}
