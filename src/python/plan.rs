//! How the workers of an application are started and replaced.

use core::time::Duration;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::prelude::rust_2024::*;

/// What every worker of an application is started with.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) application: String,
    pub(super) interpreter: PathBuf,
    pub(super) folder: PathBuf,
    pub(super) environment: BTreeMap<OsString, OsString>,
    pub(super) workers: usize,
    pub(super) threads: usize,
    /// The number of lines to each thread. If there is only one thread, the next ones are sent while it serves one:
    /// no other thread could take them sooner, and it need not sleep in between.
    pub(super) lines: usize,
    pub(super) is_lenient: bool,
    pub(super) reloads: bool,
    /// The seconds after which a worker ends a request that outlives this program.
    pub(super) grace: f64,
}

/// When workers are replaced, and how long that may take.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    pub(super) max_requests: Option<u64>,
    pub(super) max_memory: Option<u64>,
    pub(super) max_age: Option<Duration>,
    pub(super) start_timeout: Duration,
    pub(super) stop_timeout: Duration,
}

/// The pause before a worker is started again that could not be started, or ended at once.
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(100);
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// The pause from which on requests get a 503 at once.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);
/// A worker that has run for this long did not end at once.
pub(super) const SHORT_LIFE: Duration = Duration::from_secs(1);
