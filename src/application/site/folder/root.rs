//! An open folder that no path leaves.

use super::super::options::{Dotfiles, SiteOptions, Symlinks};
use super::super::spelling::compose;
use super::error::{Skipped, unreadable};
use super::names;
use super::spellings::{MOST_NAMES, Names, Spellings};
use crate::message::open_file::Stamp;
use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions};
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// An open folder, with the policies for what it has.
pub(super) struct Root {
    folder: Dir,
    /// Where the folder was when it was opened, without links.
    place: PathBuf,
    dotfiles: Dotfiles,
    symlinks: Symlinks,
    spellings: Spellings,
}

/// What was opened.
pub(super) enum Opened {
    File(File, Stamp),
    Folder,
}

/// An entry of a folder.
pub(super) struct RootEntry {
    pub(super) name: String,
    pub(super) is_folder: bool,
    pub(super) stamp: Stamp,
}

impl Root {
    pub(super) fn open(folder: &Path, options: &SiteOptions) -> io::Result<Root> {
        let opened = Dir::open_ambient_dir(folder, ambient_authority())?;
        // The system may open a folder in which it then finds nothing, for lack of permission.
        match opened.symlink_metadata(super::super::INDEX) {
            Err(error) if error.kind() == ErrorKind::PermissionDenied => return Err(error),
            _ => {}
        }
        Ok(Root {
            folder: opened,
            place: folder.canonicalize()?,
            dotfiles: options.dotfiles,
            symlinks: options.symlinks,
            spellings: Spellings::new(),
        })
    }

    /// Opens what a decoded path in composed characters names. Returns `None` if nothing is there, or if it is not served.
    ///
    /// # Errors
    /// Returns an error if the system has too little of something, or if the disk fails.
    pub(super) fn get(&self, path: &str) -> io::Result<Option<Opened>> {
        if !names::are_servable(path, self.dotfiles) {
            return Ok(None);
        }
        let relative = relative(path);
        let file = match self.open_file(relative) {
            Err(error) if error.kind() == ErrorKind::NotFound && !path.is_ascii() => {
                match self.other_spelling(relative) {
                    Some(other) => self.open_file(&other),
                    None => return Ok(None),
                }
            }
            file => file,
        };
        let opened = file.and_then(|file| {
            let metadata = file.metadata()?;
            let stamp = Stamp::of(&metadata);
            Ok(match (metadata.is_file(), metadata.is_dir()) {
                (true, _) => Some(Opened::File(file, stamp)),
                (_, true) => Some(Opened::Folder),
                _ => None,
            })
        });
        match opened {
            Err(error) if !is_failure(&error) => Ok(None),
            opened => opened,
        }
    }

    /// Returns at most `limit` entries of a folder, and whether these are all.
    pub(super) fn entries(&self, path: &str, limit: usize) -> io::Result<(Vec<RootEntry>, bool)> {
        let path = self.actual(relative(path));
        let mut found = Vec::new();
        for name in self.names(&path, usize::MAX)? {
            let Ok(name) = names::servable(name.as_ref(), self.dotfiles) else {
                continue;
            };
            // What vanishes meanwhile, or is not served, is not listed.
            let Ok(Some(metadata)) = self.metadata(&path.join(name)) else {
                continue;
            };
            if found.len() == limit {
                return Ok((found, false));
            }
            found.push(RootEntry {
                name: compose(name).unwrap_or(name.into()).into(),
                is_folder: metadata.is_dir(),
                stamp: Stamp::of(&metadata),
            });
        }
        Ok((found, true))
    }

