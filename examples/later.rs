//! Deferred and streamed responses: a future, and a page that another thread writes line by line.
//!
//! `cargo run --features net --example later`, then `curl -N http://127.0.0.1:7892/lines`

use bytegate::{Body, OwnedRequest, Rejection, Request, Response, Router, net};
use std::{io, thread, time::Duration};

/// Sleeps without delaying other clients.
async fn slow(request: OwnedRequest) -> Result<String, Rejection> {
    let seconds: u8 = request.parse_param("seconds")?;
    smol::Timer::after(Duration::from_secs(seconds.into())).await;
    Ok(format!("{seconds} seconds later\n"))
}

/// Streams lines from another thread.
fn lines() -> Response {
    let (sender, body) = Body::channel(4);
    thread::spawn(move || {
        for number in 1..=5 {
            // The client may have disconnected.
            if sender.send(format!("line {number}\n")).is_err() {
                return;
            }
            thread::sleep(Duration::from_millis(500));
        }
        sender.finish();
    });
    Response::text(body)
}

pub(crate) fn app() -> Router {
    Router::new()
        .get("/slow/{seconds}", slow)
        .get("/lines", |_: &Request| lines())
}

fn main() -> io::Result<()> {
    println!("http://127.0.0.1:7892/slow/2 and http://127.0.0.1:7892/lines (Ctrl-C stops it)");
    net::run("127.0.0.1:7892", app())
}
