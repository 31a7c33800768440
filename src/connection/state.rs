//! The states of a connection, and the data that each of them holds.

use super::CloseReason;
use super::body_reader::{BodyReader, Gathered};
use super::encoder::Delimiter;
use crate::message::framing::Decisions;
use crate::values::method::Method;
use crate::values::protocol_error::{InvalidRequest, ProtocolError};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

/// Rare states are boxed to keep `State` small.
#[derive(Debug)]
pub(super) enum State {
    /// Between requests, or inside a head.
    Head(Waiting),
    /// A head was returned and is still in the input. An admission must follow.
    Admit(Decisions),
    Body(Box<BodyReader>, Decisions),
    /// The request was returned and a response must follow. A buffered body is held until then.
    Call(Option<Box<Gathered>>, Decisions),
    /// The response was deferred.
    Deferred(Box<Deferred>),
    Fault(InvalidRequest, Box<RejectedRequest>),
    /// The error was returned. An error page must follow.
    Refuse(ProtocolError, Box<RejectedRequest>),
    /// The body is sent block by block.
    Stream(Delimiter, AfterResponse, NextBlock),
    Close(CloseReason),
}

/// A deferred response.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deferred {
    pub(super) exchange: Decisions,
    pub(super) since: Duration,
    /// Whether the request is complete, so that another one may follow the response.
    pub(super) finished: bool,
}

/// The state of waiting for a head.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    pub(super) since: Duration,
    /// Whether at least one byte of it has arrived.
    pub(super) begun: bool,
}

/// The known parts of a refused request.
pub(super) struct RejectedRequest {
    pub(super) method: Option<Method>,
    /// The head, if it was complete. Otherwise empty.
    pub(super) head: Vec<u8>,
}

/// Returns the state that records a fault. The offset of the fault counts from the first unused byte. Nothing after the
/// fault is interpreted.
#[cold]
pub(super) fn failed(fault: InvalidRequest, method: Option<Method>) -> State {
    failed_in(Vec::new(), fault, method)
}

/// Like [`failed`], for a request whose head was complete.
#[cold]
pub(super) fn failed_in(head: Vec<u8>, fault: InvalidRequest, method: Option<Method>) -> State {
    State::Fault(fault, Box::new(RejectedRequest { method, head }))
}

/// When the next block of a response is requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NextBlock {
    /// At once. The first block is sent together with the head.
    Now,
    /// After a write, so that the peer receives each block promptly.
    AfterWrite,
}

/// The next state after a response.
#[derive(Clone, Copy, Debug)]
pub(super) enum AfterResponse {
    NextRequest,
    Close(CloseReason),
}

impl core::fmt::Debug for RejectedRequest {
    /// Omits the head, which may contain credentials.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "RejectedRequest({:?})", self.method)
    }
}
