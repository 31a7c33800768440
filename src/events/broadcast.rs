//! Events for many clients at once.

use super::event::{Event, Events};
use super::event_sender::EventSender;
use super::history::History;
use crate::body::channel::{QUEUED_BYTES, TrySendError};
use bytes::Bytes;
use core::fmt;
use std::prelude::rust_2024::*;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Sends each event to all clients that have subscribed (feature `std`). Clones send to the same clients.
///
/// Sending never waits. Each client has a queue with a limited number of events and 1 MiB in total (see
/// [`queued_bytes`](Broadcast::queued_bytes)). If an event does not fit because the client reads too slowly, its queue
/// is dropped and its response is cut off. An `EventSource` then reconnects by itself.
///
/// ```
/// use bytegate::{Gateway, Request, Response, Router, Status};
/// use bytegate::events::Broadcast;
///
/// let chat = Broadcast::new(64);
/// let room = chat.clone();
/// let router = Router::new()
///     .get("/events", move |_: &Request| room.subscribe())
///     .post("/say", move |request: &Request| {
///         chat.send(String::from_utf8_lossy(request.body()));
///         Status::NO_CONTENT
///     });
/// let gateway = Gateway::new(router);
/// let response = gateway.handle(b"POST /say HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
/// assert!(response.starts_with(b"HTTP/1.1 204 "));
/// ```
#[derive(Clone)]
#[must_use]
pub struct Broadcast {
    /// The maximum number of events queued for a client.
    events: usize,
    /// The maximum number of bytes queued for a client.
    bytes: usize,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    subscribers: Vec<EventSender>,
    history: History,
    is_closed: bool,
}

impl Broadcast {
    /// Creates a broadcast that queues at most `events` events per client.
    pub fn new(events: usize) -> Broadcast {
        Broadcast {
            events,
            bytes: QUEUED_BYTES,
            shared: Arc::default(),
        }
    }

    /// Sets how many bytes of events are queued for each client that subscribes from now on. Each line of data takes 7 extra
    /// bytes, as it does on the wire. The default is 1 MiB. A longer event is queued only if the queue is empty.
    ///
    /// ```
    /// use bytegate::events::Broadcast;
    ///
    /// let prices = Broadcast::new(1000).queued_bytes(64 * 1024);
    /// let events = prices.subscribe();
    /// assert_eq!(prices.send("x".repeat(40_000)), 1);
    /// // The client has read nothing so far, and is disconnected.
    /// assert_eq!(prices.send("x".repeat(40_000)), 0);
    /// ```
    pub fn queued_bytes(mut self, bytes: usize) -> Broadcast {
        self.bytes = bytes;
        self
    }

    /// Keeps the last `events` events, for clients that [reconnect](Broadcast::subscribe_after), as long as they have no more
    /// bytes than are [queued](Broadcast::queued_bytes) for a client. By default, none is kept.
    ///
    /// Each event without an [id](Event::with_id) gets one. It begins with a random number, because a client may send an id
    /// that it received before the program was restarted.
    pub fn replaying(self, events: usize) -> Broadcast {
        self.lock().history = History::new(events);
        self
    }

    /// Subscribes a client. It receives the events that are sent from now on.
    pub fn subscribe(&self) -> Events {
        self.subscribe_to(|_| Bytes::new())
    }

    /// Subscribes a client, and sends it an event first: usually the state at this time, which later events change.
    ///
    /// If the state can change meanwhile, hold its lock both while subscribing and while changing and sending. Otherwise a
    /// client can miss a change between the two.
    ///
    /// ```
    /// use bytegate::{Request, Router, with_state};
    /// use bytegate::events::{Broadcast, Events};
    /// use std::sync::{Arc, Mutex};
    ///
    /// struct Counter {
    ///     count: Mutex<u32>,
    ///     changes: Broadcast,
    /// }
    ///
    /// fn watch(counter: &Counter, _: &Request) -> Events {
    ///     let count = counter.count.lock().unwrap();
    ///     counter.changes.subscribe_with(count.to_string())
    /// }
    ///
    /// fn add(counter: &Counter, _: &Request) -> &'static str {
    ///     let mut count = counter.count.lock().unwrap();
    ///     *count += 1;
    ///     counter.changes.send(count.to_string());
    ///     "added\n"
    /// }
    ///
    /// let counter = Arc::new(Counter { count: Mutex::new(7), changes: Broadcast::new(16) });
    /// let router = Router::new()
    ///     .get("/events", with_state(&counter, watch))
    ///     .post("/add", with_state(&counter, add));
    /// let client = bytegate::testing::Client::new(router);
    /// let mut wire = client.connect();
    /// wire.request(&client.get("/events"));
    /// wire.response_head();
    /// assert_eq!(wire.blocks().concat(), b"data: 7\n\n");
    /// client.post("/add").send();
    /// assert_eq!(wire.blocks().concat(), b"data: 8\n\n");
    /// ```
    pub fn subscribe_with(&self, first: impl Into<Event>) -> Events {
        let first = Bytes::from(first.into());
        self.subscribe_to(|_| first)
    }

