//! Connections, pipes and clients over streams.

use super::*;

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

#[test]
fn a_signal_does_not_end_the_wait_for_a_response() {
    /// Its first read is interrupted.
    struct Interrupted(Option<&'static [u8]>, bool);

    impl Read for Interrupted {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            if std::mem::take(&mut self.1) {
                return Err(ErrorKind::Interrupted.into());
            }
            self.0.take().unwrap_or_default().read(buffer)
        }
    }

    impl Write for Interrupted {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    let response = b"HTTP/1.1 204 No Content\r\n\r\n";
    let mut client = StreamClient::new(Interrupted(Some(response), true));
    assert_eq!(client.response(Method::GET).unwrap().status(), 204);
}
