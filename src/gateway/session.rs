//! A session: a connection joined to a gateway. Contains the only loop over the steps of a connection.

use super::Gateway;
use super::chain::Chain;
use super::exchange::{Exchange, Record, known};
use super::front_end::FrontEnd;
use crate::application::upload::{Abort, Admission};
use crate::connection::{CloseReason, Connection, ContentPlan, OutOfTurn, Output, Step};
use crate::message::body::Broken;
use crate::message::extensions::Extensions;
use crate::message::reply::{PreparedResponse, Reply};
use crate::message::response::{Response, ResponseError};
use crate::values::connection_info::ConnectionInfo;
use crate::values::now::Now;
use alloc::boxed::Box;
use alloc::vec::Vec;
use bytes::Bytes;
use core::fmt;
use core::task::{Context, Poll};
use core::time::Duration;

/// A connection and the gateway that answers its requests. Created by [`Gateway::session`].
///
/// [`turn`](Session::turn) processes the available input and returns what to wait for. Then write the
/// [`output`](Session::output) or read more input, and call `turn` again:
///
/// ```
/// use bytegate::{ConnectionInfo, Gateway, Now, Wait};
/// use std::io::{Read, Write};
///
/// fn serve(gateway: &Gateway, stream: &mut (impl Read + Write)) -> std::io::Result<()> {
///     let mut session = gateway.session(ConnectionInfo::default());
///     let (mut input, mut block) = (Vec::new(), [0; 4096]);
///     loop {
///         match session.turn_on(&mut input, Now::default()) {
///             Wait::Write { .. } => stream.write_all(&session.take_output())?,
///             Wait::Close(_) => return Ok(()),
///             _ => match stream.read(&mut block)? {
///                 0 => session.end_input(),
///                 count => input.extend_from_slice(&block[..count]),
///             },
///         }
///     }
/// }
/// # let gateway = Gateway::new(|_: &bytegate::Request<'_>| "hello\n");
/// # let mut stream = Duplex(&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], Vec::new());
/// # serve(&gateway, &mut stream).unwrap();
/// # assert!(stream.1.ends_with(b"hello\n"));
/// # struct Duplex<'a>(&'a [u8], Vec<u8>);
/// # impl Read for Duplex<'_> {
/// #     fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> { self.0.read(buffer) }
/// # }
/// # impl Write for Duplex<'_> {
/// #     fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> { self.1.write(bytes) }
/// #     fn flush(&mut self) -> std::io::Result<()> { Ok(()) }
/// # }
/// ```
pub struct Session<'g> {
    gateway: &'g Gateway,
    connection: Connection,
    info: ConnectionInfo,
    catches_panics: bool,
    /// State of the current exchange that is kept between steps. Most exchanges need none.
    exchange: Option<Box<Exchange>>,
}

/// What a session waits for. Calling [`turn`](Session::turn) too early does no harm.
///
/// ```
/// use bytegate::{CloseReason, ConnectionInfo, Gateway, Now, Site, Wait};
///
/// let gateway = Gateway::new(Site::new());
/// let mut session = gateway.session(ConnectionInfo::default());
/// assert!(matches!(session.turn(&mut &b"GET /"[..], Now::default()), Wait::Read { .. }));
/// session.end_input();
/// assert!(matches!(session.turn(&mut &b"GET /"[..], Now::default()), Wait::Write { .. }));
/// session.take_output();
/// assert_eq!(session.turn(&mut &b""[..], Now::default()), Wait::Close(CloseReason::Refused));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Wait for more input until the given monotonic time.
    Read {
        /// The deadline; `Duration::MAX` for none.
        until: Duration,
    },
    /// Write the output until the given monotonic time.
    Write {
        /// The deadline; `Duration::MAX` for none.
        until: Duration,
    },
    /// A response, a block of content or a receiver is not ready. Call `turn` again when the front end's
    /// [waker](FrontEnd::waker) is woken, at the latest at the given monotonic time.
    Answer {
        /// The deadline; `Duration::MAX` for none.
        until: Duration,
    },
    /// Nothing is left to do. Close the transport.
    Close(CloseReason),
}

impl<'g> Session<'g> {
    #[inline]
    pub(super) fn new(gateway: &'g Gateway, info: ConnectionInfo) -> Session<'g> {
        Session {
            gateway,
            connection: Connection::new(gateway.config.clone(), info.scheme),
            info,
            catches_panics: false,
            exchange: None,
        }
    }

    /// Turns a panic of the application into a 500 and closes the connection afterwards (feature `std`). Use this in
    /// front ends that serve more than one connection. Tests usually want the panic. Nothing is caught with `panic =
    /// "abort"`.
    pub fn catch_panics(mut self) -> Session<'g> {
        self.catches_panics = true;
        self
    }

