//! Deadlines, limits and the ways a connection ends, tested with a clock that each test sets.

mod laws;

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
use laws::reader;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// What the session waits for.
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

/// Records what a turn does.
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

    fn send(&mut self, octets: impl AsRef<[u8]>) -> Pause {
        self.input.extend_from_slice(octets.as_ref());
        self.settle()
    }

    /// Sets the clock to this many seconds after the start, then steps.
    fn at(&mut self, second: u64) -> Pause {
        self.now.monotonic = seconds(second);
        self.settle()
    }

    /// All answers so far; each must be complete.
    fn answers(&self) -> Vec<ClientResponse> {
        reader::read_all(&self.taken, &vec![Method::GET; self.answered.len()])
    }

    fn statuses(&self) -> Vec<u16> {
        self.answers()
            .iter()
            .map(|answer| answer.status().code())
            .collect()
    }

    fn last_closes(&self) -> bool {
        self.answers().last().expect("an answer").closes()
    }
}

fn hello(_: &Request<'_>) -> Response {
    Response::text("hello")
}

fn echo(request: &Request<'_>) -> Response {
    Response::text(request.body().to_vec())
}

/// An answer that is too large to be buffered whole under the default limits.
fn large(_: &Request<'_>) -> Response {
    Response::text(vec![b'x'; 6 * 1024 * 1024])
}

/// An answer that stays below the output limit, so that the session looks at the input after it.
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

// Heads

#[test]
fn a_connection_that_sends_nothing_is_closed_silently() {
    let mut wire = Wire::new(Config::default(), hello);
    assert_eq!(wire.settle(), read_until(10));
    assert_eq!(wire.at(9), read_until(10));
    assert_eq!(wire.at(10), Pause::Close(CloseReason::Idle));
    assert!(wire.taken.is_empty());
}

#[test]
fn a_head_that_is_not_complete_in_time_gets_a_408() {
    let mut wire = Wire::new(Config::default(), hello);
    assert_eq!(wire.at(3), read_until(10));
    assert_eq!(wire.send("G"), read_until(10));
    assert_eq!(wire.at(9), read_until(10));
    assert_eq!(wire.at(10), Pause::Close(CloseReason::Refused));
    assert_eq!(wire.refused, [ProtocolError::HeadTimeout]);
    assert_eq!(wire.statuses(), [408]);
    assert!(wire.last_closes());
}

#[test]
fn dripping_bytes_does_not_extend_the_head_timeout() {
    let mut wire = Wire::new(Config::default(), hello);
    for (second, octet) in (0..).zip(&GET[..10]) {
        assert_eq!(wire.at(second), read_until(10));
        assert_eq!(wire.send([*octet]), read_until(10));
    }
    assert_eq!(wire.at(10), Pause::Close(CloseReason::Refused));
    assert_eq!(wire.statuses(), [408]);
}

#[test]
fn a_head_completed_at_the_last_moment_is_answered() {
    let mut wire = Wire::new(Config::default(), hello);
    wire.send(&GET[..10]);
    wire.now = wire.now.after(seconds(10));
    wire.send(&GET[10..]);
    assert_eq!(wire.statuses(), [200]);
}

#[test]
fn an_idle_connection_is_closed_silently() {
    let mut wire = Wire::new(Config::default(), hello);
    wire.at(5);
    assert_eq!(wire.send(GET), read_until(80));
    let answer = wire.taken.clone();
    assert_eq!(wire.at(79), read_until(80));
    assert_eq!(wire.at(80), Pause::Close(CloseReason::Idle));
    assert_eq!(wire.taken, answer);
}

#[test]
fn the_timeout_of_a_second_head_starts_at_its_first_byte() {
    let mut wire = Wire::new(Config::default(), hello);
    assert_eq!(wire.send(GET), read_until(75));
    assert_eq!(wire.at(70), read_until(75));
    assert_eq!(wire.send("G"), read_until(80));
    assert_eq!(wire.at(79), read_until(80));
    assert_eq!(wire.at(80), Pause::Close(CloseReason::Refused));
    assert_eq!(wire.statuses(), [200, 408]);
}

#[test]
fn an_empty_line_between_requests_does_not_start_a_head() {
    let mut wire = Wire::new(Config::default(), hello);
    wire.send([GET, b"\r\n"].concat());
    let answer = wire.taken.clone();
    assert_eq!(wire.at(74), read_until(75));
    assert_eq!(wire.at(75), Pause::Close(CloseReason::Idle));
    assert_eq!(wire.taken, answer);
}

#[test]
fn time_spent_sending_an_answer_is_not_idle_time() {
    let mut wire = Wire::new(Config::default(), large);
    wire.input.extend_from_slice(GET);
    // Steady and faster than the minimum rate, but it takes longer than the idle timeout.
    for second in 0..90 {
        wire.now.monotonic = seconds(second);
        assert!(matches!(wire.step(), Pause::Write(_)));
        wire.take(64 * 1024);
    }
    assert!(matches!(wire.settle(), Pause::Read(_)));
    assert!(matches!(wire.send(GET), Pause::Read(_)));
    assert_eq!(wire.statuses(), [200, 200]);
}

