//! The crate's middleware, with applications that respond at once, later, block by block, or not at all.
#![cfg(feature = "std")]

mod laws;

use bytegate::gateway::Wait;
use bytegate::headers::Headers;
use bytegate::middleware::{
    AccessLog, AllowedHosts, AuthenticatedUser, BasicAuth, ConditionalGet, Cors,
    CrossOriginProtection, RateLimit, RequestId, RequestInfo, RequestParts, SecurityHeaders,
    ServerTiming, SetRequestId, with_middleware,
};
use bytegate::request::{ConnectionInfo, Peer, Scheme};
use bytegate::testing::{ClientResponse, Contract, Violation};
use bytegate::upload::{Admission, Receiver};
use bytegate::with_body_limit;
use bytegate::{
    Application, Body, Gateway, Method, Middleware, Now, Request, Response, Router, Site, Status,
};
use laws::reader;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Sends a single request, and catches panics as the front ends do.
fn ask_as(gateway: &Gateway, info: ConnectionInfo, now: Now, input: &str) -> ClientResponse {
    let mut session = gateway.session(info).catch_panics();
    let (mut rest, mut output) = (input.as_bytes(), Vec::new());
    session.end_input();
    loop {
        match session.turn(&mut rest, now) {
            Wait::Write { .. } => output.extend_from_slice(&session.take_output()),
            Wait::Yield => {}
            Wait::Read { .. } | Wait::Close(_) => break,
            other => panic!("{input:?} waits: {other:?}"),
        }
    }
    reader::read_answer(input.as_bytes(), &output)
}

fn ask(gateway: &Gateway, input: &str) -> ClientResponse {
    ask_as(gateway, ConnectionInfo::default(), Now::default(), input)
}

/// Returns a request without a body.
fn request(line: &str, fields: &[&str]) -> String {
    let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
    format!("{line} HTTP/1.1\r\nHost: x\r\n{fields}\r\n")
}

fn get(fields: &[&str]) -> String {
    request("GET /", fields)
}

/// Responds in every possible way.
struct EveryWay;

impl Application for EveryWay {
    fn call(&self, request: &Request<'_>) -> Response {
        match request.path() {
            "/now" => Response::text("now"),
            "/later" => Response::from_future(async { Response::text("later") }),
            "/stream" => Response::text(Body::from_iterator(["a", "b"].into_iter())),
            "/panic" => std::panic::resume_unwind(Box::new("deliberate")),
            "/later-panic" => Response::from_future(async {
                std::panic::resume_unwind(Box::new("deliberate"));
                #[expect(unreachable_code, reason = "the type of the answer")]
                ""
            }),
            "/invalid" => Response::text("x").with_header("Connection", "close"),
            _ => Status::NOT_FOUND.into(),
        }
    }

    fn admit(&self, request: &Request<'_>) -> Admission {
        match request.path() {
            "/refuse" => Admission::refuse(Status::FORBIDDEN),
            "/receive" => Admission::stream(Refuser),
            "/count" => Admission::stream(Count(0)),
            _ => Admission::buffer(),
        }
    }
}

/// Refuses the body once it arrives.
struct Refuser;

impl Receiver for Refuser {
    fn data(&mut self, _: &[u8]) -> Result<(), Response> {
        Err(Status::UNPROCESSABLE_CONTENT.into())
    }

    fn finish(self: Box<Self>, _: Headers<'_>) -> Response {
        Response::text("received")
    }
}

/// Each kind of response from [`EveryWay`], and the status.
fn every_way() -> Vec<(String, u16)> {
    let fields = ["Origin: https://a.example", "Accept-Encoding: gzip"];
    let content = |line: &str| {
        let fields = [&fields[..], &["Content-Length: 2"]].concat();
        request(line, &fields) + "ab"
    };
    vec![
        (request("GET /now", &fields), 200),
        (request("HEAD /now", &fields), 200),
        (request("GET /later", &fields), 200),
        (request("GET /stream", &fields), 200),
        (request("GET /panic", &fields), 500),
        (request("GET /later-panic", &fields), 500),
        (request("GET /invalid", &fields), 500),
        (request("TRACE /now", &fields), 501),
        (content("POST /now"), 200),
        (content("POST /refuse"), 403),
        (content("POST /receive"), 422),
        (content("POST /count"), 200),
        (
            request(
                "POST /count",
                &[&fields[..], &["Transfer-Encoding: chunked"]].concat(),
            ) + "2\r\nab\r\nno chunk",
            400,
        ),
        (
            request(
                "POST /now",
                &[&fields[..], &["Content-Length: 1048577"]].concat(),
            ),
            413,
        ),
    ]
}

/// Adds the middleware that needs no feature, in the recommended order, and a log.
fn wrapped(application: impl Application + 'static) -> (Gateway, Arc<Mutex<String>>) {
    let log = Arc::new(Mutex::new(String::new()));
    let lines = log.clone();
    let gateway = Gateway::new(application).with(ConditionalGet::new());
    #[cfg(feature = "compression")]
    let gateway = gateway.with(bytegate::middleware::Compression::new());
    let gateway = gateway
        .with(RateLimit::new(100, Duration::from_secs(1)))
        .with(CrossOriginProtection::new().trusted_origins(["https://a.example"]))
        .with(Cors::origins(["https://a.example"]).credentials())
        .with(AllowedHosts::new().host("x"))
        .with(SecurityHeaders::new())
        .with(ServerTiming::new())
        .with(SetRequestId::generated_by(|_| "id".to_string()))
        .with(AccessLog::to(move |line| {
            lines.lock().expect("a log").push_str(line)
        }));
    (gateway, log)
}

#[test]
fn every_response_passes_all_middleware_once() {
    for (input, status) in every_way() {
        let (gateway, log) = wrapped(EveryWay);
        let response = ask(&gateway, &input);
        assert_eq!(response.status().code(), status, "{input}");
        for (name, value) in [
            ("x-request-id", "id"),
            ("referrer-policy", "same-origin"),
            ("access-control-allow-origin", "https://a.example"),
            ("access-control-allow-credentials", "true"),
            ("vary", "Origin"),
        ] {
            assert_eq!(response.header(name), Some(value), "{input} {name}");
            assert_eq!(
                response.headers().get_all(name).count(),
                1,
                "{input} {name}"
            );
        }
        assert_eq!(
            response.headers().get_all("server-timing").count(),
            1,
            "{input}"
        );
        let log = log.lock().expect("a log");
        assert!(
            log.contains(&format!("\" {status} ")) && log.ends_with(" id\n"),
            "{log}"
        );
        assert_eq!(log.lines().count(), 1, "{log}");
    }
}

/// Records each call.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

/// A middleware with a name that records its calls.
struct Noting(&'static str, Notes);

impl Middleware for Noting {
    fn before(&self, request: &mut RequestParts<'_>) -> Option<Response> {
        self.1.push(format!("{} before", self.0));
        request.extensions.insert(self.0);
        (request.head.query() == Some(self.0)).then(|| Status::FORBIDDEN.into())
    }

    fn after(&self, request: &RequestInfo<'_>, response: Response) -> Response {
        let method = request.method.expect("a method");
        assert!(request.line.starts_with(method.as_str().as_bytes()));
        let status = response.status().code();
        let innermost = request.extensions.get::<&str>();
        self.1
            .push(format!("{} after {status} {innermost:?}", self.0));
        response
    }
}

impl Notes {
    fn push(&self, note: String) {
        self.0.lock().expect("notes").push(note);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().expect("notes"))
    }
}

