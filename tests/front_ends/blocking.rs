//! The front end for blocking streams, over real sockets.

use crate::reader;
use bytegate::config::Config;
use bytegate::connection::CloseReason;
use bytegate::request::Peer;
use bytegate::response::ResponseError;
use bytegate::testing::{ClientResponse, StreamClient};
use bytegate::{Gateway, Method, Request, Response};
use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const GET: &[u8] = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n";

/// Serves one connection with `talk` as its client; returns the reason for the close, which the kit's servers do not show.
fn serve(
    gateway: &Gateway,
    talk: impl FnOnce(StreamClient<TcpStream>) + Send,
) -> io::Result<CloseReason> {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address = listener.local_addr().expect("an address");
    let client = StreamClient::connect(address).expect("a connection");
    let (server, peer) = listener.accept().expect("a connection");
    thread::scope(|scope| {
        scope.spawn(move || talk(client));
        gateway.serve_stream(server, peer)
    })
}

/// The responses up to the end of the connection.
fn last(mut client: StreamClient<TcpStream>, count: usize) -> Vec<ClientResponse> {
    let responses = client.last_responses(&vec![Method::GET; count]);
    let responses = responses.expect("responses and a clean end");
    responses.into_iter().map(reader::checked).collect()
}

fn path(request: &Request<'_>) -> String {
    request.path().to_string()
}

fn impatient() -> Config {
    let mut config = Config::default();
    config.timeouts.head = Duration::from_millis(200);
    config.timeouts.idle = Duration::from_millis(300);
    config.timeouts.response = Duration::from_millis(200);
    config
}

#[test]
fn several_requests_are_served_on_one_connection() {
    let gateway = Gateway::new(path);
    let reason = serve(&gateway, |mut client| {
        for byte in GET.repeat(3) {
            client.send([byte]).expect("a write");
        }
        client.end_input().expect("an end");
        let responses = last(client, 3);
        assert!(responses.iter().all(|response| response.body() == b"/a"));
    });
    assert_eq!(reason.expect("a clean end"), CloseReason::InputEnded);
}

#[test]
fn a_head_that_is_not_complete_in_time_gets_a_408() {
    let gateway = Gateway::new(path).config(impatient());
    let start = Instant::now();
    let reason = serve(&gateway, |mut client| {
        client.send(&GET[..9]).expect("a write");
        assert_eq!(last(client, 1)[0].status(), 408);
    });
    assert_eq!(reason.expect("a clean end"), CloseReason::Refused);
    let took = start.elapsed();
    assert!((200..2000).contains(&took.as_millis()), "{took:?}");
}

#[test]
fn an_idle_connection_is_closed_silently() {
    let gateway = Gateway::new(path).config(impatient());
    let reason = serve(&gateway, |mut client| {
        client.send(GET).expect("a write");
        assert_eq!(last(client, 1)[0].body(), b"/a");
    });
    assert_eq!(reason.expect("a clean end"), CloseReason::Idle);
}

