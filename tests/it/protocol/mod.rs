//! How connections and sessions follow the protocol, with a clock that each test sets.

mod clocks;
mod closing;
mod heads;
mod linear_time;
mod misuse;
mod output;
mod pace;
mod proxy_headers;
mod transitions;

use crate::laws::reader;
use bytegate::body::BodyError;
use bytegate::config::{Config, Limits, Timeouts};
use bytegate::connection::{
    BodyMode, CloseReason, Connection, OutOfTurn, ProtocolError, Refusal, ResponseSummary, Step,
};
use bytegate::gateway::{FrontEnd, Wait};
use bytegate::headers::Headers;
use bytegate::request::{ConnectionInfo, Scheme};
use bytegate::testing::ClientResponse;
use bytegate::upload::{Admission, Receiver};
use bytegate::{Application, Body, Gateway, Method, Now, Request, Response, Session, Status};
use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// The reason why a session waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pause {
    Read(Duration),
    Write(Duration),
    Answer(Duration),
    Close(CloseReason),
}

/// A session, its peer and its clock. The kit's `Wire` does not show until when a session waits.
struct Wire {
    session: Session,
    now: Now,
    /// Bytes that the peer has sent and the session has not consumed.
    input: Vec<u8>,
    /// Bytes that the peer has read.
    taken: Vec<u8>,
    refused: Vec<ProtocolError>,
    answered: Vec<ResponseSummary>,
}

/// Records the events of a turn.
struct Notes {
    now: Now,
    refused: Vec<ProtocolError>,
    answered: Vec<ResponseSummary>,
}

impl FrontEnd for Notes {
    fn now(&mut self) -> Now {
        self.now
    }

    fn on_refusal(&mut self, refusal: &Refusal<'_>) {
        self.refused.push(refusal.error);
    }

    fn on_response(&mut self, summary: &ResponseSummary) {
        self.answered.push(summary.clone());
    }
}

impl Wire {
    fn new(config: Config, application: impl Application + 'static) -> Wire {
        Wire::opened_at(Now::default(), config, application)
    }

    fn opened_at(now: Now, config: Config, application: impl Application + 'static) -> Wire {
        // Leaking the gateway is fine in a short test.
        let gateway: &Gateway = Box::leak(Box::new(Gateway::new(application).config(config)));
        let mut wire = Wire {
            session: gateway.session(ConnectionInfo::default()),
            now,
            input: Vec::new(),
            taken: Vec::new(),
            refused: Vec::new(),
            answered: Vec::new(),
        };
        wire.step();
        wire
    }

    /// Runs the session until it has to wait.
    fn step(&mut self) -> Pause {
        let mut notes = Notes {
            now: self.now,
            refused: Vec::new(),
            answered: Vec::new(),
        };
        let mut input = &self.input[..];
        let wait = loop {
            match self.session.turn(&mut input, &mut notes) {
                Wait::Yield => {}
                wait => break wait,
            }
        };
        let used = self.input.len() - input.len();
        self.input.drain(..used);
        self.refused.extend(notes.refused);
        self.answered.extend(notes.answered);
        match wait {
            Wait::Read { until } => Pause::Read(until),
            Wait::Write { until } => Pause::Write(until),
            Wait::Pending { until } => Pause::Answer(until),
            Wait::Close(reason) => Pause::Close(reason),
            Wait::Yield => unreachable!("it goes on"),
        }
    }

    /// The peer reads at most `most` bytes, and at most one piece.
    fn take(&mut self, most: usize) {
        let output = self.session.output();
        let Some(piece) = output.pieces().next() else {
            return;
        };
        let part = &piece[..most.min(piece.len())];
        self.taken.extend_from_slice(part);
        let count = part.len();
        self.session.sent(count);
    }

    /// Steps with a peer that reads everything at once.
    fn settle(&mut self) -> Pause {
        loop {
            match self.step() {
                Pause::Write(_) => self.take(usize::MAX),
                other => return other,
            }
        }
    }

    fn send(&mut self, bytes: impl AsRef<[u8]>) -> Pause {
        self.input.extend_from_slice(bytes.as_ref());
        self.settle()
    }

    /// Sets the clock to this many seconds after the start, then steps.
    fn at(&mut self, second: u64) -> Pause {
        self.now.monotonic = seconds(second);
        self.settle()
    }

    /// All responses so far; each must be complete.
    fn responses(&self) -> Vec<ClientResponse> {
        reader::read_all(&self.taken, &vec![Method::GET; self.answered.len()])
    }

    fn statuses(&self) -> Vec<u16> {
        self.responses()
            .iter()
            .map(|response| response.status().code())
            .collect()
    }

    fn last_closes(&self) -> bool {
        self.responses().last().expect("an answer").closes()
    }
}

fn hello(_: &Request<'_>) -> Response {
    Response::text("hello")
}

fn echo(request: &Request<'_>) -> Response {
    Response::text(request.body().to_vec())
}

/// A response that is too large to be buffered whole under the default limits.
fn large(_: &Request<'_>) -> Response {
    Response::text(vec![b'x'; 6 * 1024 * 1024])
}

/// A response that stays below the output limit, so that the session looks at the input after it.
fn medium(_: &Request<'_>) -> Response {
    Response::text(vec![b'x'; 60 * 1024])
}

fn post(length: usize) -> Vec<u8> {
    format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n").into_bytes()
}

fn read_until(second: u64) -> Pause {
    Pause::Read(seconds(second))
}

fn with_limits(limits: Limits) -> Config {
    let mut config = Config::default();
    config.limits = limits;
    config
}

fn with_timeouts(timeouts: Timeouts) -> Config {
    let mut config = Config::default();
    config.timeouts = timeouts;
    config
}

/// Allows uploads of any length.
fn large_uploads() -> Config {
    with_limits({
        let mut limits = Limits::default();
        limits.body_bytes = u64::MAX;
        limits
    })
}

/// Receives a body in parts and discards it.
struct Discarding;

impl Application for Discarding {
    fn call(&self, _: &Request<'_>) -> Response {
        Response::text("no content")
    }

    fn admit(&self, _: &Request<'_>) -> Admission {
        Admission::stream(Discarding)
    }
}

impl Receiver for Discarding {
    fn data(&mut self, part: &[u8]) -> Result<(), Response> {
        assert!(!part.is_empty());
        Ok(())
    }

    fn finish(self: Box<Self>, _: Headers<'_>) -> Response {
        Response::text("thanks")
    }
}
