//! Sessions with a clock that the test sets and a waker that it watches: answers that come later, content from
//! channels, streamed uploads, and the middleware around an application.
#![cfg(feature = "std")]

mod laws;

use bytegate::body::{BodyError, BodySender, TrySendError};
use bytegate::config::{Config, Timeouts};
use bytegate::connection::{CloseReason, ProtocolError};
use bytegate::gateway::{FrontEnd, Wait};
use bytegate::headers::Headers;
use bytegate::middleware::{RequestInfo, RequestParts, SetHeaders};
use bytegate::request::{ConnectionInfo, Peer};
use bytegate::response::ResponseError;
use bytegate::testing::ClientResponse;
use bytegate::upload::{AbortReason, Admission, Receiver};
use bytegate::{
    Application, Body, Bytes, Gateway, Method, Middleware, Now, Request, Response, Router, Session,
    Site, Status,
};
use laws::reader;
use std::future::{Future, poll_fn};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn post(content: &str) -> Vec<u8> {
    let length = content.len();
    format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{content}").into_bytes()
}

/// Counts how often it was woken.
#[derive(Default)]
struct Alarm(AtomicUsize);

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A session, its peer, its clock and its waker. The kit's `Wire` shows neither what a session waits for nor its errors.
struct Wire {
    session: Session,
    now: Now,
    alarm: Arc<Alarm>,
    input: Vec<u8>,
    output: Vec<u8>,
    errors: Vec<ResponseError>,
}

struct Front<'w> {
    now: Now,
    waker: Waker,
    errors: &'w mut Vec<ResponseError>,
}

impl FrontEnd for Front<'_> {
    fn now(&mut self) -> Now {
        self.now
    }

    fn waker(&self) -> &Waker {
        &self.waker
    }

    fn on_error(&mut self, error: &ResponseError) {
        self.errors.push(error.clone());
    }
}

impl Wire {
    fn new(application: impl Application + 'static) -> Wire {
        Wire::of(Gateway::new(application))
    }

    fn of(gateway: Gateway) -> Wire {
        // Leaking the gateway is fine in a short test.
        let gateway: &Gateway = Box::leak(Box::new(gateway));
        Wire {
            session: gateway.session(ConnectionInfo::default()).catch_panics(),
            now: Now::default(),
            alarm: Arc::default(),
            input: Vec::new(),
            output: Vec::new(),
            errors: Vec::new(),
        }
    }

    /// Runs turns with a peer that reads everything at once.
    fn turn(&mut self) -> Wait {
        loop {
            let mut front = Front {
                now: self.now,
                waker: self.alarm.clone().into(),
                errors: &mut self.errors,
            };
            let mut rest = &self.input[..];
            let wait = self.session.turn(&mut rest, &mut front);
            let used = self.input.len() - rest.len();
            self.input.drain(..used);
            match wait {
                Wait::Write { .. } => self.session.output().move_to(&mut self.output),
                Wait::Yield => {}
                other => return other,
            }
        }
    }

    fn send(&mut self, input: impl AsRef<[u8]>) -> Wait {
        self.input.extend_from_slice(input.as_ref());
        self.turn()
    }

    fn at(&mut self, second: u64) -> Wait {
        self.now.monotonic = seconds(second);
        self.turn()
    }

    fn woken(&self) -> usize {
        self.alarm.0.load(Ordering::SeqCst)
    }

    /// The answers to this many requests, none of them HEAD.
    fn answers(&self, count: usize) -> Vec<ClientResponse> {
        reader::read_all(&self.output, &vec![Method::GET; count])
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.output).into_owned()
    }
}

/// An answer that is ready once the test provides it.
#[derive(Clone, Default)]
struct Promise {
    answer: Arc<Mutex<(Option<String>, Option<Waker>)>>,
    dropped: Arc<AtomicBool>,
}

struct OnDrop(Arc<AtomicBool>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Promise {
    fn keep(&self, answer: &str) {
        let mut state = self.answer.lock().expect("an answer");
        state.0 = Some(answer.to_string());
        if let Some(waker) = state.1.take() {
            waker.wake();
        }
    }

    fn wait(&self) -> impl Future<Output = String> + use<> {
        let answer = self.answer.clone();
        let guard = OnDrop(self.dropped.clone());
        poll_fn(move |context| {
            let _ = &guard;
            let mut state = answer.lock().expect("an answer");
            match state.0.take() {
                Some(answer) => Poll::Ready(answer),
                None => {
                    state.1 = Some(context.waker().clone());
                    Poll::Pending
                }
            }
        })
    }

    /// An application that answers `/slow` only once the promise is kept.
    fn application(&self) -> impl Application + use<> {
        let promise = self.clone();
        move |request: &Request<'_>| match request.path() {
            "/slow" => Response::from_future(promise.wait()),
            path => Response::text(path.to_string()),
        }
    }
}