    /// Processes the available input and returns what to wait for. `input` is everything that was received and is not
    /// used yet. This method removes the bytes it uses from the front. Pass the rest to the next call, followed by what
    /// has been received since.
    pub fn turn(&mut self, input: &mut &[u8], mut now: Now) -> Wait {
        self.turn_for(input, &mut now)
    }

    /// Like [`turn`](Session::turn), but removes the used input from a vector.
    pub fn turn_on(&mut self, input: &mut Vec<u8>, now: Now) -> Wait {
        let mut rest = &input[..];
        let wait = self.turn(&mut rest, now);
        let used = input.len() - rest.len();
        input.drain(..used);
        wait
    }

    /// Like [`turn`](Session::turn), but with a front end that has a running clock and can observe events.
    pub fn turn_for(&mut self, input: &mut &[u8], front_end: &mut impl FrontEnd) -> Wait {
        loop {
            if let Some(wait) = self.step(input, front_end) {
                return wait;
            }
        }
    }

    /// Takes one step of the connection. Returns what to wait for, or `None` if the next step can be taken at once.
    #[inline]
    pub(super) fn step(
        &mut self,
        input: &mut &[u8],
        front_end: &mut impl FrontEnd,
    ) -> Option<Wait> {
        // Read anew for each step: the time taken by the application must not count against the peer.
        let now = front_end.now();
        // Most exchanges keep nothing between steps.
        if self.exchange.is_some() {
            match self.poll_receiver(front_end) {
                Ok(Poll::Ready(())) => {}
                Ok(Poll::Pending) => return Some(self.wait_for_receiver(now)),
                Err(response) => self.answer_for_receiver(response, front_end),
            }
        }
        let chain = chain(self.gateway, &self.info, self.catches_panics);
        let (at, before) = (self.connection.offset(), input.len());
        // Matched by reference, because moving the returned value costs more than the step itself.
        match &self.connection.step(input, now) {
            Step::Call(message) => {
                let end = at + (before - input.len()) as u64;
                if self.exchange.is_none() {
                    front_end.head(&message.head, at);
                }
                front_end.request(message, end);
                if let Some(mut exchange) = self.exchange.take() {
                    let mut response = match exchange.receiver.take() {
                        Some(receiver) => chain.respond(|| receiver.finish(message.trailers)),
                        None => chain.call_admitted(message, &now, &exchange.extensions),
                    };
                    exchange.after(chain, &mut response);
                    self.answer(&mut response, Some(exchange), front_end);
                } else {
                    let mut extensions = Extensions::new();
                    // Also matched by reference.
                    let mut reply = chain.call(message, &now, &mut extensions);
                    match &mut reply {
                        Reply::Prepared(prepared) if !chain.has_middlewares() => {
                            self.answer_prepared(prepared, front_end);
                        }
                        Reply::Made(response)
                            if !chain.has_middlewares() && !response.is_later() =>
                        {
                            self.answer(response, None, front_end);
                        }
                        _ => {
                            let (method, line) = known(&message.head);
                            let mut response = reply.into_response();
                            let kept = chain.keep(&mut response, method, line, now, extensions);
                            self.answer(&mut response, kept, front_end);
                        }
                    }
                }
            }
            Step::Admit(head) => {
                front_end.head(head, at);
                let mut extensions = Extensions::new();
                let admission = chain.admit(*head, &now, &mut extensions);
                let (method, line) = known(head);
                let (plan, receiver) = match admission {
                    Admission::Refuse(mut response) => {
                        let kept = chain.keep(&mut response, method, line, now, extensions);
                        self.answer(&mut response, kept, front_end);
                        return None;
                    }
                    Admission::Buffer => (ContentPlan::Gather, None),
                    Admission::BufferUpTo(limit) => (ContentPlan::GatherUpTo(limit), None),
                    Admission::Stream(receiver) => {
                        (ContentPlan::HandOn(receiver.limit()), Some(receiver))
                    }
                };
                self.exchange = Some(Box::new(Exchange {
                    extensions,
                    record: Record::wanted(chain, method, line, now),
                    receiver,
                    ..Exchange::default()
                }));
                self.asked(|connection| connection.admit(plan));
            }
            Step::Content(part) => {
                let receiver = self.exchange.as_mut().and_then(|it| it.receiver.as_mut());
                let taken = match receiver {
                    Some(receiver) => chain.guard(|| receiver.data(part)),
                    None => Ok(Ok(())),
                };
                if let Err(response) | Ok(Err(response)) = taken {
                    self.answer_for_receiver(response, front_end);
                }
            }
            Step::Refuse(refusal) => {
                front_end.refusal(refusal);
                let exchange = self.exchange.take().unwrap_or_default();
                if let Some(receiver) = exchange.receiver {
                    let abort = || receiver.abort(Abort::Refused(refusal.error));
                    // A panic here does not affect the response.
                    let _ = chain.guard(abort);
                }
                let mut response = chain.refuse(refusal);
                let (method, line) = (refusal.method, refusal.line);
                let extensions = exchange.extensions;
                let kept = chain.keep(&mut response, method, line, now, extensions);
                self.answer(&mut response, kept, front_end);
            }
            Step::Answer { until } => {
                let mut context = Context::from_waker(front_end.waker());
                let later = self.exchange.as_mut().and_then(|it| it.later.as_mut());
                let polled = match later {
                    Some(later) => chain.guard(|| later.as_mut().poll(&mut context)),
                    None => Err(Response::failed(ResponseError::Later)),
                };
                let mut response = match polled {
                    Ok(Poll::Pending) => return Some(Wait::Answer { until: *until }),
                    Ok(Poll::Ready(response)) | Err(response) => response,
                };
                let mut exchange = self.exchange.take().unwrap_or_default();
                exchange.later = None;
                exchange.after(chain, &mut response);
                self.answer(&mut response, Some(exchange), front_end);
            }
            Step::Body => {
                let mut context = Context::from_waker(front_end.waker());
                let blocks = self.exchange.as_mut().and_then(|it| it.blocks.as_mut());
                let next = match blocks {
                    Some(blocks) => chain.guard(|| blocks.poll_next(&mut context)),
                    None => Ok(Poll::Ready(None)),
                };
                match next {
                    Ok(Poll::Pending) => {
                        self.asked(Connection::flush);
                        if self.connection.output().is_empty() {
                            return Some(Wait::Answer {
                                until: Duration::MAX,
                            });
                        }
                    }
                    Ok(Poll::Ready(Some(Ok(block)))) => self.send(block),
                    Ok(Poll::Ready(None)) => self.end_body(Ok(())),
                    Ok(Poll::Ready(Some(Err(broken)))) => self.end_body(Err(broken)),
                    Err(response) => {
                        self.report(response.error(), front_end);
                        self.end_body(Err(Broken));
                    }
                }
            }
            Step::Read { until } => return Some(Wait::Read { until: *until }),
            Step::Write { until } => return Some(Wait::Write { until: *until }),
            Step::Close(reason) => {
                if let CloseReason::ResponseBroken | CloseReason::ResponseReset = reason {
                    self.report(Some(&ResponseError::Broken), front_end);
                }
                return Some(Wait::Close(*reason));
            }
        }
        None
    }

