//! The server of the kit.

use super::*;
use bytegate::body::BodyError;
use bytegate::response::ResponseError;
use bytegate::testing::Server;
use bytegate::{Bytes, net};
use std::num::NonZeroUsize;

#[test]
fn a_server_responds_until_it_is_dropped() {
    let server = Server::start(echo);
    let address = server.address();
    assert!(address.ip().is_loopback());
    assert_eq!(server.url("/a?b"), format!("http://{address}/a?b"));
    let mut client = server.connect();
    assert_eq!(client.get("/a?b=c").unwrap().text(), "GET /a b=c ");
    assert_eq!(client.get("/d").unwrap().text(), "GET /d - ");
    drop(server);
    let mut rest = Vec::new();
    assert_eq!(client.read_to_end(&mut rest).unwrap(), 0);
    assert!(
        TcpStream::connect(address).is_err(),
        "the server has stopped"
    );
}

#[test]
fn a_stopped_server_has_ended_without_an_error() {
    let server = Server::start(Gateway::new(echo));
    let address = server.address();
    server.stop().unwrap();
    assert!(
        TcpStream::connect(address).is_err(),
        "the server has stopped"
    );
}

#[test]
fn servers_run_side_by_side_with_their_own_options() {
    let names = |_: &Request<'_>| std::thread::current().name().unwrap_or("-").to_string();
    let mut options = net::Options::default();
    options.threads = NonZeroUsize::new(2).unwrap();
    let (one, two) = (Server::start(names), Server::start_with(names, options));
    assert_ne!(one.address(), two.address());
    let name = |server: &Server| server.connect().get("/").unwrap().text().to_string();
    assert_eq!(name(&one), "bytegate");
    assert!(name(&two).starts_with("bytegate-"));
}

