//! The public API apart from the bytes on the wire: requests, responses and logs.

mod laws;

use bytegate::body::BodyError;
use bytegate::config::{Config, Limits};
use bytegate::connection::{BodyMode, Connection, ProtocolError, Step};
use bytegate::headers::{HeaderError, HeaderMap, Headers};
use bytegate::middleware::AccessLog;
use bytegate::request::{ConnectionInfo, Scheme, Target, Version};
use bytegate::response::ResponseError;
use bytegate::site::NamedFile;
use bytegate::testing::ClientResponse;
use bytegate::upload::{Admission, Receiver};
use bytegate::{
    Application, Body, Bytes, Gateway, Method, Now, Request, Response, Router, Site, Status,
};
use laws::reader;
use std::time::Duration;

const GET: &[u8] =
    b"GET /a?b=c%20d&e HTTP/1.1\r\nHost: x:80\r\nAuthorization: secret\r\nX: y\r\n\r\n";

/// Calls `look` with the request: as the builder makes it, as an owned copy, and as a session parses it.
fn with_request(input: &[u8], look: impl Fn(&Request<'_>)) {
    let head = input.split(|byte| *byte == b'\n');
    let text = |line: &[u8]| String::from_utf8(line.to_vec()).expect("text");
    let mut lines = head.map(|line| text(line).trim_end().to_string());
    let line = lines.next().expect("a request line");
    let words: Vec<&str> = line.split(' ').collect();
    if words[1] == "*" || words[2] == "HTTP/1.0" {
        return with_request_of_a_session(input, look);
    }
    let builder = Request::builder(words[0], words[1])
        .scheme(Scheme::Https)
        .now(Now::at_unix(7))
        .peer(
            "192.0.2.1:5"
                .parse::<std::net::SocketAddr>()
                .expect("an address"),
        );
    let builder = lines
        .filter_map(|line| {
            let (name, value) = line.split_once(": ")?;
            Some((name.to_string(), value.to_string()))
        })
        .fold(builder, |builder, (name, value)| {
            builder.header(&name, value)
        });
    // The application sees the same request, regardless of how it was made.
    let request = builder.build().expect("a request");
    look(&request.view());
    look(&request.view().into_owned().view());
    with_request_of_a_session(input, look);
}

/// Calls `look` with the request as a session parses it, at a fixed time.
fn with_request_of_a_session(input: &[u8], look: impl Fn(&Request<'_>)) {
    use std::sync::Mutex;
    let owned = std::sync::Arc::new(Mutex::new(None));
    let seen = owned.clone();
    let gateway = Gateway::new(Router::new().fallback(move |request: &Request<'_>| {
        *seen.lock().expect("a request") = Some(request.into_owned());
        ""
    }));
    let info = ConnectionInfo {
        peer: "192.0.2.1:5"
            .parse::<std::net::SocketAddr>()
            .expect("an address")
            .into(),
        scheme: Scheme::Https,
        number: 1,
    };
    gateway.handle_for(input, info, &mut Now::at_unix(7), &mut Vec::new());
    let owned = owned.lock().expect("a request").take();
    if let Some(request) = owned {
        look(&request.view());
    }
}

fn answer(application: impl Application + 'static, input: &[u8]) -> ClientResponse {
    let output = Gateway::new(application).handle(input);
    reader::read_answer(input, &output)
}

#[test]
fn an_application_sees_everything_about_a_request() {
    with_request(GET, |request| {
        assert_eq!(
            (request.method(), request.method().as_str()),
            (Method::GET, "GET")
        );
        assert!(matches!(request.target(), Target::Origin(path) if path.path == "/a"));
        assert_eq!((request.path(), request.query()), ("/a", Some("b=c%20d&e")));
        let pairs: Vec<_> = request.query_pairs().collect();
        assert_eq!(pairs, [("b".into(), "c d".into()), ("e".into(), "".into())]);
        assert_eq!(
            (request.version(), request.version().as_str()),
            (Version::Http11, "HTTP/1.1")
        );
        let authority = request.authority().expect("Host is there");
        assert_eq!((authority.host, authority.port), ("x", Some(80)));
        assert_eq!(request.headers().get("x"), Some("y"));
        assert!(request.trailers().is_empty() && request.body().is_empty());
        assert_eq!(request.peer().address().map(|peer| peer.port()), Some(5));
        assert_eq!(
            (request.scheme(), request.scheme().default_port()),
            (Scheme::Https, 443)
        );
        assert_eq!(request.now(), Now::at_unix(7));
    });
    with_request(b"GET https://h/ HTTP/1.1\r\nHost: h:1\r\n\r\n", |request| {
        // The target wins over Host.
        assert_eq!(
            request.authority().map(|authority| authority.port),
            Some(None)
        );
        assert_eq!(request.query(), None);
    });
    with_request(b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", |request| {
        assert_eq!(
            (request.target(), request.path(), request.query()),
            (Target::Asterisk, "*", None)
        );
    });
    with_request(b"GET / HTTP/1.0\r\n\r\n", |request| {
        assert_eq!(
            (request.version().as_str(), request.authority()),
            ("HTTP/1.0", None)
        );
    });
}

