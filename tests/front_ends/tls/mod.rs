//! TLS over TCP: with slow clients, large bodies and a stop.

#[path = "../../it/tls/laws.rs"]
#[expect(dead_code, reason = "only the client is needed here")]
mod laws;
mod limits;

use crate::temporary::Folder;
use crate::turn::Turn;
use bytegate::config::AddressRange;
use bytegate::net::{self, Metrics, Options, Phase, Readiness, Running};
use bytegate::request::ConnectionInfo;
use bytegate::testing::StreamClient;
use bytegate::tls::rustls::{ClientConnection, StreamOwned};
use bytegate::tls::{SelfSigned, Tls};
use bytegate::{Body, Gateway, Method, Request, Response, Site, Status};
use laws::{Offer, tls};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// A bound that only a broken server reaches.
const PATIENCE: Duration = Duration::from_secs(20);

type Stream = StreamOwned<ClientConnection, TcpStream>;

struct Server {
    running: Running,
    readiness: Readiness,
    _turn: Turn,
}

impl Server {
    fn start(gateway: impl Into<Gateway>) -> Server {
        Server::with(gateway, |_| {})
    }

    fn with(gateway: impl Into<Gateway>, change: impl FnOnce(&mut Options)) -> Server {
        let gateway: Gateway = gateway.into();
        let turn = Turn::shared();
        let mut options = Options::default().log_to(|_| {});
        options.threads = 2.try_into().unwrap();
        options.tls = Some(tls());
        change(&mut options);
        Server {
            readiness: options.readiness.clone(),
            running: net::start("127.0.0.1:0", gateway, options).unwrap(),
            _turn: turn,
        }
    }

    fn tcp(&self) -> TcpStream {
        let stream = TcpStream::connect(self.running.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    fn stream(&self) -> Stream {
        StreamOwned::new(Offer::default().start().connection, self.tcp())
    }

    fn client(&self) -> StreamClient<Stream> {
        StreamClient::new(self.stream())
    }
}

fn echo(request: &Request<'_>) -> String {
    let body = String::from_utf8_lossy(request.body());
    format!("{} {}{body}", request.scheme(), request.path())
}

#[test]
fn a_client_of_a_proxy_gets_nothing_before_its_handshake() {
    let ((enter, entered), (leave, left)) = (channel(), channel());
    let left = Mutex::new(left);
    let show = move |request: &Request<'_>| {
        if request.path() == "/held" {
            enter.send(()).unwrap();
            left.lock().unwrap().recv_timeout(PATIENCE).unwrap();
        }
        format!("{} {}", request.peer(), request.scheme())
    };
    let server = Server::with(show, |options| {
        options.connections_per_address = 1;
        options.proxy_protocol = Some(["127.0.0.1".parse().unwrap()].into());
    });
    let connect = || {
        let mut stream = server.tcp();
        let header = b"PROXY TCP6 2001:db8::7 2001:db8::1 50000 443\r\n";
        stream.write_all(header).unwrap();
        StreamOwned::new(Offer::default().start().connection, stream)
    };
    let mut client = StreamClient::new(connect());
    let response = client.get("/").unwrap();
    assert_eq!(response.text(), "[2001:db8::7]:50000 https");
    client
        .send("GET /held HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    entered.recv_timeout(PATIENCE).unwrap();
    // A client with too many connections gets nothing that is not encrypted.
    let error = connect().read(&mut [0; 100]).unwrap_err();
    assert_ne!(error.kind(), ErrorKind::InvalidData, "{error}");
    leave.send(()).unwrap();
    let response = client.response(Method::GET).unwrap();
    assert_eq!(response.text(), "[2001:db8::7]:50000 https");
    // A handshake without a header before it.
    assert!(server.stream().read(&mut [0; 100]).is_err());
}

#[test]
fn a_connection_serves_requests_of_all_kinds_in_both_versions() {
    let server = Server::start(|request: &Request<'_>| {
        let ConnectionInfo { tls, number, .. } = request.connection();
        let tls = tls.as_ref().expect("TLS");
        let name = tls.server_name().unwrap_or_default();
        format!("{number} {} {name} {}", tls.version(), echo(request))
    });
    for (number, version) in laws::VERSIONS.into_iter().enumerate() {
        let connection = Offer::default().version(version).start().connection;
        let mut client = StreamClient::new(StreamOwned::new(connection, server.tcp()));
        let version = ["TLSv1.2", "TLSv1.3"][number];
        let expected = format!("{} {version} localhost https /", number + 1);
        for _ in 0..3 {
            assert_eq!(client.get("/").unwrap().text(), expected);
        }
        client.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        assert_eq!(client.response(Method::HEAD).unwrap().text(), "");
        let post = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\n!!";
        client.send(post).unwrap();
        let response = client.response(Method::POST).unwrap();
        assert_eq!(response.text(), format!("{expected}!!"));
        // Without `close_notify`, this would be an error.
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"");
    }
}

