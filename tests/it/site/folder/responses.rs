//! Responses with rules, errors and methods.

use super::*;

#[test]
fn a_rewrite_to_a_folder_serves_its_index_and_never_redirects_to_another_host() {
    let folder = Folder::new(&[("manual/index.html", b"manual"), ("empty/a.txt", b"a")]);
    let options = SiteOptions::new()
        .listing(true)
        .rewrite("docs", "/manual")
        .rewrite("/slash", "/manual/")
        .rewrite("/list", "/empty");
    for client in both(&folder, &options) {
        for path in ["/docs", "/a/docs", "/slash"] {
            assert_eq!(get(&client, path).text(), "manual", "{path}");
        }
        let other = get(&client, "//example.com/docs");
        assert_eq!((other.header("Location"), other.text()), (None, "manual"));
        // Otherwise the links in a list would lead elsewhere.
        assert_eq!(get(&client, "/list").status(), Status::NOT_FOUND);
        assert_eq!(get(&client, "/manual").header("Location"), Some("manual/"));
    }
}

#[test]
fn file_errors_are_not_cacheable_and_have_pages() {
    let folder = Folder::new(&[
        ("a.js", b"run()"),
        ("416.html", b"<h1>no such part</h1>"),
        ("404.html", b"<h1>not here</h1>"),
    ]);
    let options = SiteOptions::new()
        .cache_control("**", "max-age=31536000, immutable")
        .header("**", "Expires", "Thu, 01 Jan 2099 00:00:00 GMT")
        .header("**", "Cross-Origin-Opener-Policy", "same-origin")
        .error_page(Status::RANGE_NOT_SATISFIABLE, "/416.html");
    for client in both(&folder, &options) {
        let whole = get(&client, "/a.js");
        let tag = whole.header("ETag").expect("a tag").to_string();
        let range = client.get("/a.js").header("Range", "bytes=9-").send();
        assert_eq!(range.status(), Status::RANGE_NOT_SATISFIABLE);
        assert_eq!(range.text(), "<h1>no such part</h1>");
        assert_eq!(
            range.header("Content-Type"),
            Some("text/html; charset=utf-8")
        );
        assert_eq!(range.header("Content-Range"), Some("bytes */5"));
        assert_eq!(range.header("ETag"), Some(&*tag));
        let failed = client.get("/a.js").header("If-Match", "\"x\"").send();
        assert_eq!(failed.status(), Status::PRECONDITION_FAILED);
        assert_eq!(failed.text(), "412 Precondition Failed\n");
        let missing = get(&client, "/missing");
        assert_eq!(missing.text(), "<h1>not here</h1>");
        for name in ["ETag", "Last-Modified"] {
            assert_eq!(missing.header(name), None);
        }
        for error in [&range, &failed, &missing] {
            assert_eq!(error.header("Cache-Control"), None);
            assert_eq!(error.header("Expires"), None);
            let policy = error.header("Cross-Origin-Opener-Policy");
            assert_eq!(policy, Some("same-origin"));
        }
        let current = client.get("/a.js").header("If-None-Match", &tag).send();
        assert_eq!(current.status(), Status::NOT_MODIFIED);
        let kept = current.header("Cache-Control");
        assert_eq!(kept, Some("max-age=31536000, immutable"));
    }
}

#[test]
fn rules_add_to_vary_and_cannot_replace_headers_of_the_body() {
    let folder = Folder::new(&[("a.css", b"a {}"), ("a.css.gz", b"gzip")]);
    let options = SiteOptions::new()
        .precompressed(true)
        .header("**", "Vary", "Origin");
    for client in both(&folder, &options) {
        let headers = get(&client, "/a.css");
        let headers = headers.headers().iter();
        let vary: Vec<_> = headers
            .filter_map(|(name, value)| (name == "Vary").then_some(value))
            .collect();
        assert_eq!(vary, [&b"Accept-Encoding"[..], b"Origin"]);
    }
    for name in ["ETag", "last-modified", "Accept-Ranges", "Content-Range"] {
        let error = SiteOptions::new().header("**", name, "x").build();
        let error = error.map(|_| ()).unwrap_err().to_string();
        assert!(
            error.contains(name) && error.contains("cannot be set"),
            "{error}"
        );
    }
}

