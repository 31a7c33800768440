//! Paths without a decoded form.

use super::*;

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
    assert_eq!(header(&response, "allow"), "GET, HEAD, OPTIONS");
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
