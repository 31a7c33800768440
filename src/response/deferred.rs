//! Deferred responses.

use super::response::{DeferredResponse, Exception, Response};
use crate::values::status::Status;
use alloc::boxed::Box;
use core::future::Future;

impl Response {
    /// Creates a response from a future.
    ///
    /// The connection waits for it, up to [`Timeouts::response`](crate::config::Timeouts::response), without delaying other
    /// connections. The future is dropped if the connection is lost. A client that has only closed its sending side
    /// still gets the response. Use an [`OwnedRequest`](crate::OwnedRequest) to carry parts of the request into the
    /// future.
    ///
    /// `handle` blocks while it waits, which needs the feature `std`. Without it, the response is a 500 that says so.
    ///
    /// Changes to this response are recorded, and applied in the same order to the response that the future returns:
    /// setting a status or a header replaces the one from the future, and appending a header adds to them. A header
    /// that cannot be sent makes the response fail at once, and the future is dropped.
    ///
    /// ```
    /// use bytegate::{Gateway, Request, Response};
    ///
    /// async fn hello(name: String) -> Response {
    ///     Response::text(format!("hello {name}\n"))
    /// }
    ///
    /// let gateway = Gateway::new(|request: &Request| Response::from_future(hello(request.path().to_string())));
    /// let response = gateway.handle(b"GET /ada HTTP/1.1\r\nHost: x\r\n\r\n");
    /// assert!(response.ends_with(b"hello /ada\n"));
    ///
    /// let gateway = Gateway::new(|_: &Request| {
    ///     Response::from_future(hello("ada".to_string())).with_header("Cache-Control", "no-store")
    /// });
    /// let response = gateway.handle(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    /// assert!(response.windows(8).any(|bytes| bytes == b"no-store"));
    /// ```
    pub fn from_future<F>(response: F) -> Response
    where
        F: Future<Output: Into<Response>> + Send + 'static,
    {
        let response: DeferredResponse = Box::pin(async { response.await.into() });
        Response {
            exception: Some(Box::new(Exception::Deferred(response))),
            ..Response::new(Status::INTERNAL_SERVER_ERROR)
        }
    }

    /// Returns whether this response is [deferred](Response::from_future). If so, its status and body are not known
    /// yet, and it has only the headers that were set on it.
    pub fn is_pending(&self) -> bool {
        matches!(self.exception.as_deref(), Some(Exception::Deferred(_)))
    }

    /// Takes the future out of a deferred response.
    pub(crate) fn take_deferred(&mut self) -> Option<DeferredResponse> {
        match self.exception.take().map(|exception| *exception) {
            Some(Exception::Deferred(response)) => Some(response),
            other => {
                self.exception = other.map(Box::new);
                None
            }
        }
    }

    /// Applies a change to a deferred response once it is ready.
    #[inline]
    pub(crate) fn when_ready<C>(&mut self, change: impl FnOnce() -> C)
    where
        C: FnOnce(&mut Response) + Send + 'static,
    {
        if self.is_pending() {
            self.change_later(change());
        }
    }

    #[cold]
    fn change_later(&mut self, change: impl FnOnce(&mut Response) + Send + 'static) {
        if let Some(deferred) = self.take_deferred() {
            let changed: DeferredResponse = Box::pin(async {
                let mut response = deferred.await;
                change(&mut response);
                response
            });
            self.exception = Some(Box::new(Exception::Deferred(changed)));
        }
    }
}
