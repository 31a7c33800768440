//! Numbers of requests.

use super::*;

#[test]
fn requests_are_numbered_and_handlers_see_the_number() {
    let gateway = Gateway::new(|request: &Request<'_>| {
        let id = request.extensions().get::<RequestId>();
        id.map(RequestId::to_string)
    })
    .with(SetRequestId::new());
    let info = ConnectionInfo {
        number: 7,
        ..ConnectionInfo::default()
    };
    for number in 1..=3 {
        let response = ask_as(&gateway, info.clone(), Now::default(), &get(&[]));
        let id = format!("7-{number}");
        assert_eq!(response.header("x-request-id"), Some(&*id));
        assert_eq!(response.body(), id.as_bytes());
    }
}

#[test]
fn a_request_id_is_taken_only_from_a_trusted_peer_and_only_if_valid() {
    let trusted: SocketAddr = "192.0.2.1:80".parse().expect("an address");
    let ids = SetRequestId::generated_by(|_| "made".to_string())
        .trust(move |connection| connection.peer.ip() == Some(trusted.ip()));
    let gateway = Gateway::new(EveryWay).with(ids);
    let ask = |peer: Peer, headers: &[&str]| {
        let response = ask_as(&gateway, peer.into(), Now::default(), &get(headers));
        response.header("x-request-id").expect("an id").to_string()
    };
    let long = format!("X-Request-Id: {}", "a".repeat(128));
    assert_eq!(ask(trusted.into(), &["X-Request-ID: a-1"]), "a-1");
    assert_eq!(ask(trusted.into(), &[&long]).len(), 128);
    assert_eq!(ask(Peer::Unknown, &["X-Request-Id: a-1"]), "made");
    for headers in [
        &[][..],
        &["X-Request-Id:"],
        &["X-Request-Id: a b"],
        &["X-Request-Id: \u{e4}"],
        &["X-Request-Id: a", "X-Request-Id: b"],
        &[&format!("{long}a")],
    ] {
        assert_eq!(ask(trusted.into(), headers), "made", "{headers:?}");
    }
}

#[test]
fn the_log_shows_the_user_and_the_request_id() {
    let log = Arc::new(Mutex::new(String::new()));
    let lines = log.clone();
    let gateway = Gateway::new(|_: &Request<'_>| "hello")
        .with(BasicAuth::new("a", |_, password| password == "p"))
        .with(SetRequestId::new())
        .with(AccessLog::to(move |line| {
            lines.lock().expect("a log").push_str(line)
        }));
    // `a "b` and `p`.
    ask(&gateway, &get(&["Authorization: Basic YSAiYjpw"]));
    ask(&gateway, &get(&[]));
    assert_eq!(
        *log.lock().expect("a log"),
        "- - a\\x20\\\"b [-] \"GET / HTTP/1.1\" 200 5 0-1\n- - - [-] \"GET / HTTP/1.1\" 401 17 0-2\n"
    );
}
