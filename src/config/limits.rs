//! Limits on how much a peer may send.

/// Limits on what a peer may send, in bytes unless the name says otherwise. A value exactly at its limit is accepted.
/// One byte more is refused.
///
/// ```
/// use bytegate::config::Config;
///
/// let mut config = Config::default();
/// config.limits.head_bytes = 64 * 1024;
/// config.limits.header_line_bytes = 32 * 1024;
/// # assert_eq!(config.limits.headers, 100);
/// ```
///
/// # Which limit applies to a body
///
/// The default is [`body_bytes`](Limits::body_bytes). [`with_body_limit`](crate::with_body_limit()) replaces it for one
/// application, up or down. The application's own [`Admission`](crate::upload::Admission) replaces it too, but an outer
/// `with_body_limit` is never exceeded. A body that is passed to a [`Receiver`](crate::upload::Receiver) has the limit of
/// the receiver instead of `body_bytes`. [`Request::form`](crate::Request::form) and
/// [`Request::multipart`](crate::Request::multipart) also limit the values that are parsed from a complete body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The request line without its CRLF. Exceeding it results in 414. RFC 9112 section 3 recommends at least 8,000.
    ///
    /// Default: 8 KiB.
    pub request_line_bytes: u32,
    /// One header line without its CRLF. Exceeding it results in 431. A Kerberos ticket for `Negotiate` takes 12 KiB.
    ///
    /// Default: 16 KiB.
    pub header_line_bytes: u32,
    /// The number of header lines in a head. Exceeding it results in 431. Browsers send about 15, and proxies add a
    /// few.
    ///
    /// Default: 100.
    pub headers: u16,
    /// The whole head with all line endings. Exceeding it results in 431. This bounds the memory that one attacker
    /// can use. It leaves room for cookies: browsers send all cookies of a host to each of its ports and programs.
    ///
    /// Default: 32 KiB.
    pub head_bytes: u32,
    /// The body of one request, after decoding, unless the application admits more. Exceeding it results in 413.
    /// [`with_body_limit`](crate::with_body_limit()) raises it for one handler. The page of the 413 names the limit.
    ///
    /// Default: 1 MiB.
    pub body_bytes: u64,
    /// One chunk-size line with its extensions, without its CRLF. Exceeding it results in 400.
    ///
    /// Default: 256 bytes.
    pub chunk_line_bytes: u32,
    /// All chunk extensions of one request, together with leading zeros of sizes. Exceeding it results in 400. RFC 9112
    /// section 7.1.1 recommends such a limit.
    ///
    /// Default: 4 KiB.
    pub chunk_extension_bytes: u32,
    /// The trailer section with all line endings. Exceeding it results in 431.
    ///
    /// Default: 4 KiB.
    pub trailer_bytes: u32,
    /// The number of trailer lines. Exceeding it results in 431.
    ///
    /// Default: 32.
    pub trailers: u16,
    /// The number of requests on one connection. The last response says `Connection: close`.
    ///
    /// Default: 10,000.
    pub requests: u32,
    /// The amount of pending output at which the connection asks to write before it processes the next request.
    ///
    /// Default: 64 KiB.
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
