//! Clients that are too slow.

use super::*;

fn short_head() -> Timeouts {
    let mut timeouts = Timeouts::default();
    timeouts.head = millis(200);
    timeouts
}

#[test]
fn an_incomplete_head_gets_a_408() {
    let server = Setup::new(echo).timeouts(short_head()).start();
    let start = Instant::now();
    let client = server.connect();
    client.send(&GET[..20]);
    let responses = client.last_two_responses(1);
    assert_eq!(responses[0].status(), 408);
    assert!(responses[0].closes());
    assert!(start.elapsed() >= millis(200));
}

#[test]
fn a_silent_connection_is_closed_without_a_response() {
    let server = Setup::new(echo).timeouts(short_head()).start();
    let start = Instant::now();
    let client = server.connect();
    assert_eq!(client.rest().expect("a clean end"), b"");
    assert!(start.elapsed() >= millis(200));
}

#[test]
fn an_idle_connection_is_closed_without_another_byte() {
    let mut timeouts = Timeouts::default();
    timeouts.idle = millis(200);
    let server = Setup::new(echo).timeouts(timeouts).start();
    let mut client = server.connect();
    let start = Instant::now();
    assert_eq!(client.get("/").status(), 200);
    assert_eq!(client.rest().expect("a clean end"), b"");
    assert!(start.elapsed() >= millis(200));
}

#[test]
fn an_incomplete_body_gets_a_408() {
    let mut timeouts = Timeouts::default();
    timeouts.body.gap = millis(200);
    let server = Setup::new(echo).timeouts(timeouts).start();
    let client = server.connect();
    let request = post(b"hello");
    client.send(&request[..request.len() - 1]);
    assert_eq!(client.last_two_responses(1)[0].status(), 408);
}

#[test]
fn a_peer_that_does_not_read_loses_its_place() {
    let mut timeouts = Timeouts::default();
    timeouts.write.gap = millis(200);
    let setup = Setup::new(echo_or_large).timeouts(timeouts);
    let server = setup.connections(1).start();
    let stuck = server.connect();
    stuck.send(get("/large"));
    assert_eq!(server.connect().get("/").status(), 200);
    // A reset, so that the system does not keep the rest of the response.
    let (bytes, end) = stuck.rest_and_end();
    assert!(bytes.len() < LARGE_BYTES);
    let end = end.expect_err("a reset");
    assert_eq!(end.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn fifty_slow_heads_do_not_delay_other_clients() {
    let server = Setup::new(echo).threads(1).start();
    let mut slow: Vec<Client> = (0..50).map(|_| server.connect()).collect();
    let mut client = server.connect();
    for byte in &GET[..GET.len() - 1] {
        for slow in &slow {
            slow.send([*byte]);
        }
        let start = Instant::now();
        assert_eq!(client.get("/").status(), 200);
        assert!(start.elapsed() < Duration::from_secs(5));
    }
    for slow in &mut slow {
        slow.send("\n");
        assert_eq!(slow.response().status(), 200);
    }
}

#[test]
fn an_early_refusal_can_be_read_while_the_client_keeps_sending() {
    let server = Server::start(echo);
    for _ in 0..30 {
        let client = server.connect();
        client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n");
        for _ in 0..16 {
            client.send([b'x'; 65_536]);
        }
        let responses = client.last_two_responses(1);
        assert_eq!(responses[0].status(), 413);
        assert!(responses[0].closes());
    }
}

#[test]
fn a_refusal_can_be_read_after_30_megabytes_were_sent_for_nothing() {
    let site = bytegate::Site::new().file("/a", "a");
    let server = Server::start(site);
    for (path, length, status) in [("/a", 30_000_000, 413), ("/a", 900_000, 405)] {
        let client = server.connect();
        let head = format!("PUT {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
        client.send(format!("{head}Content-Length: {length}\r\n\r\n"));
        client.send(vec![b'x'; length]);
        assert_eq!(client.last_two_responses(1)[0].status().code(), status);
    }
}

#[test]
fn a_refused_client_that_never_stops_sending_is_cut_off() {
    let server = Setup::new(echo).connections(1).start();
    let client = server.connect();
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n");
    let part = vec![b'x'; 1 << 20];
    let mut writes = (0..1000).map(|_| client.socket().write_all(&part));
    assert!(writes.any(|written| written.is_err()));
    assert_eq!(server.connect().get("/").status(), 200);
}

#[test]
fn a_slow_reader_gets_the_whole_of_a_large_response() {
    let server = Server::start(echo_or_large);
    let mut client = server.connect();
    client.send(get("/large"));
    let mut bytes = Vec::new();
    while bytes.len() < LARGE_BYTES {
        let mut part = [0; 65_536];
        let count = client.0.read(&mut part).expect("more");
        assert!(count > 0, "it ended after {} bytes", bytes.len());
        bytes.extend_from_slice(&part[..count]);
        thread::sleep(millis(1));
    }
    client.end();
    let rest = client.0.read_to_end(&mut bytes);
    assert!(rest.is_ok());
    let responses = reader::read_all(&bytes, &[Method::GET]);
    assert_eq!(responses[0].body().len(), LARGE_BYTES);
}

#[test]
fn limits_of_the_gateway_apply_to_its_connections() {
    let mut setup = Setup::new(echo);
    let mut config = Config::default();
    (config.limits.requests, config.limits.body_bytes) = (2, 4);
    setup.gateway = setup.gateway.config(config);
    let server = setup.start();
    let client = server.connect();
    client.send(GET.repeat(3));
    assert_eq!(client.last_two_responses(2).len(), 2);
    let client = server.connect();
    client.send(post(b"hello"));
    assert_eq!(client.last_two_responses(1)[0].status(), 413);
}
