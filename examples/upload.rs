//! An upload that is received part by part, with its progress over server-sent events. Memory use does not depend on its size.
//!
//! `cargo run --features net --example upload`, then `curl -N http://127.0.0.1:7890/progress` in one window and
//! `curl -T FILE http://127.0.0.1:7890/checksum` in another.

use bytegate::application::receive_upload;
use bytegate::events::Broadcast;
use bytegate::headers::Headers;
use bytegate::middleware::CrossOriginProtection;
use bytegate::upload::{AbortReason, Receiver};
use bytegate::{Gateway, Request, Response, Router, net};
use std::time::Duration;

/// Counts the bytes of an upload and computes their checksum (FNV-1a).
struct Upload {
    bytes: u64,
    checksum: u64,
    progress: Broadcast,
}

impl Receiver for Upload {
    fn data(&mut self, part: &[u8]) -> Result<(), Response> {
        let add = |sum: u64, byte: &u8| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        self.checksum = part.iter().fold(self.checksum, add);
        let before = self.bytes >> 20;
        self.bytes += part.len() as u64;
        if self.bytes >> 20 > before {
            self.progress.send(format!("{} MiB", self.bytes >> 20));
        }
        Ok(())
    }

    fn finish(self: Box<Self>, _: Headers<'_>) -> Response {
        self.progress.send("done");
        Response::text(format!("{} bytes, {:016x}\n", self.bytes, self.checksum))
    }

    fn abort(self: Box<Self>, reason: AbortReason) {
        self.progress.send(format!("aborted: {reason}"));
    }
}

/// The application.
pub(crate) fn app() -> Gateway {
    let progress = Broadcast::new(100);
    let told = progress.clone();
    let upload = move |_: &Request| Upload {
        bytes: 0,
        checksum: 0xcbf2_9ce4_8422_2325,
        progress: told.clone(),
    };
    let router = Router::new()
        .put("/checksum", receive_upload(upload))
        .get("/progress", move |_: &Request| {
            progress.subscribe().keep_alive(Duration::from_secs(15))
        });
    Gateway::new(router).with(CrossOriginProtection::new())
}

fn main() -> std::io::Result<()> {
    net::run("127.0.0.1:7890", app())
}