#[test]
fn time_spent_in_the_application_is_not_idle_time() {
    let mut connection = Connection::new(Config::default(), Scheme::Http);
    let mut input = GET;
    let step = connection.step(&mut input, Now::default());
    assert!(matches!(step, Step::Request(_)));
    // Here the application works for 100 seconds.
    assert!(connection.respond(&mut Response::text("late")).is_ok());
    let later = Now::default().after(seconds(100));
    let step = connection.step(&mut input, later);
    assert!(matches!(step, Step::Write { .. }));
    let length = connection.output().len();
    connection.sent(length);
    let step = connection.step(&mut input, later);
    assert!(matches!(step, Step::Read { .. }), "{step:?}");
}

#[test]
fn a_head_is_not_late_while_the_session_is_not_reading() {
    let mut wire = Wire::new(Config::default(), medium);
    wire.input.extend_from_slice(GET);
    wire.input.extend_from_slice(&GET[..10]);
    for second in 0..25 {
        wire.now.monotonic = seconds(second);
        assert!(matches!(wire.step(), Pause::Write(_)));
        wire.take(2 * 1024);
    }
    // The rest arrived long ago, but the session did not ask for it until now.
    assert!(matches!(wire.settle(), Pause::Read(_)));
    assert!(matches!(wire.send(&GET[10..]), Pause::Read(_)));
    assert_eq!(wire.statuses(), [200, 200]);
}

#[test]
fn content_is_not_late_while_the_session_is_not_reading() {
    let mut wire = Wire::new(Config::default(), |request: &Request<'_>| {
        match request.body() {
            b"" => medium(request),
            _ => echo(request),
        }
    });
    wire.input.extend_from_slice(GET);
    wire.input.extend_from_slice(&post(5));
    for second in 0..25 {
        wire.now.monotonic = seconds(second);
        assert!(matches!(wire.step(), Pause::Write(_)));
        wire.take(2 * 1024);
    }
    assert!(matches!(wire.settle(), Pause::Read(_)));
    assert!(matches!(wire.send("hello"), Pause::Read(_)));
    assert_eq!(wire.statuses(), [200, 200]);
}

// Content

/// The second at which content arriving at this rate is refused, if it is.
fn content_is_refused_at(octets_per_second: usize, within: u64) -> Option<u64> {
    let mut wire = Wire::new(large_uploads(), Discarding);
    wire.send(post(usize::MAX));
    for second in 1..=within {
        wire.now.monotonic = seconds(second);
        // The deadline passes before the next bytes arrive.
        if let Pause::Close(_) = wire.settle() {
            assert_eq!(wire.refused, [ProtocolError::BodyTimeout]);
            assert_eq!(wire.statuses(), [408]);
            assert!(wire.last_closes());
            return Some(second);
        }
        wire.send(vec![b'x'; octets_per_second]);
    }
    None
}

#[test]
fn content_at_one_byte_per_second_is_refused_after_the_grace_period() {
    // Each byte has earned 2 ms.
    assert_eq!(content_is_refused_at(1, 100), Some(21));
}

#[test]
fn content_below_the_minimum_rate_is_eventually_refused() {
    let cut = content_is_refused_at(499, 20_000);
    assert!(cut.is_some_and(|second| second > 20), "{cut:?}");
}

#[test]
fn content_above_the_minimum_rate_is_never_refused() {
    assert_eq!(content_is_refused_at(501, 20_000), None);
}

#[test]
fn a_long_head_buys_no_time_for_its_content() {
    let mut wire = Wire::new(Config::default(), echo);
    let long = "x".repeat(6000);
    wire.send(format!(
        "POST / HTTP/1.1\r\nHost: x\r\nX: {long}\r\nContent-Length: 9\r\n\r\nx"
    ));
    // Each byte of the content earns 2 ms.
    for (second, earned) in [(9, 4), (18, 6)] {
        wire.at(second);
        let until = seconds(20) + Duration::from_millis(earned);
        assert_eq!(wire.send("x"), Pause::Read(until));
    }
}

#[test]
fn a_long_gap_in_content_is_refused() {
    let mut wire = Wire::new(large_uploads(), echo);
    wire.send(post(1 << 20));
    assert_eq!(wire.send(vec![b'x'; 100_000]), read_until(30));
    assert_eq!(wire.at(29), read_until(30));
    assert_eq!(wire.send(vec![b'x'; 100_000]), read_until(59));
    assert_eq!(wire.at(58), read_until(59));
    assert_eq!(wire.at(59), Pause::Close(CloseReason::Refused));
    assert_eq!(wire.statuses(), [408]);
}

/// The second at which an upload is refused that sends one part at once, and another every `interval` seconds.
fn upload_is_refused_at(burst: usize, part: usize, interval: usize, within: u64) -> Option<u64> {
    let mut wire = Wire::new(Config::default(), echo);
    wire.send(post(1 << 20));
    wire.send(vec![b'x'; burst]);
    for second in 1..=within {
        if let Pause::Close(_) = wire.at(second) {
            assert_eq!(wire.statuses(), [408]);
            return Some(second);
        }
        if second % interval as u64 == 0 {
            wire.send(vec![b'x'; part]);
        }
    }
    None
}

#[test]
fn content_sent_at_once_earns_no_more_than_the_longest_gap() {
    let burst = (1 << 20) - 2000;
    assert_eq!(upload_is_refused_at(burst, 1, 25, 3000), Some(31));
    assert_eq!(upload_is_refused_at(burst, 1, 1, 3000), Some(31));
    assert_eq!(upload_is_refused_at(burst, 0, 1, 3000), Some(30));
}

