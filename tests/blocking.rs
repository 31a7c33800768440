//! The front end for blocking streams, over real sockets.
#![cfg(feature = "std")]

mod laws;

use bytegate::{
    CloseReason, Config, ConnectionInfo, Gateway, Method, Peer, Request, Response, ResponseError,
    Timeouts,
};
use laws::reader;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const GET: &[u8] = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n";

fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address = listener.local_addr().expect("an address");
    let client = TcpStream::connect(address).expect("a connection");
    client
        .set_read_timeout(Some(Duration::from_secs(10)))
        .expect("a timeout");
    let (server, _) = listener.accept().expect("a connection");
    (client, server)
}

/// Serves one connection with `talk` as its client; returns the reason for the close.
fn serve(gateway: &Gateway, talk: impl FnOnce(TcpStream) + Send) -> io::Result<CloseReason> {
    let (client, server) = pair();
    let peer = server.peer_addr().expect("an address");
    thread::scope(|scope| {
        scope.spawn(move || talk(client));
        gateway.serve_stream(server, peer)
    })
}

fn read_to_end(mut client: TcpStream) -> Vec<u8> {
    let mut output = Vec::new();
    client.read_to_end(&mut output).expect("a clean end");
    output
}

fn path(request: &Request<'_>) -> String {
    request.path().to_string()
}

fn impatient() -> Config {
    Config {
        timeouts: Timeouts {
            head: Duration::from_millis(200),
            idle: Duration::from_millis(300),
            answer: Duration::from_millis(200),
            ..Timeouts::default()
        },
        ..Config::default()
    }
}

#[test]
fn several_requests_are_served_on_one_connection() {
    let gateway = Gateway::new(path);
    let reason = serve(&gateway, |mut client| {
        for byte in GET.repeat(3) {
            client.write_all(&[byte]).expect("a write");
        }
        client.shutdown(Shutdown::Write).expect("an end");
        let output = read_to_end(client);
        let answers = reader::read_all(&output, &[Method::Get; 3]);
        assert!(answers.iter().all(|answer| answer.content() == b"/a"));
    });
    assert_eq!(reason.expect("a clean end"), CloseReason::InputEnded);
}

#[test]
fn a_head_that_is_not_complete_in_time_gets_a_408() {
    let gateway = Gateway::new(path).config(impatient());
    let start = Instant::now();
    let reason = serve(&gateway, |mut client| {
        client.write_all(&GET[..9]).expect("a write");
        let output = read_to_end(client);
        assert_eq!(reader::read_one(&output).status().code(), 408);
    });
    assert_eq!(reason.expect("a clean end"), CloseReason::Refused);
    let took = start.elapsed();
    assert!((200..2000).contains(&took.as_millis()), "{took:?}");
}

#[test]
fn an_idle_connection_is_closed_silently() {
    let gateway = Gateway::new(path).config(impatient());
    let reason = serve(&gateway, |mut client| {
        client.write_all(GET).expect("a write");
        let output = read_to_end(client);
        assert_eq!(reader::read_one(&output).content(), b"/a");
    });
    assert_eq!(reason.expect("a clean end"), CloseReason::Idle);
}

#[test]
fn an_answer_that_comes_later_is_awaited_until_its_deadline() {
    let gateway = Gateway::new(|request: &Request<'_>| {
        let never = request.path() == "/never";
        let (sender, receiver) = std::sync::mpsc::channel();
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(20));
            let _ = sender.send("later");
        });
        Response::later(async move {
            if never {
                std::future::pending::<()>().await;
            }
            receiver.recv().unwrap_or_default()
        })
    })
    .config(impatient());
    let reason = serve(&gateway, |mut client| {
        client.write_all(GET).expect("a write");
        client
            .write_all(b"GET /never HTTP/1.1\r\nHost: x\r\n\r\n")
            .expect("a write");
        let output = read_to_end(client);
        let answers = reader::read_all(&output, &[Method::Get; 2]);
        assert_eq!(answers[0].content(), b"later");
        assert_eq!(answers[1].status().code(), 503);
    });
    assert_eq!(reason.expect("a clean end"), CloseReason::Refused);
}

