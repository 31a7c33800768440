//! Cookies that are set.

use super::*;
use bytegate::cookie::{Cookie, SameSite, time::Duration};
use bytegate::request::Scheme;

fn sent(response: &Response) -> Option<&str> {
    response.headers().view().get("Set-Cookie")
}

#[test]
fn a_session_cookie_is_safe_by_default() {
    for (scheme, expected) in [
        (Scheme::Http, "s=1; HttpOnly; SameSite=Lax; Path=/"),
        (Scheme::Https, "s=1; HttpOnly; SameSite=Lax; Secure; Path=/"),
    ] {
        let request = Request::builder("GET", "/").scheme(scheme).build();
        let request = request.expect("a request");
        let response = Response::text("").with_cookie(request.session_cookie("s", "1"));
        assert_eq!(sent(&response), Some(expected));
    }
}

#[test]
fn several_cookies_are_several_headers() {
    let response = Response::text("").with_cookie(("a", "1")).with_cookie(
        Cookie::build(("b", "2"))
            .same_site(SameSite::Strict)
            .max_age(Duration::HOUR),
    );
    let lines: Vec<&[u8]> = response.headers().view().get_all("set-cookie").collect();
    assert_eq!(lines, [&b"a=1"[..], b"b=2; SameSite=Strict; Max-Age=3600"]);
}

#[test]
fn a_cookie_that_would_be_misread_makes_the_response_fail() {
    for (name, value) in [("", "1"), ("a b", "1"), ("a=b", "1"), ("a;b", "1")] {
        let response = Response::text("").with_cookie((name, value));
        let error = response.error().expect("an error").to_string();
        assert!(
            error.starts_with(&format!("cookie {name:?}: the ")),
            "{error}"
        );
        assert_eq!(sent(&response), None);
    }
    for cookie in [
        Cookie::build(("a", "1")).path("/; Secure"),
        Cookie::build(("a", "1")).domain("x;y"),
        Cookie::build(("a", "1")).path("/\r\n"),
    ] {
        assert!(Response::text("").with_cookie(cookie).error().is_some());
    }
}

#[test]
fn any_value_is_sent_in_a_cookie_and_read_back() {
    for (value, expected) in [
        ("Ada Lovelace", "Ada%20Lovelace"),
        ("Jos\u{e9}", "Jos%C3%A9"),
        ("1; Domain=com", "1%3B%20Domain=com"),
        ("\"1,2\\\"", "%221%2C2%5C%22"),
        ("50%", "50%25"),
        ("%41", "%2541"),
        ("1\r\nX: y\0\u{7f}", "1%0D%0AX:%20y%00%7F"),
        ("a=b+c", "a=b+c"),
    ] {
        let response = Response::text("").with_cookie(("a", value));
        let cookie = sent(&response).expect("a cookie");
        assert_eq!(cookie, format!("a={expected}"));
        with_headers(&[("Cookie", cookie)], |request| {
            assert_eq!(request.cookie("a").as_deref(), Some(value));
        });
    }
    with_headers(&[("Cookie", "a=%FF%20; b=5%; c=%4")], |request| {
        assert_eq!(request.cookie("a").as_deref(), Some("%FF%20"));
        assert_eq!(request.cookie("b").as_deref(), Some("5%"));
        assert_eq!(request.cookie("c").as_deref(), Some("%4"));
    });
}

#[test]
fn a_removed_cookie_has_expired() {
    let gone = "Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
    let response = Response::text("").with_removed_cookie("a");
    assert_eq!(sent(&response), Some(&*format!("a=; Path=/; {gone}")));
    let cookie = Cookie::build(("a", "1")).path("/b").domain("example.org");
    let response = Response::text("").with_removed_cookie(cookie);
    let expected = format!("a=; Path=/b; Domain=example.org; {gone}");
    assert_eq!(sent(&response), Some(&*expected));
}
