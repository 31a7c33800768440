//! The body of a request that another server receives.

use crate::values::now::Now;
use crate::values::protocol_error::ProtocolError;
use bytes::Bytes;
use core::task::{Context, Poll};

/// The body of a request that another server receives, and the time.
pub(crate) trait Incoming {
    /// Returns the current time.
    fn now(&self) -> Now;

    /// Polls for the next part of the body. Returns `None` after the last one.
    fn poll_part(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, ProtocolError>>>;
}

/// A body that has arrived already.
pub(super) struct Arrived {
    pub(super) body: Option<Bytes>,
    pub(super) now: Now,
}

impl Incoming for Arrived {
    fn now(&self) -> Now {
        self.now
    }

    fn poll_part(&mut self, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, ProtocolError>>> {
        Poll::Ready(self.body.take().map(Ok))
    }
}
