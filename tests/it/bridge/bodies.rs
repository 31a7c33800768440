//! Bodies that an axum router takes as it likes.

use super::*;
use axum::extract::DefaultBodyLimit;
use http_body::Body as _;
use std::future::poll_fn;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

const MIB: usize = 1024 * 1024;

/// The lengths of the blocks that a handler has taken, and whether it takes more.
#[derive(Default)]
struct Intake {
    blocks: Mutex<Vec<usize>>,
    is_open: AtomicBool,
}

impl Intake {
    fn blocks(&self) -> Vec<usize> {
        self.blocks.lock().unwrap().clone()
    }
}

async fn count(body: Bytes) -> String {
    format!("{} bytes\n", body.len())
}

async fn stream(State(intake): State<Arc<Intake>>, body: axum::body::Body) -> String {
    let mut body = pin!(body);
    loop {
        let opened = |_: &mut Context<'_>| {
            if intake.is_open.load(Ordering::SeqCst) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        };
        poll_fn(opened).await;
        match poll_fn(|context| body.as_mut().poll_frame(context)).await {
            Some(Ok(frame)) => {
                let length = frame.into_data().map_or(0, |data| data.len());
                intake.blocks.lock().unwrap().push(length);
            }
            Some(Err(error)) => return error.to_string(),
            None => return "all taken\n".to_string(),
        }
    }
}

fn streaming() -> (Arc<Intake>, Client) {
    let intake = Arc::new(Intake::default());
    let app = axum::Router::new()
        .route("/stream", post(stream))
        .with_state(intake.clone());
    (intake, Client::new(tower(app)))
}

#[test]
fn the_limit_of_axum_applies_and_no_other() {
    let app = axum::Router::new().route("/", post(count));
    let raised = app.clone().layer(DefaultBodyLimit::max(16 * MIB));
    for (app, limit) in [(app, 2 * MIB), (raised, 16 * MIB)] {
        let client = Client::new(tower(app));
        let response = client.post("/").body(vec![0; limit]).send();
        assert_eq!(response.text(), format!("{limit} bytes\n"));
        let response = client.post("/").body(vec![0; limit + 1]).send();
        assert_eq!(response.status(), Status::CONTENT_TOO_LARGE);
        assert!(
            response.text().contains("length limit exceeded"),
            "axum says so"
        );
    }
}

#[test]
fn a_body_arrives_block_by_block() {
    let (intake, client) = streaming();
    intake.is_open.store(true, Ordering::SeqCst);
    for (framing, blocks) in [
        ("Content-Length: 6", ["abc", "def"]),
        (
            "Transfer-Encoding: chunked",
            ["3\r\nabc\r\n", "3\r\ndef\r\n0\r\n\r\n"],
        ),
    ] {
        intake.blocks.lock().unwrap().clear();
        let mut wire = client.connect();
        wire.send(format!(
            "POST /stream HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n"
        ));
        wire.send(blocks[0]);
        assert_eq!(intake.blocks(), [3]);
        wire.send(blocks[1]);
        assert_eq!(wire.response().text(), "all taken\n");
        assert_eq!(intake.blocks(), [3, 3]);
    }
}

#[test]
fn nothing_is_read_until_the_service_takes_the_last_block() {
    let (intake, client) = streaming();
    let mut wire = client.connect();
    wire.send("POST /stream HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc");
    wire.send("def");
    assert!(wire.is_pending());
    assert!(intake.blocks().is_empty());
    intake.is_open.store(true, Ordering::SeqCst);
    wire.poll();
    assert_eq!(wire.response().text(), "all taken\n");
    assert_eq!(intake.blocks(), [3, 3]);
}

#[test]
fn a_service_that_needs_no_body_responds_before_it_is_sent() {
    let (_, client) = streaming();
    let head = "POST /none HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n";
    let mut wire = client.connect();
    wire.send(format!("{head}Expect: 100-continue\r\n\r\n"));
    assert_eq!(wire.response().status(), Status::NOT_FOUND);
    assert!(wire.closed().is_some());

    // Without an expectation, a short body is read, and the connection stays open.
    let mut wire = client.connect();
    wire.send(format!("{head}\r\nabcdef"));
    assert_eq!(wire.response().status(), Status::NOT_FOUND);
    assert_eq!(wire.closed(), None);
    let mut wire = client.connect();
    wire.send(format!(
        "POST /none HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n",
        9 * MIB
    ));
    (0..2 * MIB / 1024).for_each(|_| wire.send([0; 1024]));
    assert_eq!(wire.response().status(), Status::NOT_FOUND);
    assert!(wire.closed().is_some());
}
