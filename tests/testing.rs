//! The test kit, used like its users would use it.
#![cfg(feature = "std")]

use bytegate::connection::CloseReason;
use bytegate::request::{ConnectionInfo, Peer, Scheme};
use bytegate::testing::{
    Client, Fault, Faulty, FormPart, Pipe, StreamClient, malformed_requests, read_responses,
};
use bytegate::{Body, Gateway, Method, Now, OwnedRequest, Request, Response, Router, Site, Status};
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// An application that responds with a description of the request.
fn echo(request: &Request<'_>) -> String {
    let content = String::from_utf8_lossy(request.body());
    let query = request.query().unwrap_or("-");
    format!("{} {} {query} {content}", request.method(), request.path())
}

#[test]
fn every_malformed_request_of_the_corpus_is_refused_before_the_application() {
    let client = Client::new(|_: &Request<'_>| -> &'static str { panic!("not reached") });
    let wrong: Vec<String> = malformed_requests()
        .filter_map(|request| {
            let output = client.send_bytes(&request.bytes);
            let line = String::from_utf8_lossy(&output);
            let line = line.lines().next().unwrap_or_default().to_string();
            let expected = format!("HTTP/1.1 {}", request.status.unwrap());
            (line != expected).then(|| format!("{}: {line}, not {expected}", request.name))
        })
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
    let mut names: Vec<_> = malformed_requests().map(|request| request.name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "two cases have the same name");
}

#[test]
fn requests_of_every_kind_arrive_as_they_were_built() {
    let client = Client::new(echo);
    let text = |request: bytegate::testing::ClientRequest<'_>| request.send().text().to_string();
    assert_eq!(text(client.get("/a")), "GET /a - ");
    assert_eq!(text(client.get("/a b?c=ä")), "GET /a%20b c=%C3%A4 ");
    assert_eq!(
        text(client.get("/a?b=1").query("c d", "e&f")),
        "GET /a b=1&c+d=e%26f "
    );
    assert_eq!(text(client.put("/a").body("hello")), "PUT /a - hello");
    assert_eq!(
        text(client.patch("/a").content_type("a/b").body(vec![b'x'])),
        "PATCH /a - x"
    );
    assert_eq!(text(client.delete("/a")), "DELETE /a - ");
    assert_eq!(text(client.request("PURGE", "/a")), "PURGE /a - ");
    assert_eq!(
        text(client.post("/a").form(&[("b", "c d"), ("e", "&")])),
        "POST /a - b=c+d&e=%26"
    );
    assert_eq!(
        text(client.post("/a").chunks(["one ", "", "two"])),
        "POST /a - one two"
    );
    assert_eq!(client.head("/a").send().body(), b"");
    let parts = [
        FormPart::text("a\"b", "c"),
        FormPart::file("d", "e.txt", "text/plain", "f"),
    ];
    let form = text(client.post("/").multipart(&parts));
    assert!(form.contains("name=\"a%22b\"\r\n\r\nc\r\n--"), "{form}");
    assert!(
        form.contains("filename=\"e.txt\"\r\nContent-Type: text/plain\r\n\r\nf\r\n--"),
        "{form}"
    );
    assert!(form.ends_with("--\r\n"), "{form}");
}

#[test]
fn the_application_sees_the_peer_the_scheme_the_host_and_the_time() {
    let client = Client::new(|request: &Request<'_>| {
        format!(
            "{} {:?} {} {:?}",
            request.peer(),
            request.scheme(),
            request.authority().map_or("-", |authority| authority.host),
            request.now().monotonic,
        )
    })
    .peer(Peer::named("a test"))
    .scheme(Scheme::Https)
    .host("example.com:8080")
    .start_at(Now::at_unix(784_111_777));
    client.advance(Duration::from_secs(3));
    let response = client.get("/").send();
    assert!(
        response.text().starts_with("a test Https example.com 3s"),
        "{}",
        response.text()
    );
    assert_eq!(
        response.header("Date"),
        Some("Sun, 06 Nov 1994 08:49:40 GMT")
    );
}