#[test]
fn a_client_ends_its_input_and_reads_all_responses() {
    let server = Server::start(echo);
    let mut client = server.connect();
    client
        .send("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    client.end_input().unwrap();
    let responses = client.last_responses(&[Method::HEAD, Method::GET]).unwrap();
    assert_eq!(responses[0].header("Content-Length"), Some("10"));
    assert_eq!(responses[1].text(), "GET /b - ");

    let mut client = server.connect();
    client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    client.end_input().unwrap();
    let error = client.last_responses(&[Method::GET; 2]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
}

/// Requests a path with a real client, each time over a new connection.
fn ureq_get(server: &Server, path: &str) -> Result<String, ureq::Error> {
    let config = ureq::Agent::config_builder()
        .proxy(None)
        .timeout_global(Some(Duration::from_secs(1)));
    let request = config.build().new_agent().get(server.url(path));
    // If Content-Length promises too many bytes, the client waits for them until the connection closes.
    let mut response = request.header("Connection", "close").call()?;
    response.body_mut().read_to_string()
}

fn hello_or_stream() -> Router {
    Router::new()
        .get("/stream", |_: &Request<'_>| {
            Response::text(Body::from_iterator(["one", "two"].into_iter()))
        })
        .fallback(|_: &Request<'_>| "hello\n")
}

#[test]
fn each_connection_gets_the_next_fault_of_the_script() {
    let script = [
        Some(Fault::CutAfter(0)),
        None,
        Some(Fault::CutAfter(12)),
        Some(Fault::StallAfter(20)),
        Some(Fault::ContentLength(7)),
        Some(Fault::BrokenChunk),
        Some(Fault::Garbage {
            after: 17,
            bytes: b"\x00\r\n".to_vec(),
        }),
        Some(Fault::Drip {
            bytes: 7,
            pause: Duration::from_micros(10),
        }),
    ];
    let server = Server::start_faulty(hello_or_stream(), script);
    let next = |path| ureq_get(&server, path);
    assert_eq!(io_kind(next("/")), Some(ErrorKind::UnexpectedEof), "cut");
    assert_eq!(next("/").unwrap(), "hello\n");
    assert_eq!(io_kind(next("/")), Some(ErrorKind::UnexpectedEof), "cut");
    let stalled = next("/");
    assert!(
        matches!(stalled, Err(ureq::Error::Timeout(_))),
        "{stalled:?}"
    );
    let short = next("/");
    assert_eq!(io_kind(short), Some(ErrorKind::UnexpectedEof), "length");
    let chunk = next("/stream");
    assert!(matches!(chunk, Err(ureq::Error::Protocol(_))), "{chunk:?}");
    let garbage = next("/");
    assert!(
        matches!(garbage, Err(ureq::Error::Protocol(_))),
        "{garbage:?}"
    );
    assert_eq!(next("/").unwrap(), "hello\n", "slow, but right");
    // After the end of the script, nothing fails.
    assert_eq!(next("/stream").unwrap(), "onetwo");
    server.stop().unwrap();
}

fn io_kind(result: Result<String, ureq::Error>) -> Option<ErrorKind> {
    match result {
        Err(ureq::Error::Io(error)) => Some(error.kind()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_script_can_be_any_iterator() {
    let script = std::iter::repeat(Fault::CutAfter(12));
    let server = Server::start_faulty(echo, script);
    for _ in 0..20 {
        let error = server.connect().get("/").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    }
    let odd = (1..).map(|number| (number % 2 == 1).then_some(Fault::CutAfter(0)));
    let server = Server::start_faulty(echo, odd);
    let responses = |_| server.connect().get("/").is_ok();
    assert_eq!([1, 2, 3, 4].map(responses), [false, true, false, true]);
}

#[test]
fn a_server_with_faults_closes_all_connections_when_it_is_dropped() {
    let server = Server::start_faulty(echo, [None, Some(Fault::StallAfter(20))]);
    let (mut kept, mut stalled) = (server.connect(), server.connect());
    assert_eq!(kept.get("/a").unwrap().text(), "GET /a - ");
    stalled.send("GET / HTTP/1.0\r\n\r\n").unwrap();
    stalled.read_exact(&mut [0; 20]).unwrap();
    let address = server.address();
    drop(server);
    for client in [&mut kept, &mut stalled] {
        assert_eq!(client.read(&mut [0]).unwrap(), 0);
    }
    assert!(
        TcpStream::connect(address).is_err(),
        "the server has stopped"
    );
}

#[test]
fn a_faulty_connection_is_still_reset_if_its_response_is_incomplete() {
    let application = |_: &Request<'_>| {
        let blocks = [Ok(Bytes::from_static(b"block")), Err(BodyError)];
        Response::text(Body::try_from_iterator(None, blocks.into_iter()))
    };
    let gateway = Gateway::new(application).on_error(|_: &ResponseError, _| {});
    let drip = Fault::Drip {
        bytes: 7,
        pause: Duration::from_micros(10),
    };
    let server = Server::start_faulty(gateway, [drip]);
    for _ in 0..2 {
        let mut client = server.connect();
        client.send("GET / HTTP/1.0\r\n\r\n").unwrap();
        let error = client.read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    }
}

#[cfg(feature = "self-signed")]
#[test]
fn a_server_with_tls_is_trusted_by_clients_that_know_its_certificate() {
    let server = Server::start_tls(|request: &Request<'_>| request.scheme().as_str());
    assert_eq!(server.url("/a"), format!("https://{}/a", server.address()));
    let mut client = server.connect_tls();
    assert_eq!(client.get("/").unwrap().text(), "https");
    // Its address is in the certificate, too.
    let browser = bytegate::testing::TlsClient::trusting(server.certificate_pem()).unwrap();
    for name in ["127.0.0.1", "::1", "localhost"] {
        let stream = std::net::TcpStream::connect(server.address()).unwrap();
        assert!(browser.clone().server_name(name).connect(stream).is_ok());
    }
    let mut plain = server.connect();
    assert!(plain.get("/").unwrap().text().contains("speaks TLS"));
    server.stop().unwrap();
}
