//! Pages of other origins that read responses.

use super::*;

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
        (
            || Cors::origins([RABBIT]).allow_credentials(),
            RABBIT,
            true,
            true,
        ),
        (rabbit, "http://localhost:8080", true, false),
        (rabbit, "http://localhost", false, false),
        (rabbit, "http://rabbit.invalid", false, false),
        (rabbit, "https://rabbit.invalid.example", false, false),
        (rabbit, "null", false, false),
        (matching, RABBIT, true, false),
        (matching, "null", false, false),
    ] {
        let gateway = Gateway::new(EveryWay).with(make());
        let origin_header = format!("Origin: {origin}");
        for line in ["GET /now", "GET /none", "POST /now", "GET /panic"] {
            let response = ask(&gateway, &request(line, &[&origin_header]));
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
            &[&origin_header, "Access-Control-Request-Method: PUT"],
        );
        let response = ask(&gateway, &preflight);
        assert_eq!(is_readable(false, origin, &response), without, "{origin}");
        assert_eq!(is_readable(true, origin, &response), with, "{origin}");
    }
}

#[test]
fn a_preflight_request_gets_its_response_without_the_application() {
    let cors = || {
        Cors::origins([RABBIT])
            .allow_methods([Method::PUT, Method::DELETE])
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
    for headers in [&[origin][..], &[asks], &[]] {
        let response = ask(&gateway, &request("OPTIONS /a", headers));
        assert_eq!(response.body(), b"called with OPTIONS", "{headers:?}");
    }
    let response = ask(&gateway, &request("GET /a", &[origin, asks]));
    assert_eq!(response.body(), b"called with GET");
    let exposed = response.header("access-control-expose-headers");
    assert_eq!(exposed, Some("X-Total, ETag"));
}

#[test]
fn vary_names_the_origin_unless_any_origin_is_allowed() {
    let application = |_: &Request<'_>| Response::text("").with_header("Vary", "Cookie");
    let vary = |cors: Cors, headers: &[&str]| {
        let response = ask(&Gateway::new(application).with(cors), &get(headers));
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
    let gateway = Gateway::new(application).with(Cors::origins([RABBIT]).allow_credentials());
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
    let _ = Cors::any().allow_credentials();
}

#[test]
#[should_panic(expected = "\"https://rabbit.invalid/\" is not an origin as browsers send it")]
fn an_origin_that_never_matches_is_refused_when_it_is_built() {
    let _ = Cors::origins(["https://rabbit.invalid/"]);
}
