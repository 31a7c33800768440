//! Requests of browsers for pages that they show.

use crate::message::head::Head;
use crate::syntax::byte_class::trim;

/// The headers that tell.
pub(super) const HEADERS: &str = "Accept, Sec-Fetch-Mode";

/// Returns whether a request is for a page that a browser is to show, and not for a part of a page or for data. Returns
/// `None` if the request does not tell.
pub(super) fn is_meant(head: &Head<'_>) -> Option<bool> {
    let headers = head.headers();
    if let Some(mode) = headers.get("Sec-Fetch-Mode") {
        return Some(mode.eq_ignore_ascii_case("navigate"));
    }
    let (mut tells, mut is_open) = (false, false);
    for types in headers.get_all("Accept") {
        for accepted in types.split(|&byte| byte == b',') {
            let media_type = accepted.split(|&byte| byte == b';').next();
            let media_type = trim(media_type.unwrap_or_default());
            if media_type.eq_ignore_ascii_case(b"text/html") {
                return Some(true);
            }
            tells = true;
            is_open |= media_type == b"*/*";
        }
    }
    // Clients that are no browsers accept anything, or say nothing.
    (tells && !is_open).then_some(false)
}
