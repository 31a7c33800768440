//! Static and dynamic pages side by side.

use super::*;

#[test]
fn a_file_has_its_length_and_the_type_of_its_suffix() {
    for (target, media_type, file) in [
        (
            "/index.html",
            HTML,
            &include_bytes!("../../../fixtures/site/index.html")[..],
        ),
        (
            "/style.css",
            "text/css; charset=utf-8",
            include_bytes!("../../../fixtures/site/style.css"),
        ),
        (
            "/script.js",
            "text/javascript; charset=utf-8",
            include_bytes!("../../../fixtures/site/script.js"),
        ),
        (
            "/logo.png",
            "image/png",
            include_bytes!("../../../fixtures/site/logo.png"),
        ),
    ] {
        let page = get(&demo::gateway(), target);
        assert_eq!(page.status(), 200, "{target}");
        assert_eq!(header(&page, "content-type"), media_type);
        assert_eq!(header(&page, "content-length"), file.len().to_string());
        assert_eq!(page.body(), file, "{target}");
    }
}

#[test]
fn the_root_and_folders_serve_their_index() {
    let gateway = demo::gateway();
    assert_eq!(get(&gateway, "/").raw(), get(&gateway, "/index.html").raw());
    assert_eq!(
        get(&gateway, "/docs/").raw(),
        get(&gateway, "/docs/index.html").raw()
    );
    let docs = get(&gateway, "/docs");
    assert_eq!(
        (docs.status().code(), header(&docs, "location")),
        (301, "docs/")
    );
}

#[test]
fn a_missing_file_shows_the_404_page_of_the_site() {
    let page = get(&demo::gateway(), "/nope.html");
    assert_eq!(
        (page.status().code(), header(&page, "content-type")),
        (404, HTML)
    );
    assert_eq!(
        page.body(),
        include_bytes!("../../../fixtures/site/404.html")
    );
}

#[test]
fn the_suffix_decides_between_application_and_site() {
    let gateway = demo::gateway();
    assert!(get(&gateway, "/time.py").text().contains("<h1>Time</h1>"));
    assert!(
        get(&gateway, "/%74ime%2epy")
            .text()
            .contains("<h1>Time</h1>")
    );
    for target in ["/time.pyc", "/time.py/", "/time?.py", "/py"] {
        let page = get(&gateway, target);
        assert_eq!(
            page.body(),
            include_bytes!("../../../fixtures/site/404.html")
        );
    }
}

#[test]
fn every_link_on_the_site_works() {
    let gateway = demo::gateway();
    for page in ["/", "/about.html", "/docs/", "/login.py", "/nope.html"] {
        let page = get(&gateway, page);
        let links = page
            .text()
            .split(['"', '\''])
            .filter(|link| link.starts_with('/') && !link.starts_with("//") && !link.contains('<'));
        for link in links {
            // One link exists to show the 404 page.
            let status = if link == "/nope.html" { 404 } else { 200 };
            assert_eq!(get(&gateway, link).status().code(), status, "{link}");
        }
    }
}
