//! The limit on open files: each connection is one.

/// Raises the soft limit on open files to the hard one, so that a server can hold more connections than the 1,024 that
/// are usual; the limit that holds then. `None` where there is no such limit, or it cannot be known.
///
/// This concerns the whole process, so that a library must not do it unasked: the program `bytegate` calls it when it
/// starts to serve, before it makes its [`Options`](super::Options).
pub fn raise_open_files_limit() -> Option<usize> {
    raise();
    open_files_limit()
}

#[cfg(unix)]
fn raise() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Where it cannot be raised, the limit stays what it was.
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
