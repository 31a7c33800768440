//! Responses of an application: redirects, named files, problem details, error pages, events, and bodies that are read
//! while they are sent.
#![cfg(feature = "std")]

mod laws;

use bytegate::body::{Closed, TrySendError};
use bytegate::connection::CloseReason;
use bytegate::events::{Broadcast, Event, EventSender, Events};
use bytegate::gateway::{FrontEnd, Wait};
use bytegate::middleware::{AccessLog, ErrorPages, SetHeaders};
use bytegate::request::ConnectionInfo;
use bytegate::response::{Escaped, Problem, ResponseError};
use bytegate::testing::ClientResponse;
use bytegate::upload::Admission;
use bytegate::{
    Application, Body, Gateway, Method, Now, Rejection, Request, Response, Router, Session, Site,
    Status,
};
use laws::reader;
use proptest::prelude::*;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

fn request(method: &str, path: &str, fields: &str) -> Vec<u8> {
    format!("{method} {path} HTTP/1.1\r\nHost: x\r\n{fields}\r\n").into_bytes()
}

fn answer_of(gateway: &Gateway, input: &[u8]) -> ClientResponse {
    let output = gateway.handle(input);
    reader::read_answer(input, &output)
}

fn answer(application: impl Application + 'static, input: &[u8]) -> ClientResponse {
    answer_of(&Gateway::new(application), input)
}

// Redirects

