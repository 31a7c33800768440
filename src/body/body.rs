//! The body of a response: nothing, bytes, or a stream of blocks.

#[cfg(feature = "server")]
use super::block::Block;
use super::body_error::BodyError;
#[cfg(feature = "folder")]
use crate::files::stored_blocks::StoredBlocks;
#[cfg(feature = "folder")]
use crate::files::stored_file::StoredFile;
#[cfg(feature = "folder")]
use crate::values::sync::Arc;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use bytes::Bytes;
use core::fmt;
#[cfg(feature = "folder")]
use core::ops::Range;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use futures_core::Stream;

/// The size from which bodies are shared instead of copied after their head. They are still sent in the same write.
pub(crate) const SHARED_FROM_BYTES: usize = 16 * 1024;

/// The body of a response.
///
/// Large bodies of bytes are shared and never copied. A stream is polled for one block at a time, and only after the
/// previous block has been written. A slow reader therefore costs one block of memory.
///
/// ```
/// use bytegate::Body;
///
/// assert_eq!(Body::from("abc").length(), Some(3));
/// assert_eq!(Body::from_iterator(["a", "bc"].into_iter()).length(), None);
/// ```
#[derive(Default)]
#[must_use]
pub struct Body {
    pub(crate) kind: Kind,
}

#[derive(Default)]
pub(crate) enum Kind {
    #[default]
    Empty,
    Bytes(Bytes),
    Stream {
        /// The length, if it is known before the first block.
        length: Option<u64>,
        blocks: Blocks,
    },
}

/// The source of the blocks of a body.
pub(crate) enum Blocks {
    Ready(Box<dyn Iterator<Item = Result<Bytes, BodyError>> + Send>),
    Async(Pin<Box<dyn Stream<Item = Result<Bytes, BodyError>> + Send>>),
    #[cfg(feature = "folder")]
    Stored(StoredBlocks),
    /// Blocks with a filler that is sent when there was none for a while. Boxed, because hardly any body has one.
    Filled(Box<Filled>),
}

pub(crate) struct Filled {
    blocks: Blocks,
    interval: Duration,
    filler: Bytes,
}

impl Blocks {
    /// Returns the filler, and the time without a block after which it is sent.
    pub(crate) fn filler(&self) -> Option<(&Bytes, Duration)> {
        match self {
            Blocks::Filled(filled) => Some((&filled.filler, filled.interval)),
            _ => None,
        }
    }

    /// Polls for the next block, for a front end that has the system send parts of files.
    #[cfg(feature = "server")]
    pub(crate) fn poll_block(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Block, BodyError>>> {
        if let Blocks::Stored(blocks) = self {
            if let Some(range) = blocks.next_range() {
                return Poll::Ready(Some(Ok(Block::File(range))));
            }
        }
        self.poll_bytes(context).map_ok(Block::Bytes)
    }

    /// Polls for the next block, which is read if it is in a file.
    pub(crate) fn poll_bytes(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, BodyError>>> {
        match self {
            Blocks::Ready(blocks) => Poll::Ready(blocks.next()),
            Blocks::Async(blocks) => blocks.as_mut().poll_next(context),
            #[cfg(feature = "folder")]
            Blocks::Stored(blocks) => {
                Poll::Ready(blocks.next().map(|block| block.map_err(|_| BodyError)))
            }
            Blocks::Filled(filled) => filled.blocks.poll_bytes(context),
        }
    }
}

impl Body {
    /// Creates an empty body.
    pub const fn empty() -> Body {
        Body { kind: Kind::Empty }
    }

    /// Creates a body from blocks whose total length is unknown. It is sent with the chunked coding, or, to an
    /// HTTP/1.0 client, until the connection closes. Empty blocks are skipped.
    ///
    /// ```
    /// use bytegate::{Body, Gateway, Request, Response};
    ///
    /// let gateway = Gateway::new(|_: &Request| {
    ///     Response::text(Body::from_iterator(["one ", "two"].into_iter()))
    /// });
    /// let response = gateway.handle(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    /// assert!(response.ends_with(b"4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n"));
    /// ```
    pub fn from_iterator<I>(blocks: I) -> Body
    where
        I: Iterator<Item: Into<Bytes>> + Send + 'static,
    {
        Body::try_from_iterator(None, blocks.map(|block| Ok(block.into())))
    }

    /// Creates a body from blocks that may fail, with their total length if it is known. If the blocks turn out
    /// longer or shorter than that, the connection is cut off.
    pub fn try_from_iterator<I>(length: Option<u64>, blocks: I) -> Body
    where
        I: Iterator<Item = Result<Bytes, BodyError>> + Send + 'static,
    {
        Body::of_blocks(length, Blocks::Ready(Box::new(blocks)))
    }

    /// Creates a body from an asynchronous stream of blocks, with their total length if it is known. The connection
    /// waits for the blocks without delaying other connections.
    ///
    /// `handle` blocks while it waits, which needs the feature `std`. Without it, the body is cut off.
    pub fn from_stream<S>(length: Option<u64>, blocks: S) -> Body
    where
        S: Stream<Item = Result<Bytes, BodyError>> + Send + 'static,
    {
        Body::of_blocks(length, Blocks::Async(Box::pin(blocks)))
    }

    /// Creates a body from a part of an open file.
    #[cfg(feature = "folder")]
    pub(crate) fn stored(file: &Arc<StoredFile>, part: Range<u64>) -> Body {
        let length = part.end - part.start;
        Body::of_blocks(Some(length), Blocks::Stored(StoredBlocks::new(file, part)))
    }

    /// Sends `filler` whenever the body had no block for this time.
    pub(crate) fn with_fillers(self, interval: Duration, filler: Bytes) -> Body {
        match self.kind {
            Kind::Stream { length, blocks } => {
                let filled = Filled {
                    blocks,
                    interval,
                    filler,
                };
                Body::of_blocks(length, Blocks::Filled(Box::new(filled)))
            }
            kind => Body { kind },
        }
    }

    fn of_blocks(length: Option<u64>, blocks: Blocks) -> Body {
        Body {
            kind: Kind::Stream { length, blocks },
        }
    }

    /// Returns the length in bytes, if it is known.
    pub fn length(&self) -> Option<u64> {
        match &self.kind {
            Kind::Empty => Some(0),
            Kind::Bytes(bytes) => Some(bytes.len() as u64),
            Kind::Stream { length, .. } => *length,
        }
    }

    /// Returns the bytes, or `None` for a stream.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match &self.kind {
            Kind::Empty => Some(&[]),
            Kind::Bytes(bytes) => Some(bytes),
            Kind::Stream { .. } => None,
        }
    }

