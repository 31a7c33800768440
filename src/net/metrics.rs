//! Counters for monitoring.

use super::counters::{Counters, Numbers, RareCounters};
use super::metrics_text::{write_page, write_routes};
use super::occupancy::{Occupancy, Occupied};
use super::route_counters::Routes;
use crate::application::Application;
use crate::request::request::Request;
use crate::response::response::Response;
use crate::values::status::Status;
use core::cell::Cell;
use core::fmt;
use std::prelude::rust_2024::*;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// Counts connections, requests, responses and bytes, and measures how long responses take, for one server or several.
///
/// `Display` writes the text format of Prometheus, version 0.0.4, and [`page`](Metrics::page) serves it. Clones share the
/// counters, which begin at zero. Counting takes less than 1 % of the processor time of a small request; without metrics, nothing
/// is counted.
///
/// ```
/// use bytegate::testing::StreamClient;
/// use bytegate::{Method, Router, Site, net};
/// use std::net::TcpStream;
///
/// let metrics = net::Metrics::new();
/// let mut options = net::Options::default();
/// options.metrics = Some(metrics.clone());
/// let server = net::start("127.0.0.1:0", Site::new().file("/index.html", "<h1>hi</h1>"), options)?;
/// // On a separate address, because the page reveals how the server is used.
/// let admin = Router::new().get("/metrics", metrics.page());
/// let admin = net::start("127.0.0.1:0", admin, net::Options::default())?;
///
/// let mut client = StreamClient::new(TcpStream::connect(server.address())?);
/// client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")?;
/// assert_eq!(client.response(Method::GET)?.status(), 200);
/// let mut scraper = StreamClient::new(TcpStream::connect(admin.address())?);
/// scraper.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")?;
/// let page = scraper.response(Method::GET)?.text().to_string();
/// assert!(page.contains("\nbytegate_connections_accepted_total 1\n"));
/// assert!(page.contains("\nbytegate_requests_total{method=\"GET\"} 1\n"));
/// assert!(page.contains("\nbytegate_responses_total{status=\"2xx\"} 1\n"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct Metrics(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// Each thread uses one of these, so that threads do not contend for the same counters.
    shards: [Counters; SHARDS],
    rare: RareCounters,
    /// The open connections of each server.
    servers: Mutex<Vec<Weak<dyn Occupied>>>,
    /// The counters of each route, if the middleware of `by_route` is used.
    routes: Routes,
}

const SHARDS: usize = 8;

impl Metrics {
    /// Creates metrics whose counters are zero. Set them as [`Options::metrics`](super::Options::metrics), so that the server
    /// counts.
    pub fn new() -> Metrics {
        Metrics::default()
    }

    /// Returns an application that responds to every request with the metrics, in the text format of Prometheus. Mount it where
    /// only your monitoring can reach it, such as on a second server on another address.
    ///
    /// ```
    /// use bytegate::{Router, net, testing::Client};
    ///
    /// let client = Client::new(Router::new().get("/metrics", net::Metrics::new().page()));
    /// let page = client.get("/metrics").send();
    /// assert_eq!(page.header("Content-Type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    /// assert!(page.text().contains("\n# TYPE bytegate_request_duration_seconds histogram\n"));
    /// ```
    #[must_use]
    pub fn page(&self) -> impl Application + use<> {
        let metrics = self.clone();
        move |_: &Request<'_>| {
            Response::new(Status::OK)
                .with_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
                .with_header("Cache-Control", "no-store")
                .with_body(metrics.to_string())
        }
    }

    /// Returns the counters of this thread.
    #[inline]
    pub(super) fn of_thread(&self) -> &Counters {
        &self.0.shards[SHARD.get() % SHARDS]
    }

    pub(super) fn rare(&self) -> &RareCounters {
        &self.0.rare
    }

    pub(super) fn routes(&self) -> &Routes {
        &self.0.routes
    }

    /// Adds a server, so that its open connections are counted.
    pub(super) fn watch(&self, places: Weak<dyn Occupied>) {
        let mut servers = self.servers();
        servers.retain(|places| places.strong_count() > 0);
        servers.push(places);
    }

    /// Returns the open connections of all servers.
    pub(super) fn occupancy(&self) -> Occupancy {
        let servers: Vec<_> = self.servers().iter().filter_map(Weak::upgrade).collect();
        let each = servers.iter().map(|places| places.occupancy());
        each.fold(Occupancy::default(), Occupancy::and)
    }

    /// Returns the sums over all threads.
    pub(super) fn numbers(&self) -> Numbers {
        let mut numbers = Numbers::default();
        self.0.shards.iter().for_each(|shard| numbers.add(shard));
        numbers
    }

    fn servers(&self) -> MutexGuard<'_, Vec<Weak<dyn Occupied>>> {
        self.0
            .servers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

thread_local! {
    /// The index of this thread's counters. Threads that do not choose counters share the first.
    static SHARD: Cell<usize> = const { Cell::new(0) };
}

/// Chooses counters for this thread that no other thread uses, unless too many threads serve.
pub(super) fn choose_counters(thread: usize) {
    SHARD.set(thread);
}

impl fmt::Display for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_page(f, &self.numbers(), self.rare(), &self.occupancy())?;
        self.routes().with(|routes| write_routes(f, routes))
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::method::Method;

    #[test]
    fn threads_count_together() {
        let metrics = Metrics::new();
        let count = |metrics: Metrics, thread| {
            choose_counters(thread);
            metrics.of_thread().count_request(Method::GET);
        };
        let threads: Vec<_> = (0..2 * SHARDS)
            .map(|thread| {
                let metrics = metrics.clone();
                std::thread::spawn(move || count(metrics, thread))
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(metrics.numbers().requests[0], 2 * SHARDS as u64);
    }
}
