//! The threads that run the tasks of connections.

use super::metrics::choose_counters;
use super::timers::closed;
use core::convert::Infallible;
use smol::channel::{self, Sender};
use smol::{Executor, future};
use std::io;
use std::prelude::rust_2024::*;
use std::sync::Arc;
use std::thread;

/// The number of turns of connections after which a thread that serves them looks for the stop of the server.
const TASKS_IN_A_ROW: usize = 8;

/// The threads that run the executor. Dropping this ends each thread as soon as no application runs on it. A thread
/// that hangs is not waited for.
pub(super) struct Threads {
    _quit: Sender<Infallible>,
}

impl Threads {
    pub(super) fn start(executor: &Arc<Executor<'static>>, count: usize) -> io::Result<Threads> {
        let (quit, quitting) = channel::bounded(1);
        for index in 0..count {
            let (executor, quitting) = (executor.clone(), quitting.clone());
            let thread = thread::Builder::new().name(format!("bytegate-{}", index + 1));
            thread.spawn(move || {
                choose_counters(index);
                smol::block_on(executor.run(closed(&quitting)));
            })?;
        }
        Ok(Threads { _quit: quit })
    }
}

/// Runs the tasks of connections on this thread. Unlike [`Executor::run`], which runs 200 at a time, it soon lets the
/// stop of the server have its turn, even if each task takes milliseconds.
pub(super) async fn run_tasks(executor: &Executor<'_>) {
    loop {
        for _ in 0..TASKS_IN_A_ROW {
            executor.tick().await;
        }
        future::yield_now().await;
    }
}
