//! Sites below a prefix, single-page applications and pages without a suffix.

use bytegate::site::SiteOptions;
use bytegate::testing::Client;
use bytegate::{Router, Site, Status};

fn location(client: &Client, path: &str) -> (Status, Option<String>) {
    let response = client.get(path).send();
    (
        response.status(),
        response.header("Location").map(str::to_string),
    )
}

#[test]
fn redirects_to_directories_are_relative_and_name_no_host_and_no_scheme() {
    let site = || {
        Site::new()
            .file("/d/index.html", "d")
            .file("/a/b c/index.html", "deep")
            .file("/a:b/index.html", "colon")
    };
    let client = Client::new(site());
    for (path, expected) in [
        ("/d", "d/"),
        ("/d?q=/x", "d/?q=/x"),
        ("/a/b%20c", "b%20c/"),
        ("/a:b", "./a:b/"),
    ] {
        let expected = Some(expected.to_string());
        assert_eq!(
            location(&client, path),
            (Status::MOVED_PERMANENTLY, expected),
            "{path}"
        );
        let followed = client.get(path).follow_redirects().send();
        assert_eq!(followed.status(), Status::OK, "{path}");
    }
    let mounted = Client::new(Router::new().mount("/sub", site()));
    assert_eq!(location(&mounted, "/sub/d").1.as_deref(), Some("d/"));
    let followed = mounted.get("/sub/d").follow_redirects().send();
    assert_eq!(followed.text(), "d");
}

#[test]
fn a_single_page_application_responds_by_what_the_request_is_for() {
    let options = SiteOptions::new().single_page("/index.html");
    let site = options.build().expect("a site").file("/index.html", "app");
    let client = Client::new(site);
    const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    for (path, name, value, is_page) in [
        ("/users/ada@example.com", "Accept", BROWSER, true),
        ("/users/ada@example.net", "Accept", BROWSER, true),
        ("/v1.2.js/notes", "Accept", "TEXT/HTML;q=0.5", true),
        ("/users/ada@example.com", "Sec-Fetch-Mode", "navigate", true),
        ("/users/7", "Sec-Fetch-Mode", "cors", false),
        ("/users/7", "Accept", "application/json", false),
        ("/missing.css", "Accept", "text/css,*/*;q=0.1", false),
        ("/x.js", "Accept", "*/*", false),
        ("/x.js", "Sec-Fetch-Mode", "no-cors", false),
        ("/x.png", "Accept", "image/avif,image/webp,*/*;q=0.8", false),
        ("/users/7", "Accept", "*/*", true),
        ("/users/7", "X-Other", "none", true),
        ("/missing.css", "X-Other", "none", false),
        ("/x.js", "X-Other", "none", false),
    ] {
        let response = client.get(path).header(name, value).send();
        let expected = if is_page {
            Status::OK
        } else {
            Status::NOT_FOUND
        };
        assert_eq!(response.status(), expected, "{path} {name}: {value}");
        assert_eq!(
            response.header("Vary"),
            Some("Accept, Sec-Fetch-Mode"),
            "{path}"
        );
    }
    let posted = client
        .post("/users/7")
        .header("Accept", BROWSER)
        .body("x")
        .send();
    assert_eq!(posted.status(), Status::NOT_FOUND);
}

#[test]
fn a_page_without_a_suffix_is_found_with_a_slash_after_it() {
    let options = SiteOptions::new().pretty_urls(true);
    let site = options
        .build()
        .expect("a site")
        .file("/about.html", "about")
        .file("/docs/a.html", "a")
        .file("/both.html", "page")
        .file("/both/index.html", "directory");
    let client = Client::new(site);
    for (path, expected) in [("/about/?q", "../about?q"), ("/docs/a/", "../a")] {
        let expected = Some(expected.to_string());
        assert_eq!(
            location(&client, path),
            (Status::MOVED_PERMANENTLY, expected),
            "{path}"
        );
        let followed = client.get(path).follow_redirects().send();
        assert_eq!(followed.status(), Status::OK, "{path}");
    }
    assert_eq!(client.get("/both/").send().text(), "directory");
    assert_eq!(client.get("/both").send().text(), "page");
    for path in ["/", "/missing/", "/about//", "/about.html/"] {
        assert_eq!(
            client.get(path).send().status(),
            Status::NOT_FOUND,
            "{path}"
        );
    }
    let posted = client.post("/about/").body("x").send();
    assert_eq!(posted.status(), Status::METHOD_NOT_ALLOWED);
}

