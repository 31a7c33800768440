//! Routers for hosts.

use super::*;

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