#[test]
fn all_requests_in_one_record_get_a_response() {
    let server = Server::start(echo);
    let mut client = server.client();
    let requests: String = (0..500)
        .map(|number| format!("GET /{number} HTTP/1.1\r\nHost: x\r\n\r\n"))
        .collect();
    client.send(requests).unwrap();
    for number in 0..500 {
        let response = client.response(Method::GET).unwrap();
        assert_eq!(response.text(), format!("https /{number}"));
    }
}

#[test]
fn large_bodies_arrive_whole_even_if_the_client_is_slow() {
    let body: Vec<u8> = (0..5_000_000_u32).map(|it| (it % 251) as u8).collect();
    let sent = body.clone();
    let server = Server::start(
        Gateway::new(move |request: &Request<'_>| {
            assert!(request.method() == Method::GET || request.body() == sent);
            Response::text(sent.clone())
        })
        .configure(|config| config.limits.body_bytes = 8_000_000),
    );
    let mut stream = server.stream();
    let head = format!(
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&body).unwrap();
    stream.flush().unwrap();
    // The response waits in the buffers of both ends.
    thread::sleep(Duration::from_millis(300));
    let response = StreamClient::new(stream).response(Method::POST).unwrap();
    assert_eq!(response.status(), Status::OK);
    assert!(response.body() == body);
}

#[test]
fn files_and_streams_arrive_whole() {
    let file: Vec<u8> = (0..700_000_u32).map(|it| (it % 253) as u8).collect();
    let folder = Folder::new(&[("a.bin", &file)]);
    let site = Site::open(&folder.0).unwrap();
    let server = Server::start(site);
    let mut client = server.client();
    for _ in 0..2 {
        assert!(client.get("/a.bin").unwrap().body() == file);
    }
    let blocks = || (0..300).map(|number| format!("{number},").repeat(100));
    let expected: String = blocks().collect();
    let server =
        Server::start(move |_: &Request<'_>| Response::text(Body::from_iterator(blocks())));
    assert_eq!(server.client().get("/").unwrap().text(), expected);
}

#[test]
fn a_response_to_a_body_that_is_too_large_is_not_lost() {
    let server = Server::start(echo);
    let mut stream = server.stream();
    let head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&vec![b'x'; 3_000_000]).unwrap();
    stream.flush().unwrap();
    // Wrong records are not a reason to lose it either.
    stream.sock.write_all(&[0; 100_000]).unwrap();
    let mut client = StreamClient::new(stream);
    assert_eq!(client.response(Method::POST).unwrap().status(), 413);
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"");
}

#[test]
fn plain_http_gets_a_400_and_no_reset() {
    let server = Server::start(echo);
    for request in ["GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_string(), {
        let body = "x".repeat(1_000_000);
        format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n{body}")
    }] {
        let mut client = StreamClient::new(server.tcp());
        client.send(request).unwrap();
        let response = client.response(Method::GET).unwrap();
        assert_eq!(response.status(), Status::BAD_REQUEST);
        assert!(response.text().contains("this port speaks TLS"));
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"");
    }
}

