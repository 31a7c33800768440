//! TLS over blocking streams.

use super::laws::{Offer, tls};
use bytegate::blocking::{BlockingStream, ThreadOptions, ThreadServer};
use bytegate::connection::CloseReason;
use bytegate::request::ConnectionInfo;
use bytegate::testing::{Pipe, StreamClient};
use bytegate::tls::rustls::{ClientConnection, StreamOwned};
use bytegate::{Body, Gateway, Method, Request, Response, Status};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

/// A bound that only a broken server reaches.
const PATIENCE: Duration = Duration::from_secs(20);

type Client<S> = StreamClient<StreamOwned<ClientConnection, S>>;

fn client_on<S: Read + Write>(stream: S) -> Client<S> {
    StreamClient::new(StreamOwned::new(
        Offer::default().start().connection,
        stream,
    ))
}

/// Serves one connection. Returns the end of the client, and how the connection has ended.
fn serve(gateway: &Gateway) -> (Pipe, JoinHandle<io::Result<CloseReason>>) {
    let (mut client, server) = Pipe::pair();
    client.set_timeout(Some(PATIENCE)).unwrap();
    let gateway = gateway.clone();
    let serving = std::thread::spawn(move || {
        gateway.serve_stream(tls().accept(server), ConnectionInfo::default())
    });
    (client, serving)
}

fn echo() -> Gateway {
    Gateway::new(|request: &Request<'_>| {
        let body = String::from_utf8_lossy(request.body()).into_owned();
        format!("{} {}{body}", request.scheme(), request.path())
    })
}

#[test]
fn several_requests_share_a_connection() {
    let (stream, serving) = serve(&echo());
    let mut client = client_on(stream);
    assert_eq!(client.get("/a").unwrap().text(), "https /a");
    assert_eq!(client.get("/b").unwrap().text(), "https /b");
    let post = "POST /c HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\n!!";
    client.send(post).unwrap();
    assert_eq!(client.response(Method::POST).unwrap().text(), "https /c!!");
    // The server says that it sends nothing more: otherwise, this would be an error.
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"");
    drop(client);
    let ended = serving.join().unwrap();
    assert_eq!(ended.unwrap(), CloseReason::Persistence);
}

#[test]
fn wrong_records_after_the_last_response_are_not_interpreted() {
    let (stream, serving) = serve(&echo());
    let mut stream = StreamOwned::new(Offer::default().start().connection, stream);
    let mut client = StreamClient::new(&mut stream);
    client
        .send("GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .unwrap();
    assert_eq!(client.response(Method::GET).unwrap().text(), "https /a");
    stream.sock.write_all(&[0; 10_000]).unwrap();
    drop(stream);
    let ended = serving.join().unwrap();
    assert_eq!(ended.unwrap(), CloseReason::Persistence);
}

#[test]
fn a_large_body_arrives_whole() {
    let body = "0123456789abcdef".repeat(100_000);
    let sent = body.clone();
    let (stream, _serving) = serve(&Gateway::new(move |_: &Request<'_>| sent.clone()));
    let response = client_on(stream).get("/").unwrap();
    assert!(response.text() == body);
}

#[test]
fn plain_http_gets_a_response_before_the_connection_ends() {
    let (stream, serving) = serve(&echo());
    let mut client = StreamClient::new(stream);
    let response = client.get("/").unwrap();
    assert_eq!(response.status(), Status::BAD_REQUEST);
    assert!(response.text().contains("this port speaks TLS"));
    // More of it is not interpreted.
    client.send("GET / HTTP/1.1\r\n\r\n").unwrap();
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"");
    drop(client);
    let error = serving.join().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    assert_eq!(error.to_string(), "the client speaks plain HTTP, not TLS");
}

#[test]
fn a_handshake_byte_by_byte_ends_at_the_deadline_of_the_head() {
    let gateway = echo().configure(|config| config.timeouts.head = Duration::from_millis(200));
    let (mut stream, serving) = serve(&gateway);
    let hello = Offer::default().start().output();
    // All of it would take two seconds at least.
    let mut bytes = hello.iter();
    let gone = bytes.find(|byte| {
        std::thread::sleep(Duration::from_millis(10));
        stream.write_all(&[**byte]).is_err()
    });
    assert!(gone.is_some());
    assert_eq!(serving.join().unwrap().unwrap(), CloseReason::Idle);
}

#[test]
fn a_client_that_ends_without_an_alert_only_ends_its_input() {
    let (stream, serving) = serve(&echo());
    let mut stream = StreamOwned::new(Offer::default().start().connection, stream);
    StreamClient::new(&mut stream).get("/").unwrap();
    stream.write_all(b"GET /half HTTP/1.1\r\nHo").unwrap();
    stream.sock.end_output().unwrap();
    let response = StreamClient::new(&mut stream)
        .response(Method::GET)
        .unwrap();
    assert_eq!(response.status(), Status::BAD_REQUEST);
    assert_eq!(serving.join().unwrap().unwrap(), CloseReason::Refused);
}

#[test]
fn an_incomplete_response_is_not_ended_with_an_alert() {
    let app = |_: &Request<'_>| {
        let blocks = [Ok("begun ".into()), Err(bytegate::body::BodyError)];
        Response::text(Body::try_from_iterator(None, blocks.into_iter()))
    };
    let (stream, serving) = serve(&Gateway::new(app).on_error(|_, _| {}));
    let mut client = client_on(stream);
    // A body of HTTP/1.0 ends with the connection.
    client.send("GET / HTTP/1.0\r\n\r\n").unwrap();
    let error = client.response(Method::GET).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}");
    assert_eq!(serving.join().unwrap().unwrap(), CloseReason::ResponseReset);
}

#[test]
fn an_invalid_record_ends_the_connection() {
    let (stream, serving) = serve(&echo());
    let mut stream = StreamOwned::new(Offer::default().start().connection, stream);
    StreamClient::new(&mut stream).get("/").unwrap();
    stream.sock.write_all(b"\x17\x03\x03\x00\x20").unwrap();
    stream.sock.write_all(&[7; 32]).unwrap();
    assert!(
        StreamClient::new(&mut stream)
            .response(Method::GET)
            .is_err()
    );
    let error = serving.join().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
}

#[test]
fn a_proxy_names_the_client_before_tls() {
    let gateway =
        Gateway::new(|request: &Request<'_>| format!("{} {}", request.peer(), request.scheme()));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut options = ThreadOptions::default();
    options.tls = Some(tls());
    options.proxy_protocol = Some(["127.0.0.1".parse().unwrap()].into());
    let server = ThreadServer::start_on(listener, gateway, options).unwrap();
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
        .write_all(b"PROXY TCP6 2001:db8::7 2001:db8::1 50000 443\r\n")
        .unwrap();
    let mut client = client_on(stream);
    let response = client.get("/").unwrap();
    assert_eq!(response.text(), "[2001:db8::7]:50000 https");
}

#[test]
fn a_server_with_threads_speaks_tls() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut options = ThreadOptions::default();
    options.tls = Some(tls());
    options.threads = 2.try_into().unwrap();
    let server = ThreadServer::start_on(listener, echo(), options).unwrap();
    // The third connection closes an idle one.
    let mut clients: Vec<Client<TcpStream>> = Vec::new();
    for _ in 0..3 {
        let stream = TcpStream::connect(server.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut client = client_on(stream);
        assert_eq!(client.get("/a").unwrap().text(), "https /a");
        clients.push(client);
    }
    server.stop();
    for mut client in clients {
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"");
    }
}
