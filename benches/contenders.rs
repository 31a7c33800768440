//! The contenders: bytegate and its peers, each as a closure that responds to one request.

use bytegate::config::Config;
use bytegate::gateway::Wait;
use bytegate::request::ConnectionInfo;
use bytegate::{Gateway, Now, Request, Response, Router, Site};
use std::hint::black_box;
use std::mem::MaybeUninit;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// The names of a peer, beside all contenders and beside one.
pub(crate) const HTTP_NET: &str = "http-net kept connection, fixed answer";
pub(crate) const HTTP_NET_PAIR: &str = "http-net kept connection";

pub(crate) const SMALL: &[u8] = b"GET /index.html HTTP/1.1\r\nHost: localhost\r\n\r\n";

pub(crate) const BROWSER: &[u8] = b"GET /index.html HTTP/1.1\r\n\
Host: localhost:7890\r\n\
Connection: keep-alive\r\n\
Cache-Control: max-age=0\r\n\
sec-ch-ua: \"Chromium\";v=\"140\", \"Not=A?Brand\";v=\"24\"\r\n\
sec-ch-ua-mobile: ?0\r\n\
sec-ch-ua-platform: \"Linux\"\r\n\
Upgrade-Insecure-Requests: 1\r\n\
User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36\r\n\
Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8\r\n\
Sec-Fetch-Site: none\r\n\
Sec-Fetch-Mode: navigate\r\n\
Sec-Fetch-User: ?1\r\n\
Sec-Fetch-Dest: document\r\n\
Accept-Encoding: gzip, deflate, br, zstd\r\n\
Accept-Language: en-US,en;q=0.9\r\n\r\n";

pub(crate) const DYNAMIC: &[u8] = b"GET /a.py HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// A request for one of twenty routes, with a parameter.
pub(crate) const ROUTED: &[u8] = b"GET /users/7/posts HTTP/1.1\r\nHost: localhost\r\n\r\n";

pub(crate) const HEAD: &[u8] = b"HEAD /index.html HTTP/1.1\r\nHost: localhost\r\n\r\n";

pub(crate) const FORM: &[u8] = b"POST /a.py HTTP/1.1\r\nHost: localhost\r\n\
Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 26\r\n\r\nname=ada&password=lovelace";

/// A POST of that many chunks of that many bytes.
pub(crate) fn chunked(chunks: usize, bytes: usize) -> Vec<u8> {
    let mut request =
        b"POST /a.py HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..chunks {
        request.extend_from_slice(format!("{bytes:x}\r\n").as_bytes());
        request.resize(request.len() + bytes, b'x');
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"0\r\n\r\n");
    request
}

