//! The one chain that every answer goes through: middlewares before, the application, middlewares after. All code of the
//! user is called from here, and a panic of it ends here, if the session catches panics.

use super::{Gateway, own_answer};
use crate::application::middleware::{RequestInfo, RequestParts};
use crate::application::upload::Admission;
use crate::connection::{Message, Refusal};
use crate::message::extensions::Extensions;
use crate::message::head::Head;
use crate::message::request::{Request, RequestContext, decoded};
use crate::message::response::{Response, ResponseError};
use crate::values::connection_info::ConnectionInfo;
use crate::values::now::Now;
use crate::values::status::Status;
use alloc::string::String;

/// A gateway as one exchange sees it.
#[derive(Clone, Copy)]
pub(super) struct Chain<'s> {
    pub(super) gateway: &'s Gateway,
    pub(super) connection: &'s ConnectionInfo,
    pub(super) catches_panics: bool,
}

impl Chain<'_> {
    /// Asks about content of which only the head is there.
    pub(super) fn admit(
        &self,
        head: Head<'_>,
        now: &Now,
        extensions: &mut Extensions,
    ) -> Admission {
        let admission = self.guard(|| match self.before(head, now, extensions) {
            Some(response) => Admission::Refuse(response),
            None => self.with_request(&Message::of_head(head), now, extensions, |request| {
                match own_answer(&head) {
                    Some(response) => Admission::discard(&head, response),
                    None => self.gateway.application.admit(request),
                }
            }),
        });
        admission.unwrap_or_else(Admission::Refuse)
    }

    /// Answers a request that is whole. `begun` says that the middlewares have looked at its head before.
    pub(super) fn call(
        &self,
        message: &Message<'_>,
        now: &Now,
        extensions: &mut Extensions,
        begun: bool,
    ) -> Response {
        self.respond(|| {
            let early = match begun {
                false => self.before(message.head, now, extensions),
                true => None,
            };
            match early.or_else(|| own_answer(&message.head)) {
                Some(response) => response,
                None => self.with_request(message, now, extensions, |request| {
                    self.gateway.application.call(request)
                }),
            }
        })
    }

    /// The page for input that is no request.
    pub(super) fn refuse(&self, refusal: &Refusal<'_>) -> Response {
        self.respond(|| self.gateway.refuse(refusal))
    }

    /// Shows an answer to all middlewares, the innermost first.
    #[inline]
    pub(super) fn after(&self, request: &RequestInfo<'_>, response: &mut Response) {
        if !self.gateway.middlewares.is_empty() {
            self.after_all(request, response);
        }
    }

    fn after_all(&self, request: &RequestInfo<'_>, response: &mut Response) {
        let answer = core::mem::replace(response, Response::new(Status::OK));
        *response = self.respond(|| {
            let middlewares = self.gateway.middlewares.iter().rev();
            middlewares.fold(answer, |answer, middleware| {
                middleware.after(request, answer)
            })
        });
    }

    /// Runs code of the user that makes a response; a panic makes one, too.
    #[inline]
    pub(super) fn respond(&self, run: impl FnOnce() -> Response) -> Response {
        match self.catches_panics {
            true => caught(run).unwrap_or_else(panicked),
            false => run(),
        }
    }

    /// Runs code of the user. A panic becomes a response, if panics are caught: what it left half done belongs to the
    /// user, and none of it is used again.
    pub(super) fn guard<T>(&self, run: impl FnOnce() -> T) -> Result<T, Response> {
        match self.catches_panics {
            true => caught(run).map_err(panicked),
            false => Ok(run()),
        }
    }

    fn before(&self, head: Head<'_>, now: &Now, extensions: &mut Extensions) -> Option<Response> {
        if self.gateway.middlewares.is_empty() {
            return None;
        }
        let mut parts = RequestParts::new(head, self.connection, *now, extensions);
        let mut middlewares = self.gateway.middlewares.iter();
        middlewares.find_map(|middleware| middleware.before(&mut parts))
    }

    fn with_request<T>(
        &self,
        message: &Message<'_>,
        now: &Now,
        extensions: &Extensions,
        ask: impl FnOnce(&Request<'_>) -> T,
    ) -> T {
        let path = decoded(&message.head);
        let context = RequestContext::new(now, self.connection, extensions, &path);
        ask(&Request {
            head: message.head,
            content: message.content,
            trailers: message.trailers,
            context: &context,
            mounted: 0,
            params: &[],
        })
    }
}

#[cold]
fn panicked(words: String) -> Response {
    Response::failed(ResponseError::Panicked(words))
}

#[cfg(feature = "std")]
fn caught<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    catch_unwind(AssertUnwindSafe(run)).map_err(|payload| {
        let text = payload
            .downcast_ref::<&str>()
            .map(|text| String::from(*text));
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
        text.unwrap_or_else(|| String::from("without a message"))
    })
}

#[cfg(not(feature = "std"))]
fn caught<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    Ok(run())
}
