//! Forms without files.

use super::*;

fn names(request: &Request<'_>) -> Result<String, Rejection> {
    Ok(request.form()?.map(|(name, _)| name).collect())
}

#[test]
fn a_form_needs_its_content_type() {
    for media_type in [
        FORM,
        "APPLICATION/x-www-form-urlencoded",
        "application/x-www-form-urlencoded ;x",
    ] {
        let page = told(names, post(media_type, "a=1&b=2"));
        assert_eq!(page, (200, "ab".to_string()), "{media_type}");
    }
    for media_type in ["", ";", "text/plain", "application/x-www-form-urlencoded2"] {
        let response = ask(names, post(media_type, "a=1&b=2"));
        assert_eq!(response.status(), 415, "{media_type}");
        assert_eq!(response.header("accept"), Some(FORM), "{media_type}");
    }
    let (status, page) = told(names, post("application/json", "{}"));
    let sentence = format!("the body is application/json, and not {FORM}");
    assert_eq!(
        (status, page),
        (415, format!("415 Unsupported Media Type: {sentence}\n"))
    );
    let untyped = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na=1";
    let sentence = format!("the body has no Content-Type, and must be {FORM}");
    for input in [untyped.into(), post("", "a=1")] {
        let page = format!("415 Unsupported Media Type: {sentence}\n");
        assert_eq!(told(names, input), (415, page));
    }
}

#[test]
fn a_request_without_body_and_type_has_an_empty_form() {
    assert_eq!(told(names, get("/?a=1")), (200, String::new()));
    assert_eq!(told(names, post(FORM, "")), (200, String::new()));
    assert_eq!(told(names, post("text/plain", "")).0, 415);
}

#[test]
fn a_form_with_more_pairs_than_the_limit_is_refused() {
    let count = |request: &Request<'_>| -> Result<String, Rejection> {
        Ok(format!("{}", request.form()?.count()))
    };
    assert_eq!(
        told(count, post(FORM, "a=1&".repeat(1000))),
        (200, "1000".to_string())
    );
    assert_eq!(
        told(count, post(FORM, "&".repeat(5000))),
        (200, "0".to_string())
    );
    let (status, page) = told(count, post(FORM, "a=1&".repeat(1001)));
    let sentence = "413 Content Too Large: the form has more than 1000 fields\n";
    assert_eq!((status, &*page), (413, sentence));
    // Not even its encoding is checked.
    assert_eq!(told(count, post(FORM, "%ff&".repeat(200_000))).0, 413);
    let million = post(FORM, "a=1&".repeat(1_000_000));
    assert_eq!(told(count, &million).0, 413);
    let large = with_body_limit(1 << 24, count);
    assert_eq!(told(large, million), (413, sentence.to_string()));
    let one = |request: &Request<'_>| request.form_with(1).map(|_| "");
    assert_eq!(
        (told(one, post(FORM, "a")).0, told(one, post(FORM, "a&b")).0),
        (200, 413)
    );
}

#[test]
fn a_form_that_is_not_utf_8_is_refused() {
    for body in [&b"a=%ff"[..], b"\xff=a", b"a=%c3&%a4"] {
        let page = told(names, post(FORM, body));
        assert_eq!(
            page,
            (400, "400 Bad Request: the form is not UTF-8\n".to_string())
        );
    }
}
