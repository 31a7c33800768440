//! Rules for paths, and options that are invalid.

use super::*;

#[test]
fn pages_are_found_without_their_suffix() {
    let folder = Folder::new(&[
        ("about.html", b"about"),
        ("about/index.html", b"more"),
        ("plain", b"plain"),
        ("plain.html", b"page"),
        ("docs/\u{fc}ber uns.html", b"us"),
        ("style.css", b"a {}"),
    ]);
    for client in both(&folder, &SiteOptions::new().pretty_urls(true)) {
        for (path, text) in [
            ("/about", "about"),
            ("/about.html", "about"),
            ("/about/", "more"),
            ("/plain", "plain"),
            ("/docs/%C3%BCber%20uns", "us"),
        ] {
            assert_eq!(get(&client, path).text(), text, "{path}");
        }
        let about = get(&client, "/about");
        assert_eq!(
            about.header("Content-Type"),
            Some("text/html; charset=utf-8")
        );
        assert_eq!(get(&client, "/docs").status(), Status::NOT_FOUND);
        for path in ["/style", "/about.htm", "/docs/.html", "/docs/"] {
            assert_eq!(get(&client, path).status(), Status::NOT_FOUND, "{path}");
        }
    }
    for client in both(&folder, &SiteOptions::new()) {
        assert_eq!(get(&client, "/about").status(), Status::MOVED_PERMANENTLY);
        assert_eq!(
            get(&client, "/docs/%C3%BCber%20uns").status(),
            Status::NOT_FOUND
        );
    }
}

#[test]
fn a_single_page_application_gets_its_page_for_unknown_paths() {
    let folder = Folder::new(&[("app.html", b"app"), ("404.html", b"nothing")]);
    for client in both(&folder, &SiteOptions::new().single_page("/app.html")) {
        for path in ["/", "/users/7", "/users/ada.lovelace", "/users/"] {
            assert_eq!(get(&client, path).status(), Status::OK, "{path}");
            assert_eq!(get(&client, path).text(), "app", "{path}");
        }
        for path in ["/missing.css", "/a/b.png", "/favicon.ico"] {
            assert_eq!(get(&client, path).status(), Status::NOT_FOUND, "{path}");
            assert_eq!(get(&client, path).text(), "nothing", "{path}");
        }
        assert_eq!(
            client.post("/users/7").body("x").send().status(),
            Status::NOT_FOUND
        );
    }
    let options = SiteOptions::new().error_page(Status::NOT_FOUND, "/app.html");
    for client in both(&folder, &options) {
        let response = get(&client, "/users/7");
        assert_eq!(
            (response.status(), response.text()),
            (Status::NOT_FOUND, "app")
        );
    }
}

#[test]
fn rules_apply_by_pattern() {
    let folder = Folder::new(&[
        ("assets/app-1f3d.js", b"run()"),
        ("a.pdf", b"%PDF"),
        ("new.html", b"new"),
    ]);
    let options = SiteOptions::new()
        .cache_control("/assets/**", "public, max-age=31536000, immutable")
        .header("*.js", "X-Own", "1")
        .download("*.pdf")
        .redirect("/old/*", "/new.html?from=$1", Status::PERMANENT_REDIRECT)
        .redirect("/away/**", "https://example.com/$1", Status::FOUND)
        .rewrite("/pretty/*", "/$1.html")
        .index(["new.html"])
        .charset(false)
        .media_type("PDF", "application/x-own");
    for client in both(&folder, &options) {
        let script = get(&client, "/assets/app-1f3d.js");
        assert_eq!(
            script.header("Cache-Control"),
            Some("public, max-age=31536000, immutable")
        );
        assert_eq!(script.header("X-Own"), Some("1"));
        assert_eq!(script.header("Content-Type"), Some("text/javascript"));
        let document = get(&client, "/a.pdf");
        assert_eq!(
            document.header("Content-Disposition"),
            Some("attachment; filename=\"a.pdf\"")
        );
        assert_eq!(document.header("Content-Type"), Some("application/x-own"));
        let moved = get(&client, "/old/a b".replace(' ', "%20").as_str());
        assert_eq!(moved.status(), Status::PERMANENT_REDIRECT);
        assert_eq!(moved.header("Location"), Some("/new.html?from=a%20b"));
        assert_eq!(
            get(&client, "/away/x/y?q").header("Location"),
            Some("https://example.com/x/y?q")
        );
        assert_eq!(get(&client, "/pretty/new").text(), "new");
        assert_eq!(get(&client, "/pretty/old").status(), Status::NOT_FOUND);
        assert_eq!(get(&client, "/").text(), "new");
    }
}

/// Most rules are for other paths, which differ at their beginning or their end.
#[test]
fn many_rules_cost_a_long_path_no_more_than_a_short_one() {
    let options = (0..300).fold(SiteOptions::new(), |options, number| {
        options
            .redirect(&format!("/old-{number}/**"), "/new/$1", Status::FOUND)
            .redirect(&format!("*.old-{number}"), "/$1", Status::FOUND)
            .rewrite(&format!("/{number}-*/**/x"), "/$1")
    });
    let site = options.build().expect("valid options");
    let client = Client::new(site.file("/a", "a"));
    let fastest = |path: &str| {
        let times = (0..50).map(|_| {
            let start = std::time::Instant::now();
            assert_eq!(get(&client, path).status(), Status::NOT_FOUND);
            start.elapsed()
        });
        times.min().expect("50 times")
    };
    let (short, long) = (fastest("/aa"), fastest(&format!("/{}", "a".repeat(8000))));
    assert!(long < short * 10, "{short:?} and {long:?}");
}

#[test]
fn invalid_options_are_named() {
    let new = SiteOptions::new;
    for (options, words) in [
        (new().cache_control("", "no-store"), "pattern"),
        (new().header("/a", "X Y", "1"), "\"X Y\""),
        (
            new().header("/a", "Content-Length", "1"),
            "\"Content-Length\"",
        ),
        (new().redirect("/a", "//host", Status::FOUND), "//host"),
        (new().redirect("/a", "/b", Status::OK), "200"),
        (new().redirect("/a/*", "/$2", Status::FOUND), "$2"),
        (
            new().rewrite("/a", "https://example.com/"),
            "https://example.com/",
        ),
        (new().index(["a/b"]), "\"a/b\""),
        (new().single_page("index.html"), "\"index.html\""),
        (new().error_page(Status::NOT_FOUND, "/../x"), "\"/../x\""),
        (new().media_type(".js", "text/javascript"), "\".js\""),
        (new().media_type("js", "javascript"), "\"javascript\""),
    ] {
        let error = options.clone().build().expect_err(words).to_string();
        assert!(error.contains(words), "{error}");
        assert_eq!(
            options.load("no/such/folder").expect_err(words).to_string(),
            error
        );
    }
}