#[test]
fn a_redirect_keeps_its_fragment_after_the_query() {
    let options = SiteOptions::new().redirect("/old", "/new#top", Status::FOUND);
    let site = options.build().expect("valid options");
    let client = Client::new(Gateway::new(site));
    assert_eq!(get(&client, "/old").header("Location"), Some("/new#top"));
    assert_eq!(
        get(&client, "/old?q=1").header("Location"),
        Some("/new?q=1#top")
    );
}

#[test]
fn the_upper_site_decides_which_files_are_indexes() {
    let lower = Site::new()
        .file("/docs/index.html", "index")
        .file("/docs/start.html", "start");
    let options = || SiteOptions::new().index(["start.html"]);
    let upper = options()
        .build()
        .expect("valid options")
        .over(lower.clone());
    let client = Client::new(Gateway::new(upper));
    assert_eq!(get(&client, "/docs/").text(), "start");
    let upper = SiteOptions::new()
        .index([""; 0])
        .build()
        .expect("valid options");
    let client = Client::new(Gateway::new(upper.over(lower)));
    assert_eq!(get(&client, "/docs/").status(), Status::NOT_FOUND);
    assert_eq!(get(&client, "/docs/index.html").text(), "index");
}

#[test]
fn a_compressed_file_that_is_compressed_again_has_both_codings() {
    let folder = Folder::new(&[("game.wasm.gz", b"gzip"), ("game.wasm.gz.br", b"br")]);
    let options = SiteOptions::new()
        .precompressed(true)
        .encoded_names(EncodedNames::AsContent)
        .cache_control("*.wasm.gz", "max-age=60");
    for client in both(&folder, &options) {
        let plain = get(&client, "/game.wasm.gz");
        assert_eq!(plain.header("Content-Type"), Some("application/wasm"));
        assert_eq!(plain.header("Content-Encoding"), Some("gzip"));
        assert_eq!(plain.header("Cache-Control"), Some("max-age=60"));
        let coded = client
            .get("/game.wasm.gz")
            .header("Accept-Encoding", "br")
            .send();
        assert_eq!(coded.header("Content-Encoding"), Some("gzip, br"));
        assert_eq!(coded.body(), b"br");
    }
}

#[test]
fn other_methods_are_treated_alike_for_directories_and_files() {
    let folder = Folder::new(&[("a/index.html", b"a"), ("b/b.txt", b"b")]);
    for client in both(&folder, &SiteOptions::new().listing(true)) {
        for path in ["/a", "/a/", "/b", "/b/"] {
            let posted = client.post(path).body("x").send();
            assert_eq!(posted.status(), Status::METHOD_NOT_ALLOWED, "{path}");
            assert_eq!(posted.header("Allow"), Some("GET, HEAD, OPTIONS"));
        }
    }
}

#[test]
fn a_small_cache_keeps_large_files_on_the_disk() {
    let content = vec![b'x'; 300_000];
    let folder = Folder::new(&[("a.bin", &content), ("b.txt", b"b")]);
    for bytes in [0, 1, 100_000, 1 << 20, 64 << 20] {
        let site = SiteOptions::new().cache_bytes(bytes).open(&folder.0);
        let client = Client::new(Gateway::new(site.expect("a folder")));
        for _ in 0..3 {
            assert_eq!(get(&client, "/a.bin").body(), content, "{bytes}");
            assert_eq!(get(&client, "/b.txt").text(), "b", "{bytes}");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_link_to_the_whole_folder_leads_to_all_of_it() {
    let folder = Folder::new(&[("index.html", b"index"), ("d/a.txt", b"a")]);
    std::os::unix::fs::symlink(".", folder.path("self")).expect("a link");
    for client in both(&folder, &SiteOptions::new()) {
        for (path, text) in [
            ("/self/", "index"),
            ("/self/d/a.txt", "a"),
            ("/self/self/self/index.html", "index"),
        ] {
            assert_eq!(get(&client, path).text(), text, "{path}");
        }
        assert_eq!(get(&client, "/self").header("Location"), Some("self/"));
    }
}
