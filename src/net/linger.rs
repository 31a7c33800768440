//! Reading after the last byte of a response, so that the peer sees the response before its own bytes meet a closed socket
//! (RFC 9112 section 9.6).

use super::buffers::{Buffers, is_transient, read_some};
use super::timers::or_after;
use super::transport::{Transport, readable};
use core::time::Duration;
use smol::{Timer, future};
use std::io;

/// How long the peer may be silent, and how long and how much is read in total. A client that sends a large file which is
/// not wanted often reads only after it has sent everything.
const LINGER_GAP: Duration = Duration::from_secs(5);
const LINGER_TIME: Duration = Duration::from_secs(30);
const LINGER_BYTES: usize = 256 * 1024 * 1024;

/// Reads and discards input until the peer closes, is silent for too long, or sends for too long or too much.
pub(super) async fn linger(socket: &impl Transport) {
    or_after(LINGER_TIME, discard(socket)).await;
}

async fn discard(socket: &impl Transport) {
    let mut total = 0;
    while total < LINGER_BYTES {
        let quiet = async {
            Timer::after(LINGER_GAP).await;
            Err(io::ErrorKind::TimedOut.into())
        };
        if future::or(readable(socket), quiet).await.is_err() {
            return;
        }
        match Buffers::with(|buffers| read_some(socket, &mut buffers.input)) {
            Ok(0) => return,
            Ok(count) => total += count,
            Err(error) if is_transient(&error) => {}
            Err(_) => return,
        }
    }
}
