//! The requests and processes of an application.

use crate::values::sync::Arc;
use std::prelude::rust_2024::*;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// The requests and processes of an application at one time, for monitoring. Returned by
/// [`Workers::usage`](super::Workers::usage).
///
/// ```no_run
/// use bytegate::python::{Python, Usage};
///
/// let shop = Python::new("shop:application").workers(2).start()?;
/// let usage: Usage = shop.usage();
/// println!("{} running, {} waiting", usage.running, usage.waiting);
/// // The first two processes replaced none.
/// println!("{} replaced", usage.started - 2);
/// # Ok::<(), bytegate::python::StartError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// The number of requests in progress in the processes.
    pub running: usize,
    /// The number of requests that wait for a process.
    pub waiting: usize,
    /// The number of processes that have been started so far, including the first ones.
    pub started: u64,
}

/// Counts what is in use.
#[derive(Debug, Default)]
pub(super) struct Counters {
    running: Arc<AtomicUsize>,
    started: AtomicU64,
}

/// A request that a line works on.
#[derive(Debug)]
pub(super) struct Running(Arc<AtomicUsize>);

impl Counters {
    /// Counts a request that a line works on, until the result is dropped.
    pub(super) fn count_running(&self) -> Running {
        self.running.fetch_add(1, Ordering::Relaxed);
        Running(self.running.clone())
    }

    pub(super) fn count_started(&self) {
        self.started.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn usage(&self, waiting: usize) -> Usage {
        Usage {
            running: self.running.load(Ordering::Relaxed),
            waiting,
            started: self.started.load(Ordering::Relaxed),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
