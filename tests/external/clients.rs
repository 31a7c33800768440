//! The clients that nginx and HAProxy name, whatever headers the clients send themselves.
//!
//! The clients have the address 127.0.0.2. The proxies connect from 127.0.0.1, which is trusted.

use crate::front::{Front, Program, nginx, nginx_http, nginx_module};
use bytegate::middleware::{AccessLog, ForwardedHeaders};
use bytegate::net::{self, Options};
use bytegate::testing::StreamClient;
use bytegate::{Gateway, Method, Request, Router};
use socket2::{Domain, Socket, Type};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Headers with which a client pretends to be another one.
const SPOOFED: &str = "X-Forwarded-For: 192.0.2.1, 127.0.0.1\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: gopher\r\n\
    X-Real-IP: 192.0.2.2\r\nForwarded: for=192.0.2.3;proto=https;host=evil.example\r\nForwarded: for=\"evil\r\n\
    X-Forwarded-Host: evil.example\r\nX-Forwarded-Prefix: /evil\r\n";

/// A header that no proxy passes on as the start of a connection.
const PROXY: &str = "PROXY TCP4 192.0.2.4 127.0.0.1 1 80\r\n";

/// A server behind a proxy.
struct Behind {
    running: net::Running,
    /// The clients in the access log.
    log: Arc<Mutex<Vec<String>>>,
    complaints: Arc<Mutex<Vec<String>>>,
}

impl Behind {
    fn start(forwarded: Option<ForwardedHeaders>, is_proxied: bool) -> Behind {
        let log = Arc::new(Mutex::new(Vec::new()));
        let lines = log.clone();
        let show = |request: &Request<'_>| {
            let host = request.authority().expect("a host").host;
            let ip = request.peer().ip().expect("an address");
            let (scheme, path) = (request.scheme(), request.path());
            format!("{ip} {scheme} {host} {path} {}", request.script_name())
        };
        let mut gateway = Gateway::new(Router::new().fallback(show));
        gateway = gateway.with(AccessLog::to(move |line| {
            let client = line.split(' ').next().expect("an address");
            lines.lock().unwrap().push(client.to_string());
        }));
        if let Some(forwarded) = forwarded {
            gateway = gateway.with(forwarded);
        }
        let complaints = Arc::new(Mutex::new(Vec::new()));
        let lines = complaints.clone();
        let complain = move |line: &str| lines.lock().unwrap().push(line.to_string());
        let mut options = Options::default().log_to(complain);
        options.proxy_protocol = is_proxied.then(|| ["127.0.0.1".parse().unwrap()].into());
        Behind {
            running: net::start("127.0.0.1:0", gateway, options).expect("a server"),
            log,
            complaints,
        }
    }

    fn port(&self) -> u16 {
        self.running.address().port()
    }

    /// Checks that the server sees the real client, whether or not the client sends such headers itself.
    fn assert_sees_clients(self, front: Option<Front>, target: &str, expected: &str) {
        let Some(front) = front else { return };
        for headers in ["", SPOOFED] {
            let mut client = client(front.port);
            for _ in 0..2 {
                let request = format!("GET {target} HTTP/1.1\r\nHost: a.example\r\n{headers}\r\n");
                client.send(request).expect("it is sent");
                let response = client.response(Method::GET).expect("a response");
                assert_eq!(response.text(), expected, "{headers}{}", front.errors());
            }
        }
        // A header of the client itself is the start of a request for the server, and never a header of the connection.
        let mut client = client(front.port);
        let request = format!("{PROXY}GET {target} HTTP/1.1\r\nHost: a.example\r\n\r\n");
        let _ = client.send(request);
        if let Ok(response) = client.response(Method::GET) {
            assert_eq!(response.status(), 400);
        }
        drop(front);
        self.running.stop().expect("a clean end");
        let log = self.log.lock().unwrap();
        assert!(log.len() >= 4, "{log:?}");
        assert!(log.iter().all(|client| client == "127.0.0.2"), "{log:?}");
        // Not even about health checks.
        assert_eq!(self.complaints.lock().unwrap()[..], [""; 0]);
    }
}

/// A connection from 127.0.0.2.
fn client(port: u16) -> StreamClient<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    let own: SocketAddr = "127.0.0.2:0".parse().unwrap();
    socket
        .bind(&own.into())
        .expect("an address of this machine");
    let address: SocketAddr = ([127, 0, 0, 1], port).into();
    socket.connect(&address.into()).expect("the proxy listens");
    let stream = TcpStream::from(socket);
    let timeout = stream.set_read_timeout(Some(Duration::from_secs(20)));
    timeout.expect("a timeout");
    StreamClient::new(stream)
}

fn trusting() -> ForwardedHeaders {
    ForwardedHeaders::trusting(["127.0.0.1".parse().unwrap()])
}

fn haproxy(mode: &str, port: u16, front: &str, server: &str) -> String {
    format!(
        "defaults
            mode {mode}
            timeout client 20s
            timeout server 20s
            timeout connect 20s
        frontend front
            bind 127.0.0.1:{port}
            {front}
            default_backend back
        backend back
            server one {server}
        "
    )
}

#[test]
fn haproxy_names_clients_in_x_forwarded_for() {
    let behind = Behind::start(Some(trusting()), false);
    let to = behind.port();
    let front = Front::start(Program::HaProxy, |port, _| {
        let headers = "option forwardfor
            http-request set-header X-Forwarded-Proto https";
        haproxy("http", port, headers, &format!("127.0.0.1:{to}"))
    });
    behind.assert_sees_clients(front, "/a", "127.0.0.2 https a.example /a ");
}

#[test]
fn haproxy_names_clients_in_a_proxy_header_of_version_1() {
    proxy_header("send-proxy");
}

