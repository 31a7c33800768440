//! From bytes to bytes in memory, against peers in the same run. See README.md beside this file.

use bytegate::{Gateway, Now, Request, Response, Site};
use std::hint::black_box;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const SMALL: &[u8] = b"GET /index.html HTTP/1.1\r\nHost: localhost\r\n\r\n";

const BROWSER: &[u8] = b"GET /index.html HTTP/1.1\r\n\
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

/// Every contender is measured once in each round, so that a drift of the machine meets them all.
const ROUNDS: usize = 41;
const ROUND_TIME: Duration = Duration::from_millis(4);

fn main() {
    // `cargo bench -- --quick` for a look.
    let rounds = if std::env::args().any(|argument| argument == "--quick") {
        5
    } else {
        ROUNDS
    };
    for (name, request) in [("small GET", SMALL), ("browser GET", BROWSER)] {
        compare(
            &format!("{name}, {} octets", request.len()),
            contenders(request),
            rounds,
        );
    }
    compare("special cases", special_cases(), rounds);
}

type Contender = (&'static str, Box<dyn FnMut()>);

fn contenders(request: &'static [u8]) -> Vec<Contender> {
    let gateway = gateway();
    let now = Now::at_unix(784_111_777);
    let dynamic: &'static [u8] = String::from_utf8_lossy(request)
        .replace("/index.html", "/index.py")
        .leak()
        .as_bytes();
    let mut reused = Vec::new();
    let (also, again) = (self::gateway(), self::gateway());
    vec![
        (
            "httparse, the head alone",
            Box::new(move || {
                let mut fields = [httparse::EMPTY_HEADER; 32];
                let mut parsed = httparse::Request::new(&mut fields);
                black_box(parsed.parse(black_box(request)).unwrap());
            }),
        ),
        (
            "bytegate handle, static",
            Box::new(move || {
                black_box(gateway.handle_at(black_box(request), now));
            }),
        ),
        (
            "bytegate handle_into, static",
            Box::new(move || {
                reused.clear();
                also.handle_into(black_box(request), now, &mut reused);
                black_box(&reused);
            }),
        ),
        (
            "bytegate handle, dynamic",
            Box::new(move || {
                black_box(again.handle_at(black_box(dynamic), now));
            }),
        ),
        (
            "http-net exchange, fixed answer",
            http_net_exchange(request),
        ),
        ("hyper + axum over a duplex", hyper_axum_duplex(request)),
    ]
}

fn special_cases() -> Vec<Contender> {
    let batch: &'static [u8] = SMALL.repeat(16).leak();
    let mut chunked =
        b"POST /a.py HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..16 {
        chunked.extend_from_slice(b"1000\r\n");
        chunked.extend_from_slice(&[b'x'; 4096]);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    let many: String = (0..99)
        .map(|number| format!("X-Field-{number}: value\r\n"))
        .collect();
    let many: &'static [u8] = format!("GET / HTTP/1.1\r\nHost: x\r\n{many}\r\n")
        .leak()
        .as_bytes();
    let long: &'static [u8] = format!("GET /?{} HTTP/1.1\r\nHost: x\r\n\r\n", "q".repeat(8000))
        .leak()
        .as_bytes();
    let handle = |input: &'static [u8]| -> Box<dyn FnMut()> {
        let gateway = gateway();
        let mut reused = Vec::new();
        Box::new(move || {
            reused.clear();
            gateway.handle_into(black_box(input), Now::default(), &mut reused);
            black_box(&reused);
        })
    };
    vec![
        ("16 pipelined small GETs", handle(batch)),
        ("64 KiB in 16 chunks", handle(chunked.leak())),
        ("100 fields", handle(many)),
        ("a request line of 8 KB", handle(long)),
        ("a browser GET, octet by octet", drip(BROWSER)),
    ]
}

fn gateway() -> Gateway {
    Gateway::new()
        .site(Site::new().file("/index.html", "<h1>Hello, world</h1>\n"))
        .dynamic(".py", |_: &Request<'_>| {
            Response::html("<h1>Hello, world</h1>\n")
        })
}

fn drip(request: &'static [u8]) -> Box<dyn FnMut()> {
    use bytegate::{Application, Connection, Step};
    let gateway = gateway();
    Box::new(move || {
        let mut connection = Connection::new(gateway.connection_config());
        for end in 1..=request.len() {
            let mut input = &request[..end];
            loop {
                match connection.step(&mut input, Now::default()) {
                    Step::Call(request) => {
                        let response = gateway.call(&request);
                        connection.respond(response);
                    }
                    Step::Write { .. } => connection.output().move_to(&mut Vec::new()),
                    _ => break,
                }
            }
        }
        black_box(&connection);
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
        let _ = connection.feed(black_box(request));
        loop {
            match connection.poll().unwrap() {
                http_net::ServerEvent::Request(head) => {
                    black_box(head.path());
                }
                http_net::ServerEvent::RequestEnd => {
                    connection.respond(&response, &mut output).unwrap()
                }
                _ => break,
            }
        }
        black_box(&output);
    })
}

/// One connection, kept alive, between two halves of a pipe in one thread.
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

fn compare(title: &str, mut contenders: Vec<Contender>, rounds: usize) {
    let mut times: Vec<Vec<f64>> = contenders.iter().map(|_| Vec::new()).collect();
    for _ in 0..rounds {
        for ((_, run), times) in contenders.iter_mut().zip(&mut times) {
            times.push(measure(run));
        }
    }
    println!("\n{title}\n{:34} {:>10} {:>10}", "", "ns", "ratio");
    let mut first = Vec::new();
    for ((name, _), times) in contenders.iter().zip(&times) {
        if first.is_empty() {
            first.clone_from(times);
        }
        let ratios = times
            .iter()
            .zip(&first)
            .map(|(time, first)| time / first)
            .collect();
        println!(
            "{name:34} {:>10.0} {:>10.2}",
            median(times.clone()),
            median(ratios)
        );
    }
}

/// Nanoseconds for one run.
fn measure(run: &mut dyn FnMut()) -> f64 {
    let mut runs = 0;
    let started = Instant::now();
    while started.elapsed() < ROUND_TIME {
        for _ in 0..32 {
            run();
        }
        runs += 32;
    }
    started.elapsed().as_nanos() as f64 / f64::from(runs)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
