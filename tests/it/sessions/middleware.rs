//! Requests and responses as middleware sees them.

use super::*;

/// Records each response, and marks it.
#[derive(Clone, Default)]
struct Watch {
    seen: Arc<Mutex<Vec<String>>>,
}

impl Middleware for Watch {
    fn before(&self, request: &mut RequestParts<'_>) -> Option<Response> {
        let line = format!("before {}", request.head.path());
        self.seen.lock().expect("notes").push(line);
        request
            .extensions
            .insert(Peer::named("from the middleware"));
        (request.head.path() == "/early").then(|| Response::text("early"))
    }

    fn after(&self, request: &RequestInfo<'_>, response: Response) -> Response {
        let line = String::from_utf8_lossy(request.line);
        let status = response.sent_status().code();
        let line = format!("after {line} {status}");
        self.seen.lock().expect("notes").push(line);
        response.with_header("X-Watched", "yes")
    }
}

#[test]
fn a_middleware_sees_every_response_whatever_its_source() {
    let promise = Promise::default();
    let slow = promise.clone();
    let upload = Upload::default();
    upload.ready.store(true, Ordering::SeqCst);
    struct NoUploads;
    impl Application for NoUploads {
        fn call(&self, _: &Request<'_>) -> Response {
            Response::text("no content")
        }

        fn admit(&self, _: &Request<'_>) -> Admission {
            Admission::refuse(Status::FORBIDDEN)
        }
    }
    let router = || {
        let slow = slow.clone();
        Router::new()
            .suffix("/call", |request: &Request<'_>| {
                let left = request.extensions().get::<Peer>();
                left.map(Peer::to_string).unwrap_or_default()
            })
            .suffix("/panic", |_: &Request<'_>| -> Response {
                std::panic::resume_unwind(Box::new("deliberate"))
            })
            .suffix("/later", move |_: &Request<'_>| {
                Response::from_future(slow.wait())
            })
            .suffix("/upload", upload.clone())
            .suffix("/refused", NoUploads)
    };
    let request = |method: &str, path: &str, body: &str| {
        let length = body.len();
        format!("{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{body}")
    };
    for (input, notes, body) in [
        (
            request("GET", "/call", ""),
            vec!["before /call", "after GET /call HTTP/1.1 200"],
            "from the middleware",
        ),
        (
            request("POST", "/call", "x"),
            vec!["before /call", "after POST /call HTTP/1.1 200"],
            "from the middleware",
        ),
        (
            request("GET", "/early", ""),
            vec!["before /early", "after GET /early HTTP/1.1 200"],
            "early",
        ),
        (
            request("POST", "/early", "x"),
            vec!["before /early", "after POST /early HTTP/1.1 200"],
            "early",
        ),
        (
            request("GET", "/nope", ""),
            vec!["before /nope", "after GET /nope HTTP/1.1 404"],
            "404 Not Found\n",
        ),
        (
            request("PUT", "/refused", "x"),
            vec!["before /refused", "after PUT /refused HTTP/1.1 403"],
            "403 Forbidden\n",
        ),
        (
            request("PUT", "/upload", "x"),
            vec!["before /upload", "after PUT /upload HTTP/1.1 200"],
            "thanks",
        ),
        (
            request("PUT", "/upload", "virus"),
            vec!["before /upload", "after PUT /upload HTTP/1.1 403"],
            "not that",
        ),
        (
            request("PUT", "/upload", "panic"),
            vec!["before /upload", "after PUT /upload HTTP/1.1 500"],
            "500 Internal Server Error\n",
        ),
        (
            request("GET", "/panic", ""),
            vec!["before /panic", "after GET /panic HTTP/1.1 500"],
            "500 Internal Server Error\n",
        ),
        (
            request("GET", "/later", ""),
            vec!["before /later", "after GET /later HTTP/1.1 200"],
            "later",
        ),
        (
            request("TRACE", "/", ""),
            vec!["before /", "after TRACE / HTTP/1.1 501"],
            "501 Not Implemented\n",
        ),
        ("nonsense\r\n".to_string(), vec!["after nonsense 400"], ""),
    ] {
        let watch = Watch::default();
        let mut wire = Wire::of(Gateway::new(router()).with(watch.clone()));
        wire.send(&input);
        promise.keep("later");
        wire.turn();
        promise.response.lock().expect("an answer").0 = None;
        assert_eq!(*watch.seen.lock().expect("notes"), notes, "{input}");
        let response = &wire.responses(1)[0];
        if response.status().code() != 500 {
            assert_eq!(response.header("x-watched"), Some("yes"), "{input}");
        }
        if response.status().code() != 400 {
            let shown = String::from_utf8_lossy(response.body());
            assert_eq!(shown, body, "{input}");
        }
    }
}

