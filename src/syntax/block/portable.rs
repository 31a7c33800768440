//! Blocks as arrays. Compilers use vector instructions for them where the processor has some.

use super::size::BLOCK_BYTES;

#[derive(Clone, Copy)]
pub(crate) struct Block([u8; BLOCK_BYTES]);

impl Block {
    #[inline(always)]
    pub(crate) fn of(bytes: &[u8; BLOCK_BYTES]) -> Block {
        Block(*bytes)
    }

    /// Sets the bits of `byte` in each byte.
    #[inline(always)]
    pub(crate) fn or(self, byte: u8) -> Block {
        Block(self.0.map(|own| own | byte))
    }

    /// Marks the bytes that are equal to `byte`. A marked byte is 0xff, any other is 0.
    #[inline(always)]
    pub(crate) fn equals(self, byte: u8) -> Block {
        self.mark(|own| own == byte)
    }

    /// Marks the bytes that are not from `first` to `last`.
    #[inline(always)]
    pub(crate) fn outside(self, first: u8, last: u8) -> Block {
        self.mark(|own| own.wrapping_sub(first) > last - first)
    }

    /// Keeps the marks that the other block has, too.
    #[inline(always)]
    pub(crate) fn and(self, other: Block) -> Block {
        Block(core::array::from_fn(|index| self.0[index] & other.0[index]))
    }

    /// Keeps the marks that the other block does not have.
    #[inline(always)]
    pub(crate) fn without(self, other: Block) -> Block {
        Block(core::array::from_fn(|index| {
            self.0[index] & !other.0[index]
        }))
    }

    /// Returns the top bit of each byte. The first byte has the lowest bit.
    #[inline(always)]
    pub(crate) fn bits(self) -> u32 {
        const LOWEST: u64 = 0x0101_0101_0101_0101;
        // The product moves the lowest bit of each of eight bytes into the top byte.
        const GATHER: u64 = 0x0102_0408_1020_4080;
        let tops = u128::from_le_bytes(self.0) >> 7;
        let gathered = |tops: u64| (tops & LOWEST).wrapping_mul(GATHER) >> 56;
        (gathered(tops as u64) | gathered((tops >> 64) as u64) << 8) as u32
    }

    #[inline(always)]
    fn mark(self, is_marked: impl Fn(u8) -> bool) -> Block {
        Block(self.0.map(|own| 0u8.wrapping_sub(u8::from(is_marked(own)))))
    }
}