#[test]
fn debug_output_shows_neither_credentials_nor_bodies() {
    with_request(GET, |request| {
        let shown = format!("{request:?} {:?}", request.head());
        assert!(
            shown.contains("\"/a?b=c%20d&e\"") && shown.contains("0 bytes"),
            "{shown}"
        );
        assert!(!shown.contains("secret"), "{shown}");
    });
    let mut connection = Connection::new(Config::default(), Scheme::Http);
    let mut input = &b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\npassw"[..];
    assert!(matches!(
        connection.step(&mut input, Now::default()),
        Step::Admit(_)
    ));
    assert_eq!(connection.admit(BodyMode::Buffer), Ok(()));
    assert!(matches!(
        connection.step(&mut input, Now::default()),
        Step::Read { .. }
    ));
    let shown = format!("{connection:?}");
    assert!(
        shown.contains("gathers 5 of at most 1048576") && !shown.contains("passw"),
        "{shown}"
    );
    // Not as a list of numbers either: 80, 79, 83, 84 is `POST`.
    assert!(!shown.contains("80, 79, 83, 84"), "{shown}");
    for (admission, shown) in [
        (Admission::buffer(), "Buffer(None)"),
        (Admission::buffer().up_to(5), "Buffer(Some(5))"),
        (Admission::stream(Deaf), "Stream(None)"),
        (
            Admission::refuse(Status::FORBIDDEN),
            "Refuse(403 Forbidden)",
        ),
    ] {
        assert_eq!(format!("{admission:?}"), shown);
    }
    for (body, shown) in [
        (Body::empty(), "Empty"),
        (Body::from("abc"), "Bytes(3)"),
        (
            Body::try_from_iterator(Some(2), std::iter::empty()),
            "Stream(Some(2))",
        ),
    ] {
        assert_eq!(format!("{body:?}"), shown);
    }
}

const POST: &[u8] = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nsecret";

struct Deaf;

impl Receiver for Deaf {
    fn data(&mut self, _: &[u8]) -> Result<(), Response> {
        Ok(())
    }

    fn finish(self: Box<Self>, _: Headers<'_>) -> Response {
        Response::text("heard")
    }
}

/// Admits the body and returns the next step.
fn admitted<'c, 'i: 'c>(
    connection: &'c mut Connection,
    input: &mut &'i [u8],
    plan: BodyMode,
) -> Step<'c> {
    let step = connection.step(input, Now::default());
    assert!(matches!(step, Step::Admit(_)), "{step:?}");
    assert_eq!(connection.admit(plan), Ok(()));
    connection.step(input, Now::default())
}

#[test]
fn debug_output_shows_the_data_of_each_state() {
    let mut connection = Connection::new(Config::default(), Scheme::Http);
    let (start, rest) = POST.split_at(POST.len() - 3);
    let step = admitted(&mut connection, &mut &start[..], BodyMode::Buffer);
    assert!(matches!(step, Step::Read { .. }));
    let step = connection.step(&mut &rest[..], Now::default());
    let shown = format!("{step:?}");
    let head =
        r#"Request(Message { head: Head { method: "POST", target: "/a", version: Http11, fields: "#;
    assert!(shown.starts_with(head), "{shown}");
    let shown = format!("{connection:?}");
    assert!(shown.contains("Call(Some(Gathered(6)), "), "{shown}");

    let mut connection = Connection::new(Config::default(), Scheme::Http);
    let mut input = POST;
    let step = admitted(&mut connection, &mut input, BodyMode::Stream(6));
    assert!(matches!(step, Step::Data(b"secret")));
    let shown = format!("{connection:?}");
    assert!(
        shown.contains("BodyReader(hands on 6 of at most 6)"),
        "{shown}"
    );
    let step = connection.step(&mut input, Now::default());
    assert!(matches!(step, Step::Request(_)));
    let shown = format!("{connection:?}");
    assert!(shown.contains("Call(Some(HandedOn), "), "{shown}");
    assert!(shown.contains("output: Output(0 bytes)"), "{shown}");

    let mut connection = Connection::new(Config::default(), Scheme::Http);
    let step = connection.step(&mut &b"GET /\r\n"[..], Now::default());
    assert!(matches!(step, Step::Refuse(_)));
    let shown = format!("{connection:?}");
    assert!(shown.contains("RejectedRequest(Some(GET))"), "{shown}");
}

