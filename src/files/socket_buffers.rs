//! The memory of the system for the data of a local connection.

use std::fs;
use std::sync::OnceLock;

/// Returns an upper bound on the bytes that the system buffers for a local connection, sent and received.
pub(super) fn socket_buffer_bytes() -> u64 {
    static BYTES: OnceLock<u64> = OnceLock::new();
    const UNKNOWN: u64 = 64 * 1024 * 1024;
    // The last number of a line is the maximum.
    let maximum = |name: &str| {
        let line = fs::read_to_string(["/proc/sys/net/", name].concat()).ok()?;
        line.split_ascii_whitespace().last()?.parse::<u64>().ok()
    };
    *BYTES.get_or_init(|| {
        let sent = maximum("ipv4/tcp_wmem");
        // A program that sets its own size gets twice the size it asks for.
        let received = maximum("ipv4/tcp_rmem").zip(maximum("core/rmem_max"));
        let received = received.map(|(automatic, asked)| automatic.max(asked.saturating_mul(2)));
        let both = sent.zip(received);
        both.map_or(UNKNOWN, |(sent, received)| sent.saturating_add(received))
    })
}