    /// Returns the pending output.
    pub fn output(&mut self) -> &mut Output {
        self.connection.output()
    }

    /// Takes all pending output. The next turn assumes that it was sent.
    pub fn take_output(&mut self) -> Vec<u8> {
        let mut output = Vec::new();
        self.connection.output().move_to(&mut output);
        output
    }

    /// See [`Connection::sent`].
    pub fn sent(&mut self, count: usize) {
        self.connection.sent(count);
    }

    /// See [`Connection::sent_all`].
    pub fn sent_all(&mut self, buffer: &mut Vec<u8>) {
        self.connection.sent_all(buffer);
    }

    /// See [`Connection::end_input`].
    pub fn end_input(&mut self) {
        self.connection.end_input();
    }

    /// See [`Connection::stop`].
    pub fn stop(&mut self) {
        self.connection.stop();
    }

    /// See [`Connection::is_idle`].
    pub fn is_idle(&self) -> bool {
        self.connection.is_idle()
    }

    /// Returns whether the connection is between two requests, whatever is left to write.
    #[inline]
    pub(super) fn is_between_requests(&self) -> bool {
        self.connection.is_between_requests()
    }

    /// See [`Connection::has_ended_well`].
    pub(super) fn has_ended_well(&self) -> bool {
        self.connection.has_ended_well()
    }

    /// Returns the information about the connection.
    pub fn connection(&self) -> &ConnectionInfo {
        &self.info
    }

    /// Stops waiting for something that will never be ready. A missing response becomes a 500, and content breaks off.
    #[cfg(not(feature = "std"))]
    pub(super) fn give_up(&mut self, front_end: &mut impl FrontEnd) {
        let exchange = self.exchange.take().unwrap_or_default();
        if exchange.blocks.is_some() {
            return self.end_body(Err(Broken));
        }
        self.answer(&mut Response::failed(ResponseError::Later), None, front_end);
    }

