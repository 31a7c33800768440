//! Names, passwords and tokens.

use super::*;

fn basic(value: &str) -> Option<(String, String)> {
    with_headers(&[("Authorization", value)], |request| {
        let auth = request.basic_auth()?;
        Some((auth.user().to_string(), auth.password().to_string()))
    })
}

#[test]
fn a_name_and_a_password_are_decoded() {
    for (value, user, password) in [
        (
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
            "Aladdin",
            "open sesame",
        ),
        // The example of RFC 7617 section 2.1.
        ("bASIC  dGVzdDoxMjPCow==", "test", "123\u{a3}"),
        ("Basic Og==", "", ""),
        ("Basic YTpiOmM=", "a", "b:c"),
    ] {
        assert_eq!(
            basic(value),
            Some((user.into(), password.into())),
            "{value}"
        );
    }
}

#[test]
fn malformed_credentials_are_none() {
    for value in [
        "",
        "Basic",
        "Basic ",
        "BasicQWxhZGRpbjpvcGVuIHNlc2FtZQ==",
        "Basic QWxhZGRpbg==",     // no colon
        "Basic QWxhZGRpbjpv!GVu", // not base64
        "Basic YTpi/w==",         // not UTF-8
        "Basic YTpiCg==",         // a line feed
        "Basic YTpi, Basic YTpi",
        "Bearer YTpi",
    ] {
        assert_eq!(basic(value), None, "{value}");
    }
    let twice = [
        ("Authorization", "Basic YTpi"),
        ("Authorization", "Basic YTpj"),
    ];
    with_headers(&twice, |request| assert_eq!(request.basic_auth(), None));
    with_headers(&[], |request| assert_eq!(request.basic_auth(), None));
}

#[test]
fn debug_output_does_not_show_the_password() {
    with_headers(&[("Authorization", "Basic YWRhOmxvdmVsYWNl")], |request| {
        let auth = request.basic_auth().expect("credentials");
        assert_eq!((auth.user(), auth.password()), ("ada", "lovelace"));
        assert_eq!(
            format!("{auth:?}"),
            "BasicCredentials { user: \"ada\", .. }"
        );
    });
}

#[test]
fn a_bearer_token_has_only_valid_characters() {
    for (value, token) in [
        ("Bearer abc.DEF-1_2~3+4/5==", Some("abc.DEF-1_2~3+4/5==")),
        ("bearer  a", Some("a")),
        ("Bearer", None),
        ("Bearer ", None),
        ("Bearer ==", None),
        ("Bearer a=b", None),
        ("Bearer a b", None),
        ("Bearer a,b", None),
        ("Bearer \u{e4}", None),
        ("Basic YTpi", None),
    ] {
        with_headers(&[("Authorization", value)], |request| {
            assert_eq!(request.bearer_token(), token, "{value}");
        });
    }
}

#[test]
fn a_guarded_page_asks_for_credentials() {
    let guarded = |request: &Request<'_>| match request.basic_auth() {
        Some(auth) if (auth.user(), auth.password()) == ("ada", "lovelace") => Ok("in\n"),
        _ => Err(Rejection::unauthorized("Basic realm=\"a\"", "who are you?")),
    };
    assert_eq!(told(guarded, get("/")).0, 401);
    let login = get_with("Authorization: Basic YWRhOmxvdmVsYWNl\r\n");
    assert_eq!(told(guarded, login), (200, "in\n".to_string()));
}
