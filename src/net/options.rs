//! Options of the server as a whole, in addition to the configuration of each connection.

use super::open_files::open_files_limit;
use crate::values::scheme::Scheme;
use core::fmt;
use core::num::NonZeroUsize;
use core::time::Duration;
use std::io::Write;
use std::prelude::rust_2024::*;
use std::sync::Arc;
use std::thread;

/// A log, as a function that receives lines of text.
///
/// ```
/// use bytegate::net::{LogFn, Options};
/// use std::sync::Arc;
///
/// let log: LogFn = Arc::new(|line| eprintln!("my server: {line}"));
/// let options = Options { error_log: Some(log), ..Options::default() };
/// ```
pub type LogFn = Arc<dyn Fn(&str) + Send + Sync>;

/// Options for serving. The limits and deadlines of individual connections are part of the gateway's
/// [`Config`](crate::config::Config).
///
/// ```
/// use bytegate::net::Options;
/// use std::time::Duration;
///
/// let options = Options {
///     connections: 500,
///     stop_timeout: Duration::from_secs(3),
///     ..Options::default()
/// };
/// ```
#[derive(Clone)]
pub struct Options {
    /// The maximum number of connections at once. When all are in use, idle ones are closed to make room, starting
    /// with the longest idle. Further connections wait in the listener's backlog. Default: 10,000, or what the limit
    /// on open files leaves after 64 others (see [`raise_open_files_limit`](super::raise_open_files_limit)).
    pub connections: usize,
    /// The number of threads that serve. Applications run on them too, so a slow application delays the other
    /// connections of its thread. If no application is slow, one thread costs least: 5 to 20 % less for each request
    /// than two. Default: the number of processors.
    pub threads: NonZeroUsize,
    /// The time that active requests have after a stop before they are cut off. Default: 8 s, because containers are
    /// killed after 10. An event stream never ends by itself, so it takes all of this time unless the application ends
    /// it: drop its sender when the program is told to stop.
    pub stop_timeout: Duration,
    /// The scheme of the connections. Use [`Scheme::Https`] behind a proxy that terminates TLS and sends nothing
    /// else. Default: `http`.
    pub scheme: Scheme,
    /// Receives one line, without line ending, for each event that an administrator should know about: an application
    /// that broke the rules or panicked, unless [`Gateway::on_error`](crate::Gateway::on_error) is set, or a lack of
    /// descriptors or connections.
    ///
    /// Default: standard error.
    pub error_log: Option<LogFn>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            connections: default_connections(),
            threads: thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            stop_timeout: Duration::from_secs(8),
            scheme: Scheme::default(),
            error_log: Some(Arc::new(|line| {
                // If nobody reads it, nothing is lost.
                let _ = writeln!(std::io::stderr(), "bytegate: {line}");
            })),
        }
    }
}

impl Options {
    pub(super) fn report(&self, message: &str) {
        if let Some(log) = &self.error_log {
            log(message);
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("connections", &self.connections)
            .field("threads", &self.threads)
            .field("stop_timeout", &self.stop_timeout)
            .field("scheme", &self.scheme)
            .field("error_log", &self.error_log.is_some())
            .finish()
    }
}

fn default_connections() -> usize {
    const MOST: usize = 10_000;
    const OTHERS: usize = 64;
    open_files_limit().map_or(MOST, |limit| limit.saturating_sub(OTHERS).clamp(1, MOST))
}
