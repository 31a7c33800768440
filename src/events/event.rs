//! Server-sent events (HTML Standard, section 9.2): a long-lived response, one event after another.

use crate::body::body::Body;
use crate::body::body_error::BodyError;
use crate::response::response::Response;
use crate::values::status::Status;
use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use bytes::Bytes;
use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use futures_core::Stream;

/// A server-sent event, as received by an `EventSource` in a browser.
///
/// The data may have any number of lines; CR LF, LF and CR all end a line, and clients receive LF. No value can add
/// another field or event.
///
/// ```
/// use bytegate::Bytes;
/// use bytegate::events::Event;
/// use std::time::Duration;
///
/// let event = Event::new("one\ntwo").with_name("line").with_id("7").with_retry(Duration::from_secs(3));
/// assert_eq!(Bytes::from(event), "event: line\nid: 7\nretry: 3000\ndata: one\ndata: two\n\n");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Event {
    /// `None` for a comment.
    data: Option<String>,
    name: Option<String>,
    id: Option<String>,
    retry: Option<Duration>,
}

impl Event {
    /// Creates an event with data.
    pub fn new(data: impl Into<String>) -> Event {
        Event {
            data: Some(data.into()),
            ..Event::comment()
        }
    }

    /// Creates an empty comment, which clients ignore. [`Events::keep_alive`] sends comments by itself.
    ///
    /// ```
    /// use bytegate::events::Event;
    ///
    /// assert_eq!(Event::comment().to_string(), ":\n\n");
    /// ```
    pub const fn comment() -> Event {
        Event {
            data: None,
            name: None,
            id: None,
            retry: None,
        }
    }

    /// Sets the name, which selects the listeners in the browser. Without one, it is `message`. CR, LF and NUL are
    /// replaced by spaces.
    pub fn with_name(mut self, name: &str) -> Event {
        self.name = Some(one_line(name));
        self
    }

    /// Sets the id. A client that reconnects sends the last id in the header `Last-Event-ID`. CR, LF and NUL are
    /// replaced by spaces.
    pub fn with_id(mut self, id: &str) -> Event {
        self.id = Some(one_line(id));
        self
    }

    #[cfg(feature = "std")]
    pub(super) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Sets how long the client waits before it reconnects, in whole milliseconds.
    pub fn with_retry(mut self, retry: Duration) -> Event {
        self.retry = Some(retry);
        self
    }
}

/// Replaces line endings, and NUL, because clients ignore an id that contains it.
fn one_line(text: &str) -> String {
    text.replace(['\r', '\n', '\0'], " ")
}

/// Returns the lines of a text, ended by CR LF, LF or CR.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    core::iter::from_fn(move || {
        let text = rest?;
        let end = text.find(['\r', '\n']).unwrap_or(text.len());
        let (line, after) = text.split_at(end);
        rest = after.strip_prefix("\r\n").or(after.get(1..));
        Some(line)
    })
}

impl fmt::Display for Event {
    /// Writes the event as it is sent, with the empty line that ends it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.name {
            writeln!(f, "event: {name}")?;
        }
        if let Some(id) = &self.id {
            writeln!(f, "id: {id}")?;
        }
        if let Some(retry) = &self.retry {
            writeln!(f, "retry: {}", retry.as_millis())?;
        }
        match &self.data {
            Some(data) => lines(data).try_for_each(|line| writeln!(f, "data: {line}"))?,
            None => f.write_str(":\n")?,
        }
        f.write_str("\n")
    }
}

impl From<Event> for Bytes {
    fn from(event: Event) -> Bytes {
        event.to_string().into()
    }
}

impl From<String> for Event {
    fn from(data: String) -> Event {
        Event::new(data)
    }
}

impl From<Cow<'_, str>> for Event {
    fn from(data: Cow<'_, str>) -> Event {
        Event::new(data)
    }
}

impl From<&str> for Event {
    fn from(data: &str) -> Event {
        Event::new(data)
    }
}

/// Events that are sent as they occur: the body of [`Response::events`].
///
/// ```
/// use bytegate::{Gateway, Request, Response};
/// use bytegate::events::{Event, Events};
///
/// let gateway = Gateway::new(|_: &Request| {
///     Response::events(Events::from_iterator(["one", "two"].into_iter().map(Event::new)))
/// });
/// let response = gateway.handle(b"GET / HTTP/1.0\r\n\r\n");
/// assert!(response.ends_with(b"\r\n\r\ndata: one\n\ndata: two\n\n"));
/// ```
#[derive(Debug)]
#[must_use]
pub struct Events {
    body: Body,
    keep_alive: Option<Duration>,
}

impl Events {
    /// Creates events from an iterator. When the iterator ends, the response ends, and the client then reconnects.
    pub fn from_iterator<I>(events: I) -> Events
    where
        I: Iterator<Item = Event> + Send + 'static,
    {
        Events::of_body(Body::from_iterator(events))
    }

    /// Creates events from an asynchronous stream. The connection waits for each event without delaying other connections.
    pub fn from_stream<S>(events: S) -> Events
    where
        S: Stream<Item = Event> + Send + 'static,
    {
        Events::of_body(Body::from_stream(None, AsBlocks(Box::pin(events))))
    }

