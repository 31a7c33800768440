//! Errors of PROXY headers.

use core::fmt;

/// The reason why a [`ProxyHeader`](super::ProxyHeader) is refused. The connection must be closed without a response.
///
/// ```
/// use bytegate::connection::{ProxyHeaderParser, ProxyHeaderError};
///
/// let error = ProxyHeaderParser::new().receive(&mut &b"GET / HTTP/1.1\r\n"[..]).unwrap_err();
/// assert_eq!(error, ProxyHeaderError::Missing);
/// assert_eq!(error.to_string(), "the connection does not begin with a PROXY header");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProxyHeaderError {
    /// The first bytes are not a PROXY header. Most likely, the proxy is not configured to send one.
    Missing,
    /// A header of version 1 has more than 107 bytes, or a header of version 2 has more than 4,096.
    TooLong,
    /// The header breaks a rule of the protocol.
    Malformed(
        /// The rule.
        &'static str,
    ),
    /// The checksum in a header of version 2 is wrong.
    Checksum,
}

impl fmt::Display for ProxyHeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProxyHeaderError::Missing => {
                f.write_str("the connection does not begin with a PROXY header")
            }
            ProxyHeaderError::TooLong => f.write_str("the PROXY header is too long"),
            ProxyHeaderError::Malformed(rule) => write!(f, "the PROXY header is malformed: {rule}"),
            ProxyHeaderError::Checksum => f.write_str("the checksum of the PROXY header is wrong"),
        }
    }
}

impl core::error::Error for ProxyHeaderError {}
