//! Reading a folder into memory.

use super::error::{FolderError, Skipped, unreadable};
use super::names::{has_hidden, servable};
use super::tree::open_anywhere;
use crate::files::open_file::{Stamp, read_whole};
use crate::site::memory::{Addition, Memory};
use crate::site::options::{SiteOptions, Symlinks};
use crate::site::paths::is_servable;
use crate::site::spelling::compose;
use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use bytes::Bytes;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The maximum number of files and bytes that are read.
const FILES: usize = 100_000;
const BYTES: u64 = 1 << 30;
/// Paths of requests cannot be much longer.
const PATH_BYTES: usize = 16 * 1024;

/// Reads all files below a folder. Returns the entries that were left out.
pub(in crate::site) fn load(
    folder: &Path,
    memory: &mut Memory,
    options: &SiteOptions,
) -> Result<Vec<Skipped>, FolderError> {
    let root = folder
        .canonicalize()
        .map_err(|error| FolderError::io(folder, error))?;
    if !root.is_dir() {
        return Err(FolderError::NoFolder(folder.to_path_buf()));
    }
    let names = names(&root).map_err(|error| FolderError::io(folder, error))?;
    let mut loader = Loader {
        memory,
        options,
        folders: BTreeMap::from([(root.clone(), String::new())]),
        root: root.clone(),
        waiting: Vec::new(),
        links: Vec::new(),
        skipped: Vec::new(),
        files: 0,
        bytes: 0,
    };
    loader.entries(&root, names, "");
    loader.run();
    Ok(loader.skipped)
}

struct Loader<'a> {
    memory: &'a mut Memory,
    options: &'a SiteOptions,
    root: PathBuf,
    /// Every folder that is read, with its URL path.
    folders: BTreeMap<PathBuf, String>,
    /// Folders yet to be read.
    waiting: Vec<(PathBuf, String)>,
    /// Links to folders: the target, and the URL path of the link.
    links: Vec<(PathBuf, String)>,
    skipped: Vec<Skipped>,
    files: usize,
    bytes: u64,
}

impl Loader<'_> {
    /// Reads folders until none is left. Links to folders come last, because most of their targets are read anyway.
    fn run(&mut self) {
        loop {
            while let Some((folder, path)) = self.waiting.pop() {
                match names(&folder) {
                    Ok(names) => self.entries(&folder, names, &path),
                    Err(error) => self.skip(&folder, &unreadable(&error)),
                }
            }
            let Some((target, path)) = self.links.pop() else {
                return;
            };
            match self.folders.get(&target) {
                Some(known) => self.memory.link(&path, known),
                // The target is outside.
                None => self.folder(target, path),
            }
        }
    }

    fn entries(&mut self, folder: &Path, names: Vec<OsString>, path: &str) {
        for name in names {
            let place = folder.join(&name);
            match servable(&name, self.options.dotfiles) {
                Ok(name) => {
                    let name = compose(name).unwrap_or(name.into());
                    self.entry(&place, &format!("{path}/{name}"));
                }
                Err(reason) => self.skip(&place, reason),
            }
        }
    }

    fn entry(&mut self, place: &Path, path: &str) {
        if path.len() > PATH_BYTES {
            return self.skip(place, "its path is too long for a request");
        }
        let is_link = place.is_symlink();
        let target = match (is_link, self.options.symlinks) {
            (false, _) => place.to_path_buf(),
            (true, Symlinks::Refuse) => return self.skip(place, "it is a symbolic link"),
            (true, policy) => match place.canonicalize() {
                Err(_) => return self.skip(place, "the symbolic link is broken"),
                Ok(target) if policy == Symlinks::WithinRoot && !target.starts_with(&self.root) => {
                    return self.skip(place, "the symbolic link points outside the folder");
                }
                Ok(target) => target,
            },
        };
        let within = target.strip_prefix(&self.root);
        if is_link && within.is_ok_and(|path| has_hidden(path, self.options.dotfiles)) {
            return self.skip(
                place,
                "the symbolic link leads to a name that begins with a dot",
            );
        }
        match fs::metadata(&target) {
            Err(error) => self.skip(place, &unreadable(&error)),
            Ok(found) if found.is_dir() && is_link => {
                self.links.push((target, path.to_string()));
            }
            Ok(found) if found.is_dir() => self.folder(target, path.to_string()),
            Ok(found) if found.is_file() => self.file(place, &target, path),
            Ok(_) => self.skip(place, "it is neither a file nor a folder"),
        }
    }

    fn folder(&mut self, folder: PathBuf, path: String) {
        self.folders.insert(folder.clone(), path.clone());
        self.waiting.push((folder, path));
    }

    fn file(&mut self, place: &Path, target: &Path, path: &str) {
        if self.files == FILES {
            return self.skip(
                place,
                &format!("a site in memory has at most {FILES} files"),
            );
        }
        if self.memory.get(path.as_bytes()).is_some() {
            return self.skip(place, "another file has the same name");
        }
        match read(target, BYTES - self.bytes) {
            Ok(Some((content, stamp))) => {
                self.files += 1;
                self.bytes += content.len() as u64;
                let added = Addition {
                    modified: Some(stamp.modified()),
                    ..Addition::new(path, content)
                };
                if !is_servable(path) || !self.memory.insert(&added, self.options) {
                    self.skip(place, "no request can reach it");
                }
            }
            Ok(None) => self.skip(
                place,
                &format!("a site in memory has at most {BYTES} bytes"),
            ),
            Err(error) => self.skip(place, &unreadable(&error)),
        }
    }

    fn skip(&mut self, place: &Path, reason: &str) {
        self.skipped.push(Skipped {
            path: place.to_path_buf(),
            reason: reason.to_string(),
        });
    }
}

/// Returns the names in a folder, in order, so that the result does not depend on the file system.
fn names(folder: &Path) -> io::Result<Vec<OsString>> {
    let entries = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.file_name()));
    let mut names = entries.collect::<io::Result<Vec<_>>>()?;
    // Of two names with the same composed form, the composed one is served.
    let is_other = |name: &OsString| {
        let text = name.to_str().unwrap_or_default();
        !matches!(compose(text), Some(Cow::Borrowed(_)))
    };
    names.sort_by_cached_key(|name| (is_other(name), name.clone()));
    Ok(names)
}

/// Reads a file. Returns `None` if it is larger than the limit.
fn read(path: &Path, limit: u64) -> io::Result<Option<(Bytes, Stamp)>> {
    let file = open_anywhere(path)?;
    let stamp = Stamp::of(&file.metadata()?);
    if stamp.length() > limit {
        return Ok(None);
    }
    // Some system files never end, or wait until something is written to them.
    let content = read_whole(&file, &stamp)?;
    let content = content.ok_or_else(|| io::Error::other("it changed while it was read"))?;
    Ok(Some((content, stamp)))
}