#[test]
fn garbage_gets_an_alert_and_the_server_keeps_running() {
    let server = Server::start(echo);
    for input in [
        &b"\x16\x03\x01\xff\xff"[..],
        &[0; 300],
        b"\x16\x03\x01\x00\x02\x01\x00",
    ] {
        let mut stream = server.tcp();
        stream.write_all(input).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut output = Vec::new();
        stream.read_to_end(&mut output).unwrap();
        assert!(
            output.is_empty() || output.starts_with(b"\x15\x03"),
            "{output:?}"
        );
    }
    assert_eq!(server.client().get("/a").unwrap().text(), "https /a");
}

#[test]
fn a_client_that_ends_without_an_alert_only_ends_its_input() {
    let server = Server::start(echo);
    let mut stream = server.stream();
    stream
        .write_all(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /half HTTP/1.1\r\nHo")
        .unwrap();
    stream.sock.shutdown(Shutdown::Write).unwrap();
    let mut client = StreamClient::new(stream);
    assert_eq!(client.response(Method::GET).unwrap().text(), "https /a");
    let response = client.response(Method::GET).unwrap();
    assert_eq!(response.status(), Status::BAD_REQUEST);
}

#[test]
fn a_stop_lets_active_requests_end_and_ends_idle_connections_with_an_alert() {
    let (begun, has_begun) = channel();
    let (go_on, waits): (_, Receiver<()>) = channel();
    let (begun, waits) = (Mutex::new(begun), Mutex::new(waits));
    let server = Server::start(move |request: &Request<'_>| {
        if request.path() == "/slow" {
            begun.lock().unwrap().send(()).unwrap();
            waits.lock().unwrap().recv().unwrap();
        }
        "done"
    });
    let (mut idle, mut active, mut handshaking) = (server.client(), server.client(), server.tcp());
    idle.get("/").unwrap();
    active
        .send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    has_begun.recv_timeout(PATIENCE).unwrap();
    let stopping = thread::spawn(move || server.running.stop());
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).unwrap();
    handshaking.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"");
    go_on.send(()).unwrap();
    assert_eq!(active.response(Method::GET).unwrap().text(), "done");
    active.read_to_end(&mut rest).unwrap();
    stopping.join().unwrap().unwrap();
}

#[test]
fn a_stop_lets_a_handshake_end_and_serves_the_request_after_it() {
    // A machine under load may take longer than the server waits.
    let is_served = (0..5).any(|_| {
        let server = Server::start(echo);
        let readiness = server.readiness.clone();
        let tcp = server.tcp();
        // This connection is accepted after the other one.
        server.client().get("/").unwrap();
        let stopping = thread::spawn(move || server.running.stop());
        let started = Instant::now();
        while readiness.phase() != Phase::Draining {
            assert!(started.elapsed() < PATIENCE);
            thread::yield_now();
        }
        // The connection notices the stop.
        thread::sleep(Duration::from_millis(20));
        let connection = Offer::default().start().connection;
        let mut client = StreamClient::new(StreamOwned::new(connection, tcp));
        let response = client.get("/a").map(|response| response.text().to_string());
        stopping.join().unwrap().unwrap();
        response.is_ok_and(|text| text == "https /a")
    });
    assert!(is_served);
}

#[test]
fn a_stream_of_events_reaches_the_client_event_by_event() {
    let kept = Arc::new(Mutex::new(None));
    let sender = kept.clone();
    let server = Server::start(move |_: &Request<'_>| {
        let (sender, body) = Body::channel(16);
        *kept.lock().unwrap() = Some(sender);
        Response::of_type("text/event-stream", body)
    });
    let mut client = server.client();
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    assert_eq!(
        client.response_head(Method::GET).unwrap().status(),
        Status::OK
    );
    let sender = sender.lock().unwrap().take().unwrap();
    for number in 0..20 {
        let text = format!("data: event {number}\n\n");
        sender.send(text.clone()).unwrap();
        let mut received = String::new();
        while !received.contains(&text) {
            let mut block = [0; 100];
            let count = client.read(&mut block).unwrap();
            assert!(count > 0);
            received.push_str(&String::from_utf8_lossy(&block[..count]));
        }
    }
}

