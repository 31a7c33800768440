//! Answering requests that another server received.

use super::Gateway;
use super::chain::Chain;
use super::exchange::known;
use crate::message::owned_request::OwnedRequest;
use crate::message::response::Response;
use crate::values::status::Status;

impl Gateway {
    /// Answers a request that was received in another way than from bytes, for example by another server.
    ///
    /// The middleware and the application see it like any other request. Waits for a deferred response. A response that
    /// breaks the rules is replaced by a 500. The caller adds the framing and `Date`.
    ///
    /// ```
    /// use bytegate::{Gateway, Request, SetFields};
    /// # use std::{future::Future, pin::pin, task::{Context, Poll, Waker}};
    ///
    /// let gateway = Gateway::new(|request: &Request<'_>| request.path().to_string())
    ///     .with(SetFields::new().field("X-Served-By", "a"));
    /// let request = Request::builder("GET", "/hello").build()?;
    /// let response = gateway.respond(request);
    /// # let Poll::Ready(response) = pin!(response).poll(&mut Context::from_waker(Waker::noop())) else { unreachable!() };
    /// # /*
    /// let response = response.await;
    /// # */
    /// assert_eq!(response.body().as_bytes(), Some(&b"/hello"[..]));
    /// assert_eq!(response.fields().lines().get_str("X-Served-By"), Some("a"));
    /// # Ok::<(), bytegate::Fault>(())
    /// ```
    pub async fn respond(&self, request: OwnedRequest) -> Response {
        let chain = Chain::new(self, request.connection(), false);
        let (mut response, kept) = request.with(|request| {
            let (now, mut extensions) = (request.now(), request.extensions().clone());
            let (method, line) = known(&request.message.head);
            let reply = chain.call(request.message, &now, &mut extensions);
            let mut response = reply.into_response();
            let kept = chain.keep(&mut response, method, line, now, extensions);
            (response, kept)
        });
        while let Some(later) = response.take_later() {
            response = later.await;
            if let Some(exchange) = &kept {
                exchange.after(chain, &mut response);
            }
        }
        if let Some(error) = response.take_error() {
            self.report(&error, request.connection());
            return Status::INTERNAL_SERVER_ERROR.into();
        }
        response
    }
}
