//! Which application handles a request: patterns, methods, mounts, suffixes, files, slashes and hosts.

mod laws;

use bytegate::headers::Headers;
use bytegate::response::{PreparedResponse, Reply};
use bytegate::routing::TrailingSlash;
use bytegate::testing::ClientResponse;
use bytegate::upload::{Admission, Receiver};
use bytegate::{
    Application, Gateway, Method, OwnedRequest, Rejection, Request, Response, Router, Site, Status,
};
use laws::reader;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use std::sync::Arc;

fn ask_host(gateway: &Gateway, method: &str, target: &str, host: &str) -> ClientResponse {
    let request = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let output = gateway.handle(request.as_bytes());
    reader::read_answer(request.as_bytes(), &output)
}

fn ask(gateway: &Gateway, method: &str, target: &str) -> ClientResponse {
    ask_host(gateway, method, target, "localhost")
}

/// The body of a 200 response, or the status of another one.
fn outcome(response: &ClientResponse) -> String {
    match response.status() {
        Status::OK => response.text().to_string(),
        status => status.code().to_string(),
    }
}

fn get(gateway: &Gateway, target: &str) -> String {
    outcome(&ask(gateway, "GET", target))
}

fn field(response: &ClientResponse, name: &str) -> String {
    response.header(name).unwrap_or_default().to_string()
}

/// An application that responds with a fixed text.
fn named(name: &'static str) -> impl Application + 'static {
    move |_: &Request<'_>| name
}

/// An application that shows the path it sees, and all parameters of these tests.
fn shown(request: &Request<'_>) -> String {
    let params = ["id", "path", "tenant"].map(|name| request.param(name).unwrap_or("-"));
    let (script, rest) = (request.script_name(), request.path_info().unwrap_or("none"));
    format!("{script:?} {rest:?} {}", params.join(" "))
}

// Patterns

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

// Methods

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
            field(&refused, "allow"),
            "GET, HEAD, DELETE, OPTIONS, PURGE"
        );
    }
    assert_eq!(
        field(&ask(&gateway, "GET", "/posts"), "allow"),
        "POST, OPTIONS"
    );
    assert_eq!(outcome(&ask(&gateway, "POST", "/other")), "fallback");
    let options = ask(&gateway, "OPTIONS", "/users/me");
    assert_eq!((options.status().code(), options.body().len()), (204, 0));
    assert_eq!(
        field(&options, "allow"),
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
        (head.status().code(), field(&head, "content-length")),
        (200, "4".to_string())
    );
    let head = ask(&gateway, "HEAD", "/b");
    assert_eq!(
        (field(&head, "x"), field(&head, "content-length")),
        ("head".into(), "0".into())
    );
    assert_eq!(outcome(&ask(&gateway, "OPTIONS", "/b")), "options");
    let refused = ask(&gateway, "PUT", "/b");
    assert_eq!(field(&refused, "allow"), "GET, HEAD, OPTIONS");
    assert_eq!(ask(&gateway, "HEAD", "/c").status(), 405);
}

// Mounts

#[test]
fn a_mounted_application_gets_its_prefix_and_all_paths_below() {
    let gateway = Gateway::new(
        Router::new()
            .mount("/a/", shown)
            .get("/a/b", named("exact")),
    );
    assert_eq!(get(&gateway, "/a"), "\"/a\" \"\" - - -");
    assert_eq!(get(&gateway, "/a/"), "\"/a\" \"/\" - - -");
    assert_eq!(get(&gateway, "/%61/c%20d"), "\"/a\" \"/c d\" - - -");
    assert_eq!(get(&gateway, "/a/b"), "exact");
    assert_eq!(get(&gateway, "/ab"), "404");
    assert_eq!(
        outcome(&ask(&gateway, "PURGE", "/a/x")),
        "\"/a\" \"/x\" - - -"
    );
}

