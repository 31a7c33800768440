//! The access log.

use super::*;

#[test]
fn every_request_gets_a_line_in_the_access_log() {
    panics_are_silent();
    let mut server = Server::start(|request: &Request<'_>| match request.path() {
        "/panic" => deliberate(),
        "/stream" => Response::text(Body::from_iterator(["one", "two"].into_iter())),
        _ => echo(request),
    });
    let one = server.connect();
    let requests = [
        get("/a?b=c"),
        b"HEAD /abc HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        post(b"hello"),
        get("/stream"),
        b"GET /bad HTTP/1.1\r\nHost : x\r\n\r\n".to_vec(),
    ];
    one.send(requests.concat());
    drop(one.rest());
    for request in [
        get("/panic"),
        b"POST /big HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n".to_vec(),
        b"\x1b\"GET /\r\n".to_vec(),
    ] {
        let client = server.connect();
        client.send(request);
        client.end();
        drop(client.rest());
    }
    // Without a request, nothing is logged.
    drop(server.connect());
    server.stop();
    let log = server.accesses();
    assert!(log.ends_with('\n'));
    let expected = [
        "GET /a?b=c HTTP/1.1\" 200 2",
        "HEAD /abc HTTP/1.1\" 200 0",
        "POST / HTTP/1.1\" 200 5",
        "GET /stream HTTP/1.1\" 200 -",
        "GET /bad HTTP/1.1\" 400 ",
        "GET /panic HTTP/1.1\" 500 ",
        "POST /big HTTP/1.1\" 413 ",
        "\\x1b\" 400 ",
    ];
    assert_eq!(log.lines().count(), expected.len(), "{log}");
    for (line, expected) in log.lines().zip(expected) {
        let date = line.strip_prefix("127.0.0.1 - - [").expect("a client");
        let (date, request) = date.split_once("] \"").expect("a date");
        assert_eq!(date.len(), "10/Oct/2000:13:55:36 +0000".len());
        assert!(date.ends_with(" +0000"));
        assert!(request.starts_with(expected), "{line}");
        let (_, length) = request.rsplit_once(' ').expect("a length");
        assert!(length == "-" || length.parse::<u64>().is_ok(), "{line}");
    }
}
