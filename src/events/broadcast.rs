//! Events for many clients at once.

use super::event::{Event, Events};
use super::event_sender::EventSender;
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
    subscribers: Arc<Mutex<Vec<EventSender>>>,
}

impl Broadcast {
    /// Creates a broadcast that queues at most `events` events per client.
    pub fn new(events: usize) -> Broadcast {
        Broadcast {
            events,
            bytes: QUEUED_BYTES,
            subscribers: Arc::default(),
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

    /// Subscribes a client. It receives the events that are sent from now on.
    pub fn subscribe(&self) -> Events {
        let (sender, events) = Events::channel_within(self.events, self.bytes);
        let mut subscribers = self.lock();
        // Without events, nothing else would remove clients that have disconnected.
        subscribers.retain(|subscriber| !subscriber.is_closed());
        subscribers.push(sender);
        events
    }

    /// Sends an event to all clients. Returns the number of clients for which it was queued.
    pub fn send(&self, event: impl Into<Event>) -> usize {
        let block = Bytes::from(event.into());
        let mut subscribers = self.lock();
        subscribers.retain(|subscriber| {
            let sent = subscriber.try_send_block(block.clone());
            if let Err(TrySendError::Full(_)) = sent {
                subscriber.break_off();
            }
            sent.is_ok()
        });
        subscribers.len()
    }

    /// Returns the number of connected clients.
    #[must_use]
    pub fn subscribers(&self) -> usize {
        let subscribers = self.lock();
        let connected = subscribers
            .iter()
            .filter(|subscriber| !subscriber.is_closed());
        connected.count()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<EventSender>> {
        let subscribers = self.subscribers.lock();
        subscribers.unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Broadcast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Broadcast({} subscribers)", self.subscribers())
    }
}
