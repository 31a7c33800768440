//! Answering requests that another server received.

use super::Gateway;
use super::chain::Chain;
use super::exchange::{Begun, Exchange, known};
use super::incoming::{Arrived, Incoming};
use crate::connection::{BodyMode, Refusal};
use crate::message::framing::{self, Framing};
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
    /// Answers a request that was received in another way than from bytes, for example by another server.
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
    /// let gateway = Gateway::new(|request: &Request<'_>| request.path().to_string())
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
        let content = Some(request.body().clone());
        let now = request.with(|request| request.now());
        self.respond_to(&request, Arrived { content, now }).await
    }

    /// Like [`respond`](Gateway::respond), but for a body that may still arrive. The body of the request itself is ignored.
    pub(crate) async fn respond_to(
        &self,
        request: &OwnedRequest,
        incoming: impl Incoming,
    ) -> Response {
        let chain = Chain::new(self, request.connection(), true);
        let guest = Guest { chain, request };
        let answer = match framing::Decisions::of(&request.head()).map(|exchange| exchange.framing)
        {
            Ok(Framing::None) => guest.call(incoming.now()),
            Ok(framing) => guest.receive(framing, incoming).await,
            Err(fault) => guest.refuse(Exchange::default(), fault, incoming.now()),
        };
        chain.settle(answer).await
    }

    /// Returns the response to input that another server received and that is not a valid request.
    #[cfg(feature = "tower")]
    pub(crate) async fn respond_to_invalid(
        &self,
        refusal: &Refusal<'_>,
        connection: &ConnectionInfo,
        now: Now,
    ) -> Response {
        let chain = Chain::new(self, connection, true);
        let answer = Exchange::default().refuse(chain, refusal, now);
        chain.settle(answer).await
    }
}

/// A response, and what to keep if it is deferred.
type Answer = (Response, Option<Box<Exchange>>);

impl Chain<'_, '_> {
    /// Waits for a deferred response, reports an error in it, and returns what is to be sent.
    async fn settle(self, (mut response, kept): Answer) -> Response {
        while let Some(mut later) = response.take_later() {
            response = poll_fn(|context| {
                let polled = self.guard(|| later.as_mut().poll(context));
                polled.unwrap_or_else(Poll::Ready)
            })
            .await;
            if let Some(exchange) = &kept {
                exchange.after(self, &mut response);
            }
        }
        if let Some(error) = response.take_error() {
            self.gateway.report(&error, self.connection);
        }
        response
    }
}

/// A request that another server received.
#[derive(Clone, Copy)]
struct Guest<'r> {
    chain: Chain<'r, 'r>,
    request: &'r OwnedRequest,
}

impl<'r> Guest<'r> {
    fn extensions(self) -> Extensions {
        self.request.with(|request| request.extensions().clone())
    }

    fn message(self, content: &'r [u8]) -> Message<'r> {
        Message {
            head: self.request.head(),
            content,
            trailers: self.request.trailers(),
        }
    }

    /// Answers a request without a body.
    fn call(self, now: Now) -> Answer {
        let (message, mut extensions) = (self.message(&[]), self.extensions());
        let (method, line) = known(&message.head);
        let reply = self.chain.call(&message, &now, &mut extensions);
        let mut response = reply.into_response();
        let kept = self
            .chain
            .keep(&mut response, method, line, now, extensions);
        (response, kept)
    }

    /// Answers a request with a body, which is received if it is admitted.
    async fn receive(self, framing: Framing, incoming: impl Incoming) -> Answer {
        let begun = self
            .chain
            .begin(self.request.head(), incoming.now(), self.extensions());
        let (plan, exchange) = match begun {
            Begun::Refused(response, kept) => return (response, kept),
            Begun::Admitted(plan, exchange) => (plan, exchange),
        };
        let mut reception = Reception::new(self.chain, plan, exchange);
        let received = reception.receive(framing, incoming).await;
        let mut exchange = core::mem::take(&mut reception.exchange);
        match received {
            Ok((content, now)) => {
                let response = exchange.call(self.chain, &self.message(&content), &now);
                (response, Some(exchange))
            }
            Err(End::Answered(mut response)) => {
                exchange.receiver = None;
                exchange.after(self.chain, &mut response);
                (response, Some(exchange))
            }
            Err(End::Invalid(error, now)) => {
                let at = self.request.head().bytes().len() as u64;
                let fault = InvalidRequest::new(error, (at + reception.received) as usize);
                self.refuse(*exchange, fault, now)
            }
        }
    }

    fn refuse(self, exchange: Exchange, fault: InvalidRequest, now: Now) -> Answer {
        let (method, line) = known(&self.request.head());
        let refusal = Refusal {
            error: fault.error,
            at: fault.at as u64,
            method,
            line,
        };
        exchange.refuse(self.chain, &refusal, now)
    }
}

/// Why the body is not received to its end.
enum End {
    /// The receiver has answered instead.
    Answered(Response),
    Invalid(ProtocolError, Now),
}

/// Content that is being received. If it is dropped before its end, because the client is gone, the receiver is told.
struct Reception<'r> {
    chain: Chain<'r, 'r>,
    exchange: Box<Exchange>,
    limit: u64,
    received: u64,
    gathered: Bytes,
}

impl<'r> Reception<'r> {
    fn new(chain: Chain<'r, 'r>, plan: BodyMode, exchange: Box<Exchange>) -> Reception<'r> {
        Reception {
            chain,
            exchange,
            limit: match plan {
                BodyMode::Buffer => chain.gateway.config.limits.body_bytes,
                BodyMode::BufferUpTo(limit) | BodyMode::Stream(limit) => limit,
            },
            received: 0,
            gathered: Bytes::new(),
        }
    }

    /// Receives the body to its end. Returns what was buffered, and the time.
    async fn receive(
        &mut self,
        framing: Framing,
        mut incoming: impl Incoming,
    ) -> Result<(Bytes, Now), End> {
        let invalid = |error, incoming: &_| Err(End::Invalid(error, Incoming::now(incoming)));
        if matches!(framing, Framing::Length(length) if length > self.limit) {
            return invalid(ProtocolError::BodyTooLarge, &incoming);
        }
        loop {
            let next = poll_fn(|context| self.poll_next(&mut incoming, context)).await;
            match next.map_err(End::Answered)? {
                None => return Ok((core::mem::take(&mut self.gathered), incoming.now())),
                Some(Ok(part)) if self.has_room(&part) => self.take_in(part)?,
                Some(Ok(_)) => return invalid(ProtocolError::BodyTooLarge, &incoming),
                Some(Err(error)) => return invalid(error, &incoming),
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

    /// Hands a part to the receiver, or adds it to what was buffered.
    fn take_in(&mut self, part: Bytes) -> Result<(), End> {
        self.received += part.len() as u64;
        match &self.exchange.receiver {
            _ if part.is_empty() => Ok(()),
            Some(_) => self
                .exchange
                .take_in(self.chain, &part)
                .map_err(End::Answered),
            None if self.gathered.is_empty() => {
                self.gathered = part;
                Ok(())
            }
            None => {
                let mut gathered = BytesMut::from(core::mem::take(&mut self.gathered));
                gathered.extend_from_slice(&part);
                self.gathered = gathered.freeze();
                Ok(())
            }
        }
    }
}

impl Drop for Reception<'_> {
    fn drop(&mut self) {
        self.exchange.abort(self.chain, AbortReason::Disconnected);
    }
}
