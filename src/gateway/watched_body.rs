//! The bodies of responses that another server sends.

use super::chain::Caller;
use super::exchange::Exchange;
use super::gateway::Gateway;
use super::record::RequestLine;
use crate::body::body::Body;
use crate::body::body_error::BodyError;
use crate::request::owned_request::OwnedRequest;
use crate::response::response::{Response, ResponseError};
use alloc::boxed::Box;
use bytes::Bytes;
use core::pin::Pin;
use core::task::{Context, Poll};
use futures_core::Stream;

impl Gateway {
    /// Reports if the body of a response breaks off, as a session does. A panic breaks it off, too.
    pub(crate) fn watch(&self, mut response: Response, request: &OwnedRequest) -> Response {
        if response.body().as_bytes().is_none() {
            let caller = Caller {
                info: request.connection().clone(),
                catches_panics: true,
            };
            let (gateway, line) = (self.clone(), RequestLine::of(&request.head()));
            let extensions = request.extensions().clone();
            let exchange = Exchange::recorded(line, &request.now(), extensions);
            response.map_body(|body| {
                let watched = WatchedBody {
                    gateway,
                    caller,
                    exchange,
                    body,
                };
                Body::from_stream(watched.body.length(), watched)
            });
        }
        response
    }
}

struct WatchedBody {
    gateway: Gateway,
    caller: Caller,
    exchange: Box<Exchange>,
    body: Body,
}

impl WatchedBody {
    fn break_off(&mut self, error: &ResponseError) -> BodyError {
        let gateway = self.gateway.shared();
        let request = self.exchange.info(gateway, &self.caller.info);
        gateway.report(error, &request);
        self.body = Body::empty();
        BodyError
    }
}

impl Stream for WatchedBody {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, BodyError>>> {
        let this = &mut *self;
        let error = match this.caller.guard(|| this.body.poll_block(context)) {
            Ok(Poll::Ready(Some(Err(BodyError)))) => ResponseError::BodyError,
            Ok(polled) => return polled,
            Err(response) => response
                .error()
                .cloned()
                .unwrap_or(ResponseError::BodyError),
        };
        Poll::Ready(Some(Err(this.break_off(&error))))
    }
}
