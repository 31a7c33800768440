//! PEP 3333, rule by rule, in memory and over TCP, with the real interpreter.

use super::*;
use bytegate::testing::read_responses;

/// Sends bytes to the application and returns all of its output.
type Exchange<'a> = &'a dyn Fn(&[u8]) -> Vec<u8>;

fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").into_bytes()
}

fn post(path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Returns the status and the body of a valid response.
#[track_caller]
fn response(output: &[u8]) -> (u16, String) {
    match read_responses(output, &[Method::GET]) {
        Ok(responses) => (
            responses[0].status().code(),
            responses[0].text().to_string(),
        ),
        Err(error) => panic!("{error}: {}", String::from_utf8_lossy(output)),
    }
}

fn is_cut(output: &[u8]) -> bool {
    read_responses(output, &[Method::GET]).is_err()
}

type Check = (&'static str, fn(Exchange<'_>));

const BATTERY: [Check; 28] = [
    ("the validator of wsgiref is silent", |ask| {
        // `checked` is the application of the other tests too, so it sees them all.
        assert_eq!(
            response(&ask(&post("/valid", "abc"))),
            (200, "valid".into())
        );
    }),
    ("start_response may be called at the first block", |ask| {
        assert_eq!(response(&ask(&get("/lazy"))), (201, "lazy".into()));
    }),
    ("write() comes before the returned blocks", |ask| {
        assert_eq!(
            response(&ask(&get("/write"))),
            (200, "one two three".into())
        );
    }),
    ("exc_info replaces a head that is not sent", |ask| {
        let output = ask(&get("/replaced"));
        assert_eq!(response(&output), (503, "replaced".into()));
        assert!(String::from_utf8_lossy(&output).contains("X-Why: before\r\n"));
    }),
    ("exc_info after output cuts the response off", |ask| {
        let output = ask(&get("/too_late"));
        assert!(is_cut(&output), "{}", String::from_utf8_lossy(&output));
        assert!(!String::from_utf8_lossy(&output).contains("never sent"));
    }),
    ("close() is called once", |ask| {
        let before: u32 = response(&ask(&get("/count"))).1.parse().unwrap();
        assert_eq!(response(&ask(&get("/closing"))), (200, "ab".into()));
        let after: u32 = response(&ask(&get("/count"))).1.parse().unwrap();
        assert_eq!(after, before + 1);
    }),
    ("close() is called after an error", |ask| {
        let before: u32 = response(&ask(&get("/count"))).1.parse().unwrap();
        assert!(is_cut(&ask(&get("/failing"))));
        let after: u32 = response(&ask(&get("/count"))).1.parse().unwrap();
        assert_eq!(after, before + 1);
    }),
    ("a file is sent from its position", |ask| {
        let source = std::fs::read_to_string("fixtures/python/battery.py").unwrap();
        assert_eq!(response(&ask(&get("/file"))), (200, source[3..].into()));
    }),
    ("an object like a file is sent in blocks", |ask| {
        assert_eq!(
            response(&ask(&get("/file_like"))),
            (200, "0123456789".into())
        );
    }),
    ("a body that is too short is cut off", |ask| {
        assert!(is_cut(&ask(&get("/short"))));
    }),
    (
        "a body that is too long ends at its Content-Length",
        |ask| {
            assert_eq!(response(&ask(&get("/long"))), (200, "12345".into()));
        },
    ),
    ("read()", |ask| {
        assert_eq!(response(&ask(&post("/read", "a\nb"))), (200, "a\nb".into()));
    }),
    ("read(n), then read()", |ask| {
        let (_, text) = response(&ask(&post("/read_parts", "0123456789")));
        assert_eq!(text, "[b'0123', b'', b'456789', b'']");
    }),
    ("readline() and readline(n)", |ask| {
        let (_, text) = response(&ask(&post("/read_line", "one\ntwo\nthree")));
        assert_eq!(text, r"[b'one\n', b'tw', b'o\n']");
    }),
    ("readlines() after readline()", |ask| {
        let (_, text) = response(&ask(&post("/read_lines", "one\ntwo\nthree")));
        assert_eq!(text, r"[b'one\n', [b'two\n', b'three'], []]");
    }),
    ("iteration over the lines", |ask| {
        let (_, text) = response(&ask(&post("/iterate", "one\ntwo")));
        assert_eq!(text, r"[b'one\n', b'two']");
    }),
    ("chunked content has a length", |ask| {
        let request = b"POST /length HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n\
            2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n";
        assert_eq!(response(&ask(request)), (200, "5 hello".into()));
    }),
    ("no line break reaches the head", |ask| {
        let output = ask(&get("/line_break"));
        assert_eq!(response(&output).0, 500);
        assert!(!String::from_utf8_lossy(&output).contains("stolen"));
    }),
    ("a header of the connection is an error", |ask| {
        assert_eq!(response(&ask(&get("/hop_by_hop"))).0, 500);
    }),
    ("a 204 has no body and no length", |ask| {
        let output = ask(&get("/nothing"));
        assert_eq!(response(&output), (204, String::new()));
        assert!(!String::from_utf8_lossy(&output).contains("Content-Length"));
    }),
    ("each block is a chunk", |ask| {
        let output = String::from_utf8(ask(&get("/stream"))).unwrap();
        let chunks = "\r\n\r\n8\r\nblock 0\n\r\n8\r\nblock 1\n\r\n8\r\nblock 2\n\r\n0\r\n\r\n";
        assert!(output.ends_with(chunks), "{output}");
    }),
    ("Set-Cookie may come twice", |ask| {
        let output = String::from_utf8(ask(&get("/cookies"))).unwrap();
        assert!(output.contains("\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2; Path=/\r\n"));
    }),
    ("the environ is complete and cannot be forged", |ask| {
        let request = "GET /show?a=%20b HTTP/1.1\r\nHost: shop.test:81\r\nConnection: close\r\nCookie: a=1\r\nProxy: evil\r\n\
            X_Y: forged\r\nCookie: b=2\r\nX-Name: caf\u{e9}\r\n\r\n";
        let (_, shown) = response(&ask(request.as_bytes()));
        for line in [
            "HTTP_COOKIE='a=1; b=2'",
            // Bytes as Latin-1.
            "HTTP_X_NAME='caf\u{c3}\u{a9}'",
            "PATH_INFO='/show'",
            "QUERY_STRING='a=%20b'",
            "REQUEST_METHOD='GET'",
            "SCRIPT_NAME=''",
            "SERVER_NAME='shop.test'",
            "SERVER_PORT='81'",
            "SERVER_PROTOCOL='HTTP/1.1'",
            "wsgi.multiprocess=False",
            "wsgi.multithread=False",
            "wsgi.run_once=False",
            "wsgi.url_scheme='http'",
            "wsgi.version=(1, 0)",
        ] {
            assert!(shown.lines().any(|shown| shown == line), "{line}\n{shown}");
        }
        assert!(
            !shown.contains("HTTP_PROXY") && !shown.contains("forged"),
            "{shown}"
        );
    }),
    ("HTTP/1.0 needs no Host", |ask| {
        let output = ask(b"GET /lazy HTTP/1.0\r\n\r\n");
        assert_eq!(response(&output), (201, "lazy".into()));
        assert!(!String::from_utf8_lossy(&output).contains("chunked"));
    }),
    ("100 Continue is sent before the body is read", |ask| {
        let request = b"POST /read HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc";
        let output = ask(request);
        let rest = output
            .strip_prefix(b"HTTP/1.1 100 Continue\r\n\r\n")
            .unwrap();
        assert_eq!(response(rest), (200, "abc".into()));
    }),
    ("HEAD has the head of GET", |ask| {
        let request = b"HEAD /valid HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        let output = String::from_utf8(ask(request)).unwrap();
        assert!(output.contains("\r\nContent-Length: 5\r\n"), "{output}");
        assert!(output.ends_with("\r\n\r\n"), "{output}");
    }),
    (
        "without start_response, and with two, the response is a 500",
        |ask| {
            assert_eq!(response(&ask(&get("/silent"))).0, 500);
            assert_eq!(response(&ask(&get("/twice"))).0, 500);
            assert_eq!(response(&ask(&get("/text"))).0, 500);
        },
    ),
    ("an empty block does not send the head", |ask| {
        assert_eq!(
            response(&ask(&get("/empty_first"))),
            (409, "changed".into())
        );
    }),
];

