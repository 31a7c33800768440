//! The request headers in the access log.

use super::request_info::RequestInfo;
use crate::headers::headers::Headers;
use crate::message::head::Head;
use alloc::boxed::Box;

/// The maximum length of a logged value, in bytes. Longer ones are truncated, so that clients cannot fill the log.
pub(super) const VALUE_BYTES: usize = 1024;

/// The request headers that are logged. They are copied, because the head may be dropped before the response is ready.
#[derive(Clone)]
pub(super) struct Named {
    pub(super) referer: Option<Box<[u8]>>,
    pub(super) user_agent: Option<Box<[u8]>>,
    pub(super) host: Option<Box<str>>,
}

impl Named {
    pub(super) fn in_head(head: &Head<'_>) -> Named {
        let headers = head.headers();
        Named {
            referer: first(headers, "Referer"),
            user_agent: first(headers, "User-Agent"),
            host: head.authority().map(|authority| authority.host.into()),
        }
    }

    /// Returns the headers that were copied from a request, if its head was valid.
    pub(super) fn of<'r>(request: &RequestInfo<'r>) -> Option<&'r Named> {
        request.extensions.get()
    }
}

/// Returns the first header with this name, cut one byte after the maximum length.
fn first(headers: Headers<'_>, name: &str) -> Option<Box<[u8]>> {
    let value = headers.get_all(name).next()?;
    Some(value[..value.len().min(VALUE_BYTES + 1)].into())
}
