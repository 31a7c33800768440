//! The limit on open files, which bounds the number of connections.

use crate::files::open_files_limit;

/// Raises the soft limit on open files to the hard limit, so that a server can hold more connections than the usual
/// 1,024. Returns the resulting limit, or `None` if there is no such limit or it cannot be determined.
///
/// This affects the whole process, so a library must not do it unasked. The program `bytegate` calls this function
/// before it creates its [`Options`](super::Options).
///
/// ```
/// use bytegate::net;
///
/// net::raise_open_files_limit();
/// let options = net::Options::default();
/// assert!(options.max_connections > 0);
/// ```
#[allow(
    clippy::must_use_candidate,
    reason = "most callers do not need the number"
)]
pub fn raise_open_files_limit() -> Option<usize> {
    open_files_limit::raise_open_files_limit();
    open_files_limit()
}

pub(super) fn open_files_limit() -> Option<usize> {
    usize::try_from(open_files_limit::open_files_limit()?).ok()
}
