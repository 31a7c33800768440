//! Spans and events for requests.

use super::*;
use ::tracing::field::{Field, Visit};
use ::tracing::span::{Attributes, Id, Record};
use ::tracing::{Event, Level, Metadata, Subscriber, info};
use bytegate::OwnedRequest;
use bytegate::upload::AbortReason;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fmt::Write as _;
use std::task::Poll;
use tracing_core::span::Current;

/// A subscriber that keeps what happens, as text.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Recorded>>);

#[derive(Default)]
struct Recorded {
    /// The fields of each span, by its number.
    spans: BTreeMap<u64, BTreeMap<&'static str, String>>,
    references: BTreeMap<u64, u32>,
    /// The description of all spans.
    metadata: Option<&'static Metadata<'static>>,
    /// Events with the span that they are in, and the ends of spans.
    lines: Vec<String>,
    /// The names of the threads that have entered a span.
    threads: Vec<Option<String>>,
}

thread_local! {
    /// The spans that this thread has entered.
    static ENTERED: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

struct Fields<'a>(&'a mut BTreeMap<&'static str, String>);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_string());
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "bytegate" || metadata.target().starts_with("it::")
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut recorded = self.0.lock().unwrap();
        let number = recorded.spans.len() as u64 + 1;
        let mut fields = BTreeMap::new();
        attributes.record(&mut Fields(&mut fields));
        fields.insert("name", attributes.metadata().name().to_string());
        recorded.spans.insert(number, fields);
        recorded.references.insert(number, 1);
        recorded.metadata = Some(attributes.metadata());
        Id::from_u64(number)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        let mut recorded = self.0.lock().unwrap();
        let fields = recorded.spans.get_mut(&span.into_u64()).expect("a span");
        values.record(&mut Fields(fields));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let span = match (event.parent(), event.is_contextual()) {
            (Some(parent), _) => Some(parent.into_u64()),
            (None, true) => ENTERED.with(|entered| entered.borrow().last().copied()),
            (None, false) => None,
        };
        let mut fields = BTreeMap::new();
        event.record(&mut Fields(&mut fields));
        let mut line = span.map_or("-".to_string(), |span| span.to_string());
        let _ = write!(line, " {}", event.metadata().level());
        let message = fields.remove("message").unwrap_or_default();
        let _ = write!(line, " {message:?} {fields:?}");
        self.0.lock().unwrap().lines.push(line);
    }

    fn enter(&self, span: &Id) {
        ENTERED.with(|entered| entered.borrow_mut().push(span.into_u64()));
        let name = std::thread::current().name().map(String::from);
        self.0.lock().unwrap().threads.push(name);
    }

    fn exit(&self, span: &Id) {
        let left = ENTERED.with(|entered| entered.borrow_mut().pop());
        assert_eq!(left, Some(span.into_u64()));
    }

    fn current_span(&self) -> Current {
        let number = ENTERED.with(|entered| entered.borrow().last().copied());
        let metadata = self.0.lock().unwrap().metadata;
        match (number, metadata) {
            (Some(number), Some(metadata)) => Current::new(Id::from_u64(number), metadata),
            _ => Current::none(),
        }
    }

    fn clone_span(&self, span: &Id) -> Id {
        *self
            .0
            .lock()
            .unwrap()
            .references
            .entry(span.into_u64())
            .or_default() += 1;
        span.clone()
    }

    fn try_close(&self, span: Id) -> bool {
        let mut recorded = self.0.lock().unwrap();
        let references = recorded.references.entry(span.into_u64()).or_default();
        *references -= 1;
        let is_closed = *references == 0;
        if is_closed {
            recorded.lines.push(format!("{} ends", span.into_u64()));
        }
        is_closed
    }
}

