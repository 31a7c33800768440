//! A folder that is served live.

use super::current_root::CurrentRoot;
use super::error::{FolderError, Skipped};
use super::failure::Failure;
use super::root::{Opened, Root, RootEntries};
use crate::files::memory_budget::{Lease, MemoryBudget};
use crate::files::open_file::{Stamp, read_whole};
use crate::files::stored_file::StoredFile;
use crate::message::coding::Coding;
use crate::site::file::{File, FileContent, Representation};
use crate::site::listing::{Entry, Kind};
#[cfg(feature = "compression")]
use crate::site::memory::compress;
use crate::site::options::SiteOptions;
use crate::values::now::Now;
use crate::values::sync::Arc;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use bytes::Bytes;
use quick_cache::sync::Cache;
use quick_cache::{OptionsBuilder, Weighter};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// Files of up to this size are kept in memory, if the cache is not too small for them.
const SMALL_BYTES: u64 = 4 * 1024 * 1024;
/// Files from this size on are kept in memory that the system can send without copying it. Each needs one of the file
/// descriptors of the process.
const SENT_BYTES: u64 = 256 * 1024;
/// Files of text from this size on are compressed, if that is wanted. A smaller one hardly fills a packet.
#[cfg(feature = "compression")]
const COMPRESSED_BYTES: usize = 1024;
/// How long a file is served from memory before it is compared with the folder again.
const FRESH: Duration = Duration::from_millis(10);
/// The maximum number of entries in the list of a directory.
const LISTED: usize = 20_000;

/// A folder that is served live, with small files cached in memory.
pub(in crate::site) struct LiveFolder {
    root: CurrentRoot,
    options: Arc<SiteOptions>,
    cache: Cache<Box<str>, Arc<Cached>, Size>,
    /// Files of up to this size are kept in memory.
    small_bytes: u64,
    /// For entries in the cache, and for entries held only by responses.
    memory: Arc<MemoryBudget>,
    /// Whether a failure was reported since the last file was found.
    is_failing: Arc<AtomicBool>,
    /// Held while a file in memory is replaced.
    replacing: Mutex<()>,
}

/// A small file in memory.
struct Cached {
    file: Arc<File>,
    stamps: Vec<Stamp>,
    /// Whether a later change could leave the stamps unchanged.
    is_settled: bool,
    checked: Mutex<Checked>,
}

/// When the last comparison of a file with the folder began, by both clocks.
#[derive(Clone, Copy)]
struct Checked {
    now: Duration,
    real: Instant,
}

#[derive(Clone)]
struct Size;

impl Weighter<Box<str>, Arc<Cached>> for Size {
    fn weight(&self, path: &Box<str>, cached: &Arc<Cached>) -> u64 {
        // The struct fields, and the tables around them.
        const OVERHEAD: u64 = 1024;
        cached.file.length_in_memory() + path.len() as u64 + OVERHEAD
    }
}

/// Creates a cache. Each of its parts is large enough for a file of the maximum size.
fn cache(bytes: u64) -> Cache<Box<str>, Arc<Cached>, Size> {
    const PART_BYTES: u64 = 2 * SMALL_BYTES;
    const MOST_PARTS: u64 = 64;
    let parts = (bytes / PART_BYTES).clamp(1, MOST_PARTS);
    // Otherwise, the number would be rounded up to a power of two.
    let parts = 1 << parts.ilog2();
    let expected = usize::try_from(bytes / 4096).unwrap_or(usize::MAX);
    let options = OptionsBuilder::new()
        .estimated_items_capacity(expected)
        .weight_capacity(bytes)
        .shards(parts)
        .build()
        .expect("the capacities are given");
    Cache::with_options(options, Size, Default::default(), Default::default())
}

impl LiveFolder {
    pub(in crate::site) fn open(
        folder: &Path,
        options: Arc<SiteOptions>,
    ) -> io::Result<LiveFolder> {
        Ok(LiveFolder {
            root: CurrentRoot::open(folder, options.clone())?,
            is_failing: Arc::default(),
            cache: cache(options.cache_bytes),
            small_bytes: SMALL_BYTES.min(options.cache_bytes / 2),
            memory: Arc::new(MemoryBudget::new(options.cache_bytes.saturating_mul(2))),
            replacing: Mutex::new(()),
            options,
        })
    }

    /// Returns the file at a path.
    ///
    /// # Errors
    /// Returns an error if the folder is gone, if the system is out of resources, or on an I/O error.
    pub(in crate::site) fn find(&self, path: &str, now: Now) -> Result<Option<Arc<File>>, Failure> {
        if path.ends_with('/') {
            return Ok(None);
        }
        let cached = self.cache.get(path);
        if let Some(cached) = &cached {
            if cached.is_fresh(now) {
                return Ok(Some(cached.file.clone()));
            }
        }
        match self.read(path, cached, now) {
            Ok(found) => {
                self.is_failing.store(false, Ordering::Relaxed);
                Ok(found)
            }
            Err(error) => Err(Failure::new(error, self.is_failing.clone())),
        }
    }

