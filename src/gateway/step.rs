//! One step of a session: what the connection asks for, and what the gateway gives it. Contains the only match over the
//! steps of a connection.

use super::RETRY_AFTER;
use super::chain::Chain;
use super::exchange::{Begun, Exchange, known};
use super::front_end::FrontEnd;
use super::session::{Session, Stepped, Wait};
#[cfg(feature = "net")]
use crate::body::body::Blocks;
use crate::body::body::SHARED_FROM_BYTES;
use crate::body::body_error::BodyError;
use crate::config::config::Config;
use crate::connection::{CloseReason, Connection, OutOfTurn, Step};
use crate::request::extensions::Extensions;
use crate::response::reply::{PreparedResponse, Reply};
use crate::response::response::{Response, ResponseError};
use crate::upload::admission::AbortReason;
use crate::values::now::Now;
use crate::values::protocol_error::ProtocolError;
use crate::values::status::Status;
use alloc::boxed::Box;
use bytes::Bytes;
use core::task::{Context, Poll};
use core::time::Duration;

impl<'g> Session<'g> {
    /// Takes one step of the connection.
    #[inline]
    pub(super) fn step(
        &mut self,
        input: &mut &[u8],
        now: &Now,
        front_end: &mut impl FrontEnd,
    ) -> Stepped {
        // Most exchanges keep nothing between steps.
        if self.exchange.is_some() {
            match self.poll_receiver(front_end) {
                Ok(Poll::Ready(())) => {}
                Ok(Poll::Pending) => {
                    let wait = self.wait_for_receiver(*now, front_end);
                    return wait.map_or(Stepped::Ran, Stepped::Waits);
                }
                Err(response) => self.answer_for_receiver(response, front_end),
            }
        }
        let chain = Chain::new(self.gateway, &self.info, self.catches_panics);
        let (at, before) = (self.connection.offset(), input.len());
        // Matched by reference, because moving the returned value costs more than the step itself.
        match &self.connection.step_at(input, now) {
            Step::Request(message) => {
                let end = at + (before - input.len()) as u64;
                if self.exchange.is_none() {
                    front_end.on_head(&message.head, at);
                }
                front_end.on_request(message, end);
                if let Some(mut exchange) = self.exchange.take() {
                    let mut response = exchange.call(chain, message, now);
                    self.answer(&mut response, Some(exchange), front_end);
                } else {
                    let mut extensions = Extensions::new();
                    // Also matched by reference.
                    let mut reply = chain.call(message, now, &mut extensions);
                    match &mut reply {
                        Reply::Prepared(prepared) if !chain.has_middlewares() => {
                            self.answer_prepared(prepared, front_end);
                            return Stepped::Quick;
                        }
                        Reply::Shared(prepared) if !chain.has_middlewares() => {
                            self.answer_prepared(prepared, front_end);
                        }
                        Reply::Made(response)
                            if !chain.has_middlewares() && !response.is_pending() =>
                        {
                            self.answer(response, None, front_end);
                        }
                        _ => {
                            let (method, line) = known(&message.head);
                            let mut response = reply.into_response();
                            let kept = chain.keep(&mut response, method, line, *now, extensions);
                            self.answer(&mut response, kept, front_end);
                        }
                    }
                }
            }
            Step::Admit(head) => {
                front_end.on_head(head, at);
                match chain.begin(*head, *now, Extensions::new()) {
                    Begun::Refused(mut response, kept) => {
                        self.answer(&mut response, kept, front_end);
                    }
                    Begun::Admitted(plan, exchange) => {
                        self.exchange = Some(exchange);
                        self.asked(|connection| connection.admit(plan));
                        // The call for the same request follows.
                        return Stepped::Quick;
                    }
                }
            }
            Step::Data(part) => {
                let exchange = self.exchange.as_mut();
                let taken = exchange.map_or(Ok(()), |exchange| exchange.take_in(chain, part));
                if let Err(response) = taken {
                    self.answer_for_receiver(response, front_end);
                }
            }
            Step::Refuse(refusal) => {
                front_end.on_refusal(refusal);
                let exchange = self.exchange.take().unwrap_or_default();
                let (mut response, kept) = exchange.refuse(chain, refusal, *now);
                self.answer(&mut response, kept, front_end);
            }
            Step::Pending { until } => {
                let mut context = Context::from_waker(front_end.waker());
                let later = self.exchange.as_mut().and_then(|it| it.later.as_mut());
                let polled = match later {
                    Some(later) => chain.guard(|| later.as_mut().poll(&mut context)),
                    None => Err(Response::from_error(ResponseError::Pending)),
                };
                let mut response = match polled {
                    Ok(Poll::Pending) => return Stepped::Waits(Wait::Pending { until: *until }),
                    Ok(Poll::Ready(response)) | Err(response) => response,
                };
                let mut exchange = self.exchange.take().unwrap_or_default();
                exchange.later = None;
                exchange.after(chain, &mut response);
                self.answer(&mut response, Some(exchange), front_end);
            }
            Step::SendBody => {
                let blocks = self.exchange.as_mut().and_then(|it| it.blocks.as_mut());
                #[cfg(feature = "net")]
                let blocks = match blocks {
                    Some(Blocks::Stored(file)) if self.takes_files => {
                        // The front end takes the next bytes from the file itself.
                        let count = file.pass();
                        if count > 0 && self.connection.send_in_file(count) {
                            return Stepped::Ran;
                        }
                        // What is read comes after them.
                        if self.connection.output().in_file() > 0 {
                            self.asked(Connection::flush);
                            return Stepped::Ran;
                        }
                        self.exchange.as_mut().and_then(|it| it.blocks.as_mut())
                    }
                    blocks => blocks,
                };
                let mut context = Context::from_waker(front_end.waker());
                let next = match blocks {
                    Some(blocks) => chain.guard(|| blocks.poll_next(&mut context)),
                    None => Ok(Poll::Ready(None)),
                };
                match next {
                    Ok(Poll::Pending) => {
                        self.asked(Connection::flush);
                        if self.connection.output().is_empty() {
                            return Stepped::Waits(Wait::Pending {
                                until: Duration::MAX,
                            });
                        }
                    }
                    // Nothing comes to be written, so a stream of empty blocks would never let go.
                    Ok(Poll::Ready(Some(Ok(block)))) if block.is_empty() => {
                        self.send(block);
                        return Stepped::Waits(Wait::Yield);
                    }
                    Ok(Poll::Ready(Some(Ok(block)))) => self.send(block),
                    Ok(Poll::Ready(None)) => self.end_body(Ok(())),
                    Ok(Poll::Ready(Some(Err(broken)))) => self.end_body(Err(broken)),
                    Err(response) => {
                        self.report(response.error(), front_end);
                        self.end_body(Err(BodyError));
                    }
                }
            }
            Step::Read { until } => return Stepped::Waits(Wait::Read { until: *until }),
            Step::Write { until } => return Stepped::Waits(Wait::Write { until: *until }),
            Step::Close(reason) => {
                if let CloseReason::ResponseBroken | CloseReason::ResponseReset = reason {
                    self.report(Some(&ResponseError::BodyError), front_end);
                }
                return Stepped::Waits(Wait::Close(*reason));
            }
        }
        Stepped::Ran
    }

