//! Bodies that the client has.

use super::*;

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
    for (headers, status) in [
        (&[][..], 200),
        (&["If-None-Match: \"v1\""], 304),
        (&["If-None-Match: \"v2\""], 200),
        (&[same], 304),
        (&["If-None-Match: \"v2\"", same], 200),
        (&["If-Match: \"v1\""], 200),
    ] {
        let response = ask(&gateway, &get(headers));
        assert_eq!(response.status().code(), status, "{headers:?}");
        assert_eq!(response.header("etag"), Some("\"v1\""), "{headers:?}");
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
    for headers in [
        &[][..],
        &[&*format!("If-None-Match: {tag}")],
        &[&*format!("If-Match: {tag}")],
        &["If-Match: \"x\""],
        &["Range: bytes=0-3"],
    ] {
        assert_eq!(
            ask(&plain, &get(headers)).raw(),
            ask(&wrapped, &get(headers)).raw(),
            "{headers:?}"
        );
    }
}
