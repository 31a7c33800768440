//! Bodies that are compressed.

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
    let gateway = Gateway::new(|_: &Request<'_>| Response::html(long())).with(Compression::new());
    for (headers, is_compressed) in [
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
        let response = ask(&gateway, &get(headers));
        if is_compressed {
            assert_eq!(unpacked(&response), long(), "{headers:?}")
        } else {
            assert_eq!(response.body(), long().into_bytes(), "{headers:?}")
        }
        assert_eq!(
            response.header("vary"),
            Some("Accept-Encoding"),
            "{headers:?}"
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
    for headers in [&[GZIP][..], &[]] {
        let head = ask(&gateway, &request("HEAD /", headers));
        let get = ask(&gateway, &get(headers));
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
    let body = noise.clone();
    let application = move |_: &Request<'_>| Response::of_type("text/plain", body.clone());
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