pub(crate) type Contender = (&'static str, Box<dyn FnMut()>);

pub(crate) fn contenders(request: &'static [u8]) -> Vec<Contender> {
    let dynamic: &'static [u8] = String::from_utf8_lossy(request)
        .replace("/index.html", "/index.py")
        .leak()
        .as_bytes();
    vec![
        ("httparse, the head alone", httparse_cheapest(request)),
        (
            "httparse, fields initialized",
            httparse_as_documented(request),
        ),
        ("bytegate without a response", up_to_the_call(request)),
        ("bytegate handle, static", handle(request, Now::default())),
        ("bytegate handle, dynamic", handle(dynamic, Now::default())),
        ("bytegate handle_at, static, dated", handle(request, DATED)),
        (
            "bytegate handle_into, static, dated",
            into_used_buffer(request),
        ),
        ("bytegate kept connection, static", kept(request)),
        ("bytegate kept connection, dynamic", kept(dynamic)),
        (HTTP_NET, http_net_exchange(request)),
        ("hyper + axum over a duplex", hyper_axum_duplex(request)),
    ]
}

/// A time, so that responses have a `Date`.
const DATED: Now = Now::at_unix(784_111_777);

/// The cheapest way to call it: the field array is not initialized first.
fn httparse_cheapest(request: &'static [u8]) -> Box<dyn FnMut()> {
    Box::new(move || {
        let mut headers = [const { MaybeUninit::uninit() }; 100];
        let mut parsed = httparse::Request::new(&mut []);
        let status = parsed.parse_with_uninit_headers(black_box(request), &mut headers);
        assert!(status.unwrap().is_complete());
        black_box(&parsed);
    })
}

/// The way that its documentation shows.
fn httparse_as_documented(request: &'static [u8]) -> Box<dyn FnMut()> {
    Box::new(move || {
        let mut headers = [httparse::EMPTY_HEADER; 100];
        let mut parsed = httparse::Request::new(&mut headers);
        assert!(parsed.parse(black_box(request)).unwrap().is_complete());
        black_box(&parsed);
    })
}

/// A new connection for each request.
fn handle(request: &'static [u8], now: Now) -> Box<dyn FnMut()> {
    let gateway = gateway();
    Box::new(move || {
        black_box(gateway.handle_at(black_box(request), now));
    })
}

/// One connection for all requests.
pub(crate) fn kept(request: &'static [u8]) -> Box<dyn FnMut()> {
    let gateway: &'static Gateway = Box::leak(Box::new(gateway().config(unlimited())));
    let mut session = gateway.session(ConnectionInfo::default());
    let mut output = Vec::new();
    Box::new(move || {
        output.clear();
        session.output().lend(&mut output);
        let wait = session.turn(&mut black_box(request), Now::default());
        assert!(matches!(wait, Wait::Write { .. }));
        session.output().move_to(&mut output);
        black_box(&output);
    })
}

/// The usual configuration, without a limit of requests on one connection.
fn unlimited() -> Config {
    let mut config = Config::default();
    config.limits.requests = u32::MAX;
    config
}

/// A GET with this many fields of 80 bytes in addition to Host.
pub(crate) fn with_headers(count: usize) -> &'static [u8] {
    let headers: String = (0..count)
        .map(|number| format!("X-Field-{number:02}: {}\r\n", "value ".repeat(11)))
        .collect();
    format!("GET /index.html HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n")
        .leak()
        .as_bytes()
}

/// `handle_into` with a buffer that was used before.
pub(crate) fn into_used_buffer(request: &'static [u8]) -> Box<dyn FnMut()> {
    let gateway = match request {
        ROUTED => gateway_with_routes(),
        _ => gateway(),
    };
    let mut output = Vec::new();
    Box::new(move || {
        output.clear();
        gateway.handle_into(black_box(request), DATED, &mut output);
        black_box(&output);
    })
}

/// Parses and checks the head on a new connection, without a response.
fn up_to_the_call(request: &'static [u8]) -> Box<dyn FnMut()> {
    let config = Config::default();
    Box::new(move || {
        let mut connection =
            bytegate::connection::Connection::with_config(&config, bytegate::request::Scheme::Http);
        let step = connection.step(&mut black_box(request), Now::default());
        assert!(matches!(step, bytegate::connection::Step::Request(_)));
        black_box(&step);
    })
}

/// Cases that a strict peer can be compared with, each with the peer's time.
pub(crate) fn pairs() -> Vec<(&'static str, Vec<Contender>)> {
    let pair = |name, request: &'static [u8]| {
        let peer: Contender = (HTTP_NET_PAIR, http_net_exchange(request));
        let own: Contender = ("bytegate handle_into, dated", into_used_buffer(request));
        (name, vec![peer, own])
    };
    vec![
        pair("16 pipelined small GETs", SMALL.repeat(16).leak()),
        pair("HEAD", HEAD),
        pair("POST of a form", FORM),
        pair("64 KiB in 16 chunks", chunked(16, 4096).leak()),
        pair("64 chunks of 16 bytes", chunked(64, 16).leak()),
    ]
}

/// The cost of finding a route among twenty, as a multiple of that of a suffix.
pub(crate) fn routes() -> Vec<Contender> {
    vec![
        ("a suffix", into_used_buffer(DYNAMIC)),
        (
            "one of 20 routes, with a parameter",
            into_used_buffer(ROUTED),
        ),
    ]
}

