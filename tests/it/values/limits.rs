//! Limits of heads and bodies, and where errors are reported.

use super::*;

struct UpTo(u64);

impl Application for UpTo {
    fn call(&self, request: &Request<'_>) -> Response {
        format!("{}", request.body().len()).into()
    }

    fn admit(&self, _: &Request<'_>) -> Admission {
        Admission::buffer().up_to(self.0)
    }
}

#[test]
fn an_application_can_set_its_own_body_limit() {
    let post = |length: usize| {
        let head = format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n");
        [head.into_bytes(), vec![b'x'; length]].concat()
    };
    assert_eq!(response_of(UpTo(10), &post(10)).body(), b"10");
    assert_eq!(response_of(UpTo(10), &post(11)).status(), 413);
    assert_eq!(
        response_of(UpTo(3 << 20), &post(2 << 20)).body(),
        b"2097152"
    );
    let chunked = |chunks: &str| {
        let head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
        format!("{head}{chunks}0\r\n\r\n").into_bytes()
    };
    assert_eq!(
        response_of(UpTo(10), &chunked("a\r\n0123456789\r\n")).body(),
        b"10"
    );
    assert_eq!(
        response_of(UpTo(10), &chunked("4\r\n0123\r\n6\r\n456789\r\n")).body(),
        b"10"
    );
    assert_eq!(
        response_of(UpTo(10), &chunked("b\r\n0123456789a\r\n"))
            .status()
            .code(),
        413
    );
    assert_eq!(
        response_of(UpTo(10), &chunked("4\r\n0123\r\n7\r\n456789a\r\n"))
            .status()
            .code(),
        413
    );
}

