//! Support for blocking applications: each active request gets a thread from a pool.

use crate::application::{Application, ListedRoute};
use crate::request::request::Request;
use crate::response::response::Response;
use crate::upload::admission::Admission;
use crate::values::status::Status;
use alloc::string::String;
use core::sync::atomic::{AtomicUsize, Ordering};
use smol::lock::Semaphore;
use std::prelude::rust_2024::*;
use std::sync::Arc;

/// The maximum number of requests that run at once.
const RUNNING: usize = 64;
/// The maximum number of requests that wait for a running one to end.
const WAITING: usize = 256;

/// Runs an application on a thread pool, so that it can sleep or wait for a database without delaying other
/// connections. At most 64 requests run at once and 256 more wait. Beyond that, the response is 503.
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
    /// The number of requests that run or wait.
    accepted: Arc<AtomicUsize>,
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
        if before >= RUNNING + WAITING {
            return Response::from(Status::SERVICE_UNAVAILABLE).with_header("Retry-After", "1");
        }
        let (application, running) = (self.application.clone(), self.running.clone());
        let request = request.into_owned();
        Response::from_future(async move {
            let permit = running.acquire_arc().await;
            // A running request cannot be cancelled. It keeps its place until it ends, even if the client has disconnected.
            smol::unblock(move || {
                let response = application.call(&request.view());
                drop((permit, accepted));
                response
            })
            .await
        })
    }

    fn admit(&self, request: &Request<'_>) -> Admission {
        self.application.admit(request)
    }

    fn routes(&self) -> String {
        self.application.routes()
    }

    fn route_list(&self) -> Vec<ListedRoute> {
        self.application.route_list()
    }

    fn route_of(&self, request: &Request<'_>) -> Option<String> {
        self.application.route_of(request)
    }
}
