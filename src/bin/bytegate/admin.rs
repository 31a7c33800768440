//! Pages for monitoring, on a separate address.

use crate::addresses;
use crate::heritage::Heritage;
use bytegate::middleware::AllowedHosts;
use bytegate::net::{self, Address, Listener, Metrics, Readiness};
use bytegate::{Gateway, Request, Router};
use smol::channel::Receiver;
use std::io;
use std::num::NonZeroUsize;

/// The pages `/metrics`, `/healthz` and `/readyz`, and the sockets for them.
pub(crate) struct Admin {
    listener: Listener,
    metrics: Metrics,
}

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

    /// Returns the counters that the server must use.
    pub(crate) fn metrics(&self) -> Metrics {
        self.metrics.clone()
    }

    /// Returns a line about the pages.
    pub(crate) fn note(&self) -> String {
        let addresses = self.listener.addresses();
        let urls = addresses.iter().map(|address| match address {
            Address::Tcp(address) => format!("http://{address}"),
            other => other.to_string(),
        });
        let urls: Vec<String> = urls.collect();
        let urls = urls.join(" and ");
        format!("/metrics, /healthz and /readyz are on {urls}")
    }

    /// Serves the pages on a thread, until the program ends: also while the other server stops, or while it is busy. If another
    /// process takes the sockets over, `handed_over` is closed.
    pub(crate) fn start(self, readiness: &Readiness, handed_over: Receiver<()>) -> io::Result<()> {
        let addresses = self.listener.addresses();
        let router = Router::new()
            .get("/metrics", self.metrics.page())
            .get("/healthz", |_: &Request<'_>| "alive\n")
            .get("/readyz", readiness.page());
        let mut gateway = Gateway::new(router);
        // A page in a browser on this machine must not read the numbers under another name.
        let is_local = |address: &Address| matches!(address, Address::Tcp(it) if !addresses::is_open_to_others(it.ip()));
        if addresses.iter().any(is_local) {
            gateway = gateway.with(AllowedHosts::local());
        }
        let mut options = net::Options::default();
        options.threads = NonZeroUsize::MIN;
        options.max_connections = CONNECTIONS;
        let thread = std::thread::Builder::new().name("bytegate-admin".into());
        thread.spawn(move || {
            let stop = async {
                let _ = handed_over.recv().await;
            };
            smol::block_on(net::serve(self.listener, gateway, options, stop))
        })?;
        Ok(())
    }
}
