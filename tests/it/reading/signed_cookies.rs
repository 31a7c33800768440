//! Cookies that a client cannot change.

use super::*;
use bytegate::cookie::Key;

fn key() -> Key {
    Key::from(&[7; 64])
}

/// `name=value` as a browser sends it back.
fn signed(name: &str, value: &str) -> String {
    let response = Response::text("").with_signed_cookie(&key(), (name, value));
    assert_eq!(response.error(), None);
    let header = response.headers().view().get("Set-Cookie");
    header.expect("a cookie").to_string()
}

fn read(cookies: &str, key: &Key) -> Option<String> {
    with_headers(&[("Cookie", cookies)], |request| {
        request.signed_cookie(key, "user")
    })
}

#[test]
fn a_signed_cookie_is_read_with_its_key() {
    for value in [
        "ada",
        "",
        "a=b",
        "Jos\u{e9}; 100%",
        "0123456789012345678901234567890123456789012345",
    ] {
        let cookie = signed("user", value);
        assert_eq!(read(&cookie, &key()).as_deref(), Some(value));
        assert_eq!(read(&cookie, &Key::from(&[8; 64])), None);
    }
}

#[test]
fn a_changed_or_moved_cookie_does_not_count() {
    let cookie = signed("user", "ada");
    for at in "user=".len()..cookie.len() {
        let mut changed = cookie.clone().into_bytes();
        changed[at] = if changed[at] == b'x' { b'y' } else { b'x' };
        let changed = String::from_utf8(changed).expect("text");
        assert_eq!(read(&changed, &key()), None, "{changed}");
    }
    let moved = signed("theme", "ada").replacen("theme", "user", 1);
    assert_eq!(read(&moved, &key()), None);
    for cookie in [
        "user=",
        "user=ada",
        "other=ada",
        "user=\u{e4}\u{e4}\u{e4}",
        "",
    ] {
        assert_eq!(read(cookie, &key()), None, "{cookie}");
    }
}

#[test]
fn a_forged_cookie_does_not_hide_the_real_one() {
    let cookies = format!("user=forged; {}", signed("user", "ada"));
    assert_eq!(read(&cookies, &key()).as_deref(), Some("ada"));
}

#[test]
fn a_name_that_a_cookie_cannot_have_makes_the_response_fail() {
    let response = Response::text("").with_signed_cookie(&key(), ("us;er", "a"));
    assert!(response.error().is_some());
}
