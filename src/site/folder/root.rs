//! An open directory that no path can escape.

use super::error::{Skipped, unreadable};
use super::names;
use super::spellings::{MOST_NAMES, Names, Spellings};
use super::tree::{Tree, open_anywhere};
use crate::files::open_file::Stamp;
use crate::site::options::{Dotfiles, SiteOptions, Symlinks};
use crate::site::spelling::compose;
use crate::values::sync::Arc;
use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use cap_std::fs::{Dir, DirEntry, Metadata, ReadDir};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

/// An open folder, with the policies for its entries.
pub(super) struct Root {
    tree: Tree,
    dotfiles: Dotfiles,
    symlinks: Symlinks,
    spellings: Spellings,
}

/// The result of opening a path.
pub(super) enum Opened {
    File(File, Stamp),
    Folder,
}

/// An entry of a folder.
pub(super) struct RootEntry {
    pub(super) name: String,
    /// The size in bytes. `None` for a folder.
    pub(super) bytes: Option<u64>,
    /// The time of the last change, since the Unix epoch.
    pub(super) modified: Duration,
}

impl Root {
    pub(super) fn open(folder: &Path, options: &SiteOptions) -> io::Result<Root> {
        Ok(Root {
            tree: Tree::open(folder)?,
            dotfiles: options.dotfiles,
            symlinks: options.symlinks,
            spellings: Spellings::new(),
        })
    }

    /// Returns whether this folder is the one at a path, and whether it is still where it was when it was opened.
    pub(super) fn is_at(&self, path: &Path) -> io::Result<bool> {
        self.tree.is_at(path)
    }

    /// Returns the path on disk for a decoded path, for messages.
    pub(super) fn path_of(&self, path: &str) -> PathBuf {
        self.tree.place().join(relative(path))
    }

    /// Opens the entry at a decoded path in composed characters. Returns `None` if it does not exist or is not served.
    ///
    /// # Errors
    /// Returns an error if the system is out of resources, or on an I/O error.
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

    /// Returns the entries of a folder.
    pub(super) fn entries(root: &Arc<Root>, path: &str) -> io::Result<RootEntries> {
        let path = root.actual(relative(path)).into_owned();
        Ok(RootEntries {
            entries: root.folder(&path)?.entries()?,
            root: root.clone(),
            path,
            others: None,
        })
    }

    /// Returns the size of an entry that is not a folder, and the time of its last change. Opens it only if its kind and
    /// mode do not say whether it is served.
    fn listed(&self, entry: &DirEntry, path: &Path) -> Option<(Option<u64>, Duration)> {
        let kind = entry.file_type().ok()?;
        if kind.is_file() || kind.is_dir() {
            let metadata = entry.metadata().ok()?;
            if is_open_to_all(&metadata) {
                let modified = metadata.modified().ok()?.into_std();
                let modified = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
                return Some((kind.is_file().then(|| metadata.len()), modified));
            }
        } else if !kind.is_symlink() {
            return None;
        }
        let metadata = self.open_file(path).and_then(|file| file.metadata()).ok()?;
        let is_served = metadata.is_file() || metadata.is_dir();
        let modified = Stamp::of(&metadata).modified();
        is_served.then_some((metadata.is_file().then_some(metadata.len()), modified))
    }

