//! Forms with files, received part by part.

use super::*;
use bytegate::request::Part;
use bytegate::upload::{AbortReason, Admission, PartReceiver};

/// Shows the parts of a form, as they arrive or after they have arrived.
struct Shows {
    limits: MultipartLimits,
    streams: bool,
    calls: Arc<Mutex<Vec<String>>>,
}

#[derive(Default)]
struct Shown {
    parts: Vec<(String, Vec<u8>)>,
    calls: Arc<Mutex<Vec<String>>>,
}

impl Application for Shows {
    fn call(&self, request: &Request<'_>) -> Response {
        let form = match request.multipart_with(self.limits) {
            Ok(form) => form,
            Err(rejection) => return rejection.into(),
        };
        let parts = form
            .iter()
            .map(|part| (part.name().to_string(), part.bytes().to_vec()));
        Box::new(Shown {
            parts: parts.collect(),
            ..Shown::default()
        })
        .finish()
    }

    fn admit(&self, request: &Request<'_>) -> Admission {
        let receiver = Shown {
            calls: self.calls.clone(),
            ..Shown::default()
        };
        if self.streams {
            Admission::multipart_with(request, self.limits, receiver).up_to(1 << 20)
        } else {
            Admission::buffer()
        }
    }
}

impl PartReceiver for Shown {
    fn part(&mut self, part: &Part<'_>) -> Result<(), Response> {
        self.note(format!("part {}", part.name()));
        if part.name() == "refused" {
            return Err(Status::FORBIDDEN.into());
        }
        assert_eq!(part.bytes(), b"");
        self.parts.push((part.name().to_string(), Vec::new()));
        Ok(())
    }

    fn data(&mut self, block: &[u8]) -> Result<(), Response> {
        assert!(!block.is_empty());
        self.note(format!("content of {} bytes", block.len()));
        let (_, body) = self.parts.last_mut().expect("a part");
        body.extend_from_slice(block);
        match block {
            b"refused" => Err(Status::UNPROCESSABLE_CONTENT.into()),
            _ => Ok(()),
        }
    }

    fn finish(self: Box<Self>) -> Response {
        self.note("finish".to_string());
        let parts = self.parts.iter();
        let show = |(name, body): &(String, Vec<u8>)| format!("{name}={};", body.escape_ascii());
        Response::text(parts.map(show).collect::<String>())
    }

    fn abort(self: Box<Self>, reason: AbortReason) {
        self.note(format!("abort: {reason}"));
    }
}

impl Shown {
    fn note(&self, call: String) {
        self.calls.lock().expect("calls").push(call);
    }
}

fn shows(limits: MultipartLimits, streams: bool) -> Shows {
    let calls = Arc::default();
    Shows {
        limits,
        streams,
        calls,
    }
}

/// The response to a form that arrives in pieces of this size.
fn in_pieces(gateway: &Gateway, body: &[u8], size: usize) -> (u16, String) {
    let input = form(body);
    let head = input.len() - body.len();
    let (mut session, mut buffer) = (gateway.session(ConnectionInfo::default()), Vec::new());
    session.turn(&mut &b""[..], Now::default());
    for piece in [&input[..head]]
        .into_iter()
        .chain(input[head..].chunks(size))
    {
        buffer.extend_from_slice(piece);
        session.turn(&mut buffer, Now::default());
    }
    let response = support::read_one(&session.take_output());
    let page = response.text().to_string();
    (response.status().code(), page)
}

/// Checks that all ways to read a form have the same outcome, which is returned.
fn same_in_all_ways(body: &[u8], limits: MultipartLimits) -> (u16, String) {
    let whole = told(shows(limits, false), form(body));
    let gateway = Gateway::new(shows(limits, true));
    for size in 1..=body.len() {
        let outcome = in_pieces(&gateway, body, size);
        assert_eq!(
            outcome,
            whole,
            "{size}: {:?}",
            body.escape_ascii().to_string()
        );
    }
    whole
}

