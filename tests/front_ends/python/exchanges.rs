//! Requests and responses of any size and form.

use super::*;

#[test]
fn a_body_that_is_too_long_is_refused() {
    let Some(_turn) = turn() else {
        return;
    };
    let (options, _) = python("processes");
    let client = Client::new(start(options.body_bytes(1000)));
    assert_eq!(client.post("/digest").body(vec![1; 1000]).status(), 200);
    assert_eq!(
        client.post("/digest").body(vec![1; 1001]).status(),
        Status::CONTENT_TOO_LARGE
    );
}

#[test]
fn long_responses_are_whole() {
    let Some(_turn) = turn() else {
        return;
    };
    let (options, _) = python("processes");
    let client = Client::new(start(options));
    for size in [0, 1, 70_000, 1_048_000, 1_048_576, 3_000_000] {
        for path in ["big", "whole"] {
            let response = client.get(&format!("/{path}?{size}")).send();
            assert_eq!(response.body().len(), size, "{path}");
        }
    }
    assert_eq!(client.get("/temporary").text(), "0123456789".repeat(99));
}

#[test]
fn malformed_and_odd_requests_do_no_harm() {
    let Some(_turn) = turn() else {
        return;
    };
    let (options, log) = python("battery:show");
    let client = Client::new(start(options));
    for request in malformed_requests() {
        let output = client.send_bytes(&request.bytes);
        assert!(output.starts_with(b"HTTP/1.1 "), "{request:?}");
    }
    for request in hostile_requests(Method::GET, "/") {
        let output = client.send_bytes(&request.bytes);
        let line = String::from_utf8_lossy(&output[..12.min(output.len())]).into_owned();
        assert!(!line.contains(" 5"), "{request:?}: {line}");
    }
    assert_eq!(log.text(), "");
}

#[test]
fn middleware_and_routers_see_an_application_like_any_other() {
    let Some(_turn) = turn() else {
        return;
    };
    use bytegate::middleware::{BasicAuth, SetRequestId, with_middleware};
    use bytegate::{Router, Site};
    let (options, _) = python("battery:show");
    let workers = start(options);
    let site = Site::new().file("/style.css", "css");
    let inner = with_middleware(BasicAuth::user("shop", "ada", "secret"), workers);
    let router = Router::new().mount("/static", site).mount("/shop", inner);
    let client = Client::new(Gateway::new(router).with(SetRequestId::new()));
    assert_eq!(client.get("/static/style.css").text(), "css");
    assert_eq!(client.get("/shop/cart").status(), 401);
    let shown = client
        .get("/shop/cart")
        .header("Authorization", "Basic YWRhOnNlY3JldA==")
        .text();
    for line in [
        "SCRIPT_NAME='/shop'",
        "PATH_INFO='/cart'",
        "REMOTE_USER='ada'",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line}\n{shown}");
    }
    assert!(shown.contains("bytegate.request_id='"), "{shown}");
}