    /// Sends a [comment](Event::comment), which clients ignore, whenever no event was sent for this time. This keeps
    /// proxies from closing the connection, and detects clients that have disconnected. The HTML Standard suggests 15
    /// seconds. By default, no comments are sent.
    ///
    /// The session sends the comments, using the clock of its front end. No comments are sent if middleware changes the
    /// blocks of the body ([`Body::map_blocks`]), or in a tower server, which has no clock.
    ///
    /// ```
    /// # #[cfg(feature = "std")] {
    /// use bytegate::events::Broadcast;
    /// use bytegate::testing::Client;
    /// use bytegate::Request;
    /// use std::time::Duration;
    ///
    /// let news = Broadcast::new(16);
    /// let client = Client::new(move |_: &Request| news.subscribe().keep_alive(Duration::from_secs(15)));
    /// let mut wire = client.connect();
    /// wire.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    /// wire.poll();
    /// client.advance(Duration::from_secs(15));
    /// wire.poll();
    /// assert!(wire.take_output().ends_with(b":\n\n\r\n"));
    /// # }
    /// ```
    pub fn keep_alive(mut self, interval: Duration) -> Events {
        self.keep_alive = Some(interval);
        self
    }

    pub(super) fn of_body(body: Body) -> Events {
        Events {
            body,
            keep_alive: None,
        }
    }
}

/// Turns a stream of events into a stream of blocks.
struct AsBlocks(Pin<Box<dyn Stream<Item = Event> + Send>>);

impl Stream for AsBlocks {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, BodyError>>> {
        let event = self.0.as_mut().poll_next(context);
        event.map(|event| event.map(|event| Ok(event.into())))
    }
}

impl Response {
    /// Creates a 200 response with server-sent events. The media type is `text/event-stream`. The response is never stored
    /// in a cache, and asks proxies such as nginx not to buffer it (`X-Accel-Buffering: no`).
    ///
    /// Send an event or a comment about every 15 seconds, because proxies close idle connections: see
    /// [`Events::keep_alive`].
    pub fn events(events: Events) -> Response {
        let body = match events.keep_alive {
            Some(interval) => events.body.with_fillers(interval, Event::comment().into()),
            None => events.body,
        };
        Response::new(Status::OK)
            .with_body(body)
            .with_header("Content-Type", "text/event-stream")
            .with_header("Cache-Control", "no-store")
            .with_header("X-Accel-Buffering", "no")
    }
}

impl From<Events> for Response {
    fn from(events: Events) -> Response {
        Response::events(events)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    /// Interprets one event as a client does (HTML Standard, section 9.2.6), with all three line endings. Returns data,
    /// name, id and retry; or `None` unless the stream has exactly one event.
    fn read(stream: &str) -> Option<(String, String, String, String)> {
        let text = stream.replace("\r\n", "\n").replace('\r', "\n");
        let (mut data, mut name, mut id, mut retry) =
            (String::new(), String::new(), String::new(), String::new());
        let mut dispatched = None;
        for line in text.strip_suffix('\n')?.split('\n') {
            if dispatched.is_some() {
                return None;
            }
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "" if line.is_empty() => {
                    let data = data.strip_suffix('\n')?.to_string();
                    dispatched = Some((data, name.clone(), id.clone(), retry.clone()));
                }
                "data" => {
                    data.push_str(value);
                    data.push('\n');
                }
                "event" => name = value.to_string(),
                "id" if !value.contains('\0') => id = value.to_string(),
                "retry" => retry = value.to_string(),
                _ => return None,
            }
        }
        dispatched
    }

    #[test]
    fn lines_may_end_in_any_way() {
        for (data, lines) in [
            ("", "data: \n\n"),
            ("a", "data: a\n\n"),
            (" a", "data:  a\n\n"),
            ("a\n", "data: a\ndata: \n\n"),
            ("a\r\nb\rc\nd", "data: a\ndata: b\ndata: c\ndata: d\n\n"),
            ("a\r\r\nb", "data: a\ndata: \ndata: b\n\n"),
            ("a\r", "data: a\ndata: \n\n"),
        ] {
            assert_eq!(Event::new(data).to_string(), lines, "{data:?}");
        }
    }

    proptest! {
        #[test]
        fn no_value_adds_a_field_or_an_event(
            data in "[a:\r\n\0 \u{e4}]*|.*",
            name in "[a:\r\n\0 ]*",
            id in "[a:\r\n\0 ]*",
            seconds in 0_u64..100,
        ) {
            let event = Event::new(&*data)
                .with_name(&name)
                .with_id(&id)
                .with_retry(Duration::from_secs(seconds));
            let expected = (
                data.replace("\r\n", "\n").replace('\r', "\n"),
                one_line(&name),
                one_line(&id),
                (seconds * 1000).to_string(),
            );
            let sent = event.to_string();
            prop_assert_eq!(read(&sent), Some(expected));
            let lines: Vec<&str> = sent.lines().collect();
            prop_assert_eq!(lines.iter().filter(|line| line.is_empty()).count(), 1);
        }
    }
}