fn run_battery(ask: Exchange<'_>) {
    for (name, check) in BATTERY {
        eprintln!("{name}");
        check(ask);
    }
}

#[test]
fn the_battery_in_memory() {
    let Some(_turn) = turn() else {
        return;
    };
    let workers = start(python("battery:application").0);
    let gateway = Gateway::new(workers);
    run_battery(&|input| gateway.handle(input).to_vec());
}

fn ask_over_tcp(server: &Server, input: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    stream.write_all(input).unwrap();
    let mut output = Vec::new();
    // A response that is cut off ends with a reset.
    let _ = stream.read_to_end(&mut output);
    output
}

#[test]
fn the_battery_over_tcp() {
    let Some(_turn) = turn() else {
        return;
    };
    let workers = start(python("battery:application").0);
    let server = Server::start(workers);
    run_battery(&|input| ask_over_tcp(&server, input));
}

/// The rules of PEP 3333 as `wsgiref.validate` checks them, for the applications that keep them.
#[test]
fn the_validator_accepts_the_server() {
    let Some(_turn) = turn() else {
        return;
    };
    let workers = start(python("battery:checked").0);
    let gateway = Gateway::new(workers);
    for path in [
        "/valid", "/lazy", "/write", "/closing", "/length", "/iterate",
    ] {
        let (status, text) = response(&gateway.handle(&post(path, "0123456789")));
        assert!(status < 300, "{path}: {status} {text}");
    }
}

