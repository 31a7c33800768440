//! The server with a thread for each connection.

use crate::reader;
use bytegate::blocking::{ThreadOptions, ThreadServer};
use bytegate::events::{Broadcast, Event};
use bytegate::testing::{ClientResponse, StreamClient};
use bytegate::{Gateway, Method, Request, Response, Router};
use std::io::{ErrorKind, Read};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const SECOND: Duration = Duration::from_secs(1);

/// Far more than anything takes, and less than the deadlines of idle connections.
const SOON: Duration = Duration::from_secs(8);

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")
}

/// A handler at `/held` that says when it is entered, and waits until it may go on.
fn holding() -> (Router, Receiver<()>, Sender<()>) {
    let (enter, entered) = mpsc::channel();
    let (open, gate) = mpsc::channel();
    let gate = Mutex::new(gate);
    let held = move |_: &Request<'_>| {
        let _ = enter.send(());
        let _ = gate.lock().unwrap().recv_timeout(SOON);
        "held"
    };
    let router = Router::new()
        .get("/held", held)
        .get("/", |_: &Request<'_>| "hello");
    (router, entered, open)
}

fn start(application: impl Into<Gateway>, threads: usize, stop_timeout: Duration) -> ThreadServer {
    let mut options = ThreadOptions::default();
    options.threads = threads.try_into().unwrap();
    options.stop_timeout = stop_timeout;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    ThreadServer::start_on(listener, application, options).unwrap()
}

fn connect(server: &ThreadServer) -> StreamClient<TcpStream> {
    let client = StreamClient::connect(server.address()).unwrap();
    client.stream().set_read_timeout(Some(SOON)).unwrap();
    client
}

/// Returns a client whose request is held by the handler.
fn connect_held(server: &ThreadServer, entered: &Receiver<()>) -> StreamClient<TcpStream> {
    let mut client = connect(server);
    client.send(get("/held")).unwrap();
    entered.recv_timeout(SOON).unwrap();
    client
}

fn response(client: &mut StreamClient<TcpStream>) -> ClientResponse {
    reader::checked(client.response(Method::GET).unwrap())
}

#[track_caller]
fn assert_works(client: &mut StreamClient<TcpStream>) {
    client.send(get("/")).unwrap();
    assert_eq!(response(client).text(), "hello");
}

/// Waits for the end of a connection, without a reset and without further bytes.
#[track_caller]
fn assert_is_closed(client: &StreamClient<TcpStream>) {
    let mut rest = Vec::new();
    client.stream().read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"");
}

#[test]
fn a_handler_that_blocks_holds_up_only_its_client() {
    let (router, entered, open) = holding();
    let server = start(router, 4, SOON);
    let mut held = connect_held(&server, &entered);
    assert_works(&mut connect(&server));
    open.send(()).unwrap();
    assert_eq!(response(&mut held).text(), "held");
    // Its connection is kept.
    assert_works(&mut held);
}

