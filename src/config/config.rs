//! The configuration of a connection.

use super::limits::Limits;
use super::timeouts::Timeouts;

/// The configuration of a connection. `Config::default()` is safe to expose.
///
/// ```
/// use bytegate::config::Config;
///
/// let mut config = Config::default();
/// config.limits.body_bytes = 64 * 1024;
/// assert_eq!(config.limits.request_line_bytes, 8192);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// Limits on what a peer may send, and on how much output may be pending. Default: [`Limits::default`].
    pub limits: Limits,
    /// Limits on how long a peer and a response may take. Default: [`Timeouts::default`].
    pub timeouts: Timeouts,
}
