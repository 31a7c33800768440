//! Bytes that are moved and not copied.

use super::*;

#[test]
fn a_body_that_arrives_with_its_head_is_not_copied() {
    let mut connection = Connection::new(Config::default(), Scheme::Http);
    let mut input = POST;
    match admitted(&mut connection, &mut input, BodyMode::Buffer) {
        Step::Request(request) => {
            assert_eq!(request.body, b"secret");
            let place = POST.as_ptr_range();
            assert!(place.contains(&request.body.as_ptr()));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_refusal_in_the_body_still_shows_the_request_line() {
    let mut connection = Connection::new(Config::default(), Scheme::Http);
    let head = &b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"[..];
    let step = admitted(&mut connection, &mut &head[..], BodyMode::Buffer);
    assert!(matches!(step, Step::Read { .. }));
    match connection.step(&mut &b"2\r\nab\r\nz"[..], Now::default()) {
        Step::Refuse(refusal) => {
            assert_eq!(refusal.line, b"POST /a HTTP/1.1");
            assert_eq!(refusal.method, Some(Method::POST));
            assert_eq!(refusal.at, head.len() as u64 + 7);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn output_is_written_to_a_lent_buffer_and_moved_without_a_copy() {
    let mut connection = Connection::new(Config::default(), Scheme::Http);
    let step = connection.step(&mut &GET[..], Now::default());
    assert!(matches!(step, Step::Request(_)));
    let mut buffer = Vec::with_capacity(4096);
    let place = buffer.as_ptr();
    connection.output().lend(&mut buffer);
    let answered = connection.respond(&mut Response::text("hello"));
    assert!(answered.is_ok());
    assert_eq!(
        connection.output().pieces().next().map(<[u8]>::as_ptr),
        Some(place)
    );
    // Lending does nothing if either side already holds bytes.
    connection.output().lend(&mut Vec::with_capacity(8));
    let whole = connection.output().len();
    let mut moved = Vec::new();
    connection.output().move_to(&mut moved);
    assert_eq!((moved.as_ptr(), moved.len()), (place, whole));
    connection.output().lend(&mut moved);
    assert!(connection.output().is_empty() && moved.len() == whole);
    assert_eq!(connection.output().pieces().count(), 0);
}
