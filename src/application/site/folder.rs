//! Loading a site from a folder.

use super::Site;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The maximum nesting of folders. Anything deeper is assumed to be a mistake.
const DEPTH: usize = 32;
/// The maximum number of files and bytes. A site is held in memory, so anything larger is assumed to be a mistake.
const FILES: usize = 100_000;
const BYTES: u64 = 1 << 30;

/// The error for a folder that could not be loaded. It names the file and the reason.
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
enum Reason {
    Io(io::Error),
    NoFolder,
    TooDeep,
    TooManyFiles,
    TooManyBytes,
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Quoted and escaped, because a name may contain anything.
        let path = &self.path;
        match &self.reason {
            Reason::Io(error) => write!(f, "cannot read {path:?}: {error}"),
            Reason::NoFolder => write!(f, "{path:?} is not a folder"),
            Reason::TooDeep => write!(f, "{path:?} is nested more than {DEPTH} folders deep"),
            Reason::TooManyFiles => {
                write!(f, "at {path:?}: a site in memory has at most {FILES} files")
            }
            Reason::TooManyBytes => {
                write!(f, "at {path:?}: a site in memory has at most {BYTES} bytes")
            }
        }
    }
}

impl std::error::Error for LoadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.reason {
            Reason::Io(error) => Some(error),
            _ => None,
        }
    }
}

/// A file that was deliberately left out of a site.
///
/// ```
/// let site = bytegate::Site::load("fixtures/site")?;
/// for skipped in site.skipped() {
///     eprintln!("{}: {}", skipped.path.display(), skipped.reason);
/// }
/// # Ok::<(), bytegate::LoadError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The path of the file.
    pub path: PathBuf,
    /// The reason why it was left out.
    pub reason: &'static str,
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "left out {:?}: {}", self.path, self.reason)
    }
}

impl Site {
    /// Reads all files below `folder` into memory (feature `std`).
    ///
    /// The following are left out, and listed by [`skipped`](Site::skipped): names that begin with a dot, except
    /// `.well-known`; links that lead out of the folder; anything that is neither a file nor a folder; names that are
    /// not UTF-8 or that contain a backslash or control characters.
    ///
    /// # Errors
    /// Returns an error if `folder` is not a folder, if anything below it cannot be read, or if it exceeds 100,000
    /// files, 1 GiB, or a depth of 32 folders.
    ///
    /// ```
    /// let site = bytegate::Site::load("fixtures/site")?;
    /// assert!(site.paths().any(|path| path == "/index.html"));
    /// # Ok::<(), bytegate::LoadError>(())
    /// ```
    pub fn load(folder: impl AsRef<Path>) -> Result<Site, LoadError> {
        let folder = folder.as_ref();
        let root = folder
            .canonicalize()
            .map_err(|error| LoadError::io(folder, error))?;
        if !root.is_dir() {
            return Err(LoadError::new(folder, Reason::NoFolder));
        }
        let mut loader = Loader {
            site: Site::new(),
            root: root.clone(),
            open: Vec::new(),
            files: 0,
            bytes: 0,
        };
        loader.folder(&root, "")?;
        Ok(loader.site)
    }

    /// Returns what [`load`](Site::load) left out.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }
}

struct Loader {
    site: Site,
    root: PathBuf,
    /// The folders that enclose the current one, with links resolved.
    open: Vec<PathBuf>,
    files: usize,
    bytes: u64,
}

impl Loader {
    fn folder(&mut self, folder: &Path, url: &str) -> Result<(), LoadError> {
        if self.open.len() >= DEPTH {
            return Err(LoadError::new(folder, Reason::TooDeep));
        }
        self.open.push(folder.to_path_buf());
        let entries = fs::read_dir(folder).map_err(|error| LoadError::io(folder, error))?;
        for entry in entries {
            let path = entry.map_err(|error| LoadError::io(folder, error))?.path();
            match plain_name(path.file_name()) {
                Ok(name) => self.entry(&path, &format!("{url}/{name}"))?,
                Err(reason) => self.skip(&path, reason),
            }
        }
        self.open.pop();
        Ok(())
    }

    fn entry(&mut self, path: &Path, url: &str) -> Result<(), LoadError> {
        // Resolve the link once, then check and read its target.
        let place = match path.canonicalize() {
            Ok(place) => place,
            Err(_) if path.is_symlink() => {
                self.skip(path, "the link leads nowhere");
                return Ok(());
            }
            Err(error) => return Err(LoadError::io(path, error)),
        };
        if !place.starts_with(&self.root) {
            self.skip(path, "the link leads out of the folder");
            return Ok(());
        }
        let kind = fs::metadata(&place).map_err(|error| LoadError::io(path, error))?;
        match (kind.is_dir(), kind.is_file()) {
            (true, _) if self.open.contains(&place) => {
                self.skip(path, "the link leads back to a folder around it")
            }
            (true, _) => self.folder(&place, url)?,
            (false, true) => self.file(&place, url, &kind)?,
            (false, false) => self.skip(path, "neither a file nor a folder"),
        }
        Ok(())
    }

    fn file(&mut self, path: &Path, url: &str, file: &fs::Metadata) -> Result<(), LoadError> {
        self.files += 1;
        self.bytes = self.bytes.saturating_add(file.len());
        if self.files > FILES {
            return Err(LoadError::new(path, Reason::TooManyFiles));
        }
        if self.bytes > BYTES {
            return Err(LoadError::new(path, Reason::TooManyBytes));
        }
        let content = fs::read(path).map_err(|error| LoadError::io(path, error))?;
        let added = self.site.try_file_modified(url, content, modified(file));
        if added.is_err() {
            self.skip(path, "no request can name it");
        }
        Ok(())
    }

    fn skip(&mut self, path: &Path, reason: &'static str) {
        self.site.skipped.push(Skipped {
            path: path.to_path_buf(),
            reason,
        });
    }
}

/// Returns when a file was last modified, but no later than now, because a date in the future would promise too much
/// (RFC 9110 section 8.8.2.1).
fn modified(file: &fs::Metadata) -> Duration {
    let now = SystemTime::now();
    let modified = file.modified().unwrap_or(now).min(now);
    modified.duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn plain_name(name: Option<&OsStr>) -> Result<String, &'static str> {
    match name.and_then(OsStr::to_str) {
        None => Err("its name is not UTF-8"),
        Some(name) if name.starts_with('.') && name != ".well-known" => {
            Err("its name begins with a dot")
        }
        Some(name) => Ok(name.to_string()),
    }
}

impl LoadError {
    fn new(path: &Path, reason: Reason) -> LoadError {
        LoadError {
            path: path.to_path_buf(),
            reason,
        }
    }

    fn io(path: &Path, error: io::Error) -> LoadError {
        LoadError::new(path, Reason::Io(error))
    }
}