#[test]
#[should_panic(expected = "the field \"X\" cannot be sent")]
fn a_header_that_would_split_the_request_is_refused() {
    let client = Client::new(echo);
    let _ = client.get("/").header("X", "a\r\nY: b");
}

#[test]
fn a_truncated_response_is_incomplete_and_names_the_rule() {
    let client = Client::new(|_: &Request<'_>| {
        Response::text(Body::try_from_iterator(
            None,
            [Ok("one".into()), Err(bytegate::body::BodyError)].into_iter(),
        ))
    });
    let error = client.get("/").try_send().unwrap_err();
    assert!(error.is_incomplete());
    assert!(error.rule().starts_with("a chunk must begin"), "{error}");
}

#[test]
fn cookies_are_kept_sent_and_removed() {
    let router = Router::new()
        .get("/login", |_: &Request<'_>| {
            Response::text("in")
                .with_appended_header("Set-Cookie", "session=abc; Path=/; HttpOnly; Max-Age=60")
                .with_appended_header("Set-Cookie", "secret=1; Path=/; Secure")
        })
        .get("/logout", |_: &Request<'_>| {
            Response::text("out").with_header("Set-Cookie", "session=; Path=/; Max-Age=0")
        })
        .fallback(|request: &Request<'_>| {
            request.headers().get("Cookie").unwrap_or("-").to_string()
        });
    let client = Client::new(router);
    assert_eq!(client.get("/me").text(), "-");
    client.get("/login").send();
    assert_eq!(client.cookie("session").as_deref(), Some("abc"));
    assert_eq!(client.get("/me").text(), "session=abc");
    client.advance(Duration::from_secs(60));
    assert_eq!(client.cookie("session"), None, "it has expired");
    assert_eq!(client.get("/me").text(), "-", "it has expired");
    client.get("/login").send();
    client.get("/logout").send();
    assert_eq!(client.get("/me").text(), "-");
    let other = Client::new(client.gateway().clone());
    other.get("/login").send();
    assert_eq!(
        client.get("/me").send().text(),
        "-",
        "another client's cookie"
    );
}

#[test]
fn redirects_are_followed_on_request() {
    let to = |status: u16, location: &'static str| {
        move |_: &Request<'_>| {
            let status = Status::new(status).unwrap();
            Response::from(status).with_header("Location", location)
        }
    };
    let router = Router::new()
        .route(Method::POST, "/301", to(301, "/end"))
        .route(Method::POST, "/303", to(303, "end?x=1"))
        .route(Method::POST, "/307", to(307, "http://localhost/end"))
        .get("/loop", to(302, "/loop"))
        .get("/away", to(302, "http://elsewhere/end"))
        .fallback(echo);
    let client = Client::new(router);
    let follow = |request: bytegate::testing::ClientRequest<'_>| request.follow_redirects().send();
    assert_eq!(
        client.post("/301").send().status(),
        Status::MOVED_PERMANENTLY
    );
    assert_eq!(follow(client.post("/301").body("a")).text(), "GET /end - ");
    assert_eq!(
        follow(client.post("/303").body("a")).text(),
        "GET /end x=1 "
    );
    assert_eq!(
        follow(client.post("/307").body("a")).text(),
        "POST /end - a"
    );
    assert_eq!(follow(client.get("/loop")).status(), Status::FOUND);
    assert_eq!(follow(client.get("/away")).status(), Status::FOUND);
}

#[test]
fn a_connection_accepts_input_in_any_pieces_and_times_out() {
    let client = Client::new(echo);
    let mut wire = client.connect();
    for byte in b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n" {
        assert!(wire.try_response().unwrap_err().is_incomplete());
        wire.send([*byte]);
    }
    assert_eq!(wire.response().text(), "GET /a - ");
    let mut second = client.connect();
    wire.request(&client.head("/b"));
    wire.request(&client.get("/c"));
    second.request(&client.get("/d"));
    assert_eq!(second.response().text(), "GET /d - ");
    assert_eq!(wire.response().body(), b"");
    assert_eq!(wire.response().text(), "GET /c - ");
    client.advance(Duration::from_secs(3600));
    wire.poll();
    assert_eq!(wire.closed(), Some(CloseReason::Idle));
    second.poll();
    assert_eq!(second.closed(), Some(CloseReason::Idle));
    let mut third = client.connect();
    third.end_input();
    assert_eq!(third.closed(), Some(CloseReason::InputEnded));
}

