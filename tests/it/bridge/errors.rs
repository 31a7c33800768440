//! Errors on the way through a service.

use super::*;
use bytegate::middleware::{AccessLog, ErrorPages};
use bytegate::response::ResponseError;
use std::sync::Mutex;

type Log = Arc<Mutex<Vec<String>>>;

fn fail_late() -> Response {
    panic!("a response")
}

/// A gateway that fails in many ways, with custom pages, a header, and a log of statuses and errors.
fn gateway(log: &Log) -> Gateway {
    let router = Router::new()
        .post("/echo", |request: &Request<'_>| request.body().to_vec())
        .get("/invalid", |_: &Request<'_>| {
            Response::text("a").with_header("Date", "now")
        })
        .get("/panic", |_: &Request<'_>| -> Response {
            panic!("at once")
        })
        .get("/late-panic", |_: &Request<'_>| {
            Response::from_future(async { fail_late() })
        });
    let mut config = bytegate::config::Config::default();
    config.limits.body_bytes = 3;
    let (lines, errors) = (log.clone(), log.clone());
    Gateway::new(router)
        .config(config)
        .with(ErrorPages::problem_details())
        .with(SetHeaders::new().header("X-By", "bytegate"))
        .with(AccessLog::to(move |line: &str| {
            let line = line.split('"').nth(1).unwrap_or_default();
            lines.lock().unwrap().push(line.to_string());
        }))
        .on_error(move |error: &ResponseError, _| {
            errors.lock().unwrap().push(error.to_string());
        })
}

/// Asserts that a response is one of the gateway's custom pages, with its header.
fn assert_own_page(response: &Response, status: u16) {
    let headers = response.headers().view();
    assert_eq!(response.status().code(), status);
    assert_eq!(headers.get("X-By"), Some("bytegate"));
    assert_eq!(
        headers.get("Content-Type"),
        Some("application/problem+json")
    );
    let page = String::from_utf8_lossy(response.body().as_bytes().unwrap());
    assert!(page.contains(&format!("\"status\":{status}")), "{page}");
}

#[test]
fn a_failed_response_keeps_its_page() {
    let log = Log::default();
    let gateway = gateway(&log);
    for (path, error) in [
        (
            "/invalid",
            "header \"Date\" is set by the connection, not by an application",
        ),
        ("/panic", "the application panicked: at once"),
        ("/late-panic", "the application panicked: a response"),
    ] {
        let request = Request::builder("GET", path).build().unwrap();
        assert_own_page(&ready(gateway.respond(request)), 500);
        let lines = std::mem::take(&mut *log.lock().unwrap());
        assert_eq!(lines, [format!("GET {path} HTTP/1.1"), error.to_string()]);
        let request = http::Request::get(path).body(Body::empty()).unwrap();
        let mut service = GatewayService::new(gateway.clone());
        assert_own_page(&ask(&mut service, request).into(), 500);
        log.lock().unwrap().clear();
    }
}

#[test]
fn an_interrupted_body_is_reported() {
    type Block = Result<Bytes, bytegate::body::BodyError>;
    for (second, error) in [
        (
            (|| Err(bytegate::body::BodyError)) as fn() -> Block,
            ResponseError::BodyError,
        ),
        (
            || panic!("in the middle"),
            ResponseError::Panicked("in the middle".to_string()),
        ),
    ] {
        let errors = Arc::new(Mutex::new(Vec::new()));
        let log = errors.clone();
        let gateway = Gateway::new(move |_: &Request<'_>| {
            let blocks = [(|| Ok("one".into())) as fn() -> Block, second];
            let blocks = blocks.into_iter().map(|block| block());
            Response::text(Body::try_from_iterator(Some(6), blocks))
        });
        let gateway = gateway.on_error(move |error: &ResponseError, _| {
            log.lock().unwrap().push(error.clone());
        });
        let request = http::Request::new(Body::empty());
        let mut body = ask(&mut GatewayService::new(gateway), request).into_body();
        assert_eq!(body.length(), Some(6));
        let mut next = || ready(std::future::poll_fn(|context| body.poll_block(context)));
        assert_eq!(next(), Some(Ok("one".into())));
        assert_eq!(next(), Some(Err(bytegate::body::BodyError)));
        assert_eq!(next(), None);
        assert_eq!(*errors.lock().unwrap(), [error]);
    }
}

#[test]
fn refusals_pass_through_middleware() {
    let log = Log::default();
    let mut service = GatewayService::new(gateway(&log));
    let broken = Body::try_from_iterator(None, [Err(bytegate::body::BodyError)].into_iter());
    for (status, path, body) in [
        (413, "/echo", Body::from("1234")),
        (413, "/echo", Body::from_iterator(["12", "34"].into_iter())),
        (400, "/echo", broken),
        (400, "/a%zz", Body::empty()),
    ] {
        let request = http::Request::post(path).body(body).unwrap();
        assert_own_page(&ask(&mut service, request).into(), status);
        let lines = std::mem::take(&mut *log.lock().unwrap());
        assert_eq!(lines, [format!("POST {path} HTTP/1.1")]);
    }
}

#[test]
fn the_page_for_a_failed_response_is_converted_with_its_headers() {
    struct Marked;

    impl bytegate::Middleware for Marked {
        fn after(&self, _: &bytegate::middleware::RequestInfo<'_>, response: Response) -> Response {
            response.with_header("X-By", "bytegate")
        }
    }

    let failing = |_: &Request<'_>| Response::text("a").with_header("Date", "now");
    let application = bytegate::middleware::with_middleware(Marked, failing);
    let request = Request::builder("GET", "/").build().unwrap();
    let response = bytegate::Application::call(&application, &request.view());
    let converted = http::Response::<Body>::from(response);
    assert_eq!(converted.status(), 500);
    assert_eq!(converted.headers()["x-by"], "bytegate");
}