#[test]
fn layered_middleware_sees_each_request_and_response_once() {
    for (input, status) in every_way() {
        let notes = Notes::default();
        let layer = |application| with_middleware(Noting("a", notes.clone()), application);
        let gateway = Gateway::new(Router::new().mount("/", layer(EveryWay)));
        let response = ask(&gateway, &input);
        let plain = ask(&Gateway::new(EveryWay), &input);
        assert_eq!(response.status().code(), status, "{input}");
        assert_eq!(response.headers(), plain.headers(), "{input}");
        assert_eq!(response.body(), plain.body(), "{input}");
        let is_of_the_gateway = status == 413 || status == 400 || input.contains("panic");
        match &notes.take()[..] {
            [] => assert_eq!(status, 501, "{input}"),
            [before] => assert!(is_of_the_gateway && before == "a before", "{input}"),
            [before, after] => {
                assert_eq!(before, "a before", "{input}");
                // The invalid response has been replaced.
                assert_eq!(*after, format!("a after {status} Some(\"a\")"), "{input}");
            }
            more => panic!("{input}: {more:?}"),
        }
    }
}

#[test]
fn the_outermost_middleware_sees_requests_first_and_responses_last() {
    let notes = Notes::default();
    let layer = |name| Noting(name, notes.clone());
    let inner = with_middleware(layer("a"), with_middleware(layer("b"), EveryWay));
    let router = Router::new().mount("/", Router::new().mount("/", inner));
    let gateway = Gateway::new(router).with(layer("g"));
    for (input, status) in every_way() {
        let response = ask(&gateway, &input);
        assert_eq!(response.status().code(), status);
        let seen = notes.take();
        let after = |name| format!("{name} after {status} {:?}", Some(name));
        let all = [
            "g before".to_string(),
            "a before".to_string(),
            "b before".to_string(),
            after("b"),
            after("a"),
            after("g"),
        ];
        match seen.len() {
            // The gateway responds itself, without the application or after calling it.
            2 => assert_eq!(seen, [&all[0], &all[5]].map(String::clone), "{input}"),
            4 => assert_eq!(seen, [&all[..3], &all[5..]].concat(), "{input}"),
            _ => assert_eq!(seen, all, "{input}"),
        }
    }
}

#[test]
fn layered_middleware_may_respond_in_place_of_its_application() {
    let notes = Notes::default();
    let layer = |name| Noting(name, notes.clone());
    let gateway = Gateway::new(with_middleware(
        layer("a"),
        with_middleware(layer("b"), EveryWay),
    ));
    for (query, expected) in [
        ("a", &["a before", "a after 403 Some(\"a\")"][..]),
        (
            "b",
            &[
                "a before",
                "b before",
                "b after 403 Some(\"b\")",
                "a after 403 Some(\"a\")",
            ],
        ),
    ] {
        for (method, fields, content) in
            [("GET", &[][..], ""), ("POST", &["Content-Length: 2"], "ab")]
        {
            for path in ["/now", "/later", "/count"] {
                let input = request(&format!("{method} {path}?{query}"), fields) + content;
                assert_eq!(ask(&gateway, &input).status(), 403, "{input}");
                assert_eq!(notes.take(), expected, "{input}");
            }
        }
    }
}

