//! The errors of headers that cannot be sent.

use core::fmt;

/// The reason why a header cannot be sent.
///
/// ```
/// use bytegate::headers::{HeaderError, HeaderMap};
///
/// let mut headers = HeaderMap::new();
/// assert_eq!(headers.append("not a token", "x"), Err(HeaderError::Name));
/// assert_eq!(headers.append("X", "a\r\nb"), Err(HeaderError::Value));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeaderError {
    /// The name is not a token (RFC 9110 section 5.1).
    Name,
    /// The value contains CR, LF, NUL or another control character (RFC 9110 section 5.5).
    Value,
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            HeaderError::Name => "a header name must be a token (RFC 9110 section 5.1)",
            HeaderError::Value => {
                "a header value must not contain control characters (RFC 9110 section 5.5)"
            }
        })
    }
}

impl core::error::Error for HeaderError {}
