//! A body that is written from elsewhere: another thread, a timer, another connection.

use super::body::Body;
use super::body_error::BodyError;
use bytes::Bytes;
use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use futures_core::Stream;
use std::collections::VecDeque;
use std::prelude::rust_2024::*;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// The maximum number of bytes that a channel queues. An empty channel accepts a block of any length.
pub(crate) const QUEUED_BYTES: usize = 1024 * 1024;

/// The writing end of a [`Body::channel`].
///
/// Dropping it without calling [`finish`](BodySender::finish) aborts the response, so the client can tell that the body
/// is incomplete.
///
/// ```
/// use bytegate::Body;
///
/// let (sender, body) = Body::channel(1);
/// assert!(sender.send("one").is_ok() && !sender.is_closed());
/// drop(body);
/// assert!(sender.is_closed());
/// ```
pub struct BodySender {
    shared: Arc<Shared>,
}

/// The error returned when the receiving end is closed: the client disconnected, or its response was cut off.
///
/// ```
/// use bytegate::Body;
/// use bytegate::body::Closed;
///
/// let (sender, body) = Body::channel(1);
/// drop(body);
/// assert_eq!(sender.send("one"), Err(Closed));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed;

/// The reason why a block could not be sent without waiting.
///
/// ```
/// use bytegate::Body;
/// use bytegate::body::TrySendError;
///
/// let (sender, _body) = Body::channel(1);
/// assert_eq!(sender.try_send("one"), Ok(()));
/// assert_eq!(sender.try_send("two"), Err(TrySendError::Full("two".into())));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrySendError {
    /// The channel is full because the client reads too slowly. Contains the block that was not sent.
    Full(Bytes),
    /// The receiving end is closed.
    Closed,
}

struct Shared {
    state: Mutex<State>,
    /// Notified when a block has been taken or the reader is closed.
    taken: Condvar,
}

struct State {
    blocks: VecDeque<Bytes>,
    /// The total length of all blocks.
    bytes: usize,
    most_blocks: usize,
    most_bytes: usize,
    end: Option<Result<(), BodyError>>,
    reader: Option<Waker>,
    reader_gone: bool,
}

struct Reader {
    shared: Arc<Shared>,
}

impl Body {
    /// Creates a body together with a sender that can write its blocks from any thread (feature `std`). It queues at
    /// most `blocks` blocks and 1 MiB in total; a single block can be longer.
    ///
    /// ```
    /// use bytegate::{Body, Gateway, Request, Response};
    ///
    /// let gateway = Gateway::new(|_: &Request| {
    ///     let (sender, body) = Body::channel(4);
    ///     std::thread::spawn(move || {
    ///         for line in ["one\n", "two\n"] {
    ///             if sender.send(line).is_err() {
    ///                 return;
    ///             }
    ///         }
    ///         sender.finish();
    ///     });
    ///     Response::text(body)
    /// });
    /// let response = gateway.handle(b"GET / HTTP/1.0\r\n\r\n");
    /// assert!(response.ends_with(b"\r\n\r\none\ntwo\n"));
    /// ```
    pub fn channel(blocks: usize) -> (BodySender, Body) {
        Body::channel_within(blocks, QUEUED_BYTES)
    }

    /// Like [`channel`](Body::channel), but with a different limit on queued bytes.
    pub(crate) fn channel_within(blocks: usize, bytes: usize) -> (BodySender, Body) {
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                blocks: VecDeque::new(),
                bytes: 0,
                most_blocks: blocks.max(1),
                most_bytes: bytes,
                end: None,
                reader: None,
                reader_gone: false,
            }),
            taken: Condvar::new(),
        });
        let reader = Reader {
            shared: shared.clone(),
        };
        (BodySender { shared }, Body::from_stream(None, reader))
    }
}

impl BodySender {
    /// Sends a block, waiting while the channel is full.
    ///
    /// # Errors
    /// Returns [`Closed`] if the receiving end is closed.
    pub fn send(&self, block: impl Into<Bytes>) -> Result<(), Closed> {
        let mut block = block.into();
        let mut state = self.shared.lock();
        loop {
            match state.try_send(block) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Closed) => return Err(Closed),
                Err(TrySendError::Full(full)) => block = full,
            }
            let waiting = self.shared.taken.wait(state);
            state = waiting.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Like [`send`](BodySender::send), but does not wait.
    ///
    /// # Errors
    /// Returns an error if the channel is full or the receiving end is closed.
    pub fn try_send(&self, block: impl Into<Bytes>) -> Result<(), TrySendError> {
        self.shared.lock().try_send(block.into())
    }

    /// Returns whether the receiving end is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.lock().reader_gone
    }

    /// Ends the body and marks it as complete.
    pub fn finish(self) {
        self.end();
    }

    pub(crate) fn end(&self) {
        self.shared.lock().end(Ok(()));
    }

    /// Drops all queued blocks and marks the body as incomplete.
    pub(crate) fn break_off(&self) {
        let mut state = self.shared.lock();
        state.clear();
        state.end(Err(BodyError));
    }
}

impl Drop for BodySender {
    fn drop(&mut self) {
        self.shared.lock().end(Err(BodyError));
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn try_send(&mut self, block: Bytes) -> Result<(), TrySendError> {
        if self.reader_gone {
            return Err(TrySendError::Closed);
        }
        let bytes = self.bytes.saturating_add(block.len());
        let is_too_long = !self.blocks.is_empty() && bytes > self.most_bytes;
        if is_too_long || self.blocks.len() >= self.most_blocks {
            return Err(TrySendError::Full(block));
        }
        if !block.is_empty() {
            self.bytes = bytes;
            self.blocks.push_back(block);
        }
        self.wake();
        Ok(())
    }

    fn take(&mut self) -> Option<Bytes> {
        let block = self.blocks.pop_front()?;
        self.bytes -= block.len();
        Some(block)
    }

    fn clear(&mut self) {
        self.blocks = VecDeque::new();
        self.bytes = 0;
    }

    /// Sets how the body ends. Only the first call has an effect.
    fn end(&mut self, end: Result<(), BodyError>) {
        self.end.get_or_insert(end);
        self.wake();
    }

    fn wake(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}

impl Stream for Reader {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, BodyError>>> {
        let mut state = self.shared.lock();
        if let Some(block) = state.take() {
            self.shared.taken.notify_one();
            return Poll::Ready(Some(Ok(block)));
        }
        match state.end {
            Some(Ok(())) => Poll::Ready(None),
            Some(Err(broken)) => Poll::Ready(Some(Err(broken))),
            None => {
                state.reader = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.reader_gone = true;
        state.clear();
        self.shared.taken.notify_all();
    }
}

impl fmt::Debug for BodySender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "BodySender({} blocks wait)",
            self.shared.lock().blocks.len()
        )
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the receiver is closed")
    }
}

impl std::error::Error for Closed {}

impl fmt::Display for TrySendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TrySendError::Full(_) => f.write_str("the channel is full"),
            TrySendError::Closed => Closed.fmt(f),
        }
    }
}

impl std::error::Error for TrySendError {}
