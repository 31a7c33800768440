//! Errors in bytes that should be a response.

use core::fmt;

/// The rule that a response breaks, and the position.
///
/// ```
/// use bytegate::testing::read_responses;
/// use bytegate::Method;
///
/// let error = read_responses(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", &[Method::GET]).unwrap_err();
/// assert!(error.is_incomplete());
/// assert_eq!(error.to_string(), "at byte 42: the body must be as long as Content-Length says (RFC 9112 section 6.2)");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireError {
    pub(super) at: usize,
    pub(super) rule: &'static str,
    pub(super) is_incomplete: bool,
}

impl WireError {
    /// Returns the position of the error, in bytes from the start of the output.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    /// Returns the rule, with its section.
    #[must_use]
    pub fn rule(&self) -> &'static str {
        self.rule
    }

    /// Returns whether the output ended too early. Otherwise, no further bytes could make it valid.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        self.is_incomplete
    }
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {}: {}", self.at, self.rule)
    }
}

impl core::error::Error for WireError {}
