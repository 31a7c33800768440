//! An application that is being served: the state that its requests share.

use super::command::Command;
use super::pool::Pool;
use super::worker::Worker;
use crate::values::sync::Arc;
use core::fmt;
use core::time::Duration;
use std::prelude::rust_2024::*;
use std::sync::mpsc::{self, Sender};
use std::sync::{Mutex, PoisonError};

/// A function that takes the lines of the log.
pub(super) type Log = Arc<dyn Fn(&str) + Send + Sync>;

/// The state that requests share.
pub(super) struct Service {
    pub(super) pool: Pool,
    pub(super) body_bytes: u64,
    pub(super) all_paths: bool,
    /// How long the application may be silent.
    pub(super) timeout: Duration,
    /// How long it may go on after that.
    pub(super) kill_after: Duration,
    pub(super) log: Log,
    pub(super) commands: Mutex<Sender<Command>>,
}

impl Service {
    pub(super) fn log(&self, line: &str) {
        (self.log)(line);
    }

    /// Sends a command to the supervisor, which is gone only when the server has stopped.
    pub(super) fn command(&self, command: Command) {
        let commands = self.commands.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = commands.send(command);
    }

    /// Lets a worker have no more requests, and has it replaced.
    pub(super) fn replace(&self, worker: &Worker) {
        self.pool.retire(worker);
        self.command(Command::Replace(worker.number));
    }

    /// Ends all workers, and waits until they have ended.
    pub(super) fn stop(&self) {
        let (sender, all_ended) = mpsc::channel();
        self.command(Command::Stop(sender));
        // Nothing is ever sent: the sender is dropped.
        let _ = all_ended.recv();
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("pool", &self.pool)
            .finish_non_exhaustive()
    }
}
