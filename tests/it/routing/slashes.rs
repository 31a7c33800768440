//! Slashes at the end of a path.

use super::*;

fn with_policy(policy: TrailingSlash) -> Gateway {
    let inner = Router::new().get("/", named("root")).trailing_slash(policy);
    let router = Router::new()
        .get("/a", named("a"))
        .get("/b/", named("b"))
        .get("/users/{id}/", shown)
        .get("/both", named("without"))
        .get("/both/", named("with"))
        .get("/files/{*path}", shown)
        .post("/form/", named("form"))
        .mount("/inner", inner)
        .trailing_slash(policy);
    Gateway::new(router)
}

#[test]
fn a_slash_at_the_end_makes_another_path_by_default() {
    let gateway = with_policy(TrailingSlash::Strict);
    for path in ["/a/", "/b", "/users/7", "/files", "/form"] {
        assert_eq!(ask(&gateway, "GET", path).status(), 404, "{path}");
    }
    assert_eq!(
        (get(&gateway, "/both"), get(&gateway, "/both/")),
        ("without".into(), "with".into())
    );
    assert_eq!(
        (get(&gateway, "/inner"), get(&gateway, "/inner/")),
        ("root".into(), "root".into())
    );
}

#[test]
fn a_redirect_leads_to_the_path_of_the_route() {
    let gateway = with_policy(TrailingSlash::Redirect);
    for (target, location, path) in [
        ("/a/", "../a", "/a"),
        ("/b?c=/d/", "b/?c=/d/", "/b/?c=/d/"),
        ("/users/a%20b", "a%20b/", "/users/a%20b/"),
        ("/files", "files/", "/files/"),
        ("http://localhost/a/", "../a", "/a"),
    ] {
        let redirect = ask(&gateway, "GET", target);
        assert_eq!(
            (redirect.status().code(), header(&redirect, "location")),
            (308, location.to_string())
        );
        assert_eq!(ask(&gateway, "HEAD", target).status(), 308);
        assert_eq!(ask(&gateway, "GET", path).status().code(), 200, "{path}");
    }
    assert_eq!(
        (get(&gateway, "/both"), get(&gateway, "/both/")),
        ("without".into(), "with".into())
    );
    assert_eq!(header(&ask(&gateway, "POST", "/form"), "location"), "form/");
    assert_eq!(
        header(&ask(&gateway, "GET", "/form"), "allow"),
        "POST, OPTIONS"
    );
    for path in ["/none", "/none/", "/a//", "/"] {
        assert_eq!(ask(&gateway, "GET", path).status(), 404, "{path}");
    }
}

#[test]
fn either_form_reaches_the_route() {
    let gateway = with_policy(TrailingSlash::Either);
    assert_eq!(
        (get(&gateway, "/a/"), get(&gateway, "/b")),
        ("a".into(), "b".into())
    );
    assert_eq!(get(&gateway, "/users/7"), "\"\" \"/users/7\" 7 - -");
    assert_eq!(get(&gateway, "/files"), "\"\" \"/files\" -  -");
    assert_eq!(
        (get(&gateway, "/both"), get(&gateway, "/both/")),
        ("without".into(), "with".into())
    );
    assert_eq!(outcome(&ask(&gateway, "POST", "/form")), "form");
    assert_eq!(get(&gateway, "/a//"), "404");
}
