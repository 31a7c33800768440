//! A span for each request, and an event for each refusal.

use super::middleware::Middleware;
use super::request_info::RequestInfo;
use super::request_parts::RequestParts;
use super::set_request_id::RequestId;
use crate::response::response::{Response, ResponseError};
use ::tracing::{Span, error, field, info, info_span};

/// Middleware that opens a span for each request, and completes it when the response is made.
pub(crate) struct TraceRequests;

/// The span of a request, for the application inside. It ends when the exchange does.
#[derive(Clone)]
pub(super) struct RequestSpan(pub(super) Span);

impl RequestSpan {
    fn of<'r>(request: &RequestInfo<'r>) -> Option<&'r Span> {
        let RequestSpan(span) = request.extensions.get()?;
        Some(span)
    }
}

impl Middleware for TraceRequests {
    fn before(&self, request: &mut RequestParts<'_>) -> Option<Response> {
        let span = info_span!(
            target: "bytegate",
            "request",
            method = request.head.method().as_str(),
            path = request.head.path(),
            peer = field::display(&request.connection.peer),
            request_id = field::Empty,
            route = field::Empty,
            status = field::Empty,
            duration_us = field::Empty,
        );
        if !span.is_disabled() {
            request.extensions.insert(RequestSpan(span));
        }
        None
    }

    fn after(&self, request: &RequestInfo<'_>, response: Response) -> Response {
        let span = RequestSpan::of(request);
        let status = response.sent_status().code();
        if let Some(span) = span {
            span.record("status", status);
            if let Some(id) = request.extensions.get::<RequestId>() {
                span.record("request_id", field::display(id));
            }
            if let Some(route) = request.route() {
                span.record("route", route.as_str());
            }
            if let Some(time) = request.elapsed() {
                let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
                span.record("duration_us", micros);
            }
        }
        if let Some(error) = request.refused.or(response.protocol_error()) {
            info!(
                target: "bytegate",
                parent: span.and_then(Span::id),
                status,
                error = error.name(),
                peer = field::display(&request.connection.peer),
                request = field::display(request),
                "a request was refused: {error}"
            );
        }
        response
    }
}

/// Emits an event for a response that broke the rules, panicked or ended early.
pub(crate) fn trace_error(error: &ResponseError, request: &RequestInfo<'_>) {
    error!(
        target: "bytegate",
        parent: RequestSpan::of(request).and_then(Span::id),
        request = field::display(request),
        "{error}"
    );
}
