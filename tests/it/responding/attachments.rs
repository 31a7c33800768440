//! Responses that are saved as files.

use super::*;

#[test]
fn an_attachment_has_a_name_and_is_not_sniffed() {
    let response = sent_by(
        |_: &Request<'_>| Response::html("<h1>me</h1>").with_attachment("r\u{e9}sum\u{e9}.html"),
        GET,
    );
    assert_eq!(
        response.header("content-disposition"),
        Some("attachment; filename=\"r_sum_.html\"; filename*=UTF-8''r%C3%A9sum%C3%A9.html")
    );
    assert_eq!(
        response.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(response.text(), "<h1>me</h1>");
}

proptest! {
    #[test]
    fn no_file_name_splits_a_header(name in ".*|[\r\n\0\"\\\\;:a/\u{e4}]*") {
        let response = sent_by(move |_: &Request<'_>| Response::text("x").with_attachment(&name), GET);
        prop_assert_eq!(response.status(), 200);
        let names: Vec<String> = response.headers().iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
        prop_assert_eq!(
            names,
            ["content-type", "x-content-type-options", "content-disposition", "content-length"]
        );
        prop_assert_eq!(response.body(), b"x");
    }
}