#[test]
fn each_redirect_has_its_status_and_an_encoded_location() {
    for status in [301, 302, 303, 307, 308] {
        let redirect = move |to| Response::redirect(Status::new(status).expect("a status"), to);
        let response = answer(move |_: &Request<'_>| redirect("/a b\\\u{e4}?c#d"), GET);
        assert_eq!(response.status().code(), status);
        assert_eq!(response.header("location"), Some("/a%20b%5C%C3%A4?c#d"));
        assert!(response.body().is_empty());
        let split = answer(move |_: &Request<'_>| redirect("/\r\nSet-Cookie: a=b"), GET);
        assert_eq!(
            (split.status().code(), split.header("set-cookie")),
            (500, None)
        );
    }
    assert_eq!(Response::see_other("/").status(), 303);
    for status in [
        Status::OK,
        Status::CREATED,
        Status::NOT_MODIFIED,
        Status::NOT_FOUND,
    ] {
        let error = Response::redirect(status, "/")
            .error()
            .map(ToString::to_string);
        let expected = format!("a redirect has the status 301, 302, 303, 307 or 308, not {status}");
        assert_eq!(error, Some(expected));
    }
}

// Named files

#[test]
fn an_attachment_has_a_name_and_is_not_sniffed() {
    let response = answer(
        |_: &Request<'_>| Response::html("<h1>me</h1>").with_attachment("r\u{e9}sum\u{e9}.html"),
        GET,
    );
    assert_eq!(
        response.header("content-disposition"),
        Some("attachment; filename=\"r_sum_.html\"; filename*=UTF-8''r%C3%A9sum%C3%A9.html")
    );
    assert_eq!(
        response.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(response.text(), "<h1>me</h1>");
}

proptest! {
    #[test]
    fn no_file_name_splits_a_header(name in ".*|[\r\n\0\"\\\\;:a/\u{e4}]*") {
        let response = answer(move |_: &Request<'_>| Response::text("x").with_attachment(&name), GET);
        prop_assert_eq!(response.status(), 200);
        let names: Vec<String> = response.headers().iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
        prop_assert_eq!(
            names,
            ["content-type", "x-content-type-options", "content-disposition", "content-length"]
        );
        prop_assert_eq!(response.body(), b"x");
    }
}

// Problem details and errors as values

#[derive(Debug)]
enum AppError {
    UnknownUser(String),
    BadForm(Rejection),
    OutOfCredit { balance: u32 },
}

impl From<Rejection> for AppError {
    fn from(error: Rejection) -> AppError {
        AppError::BadForm(error)
    }
}

/// The one place where errors become responses.
impl From<AppError> for Response {
    fn from(error: AppError) -> Response {
        match error {
            AppError::UnknownUser(name) => {
                Rejection::new(Status::NOT_FOUND, format!("nobody is called {name:?}")).into()
            }
            AppError::BadForm(error) => error.into(),
            AppError::OutOfCredit { balance } => Problem::new(Status::FORBIDDEN)
                .with_type("/problems/credit")
                .with_detail(&format!("the balance is {balance}"))
                .into(),
        }
    }
}

fn pay(request: &Request<'_>) -> Result<String, AppError> {
    let form = request.form()?;
    match form.get("user").as_deref() {
        Some("ada") => Ok("paid\n".to_string()),
        Some("bob") => Err(AppError::OutOfCredit { balance: 30 }),
        other => Err(AppError::UnknownUser(other.unwrap_or_default().to_string())),
    }
}

#[test]
fn application_errors_become_responses_in_one_place() {
    let post = |content: &str| {
        let length = content.len();
        let media_type = "application/x-www-form-urlencoded";
        let fields = format!("Content-Type: {media_type}\r\nContent-Length: {length}\r\n");
        let mut input = request("POST", "/", &fields);
        input.extend_from_slice(content.as_bytes());
        answer(pay, &input)
    };
    let paid = post("user=ada");
    assert_eq!((paid.status().code(), paid.text()), (200, "paid\n"));
    let unknown = post("user=eve");
    assert_eq!(
        (unknown.status().code(), unknown.text()),
        (404, "404 Not Found: nobody is called \"eve\"\n")
    );
    let bad = post("user=%FF");
    assert_eq!(
        (bad.status().code(), bad.text()),
        (400, "400 Bad Request: the form is not UTF-8\n")
    );
    let poor = post("user=bob");
    assert_eq!(poor.status(), 403);
    assert_eq!(
        poor.header("content-type"),
        Some("application/problem+json")
    );
    assert_eq!(
        poor.text(),
        r#"{"status":403,"type":"/problems/credit","title":"Forbidden","detail":"the balance is 30"}"#
    );
}

#[test]
fn an_error_in_a_handler_is_a_500_that_is_reported_with_its_source() {
    let errors = Arc::new(Mutex::new(Vec::new()));
    let reported = errors.clone();
    let handler = |request: &Request<'_>| -> Result<Response, Rejection> {
        match request.path() {
            "/file" => Ok(std::fs::read("/missing/file")?.into()),
            "/boxed" => Err(Box::<dyn std::error::Error + Send + Sync>::from("a secret"))?,
            "/request" => Err(Request::builder("GET", "/a%zz").build().unwrap_err())?,
            "/problem" => Err(Problem::from(Rejection::internal("a secret")))?,
            _ => Err(Rejection::new(Status::BAD_GATEWAY, "try again").with_source("a secret")),
        }
    };
    let gateway = Gateway::new(handler).with(pages()).on_error(
        move |error: &ResponseError, _: &ConnectionInfo| {
            reported.lock().expect("a list").push(error.to_string());
        },
    );
    let page = |path: &str| {
        let response = answer_of(&gateway, &request("GET", path, ""));
        (response.status().code(), response.text().to_string())
    };
    let internal = "GET 500 Internal Server Error <->".to_string();
    assert_eq!(page("/file"), (500, internal.clone()));
    assert_eq!(page("/boxed"), (500, internal));
    let (status, text) = page("/request");
    assert!(status == 400 && text.contains("at byte 6: "), "{text}");
    let problem = r#"{"status":500,"title":"Internal Server Error"}"#;
    assert_eq!(page("/problem"), (500, problem.to_string()));
    assert_eq!(
        page("/"),
        (502, "GET 502 Bad Gateway <try again>".to_string())
    );
    let errors = errors.lock().expect("a list");
    assert!(errors[0].contains("No such file"), "{errors:?}");
    assert_eq!(errors[1..], ["a secret", "a secret", "try again: a secret"]);
}

// Error pages

/// Marks its pages, so that a test can tell them apart.
fn pages() -> ErrorPages {
    ErrorPages::new(|request, status, sentence| {
        let sentence = sentence.unwrap_or("-");
        let method = request.method.as_ref().map_or("?", Method::as_str);
        Response::html(format!("{method} {status} <{}>", Escaped(sentence)))
    })
}

/// Responds to every path with one kind of error.
fn faulty() -> Router {
    let site = Site::new().file("/a.txt", "0123456789");
    Router::new()
        .get("/bare", |_: &Request<'_>| Status::FORBIDDEN)
        .get("/none", |_: &Request<'_>| None::<Response>)
        .get("/explained", |_: &Request<'_>| {
            Rejection::new(Status::CONFLICT, "it is <taken>")
        })
        .get("/asks", |_: &Request<'_>| {
            Response::from(Status::UNAUTHORIZED)
                .with_appended_header("WWW-Authenticate", "Basic realm=\"a\"")
                .with_appended_header("WWW-Authenticate", "Bearer")
        })
        .get("/busy", |_: &Request<'_>| {
            Response::from(Status::SERVICE_UNAVAILABLE).with_header("Retry-After", "7")
        })
        .get("/later", |_: &Request<'_>| {
            Response::from_future(async { Status::BAD_GATEWAY })
        })
        .get("/invalid", |_: &Request<'_>| {
            Response::text("x").with_header("a b", "c")
        })
        .get("/interim", |_: &Request<'_>| {
            Response::new(Status::CONTINUE)
        })
        .get("/own", |_: &Request<'_>| {
            Response::text("mine").with_status(Status::NOT_FOUND)
        })
        .get("/pair", |_: &Request<'_>| (Status::NOT_FOUND, "mine"))
        .get("/empty", |_: &Request<'_>| Response::new(Status::NOT_FOUND))
        .get("/fine", |_: &Request<'_>| Status::OK)
        .mount("/site", site)
}

#[test]
fn all_default_pages_take_the_form_that_the_application_chose() {
    let gateway = Gateway::new(faulty()).with(pages());
    for (method, path, fields, status, content) in [
        ("GET", "/bare", "", 403, "GET 403 Forbidden <->"),
        ("GET", "/none", "", 404, "GET 404 Not Found <->"),
        (
            "GET",
            "/explained",
            "",
            409,
            "GET 409 Conflict <it is &lt;taken&gt;>",
        ),
        ("GET", "/nowhere", "", 404, "GET 404 Not Found <->"),
        ("PUT", "/bare", "", 405, "PUT 405 Method Not Allowed <->"),
        ("TRACE", "/", "", 501, "TRACE 501 Not Implemented <->"),
        ("GET", "/later", "", 502, "GET 502 Bad Gateway <->"),
        (
            "GET",
            "/invalid",
            "",
            500,
            "GET 500 Internal Server Error <->",
        ),
        (
            "GET",
            "/interim",
            "",
            500,
            "GET 500 Internal Server Error <->",
        ),
        ("GET", "/site/b.txt", "", 404, "GET 404 Not Found <->"),
        (
            "DELETE",
            "/site/a.txt",
            "",
            405,
            "DELETE 405 Method Not Allowed <->",
        ),
        (
            "GET",
            "/site/a.txt",
            "If-Match: \"b\"\r\n",
            412,
            "GET 412 Precondition Failed <->",
        ),
        (
            "GET",
            "/site/a.txt",
            "Range: bytes=20-\r\n",
            416,
            "GET 416 Range Not Satisfiable <->",
        ),
        (
            "GET",
            "/bare",
            "Host: y\r\n",
            400,
            "GET 400 Bad Request <a request must not have more than one Host field (RFC 9112 section 3.2)>",
        ),
        (
            "POST",
            "/bare",
            "Expect: 100-continue\r\nContent-Length: 5\r\n",
            405,
            "POST 405 Method Not Allowed <->",
        ),
    ] {
        let response = answer_of(&gateway, &request(method, path, fields));
        assert_eq!(
            (response.status().code(), response.text()),
            (status, content),
            "{method} {path}"
        );
        let media_type = response.header("content-type");
        assert_eq!(media_type, Some("text/html; charset=utf-8"));
    }
    let unknown = answer_of(&gateway, b"?\r\n\r\n");
    assert!(
        unknown.text().starts_with("? 400 Bad Request <"),
        "{unknown:?}"
    );
}

#[test]
fn an_error_page_keeps_the_headers_of_the_response() {
    let gateway = Gateway::new(faulty())
        .with(
            SetHeaders::new()
                .header("X-Inner", "1")
                .header("X-Page", "1"),
        )
        .with(ErrorPages::new(|_, _, _| {
            Response::text("page").with_header("X-Page", "2")
        }))
        .with(SetHeaders::new().header("X-Outer", "1"));
    let asks = answer_of(&gateway, &request("GET", "/asks", ""));
    assert_eq!(asks.headers().get_all("www-authenticate").count(), 2);
    for (method, path, fields, name, value) in [
        ("PUT", "/bare", "", "allow", "GET, HEAD, OPTIONS"),
        ("PUT", "/site/a.txt", "", "allow", "GET, HEAD, OPTIONS"),
        ("GET", "/busy", "", "retry-after", "7"),
        ("GET", "/asks", "", "www-authenticate", "Basic realm=\"a\""),
        (
            "GET",
            "/site/a.txt",
            "Range: bytes=20-\r\n",
            "content-range",
            "bytes */10",
        ),
        ("GET", "/bare", "", "x-inner", "1"),
        ("GET", "/bare", "", "x-page", "2"),
        ("GET", "/bare", "", "x-outer", "1"),
        ("GET", "/invalid", "", "x-outer", "1"),
        ("GET", "/interim", "", "x-outer", "1"),
    ] {
        let response = answer_of(&gateway, &request(method, path, fields));
        assert_eq!(response.header(name), Some(value), "{method} {path}");
        assert_eq!(response.text(), "page");
    }
}

#[test]
fn a_response_with_its_own_body_is_left_alone() {
    let gateway = Gateway::new(faulty()).with(pages());
    for (path, status, content) in [
        ("/own", 404, "mine"),
        ("/pair", 404, "mine"),
        ("/empty", 404, ""),
        ("/fine", 200, "200 OK\n"),
        ("/site/a.txt", 200, "0123456789"),
    ] {
        let response = answer_of(&gateway, &request("GET", path, ""));
        assert_eq!(
            (response.status().code(), response.text()),
            (status, content),
            "{path}"
        );
    }
    let own_refusals = Gateway::new(faulty())
        .refusal_page(|_| Response::text("refused"))
        .with(pages());
    assert_eq!(answer_of(&own_refusals, b"GET /\r\n\r\n").text(), "refused");
    let own_404 = Site::new().file("/404.html", "not here");
    let gateway = Gateway::new(own_404).with(pages());
    assert_eq!(answer_of(&gateway, GET).text(), "not here");
}

#[test]
fn error_pages_see_the_responses_of_other_middleware_and_a_log_sees_the_pages() {
    struct Closed;
    impl bytegate::Middleware for Closed {
        fn before(&self, request: &mut bytegate::middleware::RequestParts<'_>) -> Option<Response> {
            (request.head.path() == "/closed").then(|| Status::SERVICE_UNAVAILABLE.into())
        }
    }
    let log = Arc::new(Mutex::new(String::new()));
    let lines = log.clone();
    let gateway = Gateway::new(faulty())
        .with(pages())
        .with(Closed)
        .with(AccessLog::to(move |line| {
            lines.lock().expect("a log").push_str(line)
        }));
    let closed = answer_of(&gateway, &request("GET", "/closed", ""));
    let invalid = answer_of(&gateway, &request("GET", "/invalid", ""));
    assert_eq!(closed.text(), "GET 503 Service Unavailable <->");
    let expected =
        [("/closed", 503, closed), ("/invalid", 500, invalid)].map(|(path, status, response)| {
            let length = response.body().len();
            format!("- - - [-] \"GET {path} HTTP/1.1\" {status} {length}\n")
        });
    assert_eq!(*log.lock().expect("a log"), expected.concat());
}

#[test]
fn an_error_page_for_head_has_a_length_but_no_body() {
    let gateway = Gateway::new(faulty()).with(pages());
    for path in ["/bare", "/invalid"] {
        let get = answer_of(&gateway, &request("GET", path, ""));
        let head = answer_of(&gateway, &request("HEAD", path, ""));
        assert!(head.body().is_empty());
        let length = (get.body().len() + "HEAD".len() - "GET".len()).to_string();
        assert_eq!(head.header("content-length"), Some(&*length));
    }
}

#[test]
fn a_panic_gets_an_error_page_and_closes_the_connection() {
    let gateway = Gateway::new(|_: &Request<'_>| -> Response {
        std::panic::resume_unwind(Box::new("deliberate"));
    })
    .with(pages());
    let mut session = gateway.session(ConnectionInfo::default()).catch_panics();
    let mut input = GET;
    assert!(matches!(
        session.turn(&mut input, Now::default()),
        Wait::Write { .. }
    ));
    let output = session.take_output();
    let response = reader::read_one(&output);
    assert_eq!(response.text(), "GET 500 Internal Server Error <->");
    assert!(response.closes());
}

#[test]
fn an_error_page_that_cannot_be_sent_is_a_plain_500_with_a_reason() {
    let errors = Arc::new(Mutex::new(Vec::new()));
    let gateway = |page: fn() -> Response| {
        let told = errors.clone();
        Gateway::new(faulty())
            .with(ErrorPages::new(move |_, _, _| page()))
            .on_error(move |error: &ResponseError, _: &ConnectionInfo| {
                told.lock().expect("a list").push(error.to_string());
            })
    };
    let invalid = gateway(|| Response::text("x").with_header("c d", "e"));
    let later = gateway(|| Response::from_future(async { "x" }));
    for (gateway, path) in [
        (&invalid, "/bare"),
        (&invalid, "/invalid"),
        (&later, "/bare"),
    ] {
        let response = answer_of(gateway, &request("GET", path, ""));
        assert_eq!(
            (response.status().code(), response.text()),
            (500, "500 Internal Server Error\n")
        );
    }
    let name =
        |name: &str| format!("field {name:?}: a field name must be a token (RFC 9110 section 5.1)");
    assert_eq!(
        *errors.lock().expect("a list"),
        [name("c d"), name("a b"), ResponseError::Pending.to_string()]
    );
}

#[test]
fn an_api_responds_to_all_errors_with_problem_details() {
    let gateway = Gateway::new(faulty()).with(ErrorPages::problem_details());
    for (input, content) in [
        (
            request("GET", "/nowhere", ""),
            r#"{"status":404,"title":"Not Found"}"#,
        ),
        (
            request("GET", "/explained", ""),
            r#"{"status":409,"title":"Conflict","detail":"it is <taken>"}"#,
        ),
        (
            b"GET / HTTP/1.1\r\n\r\n".to_vec(),
            r#"{"status":400,"title":"Bad Request","detail":"an HTTP/1.1 request must have a Host field (RFC 9112 section 3.2)"}"#,
        ),
    ] {
        let response = answer_of(&gateway, &input);
        assert_eq!(response.text(), content);
        let media_type = response.header("content-type");
        assert_eq!(media_type, Some("application/problem+json"));
    }
}

#[test]
fn a_refused_upload_gets_an_error_page() {
    struct Small;
    impl Application for Small {
        fn call(&self, _: &Request<'_>) -> Response {
            Response::text("small")
        }

        fn admit(&self, _: &Request<'_>) -> Admission {
            Admission::buffer().up_to(3)
        }
    }
    let gateway = Gateway::new(Small).with(pages());
    let response = answer_of(&gateway, &request("POST", "/", "Content-Length: 4\r\n"));
    assert_eq!(response.status(), 413);
    assert!(
        response
            .text()
            .starts_with("POST 413 Content Too Large <the content is larger")
    );
}

// Events

/// Wakes the thread of a client, and counts how often.
struct Alarm {
    thread: Thread,
    count: AtomicUsize,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.count.fetch_add(1, Ordering::SeqCst);
        self.thread.unpark();
    }
}