const SLOW: &[u8] = b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n";

// Answers that come later

#[test]
fn an_answer_that_comes_later_delays_the_next_request() {
    let promise = Promise::default();
    let mut wire = Wire::new(promise.application());
    let wait = wire.send([SLOW, GET].concat());
    assert_eq!(wait, Wait::Pending { until: seconds(30) });
    assert_eq!((wire.text(), wire.woken()), (String::new(), 0));
    // Extra turns do no harm.
    assert_eq!(wire.turn(), wait);
    assert_eq!(wire.at(29), wait);
    promise.keep("at last");
    assert_eq!(wire.woken(), 1);
    assert!(matches!(wire.turn(), Wait::Read { .. }));
    let answers = wire.answers(2);
    assert_eq!(answers[0].body(), b"at last");
    assert_eq!(answers[1].body(), b"/");
}

#[test]
fn an_answer_that_is_too_late_is_a_503_and_the_future_is_dropped() {
    let promise = Promise::default();
    let mut wire = Wire::new(promise.application());
    wire.send([SLOW, GET].concat());
    assert_eq!(wire.at(30), Wait::Close(CloseReason::Refused));
    assert!(promise.dropped.load(Ordering::SeqCst));
    let answers = wire.answers(1);
    assert_eq!(
        (answers[0].status().code(), answers[0].closes()),
        (503, true)
    );
    assert!(
        wire.text()
            .ends_with("the response was not ready in time (RFC 9110 section 15.6.4)\n")
    );
}

#[test]
fn the_future_is_dropped_with_its_session() {
    let promise = Promise::default();
    let mut wire = Wire::new(promise.application());
    wire.send(SLOW);
    assert!(!promise.dropped.load(Ordering::SeqCst));
    drop(wire);
    assert!(promise.dropped.load(Ordering::SeqCst));
}

#[test]
fn earlier_answers_are_sent_before_waiting_for_a_later_one() {
    let promise = Promise::default();
    let mut wire = Wire::new(promise.application());
    wire.send([GET, SLOW].concat());
    assert_eq!(wire.answers(1)[0].body(), b"/");
}

#[test]
fn end_of_input_does_not_cancel_an_answer_that_comes_later() {
    let promise = Promise::default();
    let mut wire = Wire::new(promise.application());
    wire.send(SLOW);
    wire.session.end_input();
    assert!(matches!(wire.turn(), Wait::Pending { .. }));
    promise.keep("still");
    assert_eq!(wire.turn(), Wait::Close(CloseReason::InputEnded));
    assert_eq!(wire.answers(1)[0].body(), b"still");
}

#[test]
fn a_future_may_return_another_answer_that_comes_later() {
    let (first, second) = (Promise::default(), Promise::default());
    let (outer, inner) = (first.clone(), second.clone());
    let mut wire = Wire::new(move |_: &Request<'_>| {
        let (outer, inner) = (outer.wait(), inner.wait());
        Response::from_future(async move {
            outer.await;
            Response::from_future(inner)
        })
    });
    wire.send(GET);
    wire.now.monotonic = seconds(10);
    first.keep("");
    // The deadline of the first one still applies.
    assert_eq!(wire.turn(), Wait::Pending { until: seconds(30) });
    second.keep("both");
    wire.turn();
    assert_eq!(wire.answers(1)[0].body(), b"both");
}

#[test]
fn a_future_that_panics_is_a_500() {
    let mut wire = Wire::new(|_: &Request<'_>| {
        Response::from_future(async {
            std::panic::resume_unwind(Box::new("deliberate"));
            #[expect(unreachable_code, reason = "the type of the answer")]
            ""
        })
    });
    assert_eq!(wire.send(GET), Wait::Close(CloseReason::Persistence));
    assert_eq!(wire.answers(1)[0].status(), 500);
    let panicked = ResponseError::Panicked("deliberate".to_string());
    assert_eq!(wire.errors, [panicked]);
}

#[test]
fn an_upload_may_be_refused_later_based_on_its_head() {
    struct Slow(Promise);
    impl Application for Slow {
        fn call(&self, _: &Request<'_>) -> Response {
            Response::text("called")
        }

        fn admit(&self, _: &Request<'_>) -> Admission {
            Admission::refuse(Response::from_future(self.0.wait()))
        }
    }
    let promise = Promise::default();
    let mut wire = Wire::new(Slow(promise.clone()));
    assert!(matches!(wire.send(post("hello")), Wait::Pending { .. }));
    promise.keep("no");
    assert_eq!(wire.turn(), Wait::Close(CloseReason::Refused));
    assert_eq!(wire.answers(1)[0].body(), b"no");
}