#[test]
fn a_response_that_comes_later_is_awaited_until_its_deadline() {
    let gateway = Gateway::new(|request: &Request<'_>| {
        let never = request.path() == "/never";
        let (sender, receiver) = std::sync::mpsc::channel();
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(20));
            let _ = sender.send("later");
        });
        Response::from_future(async move {
            if never {
                std::future::pending::<()>().await;
            }
            receiver.recv().unwrap_or_default()
        })
    })
    .config(impatient());
    let reason = serve(&gateway, |mut client| {
        client.send(GET).expect("a write");
        client
            .send(b"GET /never HTTP/1.1\r\nHost: x\r\n\r\n")
            .expect("a write");
        let responses = last(client, 2);
        assert_eq!(responses[0].body(), b"later");
        assert_eq!(responses[1].status(), 503);
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
    .on_error(move |error: &ResponseError, request| {
        assert!(matches!(request.connection.peer, Peer::Address(_)));
        told.lock()
            .expect("a list")
            .push(format!("{request}: {error}"));
    });
    let reason = serve(&gateway, |mut client| {
        client.send(GET).expect("a write");
        assert_eq!(last(client, 1)[0].status(), 500);
    });
    assert_eq!(reason.expect("a clean end"), CloseReason::Persistence);
    let said = "GET /a: the application panicked: deliberate";
    assert_eq!(*errors.lock().expect("a list"), [said]);
}

#[test]
fn a_slow_reader_gets_the_whole_of_a_large_response() {
    let gateway = Gateway::new(|_: &Request<'_>| vec![b'x'; 8 << 20]);
    let reason = serve(&gateway, |mut client| {
        client.send(GET).expect("a write");
        thread::sleep(Duration::from_millis(100));
        client.end_input().expect("an end");
        assert_eq!(last(client, 1)[0].body().len(), 8 << 20);
    });
    assert_eq!(reason.expect("a clean end"), CloseReason::InputEnded);
}

#[test]
fn an_early_refusal_can_be_read_while_the_client_keeps_sending() {
    let gateway = Gateway::new(path);
    let reason = serve(&gateway, |mut client| {
        let head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8000000\r\n\r\n";
        client.send(head).expect("a write");
        client.send(vec![b'x'; 8_000_000]).expect("a write");
        assert_eq!(last(client, 1)[0].status(), 413);
    });
    assert_eq!(reason.expect("a clean end"), CloseReason::Refused);
}

#[test]
fn the_limit_of_a_body_is_told_once_for_each_path() {
    const NAME: &str = "blocking::the_limit_of_a_body_is_told_once_for_each_path";
    const INSIDE: &str = "BYTEGATE_TEST_INSIDE";
    if std::env::var_os(INSIDE).is_some() {
        let quiet = Gateway::new(path).on_error(|_: &ResponseError, _| {});
        for (gateway, target) in [
            (&Gateway::new(path), "/film?a"),
            (&Gateway::new(path), "/film?b"),
            (&quiet, "/quiet"),
        ] {
            let head =
                format!("POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 8000000\r\n\r\n");
            let reason = serve(gateway, |mut client| {
                client.send(head).expect("a write");
                assert_eq!(last(client, 1)[0].status(), 413);
            });
            assert_eq!(reason.expect("a clean end"), CloseReason::Refused);
        }
        return;
    }
    // Only from outside can the standard error of a process be read.
    let program = std::env::current_exe().expect("this program");
    let output = std::process::Command::new(program)
        .args(["--exact", NAME, "--nocapture"])
        .env(INSIDE, "yes")
        .output()
        .expect("this program again");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stderr).expect("text");
    let lines: Vec<_> = text
        .lines()
        .filter(|line| line.contains("bytegate:"))
        .collect();
    assert_eq!(
        lines,
        [
            "bytegate: POST /film has a body of more than 1048576 bytes: raise the limit with --max-body, \
          with_body_limit or Limits::body_bytes"
        ]
    );
}

#[cfg(unix)]
#[test]
fn a_unix_socket_is_served_too_and_its_peer_may_have_a_name() {
    use std::os::unix::net::UnixStream;
    let (client, server) = UnixStream::pair().expect("a pair");
    let mut client = StreamClient::new(client);
    let gateway = Gateway::new(|request: &Request<'_>| request.peer().to_string());
    thread::scope(|scope| {
        scope.spawn(|| gateway.serve_stream(server, Peer::named("the other half")));
        client.send(GET).expect("a write");
        client.end_input().expect("an end");
        let responses = client.last_responses(&[Method::GET]);
        assert_eq!(responses.expect("a clean end")[0].text(), "the other half");
    });
}

#[cfg(feature = "server")]
#[test]
fn a_stream_that_ends_early_does_not_look_complete_to_an_http_1_0_client() {
    use bytegate::body::BodyError;
    use bytegate::{Body, Bytes};
    use std::io::Read;
    let gateway = Gateway::new(|_: &Request<'_>| {
        let blocks = [Ok(Bytes::from_static(b"block")), Err(BodyError)];
        Response::text(Body::try_from_iterator(None, blocks.into_iter()))
    })
    .on_error(|_: &ResponseError, _| {});
    let reason = serve(&gateway, |mut client| {
        client.send(b"GET / HTTP/1.0\r\n\r\n").expect("sent");
        let error = client.read_to_end(&mut Vec::new()).expect_err("a reset");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    });
    assert_eq!(reason.expect("served"), CloseReason::ResponseReset);
}
