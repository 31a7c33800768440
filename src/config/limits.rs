//! Limits on how much a peer may send.

/// Limits on what a peer may send, in bytes unless the name says otherwise. A value exactly at its limit is accepted.
/// One byte more is refused.
///
/// ```
/// use bytegate::config::{Config, Limits};
///
/// let limits = Limits { head_bytes: 64 * 1024, header_line_bytes: 32 * 1024, ..Limits::default() };
/// let config = Config { limits, ..Config::default() };
/// # assert_eq!(config.limits.headers, 100);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The request line without its CRLF. Exceeding it results in 414. RFC 9112 section 3 recommends at least 8,000.
    pub request_line_bytes: u32,
    /// One header line without its CRLF. Exceeding it results in 431. A Kerberos ticket for `Negotiate` takes 12 KiB.
    pub header_line_bytes: u32,
    /// The number of header lines in a head. Exceeding it results in 431. Browsers send about 15, and proxies add a
    /// few.
    pub headers: u16,
    /// The whole head with all line endings. Exceeding it results in 431. This bounds the memory that one attacker
    /// can use. It leaves room for cookies: browsers send all cookies of a host to each of its ports and programs.
    pub head_bytes: u32,
    /// The body of one request, after decoding, unless the application admits more. Exceeding it results in 413.
    pub body_bytes: u64,
    /// One chunk-size line with its extensions, without its CRLF. Exceeding it results in 400.
    pub chunk_line_bytes: u32,
    /// All chunk extensions of one request, together with leading zeros of sizes. Exceeding it results in 400. RFC 9112
    /// section 7.1.1 recommends such a limit.
    pub chunk_extension_bytes: u32,
    /// The trailer section with all line endings. Exceeding it results in 431.
    pub trailer_bytes: u32,
    /// The number of trailer lines. Exceeding it results in 431.
    pub trailers: u16,
    /// The number of requests on one connection. The last response says `Connection: close`.
    pub requests: u32,
    /// The amount of pending output at which the connection asks to write before it processes the next request.
    pub output_bytes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            request_line_bytes: 8192,
            header_line_bytes: 16 * 1024,
            headers: 100,
            head_bytes: 32 * 1024,
            body_bytes: 1024 * 1024,
            chunk_line_bytes: 256,
            chunk_extension_bytes: 4096,
            trailer_bytes: 4096,
            trailers: 32,
            requests: 10_000,
            output_bytes: 64 * 1024,
        }
    }
}
