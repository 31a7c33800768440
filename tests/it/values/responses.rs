//! Values that become responses, and responses that fail.

use super::*;

#[test]
fn every_supported_type_converts_to_a_response() {
    let status = |response: Response| (response.status().code(), response.body().length());
    assert_eq!(status("abc".into()), (200, Some(3)));
    assert_eq!(status(String::from("abc").into()), (200, Some(3)));
    assert_eq!(status(vec![1, 2].into()), (200, Some(2)));
    assert_eq!(status(Bytes::from_static(b"1").into()), (200, Some(1)));
    assert_eq!(status(Status::CONFLICT.into()), (409, Some(13)));
    assert_eq!(status(Status::NO_CONTENT.into()), (204, Some(0)));
    assert_eq!(status((Status::CREATED, "made").into()), (201, Some(4)));
    assert_eq!(status(Ok::<_, Status>("fine").into()), (200, Some(4)));
    assert_eq!(status(Err::<&str, _>(Status::GONE).into()), (410, Some(9)));
    assert_eq!(status(Some("there").into()), (200, Some(5)));
    assert_eq!(status(None::<&str>.into()), (404, Some(14)));
    assert_eq!(status(Response::html(&b"<p>"[..])), (200, Some(3)));
    let moved = Response::see_other("/there");
    assert_eq!(moved.headers().view().get("location"), Some("/there"));
    assert_eq!(Body::from("abc").as_bytes(), Some(&b"abc"[..]));
    assert_eq!(
        Body::from_iterator(std::iter::empty::<Bytes>()).as_bytes(),
        None
    );
}

#[test]
fn a_response_that_breaks_a_rule_becomes_a_500_with_a_reason() {
    type Breach = fn() -> Response;
    let cases: [(Breach, &str); 6] = [
        (
            || Response::text("").with_header("A b", "c"),
            "header \"A b\": a header name must be a token (RFC 9110 section 5.1)",
        ),
        (
            || Response::text("").with_header("A", "b\n"),
            "header \"A\": a header value must not contain control characters (RFC 9110 section 5.5)",
        ),
        (
            || Response::text("").with_header("Upgrade", "b"),
            "header \"Upgrade\" is set by the connection, not by an application",
        ),
        (
            || Response::new(Status::CONTINUE),
            "100 Continue is not a final status",
        ),
        (
            || Response::from_error(ResponseError::Panicked("oh".into())),
            "the application panicked: oh",
        ),
        (|| Response::from_error(ResponseError::other("oh")), "oh"),
    ];
    for (response, reason) in cases {
        assert_eq!(
            response_of(move |_: &Request<'_>| response(), GET_X)
                .status()
                .code(),
            500
        );
        let mut connection = Connection::new(Config::default(), Scheme::Http);
        let mut input = GET_X;
        assert!(matches!(
            connection.step(&mut input, Now::default()),
            Step::Request(_)
        ));
        let answered = connection
            .respond(&mut response())
            .expect("an answer was owed");
        assert_eq!(answered.error.expect("a reason").to_string(), reason);
    }
    assert_eq!(
        HeaderError::Name.to_string(),
        "a header name must be a token (RFC 9110 section 5.1)"
    );
    assert_eq!(BodyError.to_string(), "the body stream failed");
}

#[test]
fn a_status_that_forbids_a_body_drops_it() {
    for (status, length) in [(204, None), (205, Some("0")), (304, None)] {
        let status = Status::new(status).expect("a status");
        let response = response_of(
            move |_: &Request<'_>| Response::text("dropped").with_status(status),
            GET_X,
        );
        assert_eq!(
            (response.header("content-length"), response.body()),
            (length, &b""[..]),
            "{status}"
        );
        let stream = move |_: &Request<'_>| {
            Response::text(Body::from_iterator(["dropped"].into_iter())).with_status(status)
        };
        let response = response_of(stream, GET_X);
        assert_eq!(
            (response.header("content-length"), response.body()),
            (length, &b""[..]),
            "{status}"
        );
    }
}