#[test]
fn handle_waits_for_answers_that_come_later() {
    let gateway = Gateway::new(|request: &Request<'_>| {
        let request = request.into_owned();
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(20));
            let _ = sender.send(request.path().to_string());
        });
        Response::from_future(async move { receiver.recv().unwrap_or_default() })
    });
    let output = gateway.handle(&SLOW.repeat(2));
    let answers = reader::read_all(&output, &[Method::GET; 2]);
    assert!(answers.iter().all(|answer| answer.body() == b"/slow"));
}

// Content from a channel

/// An application whose content is written by the test.
fn channel(blocks: usize) -> (Arc<Mutex<Option<BodySender>>>, impl Application) {
    let kept = Arc::new(Mutex::new(None));
    let keep = kept.clone();
    let application = move |_: &Request<'_>| {
        let (sender, body) = Body::channel(blocks);
        *keep.lock().expect("a sender") = Some(sender);
        Response::text(body)
    };
    (kept, application)
}

#[test]
fn blocks_from_a_channel_are_sent_as_they_arrive() {
    let (kept, application) = channel(4);
    let mut wire = Wire::new(application);
    let never = Wait::Pending {
        until: Duration::MAX,
    };
    assert_eq!(wire.send([GET, GET].concat()), never);
    assert!(wire.text().ends_with("Transfer-Encoding: chunked\r\n\r\n"));
    let sender = kept.lock().expect("a sender").take().expect("a sender");
    sender.send("one").expect("somebody reads");
    assert_eq!(wire.woken(), 1);
    assert_eq!(wire.at(1000), never);
    assert!(wire.text().ends_with("\r\n3\r\none\r\n"));
    sender.send("two").expect("somebody reads");
    sender.finish();
    // Now the second request is handled, with a channel of its own.
    assert_eq!(wire.turn(), never);
    let text = wire.text();
    assert!(
        text.contains("3\r\ntwo\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n"),
        "{text}"
    );
}

#[test]
fn a_sender_dropped_before_the_end_leaves_an_incomplete_message() {
    let (kept, application) = channel(4);
    let mut wire = Wire::new(application);
    wire.send(GET);
    let sender = kept.lock().expect("a sender").take().expect("a sender");
    sender.send("one").expect("somebody reads");
    drop(sender);
    assert_eq!(wire.turn(), Wait::Close(CloseReason::ResponseBroken));
    assert!(wire.text().ends_with("\r\n3\r\none\r\n"), "{}", wire.text());
    assert_eq!(wire.errors, [ResponseError::BodyError]);
}

#[test]
fn a_slow_reader_blocks_the_sender_and_a_lost_one_closes_it() {
    let (kept, application) = channel(2);
    let mut wire = Wire::new(application);
    wire.send(GET);
    let sender = kept.lock().expect("a sender").take().expect("a sender");
    assert_eq!(sender.try_send("one"), Ok(()));
    assert_eq!(sender.try_send("two"), Ok(()));
    let full = TrySendError::Full(Bytes::from_static(b"three"));
    assert_eq!(sender.try_send("three"), Err(full));
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| sender.send("three"));
        while !wire.text().contains("three") {
            wire.turn();
        }
        assert_eq!(waiting.join().expect("a thread"), Ok(()));
    });
    assert!(!sender.is_closed());
    drop(wire);
    assert!(sender.is_closed());
    assert_eq!(sender.try_send("four"), Err(TrySendError::Closed));
    assert!(sender.send("four").is_err());
}

// Streamed uploads

#[derive(Clone, Default)]
struct Upload {
    ready: Arc<AtomicBool>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Upload {
    fn note(&self, what: String) {
        self.seen.lock().expect("notes").push(what);
    }

    fn notes(&self) -> Vec<String> {
        self.seen.lock().expect("notes").clone()
    }
}

impl Application for Upload {
    fn call(&self, _: &Request<'_>) -> Response {
        Response::text("no content")
    }

    fn admit(&self, _: &Request<'_>) -> Admission {
        Admission::stream(self.clone())
    }
}

impl Receiver for Upload {
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<()> {
        match self.ready.load(Ordering::SeqCst) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }

    fn data(&mut self, part: &[u8]) -> Result<(), Response> {
        self.note(String::from_utf8_lossy(part).into_owned());
        match part {
            b"virus" => Err(Response::text("not that").with_status(Status::FORBIDDEN)),
            b"panic" => std::panic::resume_unwind(Box::new("deliberate")),
            _ => Ok(()),
        }
    }

    fn finish(self: Box<Self>, _: Headers<'_>) -> Response {
        Response::text("thanks")
    }

