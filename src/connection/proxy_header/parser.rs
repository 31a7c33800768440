//! The parser of PROXY headers.

use super::error::ProxyHeaderError;
use super::header::{Parsed, ProxyHeader};
use super::{v1, v2};
use alloc::vec::Vec;
use core::fmt;

/// A parser of [`ProxyHeader`]s, without I/O: it takes the first bytes of a connection.
///
/// Most programs need only `net::Options::proxy_protocol`, or `Gateway::receive_proxy_header` for a blocking stream. Accept a
/// header only from a [trusted proxy](crate::config::TrustedProxies), and never treat it as optional: otherwise, clients can
/// send it themselves.
///
/// ```
/// use bytegate::connection::ProxyHeaderParser;
///
/// let mut parser = ProxyHeaderParser::new();
/// let mut input = &b"PROXY TCP4 192.0.2.7 203.0.113"[..];
/// assert_eq!(parser.receive(&mut input), Ok(None));
///
/// let mut input = &b".1 50000 443\r\nGET / HTTP/1.1\r\n"[..];
/// let header = parser.receive(&mut input)?.unwrap();
/// assert_eq!(header.peer.unwrap().to_string(), "192.0.2.7:50000");
/// assert_eq!(header.destination, Some("203.0.113.1:443".parse().unwrap()));
/// assert_eq!(input, b"GET / HTTP/1.1\r\n");
/// # Ok::<(), bytegate::connection::ProxyHeaderError>(())
/// ```
#[derive(Clone, Default)]
pub struct ProxyHeaderParser {
    received: Vec<u8>,
}

/// The length of the shortest header: `PROXY UNKNOWN`, and a line ending.
const SHORTEST: usize = 15;

impl ProxyHeaderParser {
    /// Creates a parser that has received no bytes.
    #[must_use]
    pub const fn new() -> ProxyHeaderParser {
        ProxyHeaderParser {
            received: Vec::new(),
        }
    }

    /// Takes the bytes of the header from the front of `input`, and nothing after it. Returns `None` if more bytes are needed.
    /// The parser keeps at most 4,096 bytes.
    ///
    /// # Errors
    /// Returns an error as soon as the bytes cannot become a header.
    pub fn receive(&mut self, input: &mut &[u8]) -> Result<Option<ProxyHeader>, ProxyHeaderError> {
        loop {
            match self.parse()? {
                Parsed::Complete(header) => return Ok(Some(header)),
                Parsed::Missing(_) if input.is_empty() => return Ok(None),
                Parsed::Missing(missing) => {
                    let (taken, rest) = input.split_at(missing.min(input.len()));
                    self.received.extend_from_slice(taken);
                    *input = rest;
                }
            }
        }
    }

    /// Returns the minimum number of missing bytes. A front end that reads no more than these leaves everything after the header
    /// in the transport, for example for TLS. It is 0 when the header is complete or was refused.
    #[must_use]
    pub fn missing(&self) -> usize {
        match self.parse() {
            Ok(Parsed::Missing(missing)) => missing,
            Ok(Parsed::Complete(_)) | Err(_) => 0,
        }
    }

    /// Returns whether no bytes have been received. A health check that only opens a connection closes it in this state.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.received.is_empty()
    }

    fn parse(&self) -> Result<Parsed, ProxyHeaderError> {
        match &self.received[..] {
            [] => Ok(Parsed::Missing(SHORTEST)),
            bytes if bytes.starts_with(b"P") => v1::parse(bytes),
            bytes => v2::parse(bytes),
        }
    }
}

impl fmt::Debug for ProxyHeaderParser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let received = self.received.escape_ascii();
        write!(f, "ProxyHeaderParser({received})")
    }
}
