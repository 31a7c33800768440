//! What the machine asks for, and what it tells.

use crate::message::admission::Receiver;
use crate::message::fields::FieldLines;
use crate::message::head::Head;
use crate::message::request::Request;
use crate::message::response::{Response, ResponseError};
use crate::values::error::Error;
use crate::values::method::Method;
use crate::values::status::Status;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::ToString;
use core::fmt;
use core::time::Duration;

/// The next thing to do with a [`Connection`](crate::Connection).
#[derive(Debug)]
pub enum Step<'c> {
    /// A head has come and content will follow: say with [`admit`](crate::Connection::admit) what shall
    /// become of it.
    Admit(Head<'c>),
    /// A request is whole: answer it with [`respond`](crate::Connection::respond).
    Call(Request<'c>),
    /// The content of a request has gone to its receiver: let it finish, and respond with its answer.
    Finish(Ending<'c>),
    /// What came is no request: respond with a page that says so. The connection closes behind it.
    Refuse(Refusal<'c>),
    /// Nothing can be done without more input. Read until that monotonic time, then step again.
    Read {
        /// The deadline; `Duration::MAX` for none.
        until: Duration,
    },
    /// Output waits. Write until that monotonic time, then step again.
    Write {
        /// The deadline; `Duration::MAX` for none.
        until: Duration,
    },
    /// Everything is done and written; close the transport.
    Close(CloseReason),
}

/// A request whose content was handed to a [`Receiver`].
pub struct Ending<'c> {
    pub(super) head: Head<'c>,
    pub(super) trailers: FieldLines<'c>,
    pub(super) receiver: &'c mut Option<Box<dyn Receiver>>,
}

impl<'c> Ending<'c> {
    /// The head.
    pub fn head(&self) -> Head<'c> {
        self.head
    }

    /// The answer of the receiver.
    pub fn finish(self) -> Response {
        match self.receiver.take() {
            Some(receiver) => receiver.finish(self.trailers),
            None => Response::failed(ResponseError::Other(
                "the receiver has finished before".to_string(),
            )),
        }
    }
}

impl fmt::Debug for Ending<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ending").field(&self.head).finish()
    }
}

/// Input that cannot be answered by an application.
#[derive(Clone, Copy, Debug)]
pub struct Refusal<'c> {
    /// What is wrong.
    pub error: Error,
    /// Where: the number of octets of the whole connection before the first one that cannot be right,
    /// or before the value that cannot be right as a whole.
    pub at: u64,
    /// The method, if it came that far.
    pub method: Option<Method>,
    /// The request line as far as it came, without its line end; any octets whatever.
    pub line: &'c [u8],
}

impl Refusal<'_> {
    /// One line of plain text that says what is wrong and by which rule.
    pub fn page(&self) -> Response {
        let status = self.error.status();
        Response::text(format!("{status}: {}\n", self.error)).with_status(status)
    }
}

/// What was answered, for a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The status that was sent; 500 in place of a response that broke the rules.
    pub status: Status,
    /// Octets of content that go out; `None` for a stream whose length is not known.
    pub content_length: Option<u64>,
    /// Whether the connection goes on behind it.
    pub persists: bool,
    /// How the application broke the rules.
    pub error: Option<ResponseError>,
}

/// Why a connection ends; the first reason stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseReason {
    /// The peer ended its side between two requests.
    InputEnded,
    /// Peer or server wanted no more than the last exchange (RFC 9112 section 9.3).
    Persistence,
    /// Something was refused: what may follow it cannot be trusted, or was not read.
    Refused,
    /// No request came in time.
    Idle,
    /// [`stop`](crate::Connection::stop) was called between two requests.
    Stopped,
    /// The peer did not take its answer in time; what was left of it is gone.
    WriteTimeout,
    /// The content of an answer broke off; its framing shows the peer that it is incomplete.
    ResponseBroken,
    /// As [`ResponseBroken`](CloseReason::ResponseBroken), but in an answer that only the end of the connection
    /// delimits: nothing but a reset of the transport shows that it is incomplete.
    ResponseReset,
}