#[test]
fn middlewares_nest_and_may_change_the_body() {
    struct Shout;
    impl Middleware for Shout {
        fn after(&self, _: &RequestInfo<'_>, mut response: Response) -> Response {
            response.map_body(|body| body.map_blocks(|block| block.to_ascii_uppercase().into()));
            response.remove_header("Content-Type");
            response
        }
    }
    let headers = SetHeaders::new()
        .header("Server", "test")
        .header("Content-Type", "x/y");
    let gateway = Gateway::new(|_: &Request<'_>| "hello")
        .with(Shout)
        .with(headers);
    let output = gateway.handle(GET);
    let answer = support::read_one(&output);
    assert_eq!(answer.body(), b"HELLO");
    assert_eq!(answer.header("content-type"), Some("x/y"));
    assert_eq!(answer.header("server"), Some("test"));
}

#[test]
fn mapping_the_blocks_keeps_the_kind_of_body_and_its_end() {
    fn sent(body: &mut Body) -> Vec<Poll<Option<Result<Bytes, BodyError>>>> {
        let mut context = Context::from_waker(Waker::noop());
        let mut polls = Vec::new();
        loop {
            polls.push(body.poll_block(&mut context));
            if !matches!(polls.last(), Some(Poll::Ready(Some(Ok(_))))) {
                return polls;
            }
        }
    }
    let block = |text: &'static str| Poll::Ready(Some(Ok(Bytes::from(text))));
    let end = Poll::Ready(None);
    let shout = |body: Body| body.map_blocks(|block| block.to_ascii_uppercase().into());

    assert_eq!(sent(&mut shout(Body::empty())), vec![Poll::Ready(None)]);
    assert_eq!(
        sent(&mut shout(Body::from("abc"))),
        [block("ABC"), end.clone()]
    );
    let ready = Body::try_from_iterator(Some(9), [Ok("a".into()), Err(BodyError)].into_iter());
    let mut ready = shout(ready);
    assert_eq!(ready.length(), None, "a change may change the length");
    let broken = Poll::Ready(Some(Err(BodyError)));
    assert_eq!(sent(&mut ready), [block("A"), broken.clone()]);

    let (sender, body) = Body::channel(4);
    let mut body = shout(body);
    assert_eq!(sent(&mut body), [Poll::Pending]);
    sender.send("one").expect("somebody reads");
    assert_eq!(sent(&mut body), [block("ONE"), Poll::Pending]);
    sender.send("two").expect("somebody reads");
    sender.finish();
    assert_eq!(sent(&mut body), [block("TWO"), end]);

    let (sender, body) = Body::channel(4);
    let mut body = shout(body);
    drop(sender);
    assert_eq!(sent(&mut body), [broken]);
}

#[test]
fn a_panic_in_a_middleware_is_a_500() {
    struct Panics;
    impl Middleware for Panics {
        fn after(&self, _: &RequestInfo<'_>, _: Response) -> Response {
            std::panic::resume_unwind(Box::new("deliberate"))
        }
    }
    let mut wire = Wire::of(Gateway::new(|_: &Request<'_>| "hello").with(Panics));
    assert_eq!(wire.send(GET), Wait::Close(CloseReason::Persistence));
    assert_eq!(wire.responses(1)[0].status(), 500);
}

#[test]
fn without_the_guard_a_panic_reaches_the_caller() {
    let gateway = Gateway::new(|_: &Request<'_>| -> Response {
        std::panic::resume_unwind(Box::new("deliberate"))
    });
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| gateway.handle(GET)));
    assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"deliberate"));
}

#[test]
fn errors_also_reach_the_hook_of_the_gateway() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let notes = told.clone();
    let gateway = Gateway::new(|_: &Request<'_>| Response::new(Status::CONTINUE)).on_error(
        move |error: &ResponseError, _| {
            notes.lock().expect("notes").push(error.to_string());
        },
    );
    drop(gateway.handle(GET));
    assert_eq!(
        *told.lock().expect("notes"),
        ["100 Continue is not a final status"]
    );
}
