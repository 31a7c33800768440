//! The place that a request is for: a host, a path and a query.

use crate::syntax::authority::Authority;

/// The place that a request is for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    /// The scheme and the host, as far as the target names them.
    pub(super) origin: &'a str,
    /// The host with an optional port.
    pub(super) authority: &'a str,
    pub(super) path: &'a str,
    pub(super) query: Option<&'a str>,
}

impl Place<'_> {
    /// Returns the host without its port.
    pub(super) fn host(&self) -> &str {
        Authority::parse(self.authority).map_or(self.authority, |authority| authority.host)
    }

    /// Returns whether an authority is the same host with the same port. 80 and 443 are the same as none.
    pub(super) fn is_at(&self, authority: &str) -> bool {
        let port =
            |authority: &Authority<'_>| authority.port.filter(|port| !matches!(port, 80 | 443));
        match (
            Authority::parse(self.authority),
            Authority::parse(authority),
        ) {
            (Some(own), Some(other)) => own.same_host(&other) && port(&own) == port(&other),
            _ => false,
        }
    }
}

/// Splits text at the first question mark.
pub(super) fn split_query(text: &str) -> (&str, Option<&str>) {
    match text.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (text, None),
    }
}
