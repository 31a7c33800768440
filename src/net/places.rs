//! Places for connections. They limit the number of open connections, in all and for one client, and decide which one
//! is closed when there are no more places.

use super::client::Client;
use super::notice::Notice;
use super::occupancy::{Occupancy, Occupied};
use super::options::Options;
use super::seat::{Awaited, ClientWait, Seat, nanos};
use super::sockets::Accept;
use super::transport::End;
use core::cmp::Reverse;
use core::convert::Infallible;
use core::task::Waker;
use core::time::Duration;
use smol::channel::{self, Receiver, Sender};
use smol::lock::{Semaphore, SemaphoreGuardArc};
use smol::{Timer, future};
use std::collections::HashMap;
use std::prelude::rust_2024::*;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The time that a new connection may be silent before it may be closed to make room. Its first request may be on its
/// way.
const FIRST_REQUEST: Duration = Duration::from_millis(50);
/// The time after which a connection that is slow may be closed to make room: its head is incomplete, or it belongs to
/// the client with the most places and keeps its minimum pace no longer.
const SLOW: Duration = Duration::from_secs(1);
/// The time that a connection has to close to make room, before another one is told to close as well.
const GIVING_WAY: Duration = Duration::from_millis(100);
/// The time that a connection may stay idle when few places are left.
pub(super) const SHORT_IDLE: Duration = Duration::from_secs(5);
/// The number of places that any client may have without being treated as one that takes them from others.
const FEW: usize = 16;
/// The unit in which memory is counted.
const PAGE_BYTES: usize = 4096;

/// All places. The acceptor reserves one for the next connection, so that a new client is accepted at once even when
/// idle connections take all the others.
pub(super) struct Places {
    limit: usize,
    client_limit: usize,
    free: Arc<Semaphore>,
    open: Mutex<Open>,
    open_count: AtomicUsize,
    /// The limit on memory, in pages.
    page_limit: usize,
    /// Whether the memory is used up.
    is_full: AtomicBool,
    memory_is_full: Notice,
    /// Whether the acceptor waits for a place and must be notified when a connection becomes idle.
    wanted: AtomicBool,
    idle_again: (Sender<()>, Receiver<()>),
    all_in_use: Notice,
    client_has_all: Notice,
    /// The reference point for the times in seats.
    started: Instant,
}

/// The open connections.
#[derive(Default)]
struct Open {
    seats: HashMap<u64, Arc<Seat>>,
    clients: HashMap<Client, Usage>,
    /// The memory that all connections hold, in pages.
    pages: usize,
    /// A client without an idle connection, and the time until which none is looked for again.
    all_busy: Option<(Client, u64)>,
}

