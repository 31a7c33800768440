//! Servers behind proxies that name their clients with PROXY headers.

#[cfg(feature = "server")]
use crate::turn::Turn;
use bytegate::blocking::{ThreadOptions, ThreadServer};
use bytegate::config::TrustedProxies;
#[cfg(feature = "server")]
use bytegate::net::{self, Metrics, Options};
use bytegate::request::Peer;
use bytegate::testing::{Pipe, StreamClient};
use bytegate::{Gateway, Method, Request};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
#[cfg(feature = "server")]
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A bound that only a broken server reaches.
const PATIENCE: Duration = Duration::from_secs(20);

const V1: &[u8] = b"PROXY TCP4 192.0.2.7 203.0.113.1 50000 80\r\n";
const LOCAL: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00";
const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

/// A header of version 2 for this client, which is connected to the proxy by TLS.
fn v2(client: [u8; 4]) -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x14".to_vec();
    header.extend_from_slice(&client);
    header.extend_from_slice(&[203, 0, 113, 1, 0xc3, 0x50, 0, 80]);
    header.extend_from_slice(&[0x20, 0, 5, 1, 0, 0, 0, 0]);
    header
}

/// The end of each notice about a connection without a header.
#[cfg(feature = "server")]
const SEE: &str = "(see --proxy-protocol, or Options::proxy_protocol)";

fn show() -> Gateway {
    Gateway::new(|request: &Request<'_>| match request.peer().ip() {
        Some(ip) => format!("{ip} {}", request.scheme()),
        None => format!("{} {}", request.peer(), request.scheme()),
    })
}

fn loopback() -> TrustedProxies {
    TrustedProxies::from(["127.0.0.0/8".parse().unwrap()])
}

fn elsewhere() -> TrustedProxies {
    TrustedProxies::from(["192.0.2.0/24".parse().unwrap()])
}

fn connect(address: SocketAddr, first: &[u8]) -> StreamClient<TcpStream> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // A server that does not trust this peer may have reset the connection.
    let _ = stream.write_all(first);
    StreamClient::new(stream)
}

/// Waits for the end of a connection on which nothing is sent.
#[track_caller]
fn assert_is_closed(address: SocketAddr, first: &[u8]) {
    let client = connect(address, first);
    let mut rest = Vec::new();
    match client.stream().read_to_end(&mut rest) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}"),
    }
    assert_eq!(rest, b"");
}

/// What both servers do at this address.
fn assert_serves(address: SocketAddr) {
    let text = |first: &[u8]| {
        let mut client = connect(address, first);
        let text = client.response(Method::GET).unwrap().text().to_string();
        // The header names the client of all requests.
        client.send(GET).unwrap();
        assert_eq!(client.response(Method::GET).unwrap().text(), text);
        text
    };
    assert_eq!(text(&[V1, GET].concat()), "192.0.2.7 http");
    assert_eq!(
        text(&[&v2([192, 0, 2, 8]), GET].concat()),
        "192.0.2.8 https"
    );
    assert_eq!(text(&[LOCAL, GET].concat()), "127.0.0.1 http");
    assert_eq!(
        text(&[b"PROXY UNKNOWN\r\n", GET].concat()),
        "127.0.0.1 http"
    );
    for header in [V1, &v2([192, 0, 2, 9])] {
        let mut client = connect(address, b"");
        client.stream().set_nodelay(true).unwrap();
        for byte in header.iter().chain(GET) {
            client.send([*byte]).unwrap();
        }
        let expected = if header == V1 {
            "192.0.2.7 http"
        } else {
            "192.0.2.9 https"
        };
        assert_eq!(client.response(Method::GET).unwrap().text(), expected);
    }
}

fn thread_server(gateway: Gateway, proxies: TrustedProxies) -> ThreadServer {
    let mut options = ThreadOptions::default();
    options.proxy_protocol = Some(proxies);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    ThreadServer::start_on(listener, gateway, options).unwrap()
}

