//! The front end for requests that another server received.

use super::chain::{Caller, Chain};
use super::exchange::{Begun, Exchange};
use super::gateway::Gateway;
use super::incoming::{Arrived, Incoming};
use super::record::RequestLine;
use crate::connection::Refusal;
use crate::message::framing::{self, Framing};
use crate::middleware::Clock;
use crate::request::extensions::Extensions;
use crate::request::owned_request::OwnedRequest;
use crate::request::request::Message;
use crate::response::response::Response;
use crate::upload::admission::AbortReason;
#[cfg(feature = "tower")]
use crate::values::connection_info::ConnectionInfo;
use crate::values::now::Now;
use crate::values::protocol_error::{InvalidRequest, ProtocolError};
use alloc::boxed::Box;
use bytes::{Bytes, BytesMut};
use core::future::poll_fn;
use core::task::{Context, Poll};

impl Gateway {
    /// Responds to a request that was received in another way than from bytes, for example by another server.
    ///
    /// The middleware and the application see it like any other request. If it has a body, the application is asked to
    /// [admit](crate::Application::admit) it first, within the limits of [`Config`](crate::config::Config). Waits for a deferred
    /// response. A response that breaks the rules and, with the feature `std`, a panic are replaced by a 500. The caller
    /// adds the framing and `Date`.
    ///
    /// ```
    /// use bytegate::{Gateway, Request};
    /// use bytegate::middleware::SetHeaders;
    /// # use std::{future::Future, pin::pin, task::{Context, Poll, Waker}};
    ///
    /// let gateway = Gateway::new(|request: &Request| request.path().to_string())
    ///     .with(SetHeaders::new().header("X-Served-By", "a"));
    /// let request = Request::builder("GET", "/hello").build()?;
    /// let response = gateway.respond(request);
    /// # let Poll::Ready(response) = pin!(response).poll(&mut Context::from_waker(Waker::noop())) else { unreachable!() };
    /// # /*
    /// let response = response.await;
    /// # */
    /// assert_eq!(response.body().as_bytes(), Some(&b"/hello"[..]));
    /// assert_eq!(response.headers().get("X-Served-By"), Some("a"));
    /// # Ok::<(), bytegate::request::InvalidRequest>(())
    /// ```
    pub async fn respond(&self, request: OwnedRequest) -> Response {
        let body = Arrived(Some(request.body().clone()));
        let now = request.now();
        self.respond_to(&request, body, || now).await
    }

    /// Like [`respond`](Gateway::respond), but for a body that may still arrive. The body and the time of the request itself are ignored.
    pub(crate) async fn respond_to(
        &self,
        request: &OwnedRequest,
        incoming: impl Incoming,
        clock: impl Fn() -> Now,
    ) -> Response {
        let caller = Caller {
            info: request.connection().clone(),
            catches_panics: true,
        };
        let chain = Chain::new(self.shared(), &caller);
        let guest = Guest { chain, request };
        let response =
            match framing::Decisions::of(&request.head()).map(|exchange| exchange.framing) {
                Ok(Framing::None) => guest.call(&clock),
                Ok(framing) => guest.receive(framing, incoming, &clock).await,
                Err(fault) => guest.refuse(Exchange::default(), fault, &clock),
            };
        settle(chain, response, &clock).await
    }

    /// Returns the response to input that another server received and that is not a valid request.
    #[cfg(feature = "tower")]
    pub(crate) async fn respond_to_invalid(
        &self,
        refusal: &Refusal<'_>,
        connection: &ConnectionInfo,
        clock: impl Fn() -> Now,
    ) -> Response {
        let caller = Caller {
            info: connection.clone(),
            catches_panics: true,
        };
        let chain = Chain::new(self.shared(), &caller);
        let monotonic = || clock().monotonic;
        let exchange = Exchange::default();
        let response = exchange.refuse(chain, refusal, clock(), Clock::new(&monotonic));
        settle(chain, response, &clock).await
    }
}

/// A response, and the state to keep if it is deferred.
type Kept = (Response, Option<Box<Exchange>>);

/// Waits for a deferred response, reports an error in it, and returns the response to send.
async fn settle(
    chain: Chain<'_, '_>,
    (mut response, kept): Kept,
    clock: &impl Fn() -> Now,
) -> Response {
    let mut exchange = kept.unwrap_or_default();
    while response.is_pending() {
        exchange.defer(&mut response);
        response = poll_fn(|context| exchange.poll_response(chain, context)).await;
        exchange.after(chain, &mut response, Clock::new(&|| clock().monotonic));
    }
    if let Some(error) = response.take_error() {
        chain
            .gateway
            .report(&error, &exchange.info(chain.gateway, &chain.caller.info));
    }
    response
}

/// A request that another server received.
#[derive(Clone, Copy)]
struct Guest<'r> {
    chain: Chain<'r, 'r>,
    request: &'r OwnedRequest,
}

impl<'r> Guest<'r> {
    fn extensions(self) -> Extensions {
        self.request.extensions().clone()
    }

