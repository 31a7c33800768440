//! What a connection waits for: its socket, a deadline, the stop of the server.

use core::convert::Infallible;
use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::task::{Context, Poll, ready};
use core::time::Duration;
use smol::channel::Receiver;
use smol::{Timer, future};
use std::boxed::Box;
use std::io;
use std::time::Instant;

/// Why a wait has ended.
pub(super) enum Woken {
    Ready,
    /// At the deadline, or at one that was there before it.
    Late,
    Stopped,
}

/// All that a connection may wait for but its socket; kept from wait to wait, because to begin and to end each of these
/// costs more than a request.
pub(super) struct Timers<'s> {
    timer: Timer,
    /// When the timer is set to fire.
    set: Option<Instant>,
    /// `None` once the stop is known.
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

    /// The stop is known from elsewhere.
    pub(super) fn stopped(&mut self) {
        self.stop = None;
    }

    /// Waits for the socket, the deadline, or the stop; that one only once.
    pub(super) async fn wait(
        &mut self,
        ready: impl Future<Output = io::Result<()>>,
        until: Option<Instant>,
    ) -> io::Result<Woken> {
        let mut ready = pin!(ready);
        poll_fn(|context| {
            if let Poll::Ready(ready) = ready.as_mut().poll(context) {
                return Poll::Ready(ready.map(|()| Woken::Ready));
            }
            match self.poll_stop(context) {
                Poll::Ready(()) => Poll::Ready(Ok(Woken::Stopped)),
                Poll::Pending => self.poll_late(until, context).map(|()| Ok(Woken::Late)),
            }
        })
        .await
    }

    /// As [`wait`](Timers::wait), without the stop.
    pub(super) async fn wait_out(
        &mut self,
        ready: impl Future<Output = io::Result<()>>,
        until: Option<Instant>,
    ) -> io::Result<Woken> {
        let mut ready = pin!(ready);
        poll_fn(|context| match ready.as_mut().poll(context) {
            Poll::Ready(ready) => Poll::Ready(ready.map(|()| Woken::Ready)),
            Poll::Pending => self.poll_late(until, context).map(|()| Ok(Woken::Late)),
        })
        .await
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

    /// Deadlines mostly move on from wait to wait. A timer that is set already and fires before the deadline stays: to
    /// set it anew each time would cost more than the one step that it wakes up for in vain.
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

/// Completes when all senders are gone; nothing is ever sent.
pub(super) async fn closed(receiver: &Receiver<Infallible>) {
    let _ = receiver.recv().await;
}

/// Completes with `work`, or after so long without it.
pub(super) async fn or_after(time: Duration, work: impl Future<Output = ()>) {
    future::or(work, async {
        Timer::after(time).await;
    })
    .await;
}