#[test]
fn a_streamed_body_is_read_block_by_block() {
    let senders = Arc::new(Mutex::new(Vec::new()));
    let kept = senders.clone();
    let client = Client::new(move |_: &Request<'_>| {
        let (sender, body) = Body::channel(8);
        kept.lock().unwrap().push(sender);
        Response::text(body)
    });
    let mut wire = client.connect();
    wire.request(&client.get("/"));
    let head = wire.response_head();
    assert_eq!(head.header("Transfer-Encoding"), Some("chunked"));
    assert_eq!(wire.blocks(), Vec::<Vec<u8>>::new());
    let sender = senders.lock().unwrap().remove(0);
    sender.try_send("one").unwrap();
    sender.try_send("two").unwrap();
    assert_eq!(wire.blocks(), [b"one", b"two"]);
    assert!(!wire.body_has_ended());
    sender.finish();
    assert!(wire.blocks().is_empty() && wire.body_has_ended());

    // A body that is cut off does not end.
    wire.request(&client.get("/"));
    wire.response_head();
    drop(senders.lock().unwrap().remove(0));
    assert!(wire.blocks().is_empty() && !wire.body_has_ended());
    assert_eq!(wire.closed(), Some(CloseReason::ResponseBroken));
}

#[test]
fn deferred_responses_are_awaited() {
    let client = Client::new(|request: &Request<'_>| {
        let request: OwnedRequest = request.into_owned();
        Response::from_future(async move { echo(&request.view()) })
    });
    assert_eq!(client.get("/later").text(), "GET /later - ");
}

#[test]
fn real_input_and_output_pass_through_a_pipe() {
    let gateway = Gateway::new(Site::new().file("/large", vec![b'x'; 1_000_000]));
    let mut client = StreamClient::new(Pipe::connect(&gateway));
    for _ in 0..2 {
        client
            .send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
            .unwrap();
        let response = client.response(Method::GET).unwrap();
        assert_eq!(response.body().len(), 1_000_000);
    }
}

#[test]
fn a_client_over_a_stream_reads_each_response_and_leaves_the_rest() {
    let responses: &[u8] =
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na\
        HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n\
        HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nb\r\n0\r\n\r\n\
        HTTP/1.1 200 OK\r\n\r\nc";
    for size in 1..responses.len() {
        let (mut server, there) = Pipe::pair();
        let pieces = responses.chunks(size).map(<[u8]>::to_vec);
        let pieces: Vec<Vec<u8>> = pieces.collect();
        let writer = std::thread::spawn(move || {
            pieces
                .iter()
                .for_each(|piece| server.write_all(piece).unwrap());
        });
        let mut client = StreamClient::new(there);
        let mut read = |method| client.response(method).unwrap();
        let first = read(Method::GET);
        assert_eq!(
            (first.text(), first.interim()),
            ("a", &[Status::CONTINUE][..])
        );
        assert_eq!(read(Method::HEAD).text(), "");
        assert_eq!(read(Method::GET).text(), "b");
        assert_eq!(read(Method::GET).text(), "c");
        let error = client.response(Method::GET).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
        writer.join().unwrap();
    }
    for (output, kind) in [
        (
            &b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na"[..],
            ErrorKind::UnexpectedEof,
        ),
        (b"HTTP/1.1 200 OK\n\n", ErrorKind::InvalidData),
        (b"", ErrorKind::UnexpectedEof),
    ] {
        let (mut server, there) = Pipe::pair();
        server.write_all(output).unwrap();
        drop(server);
        let error = StreamClient::new(there).response(Method::GET).unwrap_err();
        assert_eq!(error.kind(), kind, "{}", output.escape_ascii());
    }
    let (mut server, there) = Pipe::pair();
    server.write_all(&responses[..80]).unwrap();
    drop(server);
    let mut client = StreamClient::new(there);
    assert_eq!(client.response(Method::GET).unwrap().text(), "a");
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).unwrap();
    assert!(responses[..80].ends_with(&rest) && !rest.is_empty());
}

