//! Applications that people host: Flask, Django, httpbin and Werkzeug's own, in a virtual environment that CI makes.
//!
//! ```console
//! $ python3 -m venv target/python && target/python/bin/pip install flask 'django<6' httpbin
//! ```

use super::*;
use bytegate::testing::FormPart;
use std::path::PathBuf;

/// Returns the interpreter of the virtual environment, if it has a module.
fn interpreter(module: &str) -> Option<PathBuf> {
    let environment = std::env::var_os("BYTEGATE_TEST_VENV").unwrap_or("target/python".into());
    let path = Path::new(&environment).join("bin/python");
    let import = format!("import {module}");
    let status = std::process::Command::new(&path)
        .args(["-c", &import])
        .output();
    if status.is_ok_and(|output| output.status.success()) {
        return std::path::absolute(path).ok();
    }
    eprintln!("skipped: {} has no {module}", path.display());
    None
}

fn start(application: &str, module: &str) -> Option<(Turn, Workers)> {
    let python = Python::new(application)
        .folder("fixtures/python")
        .interpreter(interpreter(module)?);
    let database = std::env::temp_dir().join(format!("bytegate-{}.sqlite3", std::process::id()));
    let python = python.env("DATABASE", database);
    let turn = Turn::shared();
    Some((turn, super::start(python)))
}

fn lines() -> String {
    (0..1000).map(|number| format!("line {number}\n")).collect()
}

#[test]
fn flask() {
    let Some((_turn, shop)) = start("flask_shop", "flask") else {
        return;
    };
    let client = Client::new(shop);
    assert_eq!(client.get("/").text(), "hello stranger");
    let wrong = client
        .post("/login")
        .form(&[("name", "Ada"), ("password", "no")]);
    assert_eq!(wrong.status(), 403);
    let right = client
        .post("/login")
        .form(&[("name", "Ada"), ("password", "secret")]);
    assert_eq!(right.status(), 302);
    assert_eq!(client.get("/").text(), "hello Ada");
    let body = "x".repeat(3_000_000);
    let part = FormPart::file("file", "sea.png", "image/png", body);
    let shown = client.post("/upload").multipart(&[part]).text();
    assert!(
        shown.contains("\"bytes\":3000000") && shown.contains("\"name\":\"sea.png\""),
        "{shown}"
    );
    assert_eq!(client.get("/stream").text(), lines());
    assert_eq!(client.get("/error").status(), 500);
    assert_eq!(client.get("/nowhere").status(), 404);
    let chunked = b"POST /data HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    assert!(client.send_bytes(chunked).ends_with(b"\r\n\r\nhello"));
}

/// Returns the value of a hidden field of a form.
fn hidden<'t>(page: &'t str, name: &str) -> &'t str {
    let field = format!("name=\"{name}\" value=\"");
    let (_, rest) = page
        .split_once(&field)
        .unwrap_or_else(|| panic!("no {name} in {page}"));
    rest.split('"').next().unwrap()
}

#[test]
fn django() {
    let Some((_turn, site)) = start("django_site", "django") else {
        return;
    };
    let client = Client::new(site);
    let login = client.get("/admin/login/?next=/admin/").send();
    assert_eq!(login.status(), 200);
    let page = login.text().to_string();
    let token = hidden(&page, "csrfmiddlewaretoken");
    let form = [
        ("csrfmiddlewaretoken", token),
        ("username", "ada"),
        ("password", "secret"),
        ("next", "/admin/"),
    ];
    let response = client.post("/admin/login/").form(&form).send();
    assert_eq!(response.status(), 302, "{}", response.text());
    assert!(client.get("/admin/").text().contains("Site administration"));
    let body = "0123456789".repeat(5 << 20);
    let part = FormPart::file("file", "large.bin", "application/octet-stream", body);
    let shown = client.post("/upload").multipart(&[part]).text();
    assert!(shown.contains("\"bytes\": 52428800"), "{shown}");
    assert_eq!(client.get("/stream").text(), lines());
    let source = std::fs::read_to_string("fixtures/python/django_site.py").unwrap();
    assert_eq!(client.get("/file").text(), source);
    let chunked = b"POST /body HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    assert!(client.send_bytes(chunked).ends_with(b"\r\n\r\nhello"));
}

