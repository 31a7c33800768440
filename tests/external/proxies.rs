//! With nginx or HAProxy in front: both read the same requests, whatever bytes arrive.
//!
//! Every fixture goes through the proxy. The requests that the proxy logs as passed on must be the requests that arrive
//! here. Then no bytes are a body for one side and a request for the other.

use crate::exchange::Exchange;
use crate::front::{Front, Program, nginx_http};
use bytegate::testing::{Server, StreamClient};
use bytegate::{Gateway, Request, Response};
use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

#[test]
fn nginx_agrees_on_where_requests_end() {
    let config = |port: u16, backend: u16, folder: &Path| {
        let http = format!(
            "log_format passed escape=none '$request_method $request_uri $upstream_status';
            client_header_timeout 1s; client_body_timeout 1s; lingering_timeout 1s; keepalive_timeout 1s;
            upstream backend {{ server 127.0.0.1:{backend}; keepalive 4; }}
            server {{
                listen 127.0.0.1:{port};
                access_log {}/log passed;
                location / {{
                    proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection '';
                    proxy_set_header Host $http_host; proxy_request_buffering off;
                    proxy_ignore_client_abort on;
                }}
            }}",
            folder.display()
        );
        nginx_http(folder, &http)
    };
    agree(Program::Nginx, config);
}

#[test]
fn haproxy_agrees_on_where_requests_end() {
    let config = |port: u16, backend: u16, _: &Path| {
        format!(
            "global
                log stdout len 65535 format raw local0
                tune.http.logurilen 16384
            defaults
                mode http
                timeout http-request 1s
                timeout client 1s
                timeout server 5s
                timeout connect 1s
                timeout http-keep-alive 1s
                log global
                log-format \"%HM %HU %ST %s\"
            frontend front
                bind 127.0.0.1:{port}
                default_backend back
            backend back
                http-reuse always
                server gate 127.0.0.1:{backend}
            "
        )
    };
    agree(Program::HaProxy, config);
}

/// Sends all fixtures and 10,000 odd inputs through a proxy.
fn agree(program: Program, config: impl Fn(u16, u16, &Path) -> String) {
    let backend = Backend::start();
    let to = backend.server.address().port();
    let Some(front) = Front::start(program, |port, folder| config(port, to, folder)) else {
        return;
    };
    let (program, proxy) = (program.name(), Proxy(front));
    let fixtures = Exchange::all();
    let inputs = fixtures
        .iter()
        .map(|exchange| (exchange.name().to_string(), vec![exchange.input.clone()]));
    let odd: Vec<Vec<u8>> = OddInputs(program.len() as u64).take(10_000).collect();
    let batches = odd.chunks(BATCH).enumerate();
    let batches = batches.map(|(number, inputs)| (format!("batch {number}"), inputs.to_vec()));
    let mut compared = 0;
    for (number, (name, inputs)) in inputs.chain(batches).enumerate() {
        // A client of an odd input does not wait for more than the proxy has at once.
        let patience = match inputs.len() {
            1 => Duration::from_secs(3),
            _ => Duration::from_millis(20),
        };
        inputs.iter().for_each(|input| proxy.send(input, patience));
        // A request of our own marks the end in both lists. It uses a new connection.
        let marker = format!("/marker-{number}");
        let last = format!("GET {marker} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        proxy.send(last.as_bytes(), Duration::from_secs(3));
        let (mut passed, mut arrived) = (Vec::new(), Vec::new());
        let is_whole = |list: &[String]| list.iter().any(|line| line.ends_with(&marker));
        wait_until("both have seen the marker", || {
            passed = proxy.passed(number);
            arrived = backend.arrived(number);
            // Requests of several clients are logged in any order, and some after the marker.
            passed.sort();
            arrived.sort();
            let agree = passed == arrived || inputs.len() == 1;
            is_whole(&passed) && is_whole(&arrived) && agree
        });
        compared += arrived.len() - 1;
        assert_eq!(passed, arrived, "{program}: {name}");
    }
    assert!(compared > 2_000, "only {compared} requests came through");
}

/// The number of odd inputs between two markers.
const BATCH: usize = 100;

/// Requests that two parsers may read differently, put together from pieces. They are the same in every run.
struct OddInputs(u64);

impl OddInputs {
    fn pick<'p>(&mut self, pieces: &[&'p str]) -> &'p str {
        // The constants are Knuth's. The high bits are the random ones.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        pieces[(self.0 >> 33) as usize % pieces.len()]
    }
}

impl OddInputs {
    /// The end of a line, which is wrong in two of 32 cases.
    fn end(&mut self) -> &'static str {
        const MOST: [&str; 32] = {
            let mut ends = ["\r\n"; 32];
            (ends[0], ends[1]) = ("\n", "\r\r\n");
            ends
        };
        self.pick(&MOST)
    }
}

