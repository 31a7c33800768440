//! Debug output, and the values that it hides.

use super::*;

#[test]
fn debug_output_shows_neither_credentials_nor_bodies() {
    with_request(GET, |request| {
        let shown = format!("{request:?} {:?}", request.head());
        assert!(
            shown.contains("\"/a?b=c%20d&e\"") && shown.contains("0 bytes"),
            "{shown}"
        );
        assert!(!shown.contains("secret"), "{shown}");
    });
    let mut connection = Connection::new(Config::default(), Scheme::Http);
    let mut input = &b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\npassw"[..];
    assert!(matches!(
        connection.step(&mut input, Now::default()),
        Step::Admit(_)
    ));
    assert_eq!(connection.admit(BodyMode::Buffer), Ok(()));
    assert!(matches!(
        connection.step(&mut input, Now::default()),
        Step::Read { .. }
    ));
    let shown = format!("{connection:?}");
    assert!(
        shown.contains("gathers 5 of at most 1048576") && !shown.contains("passw"),
        "{shown}"
    );
    // Not as a list of numbers either: 80, 79, 83, 84 is `POST`.
    assert!(!shown.contains("80, 79, 83, 84"), "{shown}");
    for (admission, shown) in [
        (Admission::buffer(), "Buffer(None)"),
        (Admission::buffer().up_to(5), "Buffer(Some(5))"),
        (Admission::stream(Deaf), "Stream(None)"),
        (
            Admission::refuse(Status::FORBIDDEN),
            "Refuse(403 Forbidden)",
        ),
    ] {
        assert_eq!(format!("{admission:?}"), shown);
    }
    for (body, shown) in [
        (Body::empty(), "Empty"),
        (Body::from("abc"), "Bytes(3)"),
        (
            Body::try_from_iterator(Some(2), std::iter::empty()),
            "Stream(Some(2))",
        ),
    ] {
        assert_eq!(format!("{body:?}"), shown);
    }
}

#[test]
fn debug_output_shows_the_data_of_each_state() {
    let mut connection = Connection::new(Config::default(), Scheme::Http);
    let (start, rest) = POST.split_at(POST.len() - 3);
    let step = admitted(&mut connection, &mut &start[..], BodyMode::Buffer);
    assert!(matches!(step, Step::Read { .. }));
    let step = connection.step(&mut &rest[..], Now::default());
    let shown = format!("{step:?}");
    let head = r#"Request(Message { head: Head { method: "POST", target: "/a", version: Http11, headers: "#;
    assert!(shown.starts_with(head), "{shown}");
    let shown = format!("{connection:?}");
    assert!(shown.contains("Call(Some(Gathered(6)), "), "{shown}");

    let mut connection = Connection::new(Config::default(), Scheme::Http);
    let mut input = POST;
    let step = admitted(&mut connection, &mut input, BodyMode::Stream(6));
    assert!(matches!(step, Step::Data(b"secret")));
    let shown = format!("{connection:?}");
    assert!(
        shown.contains("BodyReader(hands on 6 of at most 6)"),
        "{shown}"
    );
    let step = connection.step(&mut input, Now::default());
    assert!(matches!(step, Step::Request(_)));
    let shown = format!("{connection:?}");
    assert!(shown.contains("Call(Some(HandedOn), "), "{shown}");
    assert!(shown.contains("output: Output(0 bytes)"), "{shown}");

    let mut connection = Connection::new(Config::default(), Scheme::Http);
    let step = connection.step(&mut &b"GET /\r\n"[..], Now::default());
    assert!(matches!(step, Step::Refuse(_)));
    let shown = format!("{connection:?}");
    assert!(shown.contains("RejectedRequest(Some(GET))"), "{shown}");
}

#[test]
fn debug_output_of_a_header_iterator_shows_the_remaining_headers() {
    with_request(GET, |request| {
        let mut headers = request.headers().iter();
        headers.by_ref().take(2).for_each(drop);
        assert_eq!(format!("{headers:?}"), r#"{"X": "y"}"#);
    });
}

#[test]
fn debug_output_of_a_stream_shows_its_framing() {
    for (length, shown) in [(Some(3), "Stream(Length(3), "), (None, "Stream(Chunked, ")] {
        let mut connection = Connection::new(Config::default(), Scheme::Http);
        connection.step(&mut &GET[..], Now::default());
        let blocks = std::iter::once(Ok(Bytes::from_static(b"abc")));
        let mut response = Response::text(Body::try_from_iterator(length, blocks));
        let summary = connection.respond(&mut response).expect("its turn");
        assert!(summary.is_stream);
        let connection = format!("{connection:?}");
        assert!(connection.contains(shown), "{connection}");
    }
}
