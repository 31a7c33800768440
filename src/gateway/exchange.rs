//! One exchange: a request, the middleware and the application that see it, and the response. Everything that takes more
//! than one step is here, for connections and for requests that another server received.

use super::chain::Chain;
use super::gateway::Shared;
use super::poll_time;
use super::record::{Record, RequestLine, may_need_record};
use super::stream_kind::StreamKind;
use crate::body::body::Blocks;
use crate::connection::{BodyMode, Refusal};
use crate::message::head::Head;
use crate::middleware::{Clock, RequestInfo, Routing};
use crate::request::extensions::Extensions;
use crate::request::request::Message;
use crate::response::response::{DeferredResponse, Response, ResponseError};
use crate::upload::admission::{AbortReason, Decision, Pass, Receiver};
use crate::values::connection_info::ConnectionInfo;
use crate::values::now::Now;
use crate::values::protocol_error::ProtocolError;
use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;
use bytes::Bytes;
use core::task::{Context, Poll, Waker};
use core::time::Duration;

/// The state of an exchange that takes more than one step.
#[derive(Default)]
pub(super) struct Exchange {
    extensions: Extensions,
    /// The values that the application added when it admitted the body.
    added: Extensions,
    /// The parts of the request that the middleware needs when the response is ready, and reports of errors.
    record: Option<Record>,
    receiver: Option<Box<dyn Receiver>>,
    /// The bytes that the body may have.
    pub(super) body_limit: u64,
    /// The middleware inside the application that sees the response, from innermost to outermost.
    passes: Vec<Box<dyn Pass>>,
    /// When the receiver was first not ready since it was ready last.
    pub(super) waits_since: Option<Duration>,
    deferred: Option<DeferredResponse>,
    pub(super) blocks: Option<Blocks>,
    pub(super) kind: StreamKind,
    /// When the filler of the body is sent, if no block comes before.
    pub(super) filler_at: Duration,
    /// The length that a streamed body has declared.
    pub(super) declared: Option<u64>,
    /// The number of bytes that the stream has given.
    pub(super) given: u64,
    /// When the head was complete.
    #[cfg(feature = "server")]
    began: Duration,
}

/// The part of an application that runs when an exchange goes on.
#[cfg(feature = "server")]
#[derive(Clone, Copy)]
pub(crate) enum Unfinished {
    /// The receiver of a body that is streamed to the application.
    Receiver,
    /// The response, which is deferred.
    Response,
    /// The body of the response.
    Body,
}

/// An exchange that goes on in the next turn.
#[cfg(feature = "server")]
pub(crate) struct Resumed<'e> {
    /// When the head was complete, if the response is not ready.
    pub(crate) began: Option<Duration>,
    /// The part of the application that runs, and the request line.
    pub(crate) unfinished: Option<(Unfinished, &'e [u8])>,
}

/// The start of an exchange whose request has a body.
pub(super) enum Begun {
    /// The body is wanted.
    Admitted(BodyMode, Box<Exchange>),
    /// The response, and the state to keep if it is deferred.
    Refused(Response, Option<Box<Exchange>>),
}

