//! What becomes of content before it comes, and who takes it part by part.

use crate::message::fields::FieldLines;
use crate::message::head::Head;
use crate::message::response::Response;
use crate::values::error::Error;
use alloc::boxed::Box;
use core::fmt;
use core::task::{Context, Poll};

/// The answer to "shall this content come?", given when only the head is there.
///
/// ```
/// use bytegate::{Admission, Application, Gateway, Request, Response, Status};
///
/// struct Inbox;
///
/// impl Application for Inbox {
///     fn call(&self, request: &Request<'_>) -> Response {
///         Response::text(format!("{} bytes\n", request.content().len()))
///     }
///
///     fn admit(&self, request: &Request<'_>) -> Admission {
///         match request.fields().get("Authorization") {
///             Some(_) => Admission::BufferUpTo(16 << 20),
///             None => Admission::Refuse(Status::UNAUTHORIZED.into()),
///         }
///     }
/// }
///
/// let reply = Gateway::new(Inbox).handle(b"PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n");
/// assert!(reply.starts_with(b"HTTP/1.1 401 Unauthorized\r\n"));
/// ```
#[non_exhaustive]
pub enum Admission {
    /// Gather it, up to [`Limits::content_bytes`](crate::Limits::content_bytes), then call.
    Buffer,
    /// Gather it, up to so many bytes instead.
    BufferUpTo(u64),
    /// Hand on each part as it comes; nothing is gathered.
    Stream(Box<dyn Receiver>),
    /// Answer at once. The connection closes, because the content was not read (RFC 9112 section 9.3).
    Refuse(Response),
}

impl fmt::Debug for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Admission::Buffer => f.write_str("Buffer"),
            Admission::BufferUpTo(limit) => write!(f, "BufferUpTo({limit})"),
            Admission::Stream(_) => f.write_str("Stream"),
            Admission::Refuse(response) => write!(f, "Refuse({})", response.status()),
        }
    }
}

impl Admission {
    /// For content that does not matter: the answer is known. A client that asks first gets it at once; from others up
    /// to 1 MiB is read and dropped, so that the connection can stay open.
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

    fn finish(self: Box<Self>, _: FieldLines<'_>) -> Response {
        self.0
    }

    fn limit(&self) -> u64 {
        1024 * 1024
    }
}

/// Takes content part by part, and answers when it has ended. Exactly one of [`finish`](Receiver::finish),
/// [`abort`](Receiver::abort) and a refusal by [`data`](Receiver::data) is its last call.
///
/// ```
/// use bytegate::{Abort, Admission, Application, FieldLines, Gateway, Receiver, Request, Response, Status};
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
///     fn finish(self: Box<Self>, _: FieldLines<'_>) -> Response {
///         Response::text(format!("{} lines\n", self.0))
///     }
///
///     fn abort(self: Box<Self>, reason: Abort) {
///         eprintln!("an upload of {} lines and more broke off: {reason}", self.0);
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
/// let reply = Gateway::new(Counter).handle(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\na\nb\n");
/// assert!(reply.ends_with(b"2 lines\n"));
/// ```
pub trait Receiver: Send {
    /// Whether it can take a part now. While it cannot, nothing is read from the client; it wakes the context's waker when
    /// it can again. `handle` waits by blocking (feature `std`).
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let _ = context;
        Poll::Ready(())
    }

    /// The next bytes of the content, decoded; never empty.
    ///
    /// # Errors
    /// An answer, to refuse the rest: it is sent at once, and the connection closes.
    fn data(&mut self, part: &[u8]) -> Result<(), Response>;

    /// The content is whole.
    fn finish(self: Box<Self>, trailers: FieldLines<'_>) -> Response;

    /// The content is not whole and will never be.
    fn abort(self: Box<Self>, reason: Abort) {
        let _ = reason;
    }

    /// How many bytes may come. Past it: 413.
    fn limit(&self) -> u64 {
        u64::MAX
    }
}

/// Why content broke off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Abort {
    /// It breaks a rule, a limit or a deadline, or the client ended its side; it is answered so.
    Refused(Error),
    /// The connection is gone.
    Disconnected,
}

impl fmt::Display for Abort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Abort::Refused(error) => error.fmt(f),
            Abort::Disconnected => f.write_str("the connection is gone"),
        }
    }
}