struct Front(Waker);

impl FrontEnd for Front {
    fn now(&mut self) -> Now {
        Now::default()
    }

    fn waker(&self) -> &Waker {
        &self.0
    }
}

/// A client that reads everything as soon as it arrives. Unlike the kit's `Wire`, it counts how often it is woken.
struct Client {
    session: Session,
    alarm: Arc<Alarm>,
    received: Vec<u8>,
}

impl Client {
    fn new(gateway: &Gateway, mut input: &[u8]) -> Client {
        let alarm = Alarm {
            thread: thread::current(),
            count: AtomicUsize::new(0),
        };
        let mut client = Client {
            session: gateway.session(ConnectionInfo::default()),
            alarm: Arc::new(alarm),
            received: Vec::new(),
        };
        client.turn(&mut input);
        client
    }

    fn turn(&mut self, input: &mut &[u8]) -> Wait {
        let mut front = Front(self.alarm.clone().into());
        loop {
            match self.session.turn(input, &mut front) {
                Wait::Write { .. } => self.session.output().move_to(&mut self.received),
                Wait::Yield => {}
                other => return other,
            }
        }
    }

    fn text(&mut self) -> String {
        self.turn(&mut &b""[..]);
        String::from_utf8_lossy(&self.received).into_owned()
    }

