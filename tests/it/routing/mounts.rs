//! Applications mounted below a prefix.

use super::*;

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