/// The connections and the memory of one client.
#[derive(Clone, Copy, Default)]
struct Usage {
    connections: u32,
    pages: u32,
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
            page_limit: options.buffered_bytes / PAGE_BYTES,
            is_full: AtomicBool::new(false),
            memory_is_full: Notice::default(),
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
            return Reserved { permit };
        }
        self.all_in_use.give(options, || {
            format!(
                "all {} connections are in use: idle and slow ones are closed to make room (see connections)",
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
        Reserved { permit }
    }

    async fn end_slow_for_next(&self, listener: &impl Accept) {
        listener.pending().await;
        match self.end_slow() {
            Room::Soon => sleep(GIVING_WAY).await,
            Room::After(time) => sleep(time).await,
            Room::Unknown => sleep(SLOW).await,
        }
    }

    /// Assigns a place to a connection. Returns `None` if its client has all the places that it may have, and none of
    /// them is idle.
    pub(super) fn seat(
        self: &Arc<Self>,
        reserved: Reserved,
        number: u64,
        client: Client,
        socket: Arc<dyn End>,
        options: &Options,
    ) -> Option<Place> {
        let seat = Arc::new(Seat::new(client, socket));
        let is_seated = self
            .open()
            .add(number, &seat, self.client_limit, self.now());
        if !is_seated {
            self.report_all_taken(client, options);
            return None;
        }
        self.open_count.fetch_add(1, Ordering::Relaxed);
        Some(Place {
            places: self.clone(),
            number,
            seat,
            _permit: reserved.permit,
        })
    }

    fn report_all_taken(&self, client: Client, options: &Options) {
        let count = self.client_limit;
        self.client_has_all.give(options, || {
            format!(
                "{client} has all {count} connections that one address may have: more are refused \
                 (a proxy needs more: see connections_per_address)"
            )
        });
    }

    /// Wakes all connections, so that they notice that the server stops.
    pub(super) fn wake_all(&self) {
        let wakers: Vec<Waker> = {
            let open = self.open();
            let seats = open.seats.values();
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
        let waits = open.seats.values().filter_map(|seat| seat.waiting());
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
        for seat in open.seats.values() {
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

    fn open(&self) -> MutexGuard<'_, Open> {
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
            bytes: open.pages * PAGE_BYTES,
            bytes_limit: self.page_limit * PAGE_BYTES,
            ..Occupancy::default()
        };
        for seat in open.seats.values() {
            occupancy.count(seat.waiting().map(|wait| wait.awaited));
        }
        occupancy
    }
}

impl Open {
    /// Adds a connection, unless its client has all that it may have. Then its longest idle one is told to close.
    fn add(&mut self, number: u64, seat: &Arc<Seat>, client_limit: usize, now: u64) -> bool {
        let client = seat.client;
        let count = self.clients.get(&client).map_or(0, |it| it.connections);
        if count as usize >= client_limit && !client.is_local() {
            // A client that connects again and again must not cost a look at all seats each time.
            let is_known_busy = |&(busy, until): &(Client, u64)| busy == client && now < until;
            if self.all_busy.as_ref().is_some_and(is_known_busy) {
                return false;
            }
            if !self.end_idle(|seat| seat.client == client, now) {
                self.all_busy = Some((client, now + nanos(FIRST_REQUEST)));
                return false;
            }
        }
        self.clients.entry(client).or_default().connections += 1;
        self.seats.insert(number, seat.clone());
        true
    }

    fn remove(&mut self, number: u64) {
        let Some(seat) = self.seats.remove(&number) else {
            return;
        };
        self.hold(&seat, 0);
        if let Some(usage) = self.clients.get_mut(&seat.client) {
            usage.connections -= 1;
            if usage.connections == 0 {
                self.clients.remove(&seat.client);
            }
        }
    }

    /// Sets the memory of a connection. Returns the memory of its client.
    fn hold(&mut self, seat: &Seat, pages: u32) -> usize {
        let before = seat.pages.swap(pages, Ordering::Relaxed);
        let usage = self.clients.entry(seat.client).or_default();
        usage.pages = usage.pages - before + pages;
        self.pages = self.pages - before as usize + pages as usize;
        usage.pages as usize
    }

    /// Tells the connection among these that has been idle longest to close, if one has been for long enough.
    fn end_idle(&self, among: impl Fn(&Seat) -> bool, now: u64) -> bool {
        let among = self.seats.values().filter(|seat| among(seat));
        let waits = among.filter_map(|seat| Some((seat, seat.waiting()?)));
        let is_ripe =
            |wait: &ClientWait| wait.awaited.is_idle() && wait.ripe_at(false) <= Some(now);
        let idle = waits.filter(|(_, wait)| is_ripe(wait));
        let longest = idle.min_by_key(|(_, wait)| *wait);
        longest.is_some_and(|(seat, wait)| seat.give_way(wait))
    }

    /// Returns the client with the most connections, if it has more than `share`.
    fn hoarder(&self, share: usize) -> Option<Client> {
        let most = self.clients.iter().max_by_key(|(_, it)| it.connections);
        let (client, _) = most.filter(|(_, it)| it.connections as usize > share)?;
        Some(*client)
    }
}

impl ClientWait {
    /// Returns the time from which the connection may be told to close to make room, if it may.
    fn ripe_at(self, of_hoarder: bool) -> Option<u64> {
        let patience = match (self.awaited, of_hoarder) {
            (Awaited::NextRequest, _) => Duration::ZERO,
            (Awaited::FirstRequest, _) | (Awaited::Head, true) => FIRST_REQUEST,
            (Awaited::Head, false) | (Awaited::Body | Awaited::Reading, true) => SLOW,
            (Awaited::Body | Awaited::Reading, false) => return None,
        };
        Some(self.since.saturating_add(nanos(patience)))
    }
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

    /// Gives the place to the client that a proxy has named. Returns `false` if this client has all the places that it may
    /// have, and none of them is idle.
    pub(super) fn give_to(&mut self, client: Client, options: &Options) -> bool {
        let (places, seat) = (&self.places, Arc::new(self.seat.of(client)));
        let is_seated = {
            let mut open = places.open();
            open.remove(self.number);
            open.add(self.number, &seat, places.client_limit, places.now())
        };
        if !is_seated {
            places.report_all_taken(client, options);
        }
        self.seat = seat;
        is_seated
    }

    /// Records that the connection waits for its client, so that it may be told to close.
    pub(super) fn begin_wait(&self, wait: ClientWait) {
        self.seat.begin(wait);
        if wait.awaited.is_idle() && self.places.wanted.load(Ordering::SeqCst) {
            let _ = self.places.idle_again.0.try_send(());
        }
    }

    /// Records that a wait has ended. Returns whether the connection was told to close.
    pub(super) fn end_wait(&self) -> bool {
        self.seat.end()
    }

    /// Counts the memory that the connection holds for its client. The first 4 KiB are free, so that most requests are not
    /// counted. Returns `false` if the connection now holds more, and that is too much: for all connections, or a quarter
    /// of it for one client, unless it is this machine.
    #[inline]
    pub(super) fn hold(&self, bytes: usize, options: &Options) -> bool {
        let pages = match bytes {
            ..=PAGE_BYTES => 0,
            more => u32::try_from((more - 1) / PAGE_BYTES).unwrap_or(u32::MAX),
        };
        let before = self.seat.pages.load(Ordering::Relaxed);
        pages == before || self.hold_pages(before, pages, options)
    }

    #[cold]
    fn hold_pages(&self, before: u32, pages: u32, options: &Options) -> bool {
        let (places, client) = (&*self.places, self.seat.client);
        let (is_full, is_much) = {
            let mut open = places.open();
            let of_client = open.hold(&self.seat, pages);
            let is_full = open.pages > places.page_limit;
            places.is_full.store(is_full, Ordering::Relaxed);
            let is_much = of_client > places.page_limit / 4 && !client.is_local();
            (is_full, is_much)
        };
        let is_too_much = pages > before && (is_full || is_much);
        if is_too_much {
            places.memory_is_full.give(options, || {
                let bytes = options.buffered_bytes;
                let all = if is_full { "all" } else { "a quarter" };
                let whose = if is_full {
                    String::new()
                } else {
                    format!(" for {client}")
                };
                format!(
                    "{all} of the {bytes} bytes for requests and responses are in use{whose}: \
                     more are refused with 503 (see buffered_bytes)"
                )
            });
        }
        !is_too_much
    }

    /// Returns whether the memory of all connections is used up.
    pub(super) fn is_memory_full(&self) -> bool {
        self.places.is_full.load(Ordering::Relaxed)
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
        let mut open = self.places.open();
        open.remove(self.number);
        if open.pages <= self.places.page_limit && self.is_memory_full() {
            self.places.is_full.store(false, Ordering::Relaxed);
        }
        drop(open);
        self.places.open_count.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn sleep(time: Duration) {
    Timer::after(time).await;
}
