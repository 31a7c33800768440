//! Forms, JSON, cookies and compressed pages as clients send and keep them.

use bytegate::cookie::{Cookie, SameSite};
use bytegate::middleware::Compression;
use bytegate::testing::Client;
use bytegate::{Gateway, Rejection, Request, Response, Site, Status};
use std::sync::{Arc, Mutex};

/// Responds with the name of the file in a form.
fn file_name(request: &Request<'_>) -> Result<String, Rejection> {
    let form = request.multipart()?;
    let name = form.iter().find_map(|part| part.file_name());
    Ok(name.unwrap_or("none").to_string())
}

fn form(boundary: &str, parameters: &[u8]) -> Vec<u8> {
    let start = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"f\"");
    let end = format!("\r\n\r\nhi\r\n--{boundary}--\r\n");
    [start.as_bytes(), parameters, end.as_bytes()].concat()
}

#[test]
fn odd_file_names_do_not_lose_the_form() {
    let client = Client::new(file_name);
    for (parameters, expected) in [
        (&b"; filename=\"a\\\""[..], "a\\"),
        (b"; filename=f(1).txt", "f(1).txt"),
        (b"; filename=two words.txt", "two words.txt"),
        (b"; filename=\"caf\xe9.txt\"", "caf\u{e9}.txt"),
        (
            b"; filename=\"=?utf-8?B?4oKsLnR4dA==?=\"; filename*=utf-8''%E2%82%AC.txt",
            "\u{20ac}.txt",
        ),
        (
            b"; filename*=utf-8''%E2%82%AC.txt; filename=\"x\"",
            "\u{20ac}.txt",
        ),
        (b"; filename=\"plain.txt\"; filename*=broken", "plain.txt"),
        (b"; filename=\"\"", ""),
        (b"", "none"),
    ] {
        let response = client
            .post("/")
            .header("Content-Type", "multipart/form-data; boundary=x")
            .body(form("x", parameters))
            .send();
        let sent = String::from_utf8_lossy(parameters);
        assert_eq!(
            (response.status(), response.text()),
            (Status::OK, expected),
            "{sent}"
        );
    }
}

#[test]
fn a_boundary_may_lack_its_quotes() {
    let client = Client::new(file_name);
    let boundary = "----=_Part_1_2.3";
    for content_type in [
        "multipart/form-data; boundary=----=_Part_1_2.3",
        "multipart/form-data; boundary=----=_Part_1_2.3; charset=utf-8",
        "multipart/form-data; boundary=\"----=_Part_1_2.3\"",
    ] {
        let response = client
            .post("/")
            .header("Content-Type", content_type)
            .body(form(boundary, b"; filename=\"a\""))
            .send();
        assert_eq!(response.text(), "a", "{content_type}");
    }
}

#[test]
fn json_may_begin_with_a_byte_order_mark_and_have_another_type() {
    let client = Client::new(|request: &Request<'_>| -> Result<String, Rejection> {
        let numbers: Vec<u32> = match request.path() {
            "/report" => request.json_of_type("application/csp-report")?,
            _ => request.json()?,
        };
        Ok(format!("{numbers:?}"))
    });
    let post = |path: &str, media_type: &str, body: &str| {
        let response = client
            .post(path)
            .header("Content-Type", media_type)
            .body(body.to_string());
        let response = response.send();
        (response.status(), response.text().to_string())
    };
    let fine = (Status::OK, "[1, 2]".to_string());
    assert_eq!(post("/", "application/json", "\u{feff}[1, 2]"), fine);
    assert_eq!(post("/report", "application/csp-report", "[1, 2]"), fine);
    assert_eq!(
        post(
            "/report",
            "Application/CSP-Report; charset=utf-8",
            "\u{feff}[1,2]"
        ),
        fine
    );
    assert_eq!(
        post("/report", "application/json", "[1]").0,
        Status::UNSUPPORTED_MEDIA_TYPE
    );
    assert_eq!(
        post("/", "application/csp-report", "[1]").0,
        Status::UNSUPPORTED_MEDIA_TYPE
    );
    assert_eq!(
        post("/", "application/json", "[\u{feff}1]").0,
        Status::BAD_REQUEST
    );
}

/// Returns the reports about a cookie.
fn reports(cookie: Cookie<'static>) -> Vec<String> {
    let reports = Arc::new(Mutex::new(Vec::new()));
    let kept = reports.clone();
    let gateway =
        Gateway::new(move |_: &Request<'_>| Response::text("hi").with_cookie(cookie.clone()))
            .on_error(move |error, _| kept.lock().expect("no panic").push(error.to_string()));
    let response = Client::new(gateway).get("/").send();
    assert_eq!(response.status(), Status::OK);
    assert!(response.header("Set-Cookie").is_some());
    let reports = reports.lock().expect("no panic");
    reports.clone()
}

#[test]
fn cookies_that_no_browser_keeps_are_reported() {
    let host = || Cookie::build(("__Host-a", "1"));
    for cookie in [
        host().build(),
        host().secure(true).build(),
        host().secure(true).path("/a").build(),
        host().secure(true).path("/").domain("example.com").build(),
        Cookie::new("__secure-a", "1"),
        Cookie::new("a", "x".repeat(4096)),
        Cookie::new("a", "\u{e9}".repeat(1000)),
        Cookie::build(("a", "1"))
            .path(format!("/{}", "x".repeat(1024)))
            .build(),
        Cookie::build(("a", "1"))
            .same_site(SameSite::None)
            .secure(false)
            .build(),
    ] {
        let reports = reports(cookie.clone());
        assert_eq!(reports.len(), 1, "{cookie}");
        assert!(
            reports[0].starts_with("no browser keeps the cookie \""),
            "{}",
            reports[0]
        );
    }
    for cookie in [
        host().secure(true).path("/").build(),
        Cookie::build(("__Secure-a", "1")).secure(true).build(),
        Cookie::new("a", "x".repeat(4095)),
        Cookie::build(("a", "1")).same_site(SameSite::None).build(),
        Cookie::new("a", "1"),
    ] {
        assert_eq!(reports(cookie.clone()), [""; 0], "{cookie}");
    }
}

#[test]
fn a_304_has_the_tag_and_the_vary_of_its_200() {
    let site = Site::new()
        .file("/a.png", vec![b'x'; 5000])
        .file("/small.txt", "small")
        .file("/page.html", "hello ".repeat(1000));
    let client = Client::new(Gateway::new(site).with(Compression::new()));
    for path in ["/a.png", "/small.txt", "/page.html"] {
        let get = || client.get(path).header("Accept-Encoding", "gzip");
        let whole = get().send();
        let tag = whole.header("ETag").expect("a tag");
        assert_eq!(tag.starts_with("W/"), path == "/page.html", "{path}: {tag}");
        for held in [tag.to_string(), format!("\"other\", {tag}")] {
            let current = get().header("If-None-Match", &*held).send();
            assert_eq!(current.status(), Status::NOT_MODIFIED, "{path}");
            assert_eq!(current.header("ETag"), Some(tag), "{path}");
            assert_eq!(current.header("Vary"), whole.header("Vary"), "{path}");
        }
    }
}
