//! A connection of a client that stays open.

use super::client::Client;
use super::link::Link;
use super::reader::{Framing, Reader};
use super::request::ClientRequest;
use super::response::ClientResponse;
use super::wire_error::WireError;
use crate::connection::CloseReason;
use crate::gateway::session::Session;
use crate::gateway::wait::Wait;
use crate::values::method::Method;
use alloc::collections::VecDeque;
#[cfg(feature = "std")]
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
#[cfg(feature = "std")]
use core::time::Duration;

/// A connection to a gateway, created by [`Client::connect`]. Input can be sent in any pieces, and responses can be read
/// as they arrive. Several connections can be open at once.
///
/// ```
/// use bytegate::testing::Client;
/// use bytegate::Request;
///
/// let client = Client::new(|request: &Request| request.path().to_string());
/// let mut wire = client.connect();
/// wire.send("GET /one HTTP/1.1\r\nHost: x\r\n");
/// assert!(wire.take_output().is_empty());
/// wire.send("\r\n");
/// assert!(wire.take_output().ends_with(b"/one"));
///
/// // The same connection serves the next request.
/// wire.request(&client.get("/two"));
/// assert_eq!(wire.response().text(), "/two");
/// assert_eq!(wire.closed(), None);
/// ```
pub struct Wire<'c> {
    client: &'c Client,
    session: Session,
    link: Link,
    /// Input that the session has not used yet.
    input: Vec<u8>,
    /// Output that was not read yet.
    output: Vec<u8>,
    /// The methods of requests whose responses were not read yet.
    methods: VecDeque<Method>,
    /// The framing of the body that is read block by block.
    framing: Option<Framing>,
    is_pending: bool,
    closed: Option<CloseReason>,
}

impl<'c> Wire<'c> {
    pub(super) fn new(client: &'c Client, session: Session, link: Link) -> Wire<'c> {
        Wire {
            client,
            session,
            link,
            input: Vec::new(),
            output: Vec::new(),
            methods: VecDeque::new(),
            framing: None,
            is_pending: false,
            closed: None,
        }
    }

    /// Sends bytes.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let received = self.link.pass_to_server(bytes.as_ref());
        self.input.extend_from_slice(&received);
        self.poll();
    }

    /// Sends a request. Its response is read with [`response`](Wire::response).
    pub fn request(&mut self, request: &ClientRequest<'_>) {
        self.methods.push_back(request.method());
        self.send(request.to_bytes());
    }

    /// Closes the sending side.
    pub fn end_input(&mut self) {
        self.session.end_input();
        self.poll();
    }

    /// Lets the gateway continue: after time has passed, or when a deferred response may be ready.
    pub fn poll(&mut self) {
        self.is_pending = false;
        let input = core::mem::take(&mut self.input);
        let mut rest = &input[..];
        self.poll_on(&mut rest);
        self.input = rest.to_vec();
    }

    fn poll_on(&mut self, input: &mut &[u8]) {
        while self.closed.is_none() {
            match self.session.turn(input, self.client.now()) {
                Wait::Yield => {}
                Wait::Write { .. } => {
                    let output = self.session.take_output();
                    let received = self.link.pass_to_client(&output);
                    self.output.extend_from_slice(&received);
                }
                Wait::Read { .. } => return,
                Wait::Pending { .. } => {
                    self.is_pending = true;
                    return;
                }
                Wait::Close(reason) => self.closed = Some(reason),
            }
        }
    }