    /// Stops waiting for something that will never be ready. A missing response becomes a 500, and the body is cut off.
    #[cfg(not(feature = "std"))]
    pub(super) fn give_up(&mut self, front_end: &mut impl FrontEnd) {
        let mut exchange = self.exchange.take().unwrap_or_default();
        if exchange.blocks.is_some() {
            return self.end_body(Err(BodyError));
        }
        let chain = Chain::new(self.gateway, &self.info, self.catches_panics);
        exchange.abort(chain, AbortReason::Disconnected);
        exchange.later = None;
        let mut response = Response::from_error(ResponseError::Pending);
        exchange.after(chain, &mut response);
        self.answer(&mut response, Some(exchange), front_end);
    }

    /// Asks the receiver of the body, if there is one, whether it can take more.
    fn poll_receiver(&mut self, front_end: &impl FrontEnd) -> Result<Poll<()>, Response> {
        let Some(exchange) = &mut self.exchange else {
            return Ok(Poll::Ready(()));
        };
        let chain = Chain::new(self.gateway, &self.info, self.catches_panics);
        let polled = exchange.poll_ready(chain, &mut Context::from_waker(front_end.waker()));
        if let Ok(Poll::Ready(())) = polled {
            exchange.waits_since = None;
        }
        polled
    }

