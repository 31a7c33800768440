//! A block of a body.

#[cfg(feature = "server")]
use crate::files::file_range::FileRange;
use bytes::Bytes;

/// A block of a body.
#[derive(Debug)]
pub(crate) enum Block {
    Bytes(Bytes),
    /// A part of a file, for a front end that has the system send it.
    #[cfg(feature = "server")]
    File(FileRange),
}

impl Block {
    #[inline]
    pub(crate) fn len(&self) -> usize {
        match self {
            Block::Bytes(bytes) => bytes.len(),
            #[cfg(feature = "server")]
            Block::File(range) => range.len(),
        }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the bytes, or `None` for a part of a file.
    #[inline]
    pub(crate) fn as_bytes(&self) -> Option<&Bytes> {
        match self {
            Block::Bytes(bytes) => Some(bytes),
            #[cfg(feature = "server")]
            Block::File(_) => None,
        }
    }
}

impl From<Bytes> for Block {
    fn from(bytes: Bytes) -> Block {
        Block::Bytes(bytes)
    }
}
