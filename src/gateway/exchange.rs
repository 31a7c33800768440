//! State that a session keeps for an exchange that takes more than one step.

use super::chain::Chain;
use crate::application::middleware::RequestInfo;
use crate::application::upload::Receiver;
use crate::message::body::Blocks;
use crate::message::extensions::Extensions;
use crate::message::head::Head;
use crate::message::response::{LaterResponse, Response};
use crate::values::method::Method;
use crate::values::now::Now;
use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// The state of an exchange that takes more than one step.
#[derive(Default)]
pub(super) struct Exchange {
    pub(super) extensions: Extensions,
    /// What the application has added for itself when it admitted the content.
    pub(super) added: Extensions,
    /// What the middleware needs to know about the request when the response is ready.
    pub(super) record: Option<Record>,
    pub(super) receiver: Option<Box<dyn Receiver>>,
    pub(super) later: Option<LaterResponse>,
    pub(super) blocks: Option<Blocks>,
}

/// The parts of a request that middleware needs when the response is ready.
pub(super) struct Record {
    method: Option<Method>,
    line: Vec<u8>,
    now: Now,
}

/// Returns the parts of a head that middleware needs when the response is ready.
pub(super) fn known<'h>(head: &Head<'h>) -> (Option<Method>, &'h [u8]) {
    (Some(head.method()), head.line())
}

impl Chain<'_, '_> {
    /// Returns whether there is any middleware.
    #[inline]
    pub(super) fn has_middlewares(&self) -> bool {
        !self.gateway.middlewares.is_empty()
    }

    /// Passes a response to the middleware. For a deferred response, returns the state to keep instead; the
    /// middleware sees it once it is ready.
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
    /// Returns the extensions that the application sees.
    pub(super) fn for_application(&mut self) -> Cow<'_, Extensions> {
        if self.added.is_empty() {
            return Cow::Borrowed(&self.extensions);
        }
        let mut extensions = self.extensions.clone();
        extensions.extend(core::mem::take(&mut self.added));
        Cow::Owned(extensions)
    }

    /// Passes a response to the middleware, unless it is deferred again.
    pub(super) fn after(&self, chain: Chain<'_, '_>, response: &mut Response) {
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
        chain: Chain<'_, '_>,
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
