//! Headers that browsers act on.

use super::*;

#[test]
fn security_headers_keep_what_the_application_set() {
    let application =
        |_: &Request<'_>| Response::text("").with_header("x-frame-options", "SAMEORIGIN");
    let headers = SetHeaders::security()
        .header("content-security-policy", "default-src 'self'")
        .header("Referrer-Policy", "no-referrer")
        .without("cross-origin-opener-policy");
    let response = ask(&Gateway::new(application).with(headers), &get(&[]));
    for (name, value) in [
        ("x-content-type-options", Some("nosniff")),
        ("x-frame-options", Some("SAMEORIGIN")),
        ("referrer-policy", Some("no-referrer")),
        ("content-security-policy", Some("default-src 'self'")),
        ("cross-origin-opener-policy", None),
        ("strict-transport-security", None),
    ] {
        assert_eq!(response.header(name), value, "{name}");
        assert!(response.headers().get_all(name).count() <= 1, "{name}");
    }
}

#[test]
fn strict_transport_security_is_sent_only_over_https() {
    let transport = |headers: SetHeaders, scheme| {
        let info = ConnectionInfo {
            scheme,
            ..ConnectionInfo::default()
        };
        let gateway = Gateway::new(EveryWay).with(headers);
        let response = ask_as(&gateway, info, Now::default(), &get(&[]));
        let value = response.header("strict-transport-security");
        value.map(str::to_string)
    };
    let year = Some("max-age=31536000".to_string());
    assert_eq!(transport(SetHeaders::security(), Scheme::Https), year);
    assert_eq!(transport(SetHeaders::security(), Scheme::Http), None);
    let own = Some("max-age=1; preload".to_string());
    for set in [SetHeaders::security(), SetHeaders::new()] {
        let headers = set.header("strict-transport-security", "max-age=1; preload");
        assert_eq!(transport(headers.clone(), Scheme::Http), None);
        assert_eq!(transport(headers, Scheme::Https), own);
    }
}

#[test]
fn the_last_of_two_headers_with_one_name_is_set() {
    let headers = SetHeaders::new()
        .header("X-A", "1")
        .header("x-a", "2")
        .header("X-B", "1")
        .without("x-b");
    let response = ask(&Gateway::new(EveryWay).with(headers), &get(&[]));
    assert_eq!(response.headers().get_all("x-a").count(), 1);
    assert_eq!(response.header("x-a"), Some("2"));
    assert_eq!(response.header("x-b"), None);
}
