//! A site's files in memory.

use super::file::{File, FileContent, Representation};
use super::files::Files;
use super::listing::{Entry, Kind};
use super::options::SiteOptions;
use crate::message::coding::Coding;
use alloc::borrow::Cow;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use bytes::Bytes;
use core::time::Duration;

/// Files by path, and links between directories.
#[derive(Clone, Default)]
pub(super) struct Memory {
    files: Files,
    /// The paths of directories, each with a slash at its end.
    directories: BTreeSet<String>,
    /// Links to directories. Neither paths nor targets end with a slash.
    links: BTreeMap<String, String>,
}

/// A file to be added.
pub(super) struct Addition<'a> {
    pub(super) path: Cow<'a, str>,
    /// The path that determines the media type.
    pub(super) type_path: Cow<'a, str>,
    /// The media type, if it differs from the path's type.
    pub(super) media_type: Option<String>,
    pub(super) content: Bytes,
    pub(super) modified: Option<Duration>,
    pub(super) cache_control: Option<String>,
    /// The value of `Content-Disposition`.
    pub(super) disposition: Option<String>,
}

impl<'a> Addition<'a> {
    /// A file of which nothing is stated.
    pub(super) fn new(path: &'a str, content: Bytes) -> Addition<'a> {
        Addition {
            path: path.into(),
            type_path: path.into(),
            media_type: None,
            content,
            modified: None,
            cache_control: None,
            disposition: None,
        }
    }
}

impl Memory {
    /// Returns the file at a path. A path with a slash at its end has the directory's index.
    #[inline]
    pub(super) fn get(&self, path: &[u8]) -> Option<&File> {
        self.files.get(path)
    }

    /// Like [`get`](Memory::get), but follows links.
    pub(super) fn find(&self, path: &str) -> Option<&File> {
        match self.get(path.as_bytes()) {
            None if !self.links.is_empty() => self.get(self.resolve(path).as_bytes()),
            found => found,
        }
    }

    /// Returns whether a path, which ends with a slash, is a directory.
    pub(super) fn is_directory(&self, path: &str) -> bool {
        self.directories.contains(path) || self.directories.contains(&self.resolve(path))
    }

    /// Returns the entries of a directory whose path ends with a slash.
    pub(super) fn entries(&self, path: &str) -> Vec<Entry> {
        let mut entries = self.own_entries(path);
        let resolved = self.resolve(path);
        if resolved != path {
            // A directory of this site may lie over a link of another one.
            entries.extend(self.own_entries(&resolved));
        }
        entries
    }

    fn own_entries(&self, path: &str) -> Vec<Entry> {
        let directories = self
            .directories
            .range(path.to_string()..)
            .map(String::as_str);
        let links = self
            .links
            .range(path.to_string()..)
            .map(|(link, _)| link.as_str());
        let inside = |it: &&str| it.starts_with(path);
        let folders = directories
            .take_while(inside)
            .filter_map(|folder| folder.get(path.len()..)?.strip_suffix('/'))
            .chain(
                links
                    .take_while(inside)
                    .filter_map(|link| link.get(path.len()..)),
            )
            .filter(|name| !name.is_empty() && !name.contains('/'))
            .map(|name| Entry {
                name: name.into(),
                kind: Kind::Directory,
                modified: None,
            });
        let files = self.paths().filter_map(|file| {
            let name = file.strip_prefix(path)?;
            let file = self.get(file.as_bytes())?;
            (!name.contains('/')).then(|| Entry {
                name: name.into(),
                kind: Kind::File {
                    bytes: file.length(),
                },
                modified: file.modified(),
            })
        });
        folders.chain(files).collect()
    }

    /// Returns the paths of all files, in no order.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        let paths = self.files.keys();
        paths
            .filter_map(|path| core::str::from_utf8(path).ok())
            .filter(|path| !path.ends_with('/'))
    }

    /// Adds a file, or replaces the one with the same path. Returns whether its headers can be sent.
    pub(super) fn insert(&mut self, added: &Addition<'_>, options: &SiteOptions) -> bool {
        let Some(file) = self.file(added, options) else {
            return false;
        };
        self.put(&added.path, file, options);
        // This may be a compressed form of a file that was added before.
        let original = Coding::of_suffix(&added.path).map(|(path, _)| path);
        if let Some(path) = original.filter(|_| options.precompressed) {
            self.renew(path, options);
        }
        true
    }

    /// Adds a link to a directory. Neither path ends with a slash.
    #[cfg(feature = "folder")]
    pub(super) fn link(&mut self, path: &str, target: &str) {
        self.links.insert(path.to_string(), target.to_string());
        self.add_parents(path);
    }

