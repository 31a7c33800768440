//! The body of a request, passed to a service block by block as it arrives.

use crate::body::body::Body;
use crate::body::body_error::BodyError;
use bytes::Bytes;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use futures_core::Stream;
use std::collections::VecDeque;
use std::prelude::rust_2024::*;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The sending half of a body. Dropping it before [`end`](BodyWriter::end) breaks the body off.
pub(super) struct BodyWriter(Arc<Shared>);

/// Creates a body, with its length if it is known, and the half that fills it.
pub(super) fn streamed_body(length: Option<u64>) -> (BodyWriter, Body) {
    let shared = Arc::new(Shared::default());
    let blocks = Blocks(shared.clone());
    (BodyWriter(shared), Body::from_stream(length, blocks))
}

impl BodyWriter {
    /// Polls whether the service has taken the last block, or no longer wants any.
    pub(super) fn poll_taken(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.state();
        if state.blocks.is_empty() || state.is_dropped {
            return Poll::Ready(());
        }
        state.writer = Some(context.waker().clone());
        Poll::Pending
    }

    pub(super) fn write(&self, block: &[u8]) {
        let mut state = self.0.state();
        if !state.is_dropped {
            state.blocks.push_back(Bytes::copy_from_slice(block));
        }
        wake(state, |state| state.reader.take());
    }

    pub(super) fn end(&self) {
        self.end_with(Ok(()));
    }

    fn end_with(&self, end: Result<(), BodyError>) {
        let mut state = self.0.state();
        state.end.get_or_insert(end);
        wake(state, |state| state.reader.take());
    }
}

impl Drop for BodyWriter {
    fn drop(&mut self) {
        self.end_with(Err(BodyError));
    }
}

struct Blocks(Arc<Shared>);

impl Stream for Blocks {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, BodyError>>> {
        let mut state = self.0.state();
        if let Some(block) = state.blocks.pop_front() {
            wake(state, |state| state.writer.take());
            return Poll::Ready(Some(Ok(block)));
        }
        match state.end {
            Some(Ok(())) => Poll::Ready(None),
            Some(Err(error)) => {
                state.end = Some(Ok(()));
                Poll::Ready(Some(Err(error)))
            }
            None => {
                state.reader = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for Blocks {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.is_dropped = true;
        state.blocks.clear();
        wake(state, |state| state.writer.take());
    }
}

#[derive(Default)]
struct Shared(Mutex<State>);

#[derive(Default)]
struct State {
    /// At most one, if the writer polls before it writes.
    blocks: VecDeque<Bytes>,
    end: Option<Result<(), BodyError>>,
    /// Whether the service has dropped the body.
    is_dropped: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes one side after the lock is released, because the waker may poll at once.
fn wake(mut state: MutexGuard<'_, State>, side: impl FnOnce(&mut State) -> Option<Waker>) {
    let waker = side(&mut state);
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}
