//! Targets, headers and logs.

use super::*;

#[test]
fn path_and_query_are_available_in_every_target_form() {
    for (line, path, query) in [
        ("GET /a?b", "/a", Some("b")),
        ("GET /a", "/a", None),
        ("GET https://x?b", "/", Some("b")),
        ("OPTIONS *", "*", None),
        ("OPTIONS https://x", "*", None),
    ] {
        let input = format!("{line} HTTP/1.1\r\nHost: x\r\n\r\n");
        with_request(input.as_bytes(), |request| {
            let target = request.target();
            assert_eq!((target.path(), target.query()), (path, query), "{line}");
            assert_eq!((request.path(), request.query()), (path, query), "{line}");
        });
    }
}

#[test]
fn sending_all_output_counts_as_progress() {
    let mut connection = Connection::new(Config::default(), Scheme::Http);
    let body = vec![b'x'; 100_000];
    let respond = |connection: &mut Connection, mut input: &[u8]| {
        if let Step::Request(_) = connection.step(&mut input, Now::default()) {
            let answered = connection.respond(&mut Response::from(body.clone()));
            assert!(answered.is_ok());
        }
    };
    respond(&mut connection, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    let waiting = connection.step(&mut &b""[..], Now::default());
    assert!(matches!(waiting, Step::Write { .. }), "{waiting:?}");
    connection.sent_all(&mut Vec::new());
    let second = Now::default().after(Duration::from_secs(1));
    let idle = connection.step(&mut &b""[..], second);
    let until = second.monotonic + Config::default().timeouts.idle;
    assert!(
        matches!(idle, Step::Read { until: then } if then == until),
        "{idle:?}"
    );
}

#[test]
fn the_access_log_writes_every_month_name() {
    let log = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let lines = log.clone();
    let gateway =
        Gateway::new(|_: &Request<'_>| Status::NO_CONTENT).with(AccessLog::to(move |line| {
            lines.lock().expect("a log").push_str(line)
        }));
    let days = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    for day in days {
        drop(gateway.handle_at(GET_X, Now::at_unix(day * 86_400)));
    }
    let months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec";
    let expected = months
        .split(' ')
        .map(|month| format!("- - - [01/{month}/1970:00:00:00 +0000] \"GET / HTTP/1.1\" 204 0\n"));
    assert_eq!(*log.lock().expect("a log"), expected.collect::<String>());
}

#[test]
fn a_response_reports_the_first_rule_it_breaks() {
    let response = Response::text("x").with_header("Date", "now");
    let response = response.with_header("X", "a\nb");
    let error = ResponseError::ReservedHeader("Date".to_string());
    assert_eq!(response.error(), Some(&error));
    assert_eq!(Response::text("x").error(), None);
}

#[test]
fn request_headers_are_exactly_the_field_lines() {
    let gateway = Gateway::new(|request: &Request<'_>| {
        format!("{:?}", request.headers().iter().collect::<Vec<_>>())
    });
    let response = gateway.handle(b"GET / HTTP/1.1\r\nHost: x\r\nA:\r\nb: \t c:d \r\n\r\n");
    let expected = r#"[("Host", [120]), ("A", []), ("b", [99, 58, 100])]"#;
    assert!(response.ends_with(expected.as_bytes()), "{response:?}");
    let response = gateway.handle(b"GET / HTTP/1.0\r\n\r\n");
    assert!(response.ends_with(b"\r\n\r\n[]"), "{response:?}");
}

#[test]
fn headers_with_the_same_name_can_be_appended_or_replaced() {
    let response = Response::text("")
        .with_appended_header("Set-Cookie", "a=1")
        .with_appended_header("Set-Cookie", "b=2")
        .with_header("content-type", "text/css");
    let headers = response.headers();
    assert_eq!(headers.view().get_all("set-cookie").count(), 2);
    assert_eq!(
        headers.view().get_all("Content-Type").collect::<Vec<_>>(),
        [b"text/css"]
    );
    let mut others = HeaderMap::new();
    assert!(others.view().is_empty() && others != *headers);
    others.append("A", "b").expect("it is valid");
    assert_eq!(format!("{others:?}"), "{\"A\": \"b\"}");
    assert!(!others.view().is_empty() && others == others.clone());
}
