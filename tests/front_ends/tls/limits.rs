//! Limits for clients that speak TLS: memory, connections and deadlines.

use super::laws::Offer;
use super::{PATIENCE, Server, echo};
use bytegate::net::Metrics;
use bytegate::{Body, Gateway, Method, Request, Response};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

#[test]
fn idle_connections_count_as_memory_and_make_room_for_new_ones() {
    let metrics = Metrics::new();
    let server = Server::with(echo, |options| {
        options.metrics = Some(metrics.clone());
        options.buffered_bytes = 4 * 8192;
    });
    let mut clients: Vec<_> = (0..4).map(|_| server.client()).collect();
    for client in &mut clients {
        assert_eq!(client.get("/").unwrap().text(), "https /");
    }
    wait_for_memory(&metrics, |bytes| bytes == 4 * 8192);
    let idle = "\nbytegate_connections{state=\"idle\"} 4\n";
    let start = Instant::now();
    while !metrics.to_string().contains(idle) {
        assert!(start.elapsed() < PATIENCE, "{metrics}");
        thread::sleep(Duration::from_millis(2));
    }
    let mut newest = server.client();
    assert_eq!(newest.get("/").unwrap().text(), "https /");
    let mut rest = Vec::new();
    clients.remove(0).read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"");
    clients.push(newest);
    for client in &mut clients {
        assert_eq!(client.get("/").unwrap().text(), "https /");
    }
    drop(clients);
    wait_for_memory(&metrics, |bytes| bytes == 0);
}

#[test]
fn a_handshake_that_fails_with_input_left_does_not_hold_its_thread() {
    // Nothing else ends the connection.
    let gateway = Gateway::new(echo);
    let gateway = gateway.configure(|config| config.timeouts.head = Duration::from_secs(3600));
    let server = Server::with(gateway, |options| options.threads = 1.try_into().unwrap());
    let mut refused = server.tcp();
    let hello = Offer::default().start().output();
    refused.write_all(&hello).unwrap();
    refused.read_exact(&mut [0; 1]).unwrap();
    // More than TLS takes before it looks at the first record.
    refused.write_all(&[0; 16_000]).unwrap();
    let mut alert = Vec::new();
    refused.read_to_end(&mut alert).unwrap();
    assert_eq!(server.client().get("/a").unwrap().text(), "https /a");
}

#[test]
fn a_slow_handshake_ends_at_the_deadline_of_the_head() {
    let gateway = Gateway::new(echo);
    let gateway = gateway.configure(|config| config.timeouts.head = Duration::from_millis(300));
    let server = Server::start(gateway);
    let hello = Offer::default().start().output();
    // Silent, or half a hello, or byte by byte: all of it would take several seconds.
    for begun in [0, 100] {
        let mut stream = server.tcp();
        stream.write_all(&hello[..begun]).unwrap();
        assert_eq!(stream.read(&mut [0; 100]).unwrap(), 0);
    }
    let mut stream = server.tcp();
    let mut bytes = hello.iter();
    let gone = bytes.find(|byte| {
        thread::sleep(Duration::from_millis(20));
        stream.write_all(&[**byte]).is_err()
    });
    assert!(gone.is_some());
}

/// Waits until the memory of all connections is this much, in bytes.
fn wait_for_memory(metrics: &Metrics, is_expected: impl Fn(usize) -> bool) {
    let started = Instant::now();
    loop {
        let page = metrics.to_string();
        let mut lines = page.lines();
        let bytes = lines.find_map(|line| line.strip_prefix("bytegate_buffered_bytes "));
        let bytes = bytes.and_then(|text| text.parse().ok()).unwrap();
        if is_expected(bytes) {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "{bytes} bytes");
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn messages_and_records_that_are_incomplete_count_as_memory() {
    const KIB: usize = 1024;
    let metrics = Metrics::new();
    let counted = metrics.clone();
    let server = Server::with(echo, |options| {
        options.metrics = Some(counted);
        options.buffered_bytes = 80 * KIB;
    });
    // A hello of nearly 64 KiB, in records, of which 40 KiB are sent.
    let begin = || {
        let mut hello = server.tcp();
        let message = [&b"\x01\x00\xff\x00"[..], &[0; 40 * KIB - 4]].concat();
        for part in message.chunks(10 * KIB) {
            // The server may have closed the connection.
            let _ = hello.write_all(b"\x16\x03\x01\x28\x00");
            let _ = hello.write_all(part);
        }
        hello
    };
    let first = begin();
    wait_for_memory(&metrics, |bytes| bytes >= 44 * KIB);
    let mut client = server.client();
    assert_eq!(client.get("/a").unwrap().text(), "https /a");
    // Most of a record.
    let mut wire = &client.stream().sock;
    wire.write_all(b"\x17\x03\x03\x40\x00").unwrap();
    wire.write_all(&[0; 16_000]).unwrap();
    wait_for_memory(&metrics, |bytes| bytes >= 60 * KIB);
    // A new connection takes the place of the idle one, but a handshake for which no memory is left ends.
    let count = begin().read(&mut [0; 1]).unwrap_or_default();
    assert_eq!(count, 0);
    drop((first, client));
    wait_for_memory(&metrics, |bytes| bytes == 0);
}

#[test]
fn handshakes_that_stall_make_room_for_others() {
    let server = Server::with(echo, |options| options.max_connections = 4);
    let hello = Offer::default().start().output();
    let stalled: Vec<TcpStream> = (0..4)
        .map(|number| {
            let mut stream = server.tcp();
            stream.write_all(&hello[..number * 50]).unwrap();
            stream
        })
        .collect();
    assert_eq!(server.client().get("/a").unwrap().text(), "https /a");
    drop(stalled);
}

#[test]
fn an_idle_connection_that_makes_room_ends_with_an_alert() {
    let server = Server::with(echo, |options| options.max_connections = 1);
    let mut first = server.client();
    first.get("/").unwrap();
    // The idle connection makes room, with an alert that it ends.
    assert_eq!(server.client().get("/a").unwrap().text(), "https /a");
    let mut rest = Vec::new();
    first.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"");
}

#[test]
fn an_incomplete_response_is_not_ended_with_an_alert() {
    let app = |_: &Request<'_>| {
        let blocks = [Ok("begun ".into()), Err(bytegate::body::BodyError)];
        Response::text(Body::try_from_iterator(None, blocks.into_iter()))
    };
    let server = Server::start(Gateway::new(app).on_error(|_, _| {}));
    let mut client = server.client();
    // A body of HTTP/1.0 ends with the connection.
    client.send("GET / HTTP/1.0\r\n\r\n").unwrap();
    let error = client.response(Method::GET).unwrap_err();
    let kinds = [ErrorKind::ConnectionReset, ErrorKind::UnexpectedEof];
    assert!(kinds.contains(&error.kind()), "{error}");
}