    fn abort(self: Box<Self>, reason: AbortReason) {
        self.note(format!("{reason:?}"));
    }
}

#[test]
fn a_receiver_that_is_not_ready_gets_no_data_and_the_peer_does_not_time_out() {
    let upload = Upload::default();
    let mut wire = Wire::new(upload.clone());
    let waits = Wait::Pending {
        until: Timeouts::default().response,
    };
    assert_eq!(wire.send(post("hello")), waits);
    assert_eq!(wire.at(29), waits);
    assert!(upload.notes().is_empty());
    upload.ready.store(true, Ordering::SeqCst);
    assert!(matches!(wire.turn(), Wait::Read { .. }));
    assert_eq!(upload.notes(), ["hello"]);
    assert_eq!(wire.answers(1)[0].body(), b"thanks");
}

#[test]
fn a_receiver_that_is_not_ready_in_time_is_told_and_answered_with_503() {
    let upload = Upload::default();
    let mut wire = Wire::new(upload.clone());
    wire.send(post("hello"));
    let wait = wire.at(30);
    assert!(matches!(wait, Wait::Close(_)), "{wait:?}");
    assert_eq!(upload.notes(), ["Refused(ResponseTimeout)"]);
    let answer = &wire.answers(1)[0];
    assert_eq!(answer.status(), Status::SERVICE_UNAVAILABLE);
    assert!(answer.closes());
}

#[test]
fn the_time_of_a_receiver_begins_again_when_it_was_ready() {
    let upload = Upload::default();
    let mut wire = Wire::new(upload.clone());
    upload.ready.store(true, Ordering::SeqCst);
    wire.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe");
    wire.at(10);
    upload.ready.store(false, Ordering::SeqCst);
    let wait = wire.send("llo");
    assert_eq!(
        wait,
        Wait::Pending {
            until: Duration::from_secs(40)
        }
    );
}

#[test]
fn what_was_answered_before_is_written_while_a_receiver_is_not_ready() {
    let upload = Upload::default();
    let mut wire = Wire::new(upload.clone());
    wire.send([GET, &post("hello")].concat());
    assert_eq!(wire.answers(1)[0].body(), b"no content");

    let mut wire = Wire::new(upload.clone());
    let wait = wire
        .send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    assert!(matches!(wait, Wait::Pending { .. }), "{wait:?}");
    assert_eq!(wire.text(), "HTTP/1.1 100 Continue\r\n\r\n");
}

#[test]
fn a_peer_that_does_not_read_is_cut_while_a_receiver_is_not_ready() {
    let gateway = Gateway::new(Upload::default());
    let mut session = gateway.session(ConnectionInfo::default());
    let input = [GET, &post("hello")].concat();
    let mut rest = &input[..];
    assert_eq!(session.turn(&mut rest, Now::default()), Wait::Yield);
    let wait = session.turn(&mut rest, Now::default());
    let Wait::Write { until } = wait else {
        panic!("the first answer is written: {wait:?}");
    };
    let late = Now {
        monotonic: until,
        ..Now::default()
    };
    let wait = session.turn(&mut rest, late);
    assert_eq!(wait, Wait::Close(CloseReason::WriteTimeout));
}

#[test]
fn a_panic_while_a_receiver_is_asked_or_told_is_caught() {
    struct Panics;
    impl Application for Panics {
        fn call(&self, _: &Request<'_>) -> Response {
            Response::text("no content")
        }

        fn admit(&self, request: &Request<'_>) -> Admission {
            match request.path() {
                "/asked" => Admission::stream(PanicsWhenAsked),
                _ => Admission::stream(PanicsWhenTold),
            }
        }
    }
    struct PanicsWhenAsked;
    impl Receiver for PanicsWhenAsked {
        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<()> {
            std::panic::resume_unwind(Box::new("deliberate"))
        }

        fn data(&mut self, _: &[u8]) -> Result<(), Response> {
            Ok(())
        }

        fn finish(self: Box<Self>, _: Headers<'_>) -> Response {
            Response::text("thanks")
        }
    }
    struct PanicsWhenTold;
    impl Receiver for PanicsWhenTold {
        fn data(&mut self, _: &[u8]) -> Result<(), Response> {
            Ok(())
        }

        fn finish(self: Box<Self>, _: Headers<'_>) -> Response {
            Response::text("thanks")
        }

        fn abort(self: Box<Self>, _: AbortReason) {
            std::panic::resume_unwind(Box::new("deliberate"))
        }
    }
    let mut wire = Wire::new(Panics);
    let wait = wire.send("POST /asked HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
    assert_eq!(wait, Wait::Close(CloseReason::Refused));
    assert_eq!(wire.answers(1)[0].status(), 500);
    assert!(matches!(wire.errors[..], [ResponseError::Panicked(_)]));

    let mut wire = Wire::new(Panics);
    wire.send("POST /told HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe");
    drop(wire);
}

#[test]
fn a_receiver_may_refuse_midway_with_its_own_answer() {
    let upload = Upload::default();
    upload.ready.store(true, Ordering::SeqCst);
    let mut wire = Wire::new(upload.clone());
    wire.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\ngood");
    assert_eq!(wire.send("virus"), Wait::Close(CloseReason::Refused));
    let answers = wire.answers(1);
    assert_eq!(
        (answers[0].status().code(), answers[0].closes()),
        (403, true)
    );
    assert_eq!(answers[0].body(), b"not that");
    assert_eq!(upload.notes(), ["good", "virus"]);
}

#[test]
fn a_receiver_is_told_why_the_content_broke_off() {
    let begun = |upload: &Upload| {
        upload.ready.store(true, Ordering::SeqCst);
        let mut wire = Wire::new(upload.clone());
        wire.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
        wire
    };
    let upload = Upload::default();
    begun(&upload).send("z");
    assert_eq!(upload.notes(), ["a", "Refused(ChunkSize)"]);
    let upload = Upload::default();
    let mut wire = begun(&upload);
    wire.session.end_input();
    wire.turn();
    assert_eq!(upload.notes(), ["a", "Refused(BodyIncomplete)"]);
    let upload = Upload::default();
    drop(begun(&upload));
    assert_eq!(upload.notes(), ["a", "Disconnected"]);
    let upload = Upload::default();
    begun(&upload).at(30);
    assert_eq!(upload.notes(), ["a", "Refused(BodyTimeout)"]);
}

// Middleware

/// Records what it sees, and marks each answer.
#[derive(Clone, Default)]
struct Watch {
    seen: Arc<Mutex<Vec<String>>>,
}

impl Middleware for Watch {
    fn before(&self, request: &mut RequestParts<'_>) -> Option<Response> {
        let line = format!("before {}", request.head.path());
        self.seen.lock().expect("notes").push(line);
        request
            .extensions
            .insert(Peer::named("from the middleware"));
        (request.head.path() == "/early").then(|| Response::text("early"))
    }

    fn after(&self, request: &RequestInfo<'_>, response: Response) -> Response {
        let line = String::from_utf8_lossy(request.line);
        let status = response.sent_status().code();
        let line = format!("after {line} {status}");
        self.seen.lock().expect("notes").push(line);
        response.with_header("X-Watched", "yes")
    }
}

#[test]
fn a_middleware_sees_every_answer_whatever_its_source() {
    let promise = Promise::default();
    let slow = promise.clone();
    let upload = Upload::default();
    upload.ready.store(true, Ordering::SeqCst);
    struct NoUploads;
    impl Application for NoUploads {
        fn call(&self, _: &Request<'_>) -> Response {
            Response::text("no content")
        }

        fn admit(&self, _: &Request<'_>) -> Admission {
            Admission::refuse(Status::FORBIDDEN)
        }
    }
    let router = || {
        let slow = slow.clone();
        Router::new()
            .suffix("/call", |request: &Request<'_>| {
                let left = request.extensions().get::<Peer>();
                left.map(Peer::to_string).unwrap_or_default()
            })
            .suffix("/panic", |_: &Request<'_>| -> Response {
                std::panic::resume_unwind(Box::new("deliberate"))
            })
            .suffix("/later", move |_: &Request<'_>| {
                Response::from_future(slow.wait())
            })
            .suffix("/upload", upload.clone())
            .suffix("/refused", NoUploads)
    };
    let request = |method: &str, path: &str, content: &str| {
        let length = content.len();
        format!("{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{content}")
    };
    for (input, notes, content) in [
        (
            request("GET", "/call", ""),
            vec!["before /call", "after GET /call HTTP/1.1 200"],
            "from the middleware",
        ),
        (
            request("POST", "/call", "x"),
            vec!["before /call", "after POST /call HTTP/1.1 200"],
            "from the middleware",
        ),
        (
            request("GET", "/early", ""),
            vec!["before /early", "after GET /early HTTP/1.1 200"],
            "early",
        ),
        (
            request("POST", "/early", "x"),
            vec!["before /early", "after POST /early HTTP/1.1 200"],
            "early",
        ),
        (
            request("GET", "/nope", ""),
            vec!["before /nope", "after GET /nope HTTP/1.1 404"],
            "404 Not Found\n",
        ),
        (
            request("PUT", "/refused", "x"),
            vec!["before /refused", "after PUT /refused HTTP/1.1 403"],
            "403 Forbidden\n",
        ),
        (
            request("PUT", "/upload", "x"),
            vec!["before /upload", "after PUT /upload HTTP/1.1 200"],
            "thanks",
        ),
        (
            request("PUT", "/upload", "virus"),
            vec!["before /upload", "after PUT /upload HTTP/1.1 403"],
            "not that",
        ),
        (
            request("PUT", "/upload", "panic"),
            vec!["before /upload", "after PUT /upload HTTP/1.1 500"],
            "500 Internal Server Error\n",
        ),
        (
            request("GET", "/panic", ""),
            vec!["before /panic", "after GET /panic HTTP/1.1 500"],
            "500 Internal Server Error\n",
        ),
        (
            request("GET", "/later", ""),
            vec!["before /later", "after GET /later HTTP/1.1 200"],
            "later",
        ),
        (
            request("TRACE", "/", ""),
            vec!["before /", "after TRACE / HTTP/1.1 501"],
            "501 Not Implemented\n",
        ),
        ("nonsense\r\n".to_string(), vec!["after nonsense 400"], ""),
    ] {
        let watch = Watch::default();
        let mut wire = Wire::of(Gateway::new(router()).with(watch.clone()));
        wire.send(&input);
        promise.keep("later");
        wire.turn();
        promise.answer.lock().expect("an answer").0 = None;
        assert_eq!(*watch.seen.lock().expect("notes"), notes, "{input}");
        let answer = &wire.answers(1)[0];
        if answer.status().code() != 500 {
            assert_eq!(answer.header("x-watched"), Some("yes"), "{input}");
        }
        if answer.status().code() != 400 {
            let shown = String::from_utf8_lossy(answer.body());
            assert_eq!(shown, content, "{input}");
        }
    }
}