#[test]
fn parameters_of_all_outer_routers_are_visible() {
    let users = Router::new().get("/{id}/{*path}", shown).get("/", shown);
    let tenants = Router::new().mount("/users", users).mount("/x/{id}", shown);
    let gateway = Gateway::new(Router::new().mount("/t/{tenant}", Arc::new(tenants)));
    assert_eq!(
        get(&gateway, "/t/acme/users/7/a/b"),
        "\"/t/acme/users\" \"/7/a/b\" 7 a/b acme"
    );
    assert_eq!(
        get(&gateway, "/t/acme/users"),
        "\"/t/acme/users\" \"\" - - acme"
    );
    assert_eq!(
        get(&gateway, "/t/acme/users/"),
        "\"/t/acme/users\" \"/\" - - acme"
    );
    assert_eq!(
        get(&gateway, "/t/acme/x/%20"),
        "\"/t/acme/x/ \" \"\" \u{20} - acme"
    );
    assert_eq!(get(&gateway, "/t//users"), "404");
}

#[test]
fn an_inner_parameter_hides_an_outer_one_of_the_same_name() {
    let inner = Router::new().get("/{id}", shown).get("/", shown);
    let gateway = Gateway::new(Router::new().mount("/{id}", inner));
    assert_eq!(get(&gateway, "/1/2"), "\"/1\" \"/2\" 2 - -");
    assert_eq!(get(&gateway, "/1"), "\"/1\" \"\" 1 - -");
}

#[test]
fn an_application_mounted_at_the_root_comes_last() {
    let gateway = Gateway::new(
        Router::new()
            .mount("/", shown)
            .suffix(".py", named("suffix"))
            .get("/{id}", named("route"))
            .fallback(named("fallback")),
    );
    assert_eq!(get(&gateway, "/a"), "route");
    assert_eq!(get(&gateway, "/a/b.py"), "suffix");
    assert_eq!(get(&gateway, "/a/b"), "\"\" \"/a/b\" - - -");
    assert_eq!(get(&gateway, "/"), "\"\" \"/\" - - -");
    assert_eq!(get(&gateway, "/a%2fb"), "\"\" \"none\" - - -");
}

#[test]
#[should_panic(expected = "the router has a fallback already")]
fn a_second_fallback_is_a_conflict() {
    let _ = Router::new().fallback(named("a")).fallback(named("b"));
}

// Paths without a decoded form

#[test]
fn paths_without_a_decoded_form_reach_applications_for_every_path() {
    let paths = [
        "/@scope%2fname",
        "/a/../b",
        "/%2e%2e/a",
        "/%ff",
        "/a%5cb/",
        "/a%01.py",
    ];
    let routers = [
        Router::new().mount("/", named("every path")),
        Router::new().any("/{*path}", named("every path")),
        Router::new().get("/{*path}", named("every path")),
        Router::new().fallback(named("every path")),
        Router::new().host("localhost", named("every path")),
        Router::new().mount("/", Router::new().any("/{*path}", named("every path"))),
    ];
    for router in routers {
        let router = router
            .suffix(".py", named("suffix"))
            .get("/{id}", named("segment"))
            .mount("/a", named("mount"));
        let gateway = Gateway::new(router);
        for path in paths {
            assert_eq!(get(&gateway, path), "every path", "{path}");
        }
    }
}

#[test]
fn the_most_specific_application_for_every_path_below_a_prefix_is_called() {
    let gateway = Gateway::new(
        Router::new()
            .mount("/npm", shown)
            .mount("/npm/{id}/deep", shown)
            .any("/files/{*path}", shown)
            .get("/npm/a", named("route"))
            .fallback(named("fallback")),
    );
    for (path, expected) in [
        ("/npm/@scope%2fname", "\"/npm\" \"none\" - - -"),
        ("/npm/7/deep/a%2fb?c", "\"/npm/7/deep\" \"none\" 7 - -"),
        ("/npm/7/shallow/a%2fb", "\"/npm\" \"none\" - - -"),
        ("/files/a%2fb", "\"\" \"none\" - - -"),
        ("/files/a/b%2fc", "\"\" \"none\" - - -"),
        ("/npm%2fa", "fallback"),
        ("/other/a%2fb", "fallback"),
        // A prefix with escapes is not matched, because decoding it could lead to another one.
        ("/%6epm/a%2fb", "fallback"),
        ("/npm/../a", "fallback"),
        ("/npm/..%2fa", "fallback"),
        ("/npm/%2e%2e%5ca", "fallback"),
        ("/npm/./a%2fb", "fallback"),
    ] {
        assert_eq!(get(&gateway, path), expected, "{path}");
    }
}

