//! Suffixes of paths, such as `.py`.

use crate::site::paths::INDEX;

/// Returns whether a path ends in a suffix. The path of a directory is treated like its index, so `/` cannot
/// bypass the suffix of `/index.html`.
#[inline]
pub(super) fn matches(path: &[u8], suffix: &str) -> bool {
    let suffix_bytes = suffix.as_bytes();
    // Most suffixes differ in the last byte.
    let is_likely = suffix.is_empty() || path.last() == suffix_bytes.last();
    is_likely && path.ends_with(suffix_bytes)
        || path.ends_with(b"/") && index_ends_with(path, suffix)
}

/// Returns whether the index of a directory ends in a suffix.
#[cold]
fn index_ends_with(path: &[u8], suffix: &str) -> bool {
    let before_index = suffix.strip_suffix(INDEX);
    INDEX.ends_with(suffix) || before_index.is_some_and(|rest| path.ends_with(rest.as_bytes()))
}
