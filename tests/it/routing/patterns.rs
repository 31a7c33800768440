//! Patterns and their parameters.

use super::*;

#[test]
fn text_comes_before_a_parameter_and_parameters_before_the_rest_of_the_path() {
    let gateway = Gateway::new(
        Router::new()
            .get("/{*path}", named("rest"))
            .get("/users/{*path}", named("users rest"))
            .get("/users/{id}", named("user"))
            .get("/users/me", named("me"))
            .get("/{id}/me", named("any me")),
    );
    for (path, application) in [
        ("/users/me", "me"),
        ("/users/7", "user"),
        ("/users/", "users rest"),
        ("/users/7/8", "users rest"),
        ("/x/me", "any me"),
        ("/users", "rest"),
        ("/x/y", "rest"),
        ("/", "rest"),
    ] {
        assert_eq!(get(&gateway, path), application, "{path}");
    }
}

#[test]
fn a_pattern_that_fails_late_gives_way_to_a_less_specific_one() {
    let gateway = Gateway::new(
        Router::new()
            .get("/a/b/c/d", named("text"))
            .get("/a/{id}/c/{path}/e", shown)
            .get("/{tenant}/b/{id}", shown),
    );
    assert_eq!(get(&gateway, "/a/b/c/d"), "text");
    assert_eq!(get(&gateway, "/a/b/c/d/e"), "\"\" \"/a/b/c/d/e\" b d -");
    assert_eq!(get(&gateway, "/a/b/c"), "\"\" \"/a/b/c\" c - a");
    assert_eq!(get(&gateway, "/a/b/c/x"), "404");
}

#[test]
fn values_are_decoded_once_and_never_empty() {
    let gateway = Gateway::new(
        Router::new()
            .get("/users/{id}", shown)
            .get("/files/{*path}", shown),
    );
    assert_eq!(
        get(&gateway, "/users/%C3%A4%20b%2541"),
        "\"\" \"/users/\u{e4} b%41\" \u{e4} b%41 - -"
    );
    assert_eq!(get(&gateway, "/users/"), "404");
    assert_eq!(get(&gateway, "/users/a%2Fb"), "404");
    assert_eq!(get(&gateway, "/files/"), "\"\" \"/files/\" -  -");
    assert_eq!(get(&gateway, "/files//a"), "\"\" \"/files//a\" - /a -");
    assert_eq!(get(&gateway, "/files"), "404");
}

#[test]
fn a_pattern_has_up_to_eight_parameters() {
    let all = |request: &Request<'_>| {
        let values = ["1", "2", "3", "4", "5", "6", "7", "8"].map(|name| request.param(name));
        values.map(Option::unwrap_or_default).concat()
    };
    let router = Router::new().get("/{1}/{2}/{3}/{4}/{5}/{6}/{7}/{*8}", all);
    assert_eq!(
        get(&Gateway::new(router), "/a/b/c/d/e/f/g/h/i"),
        "abcdefgh/i"
    );
}
