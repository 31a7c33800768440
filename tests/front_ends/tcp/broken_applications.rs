//! Applications that panic or break the rules.

use super::*;

#[test]
fn a_hundred_panics_among_a_thousand_requests_do_not_affect_others() {
    panics_are_silent();
    let server = Server::start(|request: &Request<'_>| match request.path() {
        "/panic" => deliberate(),
        _ => echo(request),
    });
    let address = server.address;
    thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(move || {
                let mut steady = Client::of(address);
                for _ in 0..10 {
                    let mut client = Client::of(address);
                    for _ in 0..4 {
                        assert_eq!(client.get("/fine").body(), b"/fine");
                    }
                    client.send(get("/panic"));
                    let responses = client.last_two_responses(1);
                    assert_eq!(responses[0].status(), 500);
                    assert!(responses[0].closes());
                    for _ in 0..5 {
                        assert_eq!(steady.get("/fine").body(), b"/fine");
                    }
                }
            });
        }
    });
    let errors = server.errors();
    assert_eq!(errors.len(), 100);
    assert!(errors.iter().all(|line| line.contains("deliberate")));
    assert!(errors.iter().all(|line| !line.contains('\n')));
    assert_eq!(server.accesses().lines().count(), 1000);
}

/// A stream of three blocks and then a panic.
fn panicking_stream() -> Response {
    Response::text(Body::from_iterator((0..).map(|number| match number {
        0..3 => vec![b'x'; 100_000],
        _ => panic!("deliberate"),
    })))
}

#[test]
fn a_panic_in_a_stream_closes_only_that_connection() {
    panics_are_silent();
    let server = Server::start(|request: &Request<'_>| match request.path() {
        "/panic" => panicking_stream(),
        _ => echo(request),
    });
    let mut other = server.connect();
    for _ in 0..10 {
        let client = server.connect();
        client.send(get("/panic"));
        let (bytes, _) = client.rest_and_end();
        assert!(bytes.starts_with(b"HTTP/1.1 200 OK\r\n"));
        assert!(!bytes.ends_with(b"0\r\n\r\n"));
        assert_eq!(other.get("/").status(), 200);
    }
    let errors = server.errors();
    let panics = errors.iter().filter(|line| line.contains("deliberate"));
    assert_eq!(panics.count(), 10);
}

#[test]
fn a_panic_in_a_stream_does_not_lose_earlier_responses() {
    panics_are_silent();
    let server = Server::start(|request: &Request<'_>| match request.path() {
        "/panic" => Response::text(Body::from_iterator((0..).map(|_: i32| -> Vec<u8> {
            panic!("deliberate");
        }))),
        _ => echo(request),
    });
    let mut client = server.connect();
    client.send([get("/a"), get("/b"), get("/panic")].concat());
    assert_eq!(client.response().body(), b"/a");
    assert_eq!(client.response().body(), b"/b");
}

#[test]
fn a_panic_in_a_stream_does_not_lose_log_lines() {
    panics_are_silent();
    let mut server = Server::start(|request: &Request<'_>| match request.path() {
        "/panic" => Response::text(Body::from_iterator((0..).map(|_: i32| -> Vec<u8> {
            panic!("deliberate");
        }))),
        _ => echo(request),
    });
    let client = server.connect();
    client.send([get("/a"), get("/panic")].concat());
    drop(client.rest());
    server.stop();
    let log = server.accesses();
    assert!(log.contains("\"GET /a HTTP/1.1\" 200 2\n"), "{log:?}");
    assert!(log.contains("\"GET /panic HTTP/1.1\" 200 -\n"), "{log:?}");
}