/// Returns the spans and the lines for requests to a gateway.
fn traced(gateway: Gateway, input: &[u8]) -> (Vec<BTreeMap<&'static str, String>>, Vec<String>) {
    let recorder = Recorder::default();
    ::tracing::subscriber::with_default(recorder.clone(), || {
        let mut session = gateway.traced().session(Peer::named("peer")).catch_panics();
        let mut rest = input;
        session.end_input();
        loop {
            match session.turn(&mut rest, Now::default()) {
                Wait::Write { .. } => drop(session.take_output()),
                Wait::Yield | Wait::Pending { .. } => {}
                Wait::Read { .. } | Wait::Close(_) => break,
            }
        }
    });
    let mut recorded = recorder.0.lock().unwrap();
    let lines = std::mem::take(&mut recorded.lines);
    let spans = std::mem::take(&mut recorded.spans);
    assert!(
        recorded.references.values().all(|count| *count == 0),
        "every span ends"
    );
    (spans.into_values().collect(), lines)
}

/// Emits an event when it is dropped.
struct Dropped;

impl Drop for Dropped {
    fn drop(&mut self) {
        info!("dropped");
    }
}

fn application() -> Router {
    async fn later(_: OwnedRequest) -> &'static str {
        let _dropped = Dropped;
        info!("first poll");
        let mut is_second = false;
        std::future::poll_fn(|context| {
            context.waker().wake_by_ref();
            if std::mem::replace(&mut is_second, true) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
        info!("second poll");
        "later"
    }
    Router::new()
        .get("/now/{name}", |request: &Request<'_>| {
            info!(name = request.param("name"), "now");
            "now"
        })
        .get("/later", later)
        .get("/again", |_: &Request<'_>| {
            Response::from_future(async {
                Response::from_future(async {
                    info!("again");
                    Status::ACCEPTED
                })
            })
        })
        .get("/panic", |_: &Request<'_>| -> Response {
            panic!("deliberate")
        })
}

fn fields<'a>(span: &'a BTreeMap<&'static str, String>) -> Vec<(&'static str, &'a str)> {
    span.iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect()
}

#[test]
fn a_handler_runs_in_the_span_of_its_request() {
    let gateway =
        Gateway::new(application()).with(SetRequestId::generated_by(|_| "id".to_string()));
    let (spans, lines) = traced(
        gateway,
        b"GET /now/ada?secret=1 HTTP/1.1\r\nHost: x\r\n\r\n",
    );
    assert_eq!(lines, ["1 INFO \"now\" {\"name\": \"ada\"}", "1 ends"]);
    assert_eq!(
        fields(&spans[0]),
        [
            ("duration_us", "0"),
            ("method", "GET"),
            ("name", "request"),
            ("path", "/now/ada"),
            ("peer", "peer"),
            ("request_id", "id"),
            ("route", "/now/{name}"),
            ("status", "200"),
        ]
    );
}

#[test]
fn each_poll_and_the_end_of_an_async_handler_are_in_the_span_of_its_request() {
    let requests = b"GET /later HTTP/1.1\r\nHost: x\r\n\r\nGET /again HTTP/1.1\r\nHost: x\r\n\r\n";
    let (spans, lines) = traced(application().into(), requests);
    assert_eq!(
        lines,
        [
            "1 INFO \"first poll\" {}",
            "1 INFO \"second poll\" {}",
            "1 INFO \"dropped\" {}",
            "1 ends",
            "2 INFO \"again\" {}",
            "2 ends",
        ]
    );
    assert_eq!(spans[0]["status"], "200");
    assert_eq!(spans[1]["status"], "202");
    assert!(!spans[0].contains_key("request_id"));
}

struct Uploads;

struct Upload;

impl Application for Uploads {
    fn call(&self, _: &Request<'_>) -> Response {
        Status::NOT_FOUND.into()
    }

    fn admit(&self, _: &Request<'_>) -> Admission {
        info!("admit");
        Admission::stream(Upload)
    }
}

impl Receiver for Upload {
    fn data(&mut self, part: &[u8]) -> Result<(), Response> {
        info!(bytes = part.len(), "data");
        if part == b"no" {
            Err(Status::CONFLICT.into())
        } else {
            Ok(())
        }
    }

    fn finish(self: Box<Self>, _: Headers<'_>) -> Response {
        info!("finish");
        Response::from_future(async {
            info!("response");
            Status::CREATED
        })
    }

    fn abort(self: Box<Self>, _: AbortReason) {
        info!("abort");
    }
}