#[test]
fn a_client_over_a_stream_can_read_a_head_alone() {
    let response: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n\
        HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na";
    for size in 1..response.len() {
        let (mut server, there) = Pipe::pair();
        let writer = std::thread::spawn(move || {
            for piece in response.chunks(size) {
                server.write_all(piece).unwrap();
            }
        });
        let mut client = StreamClient::new(there);
        let head = client.response_head(Method::GET).unwrap();
        assert_eq!(head.interim(), [Status::CONTINUE]);
        assert_eq!(head.header("transfer-encoding"), Some("chunked"));
        assert!(response.starts_with(head.raw()) && head.body().is_empty());
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"1\r\na", "what is there of the content");
        writer.join().unwrap();
    }
    let (mut server, there) = Pipe::pair();
    server.write_all(&response[..30]).unwrap();
    drop(server);
    let error = StreamClient::new(there).response_head(Method::GET);
    assert_eq!(error.unwrap_err().kind(), ErrorKind::UnexpectedEof);
}

#[test]
fn a_pipe_behaves_like_a_socket() {
    use bytegate::blocking::BlockingStream;
    let (mut one, mut other) = Pipe::pair();
    other.set_timeout(Some(Duration::from_millis(1))).unwrap();
    assert_eq!(
        other.read(&mut [0]).unwrap_err().kind(),
        ErrorKind::TimedOut
    );
    one.write_all(b"ab").unwrap();
    one.end_output().unwrap();
    let mut text = String::new();
    other.read_to_string(&mut text).unwrap();
    assert_eq!(text, "ab");
    other.write_all(b"c").unwrap();
    drop(one);
    assert_eq!(other.write(b"d").unwrap_err().kind(), ErrorKind::BrokenPipe);
    let (mut one, other) = Pipe::pair();
    one.set_timeout(Some(Duration::from_millis(1))).unwrap();
    let full = one.write_all(&[0; 1_000_000]);
    assert_eq!(
        full.unwrap_err().kind(),
        ErrorKind::TimedOut,
        "nobody reads"
    );
    drop(other);
}

fn faulty_output(fault: Fault) -> Vec<u8> {
    let router = Router::new()
        .get("/stream", |_: &Request<'_>| {
            Response::text(Body::from_iterator(["one", "two"].into_iter()))
        })
        .fallback(|_: &Request<'_>| "hello\n");
    let gateway = Gateway::new(router);
    let path = match fault {
        Fault::BrokenChunk => "/stream",
        _ => "/",
    };
    let mut stream = Pipe::connect_faulty(&gateway, fault);
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut output = Vec::new();
    stream.read_to_end(&mut output).unwrap();
    output
}

#[test]
fn faults_break_the_rule_that_they_name() {
    let rule = |fault| {
        let output = faulty_output(fault);
        read_responses(&output, &[Method::GET]).unwrap_err().rule()
    };
    assert!(rule(Fault::CutAfter(10)).starts_with("a status line must end"));
    assert!(rule(Fault::CutAfter(60)).starts_with("a field line must end"));
    assert!(rule(Fault::ContentLength(7)).starts_with("the content must be as long"));
    assert!(rule(Fault::ContentLength(5)).starts_with("no bytes may follow"));
    assert!(rule(Fault::BrokenChunk).starts_with("the size of a chunk"));
    let garbage = Fault::Garbage {
        after: 17,
        bytes: b"\x00\r\n".to_vec(),
    };
    assert!(rule(garbage).starts_with("a field line must have a colon"));
    let drip = Fault::Drip {
        bytes: 7,
        pause: Duration::from_micros(10),
    };
    let output = faulty_output(drip);
    let responses = read_responses(&output, &[Method::GET]).unwrap();
    assert_eq!(responses[0].text(), "hello\n");
}

