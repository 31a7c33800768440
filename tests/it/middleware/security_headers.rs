//! Headers that browsers act on.

use super::*;

#[test]
fn security_headers_keep_what_the_application_set() {
    let application =
        |_: &Request<'_>| Response::text("").with_header("x-frame-options", "SAMEORIGIN");
    let fields = SecurityHeaders::new()
        .header("content-security-policy", "default-src 'self'")
        .header("Referrer-Policy", "no-referrer")
        .without("cross-origin-opener-policy");
    let response = ask(&Gateway::new(application).with(fields), &get(&[]));
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
    let transport = |fields: SecurityHeaders, scheme| {
        let info = ConnectionInfo {
            scheme,
            ..ConnectionInfo::default()
        };
        let gateway = Gateway::new(EveryWay).with(fields);
        let response = ask_as(&gateway, info, Now::default(), &get(&[]));
        let value = response.header("strict-transport-security");
        value.map(str::to_string)
    };
    let year = Some("max-age=31536000".to_string());
    assert_eq!(transport(SecurityHeaders::new(), Scheme::Https), year);
    assert_eq!(transport(SecurityHeaders::new(), Scheme::Http), None);
    let fields = SecurityHeaders::new().header("strict-transport-security", "max-age=1; preload");
    assert_eq!(transport(fields.clone(), Scheme::Http), None);
    let own = Some("max-age=1; preload".to_string());
    assert_eq!(transport(fields, Scheme::Https), own);
}
