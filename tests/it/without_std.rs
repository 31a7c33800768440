//! The one difference without the standard library: `handle` cannot wait for a response.

use bytegate::middleware::SetHeaders;
use bytegate::response::ResponseError;
use bytegate::{Gateway, Request, Response};
use std::sync::{Arc, Mutex};

#[test]
fn a_response_that_comes_later_is_a_500_with_a_reason() {
    let errors = Arc::new(Mutex::new(Vec::new()));
    let told = errors.clone();
    let gateway = Gateway::new(|request: &Request<'_>| match request.path() {
        "/later" => Response::from_future(std::future::pending::<&str>()),
        _ => Response::text("now"),
    })
    .on_error(move |error: &ResponseError, _| {
        told.lock().expect("a list").push(error.to_string());
    })
    .with(SetHeaders::new().header("X-Middleware", "sees it"));
    let response = gateway.handle(b"GET /later HTTP/1.0\r\n\r\n");
    assert!(response.starts_with(b"HTTP/1.1 500 Internal Server Error\r\n"));
    let text = String::from_utf8_lossy(&response);
    assert!(text.contains("\r\nX-Middleware: sees it\r\n"), "{text}");
    let said = "the response is deferred, but this front end cannot wait for it";
    assert_eq!(*errors.lock().expect("a list"), [said]);
    assert!(gateway.handle(b"GET / HTTP/1.0\r\n\r\n").ends_with(b"now"));
}
