//! The memory that a connection holds, and the refusal of a request if there is no room.

use super::Connection;
use super::state::{State, Waiting, failed, failed_in};
use crate::config::config::Config;
use crate::values::protocol_error::{InvalidRequest, ProtocolError};
use core::borrow::Borrow;

impl<C: Borrow<Config>> Connection<C> {
    /// Returns the memory that is held for a request that arrives and for pending output, without shared bodies.
    #[inline]
    pub(crate) fn held_bytes(&self) -> usize {
        let body = match &self.state {
            State::Body(reader, _) => reader.held_bytes(),
            _ => 0,
        };
        body + self.output.held_bytes()
    }

    /// Like [`end_input`](Connection::end_input), but a request that has not arrived completely is refused because there is
    /// no room for it.
    pub(crate) fn refuse_for_now(&mut self) {
        self.input_ended = true;
        let (fault, method) = (
            InvalidRequest::new(ProtocolError::Overloaded, 0),
            self.parser.method_seen(),
        );
        self.state = match self.take_state() {
            State::Body(reader, _) => failed_in(reader.into_head(), fault, method),
            State::Head(Waiting { begun: true, .. }) => failed(fault, method),
            other => other,
        };
    }
}
