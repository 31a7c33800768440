//! What a connection allows: limits, deadlines, and the scheme that it speaks for.

use core::time::Duration;

/// Everything that can be set about a connection. `Config::default()` is safe to expose.
///
/// ```
/// use bytegate::{Config, Limits};
///
/// let config = Config {
///     limits: Limits { content_bytes: 64 * 1024, ..Limits::default() },
///     ..Config::default()
/// };
/// assert_eq!(config.limits.request_line_bytes, 8192);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// What a peer may send, and how much may wait for it.
    pub limits: Limits,
    /// How long a peer may take.
    pub timeouts: Timeouts,
    /// The scheme that requests on this connection came by.
    pub scheme: Scheme,
}

/// The scheme of a connection: a target in absolute-form must name it (RFC 9110 section 7.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scheme {
    /// Plain bytes; an `https://` target is answered with 421.
    #[default]
    Http,
    /// The caller took TLS off these bytes, or trusts the proxy that did.
    Https,
}

impl Scheme {
    /// `"http"` or `"https"`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }

    /// The port that a target without one means.
    pub const fn default_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}

/// What a peer may send, in octets unless the name says otherwise. A value exactly at its limit is
/// accepted, one octet more is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The request line without its CRLF. Past it: 414. RFC 9112 section 3 asks for 8,000 at least.
    pub request_line_bytes: u32,
    /// One field line without its CRLF. Past it: 431. A `Negotiate` ticket of Kerberos takes 12 KiB.
    pub field_line_bytes: u32,
    /// Number of field lines in a head. Past it: 431. Browsers send about 15, proxies add a few.
    pub fields: u16,
    /// The whole head with all line ends. Past it: 431. Bounds what one attacker can make us hold, and leaves room for
    /// the cookies of a host: browsers send those of all its ports, and of all its other programs, to each of them.
    pub head_bytes: u32,
    /// The content of one request, after decoding, unless the application admits more. Past it: 413.
    pub content_bytes: u64,
    /// One chunk-size line with its extensions, without its CRLF. Past it: 400.
    pub chunk_line_bytes: u32,
    /// All chunk extensions of one request together, and leading zeros of sizes. Past it: 400 (RFC 9112 section 7.1.1
    /// asks for a limit).
    pub chunk_extension_bytes: u32,
    /// The trailer section with all line ends. Past it: 431.
    pub trailer_bytes: u32,
    /// Number of trailer lines. Past it: 431.
    pub trailers: u16,
    /// Requests answered on one connection; the last of them says `Connection: close`.
    pub requests: u32,
    /// Output that may wait before the machine asks to write instead of looking at the next request.
    pub output_bytes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            request_line_bytes: 8192,
            field_line_bytes: 16 * 1024,
            fields: 100,
            head_bytes: 32 * 1024,
            content_bytes: 1024 * 1024,
            chunk_line_bytes: 256,
            chunk_extension_bytes: 4096,
            trailer_bytes: 4096,
            trailers: 32,
            requests: 10_000,
            output_bytes: 64 * 1024,
        }
    }
}

/// How long a peer may take. `Duration::MAX` means for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// From the first octet of a head (on a new connection: from its start) to the head's end.
    /// Past it: 408, or a silent close if no octet came.
    pub head: Duration,
    /// Between two requests, and before the first octet of the second. Past it: a silent close.
    pub idle: Duration,
    /// How fast content must come. Slower: 408. By default 500 bytes a second after 20 s, and never 30 s without any:
    /// a drip is cut, a client that loses its network for a moment is not.
    pub content: Pace,
    /// How fast output must be taken. Slower: the connection is cut. By default 500 bytes a second after a minute, and
    /// never a minute without any: a person may pause a download.
    pub write: Pace,
    /// After a stop: how long a request that has begun may take to become whole. Past it: 408.
    pub stop: Duration,
    /// Age after which the next answer says `Connection: close`.
    pub age: Duration,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts {
            head: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            content: Pace {
                grace: Duration::from_secs(20),
                bytes_per_second: 500,
                gap: Duration::from_secs(30),
            },
            write: Pace {
                grace: Duration::from_secs(60),
                bytes_per_second: 500,
                gap: Duration::from_secs(60),
            },
            stop: Duration::from_secs(1),
            age: Duration::from_secs(3600),
        }
    }
}

/// The least speed of a transfer: a rate beats a drip, a gap alone does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Time given before the rate counts.
    pub grace: Duration,
    /// Octets per second that must be reached after the grace; 0 for no rate.
    pub bytes_per_second: u32,
    /// The longest time without any octet.
    pub gap: Duration,
}

impl Pace {
    /// The moment at which a transfer is too slow, if nothing more moves.
    pub(crate) fn deadline(&self, started: Duration, progressed: Duration, moved: u64) -> Duration {
        let gap = progressed.saturating_add(self.gap);
        match moved.checked_div(u64::from(self.bytes_per_second)) {
            Some(earned) => {
                let seconds = self.grace.saturating_add(Duration::from_secs(earned));
                gap.min(started.saturating_add(seconds))
            }
            None => gap,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transfer_is_cut_by_rate_and_by_gap() {
        let pace = Timeouts::default().content;
        let second = Duration::from_secs(1);
        // One octet a second: never a gap, and still cut after the grace.
        assert_eq!(pace.deadline(Duration::ZERO, 19 * second, 19), 20 * second);
        // A burst earns time, and a silence of more than the gap ends it.
        assert_eq!(
            pace.deadline(Duration::ZERO, 15 * second, 5000),
            30 * second
        );
        assert_eq!(
            pace.deadline(Duration::ZERO, 15 * second, 50_000),
            45 * second
        );
    }

    #[test]
    fn no_rate_means_the_gap_alone() {
        let pace = Pace {
            grace: Duration::ZERO,
            bytes_per_second: 0,
            gap: Duration::from_secs(3),
        };
        assert_eq!(
            pace.deadline(Duration::ZERO, Duration::from_secs(9), 0),
            Duration::from_secs(12)
        );
    }
}
