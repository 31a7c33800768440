//! The receiver of the body of a request, for which no worker waits.

use super::environ::Environ;
use super::pages::not_stored;
use super::pending_response::respond;
use super::request_body::RequestBody;
use super::service::Service;
use crate::headers::headers::Headers;
use crate::response::response::Response;
use crate::upload::admission::Receiver;
use crate::values::sync::Arc;
use alloc::boxed::Box;

/// Receives the body of a request. No worker waits for it.
#[derive(Debug)]
pub(super) struct Spool {
    pub(super) service: Arc<Service>,
    pub(super) environ: Environ,
    pub(super) body: RequestBody,
}

impl Receiver for Spool {
    fn data(&mut self, part: &[u8]) -> Result<(), Response> {
        self.body
            .add(part)
            .map_err(|error| not_stored(&self.service, &error))
    }

    fn finish(self: Box<Self>, _: Headers<'_>) -> Response {
        let Spool {
            service,
            environ,
            body,
        } = *self;
        respond(&service, environ, body, None)
    }
}
