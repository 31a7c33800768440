//! Error pages that an application chooses.

use super::*;

/// Responds to every path with one kind of error.
fn faulty() -> Router {
    let site = Site::new().file("/a.txt", "0123456789");
    Router::new()
        .get("/bare", |_: &Request<'_>| Status::FORBIDDEN)
        .get("/none", |_: &Request<'_>| None::<Response>)
        .get("/explained", |_: &Request<'_>| {
            Rejection::new(Status::CONFLICT, "it is <taken>")
        })
        .get("/asks", |_: &Request<'_>| {
            Response::from(Status::UNAUTHORIZED)
                .with_appended_header("WWW-Authenticate", "Basic realm=\"a\"")
                .with_appended_header("WWW-Authenticate", "Bearer")
        })
        .get("/busy", |_: &Request<'_>| {
            Response::from(Status::SERVICE_UNAVAILABLE).with_header("Retry-After", "7")
        })
        .get("/later", |_: &Request<'_>| {
            Response::from_future(async { Status::BAD_GATEWAY })
        })
        .get("/invalid", |_: &Request<'_>| {
            Response::text("x").with_header("a b", "c")
        })
        .get("/interim", |_: &Request<'_>| {
            Response::new(Status::CONTINUE)
        })
        .get("/own", |_: &Request<'_>| {
            Response::text("mine").with_status(Status::NOT_FOUND)
        })
        .get("/pair", |_: &Request<'_>| (Status::NOT_FOUND, "mine"))
        .get("/empty", |_: &Request<'_>| Response::new(Status::NOT_FOUND))
        .get("/fine", |_: &Request<'_>| Status::OK)
        .mount("/site", site)
}

#[test]
fn all_default_pages_take_the_form_that_the_application_chose() {
    let gateway = Gateway::new(faulty()).with(pages());
    for (method, path, headers, status, body) in [
        ("GET", "/bare", "", 403, "GET 403 Forbidden <->"),
        ("GET", "/none", "", 404, "GET 404 Not Found <->"),
        (
            "GET",
            "/explained",
            "",
            409,
            "GET 409 Conflict <it is &lt;taken&gt;>",
        ),
        ("GET", "/nowhere", "", 404, "GET 404 Not Found <->"),
        ("PUT", "/bare", "", 405, "PUT 405 Method Not Allowed <->"),
        ("TRACE", "/", "", 501, "TRACE 501 Not Implemented <->"),
        ("GET", "/later", "", 502, "GET 502 Bad Gateway <->"),
        (
            "GET",
            "/invalid",
            "",
            500,
            "GET 500 Internal Server Error <->",
        ),
        (
            "GET",
            "/interim",
            "",
            500,
            "GET 500 Internal Server Error <->",
        ),
        ("GET", "/site/b.txt", "", 404, "GET 404 Not Found <->"),
        (
            "DELETE",
            "/site/a.txt",
            "",
            405,
            "DELETE 405 Method Not Allowed <->",
        ),
        (
            "GET",
            "/site/a.txt",
            "If-Match: \"b\"\r\n",
            412,
            "GET 412 Precondition Failed <->",
        ),
        (
            "GET",
            "/site/a.txt",
            "Range: bytes=20-\r\n",
            416,
            "GET 416 Range Not Satisfiable <->",
        ),
        (
            "GET",
            "/bare",
            "Host: y\r\n",
            400,
            "GET 400 Bad Request <a request must not have more than one Host header (RFC 9112 section 3.2)>",
        ),
        (
            "POST",
            "/bare",
            "Expect: 100-continue\r\nContent-Length: 5\r\n",
            405,
            "POST 405 Method Not Allowed <->",
        ),
    ] {
        let response = response_of(&gateway, &request(method, path, headers));
        assert_eq!(
            (response.status().code(), response.text()),
            (status, body),
            "{method} {path}"
        );
        let media_type = response.header("content-type");
        assert_eq!(media_type, Some("text/html; charset=utf-8"));
    }
    let unknown = response_of(&gateway, b"?\r\n\r\n");
    assert!(
        unknown.text().starts_with("? 400 Bad Request <"),
        "{unknown:?}"
    );
}

#[test]
fn an_error_page_keeps_the_headers_of_the_response() {
    let gateway = Gateway::new(faulty())
        .with(
            SetHeaders::new()
                .header("X-Inner", "1")
                .header("X-Page", "1"),
        )
        .with(ErrorPages::new(|_| {
            Response::text("page").with_header("X-Page", "2")
        }))
        .with(SetHeaders::new().header("X-Outer", "1"));
    let asks = response_of(&gateway, &request("GET", "/asks", ""));
    assert_eq!(asks.headers().get_all("www-authenticate").count(), 2);
    for (method, path, headers, name, value) in [
        ("PUT", "/bare", "", "allow", "GET, HEAD, OPTIONS"),
        ("PUT", "/site/a.txt", "", "allow", "GET, HEAD, OPTIONS"),
        ("GET", "/busy", "", "retry-after", "7"),
        ("GET", "/asks", "", "www-authenticate", "Basic realm=\"a\""),
        (
            "GET",
            "/site/a.txt",
            "Range: bytes=20-\r\n",
            "content-range",
            "bytes */10",
        ),
        ("GET", "/bare", "", "x-inner", "1"),
        ("GET", "/bare", "", "x-page", "2"),
        ("GET", "/bare", "", "x-outer", "1"),
        ("GET", "/invalid", "", "x-outer", "1"),
        ("GET", "/interim", "", "x-outer", "1"),
    ] {
        let response = response_of(&gateway, &request(method, path, headers));
        assert_eq!(response.header(name), Some(value), "{method} {path}");
        assert_eq!(response.text(), "page");
    }
}

#[test]
fn a_response_with_its_own_body_is_left_alone() {
    let gateway = Gateway::new(faulty()).with(pages());
    for (path, status, body) in [
        ("/own", 404, "mine"),
        ("/pair", 404, "mine"),
        ("/empty", 404, ""),
        ("/fine", 200, "200 OK\n"),
        ("/site/a.txt", 200, "0123456789"),
    ] {
        let response = response_of(&gateway, &request("GET", path, ""));
        assert_eq!(
            (response.status().code(), response.text()),
            (status, body),
            "{path}"
        );
    }
    let own_404 = Site::new().file("/404.html", "not here");
    let gateway = Gateway::new(own_404).with(pages());
    assert_eq!(response_of(&gateway, GET).text(), "not here");
}

#[test]
fn the_page_for_refused_input_can_name_the_error_but_not_change_the_status() {
    let pages = ErrorPages::new(|error| {
        let name = error.protocol_error.map_or("none", ProtocolError::name);
        let line = error.request.line.escape_ascii();
        Response::html(format!("<h1>{name}</h1> {line}")).with_status(Status::OK)
    });
    let gateway = Gateway::new(faulty()).with(pages);
    for (input, status, page) in [
        (
            &b"GET /a@ HTTP/3.0\r\n\r\n"[..],
            505,
            "<h1>VersionUnsupported</h1> GET /a@ HTTP/3",
        ),
        (
            b"GET /bare HTTP/1.1\r\nHost: x\r\n\r\n",
            403,
            "<h1>none</h1> GET /bare HTTP/1.1",
        ),
        (
            b"GET /invalid HTTP/1.1\r\nHost: x\r\n\r\n",
            500,
            "<h1>none</h1> GET /invalid HTTP/1.1",
        ),
    ] {
        let output = gateway.handle(input);
        let response = support::read_one(&output);
        assert_eq!((response.status().code(), response.text()), (status, page));
        assert_eq!(response.closes(), status == 505);
    }
}

#[test]
fn error_pages_see_the_responses_of_other_middleware_and_a_log_sees_the_pages() {
    struct Closed;
    impl bytegate::Middleware for Closed {
        fn before(&self, request: &mut bytegate::middleware::RequestParts<'_>) -> Option<Response> {
            (request.head.path() == "/closed").then(|| Status::SERVICE_UNAVAILABLE.into())
        }
    }
    let log = Arc::new(Mutex::new(String::new()));
    let lines = log.clone();
    let gateway = Gateway::new(faulty())
        .with(pages())
        .with(Closed)
        .with(AccessLog::to(move |line| {
            lines.lock().expect("a log").push_str(line)
        }));
    let closed = response_of(&gateway, &request("GET", "/closed", ""));
    let invalid = response_of(&gateway, &request("GET", "/invalid", ""));
    assert_eq!(closed.text(), "GET 503 Service Unavailable <->");
    let expected =
        [("/closed", 503, closed), ("/invalid", 500, invalid)].map(|(path, status, response)| {
            let length = response.body().len();
            format!("- - - [-] \"GET {path} HTTP/1.1\" {status} {length}\n")
        });
    assert_eq!(*log.lock().expect("a log"), expected.concat());
}

#[test]
fn an_error_page_for_head_has_a_length_but_no_body() {
    let gateway = Gateway::new(faulty()).with(pages());
    for path in ["/bare", "/invalid"] {
        let get = response_of(&gateway, &request("GET", path, ""));
        let head = response_of(&gateway, &request("HEAD", path, ""));
        assert!(head.body().is_empty());
        let length = (get.body().len() + "HEAD".len() - "GET".len()).to_string();
        assert_eq!(head.header("content-length"), Some(&*length));
    }
}

#[test]
fn a_panic_gets_an_error_page_and_closes_the_connection() {
    let gateway = Gateway::new(|_: &Request<'_>| -> Response {
        std::panic::resume_unwind(Box::new("deliberate"));
    })
    .with(pages());
    let mut session = gateway.session(ConnectionInfo::default()).catch_panics();
    let mut input = GET;
    assert!(matches!(
        session.turn(&mut input, Now::default()),
        Wait::Write { .. }
    ));
    let output = session.take_output();
    let response = support::read_one(&output);
    assert_eq!(response.text(), "GET 500 Internal Server Error <->");
    assert!(response.closes());
}

#[test]
fn an_error_page_that_cannot_be_sent_is_a_plain_500_with_a_reason() {
    let errors = Arc::new(Mutex::new(Vec::new()));
    let gateway = |page: fn() -> Response| {
        let told = errors.clone();
        Gateway::new(faulty())
            .with(ErrorPages::new(move |_| page()))
            .on_error(move |error: &ResponseError, _| {
                told.lock().expect("a list").push(error.to_string());
            })
    };
    let invalid = gateway(|| Response::text("x").with_header("c d", "e"));
    let later = gateway(|| Response::from_future(async { "x" }));
    for (gateway, path) in [
        (&invalid, "/bare"),
        (&invalid, "/invalid"),
        (&later, "/bare"),
    ] {
        let response = response_of(gateway, &request("GET", path, ""));
        assert_eq!(
            (response.status().code(), response.text()),
            (500, "500 Internal Server Error\n")
        );
    }
    let name = |name: &str| {
        format!("header {name:?}: a header name must be a token (RFC 9110 section 5.1)")
    };
    assert_eq!(
        *errors.lock().expect("a list"),
        [name("c d"), name("a b"), ResponseError::Pending.to_string()]
    );
}

#[test]
fn an_api_responds_to_all_errors_with_problem_details() {
    let gateway = Gateway::new(faulty()).with(ErrorPages::problem_details());
    for (input, body) in [
        (
            request("GET", "/nowhere", ""),
            r#"{"status":404,"title":"Not Found"}"#,
        ),
        (
            request("GET", "/explained", ""),
            r#"{"status":409,"title":"Conflict","detail":"it is <taken>"}"#,
        ),
        (
            b"GET / HTTP/1.1\r\n\r\n".to_vec(),
            r#"{"status":400,"title":"Bad Request","detail":"an HTTP/1.1 request must have a Host header (RFC 9112 section 3.2)"}"#,
        ),
    ] {
        let response = response_of(&gateway, &input);
        assert_eq!(response.text(), body);
        let media_type = response.header("content-type");
        assert_eq!(media_type, Some("application/problem+json"));
    }
}

#[test]
fn a_refused_upload_gets_an_error_page() {
    struct Small;
    impl Application for Small {
        fn call(&self, _: &Request<'_>) -> Response {
            Response::text("small")
        }

        fn admit(&self, _: &Request<'_>) -> Admission {
            Admission::buffer().up_to(3)
        }
    }
    let gateway = Gateway::new(Small).with(pages());
    let response = response_of(&gateway, &request("POST", "/", "Content-Length: 4\r\n"));
    assert_eq!(response.status(), 413);
    assert!(
        response
            .text()
            .starts_with("POST 413 Content Too Large <the body is larger")
    );
}
