//! The advice of the TCP front end to developers about single requests.

use bytegate::headers::Headers;
use bytegate::net::{self, Options};
use bytegate::testing::StreamClient;
use bytegate::upload::{Admission, Receiver};
use bytegate::{
    Application, Body, Gateway, Method, OwnedRequest, Request, Response, Router, with_body_limit,
};
use std::future::poll_fn;
use std::io::Read;
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::thread::sleep;
use std::time::Duration;

/// Sends requests one after the other, and returns the log of the server.
fn log(gateway: Gateway, requests: &[&str]) -> Vec<String> {
    log_of(gateway, |client| {
        for request in requests {
            client.send(request).unwrap();
            client.response(Method::GET).unwrap();
        }
    })
}

/// Returns the log of a server while a client talks to it.
fn log_of(gateway: Gateway, talk: impl FnOnce(&mut StreamClient<TcpStream>)) -> Vec<String> {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let log = lines.clone();
    let options = Options::default().log_to(move |line| log.lock().unwrap().push(line.into()));
    let server = net::start("127.0.0.1:0", gateway, options).unwrap();
    let mut client = StreamClient::new(TcpStream::connect(server.address()).unwrap());
    talk(&mut client);
    server.stop().unwrap();
    let lines = lines.lock().unwrap();
    lines.clone()
}

#[test]
fn a_handler_that_holds_a_serving_thread_is_named_once_for_each_path() {
    fn report(_: &Request<'_>) -> &'static str {
        sleep(Duration::from_millis(1050));
        "done\n"
    }

    let router = Router::new()
        .get("/", |_: &Request<'_>| "at once\n")
        .get("/report", report)
        .get("/later", async |request: OwnedRequest| {
            report(&request.view())
        })
        .get("/wrapped", net::blocking(report));
    let get = |target| format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n");
    let targets = ["/", "/report?month=5", "/wrapped", "/report", "/", "/later"].map(get);
    let lines = log(
        Gateway::new(router),
        &targets.each_ref().map(|target| &target[..]),
    );
    assert_eq!(lines.len(), 2, "{lines:?}");
    for (line, path) in lines.iter().zip(["/report", "/later"]) {
        let start = format!("GET {path} held a serving thread for 1.");
        assert!(line.starts_with(&start), "{line}");
        assert!(line.ends_with(" s: wrap it in net::blocking"), "{line}");
    }
}

/// Waits for nothing, but leaves the thread to others once.
async fn pause() {
    let mut is_first = true;
    poll_fn(|context| {
        if std::mem::take(&mut is_first) {
            context.waker().wake_by_ref();
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    })
    .await;
}

fn hold() {
    sleep(Duration::from_millis(1050));
}

#[test]
fn a_handler_that_holds_a_serving_thread_between_awaits_is_named() {
    let router = Router::new()
        .get("/before", async |_: OwnedRequest| {
            hold();
            pause().await;
            "done\n"
        })
        .get("/between", async |_: OwnedRequest| {
            pause().await;
            hold();
            pause().await;
            "done\n"
        })
        .get("/after", async |_: OwnedRequest| {
            pause().await;
            hold();
            "done\n"
        })
        .get("/body", |_: &Request<'_>| {
            let blocks = (0..3).inspect(|_| hold()).map(|_| "block\n");
            Response::text(Body::from_iterator(blocks))
        })
        .get("/quick", async |_: OwnedRequest| {
            pause().await;
            "done\n"
        });
    let get = |target| format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n");
    let targets = ["/quick", "/before", "/between", "/after", "/after", "/body"].map(get);
    let lines = log(
        Gateway::new(router),
        &targets.each_ref().map(|target| &target[..]),
    );
    assert_eq!(lines.len(), 4, "{lines:?}");
    for (line, path) in lines.iter().zip(["/before", "/between", "/after"]) {
        let start = format!("GET {path} held a serving thread for 1.");
        assert!(line.starts_with(&start), "{line}");
        assert!(line.ends_with(" s: wrap it in net::blocking"), "{line}");
    }
    let line = &lines[3];
    let start = "GET /body has a body that held a serving thread for 1.";
    assert!(line.starts_with(start), "{line}");
}

#[test]
fn a_receiver_that_holds_a_serving_thread_is_named() {
    struct Slow;

    impl Receiver for Slow {
        fn data(&mut self, _: &[u8]) -> Result<(), Response> {
            hold();
            Ok(())
        }

        fn finish(self: Box<Self>, _: Headers<'_>) -> Response {
            "done\n".into()
        }
    }

    struct Upload;

    impl Application for Upload {
        fn call(&self, _: &Request<'_>) -> Response {
            "no body\n".into()
        }

        fn admit(&self, _: &Request<'_>) -> Admission {
            Admission::stream(Slow)
        }
    }

    let head = "PUT /film HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n";
    let lines = log_of(Gateway::new(Upload), |client| {
        client.send(head).unwrap();
        let mut interim = [0; b"HTTP/1.1 100 Continue\r\n\r\n".len()];
        client.read_exact(&mut interim).unwrap();
        client.send("x").unwrap();
        assert_eq!(client.response(Method::PUT).unwrap().text(), "done\n");
    });
    let start = "PUT /film has a receiver that held a serving thread for 1.";
    assert!(lines.len() == 1 && lines[0].starts_with(start), "{lines:?}");
}

#[test]
fn a_body_that_is_too_large_is_named_with_its_limit() {
    let count = |request: &Request<'_>| format!("{}\n", request.body().len());
    let router = Router::new()
        .post("/", count)
        .post("/b", with_body_limit(2, count));
    let gateway = Gateway::new(router).configure(|config| config.limits.body_bytes = 4);
    let post = |target, length| {
        format!("POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n")
    };
    let too_large = "the body is larger than the 2 bytes allowed here";
    let response = gateway.handle(post("/b", 3).as_bytes());
    assert!(String::from_utf8_lossy(&response).contains(too_large));
    // Each of them closes its connection.
    let advice = "raise the limit with --max-body, with_body_limit or Limits::body_bytes";
    for (target, length, limit) in [("/?a", 5, 4), ("/b", 3, 2)] {
        let line = target.trim_end_matches("?a");
        let expected = format!("POST {line} has a body of more than {limit} bytes: {advice}");
        assert_eq!(log(gateway.clone(), &[&post(target, length)]), [expected]);
    }
}