#[test]
fn a_receiver_runs_in_the_span_of_its_request() {
    let requests = b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nyes\
        PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nz";
    let (spans, lines) = traced(Gateway::new(Uploads), requests);
    assert_eq!(
        lines,
        [
            "1 INFO \"admit\" {}",
            "1 INFO \"data\" {\"bytes\": \"3\"}",
            "1 INFO \"finish\" {}",
            "1 INFO \"response\" {}",
            "1 ends",
            "2 INFO \"admit\" {}",
            "2 INFO \"abort\" {}",
            "2 INFO \"a request was refused: a chunk size must be hexadecimal digits, then CR LF or an extension \
             (RFC 9112 section 7.1)\" {\"error\": \"ChunkSize\", \"peer\": \"peer\", \"request\": \"PUT /\", \"status\": \"400\"}",
            "2 ends",
        ]
    );
    assert_eq!((&*spans[0]["status"], &*spans[1]["status"]), ("201", "400"));
    let refused = b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nno";
    let (spans, lines) = traced(Gateway::new(Uploads), refused);
    assert_eq!(
        lines,
        [
            "1 INFO \"admit\" {}",
            "1 INFO \"data\" {\"bytes\": \"2\"}",
            "1 ends"
        ]
    );
    assert_eq!(spans[0]["status"], "409");
}

#[test]
fn refused_input_is_an_event_without_a_span() {
    let pages = bytegate::middleware::ErrorPages::new(|_| "another page");
    let (spans, lines) = traced(
        Gateway::new(application()).with(pages),
        b"GET /a?b HTTP/1.1\r\n\r\n",
    );
    assert!(spans.is_empty());
    assert_eq!(
        lines,
        [
            "- INFO \"a request was refused: an HTTP/1.1 request must have a Host header (RFC 9112 section 3.2)\" \
          {\"error\": \"HostMissing\", \"peer\": \"peer\", \"request\": \"GET /a\", \"status\": \"400\"}"
        ]
    );
}

#[test]
fn errors_of_responses_are_events_in_the_span_and_reported_as_before() {
    let reported = Arc::new(AtomicU64::new(0));
    let count = reported.clone();
    let gateway = Gateway::new(application()).on_error(move |_, _| {
        count.fetch_add(1, Ordering::SeqCst);
    });
    let (spans, lines) = traced(gateway, b"GET /panic HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(
        lines,
        [
            "1 ERROR \"the application panicked: deliberate\" {\"request\": \"GET /panic\"}",
            "1 ends"
        ]
    );
    assert_eq!(spans[0]["status"], "500");
    assert_eq!(reported.load(Ordering::SeqCst), 1);
}

#[test]
fn nothing_is_traced_without_a_subscriber_that_wants_it() {
    struct Nobody;

    impl Subscriber for Nobody {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            assert!(*metadata.level() <= Level::INFO);
            false
        }

        fn new_span(&self, _: &Attributes<'_>) -> Id {
            unreachable!("no span is wanted")
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn event(&self, _: &Event<'_>) {
            unreachable!("no event is wanted")
        }

        fn enter(&self, _: &Id) {}

        fn exit(&self, _: &Id) {}
    }

    ::tracing::subscriber::with_default(Nobody, || {
        let gateway = Gateway::new(application()).traced();
        let output = gateway.handle(b"GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
        assert!(output.ends_with(b"later"));
    });
}

#[cfg(feature = "server")]
#[test]
fn a_blocking_handler_runs_in_the_span_of_its_request() {
    let recorder = Recorder::default();
    ::tracing::subscriber::with_default(recorder.clone(), || {
        let blocking = bytegate::net::blocking(|_: &Request<'_>| "hello");
        let gateway = Gateway::new(blocking).traced();
        let output = gateway.handle(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        assert!(output.ends_with(b"hello"));
    });
    let recorded = recorder.0.lock().unwrap();
    let own = std::thread::current().name().map(String::from);
    assert!(
        recorded.threads.iter().any(|name| *name != own),
        "{:?}",
        recorded.threads
    );
    assert_eq!(recorded.spans[&1]["status"], "200");
}
