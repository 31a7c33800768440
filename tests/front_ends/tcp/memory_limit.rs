//! How much memory bodies may take.

use super::*;

/// The complaint about memory, for a server with 4 MiB.
const NO_MEMORY: &str = "all of the 4194304 bytes for requests and responses are in use: \
                         more are refused with 503 (see --buffered-bytes, or Options::buffered_bytes)";

#[test]
fn bodies_that_arrive_slowly_share_the_memory_for_them() {
    let setup = Setup::new(echo_or_large).buffered_bytes(4 << 20);
    let server = setup.start();
    let upload = post(&[b'x'; 600_000]);
    let (most, rest) = upload.split_at(580_000);
    let mut clients: Vec<Client> = (0..20).map(|_| server.connect()).collect();
    let (mut accepted, mut refused) = (Vec::new(), 0);
    for client in clients.drain(..) {
        // One that is refused stops reading after a while.
        let _ = client.socket().write_all(most);
        let socket = client.socket();
        socket
            .set_read_timeout(Some(millis(100)))
            .expect("a timeout");
        match socket.peek(&mut [0]) {
            Err(_) => accepted.push(client),
            Ok(_) => {
                let response = &client.last_two_responses(1)[0];
                assert_eq!(response.status(), 503);
                assert_eq!(response.header("Retry-After"), Some("5"));
                refused += 1;
            }
        }
    }
    // A vector that grows has room for twice its content at most.
    assert!((3..=7).contains(&accepted.len()), "{}", accepted.len());
    assert_eq!(accepted.len() + refused, 20);
    // Requests that need no memory get responses meanwhile.
    assert_eq!(server.connect().get("/").body(), b"/");
    let small = post(&[b'x'; 1000]);
    let mut client = server.connect();
    client.send(&small);
    assert_eq!(client.response().status(), 200);
    for mut client in accepted {
        let socket = client.socket();
        socket.set_read_timeout(Some(SOON)).expect("a timeout");
        client.send(rest);
        assert_eq!(client.response().status(), 200);
    }
    // All memory is free again.
    for _ in 0..5 {
        let mut client = server.connect();
        client.send(&upload);
        assert_eq!(client.response().body().len(), 600_000);
    }
    assert_eq!(server.errors(), [NO_MEMORY]);
}

#[test]
fn responses_that_nobody_reads_share_the_memory_for_them() {
    let server = Setup::new(echo_or_large).buffered_bytes(4 << 20).start();
    let stuck = server.connect();
    stuck.send(get("/large"));
    soon("the memory is used up", || !server.errors().is_empty());
    let mut client = server.connect();
    let refused = client.get("/large");
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.header("Retry-After"), Some("5"));
    // The connection stays open, and small responses are sent.
    assert_eq!(client.get("/").body(), b"/");
    drop(stuck);
    soon("the memory is free", || {
        server.connect().get("/large").body().len() == LARGE_BYTES
    });
    assert_eq!(server.errors(), [NO_MEMORY]);
}

#[test]
fn a_stream_arrives_whole_when_the_memory_is_used_up() {
    let setup = Setup::new(|request: &Request<'_>| match request.path() {
        "/large" => large(request),
        _ => Response::text(Body::from_iterator((0..4000).map(|_| vec![b'x'; 10_000]))),
    });
    let server = setup.buffered_bytes(4 << 20).start();
    let stuck = server.connect();
    stuck.send(get("/large"));
    soon("the memory is used up", || !server.errors().is_empty());
    let reader = server.connect();
    reader.send("GET / HTTP/1.0\r\n\r\n");
    // The server cannot send more for a while.
    thread::sleep(millis(300));
    let bytes = reader.rest().expect("a clean end");
    assert!(bytes.len() > 40_000_000, "{}", bytes.len());
    drop(stuck);
}

#[test]
fn input_that_waits_for_a_response_counts_as_memory() {
    let server = Setup::new(|request: &Request<'_>| match request.path() {
        "/never" => Response::from_future(std::future::pending::<Response>()),
        _ => echo(request),
    })
    .buffered_bytes(1 << 18)
    .timeouts({
        let mut timeouts = Timeouts::default();
        timeouts.response = millis(1000);
        timeouts
    })
    .start();
    let waiting: Vec<Client> = (0..20).map(|_| server.connect()).collect();
    for client in &waiting {
        client.send([get("/never"), GET.repeat(2000)].concat());
    }
    let upload = post(&[b'x'; 100_000]);
    soon("the memory is used up", || {
        let client = server.connect();
        client.send(&upload[..50_000]);
        let socket = client.socket();
        socket
            .set_read_timeout(Some(millis(50)))
            .expect("a timeout");
        let mut line = [0; 12];
        matches!(client.socket().read_exact(&mut line), Ok(()) if line.ends_with(b"503"))
    });
    drop(waiting);
    soon("the memory is free", || {
        let mut client = server.connect();
        client.send(&upload);
        client.response().status().code() == 200
    });
}