    /// Adds the files that another site has and this one has not.
    pub(super) fn merge(&mut self, lower: Memory, options: &SiteOptions) {
        for (path, file) in lower.files {
            let path = core::str::from_utf8(&path).unwrap_or("/");
            // The options of this site decide which files are indexes.
            if !path.ends_with('/') && self.get(path.as_bytes()).is_none() {
                self.put(path, file, options);
            }
        }
        for (path, target) in lower.links {
            self.links.entry(path).or_insert(target);
        }
        self.directories.extend(lower.directories);
    }

    /// Creates a file with the compressed forms that the site has.
    fn file(&self, added: &Addition<'_>, options: &SiteOptions) -> Option<File> {
        let mut coded = Vec::new();
        if options.precompressed {
            for coding in Coding::ALL {
                let path = [&added.path, coding.suffix()].concat();
                if let Some(content) = self.get(path.as_bytes()).and_then(File::bytes) {
                    coded.push((coding, content.clone()));
                }
            }
        }
        #[cfg(feature = "compression")]
        if options.compressed && coded.iter().all(|(coding, _)| *coding != Coding::Gzip) {
            let media_type = match &added.media_type {
                Some(media_type) => media_type.into(),
                None => options.media_type_of(&added.type_path),
            };
            let best = flate2::Compression::best();
            let compressed = compress(&media_type, &added.content, best);
            coded.extend(compressed.map(|content| (Coding::Gzip, content)));
        }
        let named = Representation::named(&added.path, options);
        let plain = Representation {
            // The suffix of a coding has been taken from it.
            type_path: if added.type_path == added.path {
                named.type_path
            } else {
                &added.type_path
            },
            media_type: added.media_type.as_deref(),
            modified: added.modified,
            varies: !coded.is_empty(),
            cache_control: added.cache_control.as_deref(),
            disposition: added.disposition.as_deref(),
            ..named
        };
        let file = plain.file(FileContent::Memory(added.content.clone()), options)?;
        let coded = coded.into_iter().map(|(coding, content)| {
            let coded = Representation {
                coding: Some(coding),
                ..plain
            };
            let file = coded.file(FileContent::Memory(content), options)?;
            Some((coding, file))
        });
        Some(file.with_coded(coded.collect::<Option<_>>()?))
    }

    /// Prepares a file again, after one of its compressed forms was added.
    fn renew(&mut self, path: &str, options: &SiteOptions) {
        let Some((file, content)) = self
            .get(path.as_bytes())
            .and_then(|it| Some((it, it.bytes()?)))
        else {
            return;
        };
        let added = Addition {
            media_type: Some(file.media_type().to_string()),
            modified: file.modified(),
            cache_control: file.cache_control().map(String::from),
            disposition: file.disposition().map(String::from),
            ..Addition::new(path, content.clone())
        };
        if let Some(file) = self.file(&added, options) {
            self.put(path, file, options);
        }
    }

    fn put(&mut self, path: &str, file: File, options: &SiteOptions) {
        let (directory, name) = path.split_at(path.rfind('/').map_or(0, |slash| slash + 1));
        let rank = options.index.iter().position(|index| index == name);
        if let Some(better) = rank.and_then(|rank| options.index.get(..rank)) {
            let is_there =
                |index: &String| self.get([directory, index].concat().as_bytes()).is_some();
            if !better.iter().any(is_there) {
                self.files.insert(directory.as_bytes().into(), file.clone());
            }
        }
        self.files.insert(path.as_bytes().into(), file);
        self.add_parents(path);
    }

    fn add_parents(&mut self, path: &str) {
        for (slash, _) in path.rmatch_indices('/') {
            let directory = path.get(..=slash).unwrap_or_default();
            if self.directories.contains(directory) {
                break;
            }
            self.directories.insert(directory.to_string());
        }
    }

    /// Returns a path without links.
    fn resolve(&self, path: &str) -> String {
        let mut resolved = String::with_capacity(path.len());
        for part in path.split_inclusive('/') {
            let name = part.strip_suffix('/').unwrap_or(part);
            resolved.push_str(name);
            // A link at the end, without a slash, is not a file.
            if name.len() < part.len() {
                if let Some(target) = self.links.get(&resolved) {
                    resolved.clone_from(target);
                }
                resolved.push('/');
            }
        }
        resolved
    }
}

/// Compresses text. Returns `None` if it does not become smaller.
#[cfg(feature = "compression")]
pub(super) fn compress(
    media_type: &str,
    content: &Bytes,
    level: flate2::Compression,
) -> Option<Bytes> {
    use crate::middleware::{gains, gzip};
    if !gains(media_type.as_bytes()) {
        return None;
    }
    let compressed = gzip(content, level).ok()?;
    (compressed.len() < content.len()).then(|| compressed.into())
}
