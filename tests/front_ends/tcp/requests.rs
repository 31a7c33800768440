//! Requests and responses.

use super::*;

#[test]
fn one_connection_serves_requests_of_all_kinds() {
    let server = Server::start(echo);
    let mut client = server.connect();
    assert_eq!(client.get("/a").body(), b"/a");
    client.send(post(b"hello"));
    assert_eq!(client.response().body(), b"hello");
    client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.send("3\r\nabc\r\n0\r\n\r\n");
    assert_eq!(client.response().body(), b"abc");
    client.send("HEAD /abc HTTP/1.1\r\nHost: x\r\n\r\n");
    client.send("GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let rest = client.rest().expect("a clean end");
    let responses = reader::read_all(&rest, &[Method::HEAD, Method::GET]);
    assert_eq!(responses[0].header("content-length"), Some("4"));
    assert_eq!(responses[1].body(), b"/last");
    assert!(responses[1].closes());
}

#[test]
fn a_batch_of_requests_gets_responses_in_order() {
    let server = Server::start(echo);
    let client = server.connect();
    let paths: Vec<String> = (0..2000).map(|number| format!("/{number}")).collect();
    client.send(paths.iter().flat_map(|path| get(path)).collect::<Vec<u8>>());
    client.end();
    for (response, path) in client.last_two_responses(paths.len()).iter().zip(&paths) {
        assert_eq!(response.body(), path.as_bytes());
    }
}

#[test]
fn a_request_may_arrive_byte_by_byte() {
    let server = Server::start(echo);
    let mut client = server.connect();
    for _ in 0..3 {
        for byte in post(b"hello") {
            client.send([byte]);
        }
        assert_eq!(client.response().body(), b"hello");
    }
}

#[test]
fn a_client_that_closed_its_sending_side_gets_every_response() {
    let server = Server::start(echo_or_large);
    let client = server.connect();
    client.send([get("/large"), get("/small")].concat());
    client.end();
    let responses = client.last_two_responses(2);
    assert_eq!(responses[0].body().len(), LARGE_BYTES);
    assert_eq!(responses[1].body(), b"/small");
}

#[test]
fn a_request_that_breaks_off_gets_a_400() {
    let server = Server::start(echo);
    let request = post(b"hello");
    for cut in 1..request.len() {
        let client = server.connect();
        client.send(&request[..cut]);
        client.end();
        assert_eq!(client.last_two_responses(1)[0].status(), 400);
    }
    let client = server.connect();
    client.end();
    assert_eq!(client.rest().expect("a clean end"), b"");
}

#[test]
fn garbage_is_refused_and_the_server_keeps_running() {
    let server = Server::start(echo);
    for garbage in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"\0\0\0\0",
        &b"\r\n".repeat(11),
        b"hello\r\n",
        b"GET /\r\n",
        &[b'A'; 65_536],
        &[0xff; 65_536],
    ] {
        let client = server.connect();
        client.send(garbage);
        let responses = client.last_two_responses(1);
        assert!((400..=501).contains(&responses[0].status().code()));
        assert!(responses[0].closes());
    }
    assert_eq!(server.connect().get("/").status(), 200);
}

#[test]
fn an_application_sees_the_address_of_its_client() {
    let server = Server::start(|request: &Request<'_>| Response::text(request.peer().to_string()));
    let mut client = server.connect();
    let address = client.socket().local_addr().expect("an address");
    let expected = address.to_string();
    assert_eq!(client.get("/").body(), expected.as_bytes());
}

#[test]
fn the_server_runs_with_any_number_of_threads() {
    for threads in [1, 4] {
        let server = Setup::new(echo).threads(threads).start();
        let mut clients: Vec<Client> = (0..20).map(|_| server.connect()).collect();
        for round in 0..10 {
            for client in &clients {
                client.send(get(&format!("/{round}")));
            }
            for client in &mut clients {
                assert_eq!(client.response().body(), format!("/{round}").as_bytes());
            }
        }
    }
}
