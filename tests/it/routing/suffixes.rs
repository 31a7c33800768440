//! Suffixes, and the files of a site.

use super::*;

#[test]
fn a_suffix_comes_after_patterns_and_before_the_rest_of_the_path() {
    let gateway = Gateway::new(
        Router::new()
            .get("/{*path}", named("rest"))
            .suffix(".py", named("suffix"))
            .suffix("/deep.py", named("long suffix"))
            .get("/exact.py", named("exact"))
            .get("/files/{*path}", named("files"))
            .mount("/admin", named("admin")),
    );
    for (path, application) in [
        ("/exact.py", "exact"),
        ("/files/a.py", "files"),
        ("/admin/a.py", "admin"),
        ("/a/b.py", "suffix"),
        ("/a/deep.py", "long suffix"),
        ("/a/b.pyc", "rest"),
    ] {
        assert_eq!(get(&gateway, path), application, "{path}");
    }
}

#[test]
fn a_site_serves_its_paths_and_the_fallback_all_others() {
    let site = Site::new()
        .file("/index.html", "home")
        .file("/docs/index.html", "docs")
        .file("/a.py", "source");
    let theme = Site::new()
        .file("/index.html", "hidden")
        .file("/style.css", "style");
    let router = Router::new()
        .suffix(".py", named("program"))
        .post("/index.html", named("posted"))
        .get("/style.css", named("route"))
        .files(site)
        .files(theme)
        .fallback(|request: &Request<'_>| format!("fallback for {}", request.path()));
    let gateway = Gateway::new(router);
    assert_eq!(get(&gateway, "/"), "home");
    assert_eq!(get(&gateway, "/index.html"), "home");
    assert_eq!(get(&gateway, "/a.py"), "program");
    assert_eq!(get(&gateway, "/style.css"), "route");
    assert_eq!(get(&gateway, "/none"), "fallback for /none");
    let redirect = ask(&gateway, "GET", "/docs?a");
    assert_eq!(
        (redirect.status().code(), header(&redirect, "location")),
        (301, "docs/?a".to_string())
    );
    assert_eq!(
        outcome(&ask(&gateway, "POST", "/docs")),
        "fallback for /docs"
    );
    assert_eq!(outcome(&ask(&gateway, "POST", "/index.html")), "posted");
    let refused = ask(&gateway, "PUT", "/index.html");
    assert_eq!(
        (refused.status().code(), header(&refused, "allow")),
        (405, "GET, HEAD, POST, OPTIONS".into())
    );
    let refused = ask(&gateway, "PUT", "/docs/");
    assert_eq!(
        (refused.status().code(), header(&refused, "allow")),
        (405, "GET, HEAD, OPTIONS".into())
    );
    assert_eq!(
        outcome(&ask(&gateway, "PUT", "/none")),
        "fallback for /none"
    );
}
