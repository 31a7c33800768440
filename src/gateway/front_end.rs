//! What a session asks of its front end, and what it tells.

use crate::connection::{Message, Refusal, ResponseSummary};
use crate::message::head::Head;
use crate::message::response::ResponseError;
use crate::values::now::Now;
use core::task::Waker;

/// The side of a [`Session`](crate::Session) that faces the world: it has a clock, and may watch. Only
/// [`now`](FrontEnd::now) must be there; a [`Now`] alone is a front end in which time stands still.
///
/// ```
/// use bytegate::{ConnectionInfo, FrontEnd, Gateway, Now, Request, ResponseSummary, Wait};
///
/// struct Counter(u32);
///
/// impl FrontEnd for Counter {
///     fn now(&mut self) -> Now {
///         Now::default()
///     }
///
///     fn answered(&mut self, _: &ResponseSummary) {
///         self.0 += 1;
///     }
/// }
///
/// let gateway = Gateway::new(|_: &Request<'_>| "hello\n");
/// let mut session = gateway.session(ConnectionInfo::default());
/// let (mut counter, mut input) = (Counter(0), &b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..]);
/// assert!(matches!(session.turn_for(&mut input, &mut counter), Wait::Write { .. }));
/// assert_eq!(counter.0, 1);
/// ```
pub trait FrontEnd {
    /// The time.
    fn now(&mut self) -> Now;

    /// Who is woken when an answer, a block of content or a receiver is ready that was waited for.
    fn waker(&self) -> &Waker {
        Waker::noop()
    }

    /// Whether the server stops: then the next answer is the last of its connection.
    fn is_stopping(&self) -> bool {
        false
    }

    /// A head is whole; it began at that byte of the connection.
    fn head(&mut self, head: &Head<'_>, at: u64) {
        let _ = (head, at);
    }

    /// A request is whole, with its content; `end` bytes of the connection are used up.
    fn request(&mut self, request: &Message<'_>, end: u64) {
        let _ = (request, end);
    }

    /// What came is no request.
    fn refusal(&mut self, refusal: &Refusal<'_>) {
        let _ = refusal;
    }

    /// An answer was given.
    fn answered(&mut self, summary: &ResponseSummary) {
        let _ = summary;
    }

    /// A response broke the rules, panicked or broke off.
    fn error(&mut self, error: &ResponseError) {
        let _ = error;
    }
}

impl FrontEnd for Now {
    fn now(&mut self) -> Now {
        *self
    }
}