#[test]
fn a_router_below_a_mount_sees_the_rest_of_a_path_without_a_decoded_form() {
    let inner = Router::new().mount("/{id}", shown).get("/a", named("a"));
    let gateway = Gateway::new(Router::new().mount("/npm", inner));
    assert_eq!(get(&gateway, "/npm/7/a%2fb"), "\"/npm/7\" \"none\" 7 - -");
    assert_eq!(get(&gateway, "/npm/a%2fb"), "404");
}

#[test]
fn a_path_without_a_decoded_form_gets_405_if_only_other_methods_are_routed() {
    let gateway = Gateway::new(Router::new().get("/files/{*path}", named("files")));
    let response = ask(&gateway, "PUT", "/files/a%2fb");
    assert_eq!(response.status(), 405);
    assert_eq!(field(&response, "allow"), "GET, HEAD, OPTIONS");
}

#[test]
fn a_parameter_without_a_decoded_form_has_no_value() {
    let parsed = |request: &Request<'_>| -> Result<String, Rejection> {
        assert_eq!(request.param("path"), None);
        let owned = request.into_owned();
        assert_eq!(owned.param("path"), None);
        assert!(owned.parse_param::<String>("path").is_err());
        request.parse_param::<String>("path")
    };
    let inner = Router::new().get("/{*path}", parsed);
    let gateway = Gateway::new(Router::new().mount("/{path}", inner));
    assert_eq!(get(&gateway, "/a/b%2fc"), "404");
}

// Suffixes and files

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
        (redirect.status().code(), field(&redirect, "location")),
        (301, "/docs/?a".to_string())
    );
    assert_eq!(
        outcome(&ask(&gateway, "POST", "/docs")),
        "fallback for /docs"
    );
    assert_eq!(outcome(&ask(&gateway, "POST", "/index.html")), "posted");
    let refused = ask(&gateway, "PUT", "/index.html");
    assert_eq!(
        (refused.status().code(), field(&refused, "allow")),
        (405, "GET, HEAD, POST, OPTIONS".into())
    );
    let refused = ask(&gateway, "PUT", "/docs/");
    assert_eq!(
        (refused.status().code(), field(&refused, "allow")),
        (405, "GET, HEAD, OPTIONS".into())
    );
    assert_eq!(
        outcome(&ask(&gateway, "PUT", "/none")),
        "fallback for /none"
    );
}

