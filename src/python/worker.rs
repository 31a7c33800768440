//! A process of the interpreter, as this program sees it.

use super::wire::Wire;
use crate::values::sync::Arc;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use std::io;
use std::prelude::rust_2024::*;
use std::process::{Child, ExitStatus};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// A worker.
#[derive(Debug)]
pub(super) struct Worker {
    /// Counts the workers of an application.
    pub(super) number: u64,
    /// The number of the reload that it belongs to.
    pub(super) generation: u64,
    pub(super) started: Instant,
    pid: Pid,
    /// `None` once it has ended and its number may belong to another process.
    child: Mutex<Option<Child>>,
    wires: Mutex<Vec<Arc<Wire>>>,
    /// Whether it gets requests.
    serves: AtomicBool,
    killed: AtomicBool,
    requests: AtomicU64,
    /// The number of requests after which it is replaced.
    most_requests: u64,
}

impl Worker {
    pub(super) fn new(
        number: u64,
        generation: u64,
        child: Child,
        wires: Vec<Arc<Wire>>,
        most_requests: u64,
    ) -> io::Result<Worker> {
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        Ok(Worker {
            number,
            generation,
            started: Instant::now(),
            pid: pid.ok_or(io::ErrorKind::InvalidData)?,
            child: Mutex::new(Some(child)),
            wires: Mutex::new(wires),
            serves: AtomicBool::new(false),
            killed: AtomicBool::new(false),
            requests: AtomicU64::new(0),
            most_requests,
        })
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    pub(super) fn serves(&self) -> bool {
        self.serves.load(Ordering::Acquire)
    }

    pub(super) fn set_serves(&self, serves: bool) {
        self.serves.store(serves, Ordering::Release);
    }

    /// Counts a request. Returns whether the worker has had enough now.
    pub(super) fn count(&self) -> bool {
        self.requests.fetch_add(1, Ordering::Relaxed) + 1 == self.most_requests
    }

    /// Returns whether it has had a request.
    pub(super) fn has_served(&self) -> bool {
        self.requests.load(Ordering::Relaxed) > 0
    }

    /// Returns the ends of its lines.
    pub(super) fn wires(&self) -> Vec<Arc<Wire>> {
        lock(&self.wires).clone()
    }

    /// Returns whether it was [killed](Worker::kill) from here.
    pub(super) fn is_killed(&self) -> bool {
        self.killed.load(Ordering::Relaxed)
    }

    /// Ends the process and the processes that it has started, at once.
    pub(super) fn kill(&self) {
        self.killed.store(true, Ordering::Relaxed);
        if lock(&self.child).is_some() {
            // It can have ended already.
            let _ = kill_process_group(self.pid, Signal::KILL);
        }
    }

    /// Waits until the process has ended. Then its lines end too, even if it has children that keep them open.
    pub(super) fn wait(&self) -> io::Result<ExitStatus> {
        // It is not reaped yet, so nobody else gets its number before the lock is held.
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(self.pid), options) {}
        let child = lock(&self.child).take();
        self.set_serves(false);
        for wire in core::mem::take(&mut *lock(&self.wires)) {
            wire.cut();
        }
        match child {
            Some(mut child) => child.wait(),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// Returns the memory that it uses, in bytes, if the system tells.
    pub(super) fn memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
        Some(kibibytes * 1024)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
