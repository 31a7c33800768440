//! Requests that wait for a worker, and clients for which no worker waits.

use super::*;

#[test]
fn a_full_queue_is_a_503_with_retry_after() {
    let Some(_turn) = turn() else {
        return;
    };
    let folder = Folder::new(&[]);
    let [begun, over] = ["begun", "over"].map(|name| folder.0.join(name));
    let (options, _) = python("processes");
    let workers = start(options.waiting(1).env("BEGUN", &begun));
    let usage = || {
        let usage = workers.usage();
        (usage.running, usage.waiting, usage.started)
    };
    assert_eq!(usage(), (0, 0, 1));
    let client = Client::new(workers.clone());
    let mut first = client.connect();
    first.request(&client.get(&format!("/wait?{}", over.display())));
    assert_eq!(usage(), (1, 0, 1));
    let mut second = client.connect();
    second.request(&client.get("/pid"));
    assert_eq!(usage(), (1, 1, 1));
    let response = client.get("/pid").send();
    assert_eq!(response.status(), Status::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers().get("Retry-After"), Some("1"));
    fs::write(over, "").unwrap();
    wait_until("both are answered", || {
        first.poll();
        second.poll();
        !first.is_pending() && !second.is_pending()
    });
    assert_eq!(
        (first.response().text(), second.response().status().code()),
        ("waited", 200)
    );
    wait_until("the worker has closed its response", || {
        usage() == (0, 0, 1)
    });
}

#[test]
fn a_client_that_leaves_the_queue_leaves_no_trace() {
    let Some(_turn) = turn() else {
        return;
    };
    let folder = Folder::new(&[]);
    let [begun, over] = ["begun", "over"].map(|name| folder.0.join(name));
    let (options, _) = python("processes");
    let workers = start(options.env("BEGUN", &begun));
    let client = Client::new(workers.clone());
    let target = format!("/wait?{}", over.display());
    let mut first = client.connect();
    first.request(&client.get(&target));
    wait_until("the first request runs", || begun.exists());
    for _ in 0..5 {
        let mut gone = client.connect();
        gone.request(&client.get(&target));
    }
    // It has been sent: its worker ends it without a client.
    drop(first);
    fs::write(over, "").unwrap();
    assert_eq!(client.get("/pid").status(), 200);
    assert_eq!(fs::read_to_string(begun).unwrap(), "begun\n");
    wait_until("nothing runs", || workers.usage().running == 0);
    assert_eq!(workers.usage().waiting, 0);
}

#[test]
fn a_slow_upload_holds_no_worker() {
    let Some(_turn) = turn() else {
        return;
    };
    let (options, _) = python("processes");
    let client = Client::new(start(options));
    let body = vec![b'x'; 5 << 20];
    let upload = client.post("/digest").body(body.clone());
    let bytes = upload.to_bytes();
    let mut wire = client.connect();
    let (first, last) = bytes.split_at(bytes.len() - 1);
    wire.send(first);
    assert_eq!(client.get("/pid").status(), 200);
    wire.send(last);
    wait_until("the upload is answered", || {
        wire.poll();
        !wire.is_pending()
    });
    let text = wire.response().text().to_string();
    assert!(text.starts_with("5242880 "), "{text}");
    // In memory and in a file, the content is the same.
    for size in [1, 1000, 16 * 1024, 16 * 1024 + 1, 100_000] {
        let text = client.post("/digest").body(vec![7; size]).text();
        assert!(text.starts_with(&format!("{size} ")), "{text}");
    }
}

#[test]
fn a_slow_reader_holds_no_worker() {
    let Some(_turn) = turn() else {
        return;
    };
    let (options, _) = python("processes");
    let server = Server::start(start(options));
    let mut readers = Vec::new();
    for _ in 0..10 {
        let mut reader = TcpStream::connect(server.address()).unwrap();
        reader
            .write_all(b"GET /big?900000 HTTP/1.1\r\nHost: x\r\n\r\n")
            .unwrap();
        readers.push(reader);
    }
    let mut other = TcpStream::connect(server.address()).unwrap();
    other.set_read_timeout(Some(20 * SECOND)).unwrap();
    other
        .write_all(b"GET /pid HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut text = String::new();
    other.read_to_string(&mut text).unwrap();
    assert!(text.starts_with("HTTP/1.1 200 "), "{text}");
}
