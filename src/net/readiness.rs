//! Whether a server wants new clients.

use core::fmt;
use std::prelude::rust_2024::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// Shows whether a server is ready for new clients, for a page that a load balancer asks. Clones share the state.
///
/// [`serve`](super::serve) sets it through [`Options::readiness`](super::Options::readiness): to [`Phase::Ready`] when it accepts
/// connections, and to [`Phase::Draining`] when it is told to stop. Several servers may share one, if they start and stop
/// together.
///
/// ```
/// use bytegate::{Request, Router, Status, net};
///
/// let options = net::Options::default();
/// let readiness = options.readiness.clone();
/// let router = Router::new().get("/readyz", move |_: &Request| match readiness.phase() {
///     net::Phase::Ready => Status::OK,
///     _ => Status::SERVICE_UNAVAILABLE,
/// });
/// # let output = bytegate::Gateway::new(router).handle(b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
/// # assert!(output.starts_with(b"HTTP/1.1 503 "));
/// ```
#[derive(Clone, Default)]
pub struct Readiness {
    phase: Arc<AtomicU8>,
}

/// A part of the life of a server.
///
/// ```
/// use bytegate::net::{Options, Phase};
///
/// assert_eq!(Options::default().readiness.phase(), Phase::Starting);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// The server does not accept connections yet.
    Starting,
    /// The server accepts connections.
    Ready,
    /// The server was told to stop. It still accepts connections for [`Options::drain_delay`](super::Options::drain_delay), and
    /// then finishes the active requests.
    Draining,
}

impl Readiness {
    /// Returns the phase of the server.
    #[must_use]
    pub fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Relaxed) {
            0 => Phase::Starting,
            1 => Phase::Ready,
            _ => Phase::Draining,
        }
    }

    pub(super) fn set(&self, phase: Phase) {
        let number = match phase {
            Phase::Starting => 0,
            Phase::Ready => 1,
            Phase::Draining => 2,
        };
        self.phase.store(number, Ordering::Relaxed);
    }
}

impl fmt::Debug for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Readiness({:?})", self.phase())
    }
}
