//! The parts of a request that outlive its head.

use crate::message::head::Head;
use crate::request::extensions::Extensions;
use crate::response::response::Response;
use crate::values::method::Method;
use crate::values::now::Now;
use crate::values::protocol_error::ProtocolError;
use alloc::vec::Vec;

/// The parts of a request that are needed when its head is gone.
pub(super) struct Record {
    pub(super) method: Option<Method>,
    /// The request line, and the host after it.
    text: Vec<u8>,
    line_bytes: usize,
    /// Whether the head was valid.
    pub(super) has_head: bool,
    pub(super) now: Now,
}

/// The method and the request line, as far as they are known.
#[derive(Clone, Copy)]
pub(super) struct RequestLine<'h> {
    pub(super) method: Option<Method>,
    pub(super) bytes: &'h [u8],
    /// The head, if it is valid.
    pub(super) head: Option<Head<'h>>,
    /// The error for which the request was refused.
    pub(super) refused: Option<ProtocolError>,
}

/// Returns whether the request is needed after its head is gone: the response is deferred, or it has failed, or its body
/// may fail.
#[inline(always)]
pub(super) fn may_need_record(response: &Response) -> bool {
    response.exception.is_some()
        || response.status.is_informational()
        || response.body.as_bytes().is_none()
}

impl Record {
    pub(super) fn of(line: RequestLine<'_>, now: Now, extensions: &Extensions) -> Record {
        let head = line.head.map(|head| extensions.head_for(head));
        let authority = head.and_then(|head| head.authority());
        let host = authority.map_or("", |authority| authority.host);
        Record {
            method: line.method,
            text: [line.bytes, host.as_bytes()].concat(),
            line_bytes: line.bytes.len(),
            has_head: line.head.is_some(),
            now,
        }
    }

    /// Returns the request line, and the host if the head was valid. It is empty if the client named none.
    pub(super) fn line_and_host(&self) -> (&[u8], Option<&str>) {
        let (line, host) = self.text.split_at(self.line_bytes);
        let host = core::str::from_utf8(host).ok();
        (line, host.filter(|_| self.has_head))
    }
}

impl<'h> RequestLine<'h> {
    pub(super) fn of(head: &Head<'h>) -> RequestLine<'h> {
        RequestLine {
            method: Some(head.method()),
            bytes: head.line(),
            head: Some(*head),
            refused: None,
        }
    }
}
