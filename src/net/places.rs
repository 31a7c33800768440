//! Places for connections. They limit the number of open connections, in all and for one client, and decide which one
//! is closed when there are no more places.

use super::client_wait::{SLOW, nanos};
use super::memory_limit::{MemoryLimit, PAGE_BYTES};
use super::notice::Notice;
use super::occupancy::{Occupancy, Occupied};
use super::open_connections::OpenConnections;
use super::options::Options;
use super::seat::Seat;
use super::sockets::Accept;
use core::cmp::Reverse;
use core::task::Waker;
use core::time::Duration;
use smol::channel::{self, Receiver, Sender};
use smol::lock::{Semaphore, SemaphoreGuardArc};
use smol::{Timer, future};
use std::prelude::rust_2024::*;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The time that a connection has to close to make room, before another one is told to close as well.
const GIVING_WAY: Duration = Duration::from_millis(100);
/// The number of places that any client may have without being treated as one that takes them from others.
const FEW: usize = 16;

/// All places. The acceptor reserves one for the next connection, so that a new client is accepted at once even when
/// idle connections take all the others.
pub(super) struct Places {
    limit: usize,
    client_limit: usize,
    free: Arc<Semaphore>,
    open: Mutex<OpenConnections>,
    open_count: AtomicUsize,
    memory: MemoryLimit,
    /// Whether the acceptor waits for a place and must be notified when a connection becomes idle.
    wanted: AtomicBool,
    idle_again: (Sender<()>, Receiver<()>),
    all_in_use: Notice,
    client_has_all: Notice,
    /// The reference point for the times in seats.
    started: Instant,
}

