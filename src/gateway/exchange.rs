//! State that a session keeps for an exchange that takes more than one step.

use super::chain::Chain;
use crate::body::body::Blocks;
use crate::connection::{BodyMode, Refusal};
use crate::message::head::Head;
use crate::middleware::RequestInfo;
use crate::request::extensions::Extensions;
use crate::request::request::Message;
use crate::response::response::{LaterResponse, Response};
use crate::upload::admission::{AbortReason, Admission, Receiver};
use crate::values::method::Method;
use crate::values::now::Now;
use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::task::{Context, Poll};
use core::time::Duration;

/// The state of an exchange that takes more than one step.
#[derive(Default)]
pub(super) struct Exchange {
    pub(super) extensions: Extensions,
    /// What the application has added for itself when it admitted the body.
    pub(super) added: Extensions,
    /// What the middleware needs to know about the request when the response is ready.
    pub(super) record: Option<Record>,
    pub(super) receiver: Option<Box<dyn Receiver>>,
    /// When the receiver was first not ready since it was ready last.
    pub(super) waits_since: Option<Duration>,
    pub(super) later: Option<LaterResponse>,
    pub(super) blocks: Option<Blocks>,
}

/// The parts of a request that middleware needs when the response is ready.
pub(super) struct Record {
    method: Option<Method>,
    line: Vec<u8>,
    now: Now,
}

/// The start of an exchange whose request has a body.
pub(super) enum Begun {
    /// The body is wanted.
    Admitted(BodyMode, Box<Exchange>),
    /// The response, and what to keep if it is deferred.
    Refused(Response, Option<Box<Exchange>>),
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

    /// Asks the middleware and the application about the body of a request, before it is read.
    pub(super) fn begin(&self, head: Head<'_>, now: Now, mut extensions: Extensions) -> Begun {
        let admission = self.admit(head, &now, &mut extensions);
        let (method, line) = known(&head);
        let mut added = Extensions::new();
        let (plan, receiver) = match admission {
            Admission::Refuse(mut response) => {
                let kept = self.keep(&mut response, method, line, now, extensions);
                return Begun::Refused(response, kept);
            }
            Admission::Buffer => (BodyMode::Buffer, None),
            Admission::BufferUpTo(limit) => (BodyMode::BufferUpTo(limit), None),
            Admission::BufferWith { limit, extensions } => {
                added = extensions;
                let plan = limit.map_or(BodyMode::Buffer, BodyMode::BufferUpTo);
                (plan, None)
            }
            Admission::Stream(receiver) => (BodyMode::Stream(receiver.limit()), Some(receiver)),
        };
        let exchange = Exchange {
            extensions,
            added,
            record: Record::wanted(*self, method, line, now),
            receiver,
            ..Exchange::default()
        };
        Begun::Admitted(plan, Box::new(exchange))
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
        if response.is_pending() {
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
    /// Polls whether the receiver, if there is one, can take more of the body. A panic becomes a response.
    #[inline(always)]
    pub(super) fn poll_ready(
        &mut self,
        chain: Chain<'_, '_>,
        context: &mut Context<'_>,
    ) -> Result<Poll<()>, Response> {
        match &mut self.receiver {
            Some(receiver) => chain.guard(|| receiver.poll_ready(context)),
            None => Ok(Poll::Ready(())),
        }
    }

    /// Hands a part of the body to the receiver. A refusal or a panic becomes a response.
    pub(super) fn take_in(&mut self, chain: Chain<'_, '_>, part: &[u8]) -> Result<(), Response> {
        match &mut self.receiver {
            Some(receiver) => chain.guard(|| receiver.data(part))?,
            None => Ok(()),
        }
    }

    /// Answers the complete request: the receiver does if the body was streamed, and otherwise the application.
    #[inline(always)]
    pub(super) fn call(
        &mut self,
        chain: Chain<'_, '_>,
        message: &Message<'_>,
        now: &Now,
    ) -> Response {
        let mut response = match self.receiver.take() {
            Some(receiver) => chain.respond(|| receiver.finish(message.trailers)),
            None => chain.call_admitted(message, now, &self.for_application()),
        };
        self.after(chain, &mut response);
        response
    }

    /// Answers input that is not a valid request. Also returns what to keep if the response is deferred.
    #[inline(never)]
    pub(super) fn refuse(
        mut self,
        chain: Chain<'_, '_>,
        refusal: &Refusal<'_>,
        now: Now,
    ) -> (Response, Option<Box<Exchange>>) {
        self.abort(chain, AbortReason::Refused(refusal.error));
        let mut response = chain.refuse(refusal);
        let (method, line) = (refusal.method, refusal.line);
        let kept = chain.keep(&mut response, method, line, now, self.extensions);
        (response, kept)
    }

    /// Tells the receiver, if there is one, that the body is incomplete.
    pub(super) fn abort(&mut self, chain: Chain<'_, '_>, reason: AbortReason) {
        if let Some(receiver) = self.receiver.take() {
            // A panic here does not affect the response.
            let _ = chain.guard(|| receiver.abort(reason));
        }
    }

    /// Returns the extensions that the application sees.
    #[inline]
    fn for_application(&mut self) -> Cow<'_, Extensions> {
        if self.added.is_empty() {
            return Cow::Borrowed(&self.extensions);
        }
        let mut extensions = self.extensions.clone();
        extensions.extend(core::mem::take(&mut self.added));
        Cow::Owned(extensions)
    }

    /// Passes a response to the middleware, unless it is deferred again.
    pub(super) fn after(&self, chain: Chain<'_, '_>, response: &mut Response) {
        if let (Some(record), false) = (&self.record, response.is_pending()) {
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
