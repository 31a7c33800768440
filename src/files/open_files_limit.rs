//! The limit on the open files of this process.

/// Returns the soft limit, or `None` if there is none or it cannot be determined.
#[cfg(unix)]
pub(crate) fn open_files_limit() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

#[cfg(not(unix))]
pub(crate) fn open_files_limit() -> Option<u64> {
    None
}

/// Raises the soft limit to the hard limit.
#[cfg(all(unix, feature = "server"))]
pub(crate) fn raise_open_files_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // If the limit cannot be raised, it keeps its value.
    let _ = setrlimit(Resource::Nofile, limit);
}

#[cfg(all(not(unix), feature = "server"))]
pub(crate) fn raise_open_files_limit() {}
