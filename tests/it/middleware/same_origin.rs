//! Pages of other sites that send requests.

use super::*;

/// The cases are named by the headers of the request, and whether it passes.
#[test]
fn pages_of_other_sites_cannot_change_anything() {
    let plain = Gateway::new(EveryWay).with(CrossOriginProtection::new());
    let trusting = CrossOriginProtection::new().trusted_origins([RABBIT]);
    let trusting = Gateway::new(EveryWay).with(trusting);
    let rabbit = "Origin: https://rabbit.invalid";
    for (headers, passes, passes_if_trusted) in [
        (&[][..], true, true),
        (&["Sec-Fetch-Site: same-origin"], true, true),
        (&["Sec-Fetch-Site: none"], true, true),
        (&["Sec-Fetch-Site: same-site"], false, false),
        (&["Sec-Fetch-Site: cross-site"], false, false),
        (&["Sec-Fetch-Site: Same-Origin"], false, false),
        (&["Sec-Fetch-Site:"], false, false),
        (
            &["Sec-Fetch-Site: none", "Sec-Fetch-Site: none"],
            false,
            false,
        ),
        (&["Sec-Fetch-Site: same-origin", rabbit], true, true),
        (&["Sec-Fetch-Site: cross-site", rabbit], false, true),
        (
            &["Sec-Fetch-Site: cross-site", "Origin: http://x"],
            false,
            false,
        ),
        (
            &["Sec-Fetch-Site: cross-site", rabbit, rabbit],
            false,
            false,
        ),
        (&["Origin: http://x"], true, true),
        (&["Origin: https://x"], true, true),
        (&["Origin: https://X:443"], true, true),
        (&["Origin: https://x:80"], false, false),
        (&["Origin: http://x:8080"], false, false),
        (&["Origin: ftp://x"], false, false),
        (&["Origin: http://x/"], false, false),
        (&["Origin: http://x.invalid"], false, false),
        (&["Origin: http://user@x"], false, false),
        (&["Origin: null"], false, false),
        (&["Origin:"], false, false),
        (&["Origin: x"], false, false),
        (&["Origin: http://x", "Origin: http://x"], false, false),
        (&[rabbit], false, true),
        (&["Origin: https://rabbit.invalid.example"], false, false),
    ] {
        for (gateway, passes) in [(&plain, passes), (&trusting, passes_if_trusted)] {
            for method in ["POST", "PUT", "DELETE", "PATCH", "BREW"] {
                let input = request(&format!("{method} /now"), headers);
                let status = if passes { 200 } else { 403 };
                assert_eq!(ask(gateway, &input).status().code(), status, "{input}");
            }
            for method in ["GET", "HEAD", "OPTIONS"] {
                let input = request(&format!("{method} /now"), headers);
                assert_eq!(ask(gateway, &input).status(), 200, "{input}");
            }
        }
    }
}

#[test]
fn the_same_origin_has_the_same_port() {
    let gateway = Gateway::new(EveryWay).with(CrossOriginProtection::new());
    for (host, origin, status) in [
        ("x:8080", "http://x:8080", 200),
        ("x:8080", "http://x", 403),
        ("x:80", "http://x", 200),
        ("x:443", "http://x", 403),
        ("[::1]:8080", "http://[::1]:8080", 200),
        ("127.0.0.1:8080", "http://127.0.0.1:8081", 403),
    ] {
        let input = format!("POST /now HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\n\r\n");
        assert_eq!(ask(&gateway, &input).status().code(), status, "{input}");
    }
    // Nothing to compare with.
    let response = ask(&gateway, "POST /now HTTP/1.0\r\nOrigin: http://x\r\n\r\n");
    assert_eq!(
        response.text(),
        "403 Forbidden: a page of another site must not send this request\n"
    );
}

#[test]
fn a_request_is_refused_for_its_origin_before_its_body_is_sent() {
    let gateway = Gateway::new(EveryWay).with(CrossOriginProtection::new());
    let headers = ["Origin: null", "Content-Length: 9", "Expect: 100-continue"];
    let response = ask(&gateway, &request("POST /now", &headers));
    assert_eq!(response.status(), 403);
}

#[test]
#[should_panic(expected = "\"rabbit.invalid\" is not an origin as browsers send it")]
fn a_trusted_origin_that_never_matches_is_refused_when_it_is_built() {
    let _ = CrossOriginProtection::new().trusted_origins(["rabbit.invalid"]);
}
