//! Errors about folders, and files that are left out.

use crate::values::sync::Arc;
use alloc::format;
use alloc::string::String;
use core::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// The reason why a folder cannot be served, or why a file cannot be read.
#[derive(Clone, Debug)]
pub(in crate::site) enum FolderError {
    Io(PathBuf, Arc<io::Error>),
    NoFolder(PathBuf),
}

impl FolderError {
    pub(in crate::site) fn io(path: &Path, error: io::Error) -> FolderError {
        match error.kind() {
            io::ErrorKind::NotADirectory => FolderError::NoFolder(path.to_path_buf()),
            _ => FolderError::Io(path.to_path_buf(), Arc::new(error)),
        }
    }

    pub(in crate::site) fn path(&self) -> &Path {
        match self {
            FolderError::Io(path, _) | FolderError::NoFolder(path) => path,
        }
    }

    pub(in crate::site) fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            FolderError::Io(_, error) => Some(&**error),
            FolderError::NoFolder(_) => None,
        }
    }
}

impl fmt::Display for FolderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Quoted and escaped, because a name may contain anything.
        match self {
            FolderError::Io(path, error) => write!(f, "cannot read {path:?}: {error}"),
            FolderError::NoFolder(path) => write!(f, "{path:?} is not a folder"),
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
/// # Ok::<(), bytegate::site::SiteError>(())
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
