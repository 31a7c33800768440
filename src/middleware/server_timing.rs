//! The time that a response took, for the developer tools of browsers (W3C Server Timing).

use super::middleware::Middleware;
use super::request_info::RequestInfo;
use super::request_parts::RequestParts;
use crate::response::response::Response;
use alloc::boxed::Box;
use alloc::format;
use core::fmt;
use core::time::Duration;

/// Middleware that adds `Server-Timing: total;dur=1.234`, the time from the head of a request to the head of its
/// response, in milliseconds. It includes the arrival of the body and the wait for a [deferred](Response::from_future)
/// response. Browsers show it in their developer tools.
///
/// The time may reveal how the server works, so send it only to people you trust. The response to input without a valid
/// head has no such header.
///
/// ```
/// use bytegate::{Gateway, Request};
/// use bytegate::middleware::ServerTiming;
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use std::time::Duration;
///
/// let ticks = AtomicU64::new(0);
/// let clock = move || Duration::from_micros(1500 * ticks.fetch_add(1, Ordering::Relaxed));
/// let gateway = Gateway::new(|_: &Request| "hello\n").with(ServerTiming::with_clock(clock));
/// let response = gateway.handle(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
/// assert!(String::from_utf8_lossy(&response).contains("\r\nServer-Timing: total;dur=1.500\r\n"));
/// ```
#[doc(alias = "Timing")]
pub struct ServerTiming {
    clock: Box<dyn Fn() -> Duration + Send + Sync>,
}

/// When the head of the request was complete.
#[derive(Clone, Copy)]
struct Started(Duration);

impl ServerTiming {
    /// Measures with the clock of the standard library (feature `std`).
    ///
    /// ```
    /// use bytegate::{Gateway, Request};
    /// use bytegate::middleware::ServerTiming;
    ///
    /// let gateway = Gateway::new(|_: &Request| "hello\n").with(ServerTiming::new());
    /// let response = gateway.handle(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    /// assert!(String::from_utf8_lossy(&response).contains("\r\nServer-Timing: total;dur="));
    /// ```
    #[cfg(feature = "std")]
    #[must_use]
    pub fn new() -> ServerTiming {
        let start = std::time::Instant::now();
        ServerTiming::with_clock(move || start.elapsed())
    }

    /// Measures with a clock that returns the time since any fixed moment.
    pub fn with_clock(clock: impl Fn() -> Duration + Send + Sync + 'static) -> ServerTiming {
        ServerTiming {
            clock: Box::new(clock),
        }
    }
}

#[cfg(feature = "std")]
impl Default for ServerTiming {
    fn default() -> ServerTiming {
        ServerTiming::new()
    }
}

impl Middleware for ServerTiming {
    fn before(&self, request: &mut RequestParts<'_>) -> Option<Response> {
        request.extensions.insert(Started((self.clock)()));
        None
    }

    fn after(&self, request: &RequestInfo<'_>, mut response: Response) -> Response {
        if let Some(Started(started)) = request.extensions.get::<Started>() {
            let micros = (self.clock)().saturating_sub(*started).as_micros();
            let value = format!("total;dur={}.{:03}", micros / 1000, micros % 1000);
            // The application may have added other measurements.
            response.append_header("Server-Timing", value);
        }
        response
    }
}

impl fmt::Debug for ServerTiming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerTiming")
    }
}
