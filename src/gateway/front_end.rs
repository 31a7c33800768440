//! The clock and the waker that a session needs from its front end, and the events that it reports.

use crate::connection::{Refusal, ResponseSummary};
use crate::message::head::Head;
use crate::middleware::RequestInfo;
use crate::request::request::Message;
use crate::response::response::ResponseError;
use crate::values::now::Now;
use core::cell::RefCell;
use core::task::Waker;
use core::time::Duration;

/// The environment of a [`Session`](crate::Session). It provides a clock and can observe events. Only
/// [`now`](FrontEnd::now) is required. A plain [`Now`] is a front end whose time never changes.
///
/// ```
/// use bytegate::{Gateway, Now, Request};
/// use bytegate::connection::ResponseSummary;
/// use bytegate::gateway::{FrontEnd, Wait};
/// use bytegate::request::ConnectionInfo;
///
/// struct Counter(u32);
///
/// impl FrontEnd for Counter {
///     fn now(&mut self) -> Now {
///         Now::default()
///     }
///
///     fn on_response(&mut self, _: &ResponseSummary) {
///         self.0 += 1;
///     }
/// }
///
/// let gateway = Gateway::new(|_: &Request| "hello\n");
/// let mut session = gateway.session(ConnectionInfo::default());
/// let (mut counter, mut input) = (Counter(0), &b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..]);
/// assert!(matches!(session.turn(&mut input, &mut counter), Wait::Write { .. }));
/// assert_eq!(counter.0, 1);
/// ```
pub trait FrontEnd {
    /// Returns the current time.
    fn now(&mut self) -> Now;

    /// Returns the waker to notify when a response, a block of a body or a receiver becomes ready.
    fn waker(&self) -> &Waker {
        Waker::noop()
    }

    /// Returns whether the server is stopping. If so, the next response is the last one on its connection, and
    /// [event streams](crate::Response::events) end after the events that wait, because their clients reconnect by
    /// themselves.
    fn is_stopping(&self) -> bool {
        false
    }

    /// Returns whether the memory for all connections is used up. If so, a 503 with `Retry-After` takes the place of a
    /// response whose body has 16 KiB or more and belongs to it alone.
    fn is_full(&self) -> bool {
        false
    }

    /// Called when a head is complete. `at` is the position of its first byte on the connection.
    fn on_head(&mut self, head: &Head<'_>, at: u64) {
        let _ = (head, at);
    }

    /// Called when a request is complete, including its body. `end` is the number of bytes used on the connection so
    /// far.
    fn on_request(&mut self, request: &Message<'_>, end: u64) {
        let _ = (request, end);
    }

    /// Called when the input is not a valid request, or when its response was not ready in time.
    fn on_refusal(&mut self, refusal: &Refusal<'_>) {
        let _ = refusal;
    }

    /// Called when a response was given.
    fn on_response(&mut self, summary: &ResponseSummary) {
        let _ = summary;
    }

    /// Called when a response to `request` broke the rules, panicked or ended early.
    fn on_error(&mut self, error: &ResponseError, request: &RequestInfo<'_>) {
        let _ = (error, request);
    }
}

impl<F: FrontEnd + ?Sized> FrontEnd for &mut F {
    fn now(&mut self) -> Now {
        (**self).now()
    }

    fn waker(&self) -> &Waker {
        (**self).waker()
    }

    fn is_stopping(&self) -> bool {
        (**self).is_stopping()
    }

    fn is_full(&self) -> bool {
        (**self).is_full()
    }

    fn on_head(&mut self, head: &Head<'_>, at: u64) {
        (**self).on_head(head, at);
    }

    fn on_request(&mut self, request: &Message<'_>, end: u64) {
        (**self).on_request(request, end);
    }

    fn on_refusal(&mut self, refusal: &Refusal<'_>) {
        (**self).on_refusal(refusal);
    }

    fn on_response(&mut self, summary: &ResponseSummary) {
        (**self).on_response(summary);
    }

    fn on_error(&mut self, error: &ResponseError, request: &RequestInfo<'_>) {
        (**self).on_error(error, request);
    }
}

/// Returns a function that reads the monotonic clock of a front end.
#[inline(always)]
pub(super) fn clock_of(front_end: &mut impl FrontEnd) -> impl Fn() -> Duration {
    let front_end = RefCell::new(front_end);
    move || front_end.borrow_mut().now().monotonic
}

impl FrontEnd for Now {
    fn now(&mut self) -> Now {
        *self
    }
}