    fn message(self, body: &'r [u8]) -> Message<'r> {
        Message {
            head: self.request.head(),
            body,
            trailers: self.request.trailers(),
        }
    }

    /// Responds to a request without a body.
    fn call(self, clock: &impl Fn() -> Now) -> Kept {
        let now = clock();
        let (message, mut extensions) = (self.message(&[]), self.extensions());
        let reply = self.chain.call(&message, &now, &mut extensions);
        let mut response = reply.into_response();
        let line = RequestLine::of(&message.head);
        let clock = || clock().monotonic;
        let clock = Some(Clock::new(&clock));
        let kept = Exchange::keep(self.chain, &mut response, line, now, extensions, clock);
        (response, kept)
    }

    /// Responds to a request with a body, which is received if it is admitted.
    async fn receive(
        self,
        framing: Framing,
        incoming: impl Incoming,
        clock: &impl Fn() -> Now,
    ) -> Kept {
        let (head, now) = (self.request.head(), clock());
        let begun = {
            let clock = || clock().monotonic;
            let clock = Clock::new(&clock);
            Exchange::begin(self.chain, head, now, self.extensions(), clock)
        };
        let exchange = match begun {
            Begun::Refused(response, kept) => return (response, kept),
            Begun::Admitted(_, exchange) => exchange,
        };
        let mut reception = Reception::new(self.chain, exchange);
        let received = reception.receive(framing, incoming).await;
        let mut exchange = core::mem::take(&mut reception.exchange);
        let monotonic = || clock().monotonic;
        match received {
            Ok(body) => {
                let (message, now) = (self.message(&body), clock());
                let response = exchange.finish(self.chain, &message, &now, Clock::new(&monotonic));
                exchange.record_for(&response, RequestLine::of(&head), now);
                (response, Some(exchange))
            }
            Err(End::Interrupted(mut response)) => {
                exchange.interrupt(self.chain, &mut response, Clock::new(&monotonic));
                (response, Some(exchange))
            }
            Err(End::Invalid(error)) => {
                let at = self.request.head().bytes().len() as u64;
                let fault = InvalidRequest::new(error, (at + reception.received) as usize);
                self.refuse(*exchange, fault, clock)
            }
        }
    }

    fn refuse(self, exchange: Exchange, fault: InvalidRequest, clock: &impl Fn() -> Now) -> Kept {
        let head = self.request.head();
        let refusal = Refusal {
            error: fault.error,
            at: fault.at as u64,
            method: Some(head.method()),
            line: head.line(),
            body_limit: None,
        };
        let refusal = exchange.with_limit(refusal);
        let monotonic = || clock().monotonic;
        exchange.refuse(self.chain, &refusal, clock(), Clock::new(&monotonic))
    }
}

/// Why the body is not received to its end.
enum End {
    /// The receiver refused the rest of the body, or panicked.
    Interrupted(Response),
    Invalid(ProtocolError),
}

/// A body that is being received. If this is dropped before its end, because the client is gone, the receiver is aborted.
struct Reception<'r> {
    chain: Chain<'r, 'r>,
    exchange: Box<Exchange>,
    limit: u64,
    received: u64,
    buffered: Bytes,
}

impl<'r> Reception<'r> {
    fn new(chain: Chain<'r, 'r>, exchange: Box<Exchange>) -> Reception<'r> {
        Reception {
            chain,
            limit: exchange.body_limit,
            exchange,
            received: 0,
            buffered: Bytes::new(),
        }
    }

    /// Receives the body to its end. Returns the buffered body.
    async fn receive(
        &mut self,
        framing: Framing,
        mut incoming: impl Incoming,
    ) -> Result<Bytes, End> {
        if matches!(framing, Framing::Length(length) if length > self.limit) {
            return Err(End::Invalid(ProtocolError::BodyTooLarge));
        }
        loop {
            let next = poll_fn(|context| self.poll_next(&mut incoming, context)).await;
            match next.map_err(End::Interrupted)? {
                None => return Ok(core::mem::take(&mut self.buffered)),
                Some(Ok(part)) if self.has_room(&part) => self.take_in(part)?,
                Some(Ok(_)) => return Err(End::Invalid(ProtocolError::BodyTooLarge)),
                Some(Err(error)) => return Err(End::Invalid(error)),
            }
        }
    }

    /// Polls for the next part once the receiver is ready for it.
    fn poll_next(
        &mut self,
        incoming: &mut impl Incoming,
        context: &mut Context<'_>,
    ) -> Poll<Result<Option<Result<Bytes, ProtocolError>>, Response>> {
        match self.exchange.poll_ready(self.chain, context) {
            Ok(Poll::Ready(())) => incoming.poll_part(context).map(Ok),
            Ok(Poll::Pending) => Poll::Pending,
            Err(response) => Poll::Ready(Err(response)),
        }
    }

    fn has_room(&self, part: &[u8]) -> bool {
        part.len() as u64 <= self.limit.saturating_sub(self.received)
    }

    /// Gives a part to the receiver, or adds it to the buffered body.
    fn take_in(&mut self, part: Bytes) -> Result<(), End> {
        self.received += part.len() as u64;
        if part.is_empty() {
            return Ok(());
        }
        if self.exchange.is_streamed() {
            let taken = self.exchange.data(self.chain, &part);
            return taken.map_err(End::Interrupted);
        }
        if self.buffered.is_empty() {
            self.buffered = part;
            return Ok(());
        }
        let mut buffered = BytesMut::from(core::mem::take(&mut self.buffered));
        buffered.extend_from_slice(&part);
        self.buffered = buffered.freeze();
        Ok(())
    }
}

impl Drop for Reception<'_> {
    fn drop(&mut self) {
        self.exchange.abort(self.chain, AbortReason::Disconnected);
    }
}