impl Exchange {
    /// Asks the middleware and the application about the body of a request, before it is read.
    pub(super) fn begin(
        chain: Chain<'_, '_>,
        head: Head<'_>,
        now: Now,
        mut extensions: Extensions,
        clock: Clock<'_>,
    ) -> Begun {
        let admission = chain.admit(head, &now, &mut extensions);
        let is_streamed = matches!(admission.decision, Decision::Stream(..));
        let is_wanted = is_streamed || chain.has_middlewares();
        // Boxed now, because a value of this size takes time to move.
        let mut exchange = Box::new(Exchange {
            record: is_wanted.then(|| Record::of(RequestLine::of(&head), now, &extensions)),
            extensions,
            added: admission.extensions,
            passes: admission.passes,
            #[cfg(feature = "server")]
            began: now.monotonic,
            ..Exchange::default()
        });
        let mode = match admission.decision {
            Decision::Refuse(response) => {
                let refuse = || exchange.pass(response);
                let mut response = chain.caller.respond(refuse);
                exchange.after(chain, &mut response, clock);
                exchange.record_for(&response, RequestLine::of(&head), now);
                let kept = may_need_record(&response).then_some(exchange);
                return Begun::Refused(response, kept);
            }
            Decision::Buffer(None) => BodyMode::Buffer,
            Decision::Buffer(Some(limit)) => BodyMode::BufferUpTo(limit),
            Decision::Stream(receiver, limit) => {
                exchange.receiver = Some(receiver);
                BodyMode::Stream(limit.unwrap_or(u64::MAX))
            }
        };
        exchange.body_limit = match mode {
            BodyMode::Buffer => chain.gateway.config.limits.body_bytes,
            BodyMode::BufferUpTo(limit) | BodyMode::Stream(limit) => limit,
        };
        Begun::Admitted(mode, exchange)
    }

    /// Passes a response to the middleware, and returns the state to keep. The middleware sees a deferred response once it
    /// is ready.
    pub(super) fn keep(
        chain: Chain<'_, '_>,
        response: &mut Response,
        line: RequestLine<'_>,
        now: Now,
        extensions: Extensions,
        clock: Option<Clock<'_>>,
    ) -> Option<Box<Exchange>> {
        if !response.is_pending() {
            let info = RequestInfo::new(
                line.method,
                line.bytes,
                now,
                &chain.caller.info,
                &extensions,
            );
            let routing = line.head.map_or(Routing::None, |head| {
                Routing::Head(&*chain.gateway.application, head)
            });
            let info = info.with_routing(routing).with_refusal(line.refused);
            let info = info.with_clock(clock);
            chain.after(&info, response);
        }
        may_need_record(response).then(|| Exchange::recorded(line, &now, extensions))
    }

    /// Returns the state of an exchange that needs the request when its head is gone.
    #[cold]
    #[inline(never)]
    pub(super) fn recorded(
        line: RequestLine<'_>,
        now: &Now,
        extensions: Extensions,
    ) -> Box<Exchange> {
        Box::new(Exchange {
            record: Some(Record::of(line, *now, &extensions)),
            extensions,
            #[cfg(feature = "server")]
            began: now.monotonic,
            ..Exchange::default()
        })
    }

    /// Keeps the request line if something about the response may have to be reported.
    #[inline]
    pub(super) fn record_for(&mut self, response: &Response, line: RequestLine<'_>, now: Now) {
        if self.record.is_none() && may_need_record(response) {
            self.record = Some(Record::of(line, now, &self.extensions));
        }
    }

