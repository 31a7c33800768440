//! The paths that a file of a site can have.

use crate::syntax::path;

/// The name of the file that is served for a directory by default.
pub(crate) const INDEX: &str = "index.html";

/// Returns whether a request can name this path, after decoding.
pub(super) fn is_servable(path: &str) -> bool {
    let Some(rest) = path.strip_prefix('/') else {
        return false;
    };
    rest.split('/').all(|segment| !segment.is_empty()) && path::is_plain(path)
}
