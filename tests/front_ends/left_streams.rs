//! Clients that leave a stream of events in which nothing happens.

use bytegate::events::{Broadcast, Event, Events};
use bytegate::testing::Server;
use bytegate::{Body, Gateway, Request, Response};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// Asks for events, and returns when the head of the response is there.
fn subscribe(server: &Server) -> TcpStream {
    let mut stream = TcpStream::connect(server.address()).expect("a connection");
    let timeout = Some(Duration::from_secs(20));
    stream.set_read_timeout(timeout).expect("a socket");
    stream
        .write_all(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
        .expect("a connection");
    read_to(&mut stream, "\r\n\r\n");
    stream
}

/// Reads up to a text. Returns the bytes before the text.
fn read_to(stream: &mut TcpStream, end: &str) -> String {
    let mut read = Vec::new();
    while !read.ends_with(end.as_bytes()) {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("more");
        read.extend(byte);
    }
    read.truncate(read.len() - end.len());
    String::from_utf8(read).expect("text")
}

#[track_caller]
fn soon(mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(10), "it is never so");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Serves a stream of events, and keeps the senders.
fn quiet() -> (Server, Arc<Mutex<Vec<bytegate::events::EventSender>>>) {
    let senders = Arc::new(Mutex::new(Vec::new()));
    let kept = senders.clone();
    let server = Server::start(Gateway::new(move |_: &Request<'_>| {
        let (sender, events) = Events::channel(8);
        kept.lock().expect("no panic").push(sender);
        Response::events(events)
    }));
    (server, senders)
}

#[test]
fn a_client_that_is_gone_is_noticed_without_an_event() {
    let (server, senders) = quiet();
    let stream = subscribe(&server);
    let is_closed = || senders.lock().expect("no panic")[0].is_closed();
    assert!(!is_closed());
    drop(stream);
    soon(is_closed);
}

#[test]
fn a_client_that_ended_its_input_gets_its_events() {
    let (server, senders) = quiet();
    let mut stream = subscribe(&server);
    stream.shutdown(Shutdown::Write).expect("a socket");
    // Longer than it takes to notice a client that is gone.
    thread::sleep(Duration::from_millis(600));
    let sender = senders.lock().expect("no panic").pop().expect("a sender");
    assert!(!sender.is_closed());
    assert_eq!(sender.send(Event::new("hello")), Ok(()));
    drop(sender);
    let mut rest = String::new();
    stream.read_to_string(&mut rest).expect("the rest");
    let events: Vec<&str> = rest.lines().filter(|line| !line.starts_with(':')).collect();
    assert_eq!(events, ["data: hello", ""], "{rest}");
}

#[test]
fn a_comment_never_comes_in_the_middle_of_a_line() {
    let server = Server::start(Gateway::new(|_: &Request<'_>| {
        let (sender, body) = Body::channel(8);
        thread::spawn(move || {
            let _ = sender.send("data: one ");
            thread::sleep(Duration::from_millis(600));
            let _ = sender.send("line\n\n");
            sender.finish();
        });
        Response::of_type("text/event-stream", body)
    }));
    let mut stream = subscribe(&server);
    stream.shutdown(Shutdown::Write).expect("a socket");
    let mut rest = String::new();
    stream.read_to_string(&mut rest).expect("the rest");
    assert!(rest.contains("data: one line\n\n"), "{rest}");
}

#[test]
fn a_subscriber_that_is_gone_leaves_its_place() {
    let news = Broadcast::new(100);
    let subscribed = news.clone();
    let server = Server::start(Gateway::new(move |_: &Request<'_>| {
        Response::events(subscribed.subscribe())
    }));
    let streams: Vec<TcpStream> = (0..3).map(|_| subscribe(&server)).collect();
    drop(streams);
    let mut stays = subscribe(&server);
    soon(|| news.subscribers() == 1);
    assert_eq!(news.send(Event::new("hello")), 1);
    assert!(read_to(&mut stays, "data: hello\n\n").is_empty());
}
