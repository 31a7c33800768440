//! What middleware has rewritten in a request: its head, and the information about its connection.

use crate::message::head::Head;
use crate::message::whole_head;
use crate::syntax::layout::Layout;
use crate::syntax::target::Target;
use crate::values::connection_info::ConnectionInfo;
use crate::values::scheme::Scheme;
use crate::values::sync::Arc;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// The parts of a request that middleware has rewritten. They are kept with its extensions, and take the place of the
/// parts that were received, for everything after the middleware.
#[derive(Clone)]
pub(crate) struct Rewritten {
    pub(crate) connection: ConnectionInfo,
    pub(crate) head: Option<Arc<RewrittenHead>>,
}

/// A head that differs from the one that was received.
pub(crate) struct RewrittenHead {
    bytes: Vec<u8>,
    layout: Box<Layout>,
    /// The length of the prefixes that were put before the path.
    prefix: usize,
}

/// The changes to a head.
pub(crate) struct HeadChanges<'c> {
    /// The host and port that take the place of the ones that were sent.
    pub(crate) host: Option<&'c str>,
    /// The prefix to put before the path. It is empty, or begins with a slash, ends without one and has no escapes.
    pub(crate) prefix: &'c str,
    /// Returns whether the headers with a name are left out.
    pub(crate) leaves_out: &'c dyn Fn(&str) -> bool,
}

impl RewrittenHead {
    /// Rewrites a head. Returns `None` if the result would not be valid.
    pub(crate) fn new(
        head: Head<'_>,
        scheme: Scheme,
        changes: &HeadChanges<'_>,
    ) -> Option<RewrittenHead> {
        let mut bytes = Vec::with_capacity(head.bytes().len() + changes.prefix.len() + 64);
        let mut write =
            |parts: &[&[u8]]| parts.iter().for_each(|part| bytes.extend_from_slice(part));
        let is_same_target = changes.host.is_none() && changes.prefix.is_empty();
        let mut prefix = 0;
        write(&[head.method_token().as_bytes(), b" "]);
        match head.target() {
            Target::Origin(target) | Target::Absolute { path: target, .. }
                if !is_same_target && target.path.starts_with('/') =>
            {
                prefix = changes.prefix.len();
                write(&[changes.prefix.as_bytes(), target.path.as_bytes()]);
                if let Some(query) = target.query {
                    write(&[b"?", query.as_bytes()]);
                }
            }
            _ => write(&[head.target_text().as_bytes()]),
        }
        write(&[b" ", head.version().as_str().as_bytes(), b"\r\n"]);
        if let Some(host) = changes.host {
            write(&[b"Host: ", host.as_bytes(), b"\r\n"]);
        }
        for (name, value) in head.headers() {
            let is_replaced = changes.host.is_some() && name.eq_ignore_ascii_case("host");
            if !is_replaced && !(changes.leaves_out)(name) {
                write(&[name.as_bytes(), b": ", value, b"\r\n"]);
            }
        }
        write(&[b"\r\n"]);
        Some(RewrittenHead {
            layout: whole_head::layout_of(&bytes, scheme).ok()?,
            bytes,
            prefix,
        })
    }

    /// Adds the length of a prefix that was put before the path earlier.
    pub(crate) fn after_prefix(mut self, length: usize) -> RewrittenHead {
        self.prefix += length;
        self
    }

    pub(crate) fn head(&self) -> Head<'_> {
        Head::new(&self.bytes, &self.layout)
    }
}

impl Rewritten {
    /// Returns the head that takes the place of one that was received.
    pub(crate) fn head_for<'h>(&'h self, received: Head<'h>) -> Head<'h> {
        self.head.as_ref().map_or(received, |head| head.head())
    }

    /// Returns the head, the connection and the length of the prefix.
    #[cold]
    pub(crate) fn parts_for<'h>(
        &'h self,
        received: Head<'h>,
    ) -> (Head<'h>, &'h ConnectionInfo, usize) {
        (self.head_for(received), &self.connection, self.prefix())
    }

    /// Returns the length of the prefix that was put before the path.
    pub(crate) fn prefix(&self) -> usize {
        self.head.as_ref().map_or(0, |head| head.prefix)
    }
}