    /// Takes turns when woken, until the text ends with `end`.
    fn wait_for(&mut self, end: &str) {
        for _ in 0..1000 {
            if self.text().ends_with(end) {
                return;
            }
            thread::park_timeout(Duration::from_secs(1));
        }
        panic!("{end:?} is not the end of {}", self.text());
    }

    fn content(&self) -> String {
        reader::read_one(&self.received).text().to_string()
    }
}

/// An application whose events are sent by the test.
fn channel(events: usize) -> (Arc<Mutex<Option<EventSender>>>, Gateway) {
    let kept = Arc::new(Mutex::new(None));
    let keep = kept.clone();
    let gateway = Gateway::new(move |_: &Request<'_>| {
        let (sender, events) = Events::channel(events);
        *keep.lock().expect("a sender") = Some(sender);
        events
    });
    (kept, gateway)
}

fn taken(kept: &Mutex<Option<EventSender>>) -> EventSender {
    kept.lock().expect("a sender").take().expect("a sender")
}

#[test]
fn events_arrive_one_by_one_from_another_thread() {
    let (kept, gateway) = channel(2);
    let mut client = Client::new(&gateway, GET);
    assert_eq!(
        client.text(),
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n\
         X-Accel-Buffering: no\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    let sender = taken(&kept);
    thread::scope(|scope| {
        let sending = scope.spawn(move || {
            sender.send("one\ntwo").expect("a client");
            let event = Event::new("three").with_name("a\r\ndata: b").with_id("7\n");
            sender.send(event).expect("a client");
            sender.send(Event::comment()).expect("a client");
            // More than fit into the channel.
            for number in 0..20 {
                sender.send(number.to_string()).expect("a client");
            }
            thread::park();
        });
        client.wait_for("data: 19\n\n\r\n");
        sending.thread().unpark();
        sending.join().expect("no panic");
    });
    // Dropping the sender ended the response, and the connection stays open.
    assert!(matches!(client.turn(&mut &b""[..]), Wait::Read { .. }));
    assert!(client.alarm.count.load(Ordering::SeqCst) > 0);
    let content = client.content();
    let (first, rest) = content.split_once("\n\n").expect("an event");
    assert_eq!(first, "data: one\ndata: two");
    let (second, rest) = rest.split_once("\n\n").expect("an event");
    assert_eq!(second, "event: a  data: b\nid: 7 \ndata: three");
    assert!(rest.ends_with("data: 18\n\ndata: 19\n\n"), "{rest}");
}

#[test]
fn sending_to_a_disconnected_client_fails() {
    let (kept, gateway) = channel(1);
    let client = Client::new(&gateway, GET);
    let sender = taken(&kept);
    assert!(!sender.is_closed());
    sender.send("a").expect("a client");
    thread::scope(|scope| {
        // This waits, because the channel is full.
        let waiting = scope.spawn(|| sender.send("b"));
        drop(client);
        assert_eq!(waiting.join().expect("no panic"), Err(Closed));
    });
    assert!(sender.is_closed());
    assert_eq!(sender.send("c"), Err(Closed));
    assert_eq!(sender.try_send("d"), Err(TrySendError::Closed));

    let head = Client::new(&gateway, b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(taken(&kept).send("a"), Err(Closed));
    drop(head);
}

/// A stream of two events, the second of which is not ready at once.
struct Halting(u32);

impl futures_core::Stream for Halting {
    type Item = Event;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Event>> {
        self.0 += 1;
        match self.0 {
            1 => std::task::Poll::Ready(Some("first".into())),
            2 => {
                context.waker().wake_by_ref();
                std::task::Poll::Pending
            }
            3 => std::task::Poll::Ready(Some("second".into())),
            _ => std::task::Poll::Ready(None),
        }
    }
}

#[test]
fn events_may_come_from_an_asynchronous_stream() {
    let response = answer(|_: &Request<'_>| Events::from_stream(Halting(0)), GET);
    assert_eq!(response.text(), "data: first\n\ndata: second\n\n");
}

#[test]
fn every_client_of_a_broadcast_sees_the_lines_of_the_others() {
    let chat = Broadcast::new(8);
    let (room, said) = (chat.clone(), chat.clone());
    let router = Router::new()
        .get("/", move |_: &Request<'_>| room.subscribe())
        .post("/", move |request: &Request<'_>| {
            said.send(String::from_utf8_lossy(request.body()));
            Status::NO_CONTENT
        });
    let gateway = Gateway::new(router);
    let mut one = Client::new(&gateway, GET);
    assert_eq!(chat.subscribers(), 1);
    let say = |line: &str| {
        let fields = format!("Content-Length: {}\r\n", line.len());
        let input = [request("POST", "/", &fields), line.into()].concat();
        assert_eq!(answer_of(&gateway, &input).status(), 204);
    };
    say("early");
    let mut two = Client::new(&gateway, GET);
    say("hello\r\ndata: both");
    assert!(one.text().contains("data: early\n\n"));
    for client in [&mut one, &mut two] {
        let text = client.text();
        assert!(
            text.ends_with("data: hello\ndata: data: both\n\n\r\n"),
            "{text}"
        );
    }
    assert!(!two.text().contains("early"));
    drop(one);
    assert_eq!(chat.subscribers(), 1);
    assert_eq!(chat.send("bye"), 1);
    assert!(two.text().ends_with("data: bye\n\n\r\n"));
    drop(two);
    assert_eq!(chat.subscribers(), 0);
    assert_eq!(format!("{chat:?}"), "Broadcast(0 subscribers)");
}

#[test]
fn a_slow_client_of_a_broadcast_is_disconnected_and_does_not_delay_others() {
    let news = Broadcast::new(2);
    let room = news.clone();
    let gateway = Gateway::new(move |_: &Request<'_>| room.subscribe());
    let mut slow = Client::new(&gateway, GET);
    let mut fast = Client::new(&gateway, GET);
    for (event, clients) in [("one", 2), ("two", 2), ("three", 1)] {
        assert_eq!(news.send(event), clients, "{event}");
        assert!(fast.text().ends_with(&format!("data: {event}\n\n\r\n")));
    }
    // Its queue is dropped, and its response is cut off.
    let cut = Wait::Close(CloseReason::ResponseBroken);
    assert_eq!(slow.turn(&mut &b""[..]), cut);
    assert!(slow.text().ends_with("chunked\r\n\r\n"));
}

#[test]
fn the_queue_of_a_slow_client_is_bounded_in_bytes_and_dropped_with_it() {
    let news = Broadcast::new(100).queued_bytes(1000);
    let room = news.clone();
    let gateway = Gateway::new(move |_: &Request<'_>| room.subscribe());
    // The data has 100 lines, so that 800 bytes are sent for 100.
    let lines = "\n".repeat(99);
    let mut slow = Client::new(&gateway, GET);
    for (event, clients) in [(&*lines, 1), ("fits", 1), (&lines, 0)] {
        assert_eq!(news.send(event), clients, "{event:?}");
    }
    assert!(matches!(slow.turn(&mut &b""[..]), Wait::Close(_)));
    assert!(!slow.text().contains("data:"));
    // A client that reads gets events of any length.
    let mut fast = Client::new(&gateway, GET);
    for event in [&lines, &"\n".repeat(5000), &lines] {
        assert_eq!(news.send(event.as_str()), 1);
        fast.text();
    }
}

#[test]
fn a_channel_queues_at_most_a_mebibyte_and_at_least_one_block() {
    let (sender, _body) = Body::channel(10);
    assert_eq!(sender.try_send(vec![0; 2 << 20]), Ok(()));
    let full = sender.try_send("more");
    assert_eq!(full, Err(TrySendError::Full("more".into())));
    let (sender, _body) = Body::channel(10);
    assert_eq!(sender.try_send(vec![0; 1 << 19]), Ok(()));
    assert_eq!(sender.try_send(vec![0; 1 << 19]), Ok(()));
    let full = sender.try_send("more");
    assert_eq!(full, Err(TrySendError::Full("more".into())));
}

#[test]
fn comments_keep_a_quiet_stream_alive() {
    let seconds = |seconds| Now {
        monotonic: Duration::from_secs(seconds),
        wall: None,
    };
    let kept = Arc::new(Mutex::new(None));
    let keep = kept.clone();
    let gateway = Gateway::new(move |_: &Request<'_>| {
        let (sender, events) = Events::channel(4);
        *keep.lock().expect("a sender") = Some(sender);
        events.keep_alive(Duration::from_secs(15))
    });
    let mut session = gateway.session(ConnectionInfo::default());
    let mut input = GET;
    let mut turn = |second| {
        let mut sent = Vec::new();
        loop {
            match session.turn(&mut input, seconds(second)) {
                Wait::Write { .. } => session.output().move_to(&mut sent),
                Wait::Pending { until } => {
                    break (String::from_utf8(sent).unwrap(), until.as_secs());
                }
                other => unreachable!("{other:?}"),
            }
        }
    };
    let (head, until) = turn(1);
    assert!(head.ends_with("\r\n\r\n") && until == 16, "{head} {until}");
    assert_eq!(turn(15), (String::new(), 16));
    assert_eq!(turn(17), ("3\r\n:\n\n\r\n".to_string(), 32));
    // An event puts the next comment off.
    let sender = taken(&kept);
    sender.send("a").expect("a client");
    let (event, until) = turn(20);
    assert!(
        event.contains("data: a\n\n") && until == 35,
        "{event} {until}"
    );
    assert_eq!(turn(34), (String::new(), 35));
    assert_eq!(turn(35), ("3\r\n:\n\n\r\n".to_string(), 50));
}

// Bodies that are read while they are sent

/// Yields its parts one by one. A part that is `None` is an error.
struct Parts(Vec<Option<Vec<u8>>>);

impl Read for Parts {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() {
            return Ok(0);
        }
        let part = self.0.remove(0).ok_or(io::ErrorKind::Other)?;
        let count = part.len().min(buffer.len());
        buffer[..count].copy_from_slice(&part[..count]);
        if count < part.len() {
            self.0.insert(0, Some(part[count..].to_vec()));
        }
        Ok(count)
    }
}

/// The output and the reason why the connection closed, for a body from a reader.
fn read_by(parts: &[Option<&[u8]>], length: Option<u64>) -> (Vec<u8>, Wait) {
    let parts: Vec<_> = parts.iter().map(|part| part.map(<[u8]>::to_vec)).collect();
    let gateway = Gateway::new(move |_: &Request<'_>| {
        Response::text(Body::reader(Parts(parts.clone()), length))
    });
    let mut client = Client::new(&gateway, GET);
    let wait = client.turn(&mut &b""[..]);
    (client.received, wait)
}

#[test]
fn a_reader_is_sent_in_blocks_of_at_most_64_kib() {
    let large = vec![b'x'; 150_000];
    let (output, wait) = read_by(&[Some(&large), Some(b"end")], None);
    assert!(matches!(wait, Wait::Read { .. }));
    let response = reader::read_one(&output);
    assert_eq!(response.body(), [&large[..], b"end"].concat());
    let chunks = String::from_utf8_lossy(&output);
    assert_eq!(chunks.matches("\r\n10000\r\n").count(), 2);
    let (output, _) = read_by(&[Some(&large)], Some(150_000));
    let response = reader::read_one(&output);
    assert_eq!(response.header("content-length"), Some("150000"));
    assert_eq!(response.body(), large);
}

#[test]
fn a_reader_that_fails_or_ends_early_cuts_the_body_off() {
    for (parts, length) in [
        (&[Some(&b"one"[..]), None][..], None),
        (&[Some(b"one"), None], Some(6)),
        (&[Some(b"one")], Some(6)),
        (&[None], Some(3)),
    ] {
        let (output, wait) = read_by(parts, length);
        assert_eq!(wait, Wait::Close(CloseReason::ResponseBroken), "{length:?}");
        assert!(!output.ends_with(b"0\r\n\r\n"));
    }
}

#[test]
fn a_reader_is_read_no_further_than_its_stated_length() {
    let (output, wait) = read_by(&[Some(b"one"), Some(b"two"), None], Some(5));
    assert!(matches!(wait, Wait::Read { .. }));
    assert_eq!(reader::read_one(&output).body(), b"onetw");
    let (output, _) = read_by(&[None], Some(0));
    assert_eq!(reader::read_one(&output).body(), b"");
}

/// A file that is removed at the end.
struct Temporary(std::path::PathBuf);

impl Temporary {
    fn new(name: &str, content: &[u8]) -> Temporary {
        let name = format!("bytegate-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, content).expect("a file");
        Temporary(path)
    }

    fn open(&self) -> std::fs::File {
        std::fs::File::open(&self.0).expect("a file")
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The output for a file that changes after its body was made, and the next wait of the connection.
fn served(file: std::fs::File, change: impl FnOnce()) -> (Vec<u8>, Wait) {
    let body = Mutex::new(Some(Body::file(file).expect("a regular file")));
    change();
    let gateway = Gateway::new(move |_: &Request<'_>| {
        Response::text(body.lock().expect("a body").take().expect("a body"))
    });
    let mut client = Client::new(&gateway, GET);
    let wait = client.turn(&mut &b""[..]);
    (client.received, wait)
}

#[test]
fn a_file_is_sent_from_its_position_with_the_length_that_it_had() {
    let temporary = Temporary::new("whole", b"0123456789");
    let append = || {
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .open(&temporary.0)
            .expect("a file");
        file.write_all(b"more").expect("it grows");
    };
    let (output, wait) = served(temporary.open(), append);
    assert!(matches!(wait, Wait::Read { .. }));
    let response = reader::read_one(&output);
    assert_eq!(response.header("content-length"), Some("10"));
    assert_eq!(response.body(), b"0123456789");

    let mut file = temporary.open();
    file.seek(SeekFrom::Start(8)).expect("a position");
    let (output, _) = served(file, || {});
    assert_eq!(reader::read_one(&output).body(), b"89more");
}

#[test]
fn a_file_that_shrinks_cuts_the_body_off() {
    let temporary = Temporary::new("shrinks", b"0123456789");
    let truncate = || std::fs::write(&temporary.0, b"01234").expect("it shrinks");
    let (output, wait) = served(temporary.open(), truncate);
    assert_eq!(wait, Wait::Close(CloseReason::ResponseBroken));
    assert!(output.ends_with(b"\r\n\r\n01234"));
}

#[cfg(unix)]
#[test]
fn only_a_regular_file_has_a_length() {
    let folder = std::fs::File::open(std::env::temp_dir()).expect("a folder");
    let error = Body::file(folder).expect_err("no regular file");
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert!(error.to_string().contains("use Body::reader"), "{error}");
}

/// A change to a response that is not ready yet.
type Change = fn(Response) -> Response;

/// Responds with a deferred response, and keeps the errors.
fn deferred(change: Change) -> (ClientResponse, Vec<String>) {
    let errors = Arc::new(Mutex::new(Vec::new()));
    let told = errors.clone();
    let gateway = Gateway::new(move |_: &Request<'_>| {
        change(Response::from_future(async {
            let inner = async {
                Response::text("later")
                    .with_header("A", "of the future")
                    .with_header("B", "of the future")
            };
            Response::from_future(inner).with_appended_header("C", "1")
        }))
    })
    .on_error(move |error: &ResponseError, _: &ConnectionInfo| {
        told.lock().expect("a list").push(error.to_string());
    });
    let response = answer_of(&gateway, &request("GET", "/", ""));
    let errors = errors.lock().expect("a list").clone();
    (response, errors)
}

#[test]
fn changes_to_a_deferred_response_are_applied_when_it_is_ready() {
    let (response, errors) = deferred(|response| {
        let mut response = response
            .with_header("a", "set")
            .with_appended_header("c", "2")
            .with_appended_header("C", "3");
        assert!(response.is_pending());
        response.remove_header("B");
        (Status::CREATED, response).into()
    });
    assert_eq!((response.status().code(), response.text()), (201, "later"));
    assert_eq!(
        (response.header("a"), response.header("b")),
        (Some("set"), None)
    );
    let values: Vec<&[u8]> = response.headers().get_all("c").collect();
    assert_eq!(values, [b"1", b"2", b"3"]);
    assert!(errors.is_empty());
    let (response, _) = deferred(|response| response.with_body("changed"));
    assert_eq!(
        (response.status().code(), response.text()),
        (200, "changed")
    );
}

#[test]
fn a_deferred_response_fails_for_the_same_reasons_as_others() {
    let cases: [(Change, &str); 4] = [
        (|it| it.with_header("a b", "x"), "field \"a b\""),
        (
            |it| it.with_appended_header("Connection", "close"),
            "field \"Connection\"",
        ),
        (
            |it| it.with_status(Status::CONTINUE),
            "100 Continue is not a final status",
        ),
        (
            |mut it| {
                it.map_body(|_| "x".into());
                it
            },
            "the content of a deferred response",
        ),
    ];
    for (change, reason) in cases {
        let (response, errors) = deferred(change);
        assert_eq!(response.status(), 500, "{reason}");
        assert_eq!(errors.len(), 1, "{reason}");
        assert!(errors[0].starts_with(reason), "{errors:?}");
    }
}

#[cfg(feature = "cookies")]
#[test]
fn a_cookie_may_be_set_on_a_deferred_response() {
    let (response, _) = deferred(|response| response.with_cookie(("session", "8f2c")));
    assert_eq!(response.header("set-cookie"), Some("session=8f2c"));
    let (response, errors) = deferred(|response| response.with_cookie(("a;b", "session")));
    assert_eq!((response.status().code(), errors.len()), (500, 1));
}

#[test]
fn middleware_sees_a_changed_deferred_response_once() {
    let log = Arc::new(Mutex::new(String::new()));
    let lines = log.clone();
    let gateway = Gateway::new(|_: &Request<'_>| {
        Response::from_future(async { "later" }).with_status(Status::ACCEPTED)
    })
    .with(AccessLog::to(move |line| {
        lines.lock().expect("a log").push_str(line)
    }));
    assert_eq!(
        answer_of(&gateway, &request("GET", "/", ""))
            .status()
            .code(),
        202
    );
    let log = log.lock().expect("a log");
    assert!(
        log.contains("\" 202 5\n") && log.lines().count() == 1,
        "{log}"
    );
}