    /// Returns the file at a path as it is in the folder now. `cached` is its last known state.
    fn read(
        &self,
        path: &str,
        cached: Option<Arc<Cached>>,
        now: Now,
    ) -> Result<Option<Arc<File>>, FolderError> {
        let checked = Checked::at(now);
        let root = self.root.now()?;
        let failed = |error| FolderError::io(&root.path_of(path), error);
        let Some(forms) = self.open_forms(&root, path).map_err(failed)? else {
            if cached.is_some() {
                self.cache.remove(path);
            }
            return Ok(None);
        };
        let stamps: Vec<Stamp> = forms.iter().map(|form| form.stamp).collect();
        if let Some(cached) = cached.filter(|it| it.is_settled && it.stamps == stamps) {
            cached.checked_again(checked);
            return Ok(Some(cached.file.clone()));
        }
        let is_small = stamps
            .iter()
            .all(|stamp| stamp.length() <= self.small_bytes);
        let is_settled = stamps.iter().all(Stamp::is_settled);
        let (file, is_in_memory) = self.file(path, forms, is_small).map_err(failed)?;
        let file = Arc::new(file);
        if is_in_memory {
            self.keep(
                path,
                Cached {
                    file: file.clone(),
                    stamps,
                    is_settled,
                    checked: Mutex::new(checked),
                },
            );
        } else {
            self.cache.remove(path);
        }
        Ok(Some(file))
    }

    /// Keeps a file in memory, unless another thread has read the folder later and kept its result.
    fn keep(&self, path: &str, cached: Cached) {
        let _replacing = lock(&self.replacing);
        let is_pending = |kept: Arc<Cached>| kept.last_checked().real > cached.last_checked().real;
        if !self.cache.peek(path).is_some_and(is_pending) {
            self.cache.insert(path.into(), Arc::new(cached));
        }
    }

    /// Returns whether a path, which ends with a slash, is a folder.
    pub(in crate::site) fn is_directory(&self, path: &str) -> bool {
        let root = self.root.now();
        root.is_ok_and(|root| matches!(root.get(path), Ok(Some(Opened::Folder))))
    }

    /// Returns the entries of a folder, which are read one after the other.
    pub(in crate::site) fn entries(&self, path: &str) -> FolderEntries {
        let root = self.root.now().ok();
        FolderEntries {
            entries: root.and_then(|root| Root::entries(&root, path).ok()),
            left: LISTED,
            is_complete: true,
        }
    }

    /// Reports every entry below the folder that is not served. Links to folders are not followed.
    pub(in crate::site) fn survey(&self, report: &mut dyn FnMut(Skipped)) {
        let Ok(root) = self.root.now() else {
            return;
        };
        let mut waiting = Vec::from([String::from("/")]);
        while let Some(path) = waiting.pop() {
            let (folders, skipped) = root.survey(&path);
            waiting.extend(folders);
            skipped.into_iter().for_each(&mut *report);
        }
    }

    /// Opens a file and its compressed forms. The file itself comes first.
    fn open_forms(&self, root: &Root, path: &str) -> io::Result<Option<Vec<Form>>> {
        let Some(Opened::File(file, stamp)) = root.get(path)? else {
            return Ok(None);
        };
        let mut forms = Vec::from([Form {
            coding: None,
            file,
            stamp,
        }]);
        if self.options.precompressed {
            for coding in Coding::ALL {
                let other = [path, coding.suffix()].concat();
                if let Some(Opened::File(file, stamp)) = root.get(&other)? {
                    forms.push(Form {
                        coding: Some(coding),
                        file,
                        stamp,
                    });
                }
            }
        }
        Ok(Some(forms))
    }

    /// Creates a file from its forms. Also returns whether all of them are in memory.
    fn file(&self, path: &str, forms: Vec<Form>, is_small: bool) -> io::Result<(File, bool)> {
        let mut read = Vec::with_capacity(forms.len());
        for form in forms {
            read.push(self.read_form(form, is_small)?);
        }
        let is_in_memory = read.iter().all(|form| form.content.bytes().is_some());
        #[cfg(feature = "compression")]
        read.extend(self.compress(path, &read));
        let named = Representation {
            varies: read.len() > 1,
            cache_control: Some("no-cache"),
            ..Representation::named(path, &self.options)
        };
        let mut plain = None;
        let mut coded = Vec::new();
        for form in read {
            let representation = Representation {
                modified: form.modified,
                coding: form.coding,
                ..named
            };
            let file = representation.file(form.content.sent(), &self.options);
            let file = file.ok_or_else(|| io::Error::other("its media type cannot be sent"))?;
            match form.coding {
                None => plain = Some(file),
                Some(coding) => coded.push((coding, file)),
            }
        }
        let plain = plain.ok_or_else(|| io::Error::other("it has no plain form"))?;
        Ok((plain.with_coded(coded), is_in_memory))
    }