/// A place that has been taken, but not yet assigned to a connection. Dropping it frees the place.
pub(super) struct Reserved(#[expect(dead_code, reason = "only held")] SemaphoreGuardArc);

/// The outcome of an attempt to make room.
enum Room {
    /// A connection was told to close.
    Soon,
    /// A connection may be told to close after this time.
    After(Duration),
    /// All connections are busy.
    Unknown,
}

impl Places {
    pub(super) fn new(options: &Options, started: Instant) -> Places {
        let limit = options.max_connections.max(1);
        Places {
            limit,
            client_limit: options.connections_per_address.max(1),
            free: Arc::new(Semaphore::new(limit)),
            open: Mutex::default(),
            open_count: AtomicUsize::new(0),
            memory: MemoryLimit::new(options),
            wanted: AtomicBool::new(false),
            idle_again: channel::bounded(1),
            all_in_use: Notice::default(),
            client_has_all: Notice::default(),
            started,
        }
    }

    /// Waits for a place. If none is free, the connection that has been idle longest is told to close. If none is idle
    /// either, slow ones are, once a client waits.
    pub(super) async fn reserve(&self, listener: &impl Accept, options: &Options) -> Reserved {
        if let Some(permit) = self.free.try_acquire_arc() {
            return Reserved(permit);
        }
        self.all_in_use.give(options, || {
            format!(
                "all {} connections are in use: idle and slow ones are closed to make room \
                 (see --connections, or Options::max_connections)",
                self.limit
            )
        });
        self.wanted.store(true, Ordering::SeqCst);
        let permit = loop {
            let or_sooner = async {
                match self.end_idle() {
                    Room::Soon => sleep(GIVING_WAY).await,
                    Room::After(time) => future::or(self.someone_idle(), sleep(time)).await,
                    Room::Unknown => {
                        future::or(self.someone_idle(), self.end_slow_for_next(listener)).await;
                    }
                }
                None
            };
            let permit = async { Some(self.free.acquire_arc().await) };
            if let Some(permit) = future::or(permit, or_sooner).await {
                break permit;
            }
        };
        self.wanted.store(false, Ordering::SeqCst);
        Reserved(permit)
    }

    async fn end_slow_for_next(&self, listener: &impl Accept) {
        listener.pending().await;
        match self.end_slow() {
            Room::Soon => sleep(GIVING_WAY).await,
            Room::After(time) => sleep(time).await,
            Room::Unknown => sleep(SLOW).await,
        }
    }

    /// Adds a connection. Returns `false` if its client has all the places that it may have, and none of them is idle.
    pub(super) fn enter(&self, number: u64, seat: &Arc<Seat>, options: &Options) -> bool {
        let is_seated = self.change_seat(number, seat, options);
        if is_seated {
            self.open_count.fetch_add(1, Ordering::Relaxed);
        }
        is_seated
    }

    /// Gives a connection another seat. Returns `false` if the client of that seat has all the places that it may have, and none
    /// of them is idle. Then the connection has none.
    pub(super) fn change_seat(&self, number: u64, seat: &Arc<Seat>, options: &Options) -> bool {
        let is_seated = {
            let mut open = self.open();
            open.remove(number);
            open.add(number, seat, self.client_limit, self.now())
        };
        if !is_seated {
            let (client, count) = (seat.client, self.client_limit);
            self.client_has_all.give(options, || {
                format!(
                    "{client} has all {count} connections that one address may have: more are refused \
                     (a proxy needs more: see --connections-per-address, or Options::connections_per_address)"
                )
            });
        }
        is_seated
    }

    /// Removes a connection that has entered.
    pub(super) fn leave(&self, number: u64) {
        {
            let mut open = self.open();
            open.remove(number);
            self.memory.record(open.pages());
        }
        self.open_count.fetch_sub(1, Ordering::Relaxed);
    }

    /// Tells the acceptor, if it waits for a place, that a connection is idle.
    pub(super) fn note_idle(&self) {
        if self.wanted.load(Ordering::SeqCst) {
            let _ = self.idle_again.0.try_send(());
        }
    }

    /// Sets the memory that a connection holds, in pages. Returns `false` if that is too much. If the connection held nothing
    /// before, an idle one that holds as much is told to close in its place.
    #[cold]
    pub(super) fn hold(&self, seat: &Seat, pages: u32, options: &Options) -> bool {
        let client = seat.client;
        let before = seat.pages.load(Ordering::Relaxed);
        let mut open = self.open();
        let by_client = open.hold(seat, pages);
        let excess = self.memory.exceeded(open.pages(), client, by_client);
        // A connection that holds less than before is never refused.
        let Some(excess) = excess.filter(|_| pages > before) else {
            return true;
        };
        let makes_room = |other: &Seat| {
            other.pages.load(Ordering::Relaxed) >= pages && excess.includes(other.client)
        };
        if before == 0 && open.end_idle(makes_room, self.now()) {
            return true;
        }
        drop(open);
        self.memory.report(&excess, options);
        false
    }

    /// Returns whether the memory of all connections is used up.
    pub(super) fn is_memory_full(&self) -> bool {
        self.memory.is_full()
    }

    /// Returns whether few places are left.
    pub(super) fn are_few_left(&self) -> bool {
        self.open_count.load(Ordering::Relaxed) >= self.limit - self.limit / 16
    }

    /// Wakes all connections, so that they notice that the server stops.
    pub(super) fn wake_all(&self) {
        let wakers: Vec<Waker> = {
            let open = self.open();
            let seats = open.seats();
            seats.filter_map(|seat| seat.waker().take()).collect()
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Gives up a connection, for its descriptor. Returns whether one closes soon.
    pub(super) fn give_up_one(&self) -> bool {
        matches!(self.end_idle(), Room::Soon) || matches!(self.end_slow(), Room::Soon)
    }

    /// Tells the connection that has been idle longest to close. Connections that never sent anything come first.
    fn end_idle(&self) -> Room {
        let (now, open) = (self.now(), self.open());
        if open.end_idle(|_| true, now) {
            return Room::Soon;
        }
        let waits = open.seats().filter_map(|seat| seat.waiting());
        let idle = waits.filter(|wait| wait.awaited.is_idle());
        match idle.filter_map(|wait| wait.ripe_at(false)).min() {
            Some(at) => Room::After(Duration::from_nanos(at.saturating_sub(now))),
            None => Room::Unknown,
        }
    }

    /// Tells slow connections of the client with the most places to close. If none has many, the slowest head.
    fn end_slow(&self) -> Room {
        let (now, open) = (self.now(), self.open());
        let hoarder = open.hoarder((self.limit / 4).max(FEW));
        let mut first_ripe = u64::MAX;
        let mut slow = Vec::new();
        for seat in open.seats() {
            let Some(wait) = seat.waiting() else { continue };
            let is_of_hoarder = hoarder == Some(seat.client);
            match wait.ripe_at(is_of_hoarder) {
                Some(at) if at > now => first_ripe = first_ripe.min(at),
                Some(_) => slow.push((Reverse(is_of_hoarder), wait.since, seat, wait)),
                None => {}
            }
        }
        slow.sort_unstable_by_key(|(first, since, ..)| (*first, *since));
        // Looking at all seats takes time, so a client that has taken thousands loses several at once.
        let count = hoarder.map_or(1, |_| (self.limit / 64).max(1));
        let told = slow.iter().take(count);
        let told = told.filter(|(.., seat, wait)| seat.give_way(*wait)).count();
        match (told, first_ripe) {
            (0, u64::MAX) => Room::Unknown,
            (0, at) => Room::After(Duration::from_nanos(at - now)),
            _ => Room::Soon,
        }
    }

    /// Waits until a connection becomes idle.
    async fn someone_idle(&self) {
        let _ = self.idle_again.1.recv().await;
    }

    fn open(&self) -> MutexGuard<'_, OpenConnections> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        nanos(self.started.elapsed())
    }
}

impl Occupied for Places {
    fn occupancy(&self) -> Occupancy {
        let open = self.open();
        let mut occupancy = Occupancy {
            limit: self.limit,
            bytes: open.pages() * PAGE_BYTES,
            bytes_limit: self.memory.bytes(),
            ..Occupancy::default()
        };
        for seat in open.seats() {
            occupancy.count(seat.waiting().map(|wait| wait.awaited));
        }
        occupancy
    }
}

async fn sleep(time: Duration) {
    Timer::after(time).await;
}
