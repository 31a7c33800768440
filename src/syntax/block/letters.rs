//! Letters in a block.

use super::Block;

impl Block {
    /// Marks all bytes but the letters of either case.
    #[inline(always)]
    pub(crate) fn no_letters(self) -> Block {
        self.or(0x20).outside(b'a', b'z')
    }
}
