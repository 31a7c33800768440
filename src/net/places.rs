//! Places for connections. They limit the number of open connections and decide which one is closed when there are no
//! more places.

use super::options::Options;
use super::transport::EndInput;
use core::convert::Infallible;
use core::task::Waker;
use core::time::Duration;
use smol::channel::{self, Receiver, Sender};
use smol::lock::{Semaphore, SemaphoreGuardArc};
use smol::{Timer, future};
use std::collections::HashMap;
use std::prelude::rust_2024::*;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The time that a new connection may be silent before it may be closed to make room. Its first request may be on its
/// way.
const FIRST_REQUEST: Duration = Duration::from_millis(50);
/// The time that a connection has to close to make room, before another one is told to close as well.
const GIVING_WAY: Duration = Duration::from_millis(100);
/// The time that a connection may stay idle when few places are left.
pub(super) const SHORT_IDLE: Duration = Duration::from_secs(5);

/// All places. The acceptor reserves one for the next connection, so that a new client is accepted at once even when
/// idle connections take all the others.
pub(super) struct Places {
    limit: usize,
    free: Arc<Semaphore>,
    open: Mutex<HashMap<u64, Arc<Seat>>>,
    open_count: AtomicUsize,
    /// Whether the acceptor waits for a place and must be notified when a connection becomes idle.
    wanted: AtomicBool,
    idle_again: (Sender<()>, Receiver<()>),
    reported: Mutex<Option<Instant>>,
    /// The reference point for the times in seats.
    started: Instant,
}

/// A place that has been taken, but not yet assigned to a connection.
pub(super) struct Reserved {
    permit: SemaphoreGuardArc,
}

/// The place of an open connection. Dropping it frees the place.
pub(super) struct Place {
    places: Arc<Places>,
    number: u64,
    seat: Arc<Seat>,
    _permit: SemaphoreGuardArc,
}

/// The state of a connection that is visible to other tasks.
struct Seat {
    /// [`BUSY`], or the time since which the connection is idle, in nanoseconds. [`USED`] is added once it has sent
    /// something. The connection with the smallest value is closed first.
    idle: AtomicU64,
    /// Wakes the connection when the server stops. A listener for each connection would take more memory.
    waker: Mutex<Option<Waker>>,
    socket: Arc<dyn EndInput>,
}

const BUSY: u64 = u64::MAX;
const USED: u64 = 1 << 63;

impl Places {
    pub(super) fn new(limit: usize, started: Instant) -> Places {
        let limit = limit.max(1);
        Places {
            limit,
            free: Arc::new(Semaphore::new(limit)),
            open: Mutex::default(),
            open_count: AtomicUsize::new(0),
            wanted: AtomicBool::new(false),
            idle_again: channel::bounded(1),
            reported: Mutex::default(),
            started,
        }
    }

    /// Waits for a place. If none is free, the connection that has been idle longest is told to close.
    pub(super) async fn reserve(&self, options: &Options) -> Reserved {
        if let Some(permit) = self.free.try_acquire_arc() {
            return Reserved { permit };
        }
        self.report(options);
        self.wanted.store(true, Ordering::SeqCst);
        let permit = loop {
            let or_sooner = async {
                match self.make_room() {
                    Room::Soon => sleep(GIVING_WAY).await,
                    Room::After(time) => future::or(self.someone_idle(), sleep(time)).await,
                    Room::Unknown => self.someone_idle().await,
                }
                None
            };
            let permit = async { Some(self.free.acquire_arc().await) };
            if let Some(permit) = future::or(permit, or_sooner).await {
                break permit;
            }
        };
        self.wanted.store(false, Ordering::SeqCst);
        Reserved { permit }
    }

    /// Assigns a place to a connection.
    pub(super) fn seat(
        self: &Arc<Self>,
        reserved: Reserved,
        number: u64,
        socket: Arc<dyn EndInput>,
    ) -> Place {
        let seat = Arc::new(Seat {
            idle: AtomicU64::new(BUSY),
            waker: Mutex::default(),
            socket,
        });
        self.open().insert(number, seat.clone());
        self.open_count.fetch_add(1, Ordering::Relaxed);
        Place {
            places: self.clone(),
            number,
            seat,
            _permit: reserved.permit,
        }
    }

