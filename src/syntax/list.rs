//! Comma-separated lists (RFC 9110 section 5.6.1).

use super::byte_class::trim;

/// Returns the elements of a list of tokens or other values without quoted strings. Empty elements are skipped, as
/// section 5.6.1.2 requires of recipients.
pub(crate) fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value
        .split(|&octet| octet == b',')
        .map(trim)
        .filter(|element| !element.is_empty())
}