#[test]
fn the_limit_of_a_request_line_may_be_inside_a_character() {
    let line = "GET /?\u{1f600} HTTP/1.1";
    let ask = |request_line_bytes| {
        let mut limits = Limits::default();
        limits.request_line_bytes = request_line_bytes;
        let mut config = Config::default();
        config.limits = limits;
        let input = format!("{line}\r\nHost: x\r\n\r\n");
        let gateway = Gateway::new(|_: &Request<'_>| "").config(config);
        let output = gateway.handle(input.as_bytes());
        String::from_utf8_lossy(&output)[9..12].to_string()
    };
    assert_eq!(ask(line.len() as u32), "200");
    for too_few in 6..line.len() {
        assert_eq!(ask(too_few as u32), "414", "{too_few}");
    }
}

#[test]
fn the_smaller_of_the_head_and_request_line_limits_applies_to_the_request_line() {
    for (request_line_bytes, error) in [
        (8192, ProtocolError::HeadTooLong),
        (20, ProtocolError::HeadTooLong),
        (19, ProtocolError::RequestLineTooLong),
    ] {
        let mut limits = Limits::default();
        limits.head_bytes = 20;
        limits.request_line_bytes = request_line_bytes;
        let mut config = Config::default();
        config.limits = limits;
        let gateway = Gateway::new(Site::new()).config(config);
        let output = gateway.handle(b"GET /aaaaaaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_eq!(
            support::read_one(&output).status().code(),
            error.status().code()
        );
    }
}

#[test]
fn a_header_line_can_exceed_its_limit_or_the_head_limit() {
    let mut limits = Limits::default();
    limits.header_line_bytes = 20;
    limits.head_bytes = 60;
    let mut config = Config::default();
    config.limits = limits;
    let start = "GET / HTTP/1.1\r\nHost: x\r\n";
    let filled = format!("{start}X: {}\r\n", "y".repeat(17));
    let (line, head) = (ProtocolError::HeaderLineTooLong, ProtocolError::HeadTooLong);
    for (input, fault) in [
        (format!("{start}X: {}", "y".repeat(17)), None),
        (format!("{start}X: {}", "y".repeat(18)), Some((line, 45))),
        (format!("{start}{}", "X".repeat(20)), None),
        (format!("{start}{}", "X".repeat(21)), Some((line, 45))),
        (format!("{filled}X: {}", "y".repeat(9)), None),
        (format!("{filled}X: {}", "y".repeat(10)), Some((head, 60))),
        (format!("{filled}{}", "X".repeat(12)), None),
        (format!("{filled}{}", "X".repeat(13)), Some((head, 60))),
        (
            format!("{filled}X: {}\r\n", "y".repeat(8)),
            Some((head, 60)),
        ),
        (format!("{filled}X: {}\r\n\r", "y".repeat(6)), None),
        (
            format!("{filled}X: {}\r\n\r", "y".repeat(7)),
            Some((head, 59)),
        ),
    ] {
        let mut connection = Connection::new(config, Scheme::Http);
        let found = match connection.step(&mut input.as_bytes(), Now::default()) {
            Step::Refuse(refusal) => Some((refusal.error, refusal.at)),
            Step::Read { .. } => None,
            other => panic!("{input:?}: {other:?}"),
        };
        assert_eq!(found, fault, "{input:?}");
    }
}

#[test]
fn an_error_in_a_target_or_a_repeated_line_is_reported_at_its_offset() {
    let eleven_lines = "\r\n".repeat(11);
    let two_types = "GET / HTTP/1.1\r\nHost: x\r\nContent-Type: a\r\nContent-Type: a\r\n\r\n";
    let get = |target: &str| format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n");
    for (input, error, at) in [
        (eleven_lines, ProtocolError::EmptyLines, 20),
        (
            two_types.to_string(),
            ProtocolError::ContentTypeRepeated,
            42,
        ),
        (get("/a\\b"), ProtocolError::TargetByte, 6),
        (get("http://x/a\\b"), ProtocolError::TargetByte, 14),
        (get("/a?\\&%%00"), ProtocolError::TargetNul, 10),
        (get("/a?b#c"), ProtocolError::TargetByte, 8),
        (get("/a?b\"\u{e9}\u{9b}"), ProtocolError::TargetByte, 11),
        (get("/a%4?%"), ProtocolError::TargetEscape, 6),
    ] {
        let mut connection = Connection::new(Config::default(), Scheme::Http);
        match connection.step(&mut input.as_bytes(), Now::default()) {
            Step::Refuse(refusal) => {
                assert_eq!((refusal.error, refusal.at), (error, at), "{input:?}")
            }
            other => panic!("{input:?}: {other:?}"),
        }
    }
}

#[test]
fn an_error_in_the_version_is_reported_at_its_offset() {
    for (line, error, at) in [
        ("GET / XTTP/1.1\r\n", ProtocolError::VersionMalformed, 6),
        ("GET / HTTP/a.1\r\n", ProtocolError::VersionMalformed, 11),
        ("GET / HTTP/1:1\r\n", ProtocolError::VersionMalformed, 12),
        ("GET / HTTP/1.x\r\n", ProtocolError::VersionMalformed, 13),
        ("GET / HTTP/2.0\r\n", ProtocolError::VersionUnsupported, 11),
        ("GET / HTTP/1.10\r\n", ProtocolError::VersionMalformed, 14),
        ("GET / HTTP/1.1\rX", ProtocolError::BareCr, 14),
        ("GET / HTTP/1.1\n", ProtocolError::BareLf, 14),
        ("GET / HT\n", ProtocolError::BareLf, 8),
        ("GET / \r\n", ProtocolError::VersionMissing, 6),
        ("\rGET / HTTP/1.1\r\n", ProtocolError::BareCr, 0),
    ] {
        let mut connection = Connection::new(Config::default(), Scheme::Http);
        match connection.step(&mut line.as_bytes(), Now::default()) {
            Step::Refuse(refusal) => {
                assert_eq!((refusal.error, refusal.at), (error, at), "{line:?}")
            }
            other => panic!("{line:?}: {other:?}"),
        }
    }
}

#[test]
fn if_range_with_a_date_needs_a_date_in_the_past() {
    let modified = Duration::from_secs(784_111_777);
    let site = Site::new().file("/a", NamedFile::from("0123456789").modified(modified));
    let gateway = Gateway::new(site);
    let get = |date: &str, now: u64| {
        let request = format!("GET /a HTTP/1.1\r\nHost: x\r\nRange: bytes=0-0\r\n{date}\r\n");
        let output = gateway.handle_at(request.as_bytes(), Now::at_unix(now));
        support::read_one(&output).status().code()
    };
    let same = "If-Range: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    assert_eq!(get(same, 784_111_778), 206);
    assert_eq!(
        get(same, 784_111_777),
        200,
        "the file may have changed again within that second"
    );
    assert_eq!(
        get("If-Range: Sun, 06 Nov 1994 08:49:36 GMT\r\n", 784_111_778),
        200
    );
    assert_eq!(
        get(&same.repeat(2), 784_111_778),
        200,
        "two If-Range fields never match"
    );
    assert_eq!(get("", 784_111_778), 206);
}
