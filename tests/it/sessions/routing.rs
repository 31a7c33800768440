//! Routes and mounts in a session.

use super::*;

#[test]
fn a_mounted_application_sees_its_own_part_of_the_path() {
    let show = |request: &Request<'_>| {
        let (script, rest) = (request.script_name(), request.path_info().unwrap_or("none"));
        format!("{script:?} {rest:?} {:?}", request.path())
    };
    let inner = Router::new().mount("/b", show).fallback(show);
    let gateway = Gateway::new(Router::new().mount("/a", inner).get("/a/exact", show));
    let get = |path: &str| {
        let output = gateway.handle(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes());
        let response = support::read_one(&output);
        response.text().to_string()
    };
    assert_eq!(get("/a"), r#""/a" "" "/a""#);
    assert_eq!(get("/a/c%20d"), r#""/a" "/c d" "/a/c%20d""#);
    assert_eq!(get("/%61/b/c"), r#""/a/b" "/c" "/%61/b/c""#);
    assert_eq!(get("/a/bc"), r#""/a" "/bc" "/a/bc""#);
    assert_eq!(get("/a/exact"), r#""" "/a/exact" "/a/exact""#);
    assert_eq!(get("/ab"), "404 Not Found\n");
}

#[test]
fn routes_have_parameters_and_methods() {
    let show = |request: &Request<'_>| {
        let param = |name| request.param(name).unwrap_or("-");
        format!("{} {} {}", request.method(), param("id"), param("rest"))
    };
    let router = Router::new()
        .get("/users/{id}", show)
        .get("/users/me", |_: &Request<'_>| "me")
        .post("/users/{id}", show)
        .route(
            "PURGE".parse::<Method>().expect("a token"),
            "/users/{id}",
            show,
        )
        .get("/files/{*rest}", show);
    let gateway = Gateway::new(router);
    let ask = |method: &str, path: &str| {
        let request = format!("{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n");
        let output = gateway.handle(request.as_bytes());
        support::read_response(request.as_bytes(), &output)
    };
    assert_eq!(ask("GET", "/users/7%20a").body(), b"GET 7 a -");
    assert_eq!(ask("GET", "/users/me").body(), b"me");
    assert_eq!(ask("POST", "/users/me").body(), b"POST me -");
    assert_eq!(ask("PURGE", "/users/7").body(), b"PURGE 7 -");
    assert_eq!(ask("HEAD", "/users/7").header("content-length"), Some("8"));
    assert_eq!(ask("GET", "/files/a/b").body(), b"GET - a/b");
    let refused = ask("DELETE", "/users/7");
    assert_eq!(refused.status(), 405);
    let allow = Some("GET, HEAD, POST, OPTIONS, PURGE");
    assert_eq!(refused.header("allow"), allow);
    assert_eq!(ask("OPTIONS", "/users/7").status(), 204);
    assert_eq!(ask("GET", "/users").status(), 404);
}

#[test]
fn a_request_can_be_built_for_a_test() {
    let request = Request::builder("POST", "/a%20b?c=d")
        .header("X-A", "1")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body("e=f")
        .extension(7_u32)
        .build()
        .expect("a request");
    assert_eq!(
        (request.head().path(), &request.body()[..]),
        ("/a%20b", &b"e=f"[..])
    );
    {
        let request = request.clone();
        let request = &request.view();
        assert_eq!(request.decoded_path(), Some("/a b"));
        assert_eq!(request.head().decoded_path().as_deref(), Some("/a b"));
        assert_eq!(request.headers().get("host"), Some("localhost"));
        assert_eq!(request.headers().get("content-length"), Some("3"));
        assert_eq!(request.extensions().get::<u32>(), Some(&7));
        assert_eq!(
            request.form().expect("a form").get("e").as_deref(),
            Some("f")
        );
    }
    for (builder, error) in [
        (
            Request::builder("G T", "/"),
            ProtocolError::VersionMalformed,
        ),
        (
            Request::builder("GET", "nowhere"),
            ProtocolError::TargetForm,
        ),
        (
            Request::builder("GET", "/").header("Host", "a b"),
            ProtocolError::HostMalformed,
        ),
        (
            Request::builder("GET", "/").header("A", "b\r\n\r\nGET / HTTP/1.1"),
            ProtocolError::HeaderValueByte,
        ),
    ] {
        assert_eq!(builder.build().expect_err("a fault").error, error);
    }
}

#[test]
fn the_response_timeout_comes_from_the_config_of_the_gateway() {
    let mut timeouts = Timeouts::default();
    timeouts.response = seconds(1);
    let mut config = Config::default();
    config.timeouts = timeouts;
    let promise = Promise::default();
    let mut wire = Wire::of(Gateway::new(promise.application()).config(config));
    assert_eq!(wire.send(SLOW), Wait::Pending { until: seconds(1) });
}