#[test]
fn debug_output_of_a_header_iterator_shows_the_remaining_headers() {
    with_request(GET, |request| {
        let mut fields = request.headers().iter();
        fields.by_ref().take(2).for_each(drop);
        assert_eq!(format!("{fields:?}"), r#"{"X": "y"}"#);
    });
}

#[test]
fn debug_output_of_a_stream_shows_its_framing() {
    for (length, shown) in [(Some(3), "Stream(Length(3), "), (None, "Stream(Chunked, ")] {
        let mut connection = Connection::new(Config::default(), Scheme::Http);
        connection.step(&mut &GET[..], Now::default());
        let blocks = std::iter::once(Ok(Bytes::from_static(b"abc")));
        let mut response = Response::text(Body::try_from_iterator(length, blocks));
        let summary = connection.respond(&mut response).expect("its turn");
        assert!(summary.is_stream);
        let connection = format!("{connection:?}");
        assert!(connection.contains(shown), "{connection}");
    }
}

#[test]
fn a_body_that_arrives_with_its_head_is_not_copied() {
    let mut connection = Connection::new(Config::default(), Scheme::Http);
    let mut input = POST;
    match admitted(&mut connection, &mut input, BodyMode::Buffer) {
        Step::Request(request) => {
            assert_eq!(request.content, b"secret");
            let place = POST.as_ptr_range();
            assert!(place.contains(&request.content.as_ptr()));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_refusal_in_the_body_still_shows_the_request_line() {
    let mut connection = Connection::new(Config::default(), Scheme::Http);
    let head = &b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"[..];
    let step = admitted(&mut connection, &mut &head[..], BodyMode::Buffer);
    assert!(matches!(step, Step::Read { .. }));
    match connection.step(&mut &b"2\r\nab\r\nz"[..], Now::default()) {
        Step::Refuse(refusal) => {
            assert_eq!(refusal.line, b"POST /a HTTP/1.1");
            assert_eq!(refusal.method, Some(Method::POST));
            assert_eq!(refusal.at, head.len() as u64 + 7);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn output_is_written_to_a_lent_buffer_and_moved_without_a_copy() {
    let mut connection = Connection::new(Config::default(), Scheme::Http);
    let step = connection.step(&mut &GET[..], Now::default());
    assert!(matches!(step, Step::Request(_)));
    let mut buffer = Vec::with_capacity(4096);
    let place = buffer.as_ptr();
    connection.output().lend(&mut buffer);
    let answered = connection.respond(&mut Response::text("hello"));
    assert!(answered.is_ok());
    assert_eq!(
        connection.output().pieces().next().map(<[u8]>::as_ptr),
        Some(place)
    );
    // Lending does nothing if either side already holds bytes.
    connection.output().lend(&mut Vec::with_capacity(8));
    let whole = connection.output().len();
    let mut moved = Vec::new();
    connection.output().move_to(&mut moved);
    assert_eq!((moved.as_ptr(), moved.len()), (place, whole));
    connection.output().lend(&mut moved);
    assert!(connection.output().is_empty() && moved.len() == whole);
    assert_eq!(connection.output().pieces().count(), 0);
}

#[test]
fn every_supported_type_converts_to_a_response() {
    let status = |response: Response| (response.status().code(), response.body().length());
    assert_eq!(status("abc".into()), (200, Some(3)));
    assert_eq!(status(String::from("abc").into()), (200, Some(3)));
    assert_eq!(status(vec![1, 2].into()), (200, Some(2)));
    assert_eq!(status(Bytes::from_static(b"1").into()), (200, Some(1)));
    assert_eq!(status(Status::CONFLICT.into()), (409, Some(13)));
    assert_eq!(status(Status::NO_CONTENT.into()), (204, Some(0)));
    assert_eq!(status((Status::CREATED, "made").into()), (201, Some(4)));
    assert_eq!(status(Ok::<_, Status>("fine").into()), (200, Some(4)));
    assert_eq!(status(Err::<&str, _>(Status::GONE).into()), (410, Some(9)));
    assert_eq!(status(Some("there").into()), (200, Some(5)));
    assert_eq!(status(None::<&str>.into()), (404, Some(14)));
    assert_eq!(status(Response::html(&b"<p>"[..])), (200, Some(3)));
    let moved = Response::see_other("/there");
    assert_eq!(moved.headers().view().get("location"), Some("/there"));
    assert_eq!(Body::from("abc").as_bytes(), Some(&b"abc"[..]));
    assert_eq!(
        Body::from_iterator(std::iter::empty::<Bytes>()).as_bytes(),
        None
    );
}

#[test]
fn a_response_that_breaks_a_rule_becomes_a_500_with_a_reason() {
    type Breach = fn() -> Response;
    let cases: [(Breach, &str); 6] = [
        (
            || Response::text("").with_header("A b", "c"),
            "field \"A b\": a field name must be a token (RFC 9110 section 5.1)",
        ),
        (
            || Response::text("").with_header("A", "b\n"),
            "field \"A\": a field value must not contain control characters (RFC 9110 section 5.5)",
        ),
        (
            || Response::text("").with_header("Upgrade", "b"),
            "field \"Upgrade\" is set by the connection, not by an application",
        ),
        (
            || Response::new(Status::CONTINUE),
            "100 Continue is not a final status",
        ),
        (
            || Response::from_error(ResponseError::Panicked("oh".into())),
            "the application panicked: oh",
        ),
        (|| Response::from_error(ResponseError::other("oh")), "oh"),
    ];
    for (response, reason) in cases {
        assert_eq!(
            answer(move |_: &Request<'_>| response(), GET_X)
                .status()
                .code(),
            500
        );
        let mut connection = Connection::new(Config::default(), Scheme::Http);
        let mut input = GET_X;
        assert!(matches!(
            connection.step(&mut input, Now::default()),
            Step::Request(_)
        ));
        let answered = connection
            .respond(&mut response())
            .expect("an answer was owed");
        assert_eq!(answered.error.expect("a reason").to_string(), reason);
    }
    assert_eq!(
        HeaderError::Name.to_string(),
        "a field name must be a token (RFC 9110 section 5.1)"
    );
    assert_eq!(BodyError.to_string(), "the body stream failed");
}

#[test]
fn a_status_that_forbids_a_body_drops_it() {
    for (status, length) in [(204, None), (205, Some("0")), (304, None)] {
        let status = Status::new(status).expect("a status");
        let response = answer(
            move |_: &Request<'_>| Response::text("dropped").with_status(status),
            GET_X,
        );
        assert_eq!(
            (response.header("content-length"), response.body()),
            (length, &b""[..]),
            "{status}"
        );
        let stream = move |_: &Request<'_>| {
            Response::text(Body::from_iterator(["dropped"].into_iter())).with_status(status)
        };
        let response = answer(stream, GET_X);
        assert_eq!(
            (response.header("content-length"), response.body()),
            (length, &b""[..]),
            "{status}"
        );
    }
}

const GET_X: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

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
    let answer = |connection: &mut Connection, mut input: &[u8]| {
        if let Step::Request(_) = connection.step(&mut input, Now::default()) {
            let answered = connection.respond(&mut Response::from(body.clone()));
            assert!(answered.is_ok());
        }
    };
    answer(&mut connection, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
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
        gateway.handle_at(GET_X, Now::at_unix(day * 86_400));
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
    let reply = gateway.handle(b"GET / HTTP/1.1\r\nHost: x\r\nA:\r\nb: \t c:d \r\n\r\n");
    let expected = r#"[("Host", [120]), ("A", []), ("b", [99, 58, 100])]"#;
    assert!(reply.ends_with(expected.as_bytes()), "{reply:?}");
    let reply = gateway.handle(b"GET / HTTP/1.0\r\n\r\n");
    assert!(reply.ends_with(b"\r\n\r\n[]"), "{reply:?}");
}

#[test]
fn headers_with_the_same_name_can_be_appended_or_replaced() {
    let response = Response::text("")
        .with_appended_header("Set-Cookie", "a=1")
        .with_appended_header("Set-Cookie", "b=2")
        .with_header("content-type", "text/css");
    let fields = response.headers();
    assert_eq!(fields.view().get_all("set-cookie").count(), 2);
    assert_eq!(
        fields.view().get_all("Content-Type").collect::<Vec<_>>(),
        [b"text/css"]
    );
    let mut others = HeaderMap::new();
    assert!(others.view().is_empty() && others != *fields);
    others.append("A", "b").expect("it is valid");
    assert_eq!(format!("{others:?}"), "{\"A\": \"b\"}");
    assert!(!others.view().is_empty() && others == others.clone());
}

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
    assert_eq!(answer(UpTo(10), &post(10)).body(), b"10");
    assert_eq!(answer(UpTo(10), &post(11)).status(), 413);
    assert_eq!(answer(UpTo(3 << 20), &post(2 << 20)).body(), b"2097152");
    let chunked = |chunks: &str| {
        let head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
        format!("{head}{chunks}0\r\n\r\n").into_bytes()
    };
    assert_eq!(
        answer(UpTo(10), &chunked("a\r\n0123456789\r\n")).body(),
        b"10"
    );
    assert_eq!(
        answer(UpTo(10), &chunked("4\r\n0123\r\n6\r\n456789\r\n")).body(),
        b"10"
    );
    assert_eq!(
        answer(UpTo(10), &chunked("b\r\n0123456789a\r\n"))
            .status()
            .code(),
        413
    );
    assert_eq!(
        answer(UpTo(10), &chunked("4\r\n0123\r\n7\r\n456789a\r\n"))
            .status()
            .code(),
        413
    );
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
            reader::read_one(&output).status().code(),
            error.status().code()
        );
    }
}

#[test]
fn a_field_line_can_exceed_its_limit_or_the_head_limit() {
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
        (get("/a?b\"c"), ProtocolError::TargetByte, 8),
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
        reader::read_one(&output).status().code()
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

#[test]
fn a_refusal_page_can_be_customized_but_not_its_status() {
    let gateway = Gateway::new(Site::new()).refusal_page(|refusal| {
        Response::html(format!(
            "<h1>{}</h1> {}",
            refusal.error.name(),
            refusal.line.escape_ascii()
        ))
    });
    let output = gateway.handle(b"GET /a@ HTTP/3.0\r\n\r\n");
    let response = reader::read_one(&output);
    assert_eq!((response.status().code(), response.closes()), (505, true));
    assert_eq!(
        response.body(),
        b"<h1>VersionUnsupported</h1> GET /a@ HTTP/3"
    );
    assert!(format!("{gateway:?}").starts_with("Gateway"));
}

#[test]
fn the_longest_suffix_wins() {
    let router = Router::new()
        .suffix(".py", |_: &Request<'_>| "short")
        .suffix("b.py", |_: &Request<'_>| "long");
    let gateway = Gateway::new(router);
    let get = |path: &str| {
        let output = gateway.handle(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes());
        reader::read_one(&output).text().to_string()
    };
    assert_eq!(
        (get("/a.py"), get("/b.py")),
        ("short".to_string(), "long".to_string())
    );
    assert_eq!(get("/c"), "404 Not Found\n");
}

#[test]
fn every_response_carries_the_date_at_which_it_was_made() {
    let mut connection = Connection::new(Config::default(), Scheme::Http);
    let mut dates = Vec::new();
    let days = [
        Some(0),
        Some(0),
        Some(1),
        Some(59),
        None,
        Some(59),
        Some(253_402_300_800),
        Some(60),
    ];
    for wall in days.map(|wall| wall.map(Duration::from_secs)) {
        let now = Now {
            monotonic: Duration::ZERO,
            wall,
        };
        let mut input = GET_X;
        assert!(matches!(connection.step(&mut input, now), Step::Request(_)));
        assert!(connection.respond(&mut Response::text("")).is_ok());
        assert!(matches!(
            connection.step(&mut input, now),
            Step::Write { .. }
        ));
        let mut output = Vec::new();
        connection.output().move_to(&mut output);
        let response = reader::read_one(&output);
        dates.push(response.header("date").map(|date| date[17..25].to_string()));
    }
    let expected = [
        Some("00:00:00"),
        Some("00:00:00"),
        Some("00:00:01"),
        Some("00:00:59"),
        None,
        Some("00:00:59"),
        None,
        Some("00:01:00"),
    ];
    assert_eq!(
        dates.iter().map(|date| date.as_deref()).collect::<Vec<_>>(),
        expected
    );
}
