//! The pages of `--admin`, on a separate address.

use crate::addresses;
use crate::heritage::Heritage;
use crate::more_metrics::MoreMetrics;
use bytegate::middleware::AllowedHosts;
use bytegate::net::{self, Address, Listener, Metrics, Readiness};
use bytegate::{Gateway, Request, Response, Router, Status};
use smol::channel::{Receiver, Sender};
use std::io;
use std::num::NonZeroUsize;
use std::thread::JoinHandle;
use std::time::Duration;

/// The pages `/metrics`, `/healthz` and `/readyz`, and the sockets for them.
pub(crate) struct Admin {
    listener: Listener,
    metrics: Metrics,
}

/// The pages while they are served.
pub(crate) struct RunningAdmin {
    stop: Sender<()>,
    thread: JoinHandle<io::Result<()>>,
}

/// The time that a page may take when the program ends.
const PATIENCE: Duration = Duration::from_millis(100);
/// Monitoring needs few connections. They must not use up the descriptors of the site.
const CONNECTIONS: usize = 32;

impl Admin {
    /// # Errors
    /// Returns an error that names the address, if it is taken or invalid.
    pub(crate) fn listen(address: &Address, heritage: &mut Heritage) -> io::Result<Admin> {
        let name = format!("--admin {address}");
        let listener = heritage.listener(&name, || address.listen());
        let listener = listener.map_err(|error| {
            let text = format!("--admin {address}: {error}");
            io::Error::new(error.kind(), text)
        })?;
        Ok(Admin {
            listener,
            metrics: Metrics::new(),
        })
    }

    /// Returns the counters for the server.
    pub(crate) fn metrics(&self) -> Metrics {
        self.metrics.clone()
    }

    /// Returns a line about the pages, and about who can reach them.
    pub(crate) fn note(&self) -> String {
        let served = self.listener.addresses();
        let is_open = |it: &Address| match it {
            Address::Tcp(address) => addresses::is_open_to_others(address.ip()),
            _ => false,
        };
        let warning = if served.iter().any(is_open) {
            ", reachable from the network"
        } else {
            ""
        };
        let urls = served.iter().map(|address| match address {
            Address::Tcp(address) => format!("http://{address}"),
            other => other.to_string(),
        });
        let urls: Vec<String> = urls.collect();
        let urls = urls.join(" and ");
        format!("/metrics, /healthz and /readyz are on {urls}{warning}")
    }

    /// Serves the pages on a thread, also while the other server stops, or while it is busy. If another process takes
    /// the sockets over, `handed_over` is closed. `more` are metrics that the library does not have.
    pub(crate) fn start(
        self,
        readiness: &Readiness,
        handed_over: Receiver<()>,
        more: MoreMetrics,
    ) -> io::Result<RunningAdmin> {
        let addresses = self.listener.addresses();
        let metrics = self.metrics;
        let page = move |_: &Request<'_>| {
            Response::new(Status::OK)
                .with_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
                .with_header("Cache-Control", "no-store")
                .with_body(format!("{metrics}{more}"))
        };
        let router = Router::new()
            .get("/metrics", page)
            .get("/healthz", |_: &Request<'_>| "alive\n")
            .get("/readyz", readiness.page());
        let mut gateway = Gateway::new(router);
        // Pages of other sites, in a browser on this machine, must not read the numbers (DNS rebinding).
        let is_local = |address: &Address| matches!(address, Address::Tcp(it) if !addresses::is_open_to_others(it.ip()));
        if addresses.iter().any(is_local) {
            gateway = gateway.with(AllowedHosts::local());
        }
        let mut options = net::Options::default();
        options.threads = NonZeroUsize::MIN;
        options.max_connections = CONNECTIONS;
        options.stop_timeout = PATIENCE;
        let (stop, stopped) = smol::channel::bounded::<()>(1);
        let thread = std::thread::Builder::new().name("bytegate-admin".into());
        let thread = thread.spawn(move || {
            let stop = async {
                // They are closed.
                let _ = smol::future::or(handed_over.recv(), stopped.recv()).await;
            };
            smol::block_on(net::serve(self.listener, gateway, options, stop))
        })?;
        Ok(RunningAdmin { stop, thread })
    }
}

impl RunningAdmin {
    /// Stops the pages, which removes the files of their Unix sockets.
    pub(crate) fn stop(self) {
        drop(self.stop);
        // An error of the pages must not change how the program ends.
        let _ = self.thread.join();
    }
}
