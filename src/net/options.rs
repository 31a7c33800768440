//! What can be set about serving, beside what can be set about a connection.

use super::open_files::open_files_limit;
use crate::values::scheme::Scheme;
use core::fmt;
use core::num::NonZeroUsize;
use core::time::Duration;
use std::io::Write;
use std::prelude::rust_2024::*;
use std::sync::Arc;
use std::thread;

/// Takes lines of text: a log.
pub type LogFn = Arc<dyn Fn(&str) + Send + Sync>;

/// How to serve. Limits and deadlines of a single connection are the gateway's [`Config`](crate::Config).
#[derive(Clone)]
pub struct Options {
    /// Connections at once. When they are all in use, those that are idle are closed to make room, the longest idle
    /// first; more than that wait in the listener's backlog. Default: 10,000, or what the limit on open files leaves
    /// after 64 others (see [`raise_open_files_limit`](super::raise_open_files_limit)).
    pub connections: usize,
    /// Threads that serve. Applications run on them too, so a slow one holds up the connections of its
    /// thread. Where no application is slow, one thread costs least: about a quarter less for each request than
    /// two. Default: the number of processors.
    pub threads: NonZeroUsize,
    /// After a stop: how long requests under way may take before they are cut. Default: 8 s, because containers are
    /// killed after 10.
    pub stop_timeout: Duration,
    /// The scheme of the connections: [`Scheme::Https`] behind a proxy that takes TLS off and sends nothing else. Default:
    /// `http`.
    pub scheme: Scheme,
    /// Gets one line, without line end, for what an administrator should know: an application that broke the
    /// rules or panicked, no more descriptors, or no more connections.
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