    /// Asks the receiver of the content, if there is one, whether it can take more.
    fn poll_receiver(&mut self, front_end: &impl FrontEnd) -> Result<Poll<()>, Response> {
        let Some(receiver) = self.exchange.as_mut().and_then(|it| it.receiver.as_mut()) else {
            return Ok(Poll::Ready(()));
        };
        let mut context = Context::from_waker(front_end.waker());
        chain(self.gateway, &self.info, self.catches_panics)
            .guard(|| receiver.poll_ready(&mut context))
    }

    /// Reads nothing until the receiver is ready. Pending output is still written.
    fn wait_for_receiver(&mut self, now: Now) -> Wait {
        self.connection.hold();
        match self.connection.write_step(now) {
            Some(Step::Write { until }) => Wait::Write { until },
            Some(Step::Close(reason)) => Wait::Close(reason),
            _ => Wait::Answer {
                until: Duration::MAX,
            },
        }
    }

    /// Responds in place of a receiver that refused its content or panicked.
    fn answer_for_receiver(&mut self, mut response: Response, front_end: &mut impl FrontEnd) {
        let mut exchange = self.exchange.take().unwrap_or_default();
        exchange.receiver = None;
        let chain = chain(self.gateway, &self.info, self.catches_panics);
        exchange.after(chain, &mut response);
        self.answer(&mut response, Some(exchange), front_end);
    }

    /// Gives a response, or keeps the state needed to wait for it.
    fn answer(
        &mut self,
        response: &mut Response,
        exchange: Option<Box<Exchange>>,
        front_end: &mut impl FrontEnd,
    ) {
        if response.is_later() && self.connection.defer().is_ok() {
            let mut exchange = exchange.unwrap_or_default();
            exchange.later = response.take_later();
            self.exchange = Some(exchange);
            return;
        }
        // A panic may have left unknown state, so the connection closes. A new connection starts clean.
        let panicked = matches!(response.error(), Some(ResponseError::Panicked(_)));
        if panicked || front_end.is_stopping() {
            self.connection.stop();
        }
        let Ok(summary) = self.connection.respond(response) else {
            debug_assert!(false, "the loop answers what was asked");
            return;
        };
        if summary.streams {
            let mut exchange = exchange.unwrap_or_default();
            exchange.blocks = response.body.take_blocks();
            self.exchange = Some(exchange);
        }
        self.report(summary.error.as_ref(), front_end);
        front_end.answered(&summary);
    }

    #[inline]
    fn answer_prepared(&mut self, prepared: &PreparedResponse, front_end: &mut impl FrontEnd) {
        if front_end.is_stopping() {
            self.connection.stop();
        }
        match self.connection.respond_prepared(prepared) {
            Ok(summary) => front_end.answered(&summary),
            Err(OutOfTurn) => debug_assert!(false, "the loop answers what was asked"),
        }
    }

    fn send(&mut self, block: Bytes) {
        self.asked(|connection| connection.send(block));
    }

    fn end_body(&mut self, end: Result<(), Broken>) {
        self.exchange = None;
        self.asked(|connection| connection.end_body(end));
    }

    /// Runs a command that matches the last step.
    fn asked<E>(&mut self, command: impl FnOnce(&mut Connection) -> Result<(), E>) {
        let was_asked = command(&mut self.connection).is_ok();
        debug_assert!(was_asked, "the loop commands what was asked for");
    }

    fn report(&self, error: Option<&ResponseError>, front_end: &mut impl FrontEnd) {
        if let Some(error) = error {
            self.gateway.report(error, &self.info);
            front_end.error(error);
        }
    }
}

/// Joins what the chain needs from a session. Takes the parts, so that the connection stays free to be borrowed.
fn chain<'g, 's>(
    gateway: &'g Gateway,
    connection: &'s ConnectionInfo,
    catches_panics: bool,
) -> Chain<'g, 's> {
    Chain {
        gateway,
        connection,
        catches_panics,
    }
}

impl Drop for Session<'_> {
    /// Aborts a receiver whose content will not be completed.
    fn drop(&mut self) {
        let receiver = self.exchange.as_mut().and_then(|it| it.receiver.take());
        if let Some(receiver) = receiver {
            let chain = chain(self.gateway, &self.info, self.catches_panics);
            // There is no response left for a panic to affect.
            let _ = chain.guard(|| receiver.abort(Abort::Disconnected));
        }
    }
}

impl fmt::Debug for Session<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("connection", &self.connection)
            .field("info", &self.info)
            .finish_non_exhaustive()
    }
}
