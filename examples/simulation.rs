//! A thousand clients on a virtual clock, with faults, in a fraction of a second. Every run gives the same result.
//!
//! `cargo run --release --example simulation`

use bytegate::connection::CloseReason;
use bytegate::testing::{Client, Wire};
use bytegate::{Request, Router};
use std::collections::BTreeMap;
use std::time::Duration;

/// A generator of pseudorandom numbers, so that each run makes the same choices.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) as usize % sides
    }
}

/// Runs the clients for a number of virtual seconds. Returns the number of responses, and the number of closed connections for
/// each reason.
pub(crate) fn simulate(clients: usize, seconds: usize) -> (usize, BTreeMap<String, usize>) {
    const REQUEST: &[u8] = b"POST /add HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n1234";
    let app = Router::new().post("/add", |request: &Request| request.body().to_vec());
    let client = Client::new(app);
    let mut dice = Dice(1);
    let mut wires: Vec<(Wire<'_>, usize)> = (0..clients).map(|_| (client.connect(), 0)).collect();
    let (mut responses, mut reasons) = (0, BTreeMap::new());
    for _ in 0..seconds {
        client.advance(Duration::from_secs(1));
        for (wire, sent) in &mut wires {
            match dice.roll(100) {
                // Most of the time, the client sends a part of a request.
                0..60 => {
                    let end = (*sent + 1 + dice.roll(40)).min(REQUEST.len());
                    wire.send(&REQUEST[*sent..end]);
                    *sent = end % REQUEST.len();
                }
                // Sometimes it sends garbage, or disconnects.
                60 => wire.send([dice.roll(256) as u8]),
                61 => wire.end_input(),
                _ => wire.poll(),
            }
            responses += usize::from(wire.take_output().starts_with(b"HTTP/1.1 200 OK"));
            if let Some(reason) = wire.closed() {
                let reason: CloseReason = reason;
                *reasons.entry(format!("{reason:?}")).or_default() += 1;
                (*wire, *sent) = (client.connect(), 0);
            }
        }
    }
    (responses, reasons)
}

fn main() {
    let (responses, reasons) = simulate(1000, 60);
    println!("{responses} responses in 60 virtual seconds; connections closed: {reasons:?}");
}