#[test]
fn content_in_bursts_is_received_if_its_rate_is_high_enough() {
    // 520 bytes a second for 2,000 seconds, after a fast beginning.
    assert_eq!(upload_is_refused_at(8000, 13_000, 25, 2000), None);
    // 480 bytes a second use up what the beginning has earned.
    let cut = upload_is_refused_at(8000, 12_000, 25, 2000);
    assert!(cut.is_some_and(|second| second < 300), "{cut:?}");
}

#[test]
fn an_upload_that_pauses_for_twelve_seconds_is_served() {
    for sent in [0, 1, 100_000] {
        let mut wire = Wire::new(large_uploads(), echo);
        wire.send(post(100_001));
        wire.send(vec![b'x'; sent]);
        assert!(matches!(wire.at(12), Pause::Read(_)), "after {sent}");
        wire.send(vec![b'x'; 100_001 - sent]);
        assert_eq!(wire.statuses(), [200], "after {sent}");
    }
}

#[test]
fn a_reader_that_pauses_for_45_seconds_gets_everything() {
    for taken in [0, 1, 100_000] {
        let mut wire = Wire::new(Config::default(), large);
        wire.input.extend_from_slice(GET);
        assert!(matches!(wire.step(), Pause::Write(_)));
        wire.take(taken);
        wire.now.monotonic = seconds(45);
        assert!(matches!(wire.step(), Pause::Write(_)), "after {taken}");
        assert!(matches!(wire.settle(), Pause::Read(_)), "after {taken}");
        assert_eq!(wire.statuses(), [200], "after {taken}");
    }
}

#[test]
fn chunked_content_must_keep_the_same_pace() {
    let mut wire = Wire::new(Config::default(), echo);
    wire.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    for second in 1..20 {
        assert!(matches!(wire.at(second), Pause::Read(_)));
        assert!(matches!(wire.send("0"), Pause::Read(_)));
    }
    assert!(matches!(wire.at(20), Pause::Read(_)));
    assert_eq!(wire.at(21), Pause::Close(CloseReason::Refused));
    assert_eq!(wire.statuses(), [408]);
}

#[test]
fn the_content_pace_starts_anew_with_each_request() {
    let mut wire = Wire::new(Config::default(), echo);
    wire.send(post(5));
    assert!(matches!(wire.at(9), Pause::Read(_)));
    wire.send("hello");
    assert!(matches!(wire.at(60), Pause::Read(_)));
    assert_eq!(wire.send(post(5)), read_until(80));
    assert_eq!(wire.at(79), read_until(80));
    wire.send("hello");
    assert_eq!(wire.statuses(), [200, 200]);
}

// Writing

#[test]
fn a_peer_that_reads_nothing_is_cut_off() {
    let mut wire = Wire::new(Config::default(), large);
    wire.input.extend_from_slice(GET);
    assert_eq!(wire.step(), Pause::Write(seconds(60)));
    wire.now.monotonic = seconds(59);
    assert_eq!(wire.step(), Pause::Write(seconds(60)));
    wire.now.monotonic = seconds(60);
    assert_eq!(wire.step(), Pause::Close(CloseReason::WriteTimeout));
    assert!(wire.session.output().is_empty());
    wire.now.monotonic = seconds(0);
    assert_eq!(wire.step(), Pause::Close(CloseReason::WriteTimeout));
}

/// The second at which a peer that reads at this rate is cut off, if it is.
fn writing_is_cut_at(octets_per_second: usize) -> Option<u64> {
    let mut wire = Wire::new(Config::default(), large);
    wire.input.extend_from_slice(GET);
    for second in 0.. {
        wire.now.monotonic = seconds(second);
        match wire.step() {
            Pause::Write(_) => wire.take(octets_per_second),
            Pause::Close(CloseReason::WriteTimeout) => return Some(second),
            _ => break,
        }
    }
    None
}

#[test]
fn a_peer_below_the_minimum_rate_is_eventually_cut_off() {
    assert_eq!(writing_is_cut_at(1), Some(61));
    let cut = writing_is_cut_at(400);
    assert!(cut.is_some_and(|second| second > 60), "{cut:?}");
}

#[test]
fn a_peer_above_the_minimum_rate_gets_everything() {
    assert_eq!(writing_is_cut_at(501), None);
}

#[test]
fn output_read_at_once_earns_no_more_than_the_longest_gap() {
    for (part, interval, cut) in [(1, 50, 61), (1, 1, 61), (0, 1, 60)] {
        let mut wire = Wire::new(Config::default(), large);
        wire.input.extend_from_slice(GET);
        wire.step();
        // The head, and a part of the content.
        wire.take(4 << 20);
        wire.take(4 << 20);
        assert!(wire.taken.len() > 4 << 20);
        wire.step();
        let end = (1..3000).find(|second| {
            wire.now.monotonic = seconds(*second);
            let pause = wire.step();
            if second % interval == 0 {
                wire.take(part);
            }
            pause == Pause::Close(CloseReason::WriteTimeout)
        });
        assert_eq!(end, Some(cut), "{part} bytes every {interval} s");
    }
}

#[test]
fn the_write_pace_starts_anew_with_each_answer() {
    let mut wire = Wire::new(Config::default(), hello);
    wire.send(GET);
    wire.at(60);
    wire.input.extend_from_slice(GET);
    assert_eq!(wire.step(), Pause::Write(seconds(120)));
}