#[test]
fn a_panic_is_a_500_and_is_reported() {
    let errors = Arc::new(Mutex::new(Vec::new()));
    let told = errors.clone();
    let gateway = Gateway::new(|_: &Request<'_>| -> Response {
        std::panic::resume_unwind(Box::new("deliberate"))
    })
    .on_error(move |error: &ResponseError, info: &ConnectionInfo| {
        assert!(matches!(info.peer, Peer::Address(_)));
        told.lock().expect("a list").push(error.to_string());
    });
    let reason = serve(&gateway, |mut client| {
        client.write_all(GET).expect("a write");
        let output = read_to_end(client);
        assert_eq!(reader::read_one(&output).status().code(), 500);
    });
    assert_eq!(reason.expect("a clean end"), CloseReason::Persistence);
    let said = "the application panicked: deliberate";
    assert_eq!(*errors.lock().expect("a list"), [said]);
}

#[test]
fn a_slow_reader_gets_the_whole_of_a_large_answer() {
    let gateway = Gateway::new(|_: &Request<'_>| vec![b'x'; 8 << 20]);
    let reason = serve(&gateway, |mut client| {
        client.write_all(GET).expect("a write");
        thread::sleep(Duration::from_millis(100));
        client.shutdown(Shutdown::Write).expect("an end");
        let output = read_to_end(client);
        assert_eq!(reader::read_one(&output).content().len(), 8 << 20);
    });
    assert_eq!(reason.expect("a clean end"), CloseReason::InputEnded);
}

#[test]
fn an_early_refusal_can_be_read_while_the_client_keeps_sending() {
    let gateway = Gateway::new(path);
    let reason = serve(&gateway, |mut client| {
        let head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8000000\r\n\r\n";
        client.write_all(head).expect("a write");
        client.write_all(&vec![b'x'; 8_000_000]).expect("a write");
        let output = read_to_end(client);
        assert_eq!(reader::read_one(&output).status().code(), 413);
    });
    assert_eq!(reason.expect("a clean end"), CloseReason::Refused);
}

#[cfg(unix)]
#[test]
fn a_unix_socket_is_served_too_and_its_peer_may_have_a_name() {
    use std::os::unix::net::UnixStream;
    let (mut client, server) = UnixStream::pair().expect("a pair");
    let gateway = Gateway::new(|request: &Request<'_>| request.peer().to_string());
    thread::scope(|scope| {
        scope.spawn(|| gateway.serve_stream(server, Peer::named("the other half")));
        client.write_all(GET).expect("a write");
        client.shutdown(Shutdown::Write).expect("an end");
        let mut output = Vec::new();
        client.read_to_end(&mut output).expect("a clean end");
        let answers = reader::read_all(&output, &[Method::Get]);
        assert_eq!(answers[0].content(), b"the other half");
    });
}

#[cfg(feature = "net")]
#[test]
fn a_stream_that_ends_early_does_not_look_complete_to_an_http_1_0_client() {
    use bytegate::{Body, Broken, Bytes};
    let gateway = Gateway::new(|_: &Request<'_>| {
        let blocks = [Ok(Bytes::from_static(b"block")), Err(Broken)];
        Response::text(Body::fallible_stream(None, blocks.into_iter()))
    })
    .on_error(|_: &ResponseError, _: &ConnectionInfo| {});
    let reason = serve(&gateway, |mut client| {
        client.write_all(b"GET / HTTP/1.0\r\n\r\n").expect("sent");
        let error = client.read_to_end(&mut Vec::new()).expect_err("a reset");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    });
    assert_eq!(reason.expect("served"), CloseReason::ResponseReset);
}