    /// Returns the request, as far as it is known.
    pub(super) fn info<'e>(
        &'e self,
        gateway: &'e Shared,
        connection: &'e ConnectionInfo,
    ) -> RequestInfo<'e> {
        let Some(record) = &self.record else {
            return RequestInfo::new(None, &[], Now::default(), connection, &self.extensions);
        };
        let (line, host) = record.line_and_host();
        let info = RequestInfo::new(
            record.method,
            line,
            record.now,
            connection,
            &self.extensions,
        );
        match host {
            Some(host) => info.with_routing(Routing::Host(&*gateway.application, host)),
            None => info,
        }
    }

    /// Returns how the exchange goes on.
    #[cfg(feature = "server")]
    pub(super) fn resumed(&self) -> Resumed<'_> {
        Resumed {
            began: self.blocks.is_none().then_some(self.began),
            unfinished: self.unfinished(),
        }
    }

    #[cfg(feature = "server")]
    fn unfinished(&self) -> Option<(Unfinished, &[u8])> {
        let part = match self {
            Exchange {
                deferred: Some(_), ..
            } => Unfinished::Response,
            Exchange {
                blocks: Some(_), ..
            } => Unfinished::Body,
            Exchange { receiver, .. } => receiver.as_ref().map(|_| Unfinished::Receiver)?,
        };
        Some((part, self.record.as_ref()?.line_and_host().0))
    }

    /// Returns whether a receiver takes the body as it arrives.
    pub(super) fn is_streamed(&self) -> bool {
        self.receiver.is_some()
    }

    /// Returns why a body is incomplete that ended in another way than it declared.
    pub(super) fn body_error(&self) -> ResponseError {
        match (self.declared, self.given) {
            (Some(declared), given) if given != declared => {
                ResponseError::BodyLength { declared, given }
            }
            _ => ResponseError::BodyError,
        }
    }

    /// Polls whether the receiver, if there is one, can take more of the body. A panic becomes a response.
    #[inline(always)]
    pub(super) fn poll_ready(
        &mut self,
        chain: Chain<'_, '_>,
        context: &mut Context<'_>,
    ) -> Result<Poll<()>, Response> {
        match &mut self.receiver {
            Some(receiver) => chain.caller.guard(|| receiver.poll_ready(context)),
            None => Ok(Poll::Ready(())),
        }
    }

    /// Gives the receiver a part of the body. A refusal or a panic becomes a response.
    pub(super) fn data(&mut self, chain: Chain<'_, '_>, part: &[u8]) -> Result<(), Response> {
        let Some(receiver) = &mut self.receiver else {
            return Ok(());
        };
        let passes = &self.passes;
        let taken = || {
            let taken = receiver.data(part);
            taken.map_err(|response| pass_through(passes, response))
        };
        chain.caller.guard(taken)?
    }

    /// Responds to the complete request: the receiver does if the body was streamed, and otherwise the application.
    #[inline(always)]
    pub(super) fn finish(
        &mut self,
        chain: Chain<'_, '_>,
        message: &Message<'_>,
        now: &Now,
        clock: Clock<'_>,
    ) -> Response {
        let receiver = self.receiver.take();
        let extensions = if self.added.is_empty() {
            Cow::Borrowed(&self.extensions)
        } else {
            let mut extensions = self.extensions.clone();
            extensions.extend(core::mem::take(&mut self.added));
            Cow::Owned(extensions)
        };
        let mut response = chain.caller.respond(|| {
            self.pass(match receiver {
                Some(receiver) => receiver.finish(message.trailers),
                None => chain.reply(message, now, &extensions).into_response(),
            })
        });
        self.after(chain, &mut response, clock);
        response
    }

    /// Responds in place of the receiver: with its refusal, or because it panicked or was not ready in time.
    pub(super) fn interrupt(
        &mut self,
        chain: Chain<'_, '_>,
        response: &mut Response,
        clock: Clock<'_>,
    ) {
        self.receiver = None;
        self.after(chain, response, clock);
    }

    /// Adds the limit that the body has exceeded.
    pub(super) fn with_limit<'r>(&self, refusal: Refusal<'r>) -> Refusal<'r> {
        let is_too_large = refusal.error == ProtocolError::BodyTooLarge;
        Refusal {
            body_limit: is_too_large.then_some(self.body_limit),
            ..refusal
        }
    }

    /// Responds to input that is not a valid request. Also returns the state to keep if middleware made the
    /// response fail.
    #[inline(never)]
    pub(super) fn refuse(
        mut self,
        chain: Chain<'_, '_>,
        refusal: &Refusal<'_>,
        now: Now,
        clock: Clock<'_>,
    ) -> (Response, Option<Box<Exchange>>) {
        self.abort(chain, AbortReason::Refused(refusal.error));
        let mut response = refusal.page();
        let line = RequestLine {
            method: refusal.method,
            bytes: refusal.line,
            head: None,
            refused: Some(refusal.error),
        };
        // The head may have been valid.
        let began = self.record.filter(|record| record.has_head);
        let clock = began.as_ref().map(|_| clock);
        let now = began.map_or(now, |record| record.now);
        let kept = Exchange::keep(chain, &mut response, line, now, self.extensions, clock);
        (response, kept)
    }

    /// Keeps a deferred response, to be polled.
    pub(super) fn defer(&mut self, response: &mut Response) {
        self.deferred = response.take_deferred();
    }

    /// Puts off the filler of the body, because a block was sent.
    pub(super) fn put_off_filler(&mut self, now: Now) {
        if let Some((_, interval)) = self.blocks.as_ref().and_then(Blocks::filler) {
            self.filler_at = now.monotonic.saturating_add(interval);
        }
    }

    /// Returns the filler of the body if it is due, and otherwise the time at which it will be.
    pub(super) fn filler(&self, now: Now) -> Result<Bytes, Duration> {
        match self.blocks.as_ref().and_then(Blocks::filler) {
            Some((filler, _)) if now.monotonic >= self.filler_at => Ok(filler.clone()),
            Some(_) => Err(self.filler_at),
            None => Err(Duration::MAX),
        }
    }

    /// Polls a deferred response, which the middleware has not seen. It may be deferred again when it is ready.
    pub(super) fn poll_response(
        &mut self,
        chain: Chain<'_, '_>,
        context: &mut Context<'_>,
    ) -> Poll<Response> {
        let passes = &self.passes;
        let polled = match &mut self.deferred {
            Some(deferred) => chain.caller.guard(|| {
                let polled = deferred.as_mut().poll(context);
                polled.map(|response| pass_through(passes, response))
            }),
            None => Err(Response::from_error(ResponseError::Pending)),
        };
        let (Ok(Poll::Ready(response)) | Err(response)) = polled else {
            return Poll::Pending;
        };
        self.deferred = None;
        Poll::Ready(response)
    }

    /// Polls a deferred response for the last time, because nothing waits for it any longer.
    pub(super) fn last_response(
        &mut self,
        chain: Chain<'_, '_>,
        now: &Now,
        clock: Clock<'_>,
    ) -> Option<Response> {
        self.deferred.as_ref()?;
        let mut context = Context::from_waker(Waker::noop());
        let polled = poll_time::at(now, || self.poll_response(chain, &mut context));
        self.deferred = None;
        match polled {
            Poll::Ready(mut response) if !response.is_pending() => {
                self.after(chain, &mut response, clock);
                Some(response)
            }
            _ => None,
        }
    }

    /// Gives up a deferred response that cannot be awaited.
    #[cfg(not(feature = "std"))]
    pub(super) fn give_up(&mut self, chain: Chain<'_, '_>, clock: Clock<'_>) -> Response {
        self.abort(chain, AbortReason::Disconnected);
        self.deferred = None;
        let mut response = Response::from_error(ResponseError::Pending);
        self.after(chain, &mut response, clock);
        response
    }

    /// Tells the receiver, if there is one, that the body is incomplete.
    pub(super) fn abort(&mut self, chain: Chain<'_, '_>, reason: AbortReason) {
        if let Some(receiver) = self.receiver.take() {
            // A panic here does not affect the response.
            let _ = chain.caller.guard(|| receiver.abort(reason));
        }
    }

    /// Passes a response of the application to the middleware inside it.
    fn pass(&self, response: Response) -> Response {
        pass_through(&self.passes, response)
    }

    /// Passes a response to the gateway's middleware, unless it is deferred.
    pub(super) fn after(&self, chain: Chain<'_, '_>, response: &mut Response, clock: Clock<'_>) {
        if chain.has_middlewares() && !response.is_pending() {
            let began = self.record.as_ref().filter(|record| record.has_head);
            let info = self.info(chain.gateway, &chain.caller.info);
            chain.after(&info.with_clock(began.map(|_| clock)), response);
        }
    }
}

/// Passes a response through middleware. A deferred response passes when it is ready.
fn pass_through(passes: &[Box<dyn Pass>], response: Response) -> Response {
    if response.is_pending() {
        response
    } else {
        passes
            .iter()
            .fold(response, |response, pass| pass.after(response))
    }
}