#[test]
fn bytes_count_as_sent_when_reported_not_when_offered() {
    let mut wire = Wire::new(Config::default(), large);
    wire.input.extend_from_slice(GET);
    assert_eq!(wire.step(), Pause::Write(seconds(60)));
    // A write that blocked for 15 seconds.
    wire.now.monotonic = seconds(15);
    for _ in 0..2 {
        wire.take(64 * 1024);
    }
    assert_eq!(wire.step(), Pause::Write(seconds(75)));
}

#[test]
fn partial_writes_do_not_change_the_output() {
    let octets_of = |most: &mut dyn FnMut() -> usize| {
        let mut wire = Wire::new(Config::default(), |request: &Request<'_>| {
            Response::text(match request.path() {
                "/stream" => Body::from_iterator(
                    (1..40).map(|count| vec![b's'; count * 97].into_boxed_slice()),
                ),
                "/large" => Body::from(vec![b'l'; 70_000]),
                _ => Body::from("small"),
            })
        });
        for path in ["/", "/stream", "/large", "/", "/stream"] {
            let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
            wire.input.extend_from_slice(request.as_bytes());
        }
        while let Pause::Write(_) = wire.step() {
            wire.take(most());
        }
        assert_eq!(wire.statuses(), [200; 5]);
        wire.taken
    };
    let whole = octets_of(&mut || usize::MAX);
    assert!(octets_of(&mut || 1) == whole);
    let mut counts = (0_usize..).map(|count| 1 + count * 7919 % 40_000);
    assert!(octets_of(&mut || counts.next().expect("endless")) == whole);
}

// Clocks

fn no_timeouts() -> Timeouts {
    let mut timeouts = Timeouts::default();
    for pace in [&mut timeouts.body, &mut timeouts.write] {
        (pace.grace, pace.gap) = (Duration::MAX, Duration::MAX);
    }
    for timeout in [
        &mut timeouts.response,
        &mut timeouts.stop,
        &mut timeouts.head,
        &mut timeouts.idle,
        &mut timeouts.age,
    ] {
        *timeout = Duration::MAX;
    }
    timeouts
}

#[test]
fn timeouts_of_the_maximum_duration_never_fire() {
    let never = Pause::Read(Duration::MAX);
    for start in [0, 1, u64::MAX / 2] {
        let mut wire = Wire::new(with_timeouts(no_timeouts()), echo);
        wire.at(start);
        for part in [b"GET / ".to_vec(), GET[6..].to_vec(), post(5)] {
            assert_eq!(wire.send(part), never);
            assert_eq!(wire.at(u64::MAX), never);
            wire.at(start);
        }
        wire.input.extend_from_slice(b"hello");
        assert_eq!(wire.step(), Pause::Write(Duration::MAX));
        wire.now.monotonic = seconds(u64::MAX);
        assert_eq!(wire.step(), Pause::Write(Duration::MAX));
        assert_eq!(wire.settle(), never);
        assert_eq!(wire.statuses(), [200, 200]);
    }
}

/// Sends two requests byte by byte, each byte at the next of these times.
fn two_requests_at(times: &[Duration]) {
    for has_wall in [false, true] {
        let now = |time| Now {
            monotonic: time,
            wall: has_wall.then_some(time),
        };
        let mut wire = Wire::opened_at(now(times[0]), Config::default(), echo);
        let octets = [GET, &post(5), b"hello"].concat();
        for (octet, &time) in octets.iter().zip(times.iter().cycle()) {
            wire.now = now(time);
            let pause = wire.send([*octet]);
            assert!(matches!(pause, Pause::Read(_)), "{times:?}: {pause:?}");
        }
        assert_eq!(wire.statuses(), [200, 200], "{times:?}");
    }
}

#[test]
fn a_stopped_clock_closes_nothing_whatever_its_time() {
    for time in [
        Duration::ZERO,
        Duration::from_nanos(1),
        Duration::from_secs(u64::MAX),
        Duration::MAX - seconds(5),
    ] {
        two_requests_at(&[time]);
    }
}

#[test]
fn a_clock_at_its_maximum_closes_nothing() {
    two_requests_at(&[Duration::MAX]);
}

#[test]
fn a_clock_that_runs_backwards_closes_nothing() {
    let backwards: Vec<Duration> = (0..100).rev().map(|step| seconds(step * 1000)).collect();
    two_requests_at(&backwards);
}

#[test]
fn a_clock_that_jumps_back_and_forth_closes_nothing() {
    // Nine seconds in total, with two jumps back.
    two_requests_at(&[1000, 0, 1004, 3, 1009].map(seconds));
}

#[test]
fn a_clock_that_runs_backwards_cuts_no_answer_short() {
    let mut wire = Wire::new(Config::default(), large);
    wire.now.monotonic = seconds(1000);
    wire.input.extend_from_slice(GET);
    for second in (0..1000).rev() {
        assert!(matches!(wire.step(), Pause::Write(_)));
        wire.take(1);
        wire.now.monotonic = seconds(second);
    }
    wire.settle();
    assert_eq!(wire.statuses(), [200]);
}

#[test]
fn extra_steps_do_no_harm() {
    let mut wire = Wire::new(Config::default(), echo);
    for octet in [GET, &post(5), b"hello"].concat() {
        wire.send([octet]);
        let pause = wire.step();
        assert_eq!(wire.step(), pause);
    }
    assert_eq!(wire.statuses(), [200, 200]);
}

// The last answer

