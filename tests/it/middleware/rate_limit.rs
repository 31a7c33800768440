//! How many requests a client may send.

use super::*;

fn at(seconds: f64) -> Now {
    Now::at_unix(0).after(Duration::from_secs_f64(seconds))
}

#[test]
fn requests_over_the_rate_are_refused_until_a_token_is_available() {
    let limit = RateLimit::new(60, Duration::from_secs(60)).burst(2);
    let gateway = Gateway::new(EveryWay).with(limit);
    for (seconds, status, retry_after) in [
        (0.0, 200, None),
        (0.0, 200, None),
        (0.0, 429, Some("1")),
        (0.5, 429, Some("1")),
        // A refused request takes no token.
        (1.0, 200, None),
        (1.25, 429, Some("1")),
        (2.0, 200, None),
        (100.0, 200, None),
        (100.0, 200, None),
        (100.0, 429, Some("1")),
        // Time that goes backwards gives no tokens.
        (50.0, 429, Some("51")),
    ] {
        let peer = Peer::named("a");
        let response = ask_as(
            &gateway,
            peer.into(),
            at(seconds),
            &request("GET /now", &[]),
        );
        assert_eq!(response.status().code(), status, "{seconds}");
        assert_eq!(response.header("retry-after"), retry_after, "{seconds}");
    }
}

#[test]
fn each_client_has_a_separate_rate() {
    let gateway = Gateway::new(EveryWay).with(RateLimit::new(1, Duration::from_secs(10)));
    let ask = |peer: &str| {
        let peer: SocketAddr = peer.parse().expect("an address");
        ask_as(&gateway, peer.into(), at(0.0), &request("GET /now", &[]))
            .status()
            .code()
    };
    assert_eq!(ask("192.0.2.1:1"), 200);
    assert_eq!(ask("192.0.2.1:2"), 429);
    assert_eq!(ask("192.0.2.2:1"), 200);
    assert_eq!(ask("[2001:db8::1]:1"), 200);
    assert_eq!(ask("[2001:db8::ffff:1]:1"), 429);
    assert_eq!(ask("[2001:db8:0:1::1]:1"), 200);
    // Unknown peers cannot be told apart.
    for _ in 0..3 {
        let unknown = ConnectionInfo::default();
        assert_eq!(
            ask_as(&gateway, unknown, at(0.0), &request("GET /now", &[]))
                .status()
                .code(),
            200
        );
    }
}

#[test]
fn clients_may_be_told_apart_by_a_header() {
    let limit = RateLimit::new(1, Duration::from_secs(10))
        .by(|request| request.head.headers().get("X-Key").map(String::from));
    let gateway = Gateway::new(EveryWay).with(limit);
    let ask = |headers: &[&str]| ask(&gateway, &request("GET /now", headers)).status().code();
    assert_eq!((ask(&["X-Key: a"]), ask(&["X-Key: a"])), (200, 429));
    assert_eq!((ask(&["X-Key: b"]), ask(&[]), ask(&[])), (200, 200, 200));
}

#[test]
fn a_client_over_the_rate_is_refused_before_its_body_is_read() {
    let gateway = Gateway::new(EveryWay).with(RateLimit::new(1, Duration::from_secs(10)));
    let headers = ["Content-Length: 2", "Expect: 100-continue"];
    let ask = || {
        let mut output = Vec::new();
        let input = request("PUT /now", &headers);
        gateway.handle_for(
            input.as_bytes(),
            Peer::named("a"),
            &mut at(0.0),
            &mut output,
        );
        output
    };
    assert!(ask().starts_with(b"HTTP/1.1 100 "));
    assert!(ask().starts_with(b"HTTP/1.1 429 "));
}

#[test]
#[should_panic(expected = "a rate limit needs at least one request")]
fn a_rate_of_zero_is_refused_when_it_is_built() {
    let _ = RateLimit::new(0, Duration::from_secs(1));
}
