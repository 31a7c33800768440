//! What a connection allows.

use super::limits::Limits;
use super::timeouts::Timeouts;

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
    /// How long a peer may take, and how long an answer.
    pub timeouts: Timeouts,
}