#[test]
fn redirects_without_an_end_are_an_error() {
    let moved = Status::MOVED_PERMANENTLY;
    let error = |rules: &[(&str, &str)]| {
        let options = rules
            .iter()
            .fold(SiteOptions::new(), |options, (pattern, target)| {
                options.redirect(pattern, target, moved)
            });
        options.build().err().map(|error| error.to_string())
    };
    for rules in [
        &[("/loop", "/loop")][..],
        &[("/loop", "/loop?again#here")],
        &[("/a/*", "/a/$1")],
        &[("/**", "/app/$1")],
        &[("/a", "/b"), ("/b", "/c"), ("/c", "/a")],
        &[("*.html", "/pages/$1.html")],
    ] {
        let text = error(rules).expect("an error");
        assert!(
            text.contains("would be redirected for ever"),
            "{rules:?}: {text}"
        );
    }
    for rules in [
        &[("/a", "/b"), ("/b", "/c")][..],
        &[("/start", "/old/old/old/end"), ("/old/**", "/$1")],
        &[("/blog/*", "/posts/$1")],
        &[("/loop", "https://example.com/loop")],
    ] {
        assert_eq!(error(rules), None, "{rules:?}");
    }
}

#[test]
fn a_file_that_is_only_there_in_a_compressed_form_is_sent_to_clients_that_accept_it() {
    let options = SiteOptions::new()
        .precompressed(true)
        .header("**/*.css", "X-Rule", "css")
        .header("**/*.gz", "X-Rule", "gz")
        .cache_control("**/*.css", "max-age=60")
        .download("**/*.gz");
    let site = options
        .build()
        .expect("a site")
        .file("/app.css.gz", &b"gzip"[..])
        .file("/both.js.gz", &b"gzip"[..])
        .file("/both.js.br", &b"brotli"[..]);
    let client = Client::new(site);
    let get =
        |path: &str, accepted: &str| client.get(path).header("Accept-Encoding", accepted).send();
    let response = get("/app.css", "gzip, br");
    assert_eq!(
        (response.status(), response.body()),
        (Status::OK, &b"gzip"[..])
    );
    assert_eq!(response.header("Content-Encoding"), Some("gzip"));
    assert_eq!(
        response.header("Content-Type"),
        Some("text/css; charset=utf-8")
    );
    assert_eq!(response.header("Vary"), Some("Accept-Encoding"));
    assert_eq!(response.header("X-Rule"), Some("css"));
    assert_eq!(response.header("Cache-Control"), Some("max-age=60"));
    assert_eq!(response.header("Content-Disposition"), None);
    let tag = response.header("ETag").expect("a tag").to_string();
    let current = client
        .get("/app.css")
        .header("Accept-Encoding", "gzip")
        .header("If-None-Match", &*tag)
        .send();
    assert_eq!(current.status(), Status::NOT_MODIFIED);
    assert_eq!(current.header("Content-Encoding"), None);
    assert_eq!(current.header("Vary"), Some("Accept-Encoding"));
    assert_eq!(current.header("Cache-Control"), Some("max-age=60"));
    assert_eq!(get("/both.js", "br").body(), b"brotli");
    assert_eq!(get("/both.js", "gzip").body(), b"gzip");
    for (path, accepted) in [
        ("/app.css", "br"),
        ("/app.css", "gzip;q=0"),
        ("/app.css", "identity"),
        ("/app.css/", "gzip"),
        ("/other.css", "gzip"),
    ] {
        assert_eq!(
            get(path, accepted).status(),
            Status::NOT_FOUND,
            "{path} {accepted}"
        );
    }
    let file = get("/app.css.gz", "gzip");
    assert_eq!(file.header("Content-Encoding"), None);
    assert_eq!(file.header("Content-Type"), Some("application/gzip"));
    assert_eq!(file.header("X-Rule"), Some("gz"));
    let posted = client
        .post("/app.css")
        .header("Accept-Encoding", "gzip")
        .send();
    assert_eq!(posted.status(), Status::NOT_FOUND);
}
