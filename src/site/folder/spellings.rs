//! Names in folders whose characters are not composed.

use crate::files::open_file::Stamp;
use crate::site::spelling::compose;
use crate::values::sync::Arc;
use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use std::ffi::OsString;
use std::io;
use std::time::{Duration, Instant};

/// The names of folders that are not composed, as macOS writes them. Most folders have none, and then a missing path
/// costs little more than an existing one.
pub(super) struct Spellings(Cache<Box<str>, Arc<Names>, Size>);

/// At most this many names of a folder are searched.
pub(super) const MOST_NAMES: usize = 4096;
/// The memory for all folders.
const MOST_BYTES: u64 = 8 * 1024 * 1024;
/// A folder that changes constantly is read so rarely that reading takes at most 1/`SHARE` of the time.
const SHARE: u32 = 20;

/// The names in one folder that are not composed.
pub(super) struct Names {
    stamp: Stamp,
    is_settled: bool,
    /// The folder is not read again before this time.
    keep_until: Instant,
    /// The composed form and the name, in order.
    names: Box<[(Box<str>, Box<str>)]>,
}

impl Spellings {
    pub(super) fn new() -> Spellings {
        Spellings(Cache::with_weighter(256, MOST_BYTES, Size))
    }

    /// Returns the names of a folder with the given path and state. `read` returns all of its names, and is only called if
    /// the folder may have changed.
    pub(super) fn of(
        &self,
        folder: &str,
        stamp: Stamp,
        read: impl FnOnce() -> io::Result<Vec<OsString>>,
    ) -> io::Result<Arc<Names>> {
        let start = Instant::now();
        let known = self.0.get(folder);
        let holds = |it: &Arc<Names>| it.is_settled && it.stamp == stamp || start < it.keep_until;
        if let Some(known) = known.filter(holds) {
            return Ok(known);
        }
        let is_settled = stamp.is_settled();
        let names = read()?;
        let now = Instant::now();
        let pause = (now - start)
            .saturating_mul(SHARE)
            .min(Duration::from_secs(10));
        let names = Arc::new(Names {
            stamp,
            is_settled,
            keep_until: now + pause,
            names: not_composed(&names),
        });
        self.0.insert(folder.into(), names.clone());
        Ok(names)
    }
}

impl Names {
    /// Returns the name in the folder for a composed one, if the two differ.
    pub(super) fn find(&self, composed: &str) -> Option<&str> {
        let place = self.names.partition_point(|(other, _)| &**other < composed);
        let (other, name) = self.names.get(place)?;
        (**other == *composed).then_some(name)
    }
}

/// Returns the composed form and the name for names that are not composed. Of equal names, a composed one comes first.
fn not_composed(names: &[OsString]) -> Box<[(Box<str>, Box<str>)]> {
    let texts = names.iter().filter_map(|name| name.to_str());
    let mut found: Vec<(Box<str>, Box<str>)> = texts
        .clone()
        .filter_map(|name| match compose(name)? {
            Cow::Borrowed(_) => None,
            Cow::Owned(composed) => Some((composed.into(), name.into())),
        })
        .collect();
    if !found.is_empty() {
        let there: BTreeSet<&str> = texts.collect();
        found.retain(|(composed, _)| !there.contains(&**composed));
        found.sort_unstable();
    }
    found.into()
}

#[derive(Clone)]
struct Size;

impl Weighter<Box<str>, Arc<Names>> for Size {
    fn weight(&self, folder: &Box<str>, names: &Arc<Names>) -> u64 {
        // The struct fields, and the tables around them.
        const OVERHEAD: usize = 256;
        const OF_NAME: usize = 64;
        let names = names.names.iter();
        let names = names.map(|(composed, name)| composed.len() + name.len() + OF_NAME);
        (OVERHEAD + folder.len() + names.sum::<usize>()) as u64
    }
}
