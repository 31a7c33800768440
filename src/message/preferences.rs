//! Weighted lists, on one line or several.

use crate::headers::headers::Headers;
use crate::syntax::quality::{Preference, preferences};

/// The maximum number of members read from a weighted list. Each is compared with each offer, so this bounds the cost
/// of a request. Browsers send about ten.
const MEMBERS: usize = 100;

/// Returns the first [`MEMBERS`] valid members of a weighted list, which may span several lines.
pub(crate) fn preferences_in<'a>(
    headers: Headers<'a>,
    name: &str,
) -> impl Iterator<Item = Preference<'a>> {
    headers.get_all(name).flat_map(preferences).take(MEMBERS)
}
