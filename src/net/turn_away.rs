//! Clients that have too many connections.

use super::transport::Transport;
use std::io::IoSlice;

/// Sends a 503 to a client that has too many connections. Its request is not read.
pub(super) fn turn_away(socket: &impl Transport) {
    const UNAVAILABLE: &[u8] =
        b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 5\r\n\
        Content-Type: text/plain; charset=utf-8\r\nContent-Length: 46\r\n\r\n\
        503 Service Unavailable: too many connections\n";
    // If this fails, closing the connection says the same.
    let _ = socket.try_write(&[IoSlice::new(UNAVAILABLE)]);
    let _ = socket.end_output();
}
