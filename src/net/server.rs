//! State shared by all connections of a server.

use super::line::Line;
#[cfg(feature = "rustls")]
use super::notice::Notice;
use super::notice::WithoutHeader;
use super::options::Options;
use super::place::Place;
use super::reloadable::Reloadable;
use crate::blocking::advice::Advice;
use crate::connection::{Refusal, ResponseSummary};
use crate::gateway::exchange::Unfinished;
use crate::gateway::front_end::FrontEnd;
use crate::gateway::session::Session;
use crate::gateway::wait::Wait;
use crate::message::head::Head;
use crate::middleware::RequestInfo;
use crate::request::request::Message;
use crate::response::response::ResponseError;
#[cfg(feature = "rustls")]
use crate::tls::TlsError;
use crate::values::connection_info::ConnectionInfo;
#[cfg(feature = "rustls")]
use crate::values::connection_info::Peer;
use crate::values::now::Now;
use core::convert::Infallible;
use core::task::Waker;
use core::time::Duration;
use smol::channel::Receiver;
use std::io;
use std::prelude::rust_2024::*;
#[cfg(feature = "rustls")]
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The time after which a request has held a thread for too long.
const LONG: Duration = Duration::from_secs(1);

/// The server as seen by a connection.
pub(super) struct ServerContext {
    pub(super) gateway: Reloadable,
    pub(super) options: Options,
    /// Closed when the server stops.
    pub(super) stopping: Receiver<Infallible>,
    /// The reference point of the monotonic time.
    started: Instant,
    wall: WallClock,
    /// About requests that held a serving thread.
    blocking: Advice,
    /// About requests whose bodies are too large.
    large_bodies: Advice,
    pub(super) without_header: WithoutHeader,
    #[cfg(feature = "rustls")]
    failed_handshakes: Notice,
}

/// The wall clock. It is read once a second, because reading a clock takes as long as parsing a head. In between, it
/// advances with the monotonic time.
#[derive(Default)]
struct WallClock {
    /// The second of the monotonic time in which the clock was read, plus one.
    read_in: AtomicU64,
    /// The nanoseconds between the two times, or 0 if the clock is set to a time before 1970.
    ahead: AtomicU64,
}

impl WallClock {
    /// Returns the time since the Unix epoch at a monotonic time.
    fn at(&self, elapsed: Duration) -> Option<Duration> {
        // Two threads may read the clock at the same time. Both results are right.
        let second = elapsed.as_secs() + 1;
        if self.read_in.load(Ordering::Acquire) != second {
            let wall = SystemTime::now().duration_since(UNIX_EPOCH);
            let ahead = wall.map_or(0, |wall| wall.saturating_sub(elapsed).as_nanos());
            let ahead = u64::try_from(ahead).unwrap_or_default();
            self.ahead.store(ahead, Ordering::Relaxed);
            self.read_in.store(second, Ordering::Release);
        }
        match self.ahead.load(Ordering::Relaxed) {
            0 => None,
            ahead => Some(elapsed + Duration::from_nanos(ahead)),
        }
    }
}

impl ServerContext {
    pub(super) fn new(
        gateway: Reloadable,
        options: Options,
        stopping: Receiver<Infallible>,
    ) -> ServerContext {
        ServerContext {
            gateway,
            options,
            stopping,
            started: Instant::now(),
            wall: WallClock::default(),
            blocking: Advice::default(),
            large_bodies: Advice::default(),
            without_header: WithoutHeader::default(),
            #[cfg(feature = "rustls")]
            failed_handshakes: Notice::default(),
        }
    }

    /// Starts the session of a connection.
    #[expect(
        clippy::boxed_local,
        reason = "the future of the connection keeps room for what it was given"
    )]
    pub(super) fn session(&self, info: Box<ConnectionInfo>, takes_files: bool) -> Session {
        let session = self.gateway.current().session(*info).catch_panics();
        if takes_files {
            session.take_files()
        } else {
            session
        }
    }

    /// Returns a function that counts and reports a TLS handshake with this peer that failed.
    #[cfg(feature = "rustls")]
    pub(super) fn notes_failed_handshakes(
        self: Arc<Self>,
        peer: &Peer,
    ) -> impl Fn(&TlsError) + Send + Sync + use<> {
        let peer = peer.clone();
        move |error| {
            let options = &self.options;
            options.count(|metrics| metrics.tls_failures.add(1));
            let notice = || {
                let by = peer.ip().map_or(peer.to_string(), |ip| ip.to_string());
                format!("{by}: the TLS handshake failed: {error}")
            };
            self.failed_handshakes.give(options, notice);
        }
    }

    /// Returns the reference point of the monotonic time.
    pub(super) fn started(&self) -> Instant {
        self.started
    }

    /// Returns the monotonic time.
    pub(super) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Returns the time of a deadline, or `None` if it is beyond what a clock can represent.
    pub(super) fn instant(&self, until: Duration) -> Option<Instant> {
        self.started.checked_add(until)
    }

    /// Counts bytes from a client.
    #[inline]
    pub(super) fn count_received(&self, bytes: usize) {
        if let Some(counters) = self.options.counters() {
            counters.count_received(bytes);
        }
    }

    /// Counts the bytes of a write, if it succeeded.
    #[inline]
    pub(super) fn count_sent(&self, written: &io::Result<usize>) {
        if let (Some(counters), Ok(bytes)) = (self.options.counters(), written) {
            counters.count_sent(*bytes);
        }
    }

    /// Returns the front end for one turn.
    pub(super) fn turn<'s>(&'s self, place: &'s Place, waker: &'s Waker) -> Turn<'s> {
        Turn {
            server: self,
            place,
            waker,
            last: Duration::MAX,
            line: Line::none(),
            runs: Unfinished::Response,
            runs_next: Unfinished::Response,
            began: None,
            answered: None,
        }
    }
}