#[test]
fn middlewares_nest_and_may_change_the_content() {
    struct Shout;
    impl Middleware for Shout {
        fn after(&self, _: &RequestInfo<'_>, mut response: Response) -> Response {
            response.map_body(|body| body.map_blocks(|block| block.to_ascii_uppercase().into()));
            response.remove_header("Content-Type");
            response
        }
    }
    let fields = SetHeaders::new()
        .header("Server", "test")
        .header("Content-Type", "x/y");
    let gateway = Gateway::new(|_: &Request<'_>| "hello")
        .with(Shout)
        .with(fields);
    let output = gateway.handle(GET);
    let answer = reader::read_one(&output);
    assert_eq!(answer.body(), b"HELLO");
    assert_eq!(answer.header("content-type"), Some("x/y"));
    assert_eq!(answer.header("server"), Some("test"));
}

#[test]
fn mapping_the_blocks_keeps_the_kind_of_body_and_its_end() {
    fn sent(body: &mut Body) -> Vec<Poll<Option<Result<Bytes, BodyError>>>> {
        let mut context = Context::from_waker(Waker::noop());
        let mut polls = Vec::new();
        loop {
            polls.push(body.poll_block(&mut context));
            if !matches!(polls.last(), Some(Poll::Ready(Some(Ok(_))))) {
                return polls;
            }
        }
    }
    let block = |text: &'static str| Poll::Ready(Some(Ok(Bytes::from(text))));
    let end = Poll::Ready(None);
    let shout = |body: Body| body.map_blocks(|block| block.to_ascii_uppercase().into());

    assert_eq!(sent(&mut shout(Body::empty())), vec![Poll::Ready(None)]);
    assert_eq!(
        sent(&mut shout(Body::from("abc"))),
        [block("ABC"), end.clone()]
    );
    let ready = Body::try_from_iterator(Some(9), [Ok("a".into()), Err(BodyError)].into_iter());
    let mut ready = shout(ready);
    assert_eq!(ready.length(), None, "a change may change the length");
    let broken = Poll::Ready(Some(Err(BodyError)));
    assert_eq!(sent(&mut ready), [block("A"), broken.clone()]);

    let (sender, body) = Body::channel(4);
    let mut body = shout(body);
    assert_eq!(sent(&mut body), [Poll::Pending]);
    sender.send("one").expect("somebody reads");
    assert_eq!(sent(&mut body), [block("ONE"), Poll::Pending]);
    sender.send("two").expect("somebody reads");
    sender.finish();
    assert_eq!(sent(&mut body), [block("TWO"), end]);

    let (sender, body) = Body::channel(4);
    let mut body = shout(body);
    drop(sender);
    assert_eq!(sent(&mut body), [broken]);
}

#[test]
fn a_panic_in_a_middleware_is_a_500() {
    struct Panics;
    impl Middleware for Panics {
        fn after(&self, _: &RequestInfo<'_>, _: Response) -> Response {
            std::panic::resume_unwind(Box::new("deliberate"))
        }
    }
    let mut wire = Wire::of(Gateway::new(|_: &Request<'_>| "hello").with(Panics));
    assert_eq!(wire.send(GET), Wait::Close(CloseReason::Persistence));
    assert_eq!(wire.answers(1)[0].status(), 500);
}

#[test]
fn without_the_guard_a_panic_reaches_the_caller() {
    let gateway = Gateway::new(|_: &Request<'_>| -> Response {
        std::panic::resume_unwind(Box::new("deliberate"))
    });
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| gateway.handle(GET)));
    assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"deliberate"));
}

