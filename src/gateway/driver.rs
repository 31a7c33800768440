//! The driver of a connection: does each step that the connection asks for. It has the only match over the steps of a connection.

use super::chain::{Caller, Chain};
use super::exchange::{Begun, Exchange};
use super::front_end::{FrontEnd, clock_of};
use super::gateway::Shared;
use super::own_response::overloaded;
use super::poll_time;
use super::record::{RequestLine, may_need_record};
use super::stream_kind::StreamKind;
use super::wait::Wait;
use crate::body::body::SHARED_FROM_BYTES;
#[cfg(not(feature = "std"))]
use crate::body::body_error::BodyError;
use crate::config::config::Config;
use crate::connection::{CloseReason, Connection, OutOfTurn, Step};
use crate::middleware::Clock;
use crate::request::extensions::Extensions;
use crate::response::reply::{PreparedResponse, Reply};
use crate::response::response::{Response, ResponseError};
use crate::values::connection_info::ConnectionInfo;
use crate::values::now::Now;
use alloc::boxed::Box;
use core::borrow::Borrow;
use core::task::{Context, Poll};

/// The outcome of one step.
pub(super) enum Stepped {
    /// The next step can be taken at once. The response was at hand, or the body was admitted.
    Quick,
    /// The next step can be taken at once. The application ran, which may have taken any time.
    Ran,
    Waits(Wait),
}

/// A connection, and the state of its exchange. `C` is how the connection holds its configuration.
pub(super) struct Driver<C: Borrow<Config>> {
    pub(super) connection: Connection<C>,
    pub(super) caller: Caller,
    /// Whether the front end has the system send parts of files.
    #[cfg(feature = "server")]
    pub(super) takes_files: bool,
    /// State of the current exchange that is kept between steps. Most exchanges need none.
    pub(super) exchange: Option<Box<Exchange>>,
}

impl<C: Borrow<Config>> Driver<C> {
    #[inline]
    pub(super) fn new(config: C, info: ConnectionInfo) -> Driver<C> {
        Driver {
            connection: Connection::with_config(config, info.scheme),
            caller: Caller {
                info,
                catches_panics: false,
            },
            #[cfg(feature = "server")]
            takes_files: false,
            exchange: None,
        }
    }