#[test]
fn werkzeug() {
    let Some((_turn, test)) = start("werkzeug.testapp:test_app", "werkzeug") else {
        return;
    };
    let response = Client::new(test).get("/").send();
    assert_eq!(response.status(), 200);
    assert!(response.text().contains("WSGI Information"));
}

#[test]
fn httpbin() {
    let Some((_turn, httpbin)) = start("httpbin:app", "httpbin") else {
        return;
    };
    let server = Server::start(httpbin.clone());
    let client = Client::new(httpbin).peer(server.address());
    for (method, target, status, words) in [
        ("GET", "/get?a=1", 200, "\"a\":\"1\""),
        ("POST", "/post", 200, "\"data\":\"body\""),
        ("PUT", "/put", 200, "\"data\":\"body\""),
        ("PATCH", "/patch", 200, "\"data\":\"body\""),
        ("DELETE", "/delete", 200, "\"data\":\"body\""),
        ("GET", "/ip", 200, "origin"),
        ("GET", "/user-agent", 200, "user-agent"),
        ("GET", "/headers", 200, "\"Host\":\"localhost\""),
        ("GET", "/uuid", 200, "uuid"),
        ("GET", "/json", 200, "slideshow"),
        ("GET", "/html", 200, "Moby-Dick"),
        ("GET", "/xml", 200, "slideshow"),
        ("GET", "/robots.txt", 200, "Disallow"),
        ("GET", "/deny", 200, ""),
        ("GET", "/encoding/utf8", 200, "Unicode Demo"),
        ("GET", "/cookies", 200, "cookies"),
        ("GET", "/cookies/set/a/b", 302, ""),
        ("GET", "/redirect/1", 302, ""),
        ("GET", "/absolute-redirect/1", 302, ""),
        ("GET", "/relative-redirect/1", 302, ""),
        ("GET", "/redirect-to?url=/get", 302, ""),
        ("GET", "/status/404", 404, ""),
        ("GET", "/status/204", 204, ""),
        ("GET", "/status/304", 304, ""),
        ("GET", "/status/418", 418, "teapot"),
        ("GET", "/basic-auth/a/b", 401, ""),
        ("GET", "/hidden-basic-auth/a/b", 404, ""),
        ("GET", "/bearer", 401, ""),
        ("GET", "/digest-auth/auth/a/b", 401, ""),
        ("GET", "/cache", 200, ""),
        ("GET", "/cache/60", 200, ""),
        ("GET", "/etag/x", 200, ""),
        ("GET", "/response-headers?X-A=b", 200, "X-A"),
        ("GET", "/anything/a", 200, "anything"),
        ("GET", "/base64/aGVsbG8=", 200, "hello"),
        ("GET", "/bytes/100", 200, ""),
        ("GET", "/range/100", 200, "abc"),
        ("GET", "/links/3/0", 200, "href"),
        ("GET", "/image/png", 200, ""),
        ("GET", "/image/jpeg", 200, ""),
        ("GET", "/image/svg", 200, "svg"),
        ("GET", "/forms/post", 200, "form"),
        ("GET", "/delay/1", 200, ""),
        ("GET", "/drip?duration=0.2&numbytes=5&delay=0", 200, "*****"),
        ("GET", "/stream/3", 200, "\"id\":2"),
        ("GET", "/stream-bytes/100?chunk_size=10", 200, ""),
        ("HEAD", "/get", 200, ""),
        ("OPTIONS", "/get", 200, ""),
    ] {
        let request = client.request(method, target);
        let request = match method {
            "POST" | "PUT" | "PATCH" | "DELETE" => request.content_type("text/plain").body("body"),
            _ => request,
        };
        let response = request.send();
        assert_eq!(response.status().code(), status, "{method} {target}");
        // Versions of Flask write JSON differently.
        let text = String::from_utf8_lossy(response.body()).replace("\": ", "\":");
        assert!(text.contains(words), "{method} {target}: {text}");
        assert!(Method::HEAD.as_str() != method || text.is_empty());
    }
    for target in ["/gzip", "/deflate", "/brotli"] {
        let status = client
            .get(target)
            .header("Accept-Encoding", "gzip, deflate, br")
            .status();
        assert!(status == 200 || target == "/brotli", "{target}: {status}");
    }
}