#[test]
fn close_is_called_when_the_client_leaves() {
    let Some(_turn) = turn() else {
        return;
    };
    let workers = start(python("battery:application").0);
    let server = Server::start(workers);
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.write_all(&get("/endless")).unwrap();
    let mut part = [0; 100];
    stream.read_exact(&mut part).unwrap();
    drop(stream);
    let until = Instant::now() + Duration::from_secs(10);
    while response(&ask_over_tcp(&server, &get("/count"))).1 != "1" {
        assert!(Instant::now() < until, "close() is not called");
    }
}

#[test]
fn blocks_arrive_as_they_are_yielded() {
    let Some(_turn) = turn() else {
        return;
    };
    let workers = start(python("battery:application").0);
    let server = Server::start(workers);
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.write_all(&get("/stream")).unwrap();
    let (mut pieces, mut block) = (Vec::new(), [0; 4096]);
    loop {
        let count = stream.read(&mut block).unwrap();
        if count == 0 {
            break;
        }
        let text = String::from_utf8_lossy(&block[..count]).into_owned();
        pieces.push((Instant::now(), text));
    }
    let pieces: Vec<_> = pieces
        .iter()
        .filter(|(_, text)| text.contains("block"))
        .collect();
    assert_eq!(pieces.len(), 3, "{pieces:?}");
    for pair in pieces.windows(2) {
        assert!(pair[1].0 - pair[0].0 > Duration::from_millis(20));
    }
}

#[test]
fn requests_in_a_row_get_their_responses_in_order() {
    let Some(_turn) = turn() else {
        return;
    };
    let workers = start(python("battery:application").0);
    let client = Client::new(workers);
    let mut wire = client.connect();
    let one = client.post("/read").body("one");
    let input = [
        one.to_bytes(),
        client.get("/nope").to_bytes(),
        client.get("/lazy").to_bytes(),
    ];
    let output = client.send_bytes(&input.concat());
    let responses = read_responses(&output, &[Method::POST, Method::GET, Method::GET]).unwrap();
    let statuses: Vec<u16> = responses.iter().map(|it| it.status().code()).collect();
    assert_eq!(statuses, [200, 500, 201]);
    // A request that is cut off reaches no application.
    wire.send("POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
    wire.end_input();
    assert!(wire.take_output().starts_with(b"HTTP/1.1 400 "));
}

#[allow(dead_code, unreachable_pub)]
#[path = "../../../examples/python.rs"]
mod example;

#[test]
fn the_example_is_tested_in_memory() {
    let Some(_turn) = turn() else {
        return;
    };
    let client = Client::new(example::gateway().unwrap());
    let response = client.post("/book/").form(&[("entry", "caf\u{e9}")]).send();
    assert_eq!(response.status(), 303);
    assert_eq!(response.headers().get("Location"), Some("/book/"));
    assert_eq!(client.get("/book/").text(), "caf\u{e9}\n");
    assert_eq!(client.get("/style.css").text(), "body { margin: 2em }\n");
    let response = client.get("/book/").send();
    assert_eq!(
        response.headers().get("X-Content-Type-Options"),
        Some("nosniff")
    );
}