#[test]
fn a_form_is_read_the_same_in_memory_and_while_it_arrives() {
    let part = |name: &str, body: &str| {
        let field = "Content-Disposition: form-data; name=";
        format!("\r\n--b \r\n{field}{name}\r\n\r\n{body}")
    };
    let all = |bodies: &[&str]| {
        bodies
            .iter()
            .fold(String::from("before"), |form, body| form + &part("a", body))
    };
    for (body, expected) in [
        (all(&[]) + "\r\n--b--", "200 "),
        (
            all(&["", "1", "12345"]) + "\r\n--b--after\r\n--b",
            "200 a=;a=1;a=12345;",
        ),
        (
            all(&["\r\n--\r", "\r\n\r\n"]) + "\r\n--b--",
            "200 a=\\r\\n--\\r;a=\\r\\n\\r\\n;",
        ),
        (
            all(&["1", "123456"]) + "\r\n--b--",
            "part 2 of the form has more than 5 bytes",
        ),
        (all(&["1", "2", "3", "4"]), "more than 3 parts"),
        (all(&["1"]), "part 1 of the form does not end"),
        (
            all(&["1"]) + "\r\n--b\r\n",
            "part 2 of the form does not end",
        ),
        (
            all(&["1"]) + "\r\n--b\r\nno field",
            "part 2 of the form does not end",
        ),
        (
            all(&["1"]) + "\r\n--b\r\nno field\r\n\r\n",
            "part 2 of the form has a malformed",
        ),
        (all(&["1"]) + "\r\n--bc", "boundary before part 2"),
        (
            all(&["1"]) + &part(&"a".repeat(21), "x"),
            "part 2 of the form does not end",
        ),
        (
            all(&["1"]) + &part(&"a".repeat(22), "x"),
            "part 2 of the form has a head that is too",
        ),
        (
            all(&["1"]) + "\r\n--b\r\n" + &"x".repeat(100),
            "part 2 of the form has a head that",
        ),
        ("x".repeat(100), "does not contain the boundary"),
        (
            "x".repeat(5000) + "\r\n" + &all(&["1"]) + "\r\n--b--",
            "413 Content Too Large: the form has more than 4096 bytes outside of its parts",
        ),
        (
            all(&["1"]) + "\r\n--b--" + &"x".repeat(5000),
            "outside of its parts",
        ),
    ] {
        let (status, page) = same_in_all_ways(body.as_bytes(), LOW);
        let outcome = format!("{status} {page}");
        assert!(outcome.contains(expected), "{body:?}: {outcome}");
    }
}

/// A receiver with the limits that the crate chooses.
struct Plain;

impl PartReceiver for Plain {
    fn part(&mut self, _: &Part<'_>) -> Result<(), Response> {
        Ok(())
    }

    fn data(&mut self, _: &[u8]) -> Result<(), Response> {
        Ok(())
    }

    fn finish(self: Box<Self>) -> Response {
        Status::OK.into()
    }
}

impl Application for Plain {
    fn call(&self, _: &Request<'_>) -> Response {
        Status::OK.into()
    }

    fn admit(&self, request: &Request<'_>) -> Admission {
        Admission::multipart(request, Plain)
    }
}

#[test]
fn a_form_received_part_by_part_has_at_most_64_mib_by_default() {
    let gateway = Gateway::new(Plain);
    let starts = |length: u64, start: &str| {
        let head = format!(
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n\
             Content-Length: {length}\r\n\r\n"
        );
        String::from_utf8(gateway.handle((head + start).as_bytes()).to_vec()).expect("text")
    };
    assert!(starts((64 << 20) + 1, "--b").starts_with("HTTP/1.1 413 "));
    // A form that is not refused at once is incomplete.
    assert!(starts(64 << 20, "--b").starts_with("HTTP/1.1 400 "));
}

#[test]
fn a_form_is_refused_at_its_first_error() {
    let head = |length| {
        format!(
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n\
             Content-Length: {length}\r\n\r\n"
        )
    };
    let begins = format!("--b\r\n{FIELD}\r\n\r\n");
    for (body, calls, status) in [
        ("--b\r\nno field\r\n\r\nx".to_string(), &[][..], 400),
        ("--bc".to_string(), &[], 400),
        ("--b\r\n".to_string() + &"x".repeat(100), &[], 413),
        (begins.clone() + "123456", &["part a"], 413),
        (begins.clone() + "\r\n--bc", &["part a"], 400),
        ("--b--".to_string() + &"x".repeat(4097), &[], 413),
        ("x".repeat(4097), &[], 413),
        (
            begins.replace("\"a\"", "refused") + "x",
            &["part refused"],
            403,
        ),
    ] {
        let application = shows(LOW, true);
        let noted = application.calls.clone();
        let gateway = Gateway::new(application);
        let mut session = gateway.session(ConnectionInfo::default());
        // Most of the form is still missing.
        let mut buffer = (head(1 << 20) + &body).into_bytes();
        session.turn(&mut buffer, Now::default());
        let response = support::read_one(&session.take_output());
        assert_eq!(
            (response.status().code(), response.closes()),
            (status, true),
            "{body:?}"
        );
        assert_eq!(*noted.lock().expect("calls"), calls, "{body:?}");
    }
    let application = shows(MultipartLimits::default(), true);
    let noted = application.calls.clone();
    let gateway = Gateway::new(application);
    assert_eq!(
        in_pieces(&gateway, (begins.clone() + "refused").as_bytes(), 999).0,
        422
    );
    assert_eq!(
        *noted.lock().expect("calls"),
        ["part a", "content of 7 bytes"]
    );
    let length = 1 << 20;
    for (length, status) in [(length, 0), (length + 1, 413)] {
        let output = gateway.session(ConnectionInfo::default());
        let mut session = output;
        session.turn(&mut head(length).into_bytes(), Now::default());
        let output = session.take_output();
        let is_refused = output.starts_with(b"HTTP/1.1 413 ");
        assert_eq!(is_refused, status == 413, "{length}");
    }
}

