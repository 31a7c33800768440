//! Cookies of a request.

use super::*;

#[test]
fn all_cookies_of_all_headers_are_read_in_order() {
    for (headers, expected) in [
        (&[][..], &[][..]),
        (&[("Cookie", "")], &[]),
        (&[("Cookie", "a=1")], &[("a", "1")]),
        (
            &[("Cookie", "a=1; b=2;c=3 ;\td=4;;e=")],
            &[("a", "1"), ("b", "2"), ("c", "3"), ("d", "4"), ("e", "")],
        ),
        (
            &[("Cookie", "a=1"), ("X", "b=2"), ("cookie", "c=3; a=4")],
            &[("a", "1"), ("c", "3"), ("a", "4")],
        ),
        (
            &[("Cookie", "a=b=c; d=\"e f\"; g=h,i")],
            &[("a", "b=c"), ("d", "\"e f\""), ("g", "h,i")],
        ),
        (
            &[("Cookie", "nothing; =empty; A=1; a=%41")],
            &[("A", "1"), ("a", "%41")],
        ),
    ] {
        with_headers(headers, |request| {
            assert_eq!(
                request.cookies().collect::<Vec<_>>(),
                expected,
                "{headers:?}"
            );
        });
    }
    let request = Request::builder("GET", "/").header("Cookie", b"a=\xff; b=\xc3\xa4; c=1");
    {
        let request = request.build().expect("a request");
        let request = &request.view();
        assert_eq!(
            request.cookies().collect::<Vec<_>>(),
            [("b", "\u{e4}"), ("c", "1")]
        );
    }
}

#[test]
fn malformed_cookies_are_ignored() {
    let show = |request: &Request<'_>| {
        let cookies: Vec<_> = request.cookies().collect();
        format!("{cookies:?} {:?}", request.cookie("a"))
    };
    for (garbage, page) in [
        (b"\xff\xfe=\x80".repeat(3000), "[] None"),
        (b";".repeat(9000), "[] None"),
        (b"=;".repeat(5000), "[] None"),
        (b"a".repeat(9000), "[] None"),
        (b" \t ; ,\"\\\xc3;".repeat(1000), "[] None"),
        (b"\xff=1; a=2; =3".to_vec(), "[(\"a\", \"2\")] Some(\"2\")"),
    ] {
        let header = [&b"Cookie: "[..], &garbage, b"\r\n"].concat();
        let input = [&b"GET / HTTP/1.1\r\nHost: x\r\n"[..], &header, b"\r\n"].concat();
        assert_eq!(told(show, input), (200, page.to_string()));
    }
    for count in [1, 5] {
        let header = format!("Cookie: {}\r\n", "a=1;".repeat(20_000 / 4 / count));
        let status = told(show, get_with(&header.repeat(2 * count))).0;
        assert_eq!(status, 431, "{count}");
    }
}

#[test]
fn the_first_cookie_of_a_name_counts_and_the_case_matters() {
    with_headers(&[("Cookie", "A=0; a=1; a=2")], |request| {
        assert_eq!(request.cookie("a"), Some("1".into()));
        assert_eq!(request.cookie("A"), Some("0".into()));
        assert_eq!(request.cookie("b"), None);
    });
}
