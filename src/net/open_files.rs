//! The limit on open files, which bounds the number of connections.

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
pub fn raise_open_files_limit() -> Option<usize> {
    raise();
    open_files_limit()
}

#[cfg(unix)]
fn raise() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // If the limit cannot be raised, it keeps its value.
    let _ = setrlimit(Resource::Nofile, limit);
}

#[cfg(unix)]
pub(super) fn open_files_limit() -> Option<usize> {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current?;
    usize::try_from(limit).ok()
}

#[cfg(not(unix))]
fn raise() {}

#[cfg(not(unix))]
pub(super) fn open_files_limit() -> Option<usize> {
    None
}