    /// Takes all output that has arrived and was not read yet.
    pub fn take_output(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.output)
    }

    /// Reads the response to the oldest request that was sent with [`request`](Wire::request) and has none yet, or to a
    /// GET if all have one.
    ///
    /// # Panics
    /// Panics if the response has not arrived completely, or breaks a rule of HTTP, and names the rule.
    #[track_caller]
    pub fn response(&mut self) -> ClientResponse {
        match self.try_response() {
            Ok(response) => response,
            Err(error) => panic!("there is no valid response {error}"),
        }
    }

    /// Like [`response`](Wire::response), but returns the rule that is broken.
    ///
    /// # Errors
    /// Returns the rule that the output breaks. An [incomplete](WireError::is_incomplete) response can be read again
    /// after more has arrived.
    pub fn try_response(&mut self) -> Result<ClientResponse, WireError> {
        self.poll();
        let method = self.methods.front().copied().unwrap_or(Method::GET);
        let mut reader = Reader::new(&self.output);
        let response = reader.response(method)?;
        let used = reader.at;
        self.output.drain(..used);
        self.methods.pop_front();
        Ok(response)
    }

    /// Reads the head of a response. Its body is read with [`blocks`](Wire::blocks).
    ///
    /// ```
    /// # #[cfg(feature = "std")] {
    /// use bytegate::testing::Client;
    /// use bytegate::{Body, Request, Response};
    /// use std::sync::Mutex;
    ///
    /// let senders = Mutex::new(Vec::new());
    /// # let senders: &'static Mutex<Vec<_>> = Box::leak(Box::new(senders));
    /// let client = Client::new(|_: &Request| {
    ///     let (sender, body) = Body::channel(8);
    ///     senders.lock().unwrap().push(sender);
    ///     Response::text(body)
    /// });
    /// let mut wire = client.connect();
    /// wire.request(&client.get("/"));
    /// assert_eq!(wire.response_head().status(), 200);
    /// let sender = senders.lock().unwrap().remove(0);
    /// sender.try_send("one").unwrap();
    /// assert_eq!(wire.blocks(), [b"one"]);
    /// sender.finish();
    /// assert!(wire.blocks().is_empty() && wire.body_has_ended());
    /// # }
    /// ```
    ///
    /// # Panics
    /// Panics if the head has not arrived completely, or breaks a rule of HTTP, and names the rule.
    #[track_caller]
    pub fn response_head(&mut self) -> ClientResponse {
        self.poll();
        let method = self.methods.pop_front().unwrap_or(Method::GET);
        let mut reader = Reader::new(&self.output);
        let (response, framing) = match reader.response_head(method) {
            Ok(read) => read,
            Err(error) => panic!("there is no valid head {error}"),
        };
        let used = reader.at;
        self.output.drain(..used);
        self.framing = Some(framing);
        response
    }

    /// Returns the blocks of the body that have arrived since the last call: chunks, or the bytes that have arrived of a body with
    /// another framing.
    ///
    /// # Panics
    /// Panics if a chunk breaks a rule of HTTP, and names the rule.
    #[track_caller]
    pub fn blocks(&mut self) -> Vec<Vec<u8>> {
        self.poll();
        let mut blocks = Vec::new();
        while let Some(framing) = self.framing {
            match framing {
                Framing::Chunked => {
                    let mut reader = Reader::new(&self.output);
                    match reader.chunk() {
                        Ok(Some(block)) => blocks.push(block),
                        Ok(None) => self.framing = None,
                        Err(error) if error.is_incomplete() => return blocks,
                        Err(error) => panic!("the body is invalid {error}"),
                    }
                    let used = reader.at;
                    self.output.drain(..used);
                }
                Framing::Length(left) => {
                    let count = left.min(self.output.len());
                    if count > 0 {
                        blocks.push(self.output.drain(..count).collect());
                    }
                    let left = left - count;
                    self.framing = (left > 0).then_some(Framing::Length(left));
                    return blocks;
                }
                Framing::UntilClose => {
                    if !self.output.is_empty() {
                        blocks.push(self.take_output());
                    }
                    if self.closed.is_some() {
                        self.framing = None;
                    }
                    return blocks;
                }
            }
        }
        blocks
    }

    /// Waits until the body that is read with [`blocks`](Wire::blocks) has a text, for example an event that another
    /// thread sends (feature `std`). Returns everything that has arrived since the last block was read. The timeout is
    /// real time.
    ///
    /// ```
    /// # #[cfg(feature = "std")] {
    /// use bytegate::events::{Broadcast, Event};
    /// use bytegate::testing::Client;
    /// use bytegate::Request;
    /// use std::time::Duration;
    ///
    /// let news = Broadcast::new(8);
    /// # let news: &'static Broadcast = Box::leak(Box::new(news));
    /// let client = Client::new(|_: &Request| news.subscribe());
    /// let mut wire = client.connect();
    /// wire.request(&client.get("/events"));
    /// assert_eq!(wire.response_head().status(), 200);
    /// std::thread::spawn(|| news.send(Event::new("late")));
    /// assert_eq!(wire.wait_for("late", Duration::from_secs(5)), "data: late\n\n");
    /// # }
    /// ```
    ///
    /// # Panics
    /// Panics if the body ends first, or after the timeout, and says what has arrived.
    #[cfg(feature = "std")]
    #[track_caller]
    pub fn wait_for(&mut self, text: &str, timeout: Duration) -> String {
        let start = std::time::Instant::now();
        let mut arrived = Vec::new();
        loop {
            arrived.extend(self.blocks().concat());
            let shown = String::from_utf8_lossy(&arrived);
            if shown.contains(text) {
                return shown.into_owned();
            }
            let has_ended = self.body_has_ended() || self.closed.is_some();
            assert!(!has_ended, "the body has ended without {text:?}: {shown:?}");
            let is_late = start.elapsed() >= timeout;
            assert!(
                !is_late,
                "{text:?} has not arrived after {timeout:?}: {shown:?}"
            );
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Returns whether the body that is read with [`blocks`](Wire::blocks) is complete. A body that is cut off
    /// never is.
    #[must_use]
    pub fn body_has_ended(&self) -> bool {
        self.framing.is_none()
    }

    /// Returns whether the gateway waits for a deferred response.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.is_pending
    }

    /// Returns why the gateway closed the connection, or `None` while it is open.
    #[must_use]
    pub fn closed(&self) -> Option<CloseReason> {
        self.closed
    }
}

impl fmt::Debug for Wire<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire")
            .field("input", &self.input.len())
            .field("output", &self.output.len())
            .field("closed", &self.closed)
            .finish_non_exhaustive()
    }
}
