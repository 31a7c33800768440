//! Applications that take their time.

use super::*;

#[test]
fn new_clients_are_served_while_one_thread_is_free() {
    let gate = Gate::new();
    let (enter, entered) = mpsc::channel();
    let held = gate.clone();
    let application = move |request: &Request<'_>| {
        if request.path() == "/held" {
            let _ = enter.send(());
            held.pass();
        }
        echo(request)
    };
    let server = Setup::new(application).threads(4).start();
    let mut held: Vec<Client> = Vec::new();
    let opens = Opens(gate);
    for _ in 0..3 {
        let client = server.connect();
        client.send(get("/held"));
        held.push(client);
        let is_in = entered.recv_timeout(millis(2000));
        assert_eq!(is_in, Ok(()), "{} threads held", held.len() - 1);
        assert_eq!(server.connect().get("/").status(), 200);
    }
    drop(opens);
    for client in &mut held {
        assert_eq!(client.response().body(), b"/held");
    }
}

/// Longer than every timeout of [`impatient`].
const WORK: Duration = millis(800);

fn impatient() -> Timeouts {
    let mut timeouts = Timeouts::default();
    (timeouts.head, timeouts.idle) = (millis(500), millis(500));
    for pace in [&mut timeouts.body, &mut timeouts.write] {
        (pace.grace, pace.gap) = (millis(500), millis(500));
    }
    timeouts
}

fn slow_echo_or_large(request: &Request<'_>) -> Response {
    if request.body().is_empty() {
        thread::sleep(WORK);
    }
    echo_or_large(request)
}

#[test]
fn time_spent_in_the_application_does_not_count_against_its_response() {
    let server = Setup::new(slow_echo_or_large).timeouts(impatient()).start();
    let mut client = server.connect();
    assert_eq!(client.get("/large").body().len(), LARGE_BYTES);
}

#[test]
fn time_spent_in_the_application_does_not_count_as_idle_time() {
    let server = Setup::new(slow_echo_or_large).timeouts(impatient()).start();
    let mut client = server.connect();
    assert_eq!(client.get("/").body(), b"/");
    client.send(post(b"hello"));
    assert_eq!(client.response().body(), b"hello");
}

#[test]
fn time_spent_in_the_application_does_not_count_against_the_next_head() {
    let server = Setup::new(slow_echo_or_large).timeouts(impatient()).start();
    let mut client = server.connect();
    let next = post(b"hello");
    client.send([GET, &next[..10]].concat());
    assert_eq!(client.response().status(), 200);
    client.send(&next[10..]);
    assert_eq!(client.response().body(), b"hello");
}

#[test]
fn time_spent_in_the_application_does_not_count_against_the_next_body() {
    let server = Setup::new(slow_echo_or_large).timeouts(impatient()).start();
    let mut client = server.connect();
    let next = post(b"hello");
    let cut = next.len() - 2;
    client.send([GET, &next[..cut]].concat());
    assert_eq!(client.response().status(), 200);
    client.send(&next[cut..]);
    assert_eq!(client.response().body(), b"hello");
}

#[test]
fn a_long_download_does_not_block_other_clients_of_its_thread() {
    let application = |request: &Request<'_>| match request.path() {
        "/endless" => {
            let block = Bytes::from(vec![b'x'; 65_536]);
            Response::text(Body::from_iterator(std::iter::repeat_with(move || {
                thread::sleep(Duration::from_micros(200));
                block.clone()
            })))
        }
        _ => echo(request),
    };
    let server = Setup::new(application).threads(1).start();
    let mut greedy = server.connect();
    let mut client = server.connect();
    assert_eq!(client.get("/").status(), 200);
    greedy.send(get("/endless"));
    let (begin, begun) = mpsc::channel();
    let reading = thread::spawn(move || {
        let mut part = vec![0; 1 << 20];
        let mut total = 0;
        // Limited, so that the test ends even if the server serves no other client.
        while total < 1 << 30 {
            match greedy.0.read(&mut part) {
                Ok(0) | Err(_) => break,
                Ok(count) => total += count,
            }
            if begin.send(()).is_err() {
                break;
            }
        }
        total
    });
    begun.recv_timeout(SOON).expect("the download begins");
    client.send(GET);
    let response = client.try_response();
    drop(begun);
    let read = reading.join().expect("the reader ends");
    assert_eq!(response.expect("an answer").status(), 200);
    assert!(
        read < 1 << 30,
        "the other client waited for the whole download"
    );
}

#[test]
fn a_long_upload_does_not_block_other_clients_of_its_thread() {
    struct Slow;
    impl Application for Slow {
        fn call(&self, request: &Request<'_>) -> Response {
            echo(request)
        }
        fn admit(&self, _: &Request<'_>) -> Admission {
            Admission::stream(Slow)
        }
    }
    impl Receiver for Slow {
        fn data(&mut self, _: &[u8]) -> Result<(), Response> {
            thread::sleep(Duration::from_micros(200));
            Ok(())
        }
        fn finish(self: Box<Self>, _: Headers<'_>) -> Response {
            Response::text("thanks")
        }
    }
    let server = Setup::new(Slow).threads(1).start();
    let greedy = server.connect();
    let mut client = server.connect();
    assert_eq!(client.get("/").status(), 200);
    greedy.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999999\r\n\r\n");
    let (begin, begun) = mpsc::channel();
    let sending = thread::spawn(move || {
        let part = vec![b'x'; 1 << 20];
        // Limited, so that the test ends even if the server serves no other client.
        (0..256).all(|_| {
            let written = greedy.socket().write_all(&part);
            written.is_ok() && begin.send(()).is_ok()
        })
    });
    begun.recv_timeout(SOON).expect("the upload begins");
    client.send(GET);
    let response = client.try_response();
    drop(begun);
    let whole = sending.join().expect("the sender ends");
    assert_eq!(response.expect("an answer").status(), 200);
    assert!(!whole, "the other client waited for the whole upload");
}
