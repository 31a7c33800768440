//! The chain around an application: `before` of the middleware, the application, `after` of the middleware. It
//! produces every response. User code is called through this chain, which also catches panics if the session asks for
//! that.

use super::gateway::Shared;
use super::own_response::own_response;
use crate::message::head::Head;
use crate::middleware::{RequestInfo, RequestParts};
use crate::request::extensions::Extensions;
use crate::request::params::AllParams;
use crate::request::request::{Message, Request, RequestContext};
use crate::request::rewritten::Rewritten;
use crate::response::reply::Reply;
use crate::response::response::{Response, ResponseError};
use crate::upload::admission::Admission;
use crate::values::connection_info::ConnectionInfo;
use crate::values::now::Now;
use crate::values::status::Status;
use alloc::format;
use alloc::string::String;

/// The caller of user code: a connection, and whether panics become responses.
pub(super) struct Caller {
    pub(super) info: ConnectionInfo,
    pub(super) catches_panics: bool,
}

/// A gateway and the caller of its user code, for one exchange.
#[derive(Clone, Copy)]
pub(super) struct Chain<'g, 's> {
    pub(super) gateway: &'g Shared,
    pub(super) caller: &'s Caller,
}

impl Caller {
    /// Runs user code that returns a response. A caught panic also becomes a response.
    #[inline(always)]
    pub(super) fn respond<T: From<Response>>(&self, run: impl FnOnce() -> T) -> T {
        if self.catches_panics {
            caught(run).unwrap_or_else(|words| panicked(words).into())
        } else {
            run()
        }
    }

    /// Runs user code. If panics are caught, a panic becomes a response. State that the panic left inconsistent belongs
    /// to the user and is not used again.
    pub(super) fn guard<T>(&self, run: impl FnOnce() -> T) -> Result<T, Response> {
        if self.catches_panics {
            caught(run).map_err(panicked)
        } else {
            Ok(run())
        }
    }
}

impl<'g, 's> Chain<'g, 's> {
    #[inline(always)]
    pub(super) const fn new(gateway: &'g Shared, caller: &'s Caller) -> Chain<'g, 's> {
        Chain { gateway, caller }
    }

    /// Returns whether there is any middleware.
    #[inline]
    pub(super) fn has_middlewares(&self) -> bool {
        !self.gateway.middlewares.is_empty()
    }

    /// Asks the application what to do with the body of a request whose head was received.
    pub(super) fn admit(
        &self,
        head: Head<'_>,
        now: &Now,
        extensions: &mut Extensions,
    ) -> Admission {
        let admission = self
            .caller
            .guard(|| match self.before(head, now, extensions) {
                Some(response) => Admission::refuse(response),
                None => self.with_request(&Message::of_head(head), now, extensions, |request| {
                    match own_response(&head) {
                        Some(response) => Admission::discard(&head, response),
                        None => self.gateway.application.admit(request),
                    }
                }),
            });
        admission.unwrap_or_else(Admission::refuse)
    }

