//! Routes for methods.

use super::*;

#[test]
fn each_method_has_its_route_and_any_takes_the_others() {
    let router = Router::new()
        .any("/a", named("any"))
        .get("/a", named("get"))
        .post("/a", named("post"))
        .put("/a", named("put"))
        .patch("/a", named("patch"))
        .delete("/a", named("delete"))
        .route(
            "PROPFIND".parse::<Method>().expect("a token"),
            "/a",
            named("propfind"),
        );
    let gateway = Gateway::new(router);
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "PROPFIND"] {
        assert_eq!(outcome(&ask(&gateway, method, "/a")), method.to_lowercase());
    }
    for method in ["OPTIONS", "PURGE"] {
        assert_eq!(outcome(&ask(&gateway, method, "/a")), "any", "{method}");
    }
}

#[test]
fn a_method_without_a_route_gets_a_405_with_all_methods_of_the_path() {
    let purge = "PURGE".parse::<Method>().expect("a token");
    let gateway = Gateway::new(
        Router::new()
            .route(purge, "/users/me", named("purge"))
            .delete("/users/{id}", named("delete"))
            .get("/users/me", named("get"))
            .post("/posts", named("post"))
            .fallback(named("fallback")),
    );
    for method in ["POST", "PROPFIND"] {
        let refused = ask(&gateway, method, "/users/me");
        assert_eq!(refused.status(), 405);
        assert_eq!(
            header(&refused, "allow"),
            "GET, HEAD, DELETE, OPTIONS, PURGE"
        );
    }
    assert_eq!(
        header(&ask(&gateway, "GET", "/posts"), "allow"),
        "POST, OPTIONS"
    );
    assert_eq!(outcome(&ask(&gateway, "POST", "/other")), "fallback");
    let options = ask(&gateway, "OPTIONS", "/users/me");
    assert_eq!((options.status().code(), options.body().len()), (204, 0));
    assert_eq!(
        header(&options, "allow"),
        "GET, HEAD, DELETE, OPTIONS, PURGE"
    );
}

#[test]
fn a_less_specific_pattern_takes_the_methods_that_a_more_specific_one_leaves() {
    let gateway = Gateway::new(
        Router::new()
            .get("/users/me", named("me"))
            .post("/users/{id}", shown)
            .mount("/users", named("mount")),
    );
    assert_eq!(get(&gateway, "/users/me"), "me");
    assert_eq!(
        outcome(&ask(&gateway, "POST", "/users/me")),
        "\"\" \"/users/me\" me - -"
    );
    assert_eq!(outcome(&ask(&gateway, "PUT", "/users/me")), "mount");
}

#[test]
fn head_and_options_are_automatic_unless_they_are_routed() {
    let gateway = Gateway::new(
        Router::new()
            .get("/a", named("four"))
            .get("/b", named("four"))
            .head("/b", |_: &Request<'_>| {
                Response::new(Status::OK).with_header("X", "head")
            })
            .route(Method::OPTIONS, "/b", named("options"))
            .post("/c", named("post")),
    );
    let head = ask(&gateway, "HEAD", "/a");
    assert_eq!(
        (head.status().code(), header(&head, "content-length")),
        (200, "4".to_string())
    );
    let head = ask(&gateway, "HEAD", "/b");
    assert_eq!(
        (header(&head, "x"), header(&head, "content-length")),
        ("head".into(), "0".into())
    );
    assert_eq!(outcome(&ask(&gateway, "OPTIONS", "/b")), "options");
    let refused = ask(&gateway, "PUT", "/b");
    assert_eq!(header(&refused, "allow"), "GET, HEAD, OPTIONS");
    assert_eq!(ask(&gateway, "HEAD", "/c").status(), 405);
}
