//! Admission of request bodies, and receivers that process them as they arrive.

use crate::headers::headers::Headers;
use crate::message::head::Head;
use crate::request::extensions::Extensions;
use crate::response::response::Response;
use crate::values::protocol_error::ProtocolError;
use alloc::boxed::Box;
use core::fmt;
use core::task::{Context, Poll};

/// The decision about a request body, made when only the head has arrived.
///
/// ```
/// use bytegate::{Application, Gateway, Request, Response, Status};
/// use bytegate::upload::Admission;
///
/// struct Inbox;
///
/// impl Application for Inbox {
///     fn call(&self, request: &Request<'_>) -> Response {
///         Response::text(format!("{} bytes\n", request.body().len()))
///     }
///
///     fn admit(&self, request: &Request<'_>) -> Admission {
///         match request.headers().get("Authorization") {
///             Some(_) => Admission::BufferUpTo(16 << 20),
///             None => Admission::Refuse(Status::UNAUTHORIZED.into()),
///         }
///     }
/// }
///
/// let response = Gateway::new(Inbox).handle(b"PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n");
/// assert!(response.starts_with(b"HTTP/1.1 401 Unauthorized\r\n"));
/// ```
#[non_exhaustive]
pub enum Admission {
    /// Buffer the body, up to [`Limits::body_bytes`](crate::config::Limits::body_bytes), then call the application.
    Buffer,
    /// Buffer the body, but up to the given number of bytes.
    BufferUpTo(u64),
    /// Buffer the body, and add values to the request's extensions before the application is called. An application
    /// that looks up the user to admit an upload need not do so again.
    BufferWith {
        /// The maximum number of bytes; `None` for [`Limits::body_bytes`](crate::config::Limits::body_bytes).
        limit: Option<u64>,
        /// The values to add.
        extensions: Extensions,
    },
    /// Pass on each block as it arrives, without buffering.
    Stream(Box<dyn Receiver>),
    /// Respond at once. The connection closes, because the body was not read (RFC 9112 section 9.3).
    Refuse(Response),
}

impl fmt::Debug for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Admission::Buffer => f.write_str("Buffer"),
            Admission::BufferUpTo(limit) => write!(f, "BufferUpTo({limit})"),
            Admission::BufferWith { limit, extensions } => {
                write!(f, "BufferWith({limit:?}, {extensions:?})")
            }
            Admission::Stream(_) => f.write_str("Stream"),
            Admission::Refuse(response) => write!(f, "Refuse({})", response.status()),
        }
    }
}

impl Admission {
    /// Discards a body that does not affect the response. A client that expects `100 Continue` gets the response at
    /// once. From other clients, up to 1 MiB is read and dropped, so that the connection can stay open.
    pub fn discard(head: &Head<'_>, response: Response) -> Admission {
        match head.expects_continue() {
            true => Admission::Refuse(response),
            false => Admission::Stream(Box::new(Discard(response))),
        }
    }
}

struct Discard(Response);

impl Receiver for Discard {
    fn data(&mut self, _: &[u8]) -> Result<(), Response> {
        Ok(())
    }

    fn finish(self: Box<Self>, _: Headers<'_>) -> Response {
        self.0
    }

    fn limit(&self) -> u64 {
        1024 * 1024
    }
}

/// A receiver of a request body. It processes the body block by block and responds at the end.
///
/// The last call is exactly one of [`finish`](Receiver::finish), [`abort`](Receiver::abort) and a refusal by
/// [`data`](Receiver::data).
///
/// ```
/// use bytegate::{Application, Gateway, Request, Response, Status};
/// use bytegate::headers::Headers;
/// use bytegate::upload::{AbortReason, Admission, Receiver};
///
/// struct Lines(usize);
///
/// impl Receiver for Lines {
///     fn data(&mut self, part: &[u8]) -> Result<(), Response> {
///         if part.contains(&0) {
///             return Err(Status::UNPROCESSABLE_CONTENT.into());
///         }
///         self.0 += part.iter().filter(|byte| **byte == b'\n').count();
///         Ok(())
///     }
///
///     fn finish(self: Box<Self>, _: Headers<'_>) -> Response {
///         Response::text(format!("{} lines\n", self.0))
///     }
///
///     fn abort(self: Box<Self>, reason: AbortReason) {
///         eprintln!("an upload of {} lines and more was cut off: {reason}", self.0);
///     }
/// }
///
/// struct Counter;
///
/// impl Application for Counter {
///     fn call(&self, _: &Request<'_>) -> Response {
///         Response::text("nothing to count\n")
///     }
///
///     fn admit(&self, _: &Request<'_>) -> Admission {
///         Admission::Stream(Box::new(Lines(0)))
///     }
/// }
///
/// let response = Gateway::new(Counter).handle(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\na\nb\n");
/// assert!(response.ends_with(b"2 lines\n"));
/// ```
pub trait Receiver: Send {
    /// Polls whether a block can be accepted now. Until then, nothing is read from the client, except for up to 64 KiB
    /// that let `net` notice a disconnected client. The receiver must wake the waker of the context when it is ready
    /// again. If it is not ready within [`Timeouts::response`](crate::config::Timeouts::response), it is
    /// [aborted](Receiver::abort), and the response is a 503. `handle` blocks while it waits (feature `std`).
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let _ = context;
        Poll::Ready(())
    }

    /// Processes the next bytes of the body. They are decoded and never empty.
    ///
    /// # Errors
    /// Returns a response to refuse the rest. It is sent at once, and the connection closes.
    fn data(&mut self, part: &[u8]) -> Result<(), Response>;

    /// Responds when the body is complete.
    fn finish(self: Box<Self>, trailers: Headers<'_>) -> Response;

    /// Called when the body will never be complete.
    fn abort(self: Box<Self>, reason: AbortReason) {
        let _ = reason;
    }

    /// Returns the maximum number of bytes. Exceeding it results in 413.
    fn limit(&self) -> u64 {
        u64::MAX
    }
}

/// The reason why a body ended early.
///
/// ```
/// use bytegate::connection::ProtocolError;
/// use bytegate::upload::AbortReason;
///
/// assert_eq!(AbortReason::Disconnected.to_string(), "the client disconnected");
/// assert_eq!(AbortReason::Refused(ProtocolError::BodyTimeout).to_string(), ProtocolError::BodyTimeout.to_string());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AbortReason {
    /// The body violates a rule, a limit or a deadline, the client closed its sending side, or the receiver was not
    /// ready in time. The error is sent as the response.
    Refused(ProtocolError),
    /// The connection was lost.
    Disconnected,
}

impl fmt::Display for AbortReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AbortReason::Refused(error) => error.fmt(f),
            AbortReason::Disconnected => f.write_str("the client disconnected"),
        }
    }
}
