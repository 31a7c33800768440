//! Hosts that requests may name.

use super::*;

#[test]
fn only_requests_for_allowed_hosts_are_accepted() {
    let local = Gateway::new(EveryWay).with(AllowedHosts::local().host("*.dev.test"));
    let named = Gateway::new(EveryWay).with(AllowedHosts::new().host("example.com"));
    for (host, is_local, is_named) in [
        ("localhost", true, false),
        ("LOCALHOST:7890", true, false),
        ("localhost.", true, false),
        ("a.b.localhost", true, false),
        ("127.0.0.1:80", true, false),
        ("192.0.2.1", true, false),
        ("[::1]:80", true, false),
        ("a.dev.test", true, false),
        ("dev.test", false, false),
        ("example.com", false, true),
        ("Example.com.:443", false, true),
        ("a.example.com", false, false),
        ("localhost.example.com", false, false),
        ("xlocalhost", false, false),
        ("127.0.0.1.example.com", false, false),
        ("127.0.0.1.", false, false),
        ("127.1", false, false),
        ("%6cocalhost", false, false),
    ] {
        for (gateway, is_allowed) in [(&local, is_local), (&named, is_named)] {
            let status = if is_allowed { 200 } else { 421 };
            for target in ["/now", &format!("http://{host}/now")] {
                let input = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n");
                assert_eq!(ask(gateway, &input).status().code(), status, "{input}");
            }
        }
    }
    let response = ask(&local, &request("GET /now", &[]));
    let page = "421 Misdirected Request: this server does not serve the host x\n";
    assert_eq!(response.text(), page);
    assert_eq!(
        ask(&local, "GET /now HTTP/1.0\r\n\r\n").status().code(),
        200
    );
}

#[test]
#[should_panic(expected = "\"example.com:80\": a host is a name without a port")]
fn an_allowed_host_with_a_port_is_refused_when_it_is_built() {
    let _ = AllowedHosts::local().host("example.com:80");
}
