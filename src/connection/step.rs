//! The events of a connection: what it asks for, and what it tells.

use crate::message::fields::FieldLines;
use crate::message::head::Head;
use crate::message::response::{Response, ResponseError};
use crate::values::error::Error;
use crate::values::method::Method;
use crate::values::status::Status;
use alloc::format;
use core::fmt;
use core::time::Duration;

/// The next thing to do with a [`Connection`](crate::Connection).
///
/// ```
/// use bytegate::{Config, Connection, Now, Scheme, Step};
///
/// let mut connection = Connection::new(Config::default(), Scheme::Http);
/// match connection.step(&mut &b"GET /a HTTP/1.1\r\n"[..], Now::default()) {
///     Step::Read { until } => assert_eq!(until, Config::default().timeouts.head),
///     other => unreachable!("the head is not whole: {other:?}"),
/// }
/// ```
#[derive(Debug)]
pub enum Step<'c> {
    /// A head has come, and content will follow: say with [`admit`](crate::Connection::admit) what becomes of it, or
    /// answer at once with [`respond`](crate::Connection::respond).
    Admit(Head<'c>),
    /// The next bytes of content that is handed on; never empty. May be answered at once.
    Content(&'c [u8]),
    /// A request is whole: answer it with [`respond`](crate::Connection::respond), or
    /// [`defer`](crate::Connection::defer) the answer.
    Call(Message<'c>),
    /// What came is no request, or its answer is too late: respond with a page that says so. The connection closes
    /// afterwards.
    Refuse(Refusal<'c>),
    /// The answer that was deferred is still owed. Wait for it until that monotonic time, then step again.
    Answer {
        /// The deadline; `Duration::MAX` for none.
        until: Duration,
    },
    /// The next block of the answer's content is wanted: give it with [`send`](crate::Connection::send), or end the
    /// content with [`end_body`](crate::Connection::end_body).
    Body,
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

/// A request as it came: head, content and trailers. Everything is borrowed; nothing was copied if it came in one piece.
///
/// ```
/// use bytegate::{Config, Connection, Now, Scheme, Step};
///
/// let mut connection = Connection::new(Config::default(), Scheme::Http);
/// match connection.step(&mut &b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"[..], Now::default()) {
///     Step::Call(message) => assert_eq!((message.head.path(), message.content), ("/a", &b""[..])),
///     other => unreachable!("the request is whole: {other:?}"),
/// }
/// ```
#[derive(Clone, Copy)]
pub struct Message<'c> {
    /// The head.
    pub head: Head<'c>,
    /// The content, decoded; empty if there is none, or if it was handed on.
    pub content: &'c [u8],
    /// The fields after chunked content.
    pub trailers: FieldLines<'c>,
}

impl<'c> Message<'c> {
    /// A message of which only the head is there.
    pub(crate) fn of_head(head: Head<'c>) -> Message<'c> {
        Message {
            head,
            content: &[],
            trailers: FieldLines::default(),
        }
    }
}

impl fmt::Debug for Message<'_> {
    /// Without the content, which may be a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("head", &self.head)
            .field("content", &format_args!("{} bytes", self.content.len()))
            .field("trailers", &self.trailers)
            .finish()
    }
}

/// Input that cannot be answered by an application.
///
/// ```
/// use bytegate::{Config, Connection, Error, Now, Scheme, Step};
///
/// let mut connection = Connection::new(Config::default(), Scheme::Http);
/// match connection.step(&mut &b"GET /\r\n"[..], Now::default()) {
///     Step::Refuse(refusal) => {
///         assert_eq!((refusal.error, refusal.at), (Error::VersionMissing, 5));
///         assert_eq!(refusal.line, b"GET /");
///     }
///     _ => unreachable!(),
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Refusal<'c> {
    /// What is wrong.
    pub error: Error,
    /// Where: the number of bytes of the whole connection before the first one that cannot be right,
    /// or before the value that cannot be right as a whole.
    pub at: u64,
    /// The method, if it came that far.
    pub method: Option<Method>,
    /// The request line as far as it came, without its line end; any bytes whatever.
    pub line: &'c [u8],
}

impl Refusal<'_> {
    /// One line of plain text that says what is wrong and by which rule.
    pub fn page(&self) -> Response {
        let status = self.error.status();
        Response::text(format!("{status}: {}\n", self.error)).with_status(status)
    }
}

/// What was answered.
///
/// ```
/// use bytegate::{Config, Connection, Now, Response, Scheme, Status};
///
/// let mut connection = Connection::new(Config::default(), Scheme::Http);
/// connection.step(&mut &b"GET / HTTP/1.0\r\n\r\n"[..], Now::default());
/// let summary = connection.respond(&mut Response::text("hello"))?;
/// assert_eq!((summary.status, summary.content_length), (Status::OK, Some(5)));
/// assert!(!summary.persists);
/// # Ok::<(), bytegate::OutOfTurn>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseSummary {
    /// The status that was sent; 500 in place of a response that broke the rules.
    pub status: Status,
    /// Bytes of content that go out; `None` for a stream whose length is not known.
    pub content_length: Option<u64>,
    /// Whether the connection stays open afterwards.
    pub persists: bool,
    /// Whether the content is asked for block by block, with [`Step::Body`].
    pub streams: bool,
    /// How the application broke the rules.
    pub error: Option<ResponseError>,
}

/// A command that came when nothing had asked for it; the connection is as it was before.
///
/// ```
/// use bytegate::{Config, Connection, OutOfTurn, Response, Scheme};
///
/// let mut connection = Connection::new(Config::default(), Scheme::Http);
/// let answer = connection.respond(&mut Response::text("to whom?"));
/// assert_eq!(answer, Err(OutOfTurn));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfTurn;

impl fmt::Display for OutOfTurn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection did not ask for this")
    }
}

impl core::error::Error for OutOfTurn {}

/// Why a connection ends; the first reason stays.
///
/// ```
/// use bytegate::{CloseReason, Config, Connection, Now, Scheme, Step};
///
/// let mut connection = Connection::new(Config::default(), Scheme::Http);
/// connection.end_input();
/// let step = connection.step(&mut &b""[..], Now::default());
/// assert!(matches!(step, Step::Close(CloseReason::InputEnded)));
/// ```
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