#[test]
fn the_answer_to_the_last_allowed_request_closes_the_connection() {
    let mut limits = Limits::default();
    limits.requests = 3;
    let mut wire = Wire::new(with_limits(limits), hello);
    assert_eq!(
        wire.send(GET.repeat(5)),
        Pause::Close(CloseReason::Persistence)
    );
    let closes: Vec<bool> = wire
        .answers()
        .iter()
        .map(|answer| answer.closes())
        .collect();
    assert_eq!(closes, [false, false, true]);
}

#[test]
fn the_first_answer_after_the_maximum_age_closes_the_connection() {
    let mut wire = Wire::new(Config::default(), hello);
    for second in (0..3600).step_by(60) {
        wire.at(second);
        wire.send(GET);
    }
    assert!(!wire.last_closes());
    wire.at(3600 - 1);
    wire.send(GET);
    assert!(!wire.last_closes());
    wire.now.monotonic = seconds(3600);
    assert_eq!(wire.send(GET), Pause::Close(CloseReason::Persistence));
    assert!(wire.last_closes());
}

// Stopping

#[test]
fn a_stop_between_requests_closes_at_once() {
    let mut wire = Wire::new(Config::default(), hello);
    wire.session.stop();
    assert_eq!(wire.settle(), Pause::Close(CloseReason::Stopped));
    assert!(wire.taken.is_empty());

    let mut wire = Wire::new(Config::default(), hello);
    wire.send(GET);
    assert!(wire.session.is_idle());
    wire.session.stop();
    assert_eq!(wire.settle(), Pause::Close(CloseReason::Stopped));
    assert_eq!(wire.statuses(), [200]);
}

#[test]
fn a_stop_during_a_request_answers_it_and_then_closes() {
    let request = [&post(5)[..], b"hello"].concat();
    for cut in 1..request.len() {
        let mut wire = Wire::new(Config::default(), echo);
        wire.send(&request[..cut]);
        assert!(!wire.session.is_idle());
        wire.session.stop();
        assert!(matches!(wire.settle(), Pause::Read(_)));
        let pause = wire.send(&request[cut..]);
        assert_eq!(pause, Pause::Close(CloseReason::Persistence), "{cut}");
        assert_eq!(wire.statuses(), [200]);
        assert!(wire.last_closes());
    }
}

#[test]
fn a_stop_before_pipelined_requests_answers_only_the_first() {
    let mut wire = Wire::new(Config::default(), hello);
    wire.session.stop();
    assert_eq!(
        wire.send(GET.repeat(3)),
        Pause::Close(CloseReason::Persistence)
    );
    assert_eq!(wire.statuses(), [200]);
    assert!(wire.last_closes());
}

#[test]
fn a_stop_during_an_application_call_closes_after_its_answer() {
    let mut connection = Connection::new(Config::default(), Scheme::Http);
    let mut input = GET;
    let step = connection.step(&mut input, Now::default());
    assert!(matches!(step, Step::Request(_)));
    connection.stop();
    let answered = connection.respond(&mut Response::text("hello"));
    assert!(!answered.expect("an answer").keeps_alive);
}

#[test]
fn a_stop_does_not_cut_an_answer_short() {
    let mut wire = Wire::new(Config::default(), large);
    wire.input.extend_from_slice(GET);
    assert!(matches!(wire.step(), Pause::Write(_)));
    wire.take(1000);
    wire.session.stop();
    assert_eq!(wire.settle(), Pause::Close(CloseReason::Stopped));
    assert_eq!(wire.statuses(), [200]);
}

#[test]
fn an_incomplete_request_has_one_second_left_after_a_stop() {
    for (begun, rest) in [
        (b"GET".to_vec(), &GET[3..]),
        (post(5), &b"hello"[..]),
        ([&post(5)[..], b"hel"].concat(), b"lo"),
    ] {
        for in_time in [true, false] {
            let mut wire = Wire::new(Config::default(), echo);
            wire.send(&begun);
            wire.at(3);
            wire.session.stop();
            assert_eq!(wire.settle(), read_until(4));
            if in_time {
                assert_eq!(wire.send(rest), Pause::Close(CloseReason::Persistence));
                assert_eq!(wire.statuses(), [200]);
            } else {
                // Bytes that arrive meanwhile do not extend the deadline.
                let half = rest.len() / 2;
                wire.now.monotonic = Duration::from_millis(3900);
                assert_eq!(wire.send(&rest[..half]), read_until(4));
                assert_eq!(wire.at(4), Pause::Close(CloseReason::Refused));
                assert_eq!(wire.statuses(), [408]);
            }
            assert!(wire.last_closes());
        }
    }
}

#[test]
fn deadlines_still_apply_after_a_stop() {
    let config = with_timeouts({
        let mut timeouts = Timeouts::default();
        timeouts.stop = Duration::MAX;
        timeouts
    });
    let mut wire = Wire::new(config, hello);
    wire.send("GET");
    wire.session.stop();
    assert_eq!(wire.at(9), read_until(10));
    assert_eq!(wire.at(10), Pause::Close(CloseReason::Refused));
    assert_eq!(wire.statuses(), [408]);
}

// The end of the input

#[test]
fn end_of_input_before_a_request_closes_silently() {
    for input in [&b""[..], b"\r\n"] {
        let mut wire = Wire::new(Config::default(), hello);
        wire.send(input);
        wire.session.end_input();
        assert_eq!(wire.settle(), Pause::Close(CloseReason::InputEnded));
        assert!(wire.taken.is_empty());
    }
}

