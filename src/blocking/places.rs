//! The places of the connections that a server with threads serves at once.

use super::serve_stream::{Attendant, Pause};
use core::num::NonZeroUsize;
use core::time::Duration;
use std::collections::HashMap;
use std::net::{Shutdown, TcpStream};
use std::prelude::rust_2024::*;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Instant;

/// How long a request head may take when another client waits for a place.
const SLOW_HEAD: Duration = Duration::from_secs(1);

/// All places of a server.
pub(super) struct Places {
    limit: usize,
    state: Mutex<State>,
    /// Notified when a connection ends or begins to wait, and at the stop.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    is_stopping: bool,
    next: u64,
    connections: HashMap<u64, Connection>,
}

struct Connection {
    stream: Arc<TcpStream>,
    waits: Waits,
    /// When the request head that is being received began.
    head: Option<Instant>,
    /// Whether it was asked to end.
    is_asked: bool,
}

/// What the thread of a connection does.
enum Waits {
    /// It works, or reads or writes a body.
    No,
    /// It waits for a request since then.
    Idle(Instant),
    /// It waits for the rest of a request head since then.
    Head(Instant),
    /// It waits for a response or a block of a body.
    Application(Waker),
}

impl Places {
    pub(super) fn new(limit: NonZeroUsize) -> Places {
        Places {
            limit: limit.get(),
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Waits for a place, and makes room if none is free. Returns `None` after the stop.
    pub(super) fn enter(places: &Arc<Places>, stream: TcpStream) -> Option<Seat> {
        let mut state = places.state();
        while state.connections.len() >= places.limit {
            if state.is_stopping {
                return None;
            }
            state.ask_longest_waiting();
            state = places.wait(state, SLOW_HEAD);
        }
        let stream = Arc::new(stream);
        let number = state.next;
        state.next += 1;
        let connection = Connection {
            stream: stream.clone(),
            waits: Waits::No,
            head: None,
            is_asked: state.is_stopping,
        };
        state.connections.insert(number, connection);
        Some(Seat {
            places: places.clone(),
            stream,
            number,
        })
    }

    /// Closes an idle connection, if any, and waits until one ends or the time is over.
    pub(super) fn make_room_within(&self, time: Duration) {
        let mut state = self.state();
        state.ask_longest_waiting();
        drop(self.wait(state, time));
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.state().is_stopping
    }

    /// Asks all connections to end when their requests have responses.
    pub(super) fn stop(&self) {
        let mut state = self.state();
        state.is_stopping = true;
        for connection in state.connections.values_mut() {
            connection.ask();
        }
        self.changed.notify_all();
    }

    /// Cuts all connections off.
    pub(super) fn cut_off(&self) {
        for connection in self.state().connections.values() {
            let _ = connection.stream.shutdown(Shutdown::Both);
        }
    }

    /// Waits until all connections have ended. Returns `false` if they have not in time.
    pub(super) fn wait_until_empty(&self, time: Duration) -> bool {
        let until = Instant::now() + time;
        let mut state = self.state();
        while !state.connections.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self.wait(state, left);
        }
        true
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'s>(&self, state: MutexGuard<'s, State>, time: Duration) -> MutexGuard<'s, State> {
        let waited = self.changed.wait_timeout(state, time);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl State {
    /// Asks the connection that has been idle longest to end, or else the one whose head has taken longest.
    fn ask_longest_waiting(&mut self) {
        let unasked = self.connections.values_mut().filter(|it| !it.is_asked);
        let waiting = unasked.filter_map(|connection| match connection.waits {
            Waits::Idle(since) => Some(((false, since), connection)),
            Waits::Head(since) if since.elapsed() >= SLOW_HEAD => Some(((true, since), connection)),
            _ => None,
        });
        if let Some((_, connection)) = waiting.min_by_key(|(rank, _)| *rank) {
            connection.ask();
        }
    }
}

impl Connection {
    /// Asks the connection to end. A request that has arrived gets its response.
    fn ask(&mut self) {
        self.is_asked = true;
        match &self.waits {
            Waits::No => {}
            Waits::Idle(_) | Waits::Head(_) => drop(self.stream.shutdown(Shutdown::Read)),
            Waits::Application(waker) => waker.wake_by_ref(),
        }
    }
}

/// A place in use. Dropping it frees the place.
pub(super) struct Seat {
    places: Arc<Places>,
    stream: Arc<TcpStream>,
    number: u64,
}

impl Seat {
    pub(super) fn stream(&self) -> &TcpStream {
        &self.stream
    }
}

impl Attendant for Seat {
    /// A thread soon notices a stop.
    const LONGEST_BODY_READ: Option<Duration> = Some(Duration::from_millis(100));

    fn begin(&self, pause: Pause<'_>) -> bool {
        let mut state = self.places.state();
        let Some(connection) = state.connections.get_mut(&self.number) else {
            return true;
        };
        if connection.is_asked {
            return false;
        }
        let now = Instant::now();
        let head = connection.head.take();
        connection.waits = match pause {
            Pause::Idle => Waits::Idle(now),
            Pause::Head => Waits::Head(*connection.head.insert(head.unwrap_or(now))),
            Pause::Body => Waits::No,
            Pause::Application(waker) => Waits::Application(waker.clone()),
        };
        if let Waits::Idle(_) | Waits::Head(_) = connection.waits {
            self.places.changed.notify_all();
        }
        true
    }

    fn end(&self) {
        if let Some(connection) = self.places.state().connections.get_mut(&self.number) {
            connection.waits = Waits::No;
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.places.state().connections.remove(&self.number);
        self.places.changed.notify_all();
    }
}
