//! How much a peer may send.

/// What a peer may send, in bytes unless the name says otherwise. A value exactly at its limit is accepted, and one byte
/// more is refused.
///
/// ```
/// use bytegate::{Config, Limits};
///
/// let limits = Limits { head_bytes: 64 * 1024, field_line_bytes: 32 * 1024, ..Limits::default() };
/// let config = Config { limits, ..Config::default() };
/// # assert_eq!(config.limits.fields, 100);
/// ```
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
