//! Admission of request bodies, and receivers that process them as they arrive.

use crate::headers::headers::Headers;
use crate::message::head::Head;
use crate::request::extensions::Extensions;
use crate::response::response::Response;
use crate::values::protocol_error::ProtocolError;
use alloc::boxed::Box;
use alloc::vec::Vec;
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
///     fn call(&self, request: &Request) -> Response {
///         Response::text(format!("{} bytes\n", request.body().len()))
///     }
///
///     fn admit(&self, request: &Request) -> Admission {
///         match request.headers().get("Authorization") {
///             Some(_) => Admission::buffer().up_to(16 << 20),
///             None => Admission::refuse(Status::UNAUTHORIZED),
///         }
///     }
/// }
///
/// let response = Gateway::new(Inbox).handle(b"PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n");
/// assert!(response.starts_with(b"HTTP/1.1 401 Unauthorized\r\n"));
/// ```
#[must_use]
pub struct Admission {
    pub(crate) decision: Decision,
    /// The values to add to the request's extensions.
    pub(crate) extensions: Extensions,
    /// The middleware that has seen the request and sees its response, from innermost to outermost.
    pub(crate) passes: Vec<Box<dyn Pass>>,
}

pub(crate) enum Decision {
    /// Buffer up to a number of bytes.
    Buffer(Option<u64>),
    /// Pass on up to a number of bytes.
    Stream(Box<dyn Receiver>, Option<u64>),
    Refuse(Response),
}

/// A middleware around an application, which has seen a request and sees the response to it.
pub(crate) trait Pass: Send + Sync {
    fn after(&self, response: Response) -> Response;
}

impl Admission {
    /// Buffers the body, up to [`Limits::body_bytes`](crate::config::Limits::body_bytes), and then calls the application.
    pub fn buffer() -> Admission {
        Decision::Buffer(None).into()
    }

    /// Passes each block to a receiver as it arrives, without buffering or a limit.
    pub fn stream(receiver: impl Receiver + 'static) -> Admission {
        Decision::Stream(Box::new(receiver), None).into()
    }

    /// Responds at once. The connection closes, because the body was not read (RFC 9112 section 9.3).
    pub fn refuse(response: impl Into<Response>) -> Admission {
        Decision::Refuse(response.into()).into()
    }

    /// Discards a body that does not affect the response. A client that expects `100 Continue` gets the response at
    /// once. From other clients, up to 1 MiB is read and dropped, so that the connection can stay open.
    pub fn discard(head: &Head<'_>, response: Response) -> Admission {
        if head.expects_continue() {
            Admission::refuse(response)
        } else {
            Admission::stream(Discard(response)).up_to(1024 * 1024)
        }
    }

    /// Sets the maximum number of bytes of the body. A longer one gets a 413 (RFC 9110 section 15.5.14). This replaces
    /// [`Limits::body_bytes`](crate::config::Limits::body_bytes), up or down, but does not exceed the limit of a
    /// [`with_body_limit`](crate::with_body_limit) around the application.
    pub fn up_to(mut self, bytes: u64) -> Admission {
        if let Decision::Buffer(limit) | Decision::Stream(_, limit) = &mut self.decision {
            *limit = Some(bytes);
        }
        self
    }

    /// Adds a value to the request's [`Extensions`] before the application is called. An application that looks up the
    /// user to admit an upload need not do so again.
    pub fn with_extension<T: Clone + Send + Sync + 'static>(mut self, value: T) -> Admission {
        self.extensions.insert(value);
        self
    }

    /// Lowers the limit, or sets it if there is none.
    pub(crate) fn at_most(mut self, bytes: u64) -> Admission {
        if let Decision::Buffer(limit) | Decision::Stream(_, limit) = &mut self.decision {
            *limit = Some(limit.map_or(bytes, |limit| limit.min(bytes)));
        }
        self
    }
}

impl From<Decision> for Admission {
    fn from(decision: Decision) -> Admission {
        Admission {
            decision,
            extensions: Extensions::new(),
            passes: Vec::new(),
        }
    }
}

impl fmt::Debug for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.decision {
            Decision::Buffer(limit) => f.debug_tuple("Buffer").field(limit).finish(),
            Decision::Stream(_, limit) => f.debug_tuple("Stream").field(limit).finish(),
            Decision::Refuse(response) => write!(f, "Refuse({})", response.status()),
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
///     fn call(&self, _: &Request) -> Response {
///         Response::text("nothing to count\n")
///     }
///
///     fn admit(&self, _: &Request) -> Admission {
///         Admission::stream(Lines(0))
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
