//! The commands with which a caller responds to a step.

use super::body_mode::BodyMode;
use super::body_reader::BodyReader;
use super::connection::Connection;
use super::encoder;
use super::progress::Progress;
use super::state::{AfterResponse, Deferred, NextBlock, State, failed};
use super::step::{CloseReason, OutOfTurn, ResponseSummary};
use crate::body::block::Block;
use crate::body::body_error::BodyError;
use crate::config::config::Config;
use crate::message::framing::Decisions;
use crate::response::reply::PreparedResponse;
use crate::response::response::Response;
use crate::values::protocol_error::{InvalidRequest, ProtocolError};
use alloc::boxed::Box;
use bytes::Bytes;
use core::borrow::Borrow;

impl<C: Borrow<Config>> Connection<C> {
    /// Responds to [`Step::Admit`](super::Step::Admit) by accepting the body.
    ///
    /// # Errors
    /// [`OutOfTurn`] at any other time.
    pub fn admit(&mut self, plan: BodyMode) -> Result<(), OutOfTurn> {
        let State::Admit(exchange) = self.state else {
            return Err(OutOfTurn);
        };
        let Config { limits, timeouts } = self.config.borrow();
        let (framing, body_bytes) = (exchange.framing, limits.body_bytes);
        let progress = Progress::starting_at(self.now.monotonic, &timeouts.body);
        let reader = match plan {
            BodyMode::Buffer => BodyReader::gather(framing, body_bytes, progress),
            BodyMode::BufferUpTo(limit) => BodyReader::gather(framing, limit, progress),
            BodyMode::Stream(limit) => BodyReader::hand_on(framing, limit, progress),
        };
        if reader.is_too_large() {
            let fault =
                InvalidRequest::new(ProtocolError::BodyTooLarge, self.parser.content_length_at());
            self.state = failed(fault, self.parser.method_seen());
            return Ok(());
        }
        // Sent even if a part of the body has already arrived: the output must not depend on how the input was split.
        if exchange.expects_continue {
            self.output.extend(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
        self.state = State::Body(Box::new(reader), exchange);
        Ok(())
    }

    /// Defers the response to [`Step::Request`](super::Step::Request), [`Step::Admit`](super::Step::Admit) or
    /// [`Step::Data`](super::Step::Data). The response is given later with [`respond`](Connection::respond). Until then, no
    /// further request is parsed. Deferring again at [`Step::Pending`](super::Step::Pending) does not extend the deadline.
    ///
    /// # Errors
    /// [`OutOfTurn`] at any other time.
    pub fn defer(&mut self) -> Result<(), OutOfTurn> {
        let (exchange, finished) = match &self.state {
            State::Deferred(_) => return Ok(()),
            State::Call(_, exchange) => (*exchange, true),
            State::Admit(exchange) | State::Body(_, exchange) => (*exchange, false),
            State::Head(_)
            | State::Fault(..)
            | State::Refuse(..)
            | State::Stream(..)
            | State::Close(_) => return Err(OutOfTurn),
        };
        self.state = State::Deferred(Box::new(Deferred {
            exchange,
            since: self.now.monotonic,
            finished,
        }));
        Ok(())
    }

    /// Responds to [`Step::Request`](super::Step::Request), [`Step::Pending`](super::Step::Pending) and
    /// [`Step::Refuse`](super::Step::Refuse) with a response. At [`Step::Admit`](super::Step::Admit) and
    /// [`Step::Data`](super::Step::Data), it responds without waiting for the body and closes the connection.
    ///
    /// The body is taken out of the response. A stream stays in the response, to be sent block by block. A response
    /// that breaks the rules or is itself [deferred](Response::from_future) is replaced by a 500.
    ///
    /// # Errors
    /// [`OutOfTurn`] at any other time.
    #[inline(always)]
    pub fn respond(&mut self, response: &mut Response) -> Result<ResponseSummary, OutOfTurn> {
        let (exchange, finished) = match &self.state {
            State::Call(_, exchange) => (*exchange, true),
            State::Deferred(deferred) => (deferred.exchange, deferred.finished),
            State::Admit(exchange) | State::Body(_, exchange) => (*exchange, false),
            State::Refuse(_, rejected) => (Decisions::of_refused(rejected.method), false),
            State::Head(_) | State::Fault(..) | State::Stream(..) | State::Close(_) => {
                return Err(OutOfTurn);
            }
        };
        self.responses = self.responses.saturating_add(1);
        let error = response.take_error();
        let setting = encoder::Setting {
            exchange: &exchange,
            persists: finished && exchange.persists && self.may_go_on(),
            date: self.date.get(),
        };
        let written = encoder::write(&mut self.output, response, setting);
        let after = match (written.persists, finished) {
            (true, _) => AfterResponse::NextRequest,
            (false, true) => AfterResponse::Close(CloseReason::Persistence),
            (false, false) => AfterResponse::Close(CloseReason::Refused),
        };
        let state = match written.stream {
            Some(delimiter) => State::Stream(delimiter, after, NextBlock::Now),
            None => self.after(after),
        };
        self.set_state(state);
        Ok(ResponseSummary {
            status: response.status(),
            content_length: written.content_length,
            keeps_alive: written.persists,
            is_stream: written.stream.is_some(),
            error: error.map(|error| *error),
        })
    }

    /// Like [`respond`](Connection::respond), with a response that is encoded already.
    ///
    /// # Errors
    /// [`OutOfTurn`] at any other time.
    #[inline(always)]
    pub fn respond_prepared(
        &mut self,
        prepared: &PreparedResponse,
    ) -> Result<ResponseSummary, OutOfTurn> {
        let State::Call(_, exchange) = &self.state else {
            return self.respond_rarely(&mut prepared.to_response());
        };
        self.responses = self.responses.saturating_add(1);
        let persists = exchange.persists && self.may_go_on();
        let setting = encoder::Setting {
            exchange,
            persists,
            date: self.date.get(),
        };
        let content_length = encoder::write_prepared(&mut self.output, prepared, setting);
        let state = self.after(if persists {
            AfterResponse::NextRequest
        } else {
            AfterResponse::Close(CloseReason::Persistence)
        });
        self.set_state(state);
        Ok(ResponseSummary {
            status: prepared.status(),
            content_length: Some(content_length),
            keeps_alive: persists,
            is_stream: false,
            error: None,
        })
    }

    /// Like [`respond`](Connection::respond), but is not inlined.
    #[cold]
    pub(super) fn respond_rarely(
        &mut self,
        response: &mut Response,
    ) -> Result<ResponseSummary, OutOfTurn> {
        self.respond(response)
    }

    /// Responds to [`Step::SendBody`](super::Step::SendBody) with the next block of the body. An empty block is skipped.
    ///
    /// A block that exceeds the declared length is not sent. The connection then closes as if
    /// [`end_body`](Connection::end_body) had been called with an error.
    ///
    /// # Errors
    /// [`OutOfTurn`] at any other time.
    pub fn send(&mut self, block: Bytes) -> Result<(), OutOfTurn> {
        self.send_block(block.into())
    }

    /// Like [`send`](Connection::send), but the block may be a part of a file. No other block is requested before that
    /// is sent.
    pub(crate) fn send_block(&mut self, block: Block) -> Result<(), OutOfTurn> {
        let State::Stream(delimiter, _, next) = &mut self.state else {
            return Err(OutOfTurn);
        };
        *next = NextBlock::AfterWrite;
        match delimiter.write_block(&mut self.output, block) {
            Ok(()) => Ok(()),
            Err(broken) => self.end_body(Err(broken)),
        }
    }

    /// Responds to [`Step::SendBody`](super::Step::SendBody) when no block is ready yet. Pending output is written first, then
    /// the block is requested again.
    ///
    /// # Errors
    /// [`OutOfTurn`] at any other time.
    pub fn flush(&mut self) -> Result<(), OutOfTurn> {
        self.send(Bytes::new())
    }

    /// Responds to [`Step::SendBody`](super::Step::SendBody) when there are no more blocks or when the body ended early.
    ///
    /// If the body ended early or is shorter than the declared length, the connection closes in a way that shows the
    /// peer that the body is incomplete.
    ///
    /// # Errors
    /// [`OutOfTurn`] at any other time.
    pub fn end_body(&mut self, end: Result<(), BodyError>) -> Result<(), OutOfTurn> {
        let State::Stream(delimiter, after, _) = self.state else {
            return Err(OutOfTurn);
        };
        let whole = end.and_then(|()| delimiter.write_end(&mut self.output));
        self.state = match whole {
            Ok(()) => self.after(after),
            Err(BodyError) => State::Close(delimiter.broken_reason()),
        };
        Ok(())
    }
}