#[test]
fn end_of_input_inside_a_request_is_refused() {
    let request = [&post(5)[..], b"hello"].concat();
    for cut in 1..request.len() {
        let mut wire = Wire::new(Config::default(), hello);
        wire.input.extend_from_slice(&request[..cut]);
        wire.session.end_input();
        assert_eq!(
            wire.settle(),
            Pause::Close(CloseReason::Refused),
            "cut at {cut}"
        );
        assert_eq!(wire.statuses(), [400]);
        let expected = match cut < post(5).len() {
            true => ProtocolError::HeadIncomplete,
            false => ProtocolError::BodyIncomplete,
        };
        assert_eq!(wire.refused, [expected], "cut at {cut}");
    }
}

#[test]
fn requests_before_the_end_of_input_are_all_answered() {
    let mut wire = Wire::new(Config::default(), large);
    wire.input.extend_from_slice(&GET.repeat(2));
    wire.session.end_input();
    assert_eq!(wire.settle(), Pause::Close(CloseReason::InputEnded));
    assert_eq!(wire.statuses(), [200, 200]);
}

#[test]
fn end_of_input_does_not_cut_a_stream_short() {
    let mut wire = Wire::new(Config::default(), |_: &Request<'_>| {
        Response::text(Body::from_iterator((0..1000).map(|_| vec![b'x'; 1000])))
    });
    wire.input.extend_from_slice(GET);
    assert!(matches!(wire.step(), Pause::Write(_)));
    wire.session.end_input();
    assert_eq!(wire.settle(), Pause::Close(CloseReason::InputEnded));
    assert_eq!(wire.answers()[0].body().len(), 1_000_000);
}

#[test]
fn end_of_input_after_a_refusal_still_sends_the_refusal() {
    let mut wire = Wire::new(Config::default(), hello);
    wire.input.extend_from_slice(b"nonsense\r\n\r\n");
    assert!(matches!(wire.step(), Pause::Write(_)));
    wire.session.end_input();
    assert_eq!(wire.settle(), Pause::Close(CloseReason::Refused));
    assert_eq!(wire.statuses(), [400]);
}

#[test]
fn end_of_input_while_a_request_is_handled_does_not_affect_it() {
    let mut connection = Connection::new(Config::default(), Scheme::Http);
    let mut input = GET;
    let step = connection.step(&mut input, Now::default());
    assert!(matches!(step, Step::Request(_)));
    connection.end_input();
    let answered = connection.respond(&mut Response::text("hello"));
    assert_eq!(answered.expect("an answer").status, Status::OK);

    let mut connection = Connection::new(Config::default(), Scheme::Http);
    let request = [&post(5)[..], b"hello"].concat();
    let mut input = &request[..];
    let step = connection.step(&mut input, Now::default());
    assert!(matches!(step, Step::Admit(_)));
    connection.end_input();
    assert_eq!(connection.admit(BodyMode::Buffer), Ok(()));
    let step = connection.step(&mut input, Now::default());
    assert!(matches!(step, Step::Request(message) if message.content == b"hello"));
}

#[test]
fn a_receiver_never_finishes_if_its_content_breaks_off() {
    let mut wire = Wire::new(Config::default(), Discarding);
    wire.send([&post(5)[..], b"hel"].concat());
    wire.session.end_input();
    assert_eq!(wire.settle(), Pause::Close(CloseReason::Refused));
    assert_eq!(wire.statuses(), [400]);
}

/// Receives content in parts and discards it.
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

// Callers that break the rules

/// The output for a caller that reads and writes, but answers only through `answer`.
fn without_answers(input: &[u8], answer: impl Fn(&mut Connection, &str)) -> Vec<u8> {
    let mut connection = Connection::new(Config::default(), Scheme::Http);
    let mut input = input;
    let mut output = Vec::new();
    for _ in 0..20 {
        let asked = match connection.step(&mut input, Now::default()) {
            Step::Admit(_) => "admit",
            Step::Request(_) => "call",
            Step::Data(_) => continue,
            Step::Pending { .. } | Step::SendBody => "more",
            Step::Refuse(_) => "refuse",
            Step::Read { .. } => {
                connection.end_input();
                continue;
            }
            Step::Write { .. } => {
                connection.output().move_to(&mut output);
                continue;
            }
            Step::Close(_) => return output,
        };
        answer(&mut connection, asked);
    }
    panic!("the connection never closes");
}

fn assert_one_500_that_closes(output: &[u8]) {
    let answers = reader::read_all(output, &[Method::GET]);
    assert_eq!(answers[0].status(), 500);
    assert!(answers[0].closes());
}

#[test]
fn an_unanswered_request_is_refused_with_500() {
    let requests = [GET.repeat(2), post(5), [&post(5)[..], b"hello"].concat()];
    for request in requests {
        let output = without_answers(&request, |connection, asked| {
            if asked == "refuse" {
                let page = &mut Status::INTERNAL_SERVER_ERROR.into();
                connection.respond(page).expect("its turn");
            }
        });
        assert_one_500_that_closes(&output);
    }
}

#[test]
fn an_unanswered_request_with_streamed_content_is_refused_with_500() {
    let request = [&post(5)[..], b"hello"].concat();
    let output = without_answers(&request, |connection, asked| match asked {
        "admit" => connection.admit(BodyMode::Stream(5)).expect("its turn"),
        "refuse" => {
            let page = &mut Status::INTERNAL_SERVER_ERROR.into();
            connection.respond(page).expect("its turn");
        }
        _ => {}
    });
    assert_one_500_that_closes(&output);
}