#[test]
fn a_stalled_server_keeps_the_connection_open() {
    use bytegate::blocking::BlockingStream;
    let gateway = Gateway::new(|_: &Request<'_>| "hello\n");
    let mut stream = Pipe::connect_faulty(&gateway, Fault::StallAfter(20));
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut start = [0; 20];
    stream.read_exact(&mut start).unwrap();
    stream.set_timeout(Some(Duration::from_millis(50))).unwrap();
    assert_eq!(
        stream.read(&mut [0]).unwrap_err().kind(),
        ErrorKind::TimedOut
    );
}

#[test]
fn a_response_without_chunks_is_sent_unchanged_and_the_connection_stays_open() {
    use bytegate::blocking::BlockingStream;
    let gateway = Gateway::new(|_: &Request<'_>| "no line end");
    let mut stream = Pipe::connect_faulty(&gateway, Fault::BrokenChunk);
    stream.set_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut output = Vec::new();
    for _ in 0..2 {
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            .unwrap();
        output.clear();
        while !output.ends_with(b"\r\n\r\nno line end") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("the whole answer");
            output.push(byte[0]);
        }
    }
}

#[test]
fn faults_also_work_over_tcp() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let served = Arc::new(AtomicUsize::new(0));
    let count = served.clone();
    let server = std::thread::spawn(move || {
        let gateway = Gateway::new(|_: &Request<'_>| "hello\n");
        let (stream, _) = listener.accept().unwrap();
        let faulty = Faulty::new(stream, Fault::CutAfter(30));
        let ended = gateway.serve_stream(faulty, ConnectionInfo::default());
        count.fetch_add(usize::from(ended.is_err()), Ordering::SeqCst);
    });
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    let mut output = Vec::new();
    stream.read_to_end(&mut output).unwrap();
    assert_eq!(output.len(), 30);
    drop(stream);
    server.join().unwrap();
    assert_eq!(served.load(Ordering::SeqCst), 1);
}

#[test]
fn an_exchange_is_shown_as_text() {
    let client = Client::new(|_: &Request<'_>| {
        Response::of_type("text/plain", "a\r\nb\tc\n\u{1b}end")
            .with_appended_header("Set-Cookie", "id=1")
            .with_appended_header("Set-Cookie", "theme=dark")
    });
    let response = client
        .post("/x")
        .header("X-Token", "123")
        .content_type("a/b")
        .body(vec![0xff])
        .send();
    let text = response
        .exchange()
        .mask("x-token")
        .mask("Set-Cookie")
        .to_string();
    let expected = r"> POST /x HTTP/1.1
> Host: localhost
> X-Token: (masked)
> Content-Type: a/b
> Content-Length: 1
>
> (1 bytes that are not text)
< HTTP/1.1 200 OK
< Content-Type: text/plain
< Set-Cookie: (masked)
< Set-Cookie: (masked)
< Content-Length: 11
<
< a\r\n
< b\tc\n
< \u{1b}end
";
    assert_eq!(text, expected);
}

#[test]
fn a_masked_text_appears_nowhere() {
    let client = Client::new(|_: &Request<'_>| {
        Response::text("id 83f1, 83f17, mask\n83f1").with_header("X-Id", "a 83f1 b")
    });
    let response = client.post("/83f1").content_type("a/b").body("83f1").send();
    let text = response
        .exchange()
        .mask_text("83f1")
        .mask_text("83f17")
        .mask_text("mask")
        .mask_text("")
        .mask("content-type")
        .to_string();
    let expected = r"> POST /(masked) HTTP/1.1
> Host: localhost
> Content-Type: (masked)
> Content-Length: 4
>
> (masked)
< HTTP/1.1 200 OK
< Content-Type: (masked)
< X-Id: a (masked) b
< Content-Length: 25
<
< id (masked), (masked), (masked)\n
< (masked)
";
    assert_eq!(text, expected);
}

/// Servers over real sockets.
#[cfg(feature = "server")]
mod server {
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
        let answers = |_| server.connect().get("/").is_ok();
        assert_eq!([1, 2, 3, 4].map(answers), [false, true, false, true]);
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
        let gateway =
            Gateway::new(application).on_error(|_: &ResponseError, _: &ConnectionInfo| {});
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
}