    /// Responds to a complete request.
    #[inline(never)]
    pub(super) fn call(
        &self,
        message: &Message<'_>,
        now: &Now,
        extensions: &mut Extensions,
    ) -> Reply<'g> {
        if self.caller.catches_panics {
            self.caller
                .respond(|| self.call_unguarded(message, now, extensions))
        } else {
            self.call_unguarded(message, now, extensions)
        }
    }

    #[inline(always)]
    fn call_unguarded(
        &self,
        message: &Message<'_>,
        now: &Now,
        extensions: &mut Extensions,
    ) -> Reply<'g> {
        if self.skips_before() {
            return match own_response(&message.head) {
                Some(response) => response.into(),
                None => {
                    let connection = &self.caller.info;
                    with_received(message, connection, now, extensions, |request| {
                        self.gateway.application.reply(request)
                    })
                }
            };
        }
        self.call_after_middleware(message, now, extensions)
    }

    #[inline(never)]
    fn call_after_middleware(
        &self,
        message: &Message<'_>,
        now: &Now,
        extensions: &mut Extensions,
    ) -> Reply<'g> {
        match self.before_all(message.head, now, extensions) {
            Some(response) => response.into(),
            None => self.reply(message, now, extensions),
        }
    }

    /// Responds to a complete request whose head the middleware has already seen.
    #[inline(always)]
    pub(super) fn reply(
        &self,
        message: &Message<'_>,
        now: &Now,
        extensions: &Extensions,
    ) -> Reply<'g> {
        match own_response(&message.head) {
            Some(response) => response.into(),
            None => self.with_request(message, now, extensions, |request| {
                self.gateway.application.reply(request)
            }),
        }
    }

    /// Passes a response through all middleware, innermost first.
    #[inline]
    pub(super) fn after(&self, request: &RequestInfo<'_>, response: &mut Response) {
        if !self.gateway.middlewares.is_empty() {
            self.after_all(request, response);
        }
    }

    /// If a middleware panics, the ones outside of it see the response to the panic.
    fn after_all(&self, request: &RequestInfo<'_>, response: &mut Response) {
        let mut current = core::mem::replace(response, Response::new(Status::OK));
        let mut middlewares = self.gateway.middlewares.iter().rev();
        *response = loop {
            let all = self.caller.guard(|| {
                for middleware in middlewares.by_ref() {
                    // So that headers from middleware are sent with the page for an invalid response, too.
                    current.replace_invalid();
                    current = middleware.after(request, current);
                }
                current
            });
            match all {
                Ok(response) => break response,
                Err(page) => current = page,
            }
        };
    }

    #[inline]
    fn before(&self, head: Head<'_>, now: &Now, extensions: &mut Extensions) -> Option<Response> {
        if self.skips_before() {
            return None;
        }
        self.before_all(head, now, extensions)
    }

    /// Returns whether no middleware sees heads, and no certificate limits the hosts.
    #[inline]
    fn skips_before(&self) -> bool {
        self.gateway.middlewares.is_empty() && self.caller.info.tls.is_none()
    }

    /// Shows the head to all middleware, outermost first. Returns the response of the first one that has one.
    #[inline(never)]
    fn before_all(
        &self,
        head: Head<'_>,
        now: &Now,
        extensions: &mut Extensions,
    ) -> Option<Response> {
        if let Some(response) = self.misdirected(&head) {
            return Some(response);
        }
        let mut middlewares = self.gateway.middlewares.iter();
        let mut rewritten: Option<Rewritten> = None;
        loop {
            let (head, connection) = match &rewritten {
                Some(rewritten) => (rewritten.head_for(head), &rewritten.connection),
                None => (head, &self.caller.info),
            };
            let mut parts = RequestParts::new(head, connection, *now, extensions);
            let end = middlewares.find_map(|middleware| match middleware.before(&mut parts) {
                None if parts.is_rewritten() => Some(None),
                response => response.map(Some),
            });
            match end {
                // The others see what this one has rewritten.
                Some(None) => rewritten = extensions.rewritten().cloned(),
                Some(response) => return response,
                None => return None,
            }
        }
    }

    /// Returns the response to a request for a host that the certificate of the connection does not cover.
    fn misdirected(&self, head: &Head<'_>) -> Option<Response> {
        let tls = self.caller.info.tls.as_deref()?;
        let host = head.authority()?.host;
        if tls.covers(host) {
            return None;
        }
        let sentence = format!("the certificate of this connection is not for the host {host}");
        Some(Response::explained(Status::MISDIRECTED_REQUEST, sentence))
    }

    #[inline(always)]
    fn with_request<T>(
        &self,
        message: &Message<'_>,
        now: &Now,
        extensions: &Extensions,
        ask: impl FnOnce(&Request<'_>) -> T,
    ) -> T {
        match extensions.rewritten() {
            None => with_received(message, &self.caller.info, now, extensions, ask),
            Some(rewritten) => with_rewritten(rewritten, message, now, extensions, ask),
        }
    }
}

/// Passes on a request as it was received.
#[inline(always)]
fn with_received<T>(
    message: &Message<'_>,
    connection: &ConnectionInfo,
    now: &Now,
    extensions: &Extensions,
    ask: impl FnOnce(&Request<'_>) -> T,
) -> T {
    let path = message.head.decoded_path_bytes();
    ask(&Request {
        message: *message,
        context: RequestContext::new(now, connection, extensions, &path),
        mounted: 0,
        params: AllParams::None,
    })
}

/// Passes on a request as middleware has rewritten it.
#[inline(never)]
fn with_rewritten<T>(
    rewritten: &Rewritten,
    message: &Message<'_>,
    now: &Now,
    extensions: &Extensions,
    ask: impl FnOnce(&Request<'_>) -> T,
) -> T {
    let (head, connection, mounted) = rewritten.parts_for(message.head);
    let path = head.decoded_path_bytes();
    ask(&Request {
        message: Message { head, ..*message },
        context: RequestContext::new(now, connection, extensions, &path),
        mounted,
        params: AllParams::None,
    })
}

#[cold]
fn panicked(words: String) -> Response {
    Response::from_error(ResponseError::Panicked(words))
}

#[cfg(feature = "std")]
fn caught<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    catch_unwind(AssertUnwindSafe(run)).map_err(|payload| {
        let text = payload
            .downcast_ref::<&str>()
            .map(|text| String::from(*text));
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
        text.unwrap_or_else(|| String::from("(no message)"))
    })
}

#[cfg(not(feature = "std"))]
fn caught<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    Ok(run())
}
