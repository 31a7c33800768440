//! What becomes of content before it comes.

use super::fields::FieldLines;
use super::head::Head;
use super::response::Response;
use alloc::boxed::Box;
use core::fmt;

/// The answer to "shall this content come?", given when only the head is there.
#[non_exhaustive]
pub enum Admission {
    /// Gather it, up to [`Limits::content_bytes`](crate::Limits::content_bytes), then call.
    Buffer,
    /// Gather it, up to so many octets instead.
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
    /// to 1 MiB is read and forgotten, so that the connection can go on.
    pub fn discard(head: &Head<'_>, response: Response) -> Admission {
        match head.expects_continue() {
            true => Admission::Refuse(response),
            false => Admission::Stream(Box::new(Discard(response))),
        }
    }
}

struct Discard(Response);

impl Receiver for Discard {
    fn data(&mut self, _: &[u8]) {}

    fn finish(self: Box<Self>, _: FieldLines<'_>) -> Response {
        self.0
    }

    fn limit(&self) -> u64 {
        1024 * 1024
    }
}

/// Takes content part by part, and answers when it has ended.
///
/// If the content is refused, breaks off or comes too slowly, the receiver is dropped without `finish`.
pub trait Receiver: Send {
    /// The next octets of the content, decoded; never empty.
    fn data(&mut self, part: &[u8]);

    /// The content is whole.
    fn finish(self: Box<Self>, trailers: FieldLines<'_>) -> Response;

    /// How many octets may come. Past it: 413.
    fn limit(&self) -> u64 {
        u64::MAX
    }
}
