//! Options for the server as a whole, in addition to the configuration of each connection.

use super::counters::{Counters, RareCounters};
use super::metrics::Metrics;
use super::open_files::open_files_limit;
use super::readiness::Readiness;
use crate::config::TrustedProxies;
#[cfg(feature = "rustls")]
use crate::tls::Tls;
use crate::values::scheme::Scheme;
use core::fmt;
use core::num::NonZeroUsize;
use core::time::Duration;
use std::io::Write;
use std::prelude::rust_2024::*;
use std::sync::Arc;
use std::thread;

/// Options for serving. The limits and deadlines of individual connections are part of the gateway's
/// [`Config`](crate::config::Config).
///
/// ```
/// use bytegate::net::Options;
/// use std::time::Duration;
///
/// let mut options = Options::default().log_to(|line| eprintln!("my server: {line}"));
/// options.max_connections = 500;
/// options.stop_timeout = Duration::from_secs(3);
/// ```
#[derive(Clone)]
#[non_exhaustive]
#[must_use]
pub struct Options {
    /// The maximum number of connections at once. When all are in use, idle ones are closed to make room, starting
    /// with the longest idle. If none is idle, the address with the most connections loses its slow ones, and heads that
    /// take longer than a second get a 503. Further connections wait in the listener's backlog.
    ///
    /// Default: 10,000, or half of the open-file limit after 64 are set aside: each connection may send a file
    /// (see [`raise_open_files_limit`](super::raise_open_files_limit)).
    pub max_connections: usize,
    /// The maximum number of connections from one IPv4 address, or from one IPv6 network of 64 bits, which usually belongs
    /// to one customer. When all are in use, the longest idle one is closed to make room. If none is idle, further
    /// connections get a 503 and are closed.
    ///
    /// Behind a proxy, all connections come from its address: allow as many as the proxy opens, or `usize::MAX`. Loopback
    /// addresses and peers without an address are not limited, because they are often a proxy on the same machine.
    ///
    /// Default: a quarter of the default of [`max_connections`](Options::max_connections), which is 2,500, but at least 64.
    /// Several hundred browsers may share an address, with up to six connections each.
    pub connections_per_address: usize,
    /// The bytes that all connections together may hold: heads and bodies that have not arrived completely, input that
    /// waits for a response, output that a client has not read, and incomplete TLS handshakes and records. Not counted are the
    /// first 4 KiB of these for each connection, bodies that a response shares with the application, such as files in memory,
    /// and the memory of applications. Each connection over TLS counts as 8 KiB more, also while it is idle, which is an
    /// estimate of its keys and buffers.
    ///
    /// When all bytes are in use, heads and bodies that grow get a 503 with `Retry-After`, and so do requests whose response
    /// has 16 KiB or more. Handshakes that grow are cut off. No input is read while a response is awaited, and a stream continues
    /// only when the client has read all earlier blocks. A new connection over TLS takes the place of the longest idle one, or
    /// is closed. One address may have a quarter of the bytes, unless it is a loopback address. Beyond that, the same happens
    /// to its connections.
    ///
    /// Default: 256 MiB, which 256 uploads of the default [`Limits::body_bytes`](crate::config::Limits::body_bytes) fill at
    /// once.
    pub buffered_bytes: usize,
    /// The number of serving threads. Applications run on them too, so a handler that computes or blocks delays the other
    /// connections of its thread: run such handlers on other threads with [`blocking`](super::blocking).
    ///
    /// All threads share one queue and one reactor, so each request costs 10 to 15 % more processor time with two threads
    /// than with one. If handlers take microseconds, one thread is enough for 150,000 small requests a second, and leaves
    /// the other processors to the program. If handlers compute for a millisecond or longer, use more: on 2 to 8 processors,
    /// one thread for each. On 32 processors, the shared queue becomes the limit before the processors do: start several
    /// processes instead, behind a load balancer, or on sockets that share a port (`ReusePort=yes` in a socket unit of systemd).
    ///
    /// On two processors, two processes with one thread each are no clear gain over one process with two threads. In three runs,
    /// they took 10 to 16 % less processor time for requests that compute for 0.1 ms, of which they served between 4 % less and 23 %
    /// more. For small pages, they took between 16 % less and 12 % more, and served 1 to 8 % more. Each process has separate limits,
    /// caches, rates and counters, so the program has no option for this.
    ///
    /// Default: the number of processors, so that one slow handler does not delay all clients.
    pub threads: NonZeroUsize,
    /// The time that active requests have after a stop before they are cut off. Default: 8 s, because containers are
    /// killed after 10. [Event streams](crate::Response::events) end after the events that are already queued, because their
    /// clients reconnect by themselves.
    pub stop_timeout: Duration,
    /// The time after a stop for which the server still accepts connections and serves them as before. During this time,
    /// [`readiness`](Options::readiness) shows [`Phase::Draining`](super::Phase::Draining), so that a load balancer sends new
    /// clients elsewhere. Choose twice the interval of its health checks. Default: 0.
    pub drain_delay: Duration,
    /// Shows whether the server is ready. Keep a clone to read it, or to mount its [page](Readiness::page). Default: a readiness
    /// that does not notify systemd.
    pub readiness: Readiness,
    /// The scheme of the connections. Use [`Scheme::Https`] behind a proxy that terminates TLS and sends nothing
    /// else. Default: `http`.
    pub scheme: Scheme,
    /// The counters for connections, requests and responses, for monitoring. Several servers may share them. Default: none.
    pub metrics: Option<Metrics>,
    /// The certificates with which the server speaks TLS on its TCP listeners (feature `rustls`). The scheme is then `https`.
    /// Unix sockets stay plain: their clients are on this machine. A handshake must be complete before the deadline of the
    /// first request head ([`Timeouts::head`](crate::config::Timeouts::head)). Keep a clone, and call [`Tls::reload`] when the
    /// files have changed. Default: `None`, plain HTTP.
    ///
    /// ```
    /// # #[cfg(feature = "self-signed")] {
    /// use bytegate::tls::{SelfSigned, Tls};
    /// use bytegate::{Request, net};
    ///
    /// let certificate = SelfSigned::new(["localhost"])?;
    /// let mut options = net::Options::default();
    /// options.tls = Some(Tls::from_pem(certificate.certificate_pem(), certificate.key_pem())?);
    /// let server = net::start("127.0.0.1:0", |_: &Request| "hello\n", options)?;
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "rustls")]
    pub tls: Option<Tls>,
    /// The proxies from which connections are accepted. Each connection must begin with a [PROXY
    /// header](crate::connection::ProxyHeader), version 1 or 2, before TLS, which names the client. It must arrive within
    /// [`Timeouts::head`](crate::config::Timeouts::head). The client then takes the place of the proxy everywhere, also for
    /// [`connections_per_address`](Options::connections_per_address). To trust peers on Unix sockets, use
    /// [`TrustedProxies::named_peers`].
    ///
    /// All other connections are closed, also from trusted proxies without a valid header. At most once a minute, the log names
    /// one of them. The header cannot be optional, because clients could then send it themselves. The option applies to all
    /// sockets of the server: start another server for clients without a proxy.
    ///
    /// ```
    /// use bytegate::net::Options;
    ///
    /// let mut options = Options::default();
    /// options.proxy_protocol = Some(["10.0.0.0/24".parse()?, "2001:db8::1".parse()?].into());
    /// # Ok::<(), bytegate::config::InvalidAddressRange>(())
    /// ```
    ///
    /// Default: `None`, which means that no header is expected.
    pub proxy_protocol: Option<TrustedProxies>,
    log: Arc<dyn Fn(&str) + Send + Sync>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            max_connections: default_connections(),
            connections_per_address: (default_connections() / 4).max(64),
            buffered_bytes: 256 * 1024 * 1024,
            threads: thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            stop_timeout: Duration::from_secs(8),
            drain_delay: Duration::ZERO,
            readiness: Readiness::default(),
            scheme: Scheme::default(),
            #[cfg(feature = "rustls")]
            tls: None,
            proxy_protocol: None,
            metrics: None,
            log: Arc::new(|line| {
                // If nobody reads it, nothing is lost.
                let _ = writeln!(std::io::stderr(), "bytegate: {line}");
            }),
        }
    }
}