    /// Subscribes a client that has received the events up to the one with this id, which a browser sends in
    /// `Last-Event-ID` when it reconnects (HTML Standard, section 9.2.4). It first receives the events after that one, or
    /// all that are [kept](Broadcast::replaying) if the id is not among them.
    ///
    /// ```
    /// use bytegate::Request;
    /// use bytegate::events::{Broadcast, Event};
    ///
    /// let news = Broadcast::new(64).replaying(100);
    /// for number in 1..=3 {
    ///     let text = format!("news {number}");
    ///     news.send(Event::new(text).with_id(&number.to_string()));
    /// }
    /// let client = bytegate::testing::Client::new({
    ///     let news = news.clone();
    ///     move |request: &Request| match request.header("Last-Event-ID") {
    ///         Some(id) => news.subscribe_after(id),
    ///         None => news.subscribe(),
    ///     }
    /// });
    /// let mut wire = client.connect();
    /// wire.request(&client.get("/").header("Last-Event-ID", "1"));
    /// wire.response_head();
    /// assert_eq!(wire.blocks().concat(), b"id: 2\ndata: news 2\n\nid: 3\ndata: news 3\n\n");
    /// ```
    pub fn subscribe_after(&self, last_id: &str) -> Events {
        self.subscribe_to(|history| history.after(last_id))
    }

    /// Sends an event to all clients. Returns the number of clients for which it was queued.
    pub fn send(&self, event: impl Into<Event>) -> usize {
        let mut shared = self.lock();
        if shared.is_closed {
            return 0;
        }
        let block = shared.history.add(event.into(), self.bytes);
        shared.subscribers.retain(|subscriber| {
            let sent = subscriber.try_send_block(block.clone());
            if let Err(TrySendError::Full(_)) = sent {
                subscriber.break_off();
            }
            sent.is_ok()
        });
        shared.subscribers.len()
    }

    /// Ends the responses of all clients, after the events that are queued for them. From then on, [`send`](Broadcast::send)
    /// reaches no one, and a client that subscribes gets a response that ends at once.
    ///
    /// An `EventSource` reconnects by itself, unless the next response has status 204. `net` does not need this to stop: it
    /// ends event streams by itself.
    ///
    /// ```
    /// use bytegate::{Request, Response, Status};
    /// use bytegate::events::Broadcast;
    ///
    /// let game = Broadcast::new(64);
    /// let events = {
    ///     let game = game.clone();
    ///     move |_: &Request| match game.is_closed() {
    ///         true => Response::from(Status::NO_CONTENT),
    ///         false => Response::events(game.subscribe()),
    ///     }
    /// };
    /// let client = bytegate::testing::Client::new(events);
    /// let mut wire = client.connect();
    /// wire.request(&client.get("/"));
    /// wire.response_head();
    /// game.send("check");
    /// game.close();
    /// assert_eq!(wire.blocks().concat(), b"data: check\n\n");
    /// assert_eq!(client.get("/").status(), Status::NO_CONTENT);
    /// ```
    pub fn close(&self) {
        let mut shared = self.lock();
        shared.is_closed = true;
        shared.subscribers.clear();
    }

    /// Returns whether the broadcast was [closed](Broadcast::close).
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.lock().is_closed
    }

    /// Returns the number of connected clients.
    #[must_use]
    pub fn subscribers(&self) -> usize {
        let shared = self.lock();
        let connected = shared
            .subscribers
            .iter()
            .filter(|subscriber| !subscriber.is_closed());
        connected.count()
    }

    /// Subscribes a client that receives a block first, unless it is empty.
    fn subscribe_to(&self, first: impl FnOnce(&History) -> Bytes) -> Events {
        let (sender, events) = Events::channel_within(self.events, self.bytes);
        let mut shared = self.lock();
        let first = first(&shared.history);
        // Without events, nothing else would remove clients that have disconnected.
        shared
            .subscribers
            .retain(|subscriber| !subscriber.is_closed());
        // The queue is empty, so that a block of any length fits. If the broadcast is closed, dropping the sender ends the
        // response.
        if !shared.is_closed && (first.is_empty() || sender.try_send_block(first).is_ok()) {
            shared.subscribers.push(sender);
        }
        events
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        let shared = self.shared.lock();
        shared.unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Broadcast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Broadcast({} subscribers)", self.subscribers())
    }
}
