//! Errors about folders, and files that are left out.

use crate::site::error::SiteError;
use alloc::format;
use alloc::string::String;
use core::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// The error for a folder that cannot be served. It names the folder and the reason.
///
/// ```
/// let error = bytegate::Site::load("no/such/folder").unwrap_err();
/// assert!(error.to_string().starts_with("cannot read \"no/such/folder\": "));
/// ```
#[derive(Debug)]
pub struct LoadError {
    path: PathBuf,
    reason: Reason,
}

#[derive(Debug)]
pub(in crate::site) enum Reason {
    Io(io::Error),
    NoFolder,
    Options(SiteError),
}

impl LoadError {
    pub(in crate::site) fn new(path: &Path, reason: Reason) -> LoadError {
        LoadError {
            path: path.to_path_buf(),
            reason,
        }
    }

    pub(in crate::site) fn io(path: &Path, error: io::Error) -> LoadError {
        match error.kind() {
            io::ErrorKind::NotADirectory => LoadError::new(path, Reason::NoFolder),
            _ => LoadError::new(path, Reason::Io(error)),
        }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Quoted and escaped, because a name may contain anything.
        let path = &self.path;
        match &self.reason {
            Reason::Io(error) => write!(f, "cannot read {path:?}: {error}"),
            Reason::NoFolder => write!(f, "{path:?} is not a folder"),
            Reason::Options(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for LoadError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match &self.reason {
            Reason::Io(error) => Some(error),
            Reason::Options(error) => Some(error),
            Reason::NoFolder => None,
        }
    }
}

/// A file or folder that was left out of a site.
///
/// ```
/// let site = bytegate::Site::load("fixtures/site")?;
/// for skipped in site.skipped() {
///     eprintln!("{}: {}", skipped.path.display(), skipped.reason);
/// }
/// # Ok::<(), bytegate::site::LoadError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The path of the file.
    pub path: PathBuf,
    /// The reason why it was left out.
    pub reason: String,
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "left out {:?}: {}", self.path, self.reason)
    }
}

/// The reason why a file that cannot be read is left out.
pub(super) fn unreadable(error: &io::Error) -> String {
    format!("it cannot be read: {error}")
}