#[test]
fn a_stop_closes_idle_connections_at_once() {
    let server = start(holding().0, 4, SOON);
    let mut used = connect(&server);
    assert_works(&mut used);
    let unused = connect(&server);
    let mut half = connect(&server);
    half.send("GET / HTTP/1.1\r\n").unwrap();
    let address = server.address();
    let asked = Instant::now();
    server.stop();
    // Otherwise, it would wait for the deadline of a request head.
    assert!(asked.elapsed() < 5 * SECOND, "{:?}", asked.elapsed());
    assert_is_closed(&used);
    drop((unused, half));
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn a_stop_refuses_a_body_that_does_not_arrive_in_time() {
    let length = |request: &Request<'_>| request.body().len().to_string();
    let server = start(Gateway::new(length), 4, 4 * SOON);
    let mut client = connect(&server);
    let head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n";
    client.send([head, "half"].concat()).unwrap();
    thread::sleep(SECOND / 20);
    let stopping = thread::spawn(move || server.stop());
    // After the timeout of a stop. The one of a body is longer than this client waits.
    assert_eq!(client.response(Method::POST).unwrap().status(), 408);
    drop(client);
    stopping.join().unwrap();
}

#[test]
fn a_port_in_use_is_named() {
    let server = start(holding().0, 1, SOON);
    let gateway = Gateway::new(|_: &Request<'_>| "");
    let error = ThreadServer::start(server.address(), gateway).unwrap_err();
    let place = format!("cannot listen on [{}]: ", server.address());
    assert!(error.to_string().starts_with(&place), "{error}");
}

#[test]
fn a_stop_lets_a_request_in_progress_get_its_response() {
    let (router, entered, open) = holding();
    let server = start(router, 4, SOON);
    let mut held = connect_held(&server, &entered);
    let stopping = thread::spawn(move || server.stop());
    open.send(()).unwrap();
    assert_eq!(response(&mut held).text(), "held");
    assert_is_closed(&held);
    stopping.join().unwrap();
}

#[test]
fn a_stop_does_not_wait_for_a_handler_that_hangs_for_longer_than_its_timeout() {
    let (router, entered, open) = holding();
    let server = start(router, 4, SECOND / 4);
    let mut held = connect_held(&server, &entered);
    let asked = Instant::now();
    server.stop();
    assert!(asked.elapsed() >= SECOND / 4);
    // The handler still waits, so this has not waited for it. Its connection is cut off.
    assert_eq!(
        held.response(Method::GET).unwrap_err().kind(),
        ErrorKind::UnexpectedEof
    );
    open.send(()).unwrap();
}

#[test]
fn a_stop_ends_event_streams_at_once() {
    let news = Broadcast::new(100);
    let subscribed = news.clone();
    let subscribe = move |_: &Request<'_>| Response::events(subscribed.subscribe());
    let server = start(Gateway::new(subscribe), 4, SOON);
    let mut client = connect(&server);
    client.send(get("/")).unwrap();
    let until = Instant::now() + SOON;
    while news.send(Event::new("hello")) == 0 {
        assert!(Instant::now() < until);
        thread::sleep(SECOND / 100);
    }
    server.stop();
    assert!(response(&mut client).body().ends_with(b"data: hello\n\n"));
}

#[test]
fn when_all_threads_are_in_use_the_longest_idle_connection_makes_room() {
    let server = start(holding().0, 3, SOON);
    let mut clients: Vec<_> = (0..3).map(|_| connect(&server)).collect();
    for client in &mut clients {
        assert_works(client);
        thread::sleep(SECOND / 20);
    }
    let mut newest = connect(&server);
    assert_works(&mut newest);
    assert_is_closed(&clients.remove(0));
    for client in &mut clients {
        assert_works(client);
    }
}

#[test]
fn when_all_threads_are_in_use_a_slow_head_makes_room() {
    let (router, entered, open) = holding();
    let server = start(router, 2, SOON);
    let mut slow = connect(&server);
    slow.send("GET / HTTP/1.1\r\n").unwrap();
    let mut held = connect_held(&server, &entered);
    assert_works(&mut connect(&server));
    open.send(()).unwrap();
    assert_eq!(response(&mut held).text(), "held");
}

#[test]
fn a_client_above_the_limit_waits_until_a_request_gets_a_response() {
    let (router, entered, open) = holding();
    let server = start(router, 1, SOON);
    let mut held = connect_held(&server, &entered);
    let mut next = connect(&server);
    next.send(get("/")).unwrap();
    open.send(()).unwrap();
    assert_eq!(response(&mut held).text(), "held");
    assert_eq!(response(&mut next).text(), "hello");
}

#[test]
fn dropping_the_server_stops_it() {
    let gateway = Arc::new(());
    let alive = gateway.clone();
    let server = start(
        Gateway::new(move |_: &Request<'_>| {
            let _ = &alive;
            "hello"
        }),
        1,
        SOON,
    );
    assert_works(&mut connect(&server));
    drop(server);
    // No thread holds the gateway any more.
    assert_eq!(Arc::strong_count(&gateway), 1);
}