#[test]
fn a_truncated_form_is_aborted() {
    let application = shows(LOW, true);
    let calls = application.calls.clone();
    let gateway = Gateway::new(application);
    let input = form(format!("--b\r\n{FIELD}\r\n\r\nx\r\n--b--"));
    let mut session = gateway.session(ConnectionInfo::default());
    session.turn(&mut &input[..input.len() - 1], Now::default());
    drop(session);
    let calls = calls.lock().expect("calls");
    assert_eq!(
        *calls,
        [
            "part a",
            "content of 1 bytes",
            "abort: the client disconnected"
        ]
    );
}

#[test]
fn a_form_without_an_end_is_refused_at_the_limit() {
    let limits = MultipartLimits::default();
    for (begins, streams) in [
        ("before", true),
        ("before", false),
        (
            "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n",
            true,
        ),
        (
            "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n",
            false,
        ),
        ("--b--", true),
        ("--b--", false),
    ] {
        let gateway = Gateway::new(shows(limits, streams));
        let mut session = gateway.session(ConnectionInfo::default());
        let head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n\
            Transfer-Encoding: chunked\r\n\r\n";
        let first = format!("{:x}\r\n{begins}\r\n", begins.len());
        let mut input = (head.to_string() + &first).into_bytes();
        let block = [b"380\r\n", &b"x\r\n\r\n--".repeat(128)[..], b"\r\n"].concat();
        let mut blocks = 0;
        while session.output().is_empty() {
            session.turn(&mut input, Now::default());
            // Nothing but a chunk is left, and the limit is 1 MiB.
            assert!(input.len() <= block.len() && blocks <= (1 << 20) / 896 + 1);
            input.extend_from_slice(&block);
            blocks += 1;
        }
        let response = support::read_one(&session.take_output());
        assert_eq!(response.status(), 413, "{begins:?} {streams}");
    }
}

#[test]
fn another_type_is_refused_before_the_form_is_sent() {
    let input = "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n\
        Expect: 100-continue\r\nContent-Length: 9\r\n\r\n";
    assert_eq!(told(shows(LOW, true), input).0, 415);
}

proptest! {
    #[test]
    fn multipart_forms_round_trip(bodies in prop::collection::vec("[-b\r\n x]{0,30}", 0..5)) {
        prop_assume!(bodies.iter().all(|body| !format!("\r\n{body}").contains("\r\n--b")));
        let parts = bodies.iter().map(|body| format!("--b\r\n{FIELD}\r\n\r\n{body}\r\n"));
        let body = parts.collect::<String>() + "--b--\r\n";
        let request = Request::builder("POST", "/")
            .header("Content-Type", "multipart/form-data; boundary=b")
            .body(body)
            .build()
            .expect("a request");
        let form = request.multipart().expect("a form");
        let read: Vec<&str> = form.iter().map(|part| part.text().expect("text")).collect();
        prop_assert_eq!(read, bodies.iter().map(|body| &**body).collect::<Vec<_>>());
    }

    #[test]
    fn no_form_is_read_in_two_ways(
        body in "(\r\n--b|--b|--|\r\n|-|:|a|\r\n--b\r\n|\r\n--b\r\nContent-Disposition: form-data; name=a\r\n\r\n|Content-Disposition: form-data; name=a){0,12}"
    ) {
        same_in_all_ways(body.as_bytes(), LOW);
    }

    #[test]
    fn no_body_causes_a_panic(body in "(--b|\r\n|-|:|a|\"|;|Content-Disposition: form-data; name=a){0,30}") {
        let (status, _) = told(shown, form(&body));
        prop_assert!(matches!(status, 200 | 400), "{}: {}", status, body);
    }
}
