//! Errors of responses are reported with the request that they belong to.

use bytegate::application::receive_upload;
use bytegate::blocking::Untimed;
use bytegate::headers::Headers;
use bytegate::middleware::{ErrorPages, SetHeaders};
use bytegate::request::{ConnectionInfo, Peer};
use bytegate::upload::{Admission, Receiver};
use bytegate::{Application, Body, Gateway, OwnedRequest, Request, Response, Router, Status};
use std::future::Future;
use std::io::{self, Read, Write};
use std::panic::resume_unwind;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

/// A stream that gives this input and takes all output.
struct Input<'a>(&'a [u8]);

impl Read for Input<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Input<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Fails in one way or another.
struct Failing;

fn panic(words: &'static str) -> Response {
    resume_unwind(Box::new(words))
}

impl Receiver for Failing {
    fn data(&mut self, _: &[u8]) -> Result<(), Response> {
        Err(panic("in the middle"))
    }

    fn finish(self: Box<Self>, _: Headers<'_>) -> Response {
        panic("at the end")
    }
}

impl Application for Failing {
    fn call(&self, _: &Request<'_>) -> Response {
        unreachable!("its body is not admitted")
    }

    fn admit(&self, _: &Request<'_>) -> Admission {
        Admission::refuse(panic("at the start"))
    }
}

fn router() -> Router {
    let broken = |blocks: &'static [&'static str], length| {
        let blocks = blocks.iter().map(|block| match *block {
            "" => Err(bytegate::body::BodyError),
            block => Ok(block.into()),
        });
        Response::text(Body::try_from_iterator(length, blocks))
    };
    Router::new()
        .get("/panic", |_: &Request<'_>| panic("words"))
        .get("/header", |_: &Request<'_>| {
            Response::text("").with_header("Date", "")
        })
        .get("/status", |_: &Request<'_>| Status::CONTINUE)
        .post("/form", |_: &Request<'_>| panic("with a body"))
        .get("/later", async |_: OwnedRequest| panic("later"))
        .get("/broken", move |_: &Request<'_>| broken(&["a", ""], None))
        .get("/short", move |_: &Request<'_>| broken(&["a"], Some(2)))
        .post("/refuse", Failing)
        .put("/upload", receive_upload(|_: &Request<'_>| Failing))
}

/// Everything that is reported for this input.
fn reports(gateway: Gateway, input: &str) -> Vec<String> {
    let reports = Arc::new(Mutex::new(Vec::new()));
    let list = reports.clone();
    let gateway = gateway.on_error(move |error, request| {
        assert_eq!(request.connection.peer, Peer::named("ttyS0"));
        list.lock().unwrap().push(format!("{request}: {error}"));
    });
    let stream = Untimed(Input(input.as_bytes()));
    let connection = ConnectionInfo::from(Peer::named("ttyS0"));
    gateway.serve_stream(stream, connection).unwrap();
    let reports = reports.lock().unwrap();
    reports.clone()
}

#[track_caller]
fn check(input: &str, expected: &str) {
    let middleware = || SetHeaders::new().header("X-Served-By", "a");
    for gateway in [
        Gateway::new(router()),
        Gateway::new(router()).with(middleware()),
    ] {
        assert_eq!(reports(gateway, input), [expected]);
    }
}

#[test]
fn a_response_at_hand() {
    let get = |path| format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
    check(
        &get("/panic?a=b"),
        "GET /panic: the application panicked: words",
    );
    let reserved = "header \"Date\" is set by the connection, not by an application";
    check(&get("/header"), &format!("GET /header: {reserved}"));
    check(
        &get("/status"),
        "GET /status: 100 Continue is not a final status",
    );
}

#[test]
fn a_response_after_a_good_one() {
    let good = "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n";
    let input = format!("{good}GET /panic HTTP/1.1\r\nHost: x\r\n\r\n");
    check(&input, "GET /panic: the application panicked: words");
}

#[test]
fn a_request_with_a_body() {
    let post =
        |line, body| format!("{line} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n{body}");
    let panicked = "the application panicked";
    check(
        &post("POST /form", "a"),
        &format!("POST /form: {panicked}: with a body"),
    );
    check(
        &post("POST /refuse", "a"),
        &format!("POST /refuse: {panicked}: at the start"),
    );
    check(
        &post("PUT /upload", "a"),
        &format!("PUT /upload: {panicked}: in the middle"),
    );
    let empty = "PUT /upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    check(empty, &format!("PUT /upload: {panicked}: at the end"));
}

#[test]
fn a_response_that_comes_later() {
    let get = "GET /later HTTP/1.1\r\nHost: x\r\n\r\n";
    check(get, "GET /later: the application panicked: later");
}

#[test]
fn a_body_that_breaks_off() {
    let get = |path| format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
    check(&get("/broken"), "GET /broken: the body ended early");
    let length = "the body has another length than declared: declared 2, the stream gave 1";
    check(&get("/short"), &format!("GET /short: {length}"));
}

#[test]
fn the_page_for_a_refused_request() {
    let failing = |input: &str| {
        let pages = ErrorPages::new(|_| -> Response { panic("on the page") });
        reports(Gateway::new(router()).with(pages), input)
    };
    let panicked = "the application panicked: on the page";
    assert_eq!(
        failing("GET /a HTTP/1.1\r\n\r\n"),
        [format!("GET /a: {panicked}")]
    );
    let strange = "G\x1bT /\x07 HTTP/1.1\r\n\r\n";
    assert_eq!(
        failing(strange),
        [format!("an incomplete request: {panicked}")]
    );
}

#[test]
fn a_request_that_another_server_received() {
    let reports = Arc::new(Mutex::new(Vec::new()));
    let list = reports.clone();
    let gateway = Gateway::new(router()).on_error(move |error, request| {
        list.lock().unwrap().push(format!("{request}: {error}"));
    });
    for (method, path, body) in [
        ("GET", "/later", ""),
        ("POST", "/form", "a"),
        ("GET", "/panic", ""),
    ] {
        let request = Request::builder(method, path).body(body).build().unwrap();
        let response = pin!(gateway.respond(request)).poll(&mut Context::from_waker(Waker::noop()));
        let Poll::Ready(response) = response else {
            panic!("the response is late")
        };
        assert_eq!(response.status(), 500);
    }
    let expected = [
        "GET /later: the application panicked: later",
        "POST /form: the application panicked: with a body",
        "GET /panic: the application panicked: words",
    ];
    assert_eq!(*reports.lock().unwrap(), expected);
}
