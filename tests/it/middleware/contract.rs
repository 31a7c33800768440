//! The check that applications keep their contract.

use super::*;

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
            &["HEAD must have the headers of GET, but X-Only differs"],
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
        .with(SetHeaders::security())
        .with(Contract::new());
    let preflight = [
        "Origin: https://rabbit.invalid",
        "Access-Control-Request-Method: PUT",
    ];
    for (line, headers, status) in [
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
            ask(&gateway, &request(line, headers)).status().code(),
            status,
            "{line} {headers:?}"
        );
    }
}