// Slashes

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
    for (target, location) in [
        ("/a/", "/a"),
        ("/b?c=/d/", "/b/?c=/d/"),
        ("/users/a%20b", "/users/a%20b/"),
        ("/files", "/files/"),
        ("http://localhost/a/", "/a"),
    ] {
        let redirect = ask(&gateway, "GET", target);
        assert_eq!(
            (redirect.status().code(), field(&redirect, "location")),
            (308, location.to_string())
        );
        assert_eq!(ask(&gateway, "HEAD", target).status(), 308);
        assert_eq!(
            ask(&gateway, "GET", location).status().code(),
            200,
            "{location}"
        );
    }
    assert_eq!(
        (get(&gateway, "/both"), get(&gateway, "/both/")),
        ("without".into(), "with".into())
    );
    assert_eq!(field(&ask(&gateway, "POST", "/form"), "location"), "/form/");
    assert_eq!(
        field(&ask(&gateway, "GET", "/form"), "allow"),
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

// Hosts

#[test]
fn a_host_is_found_regardless_of_case_and_port() {
    let api = Router::new().get("/users/{id}", shown);
    let gateway = Gateway::new(
        Router::new()
            .host("*.example.com", named("customer"))
            .host("API.example.com", api)
            .host("*.eu.example.com", named("eu"))
            .host("[::1]", named("six"))
            .get("/", named("default")),
    );
    for (host, application) in [
        ("x.example.com", "customer"),
        ("X.EXAMPLE.COM.:80", "customer"),
        ("a.eu.example.com", "eu"),
        ("[::1]:7890", "six"),
        ("example.com", "default"),
        ("xexample.com", "default"),
        ("x.example.com.evil.example", "default"),
    ] {
        assert_eq!(
            outcome(&ask_host(&gateway, "GET", "/", host)),
            application,
            "{host}"
        );
    }
    let user = ask_host(&gateway, "GET", "/users/7", "api.example.com:80");
    assert_eq!(outcome(&user), "\"\" \"/users/7\" 7 - -");
    // The application of a host owns all its paths.
    assert_eq!(
        ask_host(&gateway, "GET", "/", "api.example.com")
            .status()
            .code(),
        404
    );
    assert_eq!(
        outcome(&ask_host(
            &gateway,
            "GET",
            "http://x.example.com/",
            "x.example.com:80"
        )),
        "customer"
    );
    assert!(
        gateway
            .handle(b"GET / HTTP/1.0\r\n\r\n")
            .ends_with(b"default")
    );
}

// Mistakes

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

// Applications

#[test]
fn all_ways_to_respond_work_through_a_router() {
    struct Prepared(PreparedResponse);

    impl Application for Prepared {
        fn call(&self, _: &Request<'_>) -> Response {
            unreachable!("a router asks for the reply")
        }

        fn reply<'a>(&'a self, _: &Request<'_>) -> Reply<'a> {
            Reply::Prepared(&self.0)
        }
    }

    struct Length(usize);

    impl Receiver for Length {
        fn data(&mut self, part: &[u8]) -> Result<(), Response> {
            self.0 += part.len();
            Ok(())
        }

        fn finish(self: Box<Self>, _: Headers<'_>) -> Response {
            Response::text(format!("{} bytes", self.0))
        }
    }

    struct Upload;

    impl Application for Upload {
        fn call(&self, _: &Request<'_>) -> Response {
            unreachable!("the content is not buffered")
        }

        fn admit(&self, request: &Request<'_>) -> Admission {
            match request.param("id") {
                Some("7") => Admission::stream(Length(0)),
                _ => Admission::refuse(Status::FORBIDDEN),
            }
        }
    }

    async fn hello(request: OwnedRequest) -> Result<String, Status> {
        let (tenant, id) = (request.param("tenant"), request.param("id"));
        assert_eq!(request.param("none"), None);
        Ok(format!(
            "hello {} of {}",
            id.ok_or(Status::NOT_FOUND)?,
            tenant.unwrap_or("-")
        ))
    }

    let prepared = PreparedResponse::new(Response::text("prepared")).expect("a response");
    let inner = Router::new()
        .get("/prepared/{id}", Prepared(prepared))
        .put("/upload/{id}", Upload)
        .get("/later/{id}", hello);
    let gateway = Gateway::new(Router::new().mount("/{tenant}", inner));
    assert_eq!(get(&gateway, "/t/prepared/1"), "prepared");
    assert_eq!(get(&gateway, "/t/later/ada"), "hello ada of t");
    let put = |path: &str| {
        let request = format!("PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
        let output = gateway.handle(request.as_bytes());
        outcome(&reader::read_one(&output))
    };
    assert_eq!(put("/t/upload/7"), "5 bytes");
    assert_eq!(put("/t/upload/8"), "403");
    assert_eq!(put("/t/prepared/7"), "405");
    assert_eq!(put("/t/nothing"), "404");
}

// Laws

/// A rule and the requests it accepts, without optimizations.
#[derive(Clone, Debug, PartialEq)]
enum Rule {
    Route(Option<&'static str>, Vec<Segment>),
    Mount(Vec<Segment>),
    Suffix(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Segment {
    Text(&'static str),
    /// The parameter's name makes no difference to matching.
    Param(&'static str),
    Tail,
}

/// How specific a rule is: segment by segment, then by method.
type Rank = (Vec<u32>, u32);

impl Rule {
    fn text(&self) -> String {
        let pattern = |segments: &[Segment]| {
            let texts = segments
                .iter()
                .enumerate()
                .map(|(place, segment)| match segment {
                    Segment::Text(text) => format!("/{text}"),
                    Segment::Param(name) => format!("/{{{name}{place}}}"),
                    Segment::Tail => "/{*tail}".to_string(),
                });
            texts.collect::<String>()
        };
        match self {
            Rule::Route(_, segments) => pattern(segments),
            Rule::Mount(segments) if segments.is_empty() => "/".to_string(),
            Rule::Mount(segments) => pattern(segments),
            Rule::Suffix(suffix) => suffix.to_string(),
        }
    }

    /// The shape that no two rules of a router may share.
    fn shape(&self) -> String {
        let text = self.text().replace("{x", "{y");
        match self {
            Rule::Route(method, _) => format!("{method:?} {text}"),
            Rule::Mount(_) => format!("mount {text}"),
            Rule::Suffix(_) => format!("suffix {text:?}"),
        }
    }

    fn segments(&self) -> &[Segment] {
        match self {
            Rule::Route(_, segments) | Rule::Mount(segments) => segments,
            Rule::Suffix(_) => &[],
        }
    }

    /// Adds the rule with an application that sends its name, and the values of its parameters, in a header.
    fn add_to(&self, router: Router) -> Router {
        let (text, shape) = (self.text(), self.shape());
        let segments = self.segments().iter().enumerate();
        let names = segments.filter_map(|(place, segment)| match segment {
            Segment::Text(_) => None,
            Segment::Param(name) => Some(format!("{name}{place}")),
            Segment::Tail => Some("tail".to_string()),
        });
        let names: Vec<String> = names.collect();
        let application = move |request: &Request<'_>| {
            let values = names
                .iter()
                .map(|name| request.param(name).unwrap_or("none"));
            let values: String = values.map(|value| format!("[{value}]")).collect();
            Response::text("").with_header("X-Rule", format!("{shape}{values}"))
        };
        match self {
            Rule::Route(Some(method), _) => {
                let method = method.parse::<Method>().expect("a token");
                router.route(method, &text, application)
            }
            Rule::Route(None, _) => router.any(&text, application),
            Rule::Mount(_) => router.mount(&text, application),
            Rule::Suffix(_) => router.suffix(&text, application),
        }
    }

    /// Whether the path matches. If so, how specific the rule is.
    fn rank_of_path(&self, path: &str) -> Option<Vec<u32>> {
        let given: Vec<&str> = path[1..].split('/').collect();
        let (segments, is_mount) = match self {
            Rule::Suffix(suffix) => {
                // The longest suffix comes first.
                return path
                    .ends_with(suffix)
                    .then(|| vec![2, 100 - suffix.len() as u32]);
            }
            Rule::Route(_, segments) => (segments, false),
            Rule::Mount(segments) => (segments, true),
        };
        let mut rank = Vec::new();
        for (place, segment) in segments.iter().enumerate() {
            let given = given.get(place)?;
            match segment {
                Segment::Text(text) if text == given => rank.push(0),
                Segment::Param(_) if !given.is_empty() => rank.push(1),
                Segment::Tail => {
                    rank.push(3);
                    return Some(rank);
                }
                Segment::Text(_) | Segment::Param(_) => return None,
            }
        }
        if is_mount {
            rank.push(4);
            return Some(rank);
        }
        (segments.len() == given.len()).then_some(rank)
    }

    fn rank(&self, method: &str, path: &str) -> Option<Rank> {
        let of_path = self.rank_of_path(path)?;
        let of_method = match self {
            Rule::Route(Some(own), _) if *own == method => 0,
            Rule::Route(Some("GET"), _) if method == "HEAD" => 1,
            Rule::Route(Some(_), _) => return None,
            Rule::Route(None, _) | Rule::Mount(_) | Rule::Suffix(_) => 2,
        };
        Some((of_path, of_method))
    }
}

/// Tries all rules, and takes the most specific one.
fn model(rules: &[Rule], method: &str, path: &str) -> String {
    let ranked = rules
        .iter()
        .filter_map(|rule| Some((rule.rank(method, path)?, rule)));
    match ranked.min_by(|(one, _), (other, _)| one.cmp(other)) {
        Some((_, rule)) => format!("{}{}", rule.shape(), values(rule, path)),
        None if rules.iter().any(|rule| rule.rank_of_path(path).is_some()) => {
            if method == "OPTIONS" { "204" } else { "405" }.to_string()
        }
        None => "404".to_string(),
    }
}

/// The values of the parameters of a rule that matches.
fn values(rule: &Rule, path: &str) -> String {
    let given: Vec<&str> = path[1..].split('/').collect();
    let segments = rule.segments().iter().enumerate();
    let values = segments.filter_map(|(place, segment)| match segment {
        Segment::Text(_) => None,
        Segment::Param(_) => Some(given[place].to_string()),
        Segment::Tail => Some(given[place..].join("/")),
    });
    values.map(|value| format!("[{value}]")).collect()
}

fn segment() -> impl Strategy<Value = Segment> {
    prop_oneof![
        select(vec!["a", "b", "a.py"]).prop_map(Segment::Text),
        select(vec!["x", "y"]).prop_map(Segment::Param),
    ]
}

fn rule() -> impl Strategy<Value = Rule> {
    let end = prop_oneof![
        3 => Just(None),
        1 => Just(Some(Segment::Text(""))),
        1 => Just(Some(Segment::Tail)),
    ];
    let pattern = (vec(segment(), 0..3), end).prop_map(|(mut segments, end)| {
        segments.extend(end);
        if segments.is_empty() {
            segments.push(Segment::Text(""));
        }
        segments
    });
    let method = select(vec![
        Some("GET"),
        Some("HEAD"),
        Some("POST"),
        Some("PURGE"),
        None,
    ]);
    prop_oneof![
        8 => (method, pattern).prop_map(|(method, pattern)| Rule::Route(method, pattern)),
        2 => vec(segment(), 0..3).prop_map(Rule::Mount),
        1 => select(vec![".py", "a.py", "/b", "a", ""]).prop_map(Rule::Suffix),
    ]
}

/// Rules that do not conflict.
fn rules() -> impl Strategy<Value = Vec<Rule>> {
    vec(rule(), 0..12).prop_map(|rules| {
        let mut distinct: Vec<Rule> = Vec::new();
        for rule in rules {
            if distinct.iter().all(|other| other.shape() != rule.shape()) {
                distinct.push(rule);
            }
        }
        distinct
    })
}

fn path() -> impl Strategy<Value = String> {
    vec(select(vec!["a", "b", "a.py", "c", ""]), 1..5)
        .prop_map(|segments| format!("/{}", segments.join("/")))
}

fn method() -> impl Strategy<Value = &'static str> {
    select(vec!["GET", "HEAD", "POST", "PURGE", "OPTIONS", "PUT"])
}

fn build(rules: &[Rule]) -> Router {
    rules
        .iter()
        .fold(Router::new(), |router, rule| rule.add_to(router))
}

proptest! {
    #[test]
    fn a_router_agrees_with_a_model_that_tries_every_rule(
        rules in rules(),
        requests in vec((method(), path()), 1..20),
    ) {
        let gateway = Gateway::new(build(&rules));
        for (method, path) in requests {
            let expected = model(&rules, method, &path);
            let response = ask(&gateway, method, &path);
            let found = match response.status().code() {
                200 => field(&response, "x-rule"),
                status => status.to_string(),
            };
            prop_assert_eq!(found, expected, "{} {}", method, path);
        }
    }

    #[test]
    fn the_order_of_registration_never_changes_a_response(
        (rules, shuffled) in rules().prop_flat_map(|rules| (Just(rules.clone()), Just(rules).prop_shuffle())),
        requests in vec((method(), path()), 1..20),
    ) {
        let (one, other) = (build(&rules), build(&shuffled));
        prop_assert_eq!(one.to_string(), other.to_string());
        let (one, other) = (Gateway::new(one), Gateway::new(other));
        for (method, path) in requests {
            let (first, second) = (ask(&one, method, &path), ask(&other, method, &path));
            prop_assert_eq!(first.raw(), second.raw());
        }
    }

    #[test]
    fn a_conflict_is_found_regardless_of_parameter_names(mut pairs in vec(rule(), 2)) {
        let (other, rule) = (pairs.remove(0), pairs.remove(0));
        if let Rule::Route(Some(method), _) = &rule {
            let mut router = other.add_to(Router::new());
            let method = method.parse::<Method>().expect("a token");
            let added = router.try_route(method, &rule.text(), shown);
            prop_assert_eq!(added.is_err(), rule.shape() == other.shape());
        }
    }

    #[test]
    fn a_redirect_stays_on_this_host_and_leads_to_a_route(
        rules in rules(),
        method in method(),
        path in path(),
        query in select(vec!["", "?", "?a=/b"]),
    ) {
        let router = build(&rules).trailing_slash(TrailingSlash::Redirect);
        let gateway = Gateway::new(router);
        let response = ask(&gateway, method, &format!("{path}{query}"));
        if response.status().code() == 308 {
            let location = field(&response, "location");
            prop_assert!(location.starts_with('/') && !location.starts_with("//"), "{}", location);
            prop_assert!(location.ends_with(query), "{}", location);
            prop_assert_eq!(ask(&gateway, method, &location).status(), 200);
        }
    }
}
