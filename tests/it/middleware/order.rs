//! Which middleware sees a request and its response, and in which order.

use super::*;

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
        for (method, headers, body) in
            [("GET", &[][..], ""), ("POST", &["Content-Length: 2"], "ab")]
        {
            for path in ["/now", "/later", "/count"] {
                let input = request(&format!("{method} {path}?{query}"), headers) + body;
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
    for (path, body, seen) in [
        ("/a", "a", "a before"),
        ("/b/7", "7 in /b", "b before"),
        ("/b/7/8", "404 Not Found\n", "b before"),
        ("/c", "c", ""),
        ("/d", "404 Not Found\n", ""),
    ] {
        let response = ask(&gateway, &request(&format!("GET {path}"), &[]));
        assert_eq!(response.body(), body.as_bytes(), "{path}");
        let first = notes.take().into_iter().next();
        assert_eq!(first.unwrap_or_default(), seen, "{path}");
    }
}

#[test]
fn layered_middleware_misses_preflight_requests_and_hides_extensions_from_the_gateway() {
    let cors = || Cors::origins(["https://a.example"]).allow_methods([Method::PUT]);
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
            let headers = [format!("Content-Length: {length}")];
            let head = request(&format!("PUT {target}"), &[&headers[0]]);
            let response = ask(&gateway, &(head + &"x".repeat(length)));
            assert_eq!(response.status().code(), status, "{target} {length}");
            if status == 200 {
                let body = response.text();
                assert!(body.starts_with("Some(\"ada\") Some("), "{body}");
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
            .with(SetHeaders::security())
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
