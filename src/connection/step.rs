//! The steps of a connection: its requests to the caller and the information in them.

use crate::message::head::Head;
use crate::request::request::Message;
use crate::response::response::{Response, ResponseError};
use crate::values::method::Method;
use crate::values::protocol_error::ProtocolError;
use crate::values::status::Status;
use alloc::format;
use core::fmt;
use core::time::Duration;

/// The next step to take with a [`Connection`](crate::connection::Connection).
///
/// ```
/// use bytegate::Now;
/// use bytegate::config::Config;
/// use bytegate::connection::{Connection, Step};
/// use bytegate::request::Scheme;
///
/// let mut connection = Connection::new(Config::default(), Scheme::Http);
/// match connection.step(&mut &b"GET /a HTTP/1.1\r\n"[..], Now::default()) {
///     Step::Read { until } => assert_eq!(until, Config::default().timeouts.head),
///     other => unreachable!("the head is incomplete: {other:?}"),
/// }
/// ```
#[derive(Debug)]
pub enum Step<'c> {
    /// A head was received, and a body will follow. Decide how to receive it with
    /// [`admit`](crate::connection::Connection::admit), or respond at once with
    /// [`respond`](crate::connection::Connection::respond).
    Admit(Head<'c>),
    /// The next bytes of a streamed body. Never empty. The caller may respond without waiting for the rest.
    Data(&'c [u8]),
    /// A request is complete. Respond with [`respond`](crate::connection::Connection::respond), or
    /// [`defer`](crate::connection::Connection::defer) the response.
    Request(Message<'c>),
    /// The input is not a valid request, or its response was not ready in time. Respond with an error page. The
    /// connection closes afterwards.
    Refuse(Refusal<'c>),
    /// The deferred response is still missing. Wait for it until the given monotonic time, then call `step` again.
    Pending {
        /// The deadline; `Duration::MAX` for none.
        until: Duration,
    },
    /// The next block of the response body is needed. Provide it with [`send`](crate::connection::Connection::send), or
    /// end the body with [`end_body`](crate::connection::Connection::end_body).
    SendBody,
    /// More input is needed. Read until the given monotonic time, then call `step` again.
    Read {
        /// The deadline; `Duration::MAX` for none.
        until: Duration,
    },
    /// Output is pending. Write until the given monotonic time, then call `step` again.
    Write {
        /// The deadline; `Duration::MAX` for none.
        until: Duration,
    },
    /// Everything has been done and written. Close the transport.
    Close(CloseReason),
}

/// Input that is refused instead of being passed to an application.
///
/// ```
/// use bytegate::Now;
/// use bytegate::config::Config;
/// use bytegate::connection::{Connection, ProtocolError, Step};
/// use bytegate::request::Scheme;
///
/// let mut connection = Connection::new(Config::default(), Scheme::Http);
/// match connection.step(&mut &b"GET /\r\n"[..], Now::default()) {
///     Step::Refuse(refusal) => {
///         assert_eq!((refusal.error, refusal.at), (ProtocolError::VersionMissing, 5));
///         assert_eq!(refusal.line, b"GET /");
///     }
///     _ => unreachable!(),
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Refusal<'c> {
    /// The error.
    pub error: ProtocolError,
    /// The position of the error: the number of bytes on the whole connection before the first invalid byte, or before
    /// the value that is invalid as a whole.
    pub at: u64,
    /// The method, if it was received.
    pub method: Option<Method>,
    /// The request line as far as it was received, without the line ending. It may contain any bytes.
    pub line: &'c [u8],
    /// The bytes that the body could have had, if it is too large. A gateway sets this, because it admits bodies.
    pub body_limit: Option<u64>,
}

impl Refusal<'_> {
    /// Returns a page with one line of plain text that names the error and the rule it violates, and the limit of a body
    /// that is too large.
    pub fn page(&self) -> Response {
        match self.body_limit {
            None => Response::refused(self.error, self.error),
            Some(limit) => {
                let section = self.error.section();
                let sentence =
                    format!("the body is larger than the {limit} bytes allowed here ({section})");
                Response::refused(self.error, sentence)
            }
        }
    }
}

/// A summary of a response.
///
/// ```
/// use bytegate::{Now, Response, Status};
/// use bytegate::config::Config;
/// use bytegate::connection::Connection;
/// use bytegate::request::Scheme;
///
/// let mut connection = Connection::new(Config::default(), Scheme::Http);
/// connection.step(&mut &b"GET / HTTP/1.0\r\n\r\n"[..], Now::default());
/// let summary = connection.respond(&mut Response::text("hello"))?;
/// assert_eq!((summary.status, summary.content_length), (Status::OK, Some(5)));
/// assert!(!summary.keeps_alive);
/// # Ok::<(), bytegate::connection::OutOfTurn>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseSummary {
    /// The status that was sent. It is 500 if the response broke the rules.
    pub status: Status,
    /// The number of body bytes that are sent. `None` for a stream of unknown length.
    pub content_length: Option<u64>,
    /// Whether the connection stays open afterwards.
    pub keeps_alive: bool,
    /// Whether the body is requested block by block with [`Step::SendBody`].
    pub is_stream: bool,
    /// The error in the application's response, if any.
    pub error: Option<ResponseError>,
}

/// The error of a command that does not match the last step. The connection is unchanged.
///
/// ```
/// use bytegate::Response;
/// use bytegate::config::Config;
/// use bytegate::connection::{Connection, OutOfTurn};
/// use bytegate::request::Scheme;
///
/// let mut connection = Connection::new(Config::default(), Scheme::Http);
/// let result = connection.respond(&mut Response::text("to whom?"));
/// assert_eq!(result, Err(OutOfTurn));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfTurn;

impl fmt::Display for OutOfTurn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the command does not match the last step of the connection")
    }
}

impl core::error::Error for OutOfTurn {}

/// The reason why a connection closes. The first reason is kept.
///
/// ```
/// use bytegate::Now;
/// use bytegate::config::Config;
/// use bytegate::connection::{CloseReason, Connection, Step};
/// use bytegate::request::Scheme;
///
/// let mut connection = Connection::new(Config::default(), Scheme::Http);
/// connection.end_input();
/// let step = connection.step(&mut &b""[..], Now::default());
/// assert!(matches!(step, Step::Close(CloseReason::InputEnded)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseReason {
    /// The peer closed its side between two requests.
    InputEnded,
    /// The peer or the server did not want to keep the connection open (RFC 9112 section 9.3).
    Persistence,
    /// Something was refused. The input after it cannot be trusted or was not read.
    Refused,
    /// No request arrived in time.
    Idle,
    /// [`stop`](crate::connection::Connection::stop) was called between two requests.
    Stopped,
    /// The peer did not read its response in time. The rest of the response was discarded.
    WriteTimeout,
    /// The body of a response ended early. The framing shows the peer that it is incomplete.
    ResponseBroken,
    /// Like [`ResponseBroken`](CloseReason::ResponseBroken), but for a response that is delimited by the end of the
    /// connection. Only a reset of the transport shows the peer that it is incomplete.
    ResponseReset,
}