    /// Takes one step of the connection.
    #[inline]
    pub(super) fn step(
        &mut self,
        gateway: &Shared,
        input: &mut &[u8],
        now: &Now,
        front_end: &mut impl FrontEnd,
    ) -> Stepped {
        // Most exchanges keep nothing between steps.
        if self.exchange.is_some() {
            match self.poll_receiver(gateway, front_end) {
                Ok(Poll::Ready(())) => {}
                Ok(Poll::Pending) => {
                    let wait = self.wait_for_receiver(gateway, *now, front_end);
                    return wait.map_or(Stepped::Ran, Stepped::Waits);
                }
                Err(response) => self.interrupt(gateway, response, front_end),
            }
        }
        let chain = Chain::new(gateway, &self.caller);
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
                    let mut response =
                        exchange.finish(chain, message, now, Clock::new(&clock_of(front_end)));
                    exchange.record_for(&response, RequestLine::of(&message.head), *now);
                    self.respond(gateway, &mut response, Some(exchange), front_end);
                } else {
                    let mut extensions = Extensions::new();
                    // Also matched by reference.
                    let mut reply = chain.call(message, now, &mut extensions);
                    match &mut reply {
                        Reply::Prepared(prepared) if !chain.has_middlewares() => {
                            self.respond_prepared(prepared, front_end);
                            return Stepped::Quick;
                        }
                        Reply::Shared(prepared) if !chain.has_middlewares() => {
                            self.respond_prepared(prepared, front_end);
                        }
                        Reply::Made(response)
                            if !chain.has_middlewares() && !response.is_pending() =>
                        {
                            let kept = may_need_record(response).then(|| {
                                let line = RequestLine::of(&message.head);
                                Exchange::recorded(line, now, extensions)
                            });
                            self.respond(gateway, response, kept, front_end);
                        }
                        _ => {
                            let line = RequestLine::of(&message.head);
                            let mut response = reply.into_response();
                            let kept = Exchange::keep(
                                chain,
                                &mut response,
                                line,
                                *now,
                                extensions,
                                Some(Clock::new(&clock_of(front_end))),
                            );
                            self.respond(gateway, &mut response, kept, front_end);
                        }
                    }
                }
            }
            Step::Admit(head) => {
                front_end.on_head(head, at);
                let begun = Exchange::begin(
                    chain,
                    *head,
                    *now,
                    Extensions::new(),
                    Clock::new(&clock_of(front_end)),
                );
                match begun {
                    Begun::Refused(mut response, kept) => {
                        self.respond(gateway, &mut response, kept, front_end);
                    }
                    Begun::Admitted(mode, exchange) => {
                        self.exchange = Some(exchange);
                        self.asked(|connection| connection.admit(mode));
                        // The call for the same request follows.
                        return Stepped::Quick;
                    }
                }
            }
            Step::Data(part) => {
                let exchange = self.exchange.as_mut();
                let taken = exchange.map_or(Ok(()), |exchange| exchange.data(chain, part));
                if let Err(response) = taken {
                    self.interrupt(gateway, response, front_end);
                }
            }
            Step::Refuse(refusal) => {
                let mut exchange = self.exchange.take().unwrap_or_default();
                let refusal = exchange.with_limit(*refusal);
                front_end.on_refusal(&refusal);
                // A deferred response may have its own page for the time at which it is late.
                let last = exchange.last_response(chain, now, Clock::new(&clock_of(front_end)));
                if let Some(mut response) = last {
                    self.respond(gateway, &mut response, Some(exchange), front_end);
                    return Stepped::Ran;
                }
                let (mut response, kept) =
                    exchange.refuse(chain, &refusal, *now, Clock::new(&clock_of(front_end)));
                self.respond(gateway, &mut response, kept, front_end);
            }
            Step::Pending { until } => {
                let mut context = Context::from_waker(front_end.waker());
                let mut exchange = self.exchange.take().unwrap_or_default();
                match poll_time::at(now, || exchange.poll_response(chain, &mut context)) {
                    Poll::Ready(mut response) => {
                        exchange.after(chain, &mut response, Clock::new(&clock_of(front_end)));
                        self.respond(gateway, &mut response, Some(exchange), front_end);
                    }
                    Poll::Pending => {
                        self.exchange = Some(exchange);
                        return Stepped::Waits(Wait::Pending { until: *until });
                    }
                }
            }
            Step::SendBody => return self.send_body(gateway, now, front_end),
            Step::Read { until } => return Stepped::Waits(Wait::Read { until: *until }),
            Step::Write { until } => return Stepped::Waits(Wait::Write { until: *until }),
            Step::Close(reason) => {
                if let CloseReason::ResponseBroken | CloseReason::ResponseReset = reason {
                    let error = self.exchange.as_ref().map(|exchange| exchange.body_error());
                    let error = error.unwrap_or(ResponseError::BodyError);
                    self.report(gateway, &error, self.exchange.as_deref(), front_end);
                }
                return Stepped::Waits(Wait::Close(*reason));
            }
        }
        Stepped::Ran
    }

    /// Stops waiting for something that will never be ready. A missing response becomes a 500, and the body is cut off.
    #[cfg(not(feature = "std"))]
    pub(super) fn give_up(&mut self, gateway: &Shared, front_end: &mut impl FrontEnd) {
        let mut exchange = self.exchange.take().unwrap_or_default();
        if exchange.blocks.is_some() {
            return self.end_body(Err(BodyError));
        }
        let chain = Chain::new(gateway, &self.caller);
        let mut response = exchange.give_up(chain, Clock::new(&clock_of(front_end)));
        self.respond(gateway, &mut response, Some(exchange), front_end);
    }

    /// Gives a response, or keeps the state needed to wait for it.
    pub(super) fn respond(
        &mut self,
        gateway: &Shared,
        response: &mut Response,
        exchange: Option<Box<Exchange>>,
        front_end: &mut impl FrontEnd,
    ) {
        if response.is_pending() && self.connection.defer().is_ok() {
            let mut exchange = exchange.unwrap_or_default();
            exchange.defer(response);
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
            debug_assert!(false, "the driver responds when it is asked to");
            return;
        };
        if let Some(error) = &summary.error {
            self.report(gateway, error, exchange.as_deref(), front_end);
        }
        if summary.is_stream {
            let mut exchange = exchange.unwrap_or_default();
            exchange.kind = StreamKind::of(response);
            exchange.blocks = response.body.take_blocks();
            exchange.declared = summary.content_length;
            exchange.put_off_filler(self.connection.last_step());
            self.exchange = Some(exchange);
        }
        front_end.on_response(summary);
    }

    #[inline]
    fn respond_prepared(&mut self, prepared: &PreparedResponse, front_end: &mut impl FrontEnd) {
        if front_end.is_stopping() {
            self.connection.stop();
        }
        match &self.connection.respond_prepared(prepared) {
            Ok(summary) => front_end.on_response(summary),
            Err(OutOfTurn) => debug_assert!(false, "the driver responds when it is asked to"),
        }
    }

    /// Runs a command that matches the last step.
    pub(super) fn asked<E>(&mut self, command: impl FnOnce(&mut Connection<C>) -> Result<(), E>) {
        let was_asked = command(&mut self.connection).is_ok();
        debug_assert!(
            was_asked,
            "the driver gives the command that the step asks for"
        );
    }

    #[cold]
    pub(super) fn report(
        &self,
        gateway: &Shared,
        error: &ResponseError,
        exchange: Option<&Exchange>,
        front_end: &mut impl FrontEnd,
    ) {
        let unknown = Exchange::default();
        let request = exchange
            .unwrap_or(&unknown)
            .info(gateway, &self.caller.info);
        gateway.report(error, &request);
        front_end.on_error(error, &request);
    }
}