    /// Polls for the next block. Returns `None` after the last one. With this, middleware can consume any kind of
    /// body and wrap it in another one.
    pub fn poll_block(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, BodyError>>> {
        match &mut self.kind {
            Kind::Empty => Poll::Ready(None),
            Kind::Bytes(bytes) => {
                let bytes = core::mem::take(bytes);
                self.kind = Kind::Empty;
                Poll::Ready(Some(Ok(bytes)))
            }
            Kind::Stream { blocks, .. } => blocks.poll_bytes(context),
        }
    }

    /// Transforms each block as it is sent. The resulting length is unknown, so the body is sent with the chunked
    /// coding. An empty body stays empty.
    ///
    /// ```
    /// use bytegate::{Body, Bytes};
    ///
    /// let body = Body::from("abc").map_blocks(|block| Bytes::from(block.to_ascii_uppercase()));
    /// assert_eq!(body.length(), None);
    /// ```
    pub fn map_blocks(self, mut change: impl FnMut(Bytes) -> Bytes + Send + 'static) -> Body {
        match self.kind {
            Kind::Empty => Body::empty(),
            Kind::Bytes(bytes) => Body::from_iterator(core::iter::once_with(move || change(bytes))),
            Kind::Stream {
                blocks: Blocks::Ready(blocks),
                ..
            } => Body::try_from_iterator(None, blocks.map(move |block| block.map(&mut change))),
            Kind::Stream {
                blocks: Blocks::Async(blocks),
                ..
            } => Body::from_stream(None, MapBlocks { blocks, change }),
            #[cfg(feature = "folder")]
            Kind::Stream {
                blocks: Blocks::Stored(blocks),
                ..
            } => {
                let blocks = blocks.map(move |block| block.map_err(|_| BodyError).map(&mut change));
                Body::try_from_iterator(None, blocks)
            }
            Kind::Stream {
                length,
                blocks: Blocks::Filled(filled),
            } => Body::of_blocks(length, filled.blocks).map_blocks(change),
        }
    }

    /// Returns the number of bytes that nothing else shares. They are freed with the body.
    #[inline]
    pub(crate) fn owned_bytes(&self) -> usize {
        match &self.kind {
            Kind::Bytes(bytes) if bytes.len() >= SHARED_FROM_BYTES && bytes.is_unique() => {
                bytes.len()
            }
            _ => 0,
        }
    }

    /// Takes the blocks out of a stream.
    pub(crate) fn take_blocks(&mut self) -> Option<Blocks> {
        match core::mem::take(&mut self.kind) {
            Kind::Stream { blocks, .. } => Some(blocks),
            Kind::Empty | Kind::Bytes(_) => None,
        }
    }
}

struct MapBlocks<F> {
    blocks: Pin<Box<dyn Stream<Item = Result<Bytes, BodyError>> + Send>>,
    change: F,
}

// Only the boxed stream needs pinning.
impl<F> Unpin for MapBlocks<F> {}

impl<F: FnMut(Bytes) -> Bytes> Stream for MapBlocks<F> {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, BodyError>>> {
        let this = &mut *self;
        let block = this.blocks.as_mut().poll_next(context);
        block.map(|block| block.map(|block| block.map(&mut this.change)))
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Empty => f.write_str("Empty"),
            Kind::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            Kind::Stream { length, .. } => write!(f, "Stream({length:?})"),
        }
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Body {
        Body {
            kind: Kind::Bytes(bytes),
        }
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Body {
        Bytes::from(bytes).into()
    }
}

impl From<String> for Body {
    fn from(text: String) -> Body {
        Bytes::from(text).into()
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Body {
        Bytes::from_static(text.as_bytes()).into()
    }
}

impl From<&'static [u8]> for Body {
    fn from(bytes: &'static [u8]) -> Body {
        Bytes::from_static(bytes).into()
    }
}
