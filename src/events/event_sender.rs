//! Events that are sent from elsewhere: another thread, a timer, another connection.

use super::event::{Event, Events};
use crate::body::body::Body;
use crate::body::channel::{BodySender, Closed, QUEUED_BYTES, TrySendError};
use bytes::Bytes;

/// The sending end of [`Events::channel`]. Dropping it ends the response.
///
/// ```
/// use bytegate::body::Closed;
/// use bytegate::events::{Event, Events};
///
/// let (sender, events) = Events::channel(8);
/// assert_eq!(sender.send(Event::new("hello")), Ok(()));
/// drop(events);
/// assert_eq!(sender.send("nobody hears this"), Err(Closed));
/// ```
#[derive(Debug)]
pub struct EventSender {
    sender: BodySender,
}

impl Events {
    /// Creates events together with a sender that can be used from any thread (feature `std`). It queues at most
    /// `events` events and 1 MiB in total; a single event can be longer.
    ///
    /// ```
    /// use bytegate::{Gateway, Request, Response};
    /// use bytegate::events::{Event, Events};
    ///
    /// let gateway = Gateway::new(|_: &Request| {
    ///     let (sender, events) = Events::channel(4);
    ///     std::thread::spawn(move || {
    ///         for number in 1..=2 {
    ///             if sender.send(Event::new(number.to_string()).with_name("count")).is_err() {
    ///                 return;
    ///             }
    ///         }
    ///     });
    ///     Response::events(events)
    /// });
    /// let response = gateway.handle(b"GET / HTTP/1.0\r\n\r\n");
    /// assert!(response.ends_with(b"event: count\ndata: 1\n\nevent: count\ndata: 2\n\n"));
    /// ```
    pub fn channel(events: usize) -> (EventSender, Events) {
        Events::channel_within(events, QUEUED_BYTES)
    }

    /// Like [`channel`](Events::channel), but with a different limit on queued bytes.
    pub(crate) fn channel_within(events: usize, bytes: usize) -> (EventSender, Events) {
        let (sender, body) = Body::channel_within(events, bytes);
        (EventSender { sender }, Events::of_body(body))
    }
}

impl EventSender {
    /// Sends an event, waiting while the channel is full.
    ///
    /// # Errors
    /// Returns [`Closed`] if the client has disconnected.
    pub fn send(&self, event: impl Into<Event>) -> Result<(), Closed> {
        self.sender.send(event.into())
    }

    /// Like [`send`](EventSender::send), but does not wait.
    ///
    /// # Errors
    /// Returns an error if the channel is full because the client reads too slowly; this error contains the event as it would
    /// have been sent. Returns a different error if the client has disconnected.
    pub fn try_send(&self, event: impl Into<Event>) -> Result<(), TrySendError> {
        self.sender.try_send(event.into())
    }

    /// Returns whether the client has disconnected.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Sends a block of events without waiting.
    pub(crate) fn try_send_block(&self, block: Bytes) -> Result<(), TrySendError> {
        self.sender.try_send(block)
    }

    /// Drops all queued events and cuts the response off.
    pub(crate) fn break_off(&self) {
        self.sender.break_off();
    }
}

impl Drop for EventSender {
    /// Ends the body. It has no declared length, so it cannot end early.
    fn drop(&mut self) {
        self.sender.end();
    }
}
