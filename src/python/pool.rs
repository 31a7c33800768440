//! The lines that wait for requests, and the requests that wait for lines.

use super::exchange::{Event, State};
use super::line::{Line, Received};
use super::usage::{Counters, Usage};
use super::worker::Worker;
use crate::values::sync::Arc;
use core::task::{Context, Poll, Waker};
use std::collections::VecDeque;
use std::prelude::rust_2024::*;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The lines of all workers that are not in use, and the queue.
#[derive(Debug)]
pub(super) struct Pool {
    state: Mutex<PoolState>,
    most_waiting: usize,
    pub(super) counters: Counters,
}

#[derive(Debug, Default)]
struct PoolState {
    /// The one that was used last is used next: its worker's memory is in the caches.
    free: Vec<Line>,
    /// Lines whose worker has sent its response and is closing it.
    closing: Vec<Line>,
    queue: VecDeque<Arc<Waiter>>,
    /// Whether there are no workers, and will be none soon.
    is_down: bool,
}

/// A request that waits for a line.
#[derive(Debug)]
pub(super) struct Waiter {
    slot: Mutex<Slot>,
}

#[derive(Debug)]
enum Slot {
    Waiting(Waker),
    Given(Line),
    /// Nobody waits any longer.
    Gone,
}

/// A place for a request.
#[derive(Debug)]
pub(super) enum Place {
    Line(Line),
    InQueue(Arc<Waiter>),
    /// The queue is full.
    Full,
    /// No worker can be started.
    Down,
}

impl Pool {
    pub(super) fn new(most_waiting: usize) -> Pool {
        Pool {
            state: Mutex::default(),
            most_waiting,
            counters: Counters::default(),
        }
    }

    pub(super) fn usage(&self) -> Usage {
        let waiting = self.lock().queue.len();
        self.counters.usage(waiting)
    }

    fn lock(&self) -> MutexGuard<'_, PoolState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a line, or a place in the queue.
    pub(super) fn place(&self, waker: &Waker) -> Place {
        let mut state = self.lock();
        if let Some(mut line) = state.take() {
            line.running
                .get_or_insert_with(|| self.counters.count_running());
            return Place::Line(line);
        }
        if state.is_down {
            return Place::Down;
        }
        if state.queue.len() >= self.most_waiting {
            return Place::Full;
        }
        let waiter = Arc::new(Waiter {
            slot: Mutex::new(Slot::Waiting(waker.clone())),
        });
        state.queue.push_back(waiter.clone());
        Place::InQueue(waiter)
    }

    /// Takes a line back, or a new one. The next request in the queue gets it.
    pub(super) fn release(&self, line: Line) {
        let mut state = self.lock();
        let is_usable = matches!(line.state(), State::Free | State::Closing);
        if !line.worker.serves() || !is_usable {
            drop(state);
            // The worker's thread ends when its line does.
            return drop(line);
        }
        let mut line = line;
        while let Some(waiter) = state.queue.pop_front() {
            line.running
                .get_or_insert_with(|| self.counters.count_running());
            match waiter.give(line) {
                None => return,
                Some(back) => line = back,
            }
        }
        line.running = None;
        match line.state() {
            State::Free => state.free.push(line),
            _ => state.closing.push(line),
        }
    }

    /// Finds out which workers have closed their responses, when no request asks them.
    pub(super) fn tidy(&self) {
        let mut state = self.lock();
        for mut line in core::mem::take(&mut state.closing) {
            match close(&mut line) {
                Some(true) => state.free.push(line),
                Some(false) => state.closing.push(line),
                // Its process has ended.
                None => {}
            }
        }
    }

    /// Lets the new worker's lines have requests.
    pub(super) fn add(&self, worker: &Worker, lines: Vec<Line>) {
        worker.set_serves(true);
        self.lock().is_down = false;
        lines.into_iter().for_each(|line| self.release(line));
    }

    /// Lets a worker have no more requests. It ends when it has served those that it has.
    pub(super) fn retire(&self, worker: &Worker) {
        worker.set_serves(false);
        let mut dropped = Vec::new();
        {
            let mut state = self.lock();
            let PoolState { free, closing, .. } = &mut *state;
            for lines in [free, closing] {
                for line in core::mem::take(lines) {
                    if line.worker.serves() {
                        lines.push(line)
                    } else {
                        dropped.push(line)
                    }
                }
            }
        }
        drop(dropped);
    }

    /// Records that no worker can be started, and lets no request wait for one.
    pub(super) fn set_down(&self) {
        let mut state = self.lock();
        state.is_down = true;
        let queue = core::mem::take(&mut state.queue);
        drop(state);
        queue.iter().for_each(|waiter| waiter.wake());
    }

    /// Returns whether no worker can be started.
    pub(super) fn is_down(&self) -> bool {
        self.lock().is_down
    }

    /// Forgets a request that no longer waits. A line that it was given goes to another one.
    pub(super) fn leave(&self, waiter: &Arc<Waiter>) {
        self.lock()
            .queue
            .retain(|other| !Arc::ptr_eq(other, waiter));
        let given = core::mem::replace(&mut *waiter.lock(), Slot::Gone);
        if let Slot::Given(line) = given {
            self.release(line);
        }
    }
}

impl PoolState {
    /// Returns the line to use next. A worker that is closing a response is asked whether it is done; if all are, one of
    /// them gets the request ahead.
    fn take(&mut self) -> Option<Line> {
        while let Some(mut line) = self.closing.pop() {
            match close(&mut line) {
                Some(true) => return Some(line),
                Some(false) => {
                    self.closing.push(line);
                    break;
                }
                // Its process has ended.
                None => {}
            }
        }
        self.free.pop().or_else(|| self.closing.pop())
    }
}

/// Returns whether the worker of a line has closed its response, or `None` if the line cannot be used any longer.
fn close(line: &mut Line) -> Option<bool> {
    match line.receive() {
        Received::Event(Event::End) => {
            line.wire.unwatch();
            Some(true)
        }
        // It has written a traceback.
        Received::Event(Event::Failed { ends: false, .. }) => {
            line.wire.unwatch();
            Some(true)
        }
        Received::Event(_) | Received::Broken(_) | Received::Unread => None,
        Received::Nothing => Some(false),
    }
}

impl Waiter {
    fn lock(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a line. Returns it if nobody waits for it.
    fn give(&self, line: Line) -> Option<Line> {
        let mut slot = self.lock();
        match core::mem::replace(&mut *slot, Slot::Gone) {
            Slot::Waiting(waker) => {
                *slot = Slot::Given(line);
                waker.wake();
                None
            }
            Slot::Given(_) | Slot::Gone => Some(line),
        }
    }

    fn wake(&self) {
        if let Slot::Waiting(waker) = &*self.lock() {
            waker.wake_by_ref();
        }
    }

    /// Polls for the line.
    pub(super) fn poll(&self, context: &Context<'_>) -> Poll<Line> {
        let mut slot = self.lock();
        match core::mem::replace(&mut *slot, Slot::Gone) {
            Slot::Given(line) => Poll::Ready(line),
            Slot::Waiting(mut waker) => {
                waker.clone_from(context.waker());
                *slot = Slot::Waiting(waker);
                Poll::Pending
            }
            Slot::Gone => Poll::Pending,
        }
    }
}
