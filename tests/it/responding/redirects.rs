//! Redirects and their locations.

use super::*;

#[test]
fn each_redirect_has_its_status_and_an_encoded_location() {
    for status in [301, 302, 303, 307, 308] {
        let redirect = move |to| Response::redirect(Status::new(status).expect("a status"), to);
        let response = sent_by(move |_: &Request<'_>| redirect("/a b\\\u{e4}?c#d"), GET);
        assert_eq!(response.status().code(), status);
        assert_eq!(response.header("location"), Some("/a%20b%5C%C3%A4?c#d"));
        assert!(response.body().is_empty());
        let split = sent_by(move |_: &Request<'_>| redirect("/\r\nSet-Cookie: a=b"), GET);
        assert_eq!(
            (split.status().code(), split.header("set-cookie")),
            (500, None)
        );
    }
    assert_eq!(Response::see_other("/").status(), 303);
    for status in [
        Status::OK,
        Status::CREATED,
        Status::NOT_MODIFIED,
        Status::NOT_FOUND,
    ] {
        let error = Response::redirect(status, "/")
            .error()
            .map(ToString::to_string);
        let expected = format!("a redirect has the status 301, 302, 303, 307 or 308, not {status}");
        assert_eq!(error, Some(expected));
    }
}
