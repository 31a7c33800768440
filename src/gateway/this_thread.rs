//! Blocking the current thread until a response is ready.

use super::front_end::FrontEnd;
use crate::connection::{Refusal, ResponseSummary};
use crate::message::head::Head;
use crate::middleware::RequestInfo;
use crate::request::request::Message;
use crate::response::response::ResponseError;
use crate::values::now::Now;
use core::task::Waker;
use core::time::Duration;
use std::prelude::rust_2024::*;
use std::sync::Arc;
use std::task::Wake;
use std::thread::{self, Thread};

/// The current thread, which blocks while it waits for a response.
#[derive(Debug)]
pub(crate) struct ThisThread {
    waker: Waker,
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl ThisThread {
    pub(crate) fn new() -> ThisThread {
        ThisThread {
            waker: Arc::new(Unpark(thread::current())).into(),
        }
    }

    /// Returns the waker that wakes this thread.
    pub(super) fn waker(&self) -> &Waker {
        &self.waker
    }

    /// Blocks until the thread is woken or the timeout has passed.
    pub(crate) fn park(&self, timeout: Option<Duration>) {
        match timeout {
            Some(timeout) => thread::park_timeout(timeout),
            None => thread::park(),
        }
    }

    /// Returns a front end whose waker wakes this thread.
    pub(crate) fn wakes<'f, F>(&self, inner: &'f mut F) -> WithWaker<'f, F> {
        WithWaker {
            inner,
            waker: self.waker.clone(),
        }
    }
}

/// A front end with a different waker.
pub(crate) struct WithWaker<'f, F> {
    inner: &'f mut F,
    waker: Waker,
}

impl<F: FrontEnd> FrontEnd for WithWaker<'_, F> {
    fn now(&mut self) -> Now {
        self.inner.now()
    }

    fn waker(&self) -> &Waker {
        &self.waker
    }

    fn is_stopping(&self) -> bool {
        self.inner.is_stopping()
    }

    fn is_full(&self) -> bool {
        self.inner.is_full()
    }

    fn on_head(&mut self, head: &Head<'_>, at: u64) {
        self.inner.on_head(head, at);
    }

    fn on_request(&mut self, request: &Message<'_>, end: u64) {
        self.inner.on_request(request, end);
    }

    fn on_refusal(&mut self, refusal: &Refusal<'_>) {
        self.inner.on_refusal(refusal);
    }

    fn on_response(&mut self, summary: &ResponseSummary) {
        self.inner.on_response(summary);
    }

    fn on_error(&mut self, error: &ResponseError, request: &RequestInfo<'_>) {
        self.inner.on_error(error, request);
    }
}
