//! Content of responses that another server sends.

use super::Gateway;
use super::chain::Chain;
use crate::body::body::Body;
use crate::body::body_error::BodyError;
use crate::response::response::{Response, ResponseError};
use crate::values::connection_info::ConnectionInfo;
use alloc::sync::Arc;
use bytes::Bytes;
use core::pin::Pin;
use core::task::{Context, Poll};
use futures_core::Stream;

impl Gateway {
    /// Reports if the body of a response breaks off, as a session does. A panic breaks it off, too.
    pub(crate) fn watch(
        self: &Arc<Gateway>,
        mut response: Response,
        connection: &ConnectionInfo,
    ) -> Response {
        if response.body().as_bytes().is_none() {
            let (gateway, connection) = (self.clone(), connection.clone());
            response.map_body(|body| {
                let watched = WatchedBody {
                    gateway,
                    connection,
                    body,
                };
                Body::from_stream(watched.body.length(), watched)
            });
        }
        response
    }
}

struct WatchedBody {
    gateway: Arc<Gateway>,
    connection: ConnectionInfo,
    body: Body,
}

impl WatchedBody {
    fn break_off(&mut self, error: &ResponseError) -> BodyError {
        self.gateway.report(error, &self.connection);
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
        let chain = Chain::new(&this.gateway, &this.connection, true);
        let error = match chain.guard(|| this.body.poll_block(context)) {
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