    /// Returns the path on disk of a folder.
    fn actual<'p>(&self, path: &'p Path) -> Cow<'p, Path> {
        let is_other = !path.to_str().is_some_and(str::is_ascii) && self.open_file(path).is_err();
        match is_other.then(|| self.other_spelling(path)).flatten() {
            Some(other) => other.into(),
            None => path.into(),
        }
    }

    /// Returns the folders in a folder, and the entries that are not served, with the reason. Links to folders are in
    /// neither list.
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
                    Ok(found) if found.is_dir() && self.tree.has_link(&entry) => {}
                    Ok(found) if found.is_dir() => folders.push([path, name, "/"].concat()),
                    Ok(_) => {
                        let reason = "it is neither a file nor a folder".to_string();
                        skipped.push(self.skipped(&entry, reason));
                    }
                    Err(_) if self.tree.has_link(&entry) => {
                        let reason = "it is a symbolic link that is broken or not followed, or that leads to a hidden name";
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

    /// Returns whether a request for the composed form of a name finds the name.
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
        let path = self.tree.place().join(path);
        Skipped { path, reason }
    }

    /// Returns at most a number of names in a folder.
    fn names(&self, path: &Path, most: usize) -> io::Result<Vec<OsString>> {
        let entries = self.folder(path)?.entries()?.flatten();
        Ok(entries.take(most).map(|entry| entry.file_name()).collect())
    }

    fn folder(&self, path: &Path) -> io::Result<Dir> {
        match self.symlinks {
            Symlinks::Follow => self.tree.open_folder_anywhere(path),
            _ => self.tree.open_folder(path),
        }
    }

    /// Opens a path by the policies. The target of a link determines whether the link is hidden.
    fn open_file(&self, path: &Path) -> io::Result<File> {
        if let Some(file) = self.tree.open_without_links(path)? {
            return Ok(file);
        }
        let refused = || io::Error::from(ErrorKind::NotFound);
        let target = match self.symlinks {
            Symlinks::Refuse => return Err(refused()),
            Symlinks::WithinRoot => self.tree.resolve(path)?,
            Symlinks::Follow => {
                let target = self.tree.place().join(path).canonicalize()?;
                match target.strip_prefix(self.tree.place()) {
                    Ok(within) => within.to_path_buf(),
                    Err(_) => return open_anywhere(&target),
                }
            }
        };
        if names::has_hidden(&target, self.dotfiles) {
            return Err(refused());
        }
        // Without links once more, so that the target cannot be replaced with another link meanwhile.
        self.tree.open_without_links(&target)?.ok_or_else(refused)
    }

    /// Returns the path on disk for a path in composed characters, if its names are written in another spelling.
    fn other_spelling(&self, path: &Path) -> Option<PathBuf> {
        let (mut found, mut differs) = (PathBuf::new(), false);
        for name in path.iter() {
            let name = name.to_str()?;
            if name.is_ascii() {
                found.push(name)
            } else {
                let names = self.other_names(&found).ok()?;
                let other = names.find(name);
                differs |= other.is_some();
                found.push(other.unwrap_or(name));
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

/// The entries of a folder, one after the other. `None` is one that is not served.
pub(super) struct RootEntries {
    root: Arc<Root>,
    path: PathBuf,
    entries: ReadDir,
    /// The names that are not composed, if they were needed. The inner `None` means that they cannot be read.
    others: Option<Option<Arc<Names>>>,
}

impl RootEntries {
    fn served(&mut self, entry: &DirEntry) -> Option<RootEntry> {
        let name = entry.file_name();
        let name = names::servable(&name, self.root.dotfiles).ok()?;
        let composed = compose(name);
        // Of two spellings of a name, one is served.
        if let Some(Cow::Owned(composed)) = &composed {
            let (root, path) = (&self.root, &self.path);
            let others = self
                .others
                .get_or_insert_with(|| root.other_names(path).ok());
            let is_found = |names: &Arc<Names>| names.find(composed) == Some(name);
            if !others.as_ref().is_some_and(is_found) {
                return None;
            }
        }
        // Entries that vanish meanwhile, or are not served, are not listed.
        let (bytes, modified) = self.root.listed(entry, &self.path.join(name))?;
        Some(RootEntry {
            name: composed.unwrap_or(name.into()).into(),
            bytes,
            modified,
        })
    }
}

impl Iterator for RootEntries {
    type Item = Option<RootEntry>;

    fn next(&mut self) -> Option<Option<RootEntry>> {
        let entry = self.entries.next()?;
        Some(entry.ok().and_then(|entry| self.served(&entry)))
    }
}

/// Returns whether everyone may read a file, so that this program may.
#[cfg(unix)]
fn is_open_to_all(metadata: &Metadata) -> bool {
    const READ: u32 = 0o444;
    cap_std::fs::MetadataExt::mode(metadata) & READ == READ
}

#[cfg(not(unix))]
fn is_open_to_all(_: &Metadata) -> bool {
    false
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
            // Network file systems.
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
