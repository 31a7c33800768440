//! The body of a request that another server receives.

use crate::values::protocol_error::ProtocolError;
use bytes::Bytes;
use core::task::{Context, Poll};

/// The body of a request that another server receives.
pub(crate) trait Incoming {
    /// Polls for the next part of the body. Returns `None` after the last one.
    fn poll_part(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, ProtocolError>>>;
}

/// A body that has arrived already.
pub(super) struct Arrived(pub(super) Option<Bytes>);

impl Incoming for Arrived {
    fn poll_part(&mut self, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, ProtocolError>>> {
        Poll::Ready(self.0.take().map(Ok))
    }
}