/// The server as seen by a session during one turn.
pub(super) struct Turn<'s> {
    server: &'s ServerContext,
    place: &'s Place,
    waker: &'s Waker,
    /// The time at which the clock was last read, or the largest time before that.
    last: Duration,
    /// The request line of the last request.
    line: Line,
    /// The part of the application that runs for this request since the clock was last read.
    runs: Unfinished,
    /// The part that runs after the clock is read again.
    runs_next: Unfinished,
    /// When the head of the current request was complete, if it was valid and there are metrics.
    began: Option<Duration>,
    /// When the head of the last request was complete, if its duration is not counted yet: the clock is read after the
    /// response.
    answered: Option<Duration>,
}

impl Turn<'_> {
    /// Gives a session its turn.
    #[inline]
    pub(super) fn give_to(mut self, session: &mut Session, input: &mut &[u8]) -> Wait {
        if let Some(resumed) = session.resumed() {
            self.began = resumed.began;
            if let Some((part, line)) = resumed.unfinished {
                self.line.set(line);
                (self.runs, self.runs_next) = (part, part);
            }
        }
        let wait = session.turn(input, &mut self);
        self.count_answered();
        if let Wait::Pending { .. } = wait {
            // Names the request if it has just held the thread.
            self.now();
        }
        wait
    }

    #[inline(always)]
    fn count_answered(&mut self) {
        if self.answered.is_some() {
            self.count_duration();
        }
    }

    /// Counts the duration of the last response. If the clock was not read after it, it was a prepared response, which takes
    /// less time than reading the clock.
    #[inline(never)]
    fn count_duration(&mut self) {
        if let (Some(counters), Some(began)) = (self.server.options.counters(), self.answered) {
            counters.count_duration(self.last.saturating_sub(began));
            self.answered = None;
        }
    }

    /// Names a request that held the thread. The other connections of the thread had to wait.
    #[cold]
    fn advise(&mut self, held: Duration) {
        if let Some(line) = self.line.take() {
            let seconds = format!("{:.1} s", held.as_secs_f64());
            let advice = match self.runs {
                Unfinished::Response => {
                    format!("held a serving thread for {seconds}: wrap it in net::blocking")
                }
                Unfinished::Body => format!(
                    "has a body that held a serving thread for {seconds}: send it from another one, with Body::channel"
                ),
                Unfinished::Receiver => format!(
                    "has a receiver that held a serving thread for {seconds}: do its work on another one"
                ),
            };
            let options = &self.server.options;
            let blocking = &self.server.blocking;
            blocking.give(&line, &advice, |text| options.report(text));
        }
    }
}

impl FrontEnd for Turn<'_> {
    fn now(&mut self) -> Now {
        let elapsed = self.server.elapsed();
        let held = elapsed.saturating_sub(self.last);
        self.last = elapsed;
        self.count_answered();
        if held >= LONG {
            self.advise(held);
        }
        self.runs = self.runs_next;
        Now {
            monotonic: elapsed,
            wall: self.server.wall.at(elapsed),
        }
    }

    fn waker(&self) -> &Waker {
        self.waker
    }

    fn is_stopping(&self) -> bool {
        self.server.stopping.is_closed()
    }

    fn is_full(&self) -> bool {
        self.place.is_memory_full()
    }

    #[inline]
    fn on_head(&mut self, head: &Head<'_>, _: u64) {
        if let Some(counters) = self.server.options.counters() {
            counters.count_request(head.method());
            self.began = Some(self.last);
        }
    }

    #[inline]
    fn on_request(&mut self, request: &Message<'_>, _: u64) {
        self.line.set(request.head.line());
        self.runs = Unfinished::Response;
        self.runs_next = Unfinished::Response;
    }

    #[inline]
    fn on_response(&mut self, summary: &ResponseSummary) {
        if summary.is_stream {
            self.runs_next = Unfinished::Body;
        }
        if let Some(counters) = self.server.options.counters() {
            counters.count_response(summary.status);
            self.count_answered();
            self.answered = self.began.take();
        }
    }

    fn on_refusal(&mut self, refusal: &Refusal<'_>) {
        let options = &self.server.options;
        options.count(|metrics| metrics.count_refusal(refusal.error));
        let advice = &self.server.large_bodies;
        advice.give_for_large_body(refusal, |text| options.report(text));
    }

    fn on_error(&mut self, error: &ResponseError, request: &RequestInfo<'_>) {
        let options = &self.server.options;
        options.count(|metrics| metrics.response_errors.add(1));
        if !self.server.gateway.current().reports_errors() {
            self.server.options.report(&format!("{request}: {error}"));
        }
    }
}