pub(crate) fn special_cases() -> Vec<Contender> {
    let many: String = (0..99)
        .map(|number| format!("X-Field-{number}: value\r\n"))
        .collect();
    let many: &'static [u8] = format!("GET / HTTP/1.1\r\nHost: x\r\n{many}\r\n")
        .leak()
        .as_bytes();
    let long: &'static [u8] = format!("GET /?{} HTTP/1.1\r\nHost: x\r\n\r\n", "q".repeat(8000))
        .leak()
        .as_bytes();
    // Each of these once took many times as long as the others, and nothing showed it.
    let value = |bytes: &[u8]| -> &'static [u8] {
        let bytes = bytes.repeat(8000 / bytes.len());
        [
            b"GET / HTTP/1.1\r\nHost: x\r\nX: ",
            &bytes[..],
            b"x\r\n\r\n",
        ]
        .concat()
        .leak()
    };
    vec![
        ("100 fields, names with digits", into_used_buffer(many)),
        ("a value of 8 KB", into_used_buffer(value(b"v"))),
        ("a value of 8 KB of tabs", into_used_buffer(value(b"\t"))),
        (
            "a value of 8 KB in UTF-8",
            into_used_buffer(value("é".as_bytes())),
        ),
        ("a request line of 8 KB", into_used_buffer(long)),
        ("a browser GET, byte by byte", drip(BROWSER)),
    ]
}

fn gateway() -> Gateway {
    let site = Site::new().file("/index.html", "<h1>Hello, world</h1>\n");
    let router = Router::new()
        .suffix(".py", |_: &Request<'_>| {
            Response::html("<h1>Hello, world</h1>\n")
        })
        .fallback(site);
    Gateway::new(router)
}

fn gateway_with_routes() -> Gateway {
    let page = |request: &Request<'_>| {
        assert_eq!(black_box(request.param("id")), Some("7"));
        Response::html("<h1>Hello, world</h1>\n")
    };
    let names = [
        "users", "posts", "tags", "files", "teams", "images", "orders", "carts", "events", "rooms",
    ];
    let router = names.iter().fold(Router::new(), |router, name| {
        let (one, all) = (format!("/{name}/{{id}}"), format!("/{name}/{{id}}/posts"));
        router.get(&one, page).get(&all, page)
    });
    Gateway::new(router)
}

fn drip(request: &'static [u8]) -> Box<dyn FnMut()> {
    let gateway = gateway();
    Box::new(move || {
        let mut session = gateway.session(ConnectionInfo::default());
        for end in 1..=request.len() {
            let mut input = &request[..end];
            while let Wait::Write { .. } = session.turn(&mut input, Now::default()) {
                session.output().move_to(&mut Vec::new());
            }
        }
        black_box(&session);
    })
}

fn http_net_exchange(request: &'static [u8]) -> Box<dyn FnMut()> {
    let mut connection = http_net::ServerConn::new();
    let response = http_net::Response::new(200)
        .header("content-type", "text/html; charset=utf-8")
        .body(&b"<h1>Hello, world</h1>\n"[..]);
    let mut output = Vec::new();
    Box::new(move || {
        output.clear();
        let mut rest = black_box(request);
        while !rest.is_empty() {
            rest = &rest[connection.feed(rest)..];
            loop {
                match connection.poll().unwrap() {
                    http_net::ServerEvent::Request(head) => {
                        black_box(head.path());
                    }
                    http_net::ServerEvent::RequestEnd => {
                        connection.respond(&response, &mut output).unwrap()
                    }
                    http_net::ServerEvent::Body(part) => {
                        black_box(part);
                    }
                    _ => break,
                }
            }
        }
        black_box(&output);
    })
}

/// One kept-alive connection between two halves of an in-memory pipe, in one thread.
fn hyper_axum_duplex(request: &'static [u8]) -> Box<dyn FnMut()> {
    use hyper_util::rt::TokioIo;
    use hyper_util::service::TowerToHyperService;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let router = axum::Router::new().route(
        "/index.html",
        axum::routing::get(|| async { axum::response::Html("<h1>Hello, world</h1>\n") }),
    );
    let (mut client, server) = tokio::io::duplex(64 * 1024);
    runtime.spawn(
        hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(server), TowerToHyperService::new(router)),
    );
    let mut buffer = vec![0; 64 * 1024];
    Box::new(move || {
        runtime.block_on(async {
            client.write_all(black_box(request)).await.unwrap();
            let mut length = 0;
            while !buffer[..length].ends_with(b"</h1>\n") {
                length += client.read(&mut buffer[length..]).await.unwrap();
            }
        });
    })
}
