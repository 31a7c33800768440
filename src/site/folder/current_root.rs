//! The folder that is at a path right now.

use super::error::FolderError;
use super::root::Root;
use crate::site::options::SiteOptions;
use crate::values::sync::Arc;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf, absolute};
use std::sync::{PoisonError, RwLock};

/// The folder that is at a path right now. Another folder may take its place: it is removed and made anew, another one
/// is renamed to its path, or a link on the way is turned.
pub(super) struct CurrentRoot {
    path: PathBuf,
    options: Arc<SiteOptions>,
    /// The folder that was at the path when it was last looked at.
    last: RwLock<Arc<Root>>,
}

impl CurrentRoot {
    pub(super) fn open(folder: &Path, options: Arc<SiteOptions>) -> io::Result<CurrentRoot> {
        let root = Root::open(folder, &options)?;
        // The program may change its working directory. But it might not be allowed to follow the whole path.
        let path = absolute(folder)
            .ok()
            .filter(|path| root.is_at(path).is_ok_and(|is_at| is_at));
        Ok(CurrentRoot {
            path: path.unwrap_or_else(|| folder.into()),
            options,
            last: RwLock::new(Arc::new(root)),
        })
    }

    /// Returns the folder that is at the path. It stays the same folder for as long as the caller keeps it, so no check
    /// of one folder is ever followed by a read from another.
    ///
    /// # Errors
    /// Returns an error if there is no folder at the path, or if it cannot be opened.
    pub(super) fn now(&self) -> Result<Arc<Root>, FolderError> {
        let last = self
            .last
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        match last.is_at(&self.path) {
            Ok(true) => return Ok(last),
            Ok(false) => {}
            Err(error) if is_gone(&error) => return Err(FolderError::io(&self.path, error)),
            // A program may give up the right to follow the path after it has opened the folder.
            Err(_) => return Ok(last),
        }
        let root = Root::open(&self.path, &self.options);
        let root = Arc::new(root.map_err(|error| FolderError::io(&self.path, error))?);
        *self.last.write().unwrap_or_else(PoisonError::into_inner) = root.clone();
        Ok(root)
    }
}

fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}
