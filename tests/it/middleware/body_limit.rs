//! Limits of bodies, for a route.

use super::*;

/// Admits bodies in every possible way, and counts them.
struct Inbox;

impl Application for Inbox {
    fn call(&self, request: &Request<'_>) -> Response {
        format!("{}", request.body().len()).into()
    }

    fn admit(&self, request: &Request<'_>) -> Admission {
        match request.path() {
            "/small" => Admission::buffer().up_to(5),
            "/large" => Admission::buffer().up_to(50),
            "/stream" => Admission::stream(Count(0)),
            "/refuse" => Admission::refuse(Status::FORBIDDEN),
            _ => Admission::buffer(),
        }
    }
}

#[test]
fn a_body_over_the_limit_of_its_route_gets_a_413() {
    let gateway = Gateway::new(
        Router::new()
            .mount("/a", Inbox)
            .fallback(with_body_limit(10, Inbox)),
    );
    let put = |path: &str, length: usize| {
        let head = request(
            &format!("PUT {path}"),
            &[&format!("Content-Length: {length}")],
        );
        ask(&gateway, &(head + &"x".repeat(length)))
    };
    let chunked = |path: &str, length: usize| {
        let head = request(&format!("PUT {path}"), &["Transfer-Encoding: chunked"]);
        let body = "x".repeat(length);
        ask(
            &gateway,
            &format!("{head}{length:x}\r\n{body}\r\n0\r\n\r\n"),
        )
    };
    for (path, most) in [("/", 10), ("/small", 5), ("/large", 10), ("/stream", 10)] {
        let whole = most.to_string().into_bytes();
        assert_eq!(put(path, most).body(), whole, "{path}");
        assert_eq!(chunked(path, most).body(), whole, "{path}");
        assert_eq!(put(path, most + 1).status(), 413, "{path}");
        assert_eq!(chunked(path, most + 1).status(), 413, "{path}");
    }
    assert_eq!(put("/refuse", 11).status(), 403);
    assert_eq!(put("/a", 11).body(), b"11");
}

#[test]
fn a_body_over_the_limit_is_refused_before_it_is_sent() {
    let gateway = Gateway::new(with_body_limit(10, Inbox));
    let expects = |length: &str| {
        let headers = ["Expect: 100-continue", &format!("Content-Length: {length}")];
        gateway.handle(request("PUT /", &headers).as_bytes())
    };
    assert!(expects("11").starts_with(b"HTTP/1.1 413 "));
    assert!(expects("10").starts_with(b"HTTP/1.1 100 "));
}

#[test]
fn a_limit_may_be_larger_than_the_gateways() {
    let length = 2 << 20;
    let head = request("PUT /", &[&format!("Content-Length: {length}")]);
    let input = head + &"x".repeat(length);
    assert_eq!(ask(&Gateway::new(Inbox), &input).status(), 413);
    let gateway = Gateway::new(with_body_limit(1 << 24, Inbox));
    assert_eq!(ask(&gateway, &input).body(), b"2097152");
}
