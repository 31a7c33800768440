//! Reading after the last byte of a response.

use super::buffers::{Buffers, is_transient, read_some};
use super::transport::{Transport, readable};
use crate::blocking::linger::{LINGER_GAP, Linger};
use smol::{Timer, future};
use std::io;
use std::time::Instant;

/// Reads and discards input until the peer closes, is silent for too long, or sends too slowly or too much.
pub(super) async fn linger(socket: &impl Transport) {
    let start = Instant::now();
    let mut linger = Linger::default();
    loop {
        let quiet = async {
            Timer::after(LINGER_GAP).await;
            Err(io::ErrorKind::TimedOut.into())
        };
        if future::or(readable(socket), quiet).await.is_err() {
            return;
        }
        match Buffers::with(|buffers| read_some(socket, &mut buffers.input)) {
            Ok(0) => return,
            Ok(count) if !linger.goes_on(count, start.elapsed()) => return,
            Ok(_) => {}
            Err(error) if is_transient(&error) => {}
            Err(_) => return,
        }
    }
}
