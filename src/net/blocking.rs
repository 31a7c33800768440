//! Applications that block: a thread of a pool for each request under way.

use crate::application::Application;
use crate::application::upload::Admission;
use crate::message::request::Request;
use crate::message::response::Response;
use crate::values::status::Status;
use core::sync::atomic::{AtomicUsize, Ordering};
use smol::lock::Semaphore;
use std::prelude::rust_2024::*;
use std::sync::Arc;

/// Requests under way at once.
const RUNNING: usize = 64;
/// Requests that wait for one of them to end.
const WAITING: usize = 256;

/// Runs an application on a pool of threads, so that one that sleeps, or waits for a database, holds up nobody else. At
/// most 64 requests are under way at once and 256 more wait; beyond that the answer is 503.
///
/// The application gets a copy of the request. Content is still [admitted](Application::admit) on the serving thread.
///
/// ```no_run
/// use bytegate::{Gateway, Request, net};
/// use std::time::Duration;
///
/// let slow = net::blocking(|_: &Request<'_>| {
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

/// An application that runs on a pool of threads; made by [`blocking`].
#[derive(Debug)]
pub struct Blocking<A> {
    application: Arc<A>,
    running: Arc<Semaphore>,
    /// Requests that run or wait.
    accepted: Arc<AtomicUsize>,
}

/// One of the requests that run or wait.
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
            return Response::from(Status::SERVICE_UNAVAILABLE).with_field("Retry-After", "1");
        }
        let (application, running) = (self.application.clone(), self.running.clone());
        let request = request.into_owned();
        Response::later(async move {
            let permit = running.acquire_arc().await;
            // What runs cannot be called back, so that it keeps its place until it ends, also if the client is gone.
            smol::unblock(move || {
                let response = request.with(|request| application.call(request));
                drop((permit, accepted));
                response
            })
            .await
        })
    }

    fn admit(&self, request: &Request<'_>) -> Admission {
        self.application.admit(request)
    }
}
