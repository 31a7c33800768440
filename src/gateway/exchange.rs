//! What a session keeps of an exchange that takes more than one step.

use super::chain::Chain;
use crate::application::middleware::RequestInfo;
use crate::application::upload::Receiver;
use crate::message::body::Blocks;
use crate::message::extensions::Extensions;
use crate::message::head::Head;
use crate::message::response::{LaterResponse, Response};
use crate::values::method::Method;
use crate::values::now::Now;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// An exchange that takes more than one step.
#[derive(Default)]
pub(super) struct Exchange {
    pub(super) extensions: Extensions,
    /// What the middlewares will want to know after it.
    pub(super) record: Option<Record>,
    pub(super) receiver: Option<Box<dyn Receiver>>,
    pub(super) later: Option<LaterResponse>,
    pub(super) blocks: Option<Blocks>,
}

/// A request as middlewares know it after the answer.
pub(super) struct Record {
    method: Option<Method>,
    line: Vec<u8>,
    now: Now,
}

/// What middlewares want to know of a request when it is answered.
pub(super) fn known<'h>(head: &Head<'h>) -> (Option<Method>, &'h [u8]) {
    (Some(head.method()), head.line())
}

impl Chain<'_> {
    /// Whether anybody must see the answer, or wait for it: mostly nobody.
    #[inline]
    pub(super) fn is_needed_after(&self, response: &Response) -> bool {
        !self.gateway.middlewares.is_empty() || response.is_later()
    }

    /// Shows an answer to the middlewares; what is to be kept for one that comes later, which they see when it is there.
    pub(super) fn keep(
        &self,
        response: &mut Response,
        method: Option<Method>,
        line: &[u8],
        now: Now,
        extensions: Extensions,
    ) -> Option<Box<Exchange>> {
        if response.is_later() {
            return Some(Box::new(Exchange {
                extensions,
                record: Record::wanted(*self, method, line, now),
                ..Exchange::default()
            }));
        }
        let info = RequestInfo::new(method, line, now, self.connection, &extensions);
        self.after(&info, response);
        None
    }
}

impl Exchange {
    /// Shows an answer to the middlewares, unless it is to come later still.
    pub(super) fn after(&self, chain: Chain<'_>, response: &mut Response) {
        if let (Some(record), false) = (&self.record, response.is_later()) {
            let (method, line) = (record.method, &record.line[..]);
            let info =
                RequestInfo::new(method, line, record.now, chain.connection, &self.extensions);
            chain.after(&info, response);
        }
    }
}

impl Record {
    pub(super) fn wanted(
        chain: Chain<'_>,
        method: Option<Method>,
        line: &[u8],
        now: Now,
    ) -> Option<Record> {
        let is_wanted = !chain.gateway.middlewares.is_empty();
        is_wanted.then(|| Record {
            method,
            line: line.to_vec(),
            now,
        })
    }
}