impl Options {
    /// Passes one line, without a line ending, to `log` for each event that an administrator should know about: an
    /// application that broke the rules or panicked (unless [`Gateway::on_error`](crate::Gateway::on_error) is set), a
    /// handler that should be [`blocking`](super::blocking), TLS handshakes that fail, connections that do not come from a
    /// trusted proxy, or a lack of descriptors or connections. `|_| {}` turns the log off.
    ///
    /// By default, each line goes to standard error, after `bytegate: `.
    ///
    /// ```
    /// use bytegate::net::Options;
    ///
    /// let options = Options::default().log_to(|line| eprintln!("my server: {line}"));
    /// # assert!(options.max_connections > 0);
    /// ```
    pub fn log_to(mut self, log: impl Fn(&str) + Send + Sync + 'static) -> Options {
        self.log = Arc::new(log);
        self
    }

    /// Returns the metrics, if there are any, as counters for this thread.
    #[inline]
    pub(super) fn counters(&self) -> Option<&Counters> {
        self.metrics.as_ref().map(Metrics::of_thread)
    }

    /// Changes a counter of connections or errors.
    pub(super) fn count(&self, count: impl FnOnce(&RareCounters)) {
        if let Some(metrics) = &self.metrics {
            count(metrics.rare());
        }
    }

    pub(super) fn report(&self, message: &str) {
        (self.log)(message);
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("max_connections", &self.max_connections)
            .field("connections_per_address", &self.connections_per_address)
            .field("buffered_bytes", &self.buffered_bytes)
            .field("threads", &self.threads)
            .field("stop_timeout", &self.stop_timeout)
            .field("drain_delay", &self.drain_delay)
            .field("readiness", &self.readiness)
            .field("scheme", &self.scheme)
            .field("proxy_protocol", &self.proxy_protocol)
            .finish_non_exhaustive()
    }
}

fn default_connections() -> usize {
    open_files_limit().map_or(MOST_CONNECTIONS, connections_within)
}

const MOST_CONNECTIONS: usize = 10_000;

/// Returns the number of connections for this many descriptors. A connection that sends a file needs two.
fn connections_within(descriptors: usize) -> usize {
    const OTHERS: usize = 64;
    (descriptors.saturating_sub(OTHERS) / 2).clamp(1, MOST_CONNECTIONS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_connection_has_a_descriptor_for_a_file() {
        let cases = [(0, 1), (65, 1), (300, 118), (1024, 480), (1 << 20, 10_000)];
        for (descriptors, connections) in cases {
            assert_eq!(connections_within(descriptors), connections);
        }
    }
}
