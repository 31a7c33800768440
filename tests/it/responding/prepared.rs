//! Prepared responses are sent as the same bytes as equal responses made for the request.

use bytegate::config::{Config, Limits};
use bytegate::response::{PreparedResponse, Reply, ResponseError};
use bytegate::site::NamedFile;
use bytegate::{Application, Body, Gateway, Now, Request, Response, Router, Site, Status};

/// An application whose responses are always made, never prepared.
struct Made<A>(A);

impl<A: Application> Application for Made<A> {
    fn call(&self, request: &Request<'_>) -> Response {
        self.0.call(request)
    }
}

/// An application with a prepared response for every request.
struct Always(PreparedResponse);

impl Application for Always {
    fn call(&self, _: &Request<'_>) -> Response {
        self.0.to_response()
    }

    fn reply<'a>(&'a self, _: &Request<'_>) -> Reply<'a> {
        (&self.0).into()
    }
}

fn site() -> Site {
    let site = Site::new()
        .file("/index.html", "<h1>hi</h1>")
        .file("/empty", "")
        .file("/404.html", "nothing here")
        .file("/large", vec![b'x'; 100_000]);
    let modified = std::time::Duration::from_secs(784_111_777);
    site.file("/dated", NamedFile::from("dated").modified(modified))
}

/// Every kind of request that changes how a response is written.
fn requests() -> Vec<String> {
    let mut requests = Vec::new();
    for method in ["GET", "HEAD", "POST", "OPTIONS"] {
        for path in ["/", "/index.html", "/empty", "/large", "/dated", "/none"] {
            for version in ["1.0", "1.1"] {
                for headers in [
                    "",
                    "Connection: close\r\n",
                    "Connection: keep-alive\r\n",
                    "If-None-Match: *\r\n",
                    "If-Match: \"other\"\r\n",
                    "Range: bytes=1-3\r\n",
                    "Range: bytes=900000-\r\n",
                ] {
                    requests.push(format!(
                        "{method} {path} HTTP/{version}\r\nHost: x\r\n{headers}\r\n"
                    ));
                }
            }
        }
    }
    requests
}

fn assert_same(one: &Gateway, other: &Gateway) {
    for request in requests() {
        for now in [Now::default(), Now::at_unix(784_111_777)] {
            // Twice, so that a response that keeps the connection open is followed by another.
            let input = request.repeat(2);
            let (one, other) = (
                one.handle_at(input.as_bytes(), now),
                other.handle_at(input.as_bytes(), now),
            );
            assert!(one == other, "{request}");
        }
    }
}

#[test]
fn a_site_sends_the_same_bytes_whether_its_responses_are_prepared_or_made() {
    assert_same(&Gateway::new(site()), &Gateway::new(Made(site())));
    let routed = || Router::new().mount("/site", Site::new()).fallback(site());
    assert_same(&Gateway::new(routed()), &Gateway::new(Made(routed())));
}

#[test]
fn prepared_responses_of_every_status_are_the_same_as_made_ones() {
    for code in 200..600 {
        let Some(status) = Status::new(code) else {
            continue;
        };
        let response = move || {
            Response::html("<p>content</p>")
                .with_header("X-Field", "value")
                .with_status(status)
        };
        match PreparedResponse::new(response()) {
            Ok(prepared) => {
                assert_eq!(prepared.status(), status);
                let made = Gateway::new(move |_: &Request<'_>| response());
                assert_same(&Gateway::new(Always(prepared)), &made);
            }
            Err(response) => assert_eq!(response.status().reason(), ""),
        }
    }
}

#[test]
fn a_response_that_cannot_be_prepared_is_returned() {
    let stream = Response::text(Body::from_iterator(["a", "b"].into_iter()));
    let stream = PreparedResponse::new(stream).unwrap_err();
    assert_eq!(stream.body().length(), None);
    let invalid = Response::text("a").with_header("Date", "today");
    let invalid = PreparedResponse::new(invalid).unwrap_err();
    let error = ResponseError::ReservedHeader("Date".to_string());
    assert_eq!(invalid.error(), Some(&error));
    assert!(PreparedResponse::new(Response::from_future(async { "later" })).is_err());
    let interim = Response::new(Status::OK).with_status(Status::CONTINUE);
    assert!(PreparedResponse::new(interim).is_err());
}

#[test]
fn the_last_allowed_response_of_any_kind_closes_the_connection() {
    let mut limits = Limits::default();
    limits.requests = 2;
    let mut config = Config::default();
    config.limits = limits;
    let application = Router::new()
        .suffix(".py", |_: &Request<'_>| "dynamic")
        .fallback(site());
    let gateway = Gateway::new(application).config(config);
    for last in [
        "GET /index.html HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /large HTTP/1.1\r\nHost: x\r\n\r\n",
        "HEAD /index.html HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /index.html HTTP/1.1\r\nHost: x\r\nIf-None-Match: *\r\n\r\n",
        "GET /index.html HTTP/1.1\r\nHost: x\r\nRange: bytes=0-0\r\n\r\n",
        "GET /none HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /a.py HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /a.py HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx",
        "POST /a.py HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
    ] {
        let input = format!("GET /empty HTTP/1.1\r\nHost: x\r\n\r\n{last}{last}");
        let output = gateway.handle(input.as_bytes());
        let output = String::from_utf8_lossy(&output);
        assert_eq!(output.matches("HTTP/1.1 ").count(), 2, "{last}");
        let (_, second) = output.rsplit_once("HTTP/1.1 ").unwrap();
        assert_eq!(output.matches("Connection: close\r\n").count(), 1, "{last}");
        assert!(second.contains("Connection: close\r\n"), "{last}");
    }
}
