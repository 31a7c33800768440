//! How long a front end continues to read after the last byte of a response, so that the peer sees the response before
//! its own bytes meet a closed socket (RFC 9112 section 9.6).

use core::time::Duration;

/// How long the peer may be silent.
pub(crate) const LINGER_GAP: Duration = Duration::from_secs(5);

/// The number of bytes that the peer must send in each gap. Less than 13 kB/s is not worth waiting for.
const GAP_BYTES: usize = 64 * 1024;
/// The maximum number of bytes read in total. A client that sends a large, unwanted file often reads only after it has
/// sent everything.
const TOTAL_BYTES: usize = 256 * 1024 * 1024;

/// Bytes that are read and discarded.
#[derive(Default)]
pub(crate) struct Linger {
    total: usize,
    /// When the current gap began, after the start.
    gap_start: Duration,
    gap_bytes: usize,
}

impl Linger {
    /// Counts bytes that were read. `elapsed` is the time since the start. Returns whether more should be read.
    pub(crate) fn goes_on(&mut self, bytes: usize, elapsed: Duration) -> bool {
        self.total += bytes;
        self.gap_bytes += bytes;
        if elapsed.saturating_sub(self.gap_start) >= LINGER_GAP {
            if self.gap_bytes < GAP_BYTES {
                return false;
            }
            self.gap_start = elapsed;
            self.gap_bytes = 0;
        }
        self.total < TOTAL_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long the front end reads from a peer that sends this many bytes per second, up to an hour.
    fn seconds_at(bytes: usize) -> u64 {
        let mut linger = Linger::default();
        let mut seconds = 1..3600;
        let ended = seconds.find(|second| !linger.goes_on(bytes, Duration::from_secs(*second)));
        ended.unwrap_or(3600)
    }

    #[test]
    fn a_peer_that_sends_steadily_is_read_to_the_end() {
        assert_eq!(seconds_at(100_000), 2685);
        assert_eq!(seconds_at(14_000), 3600);
    }

    #[test]
    fn a_slow_or_endless_peer_is_cut_off() {
        assert_eq!(seconds_at(1), 5);
        assert_eq!(seconds_at(10_000), 5);
        assert_eq!(seconds_at(TOTAL_BYTES / 2), 2);
    }
}
