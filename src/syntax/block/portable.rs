//! Blocks as arrays. Compilers use vector instructions for them where the processor has some.

use super::BLOCK_BYTES;

#[derive(Clone, Copy)]
pub(crate) struct Block([u8; BLOCK_BYTES]);

impl Block {
    #[inline(always)]
    pub(crate) fn of(octets: &[u8; BLOCK_BYTES]) -> Block {
        Block(*octets)
    }

    /// Returns a block of sixteen equal bytes.
    #[inline(always)]
    pub(crate) fn all(octet: u8) -> Block {
        Block([octet; BLOCK_BYTES])
    }

    #[inline(always)]
    pub(crate) fn or(self, other: Block) -> Block {
        Block(core::array::from_fn(|index| self.0[index] | other.0[index]))
    }

    /// Subtracts `octet` from each byte, modulo 256.
    #[inline(always)]
    pub(crate) fn minus(self, octet: u8) -> Block {
        Block(self.0.map(|other| other.wrapping_sub(octet)))
    }

    /// Replaces each byte that is larger than `octet` with it.
    #[inline(always)]
    pub(crate) fn min(self, octet: u8) -> Block {
        Block(self.0.map(|other| other.min(octet)))
    }

    /// Marks the bytes that are the same in both blocks. A marked byte is 0xff, any other is 0.
    #[inline(always)]
    pub(crate) fn is(self, other: Block) -> Block {
        Block(core::array::from_fn(|index| {
            0u8.wrapping_sub(u8::from(self.0[index] == other.0[index]))
        }))
    }

    /// Returns the top bit of each byte. The first byte has the lowest bit.
    #[inline(always)]
    pub(crate) fn bits(self) -> u64 {
        const LOWEST: u64 = 0x0101_0101_0101_0101;
        // The product moves the lowest bit of each of eight bytes into the top byte.
        const GATHER: u64 = 0x0102_0408_1020_4080;
        let tops = u128::from_le_bytes(self.0) >> 7;
        let gathered = |tops: u64| (tops & LOWEST).wrapping_mul(GATHER) >> 56;
        gathered(tops as u64) | gathered((tops >> 64) as u64) << 8
    }
}