#[test]
fn a_server_with_threads_serves_the_clients_that_a_proxy_names() {
    let server = thread_server(show(), loopback());
    assert_serves(server.address());
    assert_is_closed(server.address(), GET);
    // A connection without a header does not hold up the stop.
    let waiting = connect(server.address(), &V1[..9]);
    let (entered, silent) = (
        connect(server.address(), &[V1, GET].concat()),
        connect(server.address(), b""),
    );
    let mut entered = entered;
    assert_eq!(
        entered.response(Method::GET).unwrap().text(),
        "192.0.2.7 http"
    );
    server.stop();
    for client in [waiting, silent] {
        assert_eq!(client.stream().read(&mut [0; 1]).unwrap_or_default(), 0);
    }
    let server = thread_server(show(), elsewhere());
    assert_is_closed(server.address(), &[V1, GET].concat());
}

#[test]
fn a_stream_says_why_it_has_no_header() {
    let gateway = show().configure(|config| config.timeouts.head = Duration::from_millis(50));
    let receive = |sent: &[u8], peer: Peer, ends: bool| {
        let (mut proxy, mut stream) = Pipe::pair();
        proxy.write_all(sent).unwrap();
        let proxy = (!ends).then_some(proxy);
        let proxies = TrustedProxies::new().named_peers();
        let connection = gateway.receive_proxy_header(&mut stream, peer, &proxies);
        drop(proxy);
        connection
            .map(|it| it.peer)
            .map_err(|error| (error.kind(), error.to_string()))
    };
    let proxy = || Peer::named("proxy");
    assert_eq!(
        receive(V1, proxy(), false).unwrap().to_string(),
        "192.0.2.7:50000"
    );
    assert_eq!(receive(LOCAL, proxy(), false).unwrap(), proxy());
    let (kind, text) = receive(GET, proxy(), false).unwrap_err();
    assert_eq!(kind, ErrorKind::InvalidData);
    assert_eq!(text, "the connection does not begin with a PROXY header");
    let stranger = Peer::from("192.0.2.9:1".parse::<SocketAddr>().unwrap());
    let (kind, text) = receive(V1, stranger, false).unwrap_err();
    assert_eq!(kind, ErrorKind::PermissionDenied);
    let expected = "192.0.2.9 is not a trusted proxy, so its connections are closed";
    assert_eq!(text, expected);
    let kind = |sent: &[u8], ends| receive(sent, proxy(), ends).unwrap_err().0;
    assert_eq!(kind(b"", false), ErrorKind::TimedOut);
    assert_eq!(kind(&V1[..20], false), ErrorKind::TimedOut);
    assert_eq!(kind(b"", true), ErrorKind::UnexpectedEof);
    assert_eq!(kind(&V1[..20], true), ErrorKind::UnexpectedEof);
}

/// A server, and the lines of its log.
#[cfg(feature = "server")]
struct Server {
    running: net::Running,
    log: Arc<Mutex<Vec<String>>>,
    _turn: Turn,
}

#[cfg(feature = "server")]
impl Server {
    fn address(&self) -> SocketAddr {
        self.running.address()
    }

    /// Stops the server. Returns its log.
    fn stop(self) -> Vec<String> {
        self.running.stop().unwrap();
        self.log.lock().unwrap().clone()
    }
}

#[cfg(feature = "server")]
fn start(gateway: Gateway, proxies: TrustedProxies, change: impl FnOnce(&mut Options)) -> Server {
    let turn = Turn::shared();
    let log = Arc::new(Mutex::new(Vec::new()));
    let lines = log.clone();
    let mut options =
        Options::default().log_to(move |line| lines.lock().unwrap().push(line.to_string()));
    options.proxy_protocol = Some(proxies);
    change(&mut options);
    let running = net::start("127.0.0.1:0", gateway, options).unwrap();
    Server {
        running,
        log,
        _turn: turn,
    }
}

#[cfg(feature = "server")]
#[test]
fn a_server_serves_the_clients_that_a_proxy_names() {
    let server = start(show(), loopback(), |_| {});
    assert_serves(server.address());
    // Balancers look whether the server accepts connections.
    for _ in 0..20 {
        drop(connect(server.address(), b""));
    }
    drop(connect(server.address(), &V1[..20]));
    let waiting = [
        connect(server.address(), b""),
        connect(server.address(), &V1[..20]),
    ];
    // These are accepted after the ones above.
    let mut last = connect(server.address(), &[V1, GET].concat());
    assert_eq!(last.response(Method::GET).unwrap().text(), "192.0.2.7 http");
    let log = server.stop();
    for client in waiting {
        assert_eq!(client.stream().read(&mut [0; 1]).unwrap_or_default(), 0);
    }
    assert_eq!(log[..], [""; 0]);
}

