//! Whether a server accepts new clients, and how load balancers and systemd learn it.

#[cfg(unix)]
use super::notifier::Notifier;
use crate::application::Application;
use crate::request::request::Request;
use crate::response::response::Response;
use crate::values::status::Status;
use core::fmt;
use core::time::Duration;
use std::prelude::rust_2024::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

/// Shows whether a server is ready for new clients: to load balancers with a [page](Readiness::page), and to
/// [systemd](Readiness::for_systemd). Clones share the state.
///
/// [`serve`](super::serve) sets it through [`Options::readiness`](super::Options::readiness): to [`Phase::Ready`] when it accepts
/// connections, and to [`Phase::Draining`] when it begins to stop. Several servers can share it, if they start and stop together.
///
/// ```
/// use bytegate::{Router, net};
///
/// let options = net::Options::default();
/// let router = Router::new().get("/readyz", options.readiness.page());
/// # let output = bytegate::Gateway::new(router).handle(b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
/// # assert!(output.starts_with(b"HTTP/1.1 503 "));
/// ```
#[derive(Clone, Default)]
pub struct Readiness {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    phase: AtomicU8,
    is_handed_over: AtomicBool,
    #[cfg(unix)]
    notifier: Option<Notifier>,
}

/// A phase in the life of a server.
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
    /// The server is stopping. It still accepts connections for [`Options::drain_delay`](super::Options::drain_delay), and then
    /// completes the active requests.
    Draining,
}

impl Readiness {
    /// Creates a readiness that also notifies systemd of the phases, for a service of `Type=notify` or `notify-reload`
    /// ([sd_notify](https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html)). Without the variable
    /// `NOTIFY_SOCKET`, or on other systems, it sends nothing.
    ///
    /// If the service has `WatchdogSec=`, the task that accepts connections sends a sign of life twice in that time. If all
    /// serving threads hang, it stops, and systemd restarts the service.
    ///
    /// ```
    /// use bytegate::net::{Options, Readiness};
    ///
    /// let mut options = Options::default();
    /// options.readiness = Readiness::for_systemd();
    /// ```
    #[must_use]
    pub fn for_systemd() -> Readiness {
        Readiness {
            shared: Arc::new(Shared {
                phase: AtomicU8::default(),
                is_handed_over: AtomicBool::default(),
                #[cfg(unix)]
                notifier: Notifier::from_environment(),
            }),
        }
    }

    /// Returns the phase of the server.
    #[must_use]
    pub fn phase(&self) -> Phase {
        phase(self.shared.phase.load(Ordering::Relaxed))
    }

    /// Returns an application that responds to every request with the phase: with status 200 if the server is ready for new
    /// clients, and with 503 otherwise. Mount it at the path of the load balancer's health checks, best on a second server on
    /// another address, which keeps running while this one stops.
    ///
    /// ```
    /// use bytegate::{Router, net, testing::Client};
    ///
    /// let readiness = net::Options::default().readiness;
    /// let client = Client::new(Router::new().get("/readyz", readiness.page()));
    /// let page = client.get("/readyz").send();
    /// assert_eq!((page.status().code(), page.text()), (503, "starting\n"));
    /// ```
    #[must_use]
    pub fn page(&self) -> impl Application + use<> {
        let readiness = self.clone();
        move |_: &Request<'_>| {
            let (status, text) = match readiness.phase() {
                Phase::Starting => (Status::SERVICE_UNAVAILABLE, "starting\n"),
                Phase::Ready => (Status::OK, "ready\n"),
                Phase::Draining => (Status::SERVICE_UNAVAILABLE, "draining\n"),
            };
            Response::text(text)
                .with_status(status)
                .with_header("Cache-Control", "no-store")
        }
    }

    /// Tells systemd that the service is reloading its configuration while `reload` runs. The phase stays the same, because
    /// clients are still served.
    ///
    /// ```
    /// use bytegate::net::Readiness;
    ///
    /// let readiness = Readiness::for_systemd();
    /// let count = readiness.while_reloading(|| 1 + 1);
    /// assert_eq!(count, 2);
    /// ```
    pub fn while_reloading<T>(&self, reload: impl FnOnce() -> T) -> T {
        #[cfg(unix)]
        if let Some(notifier) = &self.shared.notifier {
            notifier.send_reloading();
            let reloaded = reload();
            if self.phase() == Phase::Ready {
                notifier.send("READY=1");
            }
            return reloaded;
        }
        reload()
    }

    /// Tells systemd the status of the service, a short text that `systemctl status` shows. Control characters become spaces.
    ///
    /// ```
    /// use bytegate::net::Readiness;
    ///
    /// Readiness::for_systemd().describe("12 files, 3 of them new");
    /// ```
    pub fn describe(&self, status: &str) {
        let visible = |it: char| if it.is_control() { ' ' } else { it };
        let status: String = status.chars().map(visible).collect();
        self.tell(&["STATUS=", &status].concat());
    }

    /// Tells systemd that another process continues the service, such as one that was started with
    /// [`Takeover::start`](super::Takeover::start). From then on, this process no longer notifies systemd, and does not wait for
    /// [`Options::drain_delay`](super::Options::drain_delay) when it stops. Unix only.
    ///
    /// ```
    /// use bytegate::net::Readiness;
    ///
    /// Readiness::for_systemd().hand_over_to(4321);
    /// ```
    #[cfg(unix)]
    pub fn hand_over_to(&self, process: u32) {
        self.tell(&format!("MAINPID={process}"));
        self.shared.is_handed_over.store(true, Ordering::SeqCst);
    }

    /// Returns whether another process continues the service.
    pub(super) fn is_handed_over(&self) -> bool {
        self.shared.is_handed_over.load(Ordering::SeqCst)
    }

    pub(super) fn set(&self, next: Phase) {
        let number = match next {
            Phase::Starting => 0,
            Phase::Ready => 1,
            Phase::Draining => 2,
        };
        let before = self.shared.phase.swap(number, Ordering::Relaxed);
        match next {
            // Several servers may share this.
            _ if phase(before) == next => {}
            Phase::Starting => {}
            Phase::Ready => self.tell("READY=1"),
            Phase::Draining => self.tell("STOPPING=1"),
        }
    }

    /// Returns the interval at which [`Readiness::tell_alive`] must be called, if systemd expects it.
    pub(super) fn watchdog(&self) -> Option<Duration> {
        #[cfg(unix)]
        let interval = self.shared.notifier.as_ref().and_then(|it| it.watchdog);
        #[cfg(not(unix))]
        let interval: Option<Duration> = None;
        interval.map(|interval| interval / 2)
    }

    pub(super) fn tell_alive(&self) {
        self.tell("WATCHDOG=1");
    }

    fn tell(&self, message: &str) {
        #[cfg(unix)]
        if let Some(notifier) = self
            .shared
            .notifier
            .as_ref()
            .filter(|_| !self.is_handed_over())
        {
            notifier.send(message);
        }
        let _ = message;
    }
}

fn phase(number: u8) -> Phase {
    match number {
        0 => Phase::Starting,
        1 => Phase::Ready,
        _ => Phase::Draining,
    }
}

impl fmt::Debug for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Readiness({:?})", self.phase())
    }
}