    /// Reads nothing until the receiver is ready, or answers if that takes too long. Pending output is still written.
    fn wait_for_receiver(&mut self, now: Now, front_end: &mut impl FrontEnd) -> Option<Wait> {
        self.connection.hold();
        match self.connection.write_step(now) {
            Some(Step::Write { until }) => return Some(Wait::Write { until }),
            Some(Step::Close(reason)) => return Some(Wait::Close(reason)),
            _ => {}
        }
        let exchange = self.exchange.as_mut()?;
        let since = *exchange.waits_since.get_or_insert(now.monotonic);
        let until = since.saturating_add(self.gateway.config.timeouts.response);
        if now.monotonic < until {
            return Some(Wait::Pending { until });
        }
        let chain = Chain::new(self.gateway, &self.info, self.catches_panics);
        exchange.abort(chain, AbortReason::Refused(ProtocolError::ResponseTimeout));
        let response =
            Response::explained(Status::SERVICE_UNAVAILABLE, ProtocolError::ResponseTimeout);
        self.answer_for_receiver(response, front_end);
        None
    }

    /// Responds in place of a receiver that refused its body, panicked or was not ready in time.
    fn answer_for_receiver(&mut self, mut response: Response, front_end: &mut impl FrontEnd) {
        let mut exchange = self.exchange.take().unwrap_or_default();
        exchange.receiver = None;
        let chain = Chain::new(self.gateway, &self.info, self.catches_panics);
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
        if response.is_pending() && self.connection.defer().is_ok() {
            let mut exchange = exchange.unwrap_or_default();
            exchange.later = response.take_later();
            self.exchange = Some(exchange);
            return;
        }
        if response.body.owned_bytes() >= SHARED_FROM_BYTES && front_end.is_full() {
            *response = overloaded();
        }
        // A panic may have left unknown state, so the connection closes. A new connection starts clean.
        let panicked = matches!(response.error(), Some(ResponseError::Panicked(_)));
        if panicked || front_end.is_stopping() {
            self.connection.stop();
        }
        // Matched by reference, like the steps.
        let Ok(summary) = &self.connection.respond(response) else {
            debug_assert!(false, "the loop answers what was asked");
            return;
        };
        if summary.is_stream {
            let mut exchange = exchange.unwrap_or_default();
            exchange.blocks = response.body.take_blocks();
            self.exchange = Some(exchange);
        }
        self.report(summary.error.as_ref(), front_end);
        front_end.on_response(summary);
    }

    #[inline]
    fn answer_prepared(&mut self, prepared: &PreparedResponse, front_end: &mut impl FrontEnd) {
        if front_end.is_stopping() {
            self.connection.stop();
        }
        match &self.connection.respond_prepared(prepared) {
            Ok(summary) => front_end.on_response(summary),
            Err(OutOfTurn) => debug_assert!(false, "the loop answers what was asked"),
        }
    }

    fn send(&mut self, block: Bytes) {
        self.asked(|connection| connection.send(block));
    }

    fn end_body(&mut self, end: Result<(), BodyError>) {
        self.exchange = None;
        self.asked(|connection| connection.end_body(end));
    }

    /// Runs a command that matches the last step.
    fn asked<E>(&mut self, command: impl FnOnce(&mut Connection<&'g Config>) -> Result<(), E>) {
        let was_asked = command(&mut self.connection).is_ok();
        debug_assert!(was_asked, "the loop commands what was asked for");
    }

    fn report(&self, error: Option<&ResponseError>, front_end: &mut impl FrontEnd) {
        if let Some(error) = error {
            self.gateway.report(error, &self.info);
            front_end.on_error(error);
        }
    }
}

/// Returns the response if there is no room for another.
#[cold]
fn overloaded() -> Response {
    Response::explained(Status::SERVICE_UNAVAILABLE, ProtocolError::Overloaded)
        .with_header("Retry-After", RETRY_AFTER)
}