#[cfg(feature = "server")]
#[test]
fn a_peer_that_is_not_trusted_is_closed_with_one_line_in_the_log() {
    let server = start(show(), elsewhere(), |_| {});
    for first in [&[V1, GET].concat(), GET, b""] {
        for _ in 0..5 {
            assert_is_closed(server.address(), first);
        }
    }
    let log = server.stop();
    let line = format!("127.0.0.1 is not a trusted proxy, so its connections are closed {SEE}");
    assert_eq!(log[..], [line]);
}

#[cfg(feature = "server")]
#[test]
fn a_proxy_that_sends_no_header_is_closed_with_one_line_in_the_log() {
    let server = start(show(), loopback(), |_| {});
    for first in [GET, b"PROXY TCP4 192.0.2.7\r\n", b"\x16\x03\x01\x02\x00"] {
        for _ in 0..5 {
            assert_is_closed(server.address(), first);
        }
    }
    let log = server.stop();
    let line = format!("127.0.0.1: the connection does not begin with a PROXY header {SEE}");
    assert_eq!(log[..], [line]);
}

#[cfg(feature = "server")]
#[test]
fn a_header_that_is_late_ends_the_connection() {
    let gateway = show().configure(|config| config.timeouts.head = Duration::from_millis(100));
    let server = start(gateway, loopback(), |_| {});
    assert_is_closed(server.address(), b"");
    assert_is_closed(server.address(), &V1[..20]);
    let log = server.stop();
    assert_eq!(log[..], [""; 0]);
}

#[cfg(feature = "server")]
#[test]
fn the_connections_of_each_client_are_limited_not_those_of_the_proxy() {
    let metrics = Metrics::new();
    let server = start(show(), loopback(), |options| {
        options.connections_per_address = 2;
        options.metrics = Some(metrics.clone());
    });
    let busy = |client: u8| {
        let mut stream = connect(server.address(), &v2([192, 0, 2, client]));
        stream.send(&GET[..9]).unwrap();
        stream
    };
    let mut clients = [busy(1), busy(1), busy(2), busy(2), busy(3)];
    // A connection counts when its request has begun. Retried, because the other connections are served at the same time.
    let refused = || {
        let mut third = busy(1);
        third.send(&GET[9..]).ok()?;
        third
            .response(Method::GET)
            .ok()
            .filter(|it| it.status() == 503)
    };
    let until = std::time::Instant::now() + PATIENCE;
    let refused = std::iter::repeat_with(refused).take_while(|_| std::time::Instant::now() < until);
    let response = refused
        .flatten()
        .next()
        .expect("a client has two connections");
    assert!(response.text().contains("too many connections"));
    let page = metrics.to_string();
    assert!(!page.contains("\nbytegate_connections_turned_away_total 0\n"));
    for client in &mut clients {
        client.send(&GET[9..]).unwrap();
        let response = client.response(Method::GET).unwrap();
        assert!(
            response.text().starts_with("192.0.2."),
            "{}",
            response.text()
        );
    }
    let log = server.stop();
    assert_eq!(log.len(), 1, "{log:?}");
    assert!(
        log[0].starts_with("192.0.2.1 has all 2 connections "),
        "{log:?}"
    );
}

#[cfg(all(feature = "server", unix))]
#[test]
fn a_proxy_on_a_unix_socket_can_be_trusted() {
    use std::os::unix::net::{UnixListener, UnixStream};
    let _turn = Turn::shared();
    let folder = crate::temporary::Folder::new(&[]);
    let path = folder.path("socket");
    let listener = UnixListener::bind(&path).unwrap();
    let mut options = Options::default();
    options.proxy_protocol = Some(TrustedProxies::new().named_peers());
    let (stop, stopped) = smol::channel::bounded::<()>(1);
    let until = async move { stopped.recv().await.unwrap_or_default() };
    let serving = net::serve(listener, show(), options, until);
    let serving = std::thread::spawn(move || smol::block_on(serving));
    let mut stream = UnixStream::connect(&path).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(&[V1, GET].concat()).unwrap();
    let mut client = StreamClient::new(stream);
    assert_eq!(
        client.response(Method::GET).unwrap().text(),
        "192.0.2.7 http"
    );
    drop(stop);
    serving.join().unwrap().unwrap();
}
