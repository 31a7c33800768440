//! Support for blocking applications: each active request gets a thread from a pool.

use crate::application::Application;
use crate::request::request::Request;
use crate::response::response::Response;
use crate::values::status::Status;
use core::num::NonZeroUsize;
use core::sync::atomic::{AtomicUsize, Ordering};
use smol::lock::Semaphore;
use std::prelude::rust_2024::*;
use std::sync::Arc;

/// The default number of requests that run at once.
const RUNNING: usize = 64;
/// The default number of requests that wait for a running one to end.
const WAITING: usize = 256;

/// Runs an application on a thread pool, so that it can sleep or wait for a database without delaying other
/// connections. At most 64 requests run at once and 256 more wait. Beyond that, the response is 503. To change these numbers,
/// see [`Blocking::max_running`] and [`Blocking::max_waiting`].
///
/// The numbers count for this call of `blocking`. To share them, wrap a router with several routes. The threads are shared by
/// all wrappers of the program, and by everything else that uses `smol::unblock`, such as lookups of names: 500 at most,
/// unless the environment variable `BLOCKING_MAX_THREADS` has another number (1 to 10,000) when the first thread starts. They
/// start when they are needed, and end when they have been idle for half a second.
///
/// A handler that should be wrapped is named in the [log](super::Options::log_to): `GET /report held a serving thread for
/// 2.0 s: wrap it in net::blocking`. That happens once for each path, for the first 32 paths, if a call takes a second or
/// more. The same goes for async functions that hold a thread between two awaits, for bodies and for receivers.
///
/// The application receives a copy of the request. The body is still [admitted](Application::admit) on the serving
/// thread.
///
/// ```no_run
/// use bytegate::{Gateway, Request, net};
/// use std::time::Duration;
///
/// let slow = net::blocking(|_: &Request| {
///     std::thread::sleep(Duration::from_secs(10));
///     "at last\n"
/// });
/// net::run("127.0.0.1:7890", Gateway::new(slow))?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn blocking<A: Application + 'static>(application: A) -> Blocking<A> {
    Blocking {
        application: Arc::new(application),
        running: Arc::new(Semaphore::new(RUNNING)),
        max_running: RUNNING,
        max_waiting: WAITING,
        accepted: Arc::new(AtomicUsize::new(0)),
    }
}

/// An application that runs on a thread pool, created by [`blocking`].
///
/// ```no_run
/// use bytegate::{Request, Router, net};
///
/// // Only what blocks goes to the pool.
/// let router = Router::new()
///     .get("/report", net::blocking(|_: &Request| std::fs::read("report.txt").ok()))
///     .fallback(|_: &Request| "at once\n");
/// ```
#[derive(Debug)]
pub struct Blocking<A> {
    application: Arc<A>,
    running: Arc<Semaphore>,
    max_running: usize,
    max_waiting: usize,
    /// The number of requests that run or wait.
    accepted: Arc<AtomicUsize>,
}

impl<A> Blocking<A> {
    /// Sets how many requests run at once. Each holds a thread. The default is 64.
    ///
    /// ```no_run
    /// use bytegate::{Request, Router, net};
    /// use std::num::NonZeroUsize;
    ///
    /// // The database has ten connections.
    /// let ten = NonZeroUsize::new(10).unwrap();
    /// let report = net::blocking(|_: &Request| std::fs::read("report.txt").ok());
    /// let router = Router::new().get("/report", report.max_running(ten).max_waiting(1000));
    /// ```
    #[must_use]
    pub fn max_running(mut self, requests: NonZeroUsize) -> Blocking<A> {
        self.max_running = requests.get();
        self.running = Arc::new(Semaphore::new(self.max_running));
        self
    }

    /// Sets how many requests wait until one of the running ones ends, each with its body in memory. Others get a 503 with
    /// `Retry-After: 1`. The default is 256.
    #[must_use]
    pub fn max_waiting(mut self, requests: usize) -> Blocking<A> {
        self.max_waiting = requests;
        self
    }
}

/// Returns work that runs in the current span, on any thread.
#[cfg(feature = "tracing")]
fn in_current_span<T>(work: impl FnOnce() -> T) -> impl FnOnce() -> T {
    let span = tracing::Span::current();
    move || span.in_scope(work)
}

#[cfg(not(feature = "tracing"))]
fn in_current_span<T>(work: impl FnOnce() -> T) -> impl FnOnce() -> T {
    work
}

/// A request that runs or waits.
struct Accepted(Arc<AtomicUsize>);

impl Drop for Accepted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<A: Application + 'static> Application for Blocking<A> {
    fn call(&self, request: &Request<'_>) -> Response {
        let before = self.accepted.fetch_add(1, Ordering::Relaxed);
        let accepted = Accepted(self.accepted.clone());
        if before >= self.max_running.saturating_add(self.max_waiting) {
            return Response::from(Status::SERVICE_UNAVAILABLE).with_header("Retry-After", "1");
        }
        let (application, running) = (self.application.clone(), self.running.clone());
        let request = request.into_owned();
        let call = in_current_span(move || application.call(&request.view()));
        Response::from_future(async move {
            let permit = running.acquire_arc().await;
            // A running request cannot be cancelled. It keeps its place until it ends, even if the client has disconnected.
            smol::unblock(move || {
                let response = call();
                drop((permit, accepted));
                response
            })
            .await
        })
    }

    fn inner(&self) -> Option<&dyn Application> {
        Some(&*self.application)
    }
}
