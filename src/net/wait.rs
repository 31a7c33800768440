//! What a connection waits for: its socket, a deadline, the stop of the server.

use super::accept::closed;
use core::convert::Infallible;
use core::future::Future;
use core::pin::Pin;
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
pub(super) struct Alarms<'s> {
    timer: Timer,
    /// When the timer is set to fire.
    set: Option<Instant>,
    /// `None` once the stop is known.
    stop: Option<Pin<Box<dyn Future<Output = ()> + Send + 's>>>,
}

impl<'s> Alarms<'s> {
    pub(super) fn new(stopping: &'s Receiver<Infallible>) -> Alarms<'s> {
        Alarms {
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
        let (stop, timer, set) = (&mut self.stop, &mut self.timer, &mut self.set);
        let ready = async { ready.await.map(|()| Woken::Ready) };
        let late = async { Ok(late(timer, set, until).await) };
        let stopped = async {
            match stop {
                Some(stop) => stop.await,
                None => future::pending().await,
            }
            Ok(Woken::Stopped)
        };
        let woken = future::or(ready, future::or(stopped, late)).await;
        if let Ok(Woken::Stopped) = woken {
            self.stop = None;
        }
        woken
    }

    /// As [`wait`](Alarms::wait), without the stop.
    pub(super) async fn wait_out(
        &mut self,
        ready: impl Future<Output = io::Result<()>>,
        until: Option<Instant>,
    ) -> io::Result<Woken> {
        let ready = async { ready.await.map(|()| Woken::Ready) };
        let late = async { Ok(late(&mut self.timer, &mut self.set, until).await) };
        future::or(ready, late).await
    }
}

/// Deadlines mostly move on from wait to wait. A timer that is set already and fires before the deadline stays: to set
/// it anew each time would cost more than the one step that it wakes up for in vain.
async fn late(timer: &mut Timer, set: &mut Option<Instant>, until: Option<Instant>) -> Woken {
    let Some(until) = until else {
        return future::pending().await;
    };
    if set.is_none_or(|set| until < set) {
        timer.set_at(until);
        *set = Some(until);
    }
    timer.await;
    *set = None;
    Woken::Late
}
