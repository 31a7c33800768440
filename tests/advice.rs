//! What the TCP front end tells developers about single requests.
#![cfg(feature = "server")]

use bytegate::net::{self, Options};
use bytegate::testing::StreamClient;
use bytegate::{Gateway, Method, OwnedRequest, Request, Router};
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