#[test]
fn a_caller_that_never_answers_sends_an_error_and_closes() {
    for request in [GET.to_vec(), post(5)] {
        assert_one_500_that_closes(&without_answers(&request, |_, _| {}));
    }
    let refused = without_answers(b"nonsense\r\n\r\n", |_, _| {});
    let answers = reader::read_all(&refused, &[Method::GET]);
    assert_eq!(
        (answers[0].status().code(), answers[0].closes()),
        (400, true)
    );
}

#[test]
fn commands_out_of_turn_are_errors_and_change_nothing() {
    let mut connection = Connection::new(Config::default(), Scheme::Http);
    let mut input = &GET[..10];
    let out_of_turn = |connection: &mut Connection| {
        let answered = connection.respond(&mut Response::text("early"));
        assert_eq!(answered, Err(OutOfTurn));
        assert_eq!(connection.admit(BodyMode::Buffer), Err(OutOfTurn));
        assert_eq!(connection.defer(), Err(OutOfTurn));
        assert_eq!(
            connection.send(Bytes::from_static(b"early")),
            Err(OutOfTurn)
        );
        assert_eq!(connection.end_body(Ok(())), Err(OutOfTurn));
        assert_eq!(connection.flush(), Err(OutOfTurn));
    };
    out_of_turn(&mut connection);
    connection.sent(1000);
    let step = connection.step(&mut input, Now::default());
    assert!(matches!(step, Step::Read { .. }));
    out_of_turn(&mut connection);
    assert!(connection.output().is_empty());
}

#[test]
fn a_closed_connection_stays_closed() {
    let mut wire = Wire::new(Config::default(), hello);
    assert_eq!(
        wire.send("nonsense\r\n\r\n"),
        Pause::Close(CloseReason::Refused)
    );
    let answer = wire.taken.clone();
    wire.session.stop();
    wire.session.end_input();
    assert_eq!(wire.send(GET), Pause::Close(CloseReason::Refused));
    assert_eq!(wire.at(10_000), Pause::Close(CloseReason::Refused));
    assert!(wire.input.is_empty());
    assert_eq!(wire.taken, answer);
}

// Buffered output

#[test]
fn pipelined_requests_wait_until_the_peer_reads_the_answers() {
    const COUNT: usize = 10_000;
    const ANSWER_BYTES: usize = 1024;
    let mark = Limits::default().output_bytes;
    let mut wire = Wire::new(Config::default(), |request: &Request<'_>| {
        Response::text(request.path().to_string())
    });
    for number in 0..COUNT {
        let request = format!("GET /{number} HTTP/1.1\r\nHost: x\r\n\r\n");
        wire.input.extend_from_slice(request.as_bytes());
    }
    while let Pause::Write(_) = wire.step() {
        let waiting = wire.session.output().len();
        assert!(
            waiting < mark + ANSWER_BYTES,
            "{waiting} bytes are buffered"
        );
        wire.take(10_000);
    }
    let answers = wire.answers();
    assert_eq!(answers.len(), COUNT);
    for (number, answer) in answers.iter().enumerate() {
        assert_eq!(answer.body(), format!("/{number}").as_bytes());
    }
    assert!(answers[COUNT - 1].closes());
}

/// An endless stream, and a counter of the blocks pulled from it.
fn counted_stream(
    block_bytes: usize,
) -> (Arc<AtomicUsize>, impl Fn(&Request<'_>) -> Response + Sync) {
    let pulled = Arc::new(AtomicUsize::new(0));
    let counter = pulled.clone();
    let application = move |_: &Request<'_>| {
        let counter = counter.clone();
        let block = Bytes::from(vec![b'x'; block_bytes]);
        Response::text(Body::from_iterator(std::iter::repeat_with(move || {
            counter.fetch_add(1, Ordering::Relaxed);
            block.clone()
        })))
    };
    (pulled, application)
}

#[test]
fn a_stream_is_pulled_only_while_the_output_is_below_its_limit() {
    let (pulled, application) = counted_stream(1024);
    let mut wire = Wire::new(Config::default(), application);
    wire.input.extend_from_slice(GET);
    // One block for each write, as long as there is room.
    for blocks in 1..=3 {
        assert!(matches!(wire.step(), Pause::Write(_)));
        assert_eq!(pulled.load(Ordering::Relaxed), blocks);
    }
    for _ in 0..200 {
        assert!(matches!(wire.step(), Pause::Write(_)));
    }
    let before = pulled.load(Ordering::Relaxed);
    assert!((60..=64).contains(&before), "{before} blocks");
    wire.take(10 * 1024);
    for _ in 0..200 {
        wire.step();
    }
    let refilled = pulled.load(Ordering::Relaxed) - before;
    assert!((9..=11).contains(&refilled), "{refilled} blocks");
}