#[test]
fn layered_middleware_affects_only_its_route_or_mount() {
    let notes = Notes::default();
    let layer = |name| Noting(name, notes.clone());
    let inner = Router::new().get("/{id}", |request: &Request<'_>| {
        let id = request.param("id").unwrap_or_default();
        format!("{id} in {}", request.script_name())
    });
    let router = Router::new()
        .get("/a", with_middleware(layer("a"), |_: &Request<'_>| "a"))
        .mount("/b", with_middleware(layer("b"), inner))
        .get("/c", |_: &Request<'_>| "c");
    assert_eq!(
        router.to_string(),
        "GET      /a\nmount    /b\n  GET      /{id}\nGET      /c\n"
    );
    let gateway = Gateway::new(router);
    for (path, content, seen) in [
        ("/a", "a", "a before"),
        ("/b/7", "7 in /b", "b before"),
        ("/b/7/8", "404 Not Found\n", "b before"),
        ("/c", "c", ""),
        ("/d", "404 Not Found\n", ""),
    ] {
        let response = ask(&gateway, &request(&format!("GET {path}"), &[]));
        assert_eq!(response.body(), content.as_bytes(), "{path}");
        let first = notes.take().into_iter().next();
        assert_eq!(first.unwrap_or_default(), seen, "{path}");
    }
}

#[test]
fn layered_middleware_misses_preflight_requests_and_hides_extensions_from_the_gateway() {
    let cors = || Cors::origins(["https://a.example"]).methods([Method::PUT]);
    let log = Arc::new(Mutex::new(String::new()));
    let lines = log.clone();
    let router = Router::new()
        .put("/route", with_middleware(cors(), |_: &Request<'_>| ""))
        .mount(
            "/mount",
            with_middleware(cors(), Router::new().put("/", |_: &Request<'_>| "")),
        )
        .get("/staff", with_middleware(staff(), show_user));
    let gateway = Gateway::new(router).with(AccessLog::to(move |line| {
        lines.lock().expect("a log").push_str(line)
    }));
    let preflight = [
        "Origin: https://a.example",
        "Access-Control-Request-Method: PUT",
    ];
    for (path, allowed) in [("/route", None), ("/mount/", Some("https://a.example"))] {
        let response = ask(&gateway, &request(&format!("OPTIONS {path}"), &preflight));
        let origin = response.header("access-control-allow-origin");
        assert_eq!((response.status().code(), origin), (204, allowed));
    }
    let login = ["Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="];
    assert_eq!(
        ask(&gateway, &request("GET /staff", &login))
            .status()
            .code(),
        200
    );
    let log = log.lock().expect("a log");
    let line = log.lines().last().expect("a line");
    assert!(line.starts_with("- - - ["), "{line}");
}

#[test]
fn extensions_from_an_admission_reach_the_application() {
    struct Careful;
    impl Application for Careful {
        fn call(&self, request: &Request<'_>) -> Response {
            let (user, id) = (
                request.extensions().get::<&str>(),
                request.extensions().get(),
            );
            Response::text(format!("{user:?} {:?}", id.map(RequestId::to_string)))
        }

        fn admit(&self, request: &Request<'_>) -> Admission {
            let admission = Admission::buffer().with_extension("ada");
            match request.query() {
                Some(limit) => admission.up_to(limit.parse().expect("a limit")),
                None => admission,
            }
        }
    }
    let layer = || Noting("a", Notes::default());
    for gateway in [
        Gateway::new(Careful).with(SetRequestId::new()),
        Gateway::new(with_middleware(SetRequestId::new(), Careful)),
        Gateway::new(with_middleware(
            SetRequestId::new(),
            with_middleware(layer(), Careful),
        )),
        Gateway::new(with_body_limit(
            5,
            with_middleware(SetRequestId::new(), Careful),
        )),
    ] {
        for (target, length, status) in [("/", 5, 200), ("/?3", 3, 200), ("/?3", 4, 413)] {
            let fields = [format!("Content-Length: {length}")];
            let head = request(&format!("PUT {target}"), &[&fields[0]]);
            let response = ask(&gateway, &(head + &"x".repeat(length)));
            assert_eq!(response.status().code(), status, "{target} {length}");
            if status == 200 {
                let content = response.text();
                assert!(content.starts_with("Some(\"ada\") Some("), "{content}");
            }
        }
    }
    let limited = Gateway::new(with_body_limit(5, with_middleware(layer(), Careful)));
    for target in ["/", "/?9"] {
        let input = request(&format!("PUT {target}"), &["Content-Length: 6"]) + "abcdef";
        assert_eq!(ask(&limited, &input).status(), 413, "{target}");
    }
}

#[test]
fn refused_input_gets_the_headers_that_do_not_depend_on_a_request() {
    let (gateway, log) = wrapped(EveryWay);
    for input in ["nonsense\r\n\r\n", "GET / HTTP/3.0\r\n\r\n"] {
        let response = ask(&gateway, input);
        assert!(response.closes() && response.status().code() >= 400);
        assert_eq!(response.header("x-frame-options"), Some("DENY"));
        assert_eq!(response.header("vary"), Some("Origin"));
        for name in [
            "x-request-id",
            "server-timing",
            "etag",
            "access-control-allow-origin",
        ] {
            assert_eq!(response.header(name), None, "{name}");
        }
    }
    assert_eq!(log.lock().expect("a log").lines().count(), 2);
}

#[test]
fn a_failed_response_keeps_headers_from_middleware_but_not_from_the_application() {
    let application = |_: &Request<'_>| {
        Response::text("secret")
            .with_header("X-Secret", "1")
            .with_header("Date", "now")
    };
    let gateway = Gateway::new(application).with(SetRequestId::new());
    let response = ask(&gateway, &get(&[]));
    assert_eq!(response.body(), b"500 Internal Server Error\n");
    assert_eq!(response.header("x-secret"), None);
    assert_eq!(response.header("x-request-id"), Some("0-1"));
}

#[test]
fn outer_middleware_sees_the_response_after_a_panic_in_middleware() {
    struct Panics;
    impl Middleware for Panics {
        fn after(&self, _: &RequestInfo<'_>, _: Response) -> Response {
            std::panic::resume_unwind(Box::new("deliberate"))
        }
    }
    for path in ["/now", "/later", "/invalid", "/panic"] {
        let log = Arc::new(Mutex::new(String::new()));
        let lines = log.clone();
        let gateway = Gateway::new(EveryWay)
            .with(SecurityHeaders::new())
            .with(Panics)
            .with(SetRequestId::generated_by(|_| "id".to_string()))
            .with(Panics)
            .with(ServerTiming::new())
            .with(AccessLog::to(move |line| {
                lines.lock().expect("a log").push_str(line)
            }));
        let response = ask(&gateway, &request(&format!("GET {path}"), &[]));
        assert_eq!(
            (response.status().code(), response.closes()),
            (500, true),
            "{path}"
        );
        assert_eq!(
            response.headers().get_all("server-timing").count(),
            1,
            "{path}"
        );
        // Headers added to the lost response are lost, too.
        assert_eq!(response.header("x-request-id"), None, "{path}");
        let log = log.lock().expect("a log");
        assert!(log.contains("\" 500 ") && log.lines().count() == 1, "{log}");
    }
}

#[test]
fn other_middleware_can_still_add_to_a_response_that_one_made_invalid() {
    struct Breaks;
    impl Middleware for Breaks {
        fn after(&self, _: &RequestInfo<'_>, response: Response) -> Response {
            response
                .with_header("X", "a\nb")
                .with_status(Status::CONTINUE)
        }
    }
    for gateway in [
        Gateway::new(EveryWay)
            .with(Breaks)
            .with(SetRequestId::new()),
        Gateway::new(EveryWay)
            .with(SetRequestId::new())
            .with(Breaks),
    ] {
        for path in ["/now", "/invalid"] {
            let response = ask(&gateway, &request(&format!("GET {path}"), &[]));
            assert_eq!(
                (response.status().code(), response.header("x")),
                (500, None)
            );
        }
    }
    let gateway = Gateway::new(EveryWay)
        .with(Breaks)
        .with(SetRequestId::new());
    let response = ask(&gateway, &request("GET /now", &[]));
    assert_eq!(response.header("x-request-id"), Some("0-1"));
}

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
    let ask = |peer: Peer, fields: &[&str]| {
        let response = ask_as(&gateway, peer.into(), Now::default(), &get(fields));
        response.header("x-request-id").expect("an id").to_string()
    };
    let long = format!("X-Request-Id: {}", "a".repeat(128));
    assert_eq!(ask(trusted.into(), &["X-Request-ID: a-1"]), "a-1");
    assert_eq!(ask(trusted.into(), &[&long]).len(), 128);
    assert_eq!(ask(Peer::Unknown, &["X-Request-Id: a-1"]), "made");
    for fields in [
        &[][..],
        &["X-Request-Id:"],
        &["X-Request-Id: a b"],
        &["X-Request-Id: \u{e4}"],
        &["X-Request-Id: a", "X-Request-Id: b"],
        &[&format!("{long}a")],
    ] {
        assert_eq!(ask(trusted.into(), fields), "made", "{fields:?}");
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

#[test]
fn security_headers_keep_what_the_application_set() {
    let application =
        |_: &Request<'_>| Response::text("").with_header("x-frame-options", "SAMEORIGIN");
    let fields = SecurityHeaders::new()
        .header("content-security-policy", "default-src 'self'")
        .header("Referrer-Policy", "no-referrer")
        .without("cross-origin-opener-policy");
    let response = ask(&Gateway::new(application).with(fields), &get(&[]));
    for (name, value) in [
        ("x-content-type-options", Some("nosniff")),
        ("x-frame-options", Some("SAMEORIGIN")),
        ("referrer-policy", Some("no-referrer")),
        ("content-security-policy", Some("default-src 'self'")),
        ("cross-origin-opener-policy", None),
        ("strict-transport-security", None),
    ] {
        assert_eq!(response.header(name), value, "{name}");
        assert!(response.headers().get_all(name).count() <= 1, "{name}");
    }
}

#[test]
fn strict_transport_security_is_sent_only_over_https() {
    let transport = |fields: SecurityHeaders, scheme| {
        let info = ConnectionInfo {
            scheme,
            ..ConnectionInfo::default()
        };
        let gateway = Gateway::new(EveryWay).with(fields);
        let response = ask_as(&gateway, info, Now::default(), &get(&[]));
        let value = response.header("strict-transport-security");
        value.map(str::to_string)
    };
    let year = Some("max-age=31536000".to_string());
    assert_eq!(transport(SecurityHeaders::new(), Scheme::Https), year);
    assert_eq!(transport(SecurityHeaders::new(), Scheme::Http), None);
    let fields = SecurityHeaders::new().header("strict-transport-security", "max-age=1; preload");
    assert_eq!(transport(fields.clone(), Scheme::Http), None);
    let own = Some("max-age=1; preload".to_string());
    assert_eq!(transport(fields, Scheme::Https), own);
}

/// The CORS check of the Fetch standard: whether a page of `origin` may read a response. `includes` is whether the
/// credentials mode of the request is "include".
fn is_shared(
    includes: bool,
    origin: &str,
    allow_origin: Option<&str>,
    credentials: Option<&str>,
) -> bool {
    match allow_origin {
        None => false,
        Some("*") if !includes => true,
        Some(allowed) if allowed != origin => false,
        Some(_) if !includes => true,
        Some(_) => credentials == Some("true"),
    }
}

fn is_readable(includes: bool, origin: &str, response: &ClientResponse) -> bool {
    let allow_origin = response.header("access-control-allow-origin");
    let credentials = response.header("access-control-allow-credentials");
    assert!(
        response
            .headers()
            .get_all("access-control-allow-origin")
            .count()
            <= 1
    );
    is_shared(includes, origin, allow_origin, credentials)
}

const RABBIT: &str = "https://rabbit.invalid";

#[test]
fn the_cors_check_agrees_with_the_table_of_the_fetch_standard() {
    // Section "CORS protocol and credentials".
    for (includes, allow_origin, credentials, shared) in [
        (false, "*", None, true),
        (false, "*", Some("true"), true),
        (false, "https://rabbit.invalid/", None, false),
        (false, RABBIT, None, true),
        (true, "*", Some("true"), false),
        (true, RABBIT, Some("true"), true),
        (true, RABBIT, Some("True"), false),
    ] {
        let found = is_shared(includes, RABBIT, Some(allow_origin), credentials);
        assert_eq!(found, shared, "{includes} {allow_origin} {credentials:?}");
    }
}

#[test]
fn pages_of_allowed_origins_may_read_responses_and_others_may_not() {
    type Make = fn() -> Cors;
    let rabbit: Make = || Cors::origins([RABBIT, "http://localhost:8080"]);
    let matching: Make = || Cors::matching(|origin| origin == "https://rabbit.invalid");
    for (make, origin, without, with) in [
        (Cors::any as Make, RABBIT, true, false),
        (Cors::any, "null", true, false),
        (rabbit, RABBIT, true, false),
        (|| Cors::origins([RABBIT]).credentials(), RABBIT, true, true),
        (rabbit, "http://localhost:8080", true, false),
        (rabbit, "http://localhost", false, false),
        (rabbit, "http://rabbit.invalid", false, false),
        (rabbit, "https://rabbit.invalid.example", false, false),
        (rabbit, "null", false, false),
        (matching, RABBIT, true, false),
        (matching, "null", false, false),
    ] {
        let gateway = Gateway::new(EveryWay).with(make());
        let origin_field = format!("Origin: {origin}");
        for line in ["GET /now", "GET /none", "POST /now", "GET /panic"] {
            let response = ask(&gateway, &request(line, &[&origin_field]));
            assert_eq!(
                is_readable(false, origin, &response),
                without,
                "{origin} {line}"
            );
            assert_eq!(
                is_readable(true, origin, &response),
                with,
                "{origin} {line}"
            );
        }
        let preflight = request(
            "OPTIONS /now",
            &[&origin_field, "Access-Control-Request-Method: PUT"],
        );
        let response = ask(&gateway, &preflight);
        assert_eq!(is_readable(false, origin, &response), without, "{origin}");
        assert_eq!(is_readable(true, origin, &response), with, "{origin}");
    }
}

#[test]
fn a_preflight_request_is_answered_without_the_application() {
    let cors = || {
        Cors::origins([RABBIT])
            .methods([Method::PUT, Method::DELETE])
            .allow_headers(["Content-Type", "X-Token"])
            .expose_headers(["X-Total", "ETag"])
            .max_age(Duration::from_secs(600))
    };
    let application = |request: &Request<'_>| format!("called with {}", request.method());
    let gateway = Gateway::new(application).with(cors());
    let origin = "Origin: https://rabbit.invalid";
    let asks = "Access-Control-Request-Method: PUT";
    let response = ask(&gateway, &request("OPTIONS /a", &[origin, asks]));
    assert_eq!((response.status().code(), response.body()), (204, &b""[..]));
    for (name, value) in [
        ("access-control-allow-origin", Some(RABBIT)),
        ("access-control-allow-methods", Some("PUT, DELETE")),
        (
            "access-control-allow-headers",
            Some("Content-Type, X-Token"),
        ),
        ("access-control-max-age", Some("600")),
        ("access-control-allow-credentials", None),
        ("content-length", None),
        (
            "vary",
            Some("Access-Control-Request-Method, Access-Control-Request-Headers, Origin"),
        ),
    ] {
        assert_eq!(response.header(name), value, "{name}");
    }

    let stranger = "Origin: https://fox.invalid";
    let response = ask(&gateway, &request("OPTIONS /a", &[stranger, asks]));
    assert_eq!(response.status(), 204);
    for name in ["origin", "methods", "headers"] {
        let name = format!("access-control-allow-{name}");
        assert_eq!(response.header(&name), None);
    }

    // Without both headers, it is no preflight request.
    for fields in [&[origin][..], &[asks], &[]] {
        let response = ask(&gateway, &request("OPTIONS /a", fields));
        assert_eq!(response.body(), b"called with OPTIONS", "{fields:?}");
    }
    let response = ask(&gateway, &request("GET /a", &[origin, asks]));
    assert_eq!(response.body(), b"called with GET");
    let exposed = response.header("access-control-expose-headers");
    assert_eq!(exposed, Some("X-Total, ETag"));
}

#[test]
fn vary_names_the_origin_unless_any_origin_is_allowed() {
    let application = |_: &Request<'_>| Response::text("").with_header("Vary", "Cookie");
    let vary = |cors: Cors, fields: &[&str]| {
        let response = ask(&Gateway::new(application).with(cors), &get(fields));
        response.header("vary").map(str::to_string)
    };
    let cookie_and_origin = Some("Cookie, Origin".to_string());
    let rabbit = "Origin: https://rabbit.invalid";
    assert_eq!(vary(Cors::origins([RABBIT]), &[rabbit]), cookie_and_origin);
    assert_eq!(vary(Cors::origins([RABBIT]), &[]), cookie_and_origin);
    assert_eq!(
        vary(Cors::matching(|_| false), &[rabbit]),
        cookie_and_origin
    );
    assert_eq!(vary(Cors::any(), &[rabbit]), Some("Cookie".to_string()));
}

#[test]
fn cross_origin_headers_of_the_application_are_kept() {
    let application = |_: &Request<'_>| {
        Response::text("").with_header("Access-Control-Allow-Origin", "https://own.invalid")
    };
    let gateway = Gateway::new(application).with(Cors::origins([RABBIT]).credentials());
    let response = ask(&gateway, &get(&["Origin: https://rabbit.invalid"]));
    let origin = response.header("access-control-allow-origin");
    assert_eq!(origin, Some("https://own.invalid"));
    assert_eq!(response.header("access-control-allow-credentials"), None);
}

#[test]
fn a_repeated_origin_is_ignored() {
    let gateway = Gateway::new(EveryWay).with(Cors::origins([RABBIT]));
    let origin = "Origin: https://rabbit.invalid";
    let response = ask(&gateway, &get(&[origin, origin]));
    assert_eq!(response.header("access-control-allow-origin"), None);
}

#[test]
#[should_panic(expected = "credentials cannot be allowed to any origin")]
fn any_origin_with_credentials_is_refused_when_it_is_built() {
    let _ = Cors::any().credentials();
}

#[test]
#[should_panic(expected = "\"https://rabbit.invalid/\" is not an origin as browsers send it")]
fn an_origin_that_never_matches_is_refused_when_it_is_built() {
    let _ = Cors::origins(["https://rabbit.invalid/"]);
}

/// The cases are named by the headers of the request, and whether it passes.
#[test]
fn pages_of_other_sites_cannot_change_anything() {
    let plain = Gateway::new(EveryWay).with(CrossOriginProtection::new());
    let trusting = CrossOriginProtection::new().trusted_origins([RABBIT]);
    let trusting = Gateway::new(EveryWay).with(trusting);
    let rabbit = "Origin: https://rabbit.invalid";
    for (fields, passes, passes_if_trusted) in [
        (&[][..], true, true),
        (&["Sec-Fetch-Site: same-origin"], true, true),
        (&["Sec-Fetch-Site: none"], true, true),
        (&["Sec-Fetch-Site: same-site"], false, false),
        (&["Sec-Fetch-Site: cross-site"], false, false),
        (&["Sec-Fetch-Site: Same-Origin"], false, false),
        (&["Sec-Fetch-Site:"], false, false),
        (
            &["Sec-Fetch-Site: none", "Sec-Fetch-Site: none"],
            false,
            false,
        ),
        (&["Sec-Fetch-Site: same-origin", rabbit], true, true),
        (&["Sec-Fetch-Site: cross-site", rabbit], false, true),
        (
            &["Sec-Fetch-Site: cross-site", "Origin: http://x"],
            false,
            false,
        ),
        (
            &["Sec-Fetch-Site: cross-site", rabbit, rabbit],
            false,
            false,
        ),
        (&["Origin: http://x"], true, true),
        (&["Origin: https://x"], true, true),
        (&["Origin: https://X:443"], true, true),
        (&["Origin: https://x:80"], false, false),
        (&["Origin: http://x:8080"], false, false),
        (&["Origin: ftp://x"], false, false),
        (&["Origin: http://x/"], false, false),
        (&["Origin: http://x.invalid"], false, false),
        (&["Origin: http://user@x"], false, false),
        (&["Origin: null"], false, false),
        (&["Origin:"], false, false),
        (&["Origin: x"], false, false),
        (&["Origin: http://x", "Origin: http://x"], false, false),
        (&[rabbit], false, true),
        (&["Origin: https://rabbit.invalid.example"], false, false),
    ] {
        for (gateway, passes) in [(&plain, passes), (&trusting, passes_if_trusted)] {
            for method in ["POST", "PUT", "DELETE", "PATCH", "BREW"] {
                let input = request(&format!("{method} /now"), fields);
                let status = if passes { 200 } else { 403 };
                assert_eq!(ask(gateway, &input).status().code(), status, "{input}");
            }
            for method in ["GET", "HEAD", "OPTIONS"] {
                let input = request(&format!("{method} /now"), fields);
                assert_eq!(ask(gateway, &input).status(), 200, "{input}");
            }
        }
    }
}

#[test]
fn the_same_origin_has_the_same_port() {
    let gateway = Gateway::new(EveryWay).with(CrossOriginProtection::new());
    for (host, origin, status) in [
        ("x:8080", "http://x:8080", 200),
        ("x:8080", "http://x", 403),
        ("x:80", "http://x", 200),
        ("x:443", "http://x", 403),
        ("[::1]:8080", "http://[::1]:8080", 200),
        ("127.0.0.1:8080", "http://127.0.0.1:8081", 403),
    ] {
        let input = format!("POST /now HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\n\r\n");
        assert_eq!(ask(&gateway, &input).status().code(), status, "{input}");
    }
    // Nothing to compare with.
    let response = ask(&gateway, "POST /now HTTP/1.0\r\nOrigin: http://x\r\n\r\n");
    assert_eq!(
        response.text(),
        "403 Forbidden: a page of another site must not send this request\n"
    );
}

#[test]
fn a_request_is_refused_for_its_origin_before_its_body_is_sent() {
    let gateway = Gateway::new(EveryWay).with(CrossOriginProtection::new());
    let fields = ["Origin: null", "Content-Length: 9", "Expect: 100-continue"];
    let response = ask(&gateway, &request("POST /now", &fields));
    assert_eq!(response.status(), 403);
}

#[test]
#[should_panic(expected = "\"rabbit.invalid\" is not an origin as browsers send it")]
fn a_trusted_origin_that_never_matches_is_refused_when_it_is_built() {
    let _ = CrossOriginProtection::new().trusted_origins(["rabbit.invalid"]);
}

#[test]
fn only_requests_for_allowed_hosts_are_accepted() {
    let local = Gateway::new(EveryWay).with(AllowedHosts::local().host("*.dev.test"));
    let named = Gateway::new(EveryWay).with(AllowedHosts::new().host("example.com"));
    for (host, is_local, is_named) in [
        ("localhost", true, false),
        ("LOCALHOST:7890", true, false),
        ("localhost.", true, false),
        ("a.b.localhost", true, false),
        ("127.0.0.1:80", true, false),
        ("192.0.2.1", true, false),
        ("[::1]:80", true, false),
        ("a.dev.test", true, false),
        ("dev.test", false, false),
        ("example.com", false, true),
        ("Example.com.:443", false, true),
        ("a.example.com", false, false),
        ("localhost.example.com", false, false),
        ("xlocalhost", false, false),
        ("127.0.0.1.example.com", false, false),
        ("127.0.0.1.", false, false),
        ("127.1", false, false),
        ("%6cocalhost", false, false),
    ] {
        for (gateway, is_allowed) in [(&local, is_local), (&named, is_named)] {
            let status = if is_allowed { 200 } else { 421 };
            for target in ["/now", &format!("http://{host}/now")] {
                let input = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n");
                assert_eq!(ask(gateway, &input).status().code(), status, "{input}");
            }
        }
    }
    let response = ask(&local, &request("GET /now", &[]));
    let page = "421 Misdirected Request: this server does not answer for the host x\n";
    assert_eq!(response.text(), page);
    assert_eq!(
        ask(&local, "GET /now HTTP/1.0\r\n\r\n").status().code(),
        200
    );
}

#[test]
#[should_panic(expected = "\"example.com:80\": a host is a name without a port")]
fn an_allowed_host_with_a_port_is_refused_when_it_is_built() {
    let _ = AllowedHosts::local().host("example.com:80");
}

#[test]
fn a_body_that_the_client_has_is_not_sent_again() {
    let gateway = Gateway::new(|request: &Request<'_>| {
        Response::html(request.path().to_string())
            .with_header("Cache-Control", "no-cache")
            .with_header("Content-Language", "en")
    })
    .with(ConditionalGet::new());
    let first = ask(&gateway, &get(&[]));
    let tag = first.header("etag").expect("a tag");
    assert!(tag.starts_with("W/\"") && first.status().code() == 200);
    assert_ne!(
        ask(&gateway, &request("GET /b", &[])).header("etag"),
        Some(tag)
    );

    let strong = tag.trim_start_matches("W/");
    for condition in [
        format!("If-None-Match: {tag}"),
        format!("If-None-Match: \"other\", {strong}"),
        "If-None-Match: *".to_string(),
    ] {
        for line in ["GET /", "HEAD /"] {
            let response = ask(&gateway, &request(line, &[&condition]));
            assert_eq!((response.status().code(), response.body()), (304, &b""[..]));
            assert_eq!(response.header("etag"), Some(tag));
            assert_eq!(response.header("cache-control"), Some("no-cache"));
            for name in ["content-type", "content-language", "content-length"] {
                assert_eq!(response.header(name), None, "{name}");
            }
        }
        assert_eq!(
            ask(&gateway, &request("POST /", &[&condition]))
                .status()
                .code(),
            200
        );
    }
    let changed = ask(&gateway, &get(&["If-None-Match: \"other\""]));
    assert_eq!((changed.status().code(), changed.body()), (200, &b"/"[..]));
    assert_eq!(
        ask(&gateway, &get(&["If-Match: \"other\""]))
            .status()
            .code(),
        412
    );
}

#[test]
fn head_has_the_tag_of_get() {
    let gateway = Gateway::new(|_: &Request<'_>| "hello").with(ConditionalGet::new());
    let head = ask(&gateway, &request("HEAD /", &[]));
    let get = ask(&gateway, &get(&[]));
    assert_eq!(head.headers(), get.headers(), "{head:?} {get:?}");
    assert!(head.body().is_empty() && head.header("etag").is_some());
}

#[test]
fn validators_of_the_application_are_used() {
    let application = |_: &Request<'_>| {
        Response::text("hello")
            .with_header("ETag", "\"v1\"")
            .with_header("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT")
    };
    let gateway = Gateway::new(application).with(ConditionalGet::new());
    let same = "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT";
    for (fields, status) in [
        (&[][..], 200),
        (&["If-None-Match: \"v1\""], 304),
        (&["If-None-Match: \"v2\""], 200),
        (&[same], 304),
        (&["If-None-Match: \"v2\"", same], 200),
        (&["If-Match: \"v1\""], 200),
    ] {
        let response = ask(&gateway, &get(fields));
        assert_eq!(response.status().code(), status, "{fields:?}");
        assert_eq!(response.header("etag"), Some("\"v1\""), "{fields:?}");
    }
}

#[test]
fn uncacheable_responses_get_no_tag() {
    let application = |request: &Request<'_>| match request.path() {
        "/no-store" => Response::text("a").with_header("Cache-Control", "private, no-store"),
        "/stream" => Response::text(Body::from_iterator(["a"].into_iter())),
        "/missing" => Status::NOT_FOUND.into(),
        "/empty" => Response::text(""),
        _ => Response::text("a").with_header("ETag", "not a tag"),
    };
    let gateway = Gateway::new(application).with(ConditionalGet::new());
    for (path, status) in [
        ("no-store", 200),
        ("stream", 200),
        ("missing", 404),
        ("empty", 200),
    ] {
        let response = ask(
            &gateway,
            &request(&format!("GET /{path}"), &["If-None-Match: *"]),
        );
        assert_eq!(
            (response.status().code(), response.header("etag")),
            (status, None),
            "{path}"
        );
    }
    let response = ask(&gateway, &request("GET /", &["If-None-Match: *"]));
    assert_eq!(
        (response.status().code(), response.body()),
        (200, &b"a"[..])
    );
}

#[test]
fn a_site_responds_the_same_with_and_without_the_middleware() {
    let site = || Site::new().file("/index.html", "0123456789");
    let (plain, wrapped) = (
        Gateway::new(site()),
        Gateway::new(site()).with(ConditionalGet::new()),
    );
    let first = ask(&plain, &get(&[]));
    let tag = first.header("etag").expect("a tag");
    for fields in [
        &[][..],
        &[&*format!("If-None-Match: {tag}")],
        &[&*format!("If-Match: {tag}")],
        &["If-Match: \"x\""],
        &["Range: bytes=0-3"],
    ] {
        assert_eq!(
            ask(&plain, &get(fields)).raw(),
            ask(&wrapped, &get(fields)).raw(),
            "{fields:?}"
        );
    }
}

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

struct Count(usize);

impl Receiver for Count {
    fn data(&mut self, part: &[u8]) -> Result<(), Response> {
        self.0 += part.len();
        Ok(())
    }

    fn finish(self: Box<Self>, _: Headers<'_>) -> Response {
        format!("{}", self.0).into()
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
        let content = "x".repeat(length);
        ask(
            &gateway,
            &format!("{head}{length:x}\r\n{content}\r\n0\r\n\r\n"),
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
        let fields = ["Expect: 100-continue", &format!("Content-Length: {length}")];
        gateway.handle(request("PUT /", &fields).as_bytes())
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

fn staff() -> BasicAuth {
    BasicAuth::user("the \"staff\"", "Aladdin", "open sesame")
}

fn show_user(request: &Request<'_>) -> String {
    let user = request.extensions().get::<AuthenticatedUser>();
    format!(
        "{} {}",
        user.map_or("nobody", |user| user.name()),
        request.body().len()
    )
}

#[test]
fn only_the_right_name_and_password_are_let_through() {
    let middleware = Gateway::new(show_user).with(staff());
    let wrapper = Gateway::new(Router::new().mount("/", with_middleware(staff(), show_user)));
    for gateway in [middleware, wrapper] {
        for credentials in [
            "QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
            " QWxhZGRpbjpvcGVuIHNlc2FtZQ== ",
        ] {
            for scheme in ["Basic", "basic"] {
                let response = ask(
                    &gateway,
                    &get(&[&format!("Authorization: {scheme} {credentials}")]),
                );
                assert_eq!(response.body(), b"Aladdin 0", "{scheme} {credentials}");
            }
        }
        let right = "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==";
        for fields in [
            &[][..],
            &["Authorization: Basic"],
            &["Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ"],
            // `Aladdin:open sesam`, `aladdin:open sesame`, `Aladdin`, `:`.
            &["Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2Ft"],
            &["Authorization: Basic YWxhZGRpbjpvcGVuIHNlc2FtZQ=="],
            &["Authorization: Basic QWxhZGRpbg=="],
            &["Authorization: Basic Og=="],
            // Not UTF-8.
            &["Authorization: Basic /zr/"],
            &["Authorization: Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ=="],
            &["Authorization: BasicQWxhZGRpbjpvcGVuIHNlc2FtZQ=="],
            &[right, right],
        ] {
            let response = ask(&gateway, &get(fields));
            assert_eq!(response.status(), 401, "{fields:?}");
            let challenge = response.header("www-authenticate");
            let expected = r#"Basic realm="the \"staff\"", charset="UTF-8""#;
            assert_eq!(challenge, Some(expected));
        }
    }
}

#[test]
fn an_unknown_user_is_refused_before_the_body_is_read() {
    for gateway in [
        Gateway::new(show_user).with(staff()),
        Gateway::new(with_middleware(staff(), show_user)),
    ] {
        let fields = ["Content-Length: 2", "Expect: 100-continue"];
        let output = gateway.handle(request("PUT /", &fields).as_bytes());
        assert!(output.starts_with(b"HTTP/1.1 401 "));
        let right = "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==";
        let input = request("PUT /", &["Content-Length: 2", right]) + "ab";
        assert_eq!(ask(&gateway, &input).body(), b"Aladdin 2");
    }
}

#[test]
fn names_and_passwords_are_utf_8_and_may_contain_colons_after_the_first() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let list = seen.clone();
    let check = move |name: &str, password: &str| {
        list.lock()
            .expect("a list")
            .push(format!("{name}|{password}"));
        true
    };
    let gateway = Gateway::new(EveryWay).with(BasicAuth::new("r", check));
    // `test:123£` (RFC 7617 section 2.1), `a:b:c`, and a name with a line feed, which is refused.
    for encoded in ["dGVzdDoxMjPCow==", "YTpiOmM=", "YQo6Yg=="] {
        ask(
            &gateway,
            &get(&[&format!("Authorization: Basic {encoded}")]),
        );
    }
    assert_eq!(*seen.lock().expect("a list"), ["test|123\u{a3}", "a|b:c"]);
}

#[test]
fn other_extensions_reach_a_protected_application() {
    let show = |request: &Request<'_>| {
        let id = request
            .extensions()
            .get::<RequestId>()
            .map(RequestId::to_string);
        format!(
            "{} {}",
            id.unwrap_or_default(),
            request.path_info().unwrap_or_default()
        )
    };
    let admin = Router::new().mount("/admin", with_middleware(staff(), show));
    let gateway = Gateway::new(admin).with(SetRequestId::new());
    let right = "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==";
    let response = ask(&gateway, &request("GET /admin/a", &[right]));
    assert_eq!(response.body(), b"0-1 /a");
}

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
    let ask = |fields: &[&str]| ask(&gateway, &request("GET /now", fields)).status().code();
    assert_eq!((ask(&["X-Key: a"]), ask(&["X-Key: a"])), (200, 429));
    assert_eq!((ask(&["X-Key: b"]), ask(&[]), ask(&[])), (200, 200, 200));
}

#[test]
fn a_client_over_the_rate_is_refused_before_its_body_is_read() {
    let gateway = Gateway::new(EveryWay).with(RateLimit::new(1, Duration::from_secs(10)));
    let fields = ["Content-Length: 2", "Expect: 100-continue"];
    let ask = || {
        let mut output = Vec::new();
        let input = request("PUT /now", &fields);
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

#[test]
fn server_timing_runs_from_the_request_head_to_the_response() {
    let micros = Arc::new(AtomicU64::new(0));
    let (clock, hand) = (micros.clone(), micros);
    let application = move |_: &Request<'_>| {
        hand.fetch_add(12_345, Ordering::Relaxed);
        let hand = hand.clone();
        Response::from_future(async move {
            hand.fetch_add(5, Ordering::Relaxed);
            Response::text("").with_header("Server-Timing", "db;dur=1")
        })
    };
    let timing =
        ServerTiming::with_clock(move || Duration::from_micros(clock.load(Ordering::Relaxed)));
    let gateway = Gateway::new(application).with(timing);
    for _ in 0..2 {
        let response = ask(&gateway, &get(&[]));
        let values: Vec<&[u8]> = response.headers().get_all("server-timing").collect();
        assert_eq!(values, [&b"db;dur=1"[..], b"total;dur=12.350"]);
    }
}

#[test]
fn the_contract_reports_each_violation_with_its_request_and_source() {
    let found: Arc<Mutex<Vec<Violation>>> = Arc::default();
    let list = found.clone();
    let contract = Contract::report(move |violation| {
        list.lock().expect("a list").push(violation.clone());
    });
    let application = |request: &Request<'_>| match request.path() {
        "/good" => Response::text("good"),
        "/panic" => std::panic::resume_unwind(Box::new("deliberate")),
        _ => Response::text("")
            .with_status(Status::METHOD_NOT_ALLOWED)
            .with_header("Retry-After", "soon"),
    };
    let gateway = Gateway::new(application).with(contract);
    for path in ["/good", "/bad", "/panic"] {
        ask(&gateway, &request(&format!("GET {path}"), &[]));
    }
    let found = found.lock().expect("a list");
    let found: Vec<String> = found.iter().map(Violation::to_string).collect();
    assert_eq!(
        found,
        [
            "GET /bad HTTP/1.1: a 405 response must have Allow (RFC 9110 section 15.5.6)",
            "GET /bad HTTP/1.1: Retry-After must be a number of seconds or a date (RFC 9110 section 10.2.3)",
            "GET /panic HTTP/1.1: the application panicked: deliberate (a 500 is sent instead)",
        ]
    );
}

/// Returns the rules that an application breaks in response to `line`.
fn broken(application: impl Application + 'static, line: &str) -> Vec<String> {
    let found: Arc<Mutex<Vec<Violation>>> = Arc::default();
    let list = found.clone();
    let contract = Contract::report(move |violation| {
        list.lock().expect("a list").push(violation.clone());
    });
    ask(
        &Gateway::new(contract.around(application)),
        &request(line, &[]),
    );
    let found = found.lock().expect("a list");
    found
        .iter()
        .map(|violation| violation.rule.to_string())
        .collect()
}

#[test]
fn the_response_to_head_must_match_get() {
    let application = |request: &Request<'_>| {
        let is_get = request.method() == Method::GET;
        match request.path() {
            "/same" => Response::text("same"),
            "/status" if is_get => Response::text("got"),
            "/fields" if is_get => Response::text("got").with_header("X-Only", "1"),
            "/length" if is_get => Response::text("got"),
            "/fields" => Response::text("got"),
            "/length" => Response::text(""),
            "/stream" => Response::text(Body::from_iterator(["a"].into_iter())),
            "/later" => Response::from_future(async { "later" }),
            "/bad" => Response::text("").with_header("ETag", "1"),
            _ => Status::NOT_FOUND.into(),
        }
    };
    for (path, rules) in [
        ("/same", &[][..]),
        ("/stream", &[]),
        ("/later", &[]),
        ("/none", &[]),
        (
            "/status",
            &["HEAD must have the status of GET, but has 404 instead of 200"],
        ),
        (
            "/fields",
            &["HEAD must have the fields of GET, but X-Only differs"],
        ),
        (
            "/length",
            &["HEAD must have the length of GET, but has 0 instead of 3"],
        ),
        (
            "/bad",
            &["ETag must be a quoted string, such as \"1\" or W/\"1\""],
        ),
    ] {
        for method in ["GET", "HEAD"] {
            assert_eq!(
                broken(application, &format!("{method} {path}")),
                rules,
                "{path}"
            );
        }
    }
    assert_eq!(broken(application, "POST /status"), [""; 0]);
}

#[test]
fn a_site_and_a_router_respond_to_head_as_to_get() {
    let site = || Site::new().file("/index.html", "0123456789");
    let router = || {
        Router::new()
            .get("/a", |request: &Request<'_>| {
                request.query().map(str::to_string)
            })
            .mount("/site", site())
    };
    for line in ["GET /", "HEAD /", "GET /none"] {
        assert_eq!(broken(site(), line), [""; 0], "{line}");
    }
    for line in [
        "GET /a?b",
        "HEAD /a?b",
        "GET /a",
        "GET /site/",
        "HEAD /site",
    ] {
        assert_eq!(broken(router(), line), [""; 0], "{line}");
    }
}

#[test]
fn built_in_responses_keep_the_contract() {
    let site = Site::new()
        .file("/index.html", "0123456789")
        .file("/a/index.html", "");
    let router = Router::new()
        .get("/get", |_: &Request<'_>| "got")
        .mount("/admin", with_middleware(staff(), EveryWay))
        .fallback(site);
    let gateway = Gateway::new(router)
        .with(ConditionalGet::new())
        .with(
            RateLimit::new(1, Duration::from_secs(1))
                .by(|request| request.head.headers().get("X-Key").map(String::from)),
        )
        .with(Cors::origins([RABBIT]))
        .with(SecurityHeaders::new())
        .with(Contract::new());
    let preflight = [
        "Origin: https://rabbit.invalid",
        "Access-Control-Request-Method: PUT",
    ];
    for (line, fields, status) in [
        ("GET /", &[][..], 200),
        ("GET /", &["If-None-Match: *"], 304),
        ("GET /", &["If-Match: \"x\""], 412),
        ("GET /", &["Range: bytes=0-1"], 206),
        ("GET /", &["Range: bytes=0-1,4-5"], 206),
        ("GET /", &["Range: bytes=50-"], 416),
        ("GET /a", &[], 301),
        ("POST /", &[], 405),
        ("OPTIONS /", &[], 204),
        ("GET /none", &[], 404),
        ("GET /admin", &[], 401),
        ("POST /get", &[], 405),
        ("OPTIONS /get", &[], 204),
        ("OPTIONS *", &[], 204),
        ("OPTIONS /get", &preflight, 204),
        ("TRACE /get", &[], 501),
        ("GET /get", &["X-Key: a"], 200),
        ("GET /get", &["X-Key: a"], 429),
        ("GET /a/../b", &[], 404),
        ("GET", &[], 400),
    ] {
        // A panic of the contract would be a 500.
        assert_eq!(
            ask(&gateway, &request(line, fields)).status().code(),
            status,
            "{line} {fields:?}"
        );
    }
}

#[cfg(feature = "compression")]
mod compression {
    use super::*;
    use bytegate::middleware::Compression;
    use flate2::read::GzDecoder;
    use std::io::Read;

    const GZIP: &str = "Accept-Encoding: gzip";

    fn long() -> String {
        "to be or not to be, ".repeat(200)
    }

    fn unpacked(response: &ClientResponse) -> String {
        assert_eq!(response.header("content-encoding"), Some("gzip"));
        let mut text = String::new();
        let mut decoder = GzDecoder::new(response.body());
        decoder.read_to_string(&mut text).expect("gzip");
        text
    }

    #[test]
    fn a_body_is_compressed_for_clients_that_accept_it() {
        let gateway =
            Gateway::new(|_: &Request<'_>| Response::html(long())).with(Compression::new());
        for (fields, is_compressed) in [
            (&[GZIP][..], true),
            (
                &["Accept-Encoding: br", "Accept-Encoding: gzip;q=0.5"],
                true,
            ),
            (&["Accept-Encoding: *"], true),
            (&["Accept-Encoding: gzip;q=0, *"], false),
            (&["Accept-Encoding: br"], false),
            (&[], false),
        ] {
            let response = ask(&gateway, &get(fields));
            if is_compressed {
                assert_eq!(unpacked(&response), long(), "{fields:?}")
            } else {
                assert_eq!(response.body(), long().into_bytes(), "{fields:?}")
            }
            assert_eq!(
                response.header("vary"),
                Some("Accept-Encoding"),
                "{fields:?}"
            );
            assert_eq!(
                response.header("content-type"),
                Some("text/html; charset=utf-8")
            );
        }
    }

    #[test]
    fn head_has_the_headers_of_get() {
        let gateway = Gateway::new(|_: &Request<'_>| long())
            .with(ConditionalGet::new())
            .with(Compression::new());
        for fields in [&[GZIP][..], &[]] {
            let head = ask(&gateway, &request("HEAD /", fields));
            let get = ask(&gateway, &get(fields));
            assert_eq!(head.headers(), get.headers(), "{head:?} {get:?}");
            assert!(head.body().is_empty());
        }
    }

    #[test]
    fn a_deferred_response_is_compressed_and_an_error_page_may_be() {
        let application = |request: &Request<'_>| match request.path() {
            "/later" => Response::from_future(async { Response::text(long()) }),
            _ => Response::text(long()).with_status(Status::NOT_FOUND),
        };
        let gateway = Gateway::new(application).with(Compression::new());
        for path in ["/later", "/error"] {
            let response = ask(&gateway, &request(&format!("GET {path}"), &[GZIP]));
            assert_eq!(unpacked(&response), long(), "{path}");
        }
    }

    #[test]
    fn an_unsuitable_body_is_not_compressed() {
        let application = |request: &Request<'_>| {
            let response = Response::text(long());
            match request.path() {
                "/small" => Response::text("a".repeat(1023)),
                "/large" => Response::text("a".repeat((4 << 20) + 1)),
                "/image" => Response::of_type("image/png", long()),
                "/untyped" => Response::new(Status::OK).with_body(long()),
                "/encoded" => response.with_header("Content-Encoding", "br"),
                "/partial" => response
                    .with_status(Status::PARTIAL_CONTENT)
                    .with_header("Content-Range", "bytes 0-3999/5000"),
                "/no-transform" => response.with_header("Cache-Control", "public, no-transform"),
                "/digest" => response.with_header("Content-Digest", "sha-256=:YQ==:"),
                _ => Response::text(Body::from_iterator([long(), long()].into_iter())),
            }
        };
        let gateway = Gateway::new(application).with(Compression::new());
        for path in [
            "small",
            "large",
            "image",
            "untyped",
            "encoded",
            "partial",
            "no-transform",
            "digest",
            "stream",
        ] {
            let line = format!("GET /{path}");
            let (with, without) = (request(&line, &[GZIP]), request(&line, &[]));
            let response = ask(&gateway, &with);
            assert_eq!(response.raw(), ask(&gateway, &without).raw(), "{path}");
            assert_eq!(response.header("vary"), None, "{path}");
        }
    }

    #[test]
    fn a_body_that_would_grow_is_sent_unchanged() {
        let mut state: u32 = 1;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .take(2000)
        .collect();
        let content = noise.clone();
        let application = move |_: &Request<'_>| Response::of_type("text/plain", content.clone());
        let gateway = Gateway::new(application).with(Compression::new());
        let response = ask(&gateway, &get(&[GZIP]));
        assert_eq!(
            (response.body(), response.header("content-encoding")),
            (&noise[..], None)
        );
        assert_eq!(response.header("vary"), Some("Accept-Encoding"));
    }

    #[test]
    fn the_sizes_can_be_chosen_and_include_both_ends() {
        let application = |request: &Request<'_>| {
            let length = request.path().trim_start_matches('/').parse().unwrap_or(0);
            Response::text("a".repeat(length))
        };
        let gateway = Gateway::new(application).with(Compression::new().sizes(100..=200));
        for (length, is_compressed) in [(99, false), (100, true), (200, true), (201, false)] {
            let response = ask(&gateway, &request(&format!("GET /{length}"), &[GZIP]));
            let encoding = response.header("content-encoding");
            assert_eq!(encoding.is_some(), is_compressed, "{length}");
        }
    }

    #[test]
    fn a_strong_tag_becomes_weak_and_still_matches() {
        let site = Site::new().file("/index.html", long());
        let gateway = Gateway::new(site).with(Compression::new());
        let plain = ask(&gateway, &get(&[]));
        let strong = plain.header("etag").expect("a tag");
        assert!(strong.starts_with('"') && plain.header("accept-ranges").is_some());

        let packed = ask(&gateway, &get(&[GZIP]));
        assert_eq!(unpacked(&packed), long());
        let weak = packed.header("etag").expect("a tag");
        assert_eq!(
            (weak, packed.header("accept-ranges")),
            (&*format!("W/{strong}"), None)
        );

        let condition = format!("If-None-Match: {weak}");
        let response = ask(&gateway, &get(&[GZIP, &condition]));
        assert_eq!(
            (response.status().code(), response.header("etag")),
            (304, Some(weak))
        );
        assert_eq!(response.header("vary"), Some("Accept-Encoding"));
        let response = ask(&gateway, &get(&[&condition]));
        assert_eq!(
            (response.status().code(), response.header("etag")),
            (304, Some(strong))
        );
        // A part of a compressed body is never combined with a part of a plain one.
        let resume = [GZIP, "Range: bytes=5-", &format!("If-Range: {weak}")];
        assert_eq!(ask(&gateway, &get(&resume)).status(), 200);
    }

    #[test]
    fn the_same_body_has_the_same_tag_compressed_or_not() {
        let gateway = Gateway::new(|_: &Request<'_>| long())
            .with(ConditionalGet::new())
            .with(Compression::new());
        let plain = ask(&gateway, &get(&[]));
        let tag = plain.header("etag").expect("a tag");
        assert_eq!(ask(&gateway, &get(&[GZIP])).header("etag"), Some(tag));
        let response = ask(&gateway, &get(&[GZIP, &format!("If-None-Match: {tag}")]));
        assert_eq!((response.status().code(), response.body()), (304, &b""[..]));
    }

    #[test]
    fn the_same_body_is_compressed_to_the_same_bytes() {
        let gateway = Gateway::new(|_: &Request<'_>| long()).with(Compression::new());
        let packed = || ask(&gateway, &get(&[GZIP]));
        assert_eq!(packed().raw(), packed().raw());
    }
}
