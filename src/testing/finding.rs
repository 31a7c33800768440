//! Faults in the responses of an application.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// A mistake of an application that [`findings`](super::findings) has found.
///
/// ```
/// # #[cfg(feature = "std")] {
/// use bytegate::testing::{Finding, findings};
/// use bytegate::{Request, Router};
///
/// let app = Router::new().get("/first/{name}", |request: &Request| {
///     request.param("name").unwrap_or_default()[..1].to_string()
/// });
/// let found: Vec<Finding> = findings(app, &[]);
/// assert_eq!(found[0].route, "GET /first/{name}");
/// assert!(found[0].rule.starts_with("the application panicked: "));
/// assert!(found[0].request.starts_with(b"GET /first/"));
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The method and the pattern of the route.
    pub route: String,
    /// The problem.
    pub rule: Cow<'static, str>,
    /// The source of the rule or a remedy, such as `RFC 9110 section 15.5.6`. It may be empty.
    pub source: &'static str,
    /// The unusual part of the request, in a few words.
    pub case: Cow<'static, str>,
    /// The bytes of the request. Send them with [`Client::send_bytes`](super::Client::send_bytes) to reproduce the
    /// problem.
    pub request: Vec<u8>,
}

impl fmt::Debug for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The bytes of a request that are shown.
const SHOWN_BYTES: usize = 400;

impl fmt::Display for Finding {
    /// Writes one line for the problem, and one with the request.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.route, self.rule)?;
        if !self.source.is_empty() {
            write!(f, " ({})", self.source)?;
        }
        let shown = self.request.get(..SHOWN_BYTES).unwrap_or(&self.request);
        write!(
            f,
            "\n    after {}: client.send_bytes(b\"{}\")",
            self.case,
            shown.escape_ascii()
        )?;
        match self.request.len() - shown.len() {
            0 => Ok(()),
            rest => write!(f, " and {rest} more bytes"),
        }
    }
}
