//! An application whose code runs in the span of its request.

use super::set_request_id::RequestId;
use super::trace_requests::RequestSpan;
use crate::application::Application;
use crate::headers::headers::Headers;
use crate::request::request::Request;
use crate::response::reply::Reply;
use crate::response::response::{DeferredResponse, Response};
use crate::upload::admission::{AbortReason, Admission, Decision, Receiver};
use crate::values::status::Status;
use crate::values::sync::Arc;
use ::tracing::{Span, field};
use alloc::boxed::Box;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

/// Enters the span of a request whenever the application inside runs: for a call, for each poll of a deferred response,
/// and for the receiver of a body.
pub(crate) struct InSpan(pub(crate) Arc<dyn Application>);

impl Application for InSpan {
    fn call(&self, request: &Request<'_>) -> Response {
        match span_of(request) {
            Some(span) => span.in_scope(|| follow(&span, self.0.call(request))),
            None => self.0.call(request),
        }
    }

    fn reply<'a>(&'a self, request: &Request<'_>) -> Reply<'a> {
        match span_of(request) {
            Some(span) => span.in_scope(|| match self.0.reply(request) {
                Reply::Made(response) => follow(&span, response).into(),
                prepared => prepared,
            }),
            None => self.0.reply(request),
        }
    }

    fn admit(&self, request: &Request<'_>) -> Admission {
        let Some(span) = span_of(request) else {
            return self.0.admit(request);
        };
        let admission = span.in_scope(|| self.0.admit(request));
        let decision = match admission.decision {
            Decision::Refuse(response) => Decision::Refuse(follow(&span, response)),
            Decision::Stream(receiver, limit) => {
                let receiver = Some(receiver);
                Decision::Stream(Box::new(ReceiverInSpan { receiver, span }), limit)
            }
            buffer @ Decision::Buffer(_) => buffer,
        };
        Admission {
            decision,
            ..admission
        }
    }

    fn inner(&self) -> Option<&dyn Application> {
        Some(&*self.0)
    }
}

/// Returns the span of a request. It has the identifier, if the middleware inside has set one.
fn span_of(request: &Request<'_>) -> Option<Span> {
    let RequestSpan(span) = request.extensions().get()?;
    if let Some(id) = request.extensions().get::<RequestId>() {
        span.record("request_id", field::display(id));
    }
    Some(span.clone())
}

/// Has a deferred response polled and dropped in a span.
fn follow(span: &Span, mut response: Response) -> Response {
    match response.take_deferred() {
        Some(deferred) => Response::from_future(DeferredInSpan {
            deferred: Some(deferred),
            span: span.clone(),
        }),
        None => response,
    }
}

struct DeferredInSpan {
    deferred: Option<DeferredResponse>,
    span: Span,
}

impl Future for DeferredInSpan {
    type Output = Response;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Response> {
        let DeferredInSpan { deferred, span } = &mut *self;
        span.in_scope(|| {
            let Some(future) = deferred else {
                return Poll::Pending;
            };
            let polled = future.as_mut().poll(context);
            if polled.is_ready() {
                *deferred = None;
            }
            // It may be deferred again.
            polled.map(|response| follow(span, response))
        })
    }
}

impl Drop for DeferredInSpan {
    fn drop(&mut self) {
        let deferred = self.deferred.take();
        if deferred.is_some() {
            self.span.in_scope(|| drop(deferred));
        }
    }
}

struct ReceiverInSpan {
    /// Taken by the last call.
    receiver: Option<Box<dyn Receiver>>,
    span: Span,
}

impl Receiver for ReceiverInSpan {
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match &mut self.receiver {
            Some(receiver) => self.span.in_scope(|| receiver.poll_ready(context)),
            None => Poll::Ready(()),
        }
    }

    fn data(&mut self, part: &[u8]) -> Result<(), Response> {
        let Some(receiver) = &mut self.receiver else {
            return Ok(());
        };
        let taken = self.span.in_scope(|| receiver.data(part));
        taken.map_err(|response| follow(&self.span, response))
    }

    fn finish(mut self: Box<Self>, trailers: Headers<'_>) -> Response {
        match self.receiver.take() {
            Some(receiver) => {
                let finish = || follow(&self.span, receiver.finish(trailers));
                self.span.in_scope(finish)
            }
            None => Response::new(Status::NO_CONTENT),
        }
    }

    fn abort(mut self: Box<Self>, reason: AbortReason) {
        if let Some(receiver) = self.receiver.take() {
            self.span.in_scope(|| receiver.abort(reason));
        }
    }
}

impl Drop for ReceiverInSpan {
    fn drop(&mut self) {
        let receiver = self.receiver.take();
        if receiver.is_some() {
            self.span.in_scope(|| drop(receiver));
        }
    }
}
