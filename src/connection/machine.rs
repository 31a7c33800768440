//! The transitions of a connection. Each takes a state by value and returns the next one.

use super::body_reader::{BodyReader, Taken};
use super::progress::{Progress, is_late};
use super::state::{AfterResponse, Deferred, NextBlock, State, Waiting, failed, failed_in};
use super::{CloseReason, Connection, Step};
use crate::config::config::Config;
use crate::message::framing::{Decisions, Framing};
use crate::message::head::Head;
use crate::response::response::Response;
use crate::syntax::head::Parsed;
use crate::values::method::Method;
use crate::values::protocol_error::{InvalidRequest, ProtocolError};
use alloc::boxed::Box;
use core::borrow::Borrow;
use core::time::Duration;

/// The result of a transition that needs the caller. It becomes a [`Step`](super::Step) once the state no longer
/// changes.
pub(super) enum Pause<'i> {
    /// A head.
    Admit(&'i [u8]),
    /// A part of a body that is streamed.
    Data(&'i [u8]),
    /// A request in one piece.
    Call(&'i [u8]),
    CallGathered,
    Pending(Duration),
    SendBody,
    /// The fault, and the input that contains it.
    Refuse(InvalidRequest, &'i [u8]),
    Read(Duration),
    Write(Duration),
    Close(CloseReason),
}

/// The next state, and a pause if the transition needs the caller.
type Transition<'i> = (State, Option<Pause<'i>>);

impl<C: Borrow<Config>> Connection<C> {
    /// Runs transitions until one of them needs the caller.
    #[inline(never)]
    pub(super) fn advance<'c, 'i: 'c>(&'c mut self, input: &mut &'i [u8]) -> Step<'c> {
        loop {
            if self.output.len() >= self.config.borrow().limits.output_bytes.max(1) {
                let pause = self.write();
                return self.show(pause);
            }
            let pause = match self.state {
                // Most steps begin in this state, so it is read in place.
                State::Head(_) => match self.head(input) {
                    Some(Pause::Call(request)) => return self.show_call(request),
                    pause => pause,
                },
                _ => self.leave(input),
            };
            if let Some(pause) = pause {
                return self.show_in_order(pause);
            }
        }
    }

    /// Runs the transition out of any other state. The state is taken out for this.
    #[inline(never)]
    fn leave<'i>(&mut self, input: &mut &'i [u8]) -> Option<Pause<'i>> {
        let (state, pause) = match self.take_state() {
            // Handled in place by [`advance`](Connection::advance).
            state @ State::Head(_) => (state, None),
            State::Close(reason) => {
                *input = &[];
                (State::Close(reason), Some(Pause::Close(reason)))
            }
            State::Body(reader, exchange) => self.body(reader, exchange, input),
            State::Stream(delimiter, after, next)
                if !self.output.is_empty()
                    && (next == NextBlock::AfterWrite || self.output.has_file()) =>
            {
                self.state = State::Stream(delimiter, after, NextBlock::Now);
                let write = self.write();
                (self.take_state(), Some(write))
            }
            state @ State::Stream(..) => (state, Some(Pause::SendBody)),
            State::Deferred(deferred) => self.deferred(deferred),
            State::Fault(fault, rejected) => (
                State::Refuse(fault.error, rejected),
                Some(Pause::Refuse(fault, core::mem::take(input))),
            ),
            State::Admit(exchange) | State::Call(_, exchange) => {
                let method = exchange.is_head.then_some(Method::HEAD);
                (
                    failed(InvalidRequest::new(ProtocolError::NoResponse, 0), method),
                    None,
                )
            }
            // A refusal without a response gets the default page.
            State::Refuse(error, rejected) => {
                self.state = State::Refuse(error, rejected);
                // Cannot fail: this state accepts a response.
                let _ = self.respond_rarely(&mut Response::from(error.status()));
                (self.take_state(), None)
            }
        };
        self.state = state;
        pause
    }

    /// Parses one head and makes the decisions about framing and persistence.
    #[inline(always)]
    fn head<'i>(&mut self, input: &mut &'i [u8]) -> Option<Pause<'i>> {
        match self.parser.advance(input, &self.config.borrow().limits) {
            Ok(Parsed::Head) => {}
            Ok(Parsed::Incomplete) => return self.wait_for_head(input).map(Pause::Read),
            Ok(Parsed::EmptyLine) => {
                self.take(input, 2);
                return None;
            }
            Err(fault) => {
                self.state = failed(fault, self.parser.method_seen());
                return None;
            }
        }
        let bytes = input.get(..self.parser.end()).unwrap_or_default();
        let valid = self.parser.validate(input, self.scheme);
        let valid = valid.and_then(|layout| Decisions::of(&Head::new(bytes, layout)));
        match valid {
            Err(fault) => {
                let method = self.parser.method_seen();
                self.state = failed_in(bytes.to_vec(), fault, method);
                None
            }
            Ok(exchange) if exchange.framing == Framing::None => {
                self.take(input, bytes.len());
                self.set_state(State::Call(None, exchange));
                Some(Pause::Call(bytes))
            }
            Ok(exchange) => {
                self.state = State::Admit(exchange);
                Some(Pause::Admit(bytes))
            }
        }
    }

    /// Handles a head that is incomplete or has not begun. Returns the time until which to wait for more of it.
    #[inline(never)]
    pub(super) fn wait_for_head(&mut self, input: &[u8]) -> Option<Duration> {
        let State::Head(mut waiting) = self.state else {
            return None;
        };
        let now = self.now.monotonic;
        let begun = !input.is_empty();
        // On a new connection, the deadline counts from when the connection was opened.
        if begun && !waiting.begun && self.responses > 0 {
            waiting.since = now;
        }
        waiting.begun = begun;
        let timeouts = &self.config.borrow().timeouts;
        let until = waiting.since.saturating_add(match (begun, self.responses) {
            (true, _) | (false, 0) => timeouts.head,
            (false, _) => timeouts.idle,
        });
        let until = self.sooner_after_a_stop(until);
        let late = is_late(now, until) && self.output.is_empty();
        let failed = |error| {
            failed(
                InvalidRequest::new(error, input.len()),
                self.parser.method_seen(),
            )
        };
        self.state = match (begun, self.input_ended, self.stopping) {
            (true, true, _) => failed(ProtocolError::HeadIncomplete),
            (true, false, _) if late => failed(ProtocolError::HeadTimeout),
            (false, true, _) => State::Close(CloseReason::InputEnded),
            (false, false, true) => State::Close(CloseReason::Stopped),
            (false, false, false) if late => State::Close(CloseReason::Idle),
            (_, false, _) => {
                self.set_state(State::Head(waiting));
                return Some(until);
            }
        };
        None
    }

    /// Returns the deadline of an incomplete request, which is earlier if the connection was asked to stop.
    fn sooner_after_a_stop(&mut self, until: Duration) -> Duration {
        if !self.stopping {
            return until;
        }
        let soon = self
            .now
            .monotonic
            .saturating_add(self.config.borrow().timeouts.stop);
        until.min(*self.whole_by.get_or_insert(soon))
    }

    /// Reads the body of an admitted request.
    fn body<'i>(
        &mut self,
        mut reader: Box<BodyReader>,
        exchange: Decisions,
        input: &mut &'i [u8],
    ) -> Transition<'i> {
        let head = self.parser.end();
        let whole = reader
            .whole_in(input, head)
            .and_then(|length| input.get(..length));
        // Head and body are in one piece, so nothing is copied.
        if let Some(request) = whole {
            self.take(input, request.len());
            return (State::Call(None, exchange), Some(Pause::Call(request)));
        }
        let method = self.parser.method_seen();
        let (used, taken) =
            match reader.take_in(input, head, self.config.borrow(), self.now.monotonic) {
                Ok(taken) => taken,
                Err(fault) => return (failed_in(reader.into_head(), fault, method), None),
            };
        self.take(input, used);
        match taken {
            Taken::Part(part) => {
                return (State::Body(reader, exchange), Some(Pause::Data(part)));
            }
            Taken::Whole(trailers) => {
                let gathered = Box::new(reader.into_gathered(trailers));
                return (
                    State::Call(Some(gathered), exchange),
                    Some(Pause::CallGathered),
                );
            }
            Taken::Incomplete => {}
        }
        let until = reader
            .progress
            .deadline(&self.config.borrow().timeouts.body);
        let until = self.sooner_after_a_stop(until);
        let late = is_late(self.now.monotonic, until) && self.output.is_empty();
        let error = match (self.input_ended, late) {
            (true, _) => ProtocolError::BodyIncomplete,
            (false, true) => ProtocolError::BodyTimeout,
            (false, false) => return (State::Body(reader, exchange), Some(Pause::Read(until))),
        };
        let fault = InvalidRequest::new(error, input.len());
        (failed_in(reader.into_head(), fault, method), None)
    }

    /// Handles a deferred response that has not been given yet.
    fn deferred<'i>(&mut self, deferred: Box<Deferred>) -> Transition<'i> {
        let until = deferred
            .since
            .saturating_add(self.config.borrow().timeouts.response);
        if !is_late(self.now.monotonic, until) {
            return (State::Deferred(deferred), Some(Pause::Pending(until)));
        }
        let method = deferred.exchange.is_head.then_some(Method::HEAD);
        (
            failed(
                InvalidRequest::new(ProtocolError::ResponseTimeout, 0),
                method,
            ),
            None,
        )
    }

    /// Returns the state after a response.
    #[inline]
    pub(super) fn after(&mut self, after: AfterResponse) -> State {
        self.parser.restart();
        match after {
            AfterResponse::Close(reason) => State::Close(reason),
            AfterResponse::NextRequest => State::Head(Waiting {
                since: self.now.monotonic,
                begun: false,
            }),
        }
    }

    /// Asks to write, or closes the connection if the peer has been too slow to read the output.
    pub(super) fn write<'i>(&mut self) -> Pause<'i> {
        let now = self.now.monotonic;
        self.needs_update = true;
        let pace = &self.config.borrow().timeouts.write;
        let start = || Progress::starting_at(now, pace);
        let until = self.writing.get_or_insert_with(start).deadline(pace);
        if !is_late(now, until) {
            return Pause::Write(until);
        }
        self.output.clear();
        self.state = State::Close(CloseReason::WriteTimeout);
        Pause::Close(CloseReason::WriteTimeout)
    }

    /// Removes used bytes from the front of the input.
    fn take(&mut self, input: &mut &[u8], count: usize) {
        self.offset = self.offset.saturating_add(count as u64);
        *input = input.get(count..).unwrap_or_default();
    }

    /// Sets the state. Nothing is called to drop the one before if it holds no memory, as in most transitions.
    #[inline(always)]
    pub(super) fn set_state(&mut self, state: State) {
        let before = core::mem::replace(&mut self.state, state);
        if let State::Head(_) | State::Call(None, _) = before {
            core::mem::forget(before);
        }
    }

    /// Takes the state out. The caller must set a new one at once.
    pub(super) fn take_state(&mut self) -> State {
        core::mem::replace(&mut self.state, State::Close(CloseReason::Refused))
    }
}
