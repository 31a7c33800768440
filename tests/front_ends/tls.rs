//! TLS over TCP: with slow clients, large bodies, limits and a stop.

#[path = "../it/tls/laws.rs"]
#[expect(dead_code, reason = "only the client is needed here")]
mod laws;

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