#[test]
fn errors_also_reach_the_hook_of_the_gateway() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let notes = told.clone();
    let gateway = Gateway::new(|_: &Request<'_>| Response::new(Status::CONTINUE)).on_error(
        move |error: &ResponseError, _: &ConnectionInfo| {
            notes.lock().expect("notes").push(error.to_string());
        },
    );
    gateway.handle(GET);
    assert_eq!(
        *told.lock().expect("notes"),
        ["100 Continue is not a final status"]
    );
}

// Routing

#[test]
fn a_mounted_application_sees_its_own_part_of_the_path() {
    let show = |request: &Request<'_>| {
        let (script, rest) = (request.script_name(), request.path_info().unwrap_or("none"));
        format!("{script:?} {rest:?} {:?}", request.path())
    };
    let inner = Router::new().mount("/b", show).fallback(show);
    let gateway = Gateway::new(Router::new().mount("/a", inner).get("/a/exact", show));
    let get = |path: &str| {
        let output = gateway.handle(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes());
        let answer = reader::read_one(&output);
        answer.text().to_string()
    };
    assert_eq!(get("/a"), r#""/a" "" "/a""#);
    assert_eq!(get("/a/c%20d"), r#""/a" "/c d" "/a/c%20d""#);
    assert_eq!(get("/%61/b/c"), r#""/a/b" "/c" "/%61/b/c""#);
    assert_eq!(get("/a/bc"), r#""/a" "/bc" "/a/bc""#);
    assert_eq!(get("/a/exact"), r#""" "/a/exact" "/a/exact""#);
    assert_eq!(get("/ab"), "404 Not Found\n");
}

#[test]
fn routes_have_parameters_and_methods() {
    let show = |request: &Request<'_>| {
        let param = |name| request.param(name).unwrap_or("-");
        format!("{} {} {}", request.method(), param("id"), param("rest"))
    };
    let router = Router::new()
        .get("/users/{id}", show)
        .get("/users/me", |_: &Request<'_>| "me")
        .post("/users/{id}", show)
        .route(
            "PURGE".parse::<Method>().expect("a token"),
            "/users/{id}",
            show,
        )
        .get("/files/{*rest}", show);
    let gateway = Gateway::new(router);
    let ask = |method: &str, path: &str| {
        let request = format!("{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n");
        let output = gateway.handle(request.as_bytes());
        reader::read_answer(request.as_bytes(), &output)
    };
    assert_eq!(ask("GET", "/users/7%20a").body(), b"GET 7 a -");
    assert_eq!(ask("GET", "/users/me").body(), b"me");
    assert_eq!(ask("POST", "/users/me").body(), b"POST me -");
    assert_eq!(ask("PURGE", "/users/7").body(), b"PURGE 7 -");
    assert_eq!(ask("HEAD", "/users/7").header("content-length"), Some("8"));
    assert_eq!(ask("GET", "/files/a/b").body(), b"GET - a/b");
    let refused = ask("DELETE", "/users/7");
    assert_eq!(refused.status(), 405);
    let allow = Some("GET, HEAD, POST, OPTIONS, PURGE");
    assert_eq!(refused.header("allow"), allow);
    assert_eq!(ask("OPTIONS", "/users/7").status(), 204);
    assert_eq!(ask("GET", "/users").status(), 404);
}

#[test]
fn a_request_can_be_built_for_a_test() {
    let request = Request::builder("POST", "/a%20b?c=d")
        .header("X-A", "1")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body("e=f")
        .extension(7_u32)
        .build()
        .expect("a request");
    assert_eq!(
        (request.head().path(), &request.body()[..]),
        ("/a%20b", &b"e=f"[..])
    );
    {
        let request = request.clone();
        let request = &request.view();
        assert_eq!(request.decoded_path(), Some("/a b"));
        assert_eq!(request.head().decoded_path().as_deref(), Some("/a b"));
        assert_eq!(request.headers().get("host"), Some("localhost"));
        assert_eq!(request.headers().get("content-length"), Some("3"));
        assert_eq!(request.extensions().get::<u32>(), Some(&7));
        assert_eq!(
            request.form().expect("a form").get("e").as_deref(),
            Some("f")
        );
    }
    for (builder, error) in [
        (
            Request::builder("G T", "/"),
            ProtocolError::VersionMalformed,
        ),
        (
            Request::builder("GET", "nowhere"),
            ProtocolError::TargetForm,
        ),
        (
            Request::builder("GET", "/").header("Host", "a b"),
            ProtocolError::HostMalformed,
        ),
        (
            Request::builder("GET", "/").header("A", "b\r\n\r\nGET / HTTP/1.1"),
            ProtocolError::HeaderValueByte,
        ),
    ] {
        assert_eq!(builder.build().expect_err("a fault").error, error);
    }
}

#[test]
fn the_answer_timeout_comes_from_the_config_of_the_gateway() {
    let mut timeouts = Timeouts::default();
    timeouts.response = seconds(1);
    let mut config = Config::default();
    config.timeouts = timeouts;
    let promise = Promise::default();
    let mut wire = Wire::of(Gateway::new(promise.application()).config(config));
    assert_eq!(wire.send(SLOW), Wait::Pending { until: seconds(1) });
}

// Shares of a thread

/// A clock that only the application advances.
#[derive(Clone, Default)]
struct WorkClock(Arc<AtomicU64>);

impl WorkClock {
    fn work(&self, milliseconds: u64) {
        self.0.fetch_add(milliseconds, Ordering::SeqCst);
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }
}

impl FrontEnd for WorkClock {
    fn now(&mut self) -> Now {
        Now {
            monotonic: self.elapsed(),
            wall: None,
        }
    }
}

#[test]
fn a_turn_calls_the_application_for_one_request() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = calls.clone();
    let gateway = Gateway::new(move |_: &Request<'_>| {
        counter.fetch_add(1, Ordering::SeqCst);
        "hello"
    });
    let mut session = gateway.session(ConnectionInfo::default());
    let input = GET.repeat(3);
    let mut rest = &input[..];
    for expected in [1, 2] {
        assert_eq!(session.turn(&mut rest, Now::default()), Wait::Yield);
        assert_eq!(calls.load(Ordering::SeqCst), expected);
    }
    let wait = session.turn(&mut rest, Now::default());
    assert!(matches!(wait, Wait::Write { .. }), "{wait:?}");
    let answers = reader::read_all(&session.take_output(), &[Method::GET; 3]);
    assert_eq!(answers.len(), 3);
}

#[test]
fn files_in_memory_need_no_turn_each() {
    let gateway = Gateway::new(Site::new().file("/index.html", "hello"));
    let mut session = gateway.session(ConnectionInfo::default());
    let input = GET.repeat(100);
    let wait = session.turn(&mut &input[..], Now::default());
    assert!(matches!(wait, Wait::Write { .. }), "{wait:?}");
}

/// Takes turns with all sessions until the last one has answered. Returns when it did.
fn time_until_the_last_answers(sessions: &mut [(Session, Vec<u8>)], clock: &WorkClock) -> Duration {
    for _ in 0..1000 {
        let last = sessions.len() - 1;
        for (index, (session, input)) in sessions.iter_mut().enumerate() {
            let mut rest = &input[..];
            let wait = session.turn(&mut rest, &mut clock.clone());
            *input = rest.to_vec();
            if let Wait::Write { .. } = wait {
                session.take_output();
                if index == last {
                    return clock.elapsed();
                }
            }
        }
    }
    panic!("the last session has no answer");
}

#[test]
fn pipelined_requests_hold_others_up_for_one_call_and_a_millisecond_at_most() {
    for call in [0, 1, 5, 70] {
        let clock = WorkClock::default();
        let works = clock.clone();
        let gateway = Gateway::new(move |_: &Request<'_>| {
            works.work(call);
            "hello"
        });
        let session = |count| {
            let info = ConnectionInfo::default();
            (gateway.session(info), GET.repeat(count))
        };
        let mut sessions = [session(400), session(400), session(1)];
        let waited = time_until_the_last_answers(&mut sessions, &clock);
        // Each of the others has one turn, then comes the call for the last session itself.
        let most = Duration::from_millis(2 * (call + 1) + call);
        assert!(waited <= most, "{waited:?} with calls of {call} ms");
    }
}

#[test]
fn parts_of_content_hold_others_up_no_longer_than_requests() {
    struct SlowReceiver(WorkClock);
    impl Receiver for SlowReceiver {
        fn data(&mut self, _: &[u8]) -> Result<(), Response> {
            self.0.work(5);
            Ok(())
        }
        fn finish(self: Box<Self>, _: Headers<'_>) -> Response {
            Response::text("received")
        }
    }
    struct SlowUpload(WorkClock);
    impl Application for SlowUpload {
        fn admit(&self, _: &Request<'_>) -> Admission {
            Admission::stream(SlowReceiver(self.0.clone()))
        }
        fn call(&self, _: &Request<'_>) -> Response {
            Response::text("hello")
        }
    }
    let clock = WorkClock::default();
    let gateway = Gateway::new(SlowUpload(clock.clone()));
    let head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunks = [&head[..], &b"1\r\nx\r\n".repeat(1000)].concat();
    let info = ConnectionInfo::default;
    let mut sessions = [
        (gateway.session(info()), chunks),
        (gateway.session(info()), GET.to_vec()),
    ];
    let waited = time_until_the_last_answers(&mut sessions, &clock);
    assert!(waited <= Duration::from_millis(6), "{waited:?}");
}

#[test]
fn a_stream_of_empty_blocks_lets_others_go_on() {
    let nothing = || Body::from_iterator(std::iter::repeat(Bytes::new()));
    let gateway = Gateway::new(move |_: &Request<'_>| Response::text(nothing()));
    let mut session = gateway.session(ConnectionInfo::default());
    let mut input = GET;
    let mut waits = (0..10).map(|_| {
        let wait = session.turn(&mut input, Now::default());
        session.take_output();
        wait
    });
    assert!(waits.any(|wait| wait == Wait::Yield));
}
