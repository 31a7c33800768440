//! The size of a block.

/// The number of bytes in a block.
pub(crate) const BLOCK_BYTES: usize = 16;
