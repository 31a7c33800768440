//! A PROXY header of any version, as it arrives.

use super::error::ProxyHeaderError;
use super::proxied::{Parsed, Proxied};
use super::{v1, v2};
use alloc::vec::Vec;
use core::fmt;

/// A header of the [PROXY protocol](https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt), version 1 or 2, with which a
/// proxy names the client before the first byte of a connection, even before TLS.
///
/// Most programs need only `net::Options::proxy_protocol`, or `Gateway::receive_proxy_header` for a blocking stream. This is
/// the protocol alone: it takes bytes and returns what they say. Only take it from a [trusted
/// proxy](crate::config::TrustedProxies), and never treat the header as optional: otherwise, clients can send it themselves.
///
/// ```
/// use bytegate::connection::ProxyHeader;
///
/// let mut header = ProxyHeader::new();
/// let mut input = &b"PROXY TCP4 192.0.2.7 203.0.113"[..];
/// assert_eq!(header.receive(&mut input), Ok(None));
///
/// let mut input = &b".1 50000 443\r\nGET / HTTP/1.1\r\n"[..];
/// let proxied = header.receive(&mut input)?.unwrap();
/// assert_eq!(proxied.peer.unwrap().to_string(), "192.0.2.7:50000");
/// assert_eq!(proxied.destination, Some("203.0.113.1:443".parse().unwrap()));
/// assert_eq!(input, b"GET / HTTP/1.1\r\n");
/// # Ok::<(), bytegate::connection::ProxyHeaderError>(())
/// ```
#[derive(Clone, Default)]
pub struct ProxyHeader {
    received: Vec<u8>,
}

/// The length of the shortest header: `PROXY UNKNOWN`, and a line ending.
const SHORTEST: usize = 15;

impl ProxyHeader {
    /// Starts with no bytes.
    #[must_use]
    pub const fn new() -> ProxyHeader {
        ProxyHeader {
            received: Vec::new(),
        }
    }

    /// Takes the bytes of the header from the front of `input`, and nothing after it. Returns `None` if more bytes are needed.
    /// At most 4096 bytes are kept.
    ///
    /// # Errors
    /// Returns an error as soon as the bytes cannot become a header.
    pub fn receive(&mut self, input: &mut &[u8]) -> Result<Option<Proxied>, ProxyHeaderError> {
        loop {
            match self.parse()? {
                Parsed::Complete(proxied) => return Ok(Some(proxied)),
                Parsed::Missing(_) if input.is_empty() => return Ok(None),
                Parsed::Missing(missing) => {
                    let (taken, rest) = input.split_at(missing.min(input.len()));
                    self.received.extend_from_slice(taken);
                    *input = rest;
                }
            }
        }
    }

    /// Returns how many bytes are missing at least. A front end that reads no more than these leaves everything after the header
    /// in the transport, for example for TLS. It is 0 when the header is complete, or was refused.
    #[must_use]
    pub fn missing(&self) -> usize {
        match self.parse() {
            Ok(Parsed::Missing(missing)) => missing,
            Ok(Parsed::Complete(_)) | Err(_) => 0,
        }
    }

    /// Returns whether nothing has been received. A balancer that only looks whether the server accepts connections closes such
    /// a connection.
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

impl fmt::Debug for ProxyHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let received = self.received.escape_ascii();
        write!(f, "ProxyHeader({received})")
    }
}