    /// Wakes all connections, so that they notice that the server stops.
    pub(super) fn wake_all(&self) {
        let wakers: Vec<Waker> = {
            let open = self.open();
            open.values()
                .filter_map(|seat| seat.waker().take())
                .collect()
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Gives up the connection that has been idle longest, for its descriptor. Returns whether one closes soon.
    pub(super) fn give_up_idle(&self) -> bool {
        matches!(self.make_room(), Room::Soon)
    }

    /// Tells the connection that has been idle longest to close. Connections that never sent anything come first.
    fn make_room(&self) -> Room {
        let now = self.now();
        let longest = {
            let open = self.open();
            let idle = |seat: &Arc<Seat>| (seat.idle.load(Ordering::SeqCst), seat.clone());
            open.values().map(idle).min_by_key(|(since, _)| *since)
        };
        let Some((since, seat)) = longest.filter(|(since, _)| *since != BUSY) else {
            return Room::Unknown;
        };
        let first_request = since.saturating_add(nanos(FIRST_REQUEST));
        if since < USED && first_request > now {
            return match self.give_way_of_used() {
                true => Room::Soon,
                false => Room::After(Duration::from_nanos(first_request - now)),
            };
        }
        seat.give_way(since);
        Room::Soon
    }

    /// Like [`make_room`](Places::make_room), but only considers connections that have sent something. Used while the
    /// others are too new to be closed.
    fn give_way_of_used(&self) -> bool {
        let open = self.open();
        let idle = open
            .values()
            .map(|seat| (seat.idle.load(Ordering::SeqCst), seat));
        let used = idle.filter(|(since, _)| (USED..BUSY).contains(since));
        match used.min_by_key(|(since, _)| *since) {
            Some((since, seat)) => {
                seat.give_way(since);
                true
            }
            None => false,
        }
    }

    async fn someone_idle(&self) {
        let _ = self.idle_again.1.recv().await;
    }

    /// Reports that all places are in use, at most once a second.
    fn report(&self, options: &Options) {
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if reported.is_none_or(|last| now - last >= Duration::from_secs(1)) {
            *reported = Some(now);
            options.report(&format!(
                "all {} connections are in use: idle ones are closed to make room",
                self.limit
            ));
        }
    }

    fn open(&self) -> MutexGuard<'_, HashMap<u64, Arc<Seat>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        nanos(self.started.elapsed())
    }
}

/// The outcome of an attempt to make room.
enum Room {
    /// A connection was told to close.
    Soon,
    /// A connection may be told to close after this time.
    After(Duration),
    /// All connections are busy.
    Unknown,
}

impl Place {
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

    /// Marks the connection as idle since that time, so that it may be closed without losing anything. `used` tells
    /// whether it ever sent anything.
    pub(super) fn idle_since(&self, since: Duration, used: bool) {
        let since = nanos(since);
        let used = if used { USED } else { 0 };
        self.seat.idle.store(since | used, Ordering::SeqCst);
        if self.places.wanted.load(Ordering::SeqCst) {
            let _ = self.places.idle_again.0.try_send(());
        }
    }

    pub(super) fn busy(&self) {
        self.seat.idle.store(BUSY, Ordering::SeqCst);
    }

    /// Returns whether few places are left, so that idle connections should not keep theirs for long.
    pub(super) fn are_few_left(&self) -> bool {
        let Places {
            limit, open_count, ..
        } = &*self.places;
        open_count.load(Ordering::Relaxed) >= limit - limit / 16
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.open().remove(&self.number);
        self.places.open_count.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Seat {
    fn waker(&self) -> MutexGuard<'_, Option<Waker>> {
        self.waker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the input of an idle connection, which then closes. A request that arrived in the meantime is still
    /// answered.
    fn give_way(&self, since: u64) {
        let is_idle = self
            .idle
            .compare_exchange(since, BUSY, Ordering::SeqCst, Ordering::SeqCst);
        if is_idle.is_ok() {
            self.socket.end_input();
        }
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).map_or(USED - 1, |nanos| nanos.min(USED - 1))
}

async fn sleep(time: Duration) {
    Timer::after(time).await;
}