impl Iterator for OddInputs {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        const METHODS: [&str; 8] = [
            "GET", "GET", "POST", "POST", "PUT", "HEAD", "OPTIONS", "get",
        ];
        const TARGETS: [&str; 9] = [
            "/a",
            "/a",
            "/a?b=c",
            "http://x/a",
            "//a",
            "/%2e%2e/a",
            "/a b",
            "*",
            "a",
        ];
        const VERSIONS: [&str; 7] = [
            "HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/1.2", "http/1.1", "",
        ];
        const LINES: [&str; 24] = [
            "X: y",
            "Accept: */*",
            "Content-Length: 5",
            "Content-Length: 5",
            "Content-Length: 0",
            "Content-Length: 5, 5",
            "Content-Length: +5",
            "Content-Length : 5",
            "Content-Length: 0x5",
            "content-length: 6",
            "Transfer-Encoding: chunked",
            "Transfer-Encoding: chunked",
            "Transfer-Encoding: Chunked",
            "Transfer-Encoding: xchunked",
            "Transfer-Encoding: chunked, identity",
            "Transfer-Encoding:\u{b}chunked",
            "Transfer-Encoding : chunked",
            " folded",
            "Connection: keep-alive",
            "Connection: close",
            "Connection: content-length",
            "Expect: 100-continue",
            "Host: y",
            "X\0: y",
        ];
        const BODIES: [&str; 9] = [
            "",
            "hello",
            "5\r\nhello\r\n0\r\n\r\n",
            "5;a=b\r\nhello\r\n0\r\n\r\n",
            "0\r\n\r\n",
            "0x5\r\nhello\r\n0\r\n\r\n",
            "5\nhello\n0\n\n",
            "5\r\nhello\r\n0\r\nX: y\r\n\r\n",
            "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
        ];
        let mut input = String::new();
        let (method, target, version) = (
            self.pick(&METHODS),
            self.pick(&TARGETS),
            self.pick(&VERSIONS),
        );
        input += &format!(
            "{method} {target} {version}{}Host: x{}",
            self.end(),
            self.end()
        );
        for _ in 0..self.pick(&["", "1", "22", "333"]).len() {
            input += self.pick(&LINES);
            input += self.end();
        }
        input += "\r\n";
        input += self.pick(&BODIES);
        input += "GET /after HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        Some(input.into_bytes())
    }
}

struct Proxy(Front);

impl Proxy {
    /// Sends the input, and reads until the proxy closes or is silent for some time.
    fn send(&self, input: &[u8], patience: Duration) {
        let mut client = StreamClient::connect(("127.0.0.1", self.0.port)).expect("a connection");
        let timeout = client.stream().set_read_timeout(Some(patience));
        timeout.expect("a timeout");
        // The proxy may close before it has read everything.
        let _ = client.send(input);
        let _ = client.end_input();
        let _ = client.read_to_end(&mut Vec::new());
    }

    /// The requests since the last marker that the proxy logged as passed on and served.
    fn passed(&self, number: usize) -> Vec<String> {
        // HAProxy writes its log to its output.
        let log = fs::read(self.0.folder.join("log")).ok();
        let log = log.unwrap_or_else(|| self.0.errors().into_bytes());
        let log = String::from_utf8_lossy(&log).into_owned();
        let lines = log.lines().filter_map(|line| {
            let mut words = line.split(' ');
            let (method, target, status) = (words.next()?, words.next()?, words.next()?);
            let passed_on = status == "200" && words.next() != Some("<NOSRV>");
            passed_on.then(|| request(method, &unescaped(target)))
        });
        since_marker(lines.collect(), number)
    }
}

/// Reverses the escapes in HAProxy's log, such as `#22` for a quotation mark. No target has a `#` otherwise.
fn unescaped(logged: &str) -> String {
    let mut parts = logged.split('#');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        bytes.push(u8::from_str_radix(digits, 16).expect("two digits"));
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Gives every request the same response and records it.
struct Backend {
    server: Server,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Backend {
    fn start() -> Backend {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = requests.clone();
        let gateway = Gateway::new(move |request: &Request<'_>| {
            let head = request.head();
            let line = self::request(head.method().as_str(), head.target_text());
            seen.lock().expect("a list").push(line);
            Response::text("served\n")
        });
        Backend {
            server: Server::start(gateway),
            requests,
        }
    }

    fn arrived(&self, number: usize) -> Vec<String> {
        since_marker(self.requests.lock().expect("a list").clone(), number)
    }
}

/// A request in a form common to both sides: a proxy may pass on an absolute-form target as a path.
fn request(method: &str, target: &str) -> String {
    let path = match target.split_once("://") {
        Some((_, rest)) => rest.find(['/', '?']).map_or("", |start| &rest[start..]),
        None => target,
    };
    if path.starts_with(['/', '*']) {
        format!("{method} {path}")
    } else {
        format!("{method} /{path}")
    }
}

/// The lines after the previous marker.
fn since_marker(lines: Vec<String>, number: usize) -> Vec<String> {
    let Some(last) = number.checked_sub(1) else {
        return lines;
    };
    let marker = format!("/marker-{last}");
    let start = lines
        .iter()
        .rposition(|line| line.ends_with(&marker))
        .map_or(0, |place| place + 1);
    lines[start..].to_vec()
}

fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "not in time: {what}"
        );
        thread::sleep(Duration::from_millis(2));
    }
}
