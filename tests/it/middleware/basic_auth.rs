//! Names and passwords.

use super::*;

#[test]
fn only_the_right_name_and_password_are_let_through() {
    let middleware = Gateway::new(show_user).with(staff());
    let wrapper = Gateway::new(Router::new().mount("/", with_middleware(staff(), show_user)));
    for gateway in [middleware, wrapper] {
        for credentials in [
            "QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
            " QWxhZGRpbjpvcGVuIHNlc2FtZQ== ",
        ] {
            for scheme in ["Basic", "basic"] {
                let response = ask(
                    &gateway,
                    &get(&[&format!("Authorization: {scheme} {credentials}")]),
                );
                assert_eq!(response.body(), b"Aladdin 0", "{scheme} {credentials}");
            }
        }
        let right = "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==";
        for headers in [
            &[][..],
            &["Authorization: Basic"],
            &["Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ"],
            // `Aladdin:open sesam`, `aladdin:open sesame`, `Aladdin`, `:`.
            &["Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2Ft"],
            &["Authorization: Basic YWxhZGRpbjpvcGVuIHNlc2FtZQ=="],
            &["Authorization: Basic QWxhZGRpbg=="],
            &["Authorization: Basic Og=="],
            // Not UTF-8.
            &["Authorization: Basic /zr/"],
            &["Authorization: Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ=="],
            &["Authorization: BasicQWxhZGRpbjpvcGVuIHNlc2FtZQ=="],
            &[right, right],
        ] {
            let response = ask(&gateway, &get(headers));
            assert_eq!(response.status(), 401, "{headers:?}");
            let challenge = response.header("www-authenticate");
            let expected = r#"Basic realm="the \"staff\"", charset="UTF-8""#;
            assert_eq!(challenge, Some(expected));
        }
    }
}

#[test]
fn an_unknown_user_is_refused_before_the_body_is_read() {
    for gateway in [
        Gateway::new(show_user).with(staff()),
        Gateway::new(with_middleware(staff(), show_user)),
    ] {
        let headers = ["Content-Length: 2", "Expect: 100-continue"];
        let output = gateway.handle(request("PUT /", &headers).as_bytes());
        assert!(output.starts_with(b"HTTP/1.1 401 "));
        let right = "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==";
        let input = request("PUT /", &["Content-Length: 2", right]) + "ab";
        assert_eq!(ask(&gateway, &input).body(), b"Aladdin 2");
    }
}

#[test]
fn names_and_passwords_are_utf_8_and_may_contain_colons_after_the_first() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let list = seen.clone();
    let check = move |name: &str, password: &str| {
        list.lock()
            .expect("a list")
            .push(format!("{name}|{password}"));
        true
    };
    let gateway = Gateway::new(EveryWay).with(BasicAuth::new("r", check));
    // `test:123£` (RFC 7617 section 2.1), `a:b:c`, and a name with a line feed, which is refused.
    for encoded in ["dGVzdDoxMjPCow==", "YTpiOmM=", "YQo6Yg=="] {
        ask(
            &gateway,
            &get(&[&format!("Authorization: Basic {encoded}")]),
        );
    }
    assert_eq!(*seen.lock().expect("a list"), ["test|123\u{a3}", "a|b:c"]);
}

#[test]
fn other_extensions_reach_a_protected_application() {
    let show = |request: &Request<'_>| {
        let id = request
            .extensions()
            .get::<RequestId>()
            .map(RequestId::to_string);
        format!(
            "{} {}",
            id.unwrap_or_default(),
            request.path_info().unwrap_or_default()
        )
    };
    let admin = Router::new().mount("/admin", with_middleware(staff(), show));
    let gateway = Gateway::new(admin).with(SetRequestId::new());
    let right = "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==";
    let response = ask(&gateway, &request("GET /admin/a", &[right]));
    assert_eq!(response.body(), b"0-1 /a");
}