    /// Returns the path under which a folder is found.
    fn actual<'p>(&self, path: &'p Path) -> Cow<'p, Path> {
        let is_other = !path.to_str().is_some_and(str::is_ascii) && self.open_file(path).is_err();
        match is_other.then(|| self.other_spelling(path)).flatten() {
            Some(other) => other.into(),
            None => path.into(),
        }
    }

    /// Returns the folders in a folder, and what is not served, with the reason. Links to folders are not among either.
    pub(super) fn survey(&self, path: &str) -> (Vec<String>, Vec<Skipped>) {
        let (mut folders, mut skipped) = (Vec::new(), Vec::new());
        let names = self
            .names(relative(path), usize::MAX)
            .unwrap_or_else(|error| {
                skipped.push(self.skipped(relative(path), unreadable(&error)));
                Vec::new()
            });
        for name in names {
            let entry = relative(path).join(&name);
            match names::servable(&name, self.dotfiles) {
                Err(reason) => skipped.push(self.skipped(&entry, reason.to_string())),
                Ok(name) if !self.is_found(relative(path), name) => {
                    let reason = "another file has the same name, or its folder has too many files to look for its \
                                  decomposed name";
                    skipped.push(self.skipped(&entry, reason.to_string()));
                }
                Ok(name) => match self.open_file(&entry).and_then(|file| file.metadata()) {
                    Ok(found) if found.is_file() => {}
                    Ok(found) if found.is_dir() && self.has_link(&entry) => {}
                    Ok(found) if found.is_dir() => folders.push([path, name, "/"].concat()),
                    Ok(_) => {
                        let reason = "it is neither a file nor a folder".to_string();
                        skipped.push(self.skipped(&entry, reason));
                    }
                    Err(_) if self.has_link(&entry) => {
                        let reason = "it is a symbolic link that is broken or not followed";
                        skipped.push(self.skipped(&entry, reason.to_string()));
                    }
                    // It has vanished.
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    Err(error) => skipped.push(self.skipped(&entry, unreadable(&error))),
                },
            }
        }
        (folders, skipped)
    }

    /// Returns whether a request for the composed form of a name finds it.
    fn is_found(&self, folder: &Path, name: &str) -> bool {
        match compose(name) {
            Some(Cow::Borrowed(_)) => true,
            Some(Cow::Owned(composed)) => self
                .other_names(folder)
                .is_ok_and(|names| names.find(&composed) == Some(name)),
            None => false,
        }
    }

    fn skipped(&self, path: &Path, reason: String) -> Skipped {
        let path = self.place.join(path);
        Skipped { path, reason }
    }

    /// Returns at most a number of names in a folder.
    fn names(&self, path: &Path, most: usize) -> io::Result<Vec<std::ffi::OsString>> {
        match self.symlinks {
            Symlinks::Follow => {
                let entries = fs::read_dir(self.place.join(path))?.flatten();
                Ok(entries.take(most).map(|entry| entry.file_name()).collect())
            }
            _ => {
                let entries = self.folder.read_dir(or_dot(path))?.flatten();
                Ok(entries.take(most).map(|entry| entry.file_name()).collect())
            }
        }
    }

    /// Returns what is known of a file or folder without opening its content.
    fn metadata(&self, path: &Path) -> io::Result<Option<fs::Metadata>> {
        let metadata = match self.symlinks {
            Symlinks::Follow => fs::metadata(self.place.join(path))?,
            _ => self.open_file(path)?.metadata()?,
        };
        Ok((metadata.is_file() || metadata.is_dir()).then_some(metadata))
    }

    fn open_file(&self, path: &Path) -> io::Result<File> {
        match self.symlinks {
            Symlinks::Follow => open_anywhere(&self.place.join(path)),
            Symlinks::Refuse if self.has_link(path) => Err(ErrorKind::NotFound.into()),
            Symlinks::Refuse => self.open_beneath(path),
            Symlinks::WithinRoot => match self.open_beneath(path) {
                // An absolute link may lead to a place within the folder.
                Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                    let place = self.place.join(path).canonicalize()?;
                    match place.strip_prefix(&self.place) {
                        Ok(within) if within != path => self.open_beneath(within),
                        _ => Err(error),
                    }
                }
                file => file,
            },
        }
    }

    fn open_beneath(&self, path: &Path) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true);
        // A pipe without a writer must not block.
        #[cfg(unix)]
        cap_std::fs::OpenOptionsExt::custom_flags(&mut options, NONBLOCK);
        self.folder
            .open_with(or_dot(path), &options)
            .map(cap_std::fs::File::into_std)
    }

    /// Returns whether a path contains a link.
    fn has_link(&self, path: &Path) -> bool {
        let mut ancestors = path.ancestors().filter(|it| !it.as_os_str().is_empty());
        ancestors.any(|it| {
            let metadata = self.folder.symlink_metadata(it);
            metadata.is_ok_and(|metadata| metadata.is_symlink())
        })
    }

    /// Returns the path to what a path in composed characters names, if its names are written in another spelling.
    fn other_spelling(&self, path: &Path) -> Option<PathBuf> {
        let (mut found, mut differs) = (PathBuf::new(), false);
        for name in path.iter() {
            let name = name.to_str()?;
            match name.is_ascii() {
                true => found.push(name),
                false => {
                    let names = self.other_names(&found).ok()?;
                    let other = names.find(name);
                    differs |= other.is_some();
                    found.push(other.unwrap_or(name));
                }
            }
        }
        differs.then_some(found)
    }

    /// Returns the names in a folder that are not composed.
    fn other_names(&self, folder: &Path) -> io::Result<Arc<Names>> {
        let stamp = Stamp::of(&self.open_file(folder)?.metadata()?);
        let key = folder.to_str().unwrap_or_default();
        self.spellings
            .of(key, stamp, || self.names(folder, MOST_NAMES))
    }
}

#[cfg(unix)]
const NONBLOCK: i32 = rustix::fs::OFlags::NONBLOCK.bits() as i32;

/// Opens what a path names, wherever it is.
pub(super) fn open_anywhere(path: &Path) -> io::Result<File> {
    let mut options = fs::OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, NONBLOCK);
    options.open(path)
}

/// Returns a path, or `.` for an empty one.
fn or_dot(path: &Path) -> &Path {
    match path.as_os_str().is_empty() {
        true => Path::new("."),
        false => path,
    }
}

fn relative(path: &str) -> &Path {
    Path::new(path.trim_matches('/'))
}

/// Returns whether an error says nothing about the file itself.
fn is_failure(error: &io::Error) -> bool {
    #[cfg(unix)]
    {
        use rustix::io::Errno;
        const FAILURES: [Errno; 6] = [
            Errno::MFILE,
            Errno::NFILE,
            Errno::NOMEM,
            Errno::IO,
            // File systems of other machines.
            Errno::STALE,
            Errno::TIMEDOUT,
        ];
        FAILURES
            .iter()
            .any(|failure| error.raw_os_error() == Some(failure.raw_os_error()))
    }
    #[cfg(not(unix))]
    {
        let _ = error;
        false
    }
}