    /// Reads a form into memory, if it is small and memory is left.
    fn read_form(&self, form: Form, is_small: bool) -> io::Result<ReadForm> {
        let lease = || self.memory.lease(form.stamp.length());
        let content = match is_small.then(lease).flatten() {
            Some(memory) => {
                read_whole(&form.file, &form.stamp)?.map(|bytes| Content::Memory(bytes, memory))
            }
            None => None,
        };
        Ok(ReadForm {
            coding: form.coding,
            // A date, like a stamp, would be ambiguous for a file that is changing right now.
            modified: form.stamp.is_settled().then(|| form.stamp.modified()),
            content: content
                .unwrap_or_else(|| Content::Stored(StoredFile::new(form.file, form.stamp))),
        })
    }

    /// Compresses a file of text, if that is wanted, it has no such form, and memory is left.
    #[cfg(feature = "compression")]
    fn compress(&self, path: &str, forms: &[ReadForm]) -> Option<ReadForm> {
        let has_form = || forms.iter().any(|form| form.coding == Some(Coding::Gzip));
        let plain = forms.iter().find(|form| form.coding.is_none())?;
        let bytes = plain.content.bytes()?;
        if !self.options.compressed || bytes.len() < COMPRESSED_BYTES || has_form() {
            return None;
        }
        let named = Representation::named(path, &self.options);
        if named.own_coding.is_some() {
            return None;
        }
        let media_type = self.options.media_type_of(named.type_path);
        let compressed = compress(&media_type, bytes, flate2::Compression::default())?;
        let memory = self.memory.lease(compressed.len() as u64)?;
        Some(ReadForm {
            coding: Some(Coding::Gzip),
            modified: plain.modified,
            content: Content::Memory(compressed, memory),
        })
    }
}

/// A form of a file, with its content.
struct ReadForm {
    coding: Option<Coding>,
    modified: Option<Duration>,
    content: Content,
}

/// The content of a file: in memory, with a part of the budget, or in the system.
enum Content {
    Memory(Bytes, Lease),
    Stored(StoredFile),
}

impl Content {
    fn bytes(&self) -> Option<&Bytes> {
        match self {
            Content::Memory(bytes, _) => Some(bytes),
            Content::Stored(_) => None,
        }
    }

    /// Returns the content as it is sent. The system sends larger files without copying them.
    fn sent(self) -> FileContent {
        match self {
            Content::Memory(bytes, memory) if bytes.len() as u64 >= SENT_BYTES => {
                match StoredFile::in_memory(&bytes, memory) {
                    Ok(file) => FileContent::Stored(Arc::new(file)),
                    Err(memory) => FileContent::Memory(memory.hold(bytes)),
                }
            }
            Content::Memory(bytes, memory) => FileContent::Memory(memory.hold(bytes)),
            Content::Stored(file) => FileContent::Stored(Arc::new(file)),
        }
    }
}

/// The entries of a folder, one after the other. `None` is one that is not served.
pub(in crate::site) struct FolderEntries {
    entries: Option<RootEntries>,
    /// The number of entries that may follow.
    left: usize,
    is_complete: bool,
}

impl FolderEntries {
    /// Returns whether the entries up to the end were all.
    pub(in crate::site) fn is_complete(&self) -> bool {
        self.is_complete
    }
}

impl Iterator for FolderEntries {
    type Item = Option<Entry>;

    fn next(&mut self) -> Option<Option<Entry>> {
        let Some(entry) = self.entries.as_mut()?.next()? else {
            return Some(None);
        };
        if self.left == 0 {
            self.is_complete = false;
            return None;
        }
        self.left -= 1;
        Some(Some(Entry {
            name: entry.name.into(),
            kind: match entry.bytes {
                None => Kind::Directory,
                Some(bytes) => Kind::File { bytes },
            },
            modified: Some(entry.modified),
        }))
    }
}

/// A file, unchanged or compressed.
struct Form {
    coding: Option<Coding>,
    file: std::fs::File,
    stamp: Stamp,
}

impl Checked {
    fn at(now: Now) -> Checked {
        Checked {
            now: now.monotonic,
            real: Instant::now(),
        }
    }
}

impl Cached {
    /// Returns whether the file was compared with the folder just now, by both clocks. A frozen test clock is ignored.
    fn is_fresh(&self, now: Now) -> bool {
        let checked = self.last_checked();
        let is_just_now = |passed: Option<Duration>| {
            passed.is_some_and(|passed| passed > Duration::ZERO && passed < FRESH)
        };
        is_just_now(now.monotonic.checked_sub(checked.now))
            && is_just_now(Instant::now().checked_duration_since(checked.real))
    }

    fn last_checked(&self) -> Checked {
        *lock(&self.checked)
    }

    fn checked_again(&self, checked: Checked) {
        let mut last = lock(&self.checked);
        if last.real < checked.real {
            *last = checked;
        }
    }
}

/// Locks a mutex. Its data is always consistent, so a poisoned lock can be used.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|error| error.into_inner())
}
