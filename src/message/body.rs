//! The content of a response: nothing, bytes, or a stream of blocks.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use bytes::Bytes;
use core::fmt;

/// The content of a response. Bytes are shared, never copied while large; a stream is pulled one block at
/// a time, and only while the output is below its mark, so that a slow reader costs one block.
#[derive(Default)]
pub struct Body {
    pub(crate) content: Content,
}

#[derive(Default)]
pub(crate) enum Content {
    #[default]
    Empty,
    Bytes(Bytes),
    Stream {
        /// The length, if it is known before the first block.
        length: Option<u64>,
        blocks: Box<dyn Iterator<Item = Result<Bytes, Broken>> + Send>,
    },
}

/// A stream cannot go on. The connection is cut, so that the client sees that the content is incomplete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the stream of content broke off")
    }
}

impl core::error::Error for Broken {}

impl Body {
    /// No content.
    pub const fn empty() -> Body {
        Body {
            content: Content::Empty,
        }
    }

    /// Blocks of a length that is not known: sent chunked, or to an HTTP/1.0 client until the connection
    /// closes. Empty blocks are skipped.
    ///
    /// ```
    /// use bytegate::{Body, Gateway, Response};
    ///
    /// let gateway = Gateway::new().dynamic(".py", |_: &bytegate::Request<'_>| {
    ///     Response::text(Body::stream(["one ", "two"].into_iter()))
    /// });
    /// let reply = gateway.handle(b"GET /a.py HTTP/1.1\r\nHost: x\r\n\r\n");
    /// assert!(reply.ends_with(b"4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n"));
    /// ```
    pub fn stream<I>(blocks: I) -> Body
    where
        I: Iterator<Item: Into<Bytes>> + Send + 'static,
    {
        Body::fallible_stream(None, blocks.map(|block| Ok(block.into())))
    }

    /// Blocks that may break off, with their length in all if it is known. Blocks that turn out to be
    /// longer or shorter than that cut the connection.
    pub fn fallible_stream<I>(length: Option<u64>, blocks: I) -> Body
    where
        I: Iterator<Item = Result<Bytes, Broken>> + Send + 'static,
    {
        Body {
            content: Content::Stream {
                length,
                blocks: Box::new(blocks),
            },
        }
    }

    /// The length in octets, if it is known.
    pub fn length(&self) -> Option<u64> {
        match &self.content {
            Content::Empty => Some(0),
            Content::Bytes(bytes) => Some(bytes.len() as u64),
            Content::Stream { length, .. } => *length,
        }
    }

    /// The bytes, unless this is a stream.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match &self.content {
            Content::Empty => Some(&[]),
            Content::Bytes(bytes) => Some(bytes),
            Content::Stream { .. } => None,
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.content {
            Content::Empty => f.write_str("Empty"),
            Content::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            Content::Stream { length, .. } => write!(f, "Stream({length:?})"),
        }
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Body {
        Body {
            content: Content::Bytes(bytes),
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
