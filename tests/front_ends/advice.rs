//! What the TCP front end tells developers about single requests.

use bytegate::net::{self, Options};
use bytegate::testing::StreamClient;
use bytegate::{Gateway, Method, OwnedRequest, Request, Router, with_body_limit};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::Duration;

/// Sends requests one after the other, and returns what the server logs meanwhile.
fn log(gateway: Gateway, requests: &[&str]) -> Vec<String> {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let log = lines.clone();
    let options = Options::default().log_to(move |line| log.lock().unwrap().push(line.into()));
    let server = net::start("127.0.0.1:0", gateway, options).unwrap();
    let mut client = StreamClient::new(TcpStream::connect(server.address()).unwrap());
    for request in requests {
        client.send(request).unwrap();
        client.response(Method::GET).unwrap();
    }
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
    let too_large = "the content is larger than the 2 bytes allowed here";
    let response = gateway.handle(post("/b", 3).as_bytes());
    assert!(String::from_utf8_lossy(&response).contains(too_large));
    // Each of them closes its connection.
    let advice = "raise the limit with with_body_limit or Limits::body_bytes";
    for (target, length, limit) in [("/?a", 5, 4), ("/b", 3, 2)] {
        let line = target.trim_end_matches("?a");
        let expected = format!("POST {line} has a body of more than {limit} bytes: {advice}");
        assert_eq!(log(gateway.clone(), &[&post(target, length)]), [expected]);
    }
}