#[test]
fn a_slow_reader_costs_at_most_one_extra_block() {
    const BLOCK_BYTES: usize = 1024 * 1024;
    let mark = Limits::default().output_bytes;
    let (_, application) = counted_stream(BLOCK_BYTES);
    let mut wire = Wire::new(Config::default(), application);
    wire.input.extend_from_slice(GET);
    for _ in 0..1000 {
        assert!(matches!(wire.step(), Pause::Write(_)));
        let waiting = wire.session.output().len();
        assert!(
            waiting < mark + BLOCK_BYTES + 16,
            "{waiting} bytes are buffered"
        );
        wire.take(10_000);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn sent_bytes_are_not_kept() {
    fn resident_bytes() -> usize {
        let statm =
            std::fs::read_to_string("/proc/self/statm").expect("the memory use of this process");
        let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok());
        4096 * pages.unwrap_or(0_usize)
    }
    let (_, application) = counted_stream(1024);
    let mut wire = Wire::new(Config::default(), application);
    wire.input.extend_from_slice(GET);
    let before = resident_bytes();
    let mut sent = 0;
    // A peer that always leaves a byte unread, as one with a small window may do.
    while sent < 256 << 20 {
        assert!(matches!(wire.step(), Pause::Write(_)));
        let most = wire.session.output().len() - 1;
        wire.session.sent(most);
        sent += most;
    }
    let grown = resident_bytes().saturating_sub(before);
    assert!(
        grown < 64 << 20,
        "memory grew by {grown} bytes while {sent} bytes were sent"
    );
}

// Streams that fail or have the wrong length

fn ends_broken(body: impl Fn() -> Body + Send + Sync + 'static) -> String {
    let mut wire = Wire::new(Config::default(), move |_: &Request<'_>| {
        Response::text(body())
    });
    let pause = wire.send(GET.repeat(2));
    assert_eq!(pause, Pause::Close(CloseReason::ResponseBroken));
    assert_eq!(wire.answered.len(), 1);
    String::from_utf8(wire.taken).expect("ASCII")
}

fn blocks(count: usize) -> impl Iterator<Item = Result<Bytes, BodyError>> + Send + 'static + use<> {
    std::iter::repeat_n(Ok(Bytes::from_static(b"block")), count)
}

#[test]
fn a_stream_that_breaks_off_has_no_last_chunk() {
    let broken = || blocks(2).chain([Err(BodyError)]).chain(blocks(9));
    let output = ends_broken(move || Body::try_from_iterator(None, broken()));
    let (_, content) = output.split_once("\r\n\r\n").expect("a head");
    assert_eq!(content, "5\r\nblock\r\n5\r\nblock\r\n");
}

#[test]
fn a_stream_shorter_than_declared_closes_the_connection() {
    let output = ends_broken(|| Body::try_from_iterator(Some(11), blocks(2)));
    assert!(output.contains("Content-Length: 11\r\n"));
    assert!(output.ends_with("\r\n\r\nblockblock"));
}

#[test]
fn a_stream_longer_than_declared_sends_nothing_past_its_length() {
    let output = ends_broken(|| Body::try_from_iterator(Some(9), blocks(2)));
    assert!(output.contains("Content-Length: 9\r\n"));
    assert!(output.ends_with("\r\n\r\nblock"));
    let output = ends_broken(|| Body::try_from_iterator(Some(0), blocks(1)));
    assert!(output.ends_with("\r\n\r\n"));
}

#[test]
fn a_stream_of_the_declared_length_keeps_the_connection_open() {
    let mut wire = Wire::new(Config::default(), |_: &Request<'_>| {
        Response::text(Body::try_from_iterator(Some(10), blocks(2)))
    });
    assert!(matches!(wire.send(GET.repeat(2)), Pause::Read(_)));
    assert_eq!(wire.statuses(), [200, 200]);
}

// Linear time

/// Fails if sixteen times the length takes much more than sixteen times the time. Quadratic code would take 256
/// times as long.
fn takes_linear_time(length: usize, run: impl Fn(usize)) {
    let mut fastest = [Duration::MAX; 2];
    // On a busy machine it takes several attempts until neither run is interrupted; the longer one must fit in a time
    // slice.
    for attempt in 0..100 {
        for (fastest, length) in fastest.iter_mut().zip([length / 16, length]) {
            let start = Instant::now();
            run(length);
            *fastest = start.elapsed().min(*fastest);
        }
        if attempt >= 5 && fastest[1] < 64 * fastest[0] {
            return;
        }
    }
    panic!("{fastest:?} for a sixteenth of {length} and for all of it");
}

#[test]
fn one_byte_chunks_take_linear_time() {
    takes_linear_time(16_000, |count| {
        let mut wire = Wire::new(Config::default(), echo);
        let mut input =
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        input.extend_from_slice(&b"1\r\nx\r\n".repeat(count));
        input.extend_from_slice(b"0\r\n\r\n");
        for part in input.chunks(1000) {
            wire.send(part);
        }
        assert_eq!(wire.answers()[0].body().len(), count);
    });
}

#[test]
fn a_head_sent_byte_by_byte_takes_linear_time() {
    let mut limits = Limits::default();
    limits.head_bytes = 1 << 20;
    limits.headers = u16::MAX;
    takes_linear_time(16 * 1024, |length| {
        let mut wire = Wire::new(with_limits(limits), hello);
        let field = format!("X-Field: {}\r\n", "x".repeat(89));
        let fields = field.repeat(length / field.len());
        let head = format!("GET / HTTP/1.1\r\nHost: x\r\n{fields}\r\n");
        for octet in head.bytes() {
            wire.send([octet]);
        }
        assert_eq!(wire.statuses(), [200]);
    });
}

#[test]
fn content_sent_byte_by_byte_takes_linear_time() {
    takes_linear_time(16 * 1024, |length| {
        let mut wire = Wire::new(Config::default(), echo);
        wire.send(post(length));
        for _ in 0..length {
            wire.send("x");
        }
        assert_eq!(wire.answers()[0].body().len(), length);
    });
}
