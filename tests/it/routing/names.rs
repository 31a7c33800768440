//! The routes that led to an application, as its request shows them.

use bytegate::testing::Client;
use bytegate::{OwnedRequest, Request, Router};

fn show(request: &Request<'_>) -> String {
    format!("{:?} {:?}", request.route(), request.params())
}

#[test]
fn a_request_knows_its_route_and_all_parameters_in_the_order_of_the_path() {
    let inner = Router::new()
        .get("/", show)
        .get("/posts/{post}", show)
        .get("/again/{user}", show)
        .get("/files/{*path}", show);
    let router = Router::new()
        .get("/", show)
        .get("/about", show)
        .any("/{page}/", show)
        .mount("/users/{user}/", inner)
        .mount("/plain", show)
        .suffix(".py", show)
        .fallback(show);
    let client = Client::new(router);
    for (path, expected) in [
        ("/", r#"Some("/") []"#),
        ("/about", r#"Some("/about") []"#),
        ("/news/", r#"Some("/{page}/") [("page", "news")]"#),
        ("/users/ada", r#"Some("/users/{user}/") [("user", "ada")]"#),
        (
            "/users/ada/posts/7",
            r#"Some("/users/{user}/posts/{post}") [("user", "ada"), ("post", "7")]"#,
        ),
        (
            "/users/ada/again/bob",
            r#"Some("/users/{user}/again/{user}") [("user", "bob")]"#,
        ),
        (
            "/users/ada/files/a%2fb",
            r#"Some("/users/{user}/files/{*path}") [("user", "ada")]"#,
        ),
        ("/plain/below", r#"Some("/plain") []"#),
        ("/login.py", "None []"),
        ("/missing/page", "None []"),
    ] {
        assert_eq!(client.get(path).text(), expected, "{path}");
    }
}

#[test]
fn an_owned_request_keeps_its_route_and_its_parameters() {
    let owned = |request: &Request<'_>| {
        let owned: OwnedRequest = request.into_owned();
        let text = show(&owned.view());
        assert_eq!(text, show(request));
        text
    };
    let client = Client::new(Router::new().get("/z/{z}/a/{a}", owned));
    let text = client.get("/z/1/a/2").text().to_string();
    assert_eq!(text, r#"Some("/z/{z}/a/{a}") [("z", "1"), ("a", "2")]"#);
}

/// A mount owns everything below its prefix.
#[test]
fn a_mounted_router_without_a_fallback_does_not_ask_the_outer_one() {
    let inner = Router::new().get("/known", |_: &Request<'_>| "known");
    let router = Router::new()
        .mount("/api", inner)
        .fallback(|_: &Request<'_>| "outer");
    let client = Client::new(router);
    assert_eq!(client.get("/api/known").text(), "known");
    assert_eq!(client.get("/api/unknown").send().status(), 404);
    assert_eq!(client.get("/unknown").text(), "outer");
}
