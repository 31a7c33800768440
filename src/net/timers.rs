//! Waiting for a deadline, a wake-up, or the stop of the server.

use core::convert::Infallible;
use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker, ready};
use core::time::Duration;
use smol::channel::Receiver;
use smol::{Timer, future};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Wake;
use std::time::Instant;

/// The deadline of a wait. Its timer is kept between waits, because setting it up and tearing it down costs more than a
/// request.
pub(super) struct Deadline {
    timer: Timer,
    /// The time at which the timer fires.
    set: Option<Instant>,
}

impl Deadline {
    pub(super) fn new() -> Deadline {
        Deadline {
            timer: Timer::never(),
            set: None,
        }
    }

    /// Polls for the deadline.
    ///
    /// Deadlines usually move forward with each wait. A timer that fires before the deadline is not reset, because
    /// resetting it each time would cost more than an occasional unnecessary wakeup.
    pub(super) fn poll(&mut self, until: Option<Instant>, context: &mut Context<'_>) -> Poll<()> {
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

/// Completes with `work`, which is polled only when it was woken. A future that shares its task with connections is polled
/// whenever one of them is, and a poll may take a system call.
pub(super) async fn when_woken(work: impl Future<Output = ()>) {
    let mut work = pin!(work);
    let woken = Arc::new(WokenTask::default());
    let waker = Waker::from(woken.clone());
    woken.is_woken.store(true, Ordering::SeqCst);
    poll_fn(|context| {
        match &mut *woken.task() {
            Some(task) => task.clone_from(context.waker()),
            task => *task = Some(context.waker().clone()),
        }
        if woken.is_woken.swap(false, Ordering::SeqCst) {
            work.as_mut().poll(&mut Context::from_waker(&waker))
        } else {
            Poll::Pending
        }
    })
    .await;
}

#[derive(Default)]
struct WokenTask {
    is_woken: AtomicBool,
    task: Mutex<Option<Waker>>,
}

impl WokenTask {
    fn task(&self) -> MutexGuard<'_, Option<Waker>> {
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for WokenTask {
    fn wake(self: Arc<Self>) {
        self.is_woken.store(true, Ordering::SeqCst);
        let task = self.task().clone();
        if let Some(task) = task {
            task.wake();
        }
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