#[test]
fn haproxy_names_clients_in_a_proxy_header_of_version_2() {
    proxy_header("send-proxy-v2");
}

#[test]
fn haproxy_names_clients_in_a_proxy_header_with_more_values() {
    proxy_header("send-proxy-v2 proxy-v2-options crc32c,unique-id,authority,ssl");
}

/// HAProxy as a balancer of HTTP and of TCP, with a health check of both kinds.
fn proxy_header(option: &str) {
    for mode in ["http", "tcp"] {
        let behind = Behind::start(None, true);
        let to = behind.port();
        let front = Front::start(Program::HaProxy, |port, _| {
            let server = format!("127.0.0.1:{to} {option} check check-send-proxy inter 20ms");
            haproxy(mode, port, "unique-id-format %[uuid()]", &server)
        });
        behind.assert_sees_clients(front, "/a", "127.0.0.2 http a.example /a ");
    }
}

#[test]
fn nginx_names_clients_in_x_forwarded_for() {
    let behind = Behind::start(Some(trusting()), false);
    let to = behind.port();
    let front = Front::start(Program::Nginx, |port, folder| {
        let headers = "proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto https;";
        server(
            folder,
            port,
            &format!("location / {{ proxy_pass http://127.0.0.1:{to}; {headers} }}"),
        )
    });
    behind.assert_sees_clients(front, "/a", "127.0.0.2 https a.example /a ");
}

#[test]
fn nginx_names_the_host_and_the_prefix_that_it_removes() {
    let behind = Behind::start(Some(trusting().host().prefix()), false);
    let to = behind.port();
    let front = Front::start(Program::Nginx, |port, folder| {
        let headers = "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header X-Forwarded-Host $host;
            proxy_set_header X-Forwarded-Prefix /shop;";
        server(
            folder,
            port,
            &format!("location /shop/ {{ proxy_pass http://127.0.0.1:{to}/; {headers} }}"),
        )
    });
    behind.assert_sees_clients(front, "/shop/a", "127.0.0.2 http a.example /shop/a /shop");
}

#[test]
fn nginx_names_clients_in_forwarded() {
    let behind = Behind::start(Some(trusting().rfc7239()), false);
    let to = behind.port();
    let front = Front::start(Program::Nginx, |port, folder| {
        // As in the documentation of nginx, but without a check of what the client has sent.
        let map = "map $remote_addr $forwarded_for {
            ~^[0-9.]+$        \"for=$remote_addr\";
            ~^[0-9A-Fa-f:.]+$ \"for=\\\"[$remote_addr]\\\"\";
            default           \"for=unknown\";
        }";
        let header = "proxy_set_header Forwarded \"$http_forwarded, $forwarded_for;proto=https;host=$host\";";
        let location = format!("location / {{ proxy_pass http://127.0.0.1:{to}; {header} }}");
        let server = format!("server {{ listen 127.0.0.1:{port}; {location} }}");
        nginx_http(folder, &format!("{map}\n{server}"))
    });
    behind.assert_sees_clients(front, "/a", "127.0.0.2 https a.example /a ");
}

#[test]
fn nginx_names_clients_in_a_proxy_header() {
    let Some(module) = nginx_module("ngx_stream_module.so") else {
        return;
    };
    let behind = Behind::start(None, true);
    let to = behind.port();
    let front = Front::start(Program::Nginx, |port, folder| {
        let server = format!(
            "stream {{ server {{ listen 127.0.0.1:{port}; proxy_pass 127.0.0.1:{to}; proxy_protocol on; }} }}"
        );
        let load = format!("load_module {};\n", module.display());
        load + &nginx(folder, &server)
    });
    behind.assert_sees_clients(front, "/a", "127.0.0.2 http a.example /a ");
}

#[test]
fn a_proxy_that_is_not_trusted_is_not_believed() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let lines = log.clone();
    let gateway =
        Gateway::new(|request: &Request<'_>| request.peer().ip().expect("an address").to_string());
    let gateway = gateway.with(ForwardedHeaders::trusting(["192.0.2.0/24"
        .parse()
        .unwrap()]));
    let running = net::start("127.0.0.1:0", gateway, Options::default()).expect("a server");
    let to = running.address().port();
    let front = Front::start(Program::HaProxy, |port, _| {
        haproxy(
            "http",
            port,
            "option forwardfor",
            &format!("127.0.0.1:{to}"),
        )
    });
    let Some(front) = front else { return };
    let mut asking = client(front.port);
    assert_eq!(asking.get("/").expect("a response").text(), "127.0.0.1");
    running.stop().expect("a clean end");
    // With PROXY headers, the connection is refused, and the proxy says so to its client.
    let mut options =
        Options::default().log_to(move |line| lines.lock().unwrap().push(line.to_string()));
    options.proxy_protocol = Some(["192.0.2.0/24".parse().unwrap()].into());
    let running = net::start("127.0.0.1:0", |_: &Request<'_>| "", options).expect("a server");
    let to = running.address().port();
    let front = Front::start(Program::HaProxy, |port, _| {
        haproxy("http", port, "", &format!("127.0.0.1:{to} send-proxy-v2"))
    });
    let front = front.expect("it was here before");
    let response = client(front.port).get("/").expect("a response");
    assert!([502, 503].contains(&response.status().code()));
    running.stop().expect("a clean end");
    let log = log.lock().unwrap();
    assert_eq!(
        log[..],
        [
            "127.0.0.1 is not a trusted proxy, so its connections are closed (see --proxy-protocol, or Options::proxy_protocol)"
        ]
    );
}

fn server(folder: &Path, port: u16, location: &str) -> String {
    nginx_http(
        folder,
        &format!("server {{ listen 127.0.0.1:{port}; {location} }}"),
    )
}
