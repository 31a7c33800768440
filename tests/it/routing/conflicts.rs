//! Rules that conflict or are invalid, and the list of rules.

use super::*;

fn add_all(router: &mut Router, rules: &[(Method, &str)]) -> Vec<String> {
    let add = |(method, pattern): &(Method, &str)| router.try_route(*method, pattern, shown);
    rules
        .iter()
        .map(add)
        .filter_map(|added| Some(added.err()?.to_string()))
        .collect()
}

#[test]
fn a_conflict_names_both_routes_and_changes_nothing() {
    let mut router = Router::new().get("/a/{x}/b", named("first"));
    let rules = [
        (Method::GET, "/a/{y}/b"),
        (Method::POST, "/a/{y}/b"),
        (Method::GET, "/a/{y}/{*z}"),
        (Method::GET, "/a/x/b"),
        (Method::GET, "/a/{x}/b/"),
        (Method::GET, "/a/{z}/{*x}"),
    ];
    assert_eq!(
        add_all(&mut router, &rules),
        [
            r#"cannot add the rule "GET /a/{y}/b": it matches the same requests as "GET /a/{x}/b""#,
            r#"cannot add the rule "GET /a/{z}/{*x}": it matches the same requests as "GET /a/{y}/{*z}""#,
        ]
    );
    assert_eq!(get(&Gateway::new(router), "/a/1/b"), "first");
}

#[test]
fn an_invalid_rule_is_reported_with_the_reason() {
    let rules = [
        (Method::GET, "a"),
        (Method::GET, "/a{b}"),
        (Method::GET, "/{*a}/b"),
        (Method::GET, "/a//b"),
        (Method::GET, "/../a"),
        (Method::GET, "/{a}/{a}"),
        (Method::GET, "/{1}/{2}/{3}/{4}/{5}/{6}/{7}/{8}/{9}"),
        (Method::TRACE, "/a"),
    ];
    insta::assert_snapshot!(add_all(&mut Router::new(), &rules).join("\n"));
}

#[test]
fn mounts_suffixes_and_hosts_can_conflict_too() {
    let panics = |build: fn() -> Router| {
        let panic = std::panic::catch_unwind(build).expect_err("a panic");
        panic.downcast_ref::<String>().expect("a message").clone()
    };
    let messages = [
        panics(|| {
            Router::new()
                .mount("/a/{x}", named(""))
                .mount("/a/{y}/", named(""))
        }),
        panics(|| {
            Router::new()
                .suffix(".py", named(""))
                .suffix(".py", named(""))
        }),
        panics(|| {
            Router::new()
                .host("a.example", named(""))
                .host("A.example", named(""))
        }),
        panics(|| Router::new().any("/a", named("")).any("/a", named(""))),
        panics(|| Router::new().mount("/a/{*b}", named(""))),
        panics(|| Router::new().mount("/a//", named(""))),
        panics(|| Router::new().host("a.example:80", named(""))),
        panics(|| Router::new().host("*", named(""))),
    ];
    insta::assert_snapshot!(messages.join("\n"));
}

#[test]
fn a_router_lists_its_rules_in_the_order_in_which_they_are_tried() {
    let users = Router::new()
        .get("/", shown)
        .any("/{id}", shown)
        .delete("/{id}", shown)
        .fallback(Router::new().suffix(".json", shown));
    let router = Router::new()
        .fallback(shown)
        .files(Site::new().file("/style.css", "").file("/logo.png", ""))
        .mount("/", shown)
        .get("/{*path}", shown)
        .suffix(".py", shown)
        .suffix("/time.py", shown)
        .mount("/users", Arc::new(users))
        .post("/{page}", shown)
        .get("/{page}", shown)
        .get("/about", shown)
        .route(
            "PROPFIND".parse::<Method>().expect("a token"),
            "/about",
            shown,
        )
        .host("*.example.com", shown)
        .host("example.com", Router::new().get("/", shown));
    insta::assert_snapshot!(router);
    let debug = format!("{:?}", Router::new().get("/a", shown));
    assert_eq!(debug, "Router [\"GET      /a\"]");
}