#[test]
fn a_proxy_names_its_client_before_the_handshake() {
    let show = |request: &Request<'_>| format!("{} {}", request.peer(), request.scheme());
    let server = Server::with(show, |options| {
        let loopback: AddressRange = "127.0.0.0/8".parse().unwrap();
        options.proxy_protocol = Some(loopback.into());
    });
    let mut tcp = server.tcp();
    tcp.write_all(b"PROXY TCP4 192.0.2.7 203.0.113.1 50000 443\r\n")
        .unwrap();
    let connection = Offer::default().start().connection;
    let mut client = StreamClient::new(StreamOwned::new(connection, tcp));
    for _ in 0..2 {
        assert_eq!(client.get("/").unwrap().text(), "192.0.2.7:50000 https");
    }
}

#[test]
fn new_certificates_under_load_lose_no_request() {
    const CLIENTS: usize = 4;
    const REQUESTS: usize = 5_000;
    let folder = Folder::new(&[]);
    let made: Vec<SelfSigned> = (0..3)
        .map(|_| SelfSigned::new(["localhost"]).unwrap())
        .collect();
    let write = |one: &SelfSigned| {
        folder.write("cert.pem", one.certificate_pem().as_bytes());
        folder.write("key.pem", one.key_pem().as_bytes());
    };
    write(&made[0]);
    let tls = Tls::from_files(folder.path("cert.pem"), folder.path("key.pem")).unwrap();
    let reloading = tls.clone();
    let server = Server::with(echo, |options| options.tls = Some(tls));
    let roots = made.iter().map(SelfSigned::certificate_pem);
    let config = Offer::trusting(roots).config();
    let is_over = AtomicBool::new(false);
    let (served, reloads) = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                scope.spawn(|| {
                    let mut served = 0;
                    while served < REQUESTS {
                        let name = "localhost".try_into().unwrap();
                        let connection = ClientConnection::new(config.clone(), name).unwrap();
                        let mut client =
                            StreamClient::new(StreamOwned::new(connection, server.tcp()));
                        for _ in 0..50 {
                            assert_eq!(client.get("/a").unwrap().text(), "https /a");
                            served += 1;
                        }
                    }
                    served
                })
            })
            .collect();
        let reloader = scope.spawn(|| {
            let mut reloads = 0;
            for one in made.iter().cycle().skip(1) {
                // The certificate comes first, so that the pair is wrong for a moment.
                folder.write("cert.pem", one.certificate_pem().as_bytes());
                assert!(reloading.reload().is_err());
                write(one);
                reloading.reload().unwrap();
                reloads += 1;
                if is_over.load(Ordering::SeqCst) {
                    break;
                }
                thread::sleep(Duration::from_millis(5));
            }
            reloads
        });
        let served: usize = clients.into_iter().map(|it| it.join().unwrap()).sum();
        is_over.store(true, Ordering::SeqCst);
        (served, reloader.join().unwrap())
    });
    assert_eq!(served, CLIENTS * REQUESTS);
    assert!(reloads > 10, "only {reloads} reloads");
}

#[test]
fn a_failed_handshake_is_counted_and_named_in_the_log_once_a_minute() {
    let (log, logged) = channel();
    let metrics = Metrics::new();
    let counted = metrics.clone();
    let server = Server::with(echo, move |options| {
        *options = options.clone().log_to(move |line| {
            let _ = log.send(line.to_string());
        });
        options.metrics = Some(counted);
    });
    for _ in 0..3 {
        let mut tcp = server.tcp();
        tcp.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut response = String::new();
        tcp.read_to_string(&mut response).unwrap();
        assert!(response.starts_with("HTTP/1.1 400 "), "{response}");
    }
    // A client that leaves has not failed.
    let mut leaves = server.tcp();
    leaves.write_all(&[0x16]).unwrap();
    leaves.shutdown(Shutdown::Write).unwrap();
    let _ = leaves.read_to_end(&mut Vec::new());
    drop(server);
    let lines: Vec<String> = logged.iter().collect();
    let expected = "127.0.0.1: the TLS handshake failed: the client speaks plain HTTP, not TLS";
    assert_eq!(lines, [expected]);
    let page = metrics.to_string();
    assert!(page.contains("\nbytegate_tls_failures_total 3\n"), "{page}");
}
