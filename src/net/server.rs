//! State shared by all connections of a server.

use super::options::Options;
use crate::gateway::Gateway;
use crate::gateway::front_end::FrontEnd;
use crate::message::response::ResponseError;
use crate::values::now::Now;
use core::convert::Infallible;
use core::task::Waker;
use core::time::Duration;
use smol::channel::Receiver;
use std::prelude::rust_2024::*;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The server as seen by a connection.
pub(super) struct ServerContext {
    pub(super) gateway: Arc<Gateway>,
    pub(super) options: Options,
    /// Closed when the server stops.
    pub(super) stopping: Receiver<Infallible>,
    /// The reference point of the monotonic time.
    started: Instant,
}

impl ServerContext {
    pub(super) fn new(
        gateway: Arc<Gateway>,
        options: Options,
        stopping: Receiver<Infallible>,
    ) -> ServerContext {
        ServerContext {
            gateway,
            options,
            stopping,
            started: Instant::now(),
        }
    }

    /// Returns the monotonic time.
    pub(super) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Returns the time of a deadline, or `None` if it is beyond what a clock can represent.
    pub(super) fn instant(&self, until: Duration) -> Option<Instant> {
        self.started.checked_add(until)
    }

    /// Returns the front end for one turn.
    pub(super) fn turn<'s>(&'s self, waker: &'s Waker) -> Turn<'s> {
        Turn {
            server: self,
            waker,
            now: None,
        }
    }
}

/// The server as seen by a session during one turn.
pub(super) struct Turn<'s> {
    server: &'s ServerContext,
    waker: &'s Waker,
    now: Option<Now>,
}

impl FrontEnd for Turn<'_> {
    fn now(&mut self) -> Now {
        let elapsed = self.server.elapsed();
        let now = match self.now {
            None => Now {
                monotonic: elapsed,
                wall: SystemTime::now().duration_since(UNIX_EPOCH).ok(),
            },
            // Only one clock is read.
            Some(before) => before.after(elapsed.saturating_sub(before.monotonic)),
        };
        self.now = Some(now);
        now
    }

    fn waker(&self) -> &Waker {
        self.waker
    }

    fn is_stopping(&self) -> bool {
        self.server.stopping.is_closed()
    }

    fn error(&mut self, error: &ResponseError) {
        if !self.server.gateway.reports_errors() {
            self.server.options.report(&error.to_string());
        }
    }
}