#[test]
fn a_panic_in_a_destructor_does_not_affect_others() {
    panics_are_silent();
    struct Bomb;
    impl Iterator for Bomb {
        type Item = Vec<u8>;
        fn next(&mut self) -> Option<Vec<u8>> {
            None
        }
    }
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("deliberate");
        }
    }
    let server = Setup::new(|request: &Request<'_>| match request.path() {
        "/panic" => Response::text(Body::from_iterator(Bomb)),
        _ => echo(request),
    });
    let server = server.threads(1).start();
    let mut other = server.connect();
    assert_eq!(other.get("/").status(), 200);
    for method in ["GET", "HEAD"] {
        let client = server.connect();
        client.send(format!("{method} /panic HTTP/1.1\r\nHost: x\r\n\r\n"));
        // The connection may have been reset already.
        let _ = client.socket().shutdown(Shutdown::Write);
        drop(client.rest());
        other.send(GET);
        assert_eq!(
            other
                .try_response()
                .map(|response| response.status().code())
                .ok(),
            Some(200),
            "{method}"
        );
    }
}

#[test]
fn a_panic_in_a_receiver_is_a_500() {
    panics_are_silent();
    #[derive(Clone, Copy)]
    enum Panics {
        Admit,
        Data,
        Finish,
    }
    struct Uploads;
    impl Application for Uploads {
        fn call(&self, request: &Request<'_>) -> Response {
            echo(request)
        }
        fn admit(&self, request: &Request<'_>) -> Admission {
            let panics = match request.path() {
                "/admit" => Panics::Admit,
                "/data" => Panics::Data,
                _ => Panics::Finish,
            };
            if let Panics::Admit = panics {
                drop(deliberate());
            }
            Admission::stream(panics)
        }
    }
    impl Receiver for Panics {
        fn data(&mut self, _: &[u8]) -> Result<(), Response> {
            if let Panics::Data = self {
                drop(deliberate());
            }
            Ok(())
        }
        fn finish(self: Box<Self>, _: Headers<'_>) -> Response {
            deliberate()
        }
    }
    let server = Server::start(Uploads);
    let mut other = server.connect();
    for path in ["/admit", "/data", "/finish"] {
        let mut client = server.connect();
        client.send(format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
        ));
        assert_eq!(client.response().status(), 500, "{path}");
        assert_eq!(other.get("/").status(), 200);
    }
    let errors = server.errors();
    assert_eq!(errors.len(), 3);
    assert!(errors.iter().all(|line| line.contains("deliberate")));
}

#[test]
fn an_invalid_response_is_replaced_and_reported() {
    let server = Server::start(|_: &Request<'_>| {
        Response::text("hello").with_header("X-Bad", "a\r\nSet-Cookie: b")
    });
    let mut client = server.connect();
    let response = client.get("/");
    assert_eq!(response.status(), 500);
    assert_eq!(response.header("set-cookie"), None);
    assert_eq!(server.errors().len(), 1);
    assert!(server.errors()[0].contains("X-Bad"));
    // The connection stays usable.
    assert_eq!(client.get("/").status(), 500);
}

fn broken_stream(length: Option<u64>) -> Response {
    let blocks = [Ok(Bytes::from_static(b"block")), Err(BodyError)];
    Response::text(Body::try_from_iterator(length, blocks.into_iter()))
}

#[test]
fn a_stream_that_breaks_off_ends_after_its_last_block() {
    let server = Server::start(|_: &Request<'_>| broken_stream(None));
    let client = server.connect();
    client.send(GET);
    let (bytes, _) = client.rest_and_end();
    assert!(bytes.ends_with(b"\r\n\r\n5\r\nblock\r\n"));
}

#[test]
fn a_stream_that_breaks_off_looks_incomplete_to_an_http_1_0_client() {
    let server = Server::start(|_: &Request<'_>| broken_stream(None));
    let client = server.connect();
    client.send("GET / HTTP/1.0\r\n\r\n");
    // Only the close marks the end of the body here, so it must not be a clean one.
    let end = client.rest();
    assert!(
        end.is_err(),
        "{:?} ended cleanly",
        end.map(|bytes| bytes.len())
    );
}

#[test]
fn a_stream_that_is_not_as_long_as_declared_is_reported() {
    let mut server = Server::start(|_: &Request<'_>| {
        let blocks = [Ok(Bytes::from_static(b"block"))];
        Response::text(Body::try_from_iterator(Some(3), blocks.into_iter()))
    });
    let client = server.connect();
    client.send(GET);
    drop(client.rest());
    server.stop();
    assert_eq!(server.errors().len(), 1);
}
