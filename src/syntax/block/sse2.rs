//! Blocks with the vector instructions that every x86-64 processor has. See [`portable`](super::portable) for what each
//! operation does.

use super::BLOCK_BYTES;
use safe_arch::{
    bitor_m128i, cmp_eq_mask_i8_m128i, load_unaligned_m128i, m128i, min_u8_m128i,
    move_mask_i8_m128i, set_splat_i8_m128i, sub_i8_m128i,
};

#[derive(Clone, Copy)]
pub(crate) struct Block(m128i);

impl Block {
    #[inline(always)]
    pub(crate) fn of(octets: &[u8; BLOCK_BYTES]) -> Block {
        Block(load_unaligned_m128i(octets))
    }

    #[inline(always)]
    pub(crate) fn all(octet: u8) -> Block {
        Block(set_splat_i8_m128i(octet as i8))
    }

    #[inline(always)]
    pub(crate) fn or(self, other: Block) -> Block {
        Block(bitor_m128i(self.0, other.0))
    }

    #[inline(always)]
    pub(crate) fn minus(self, octet: u8) -> Block {
        Block(sub_i8_m128i(self.0, Block::all(octet).0))
    }

    #[inline(always)]
    pub(crate) fn min(self, octet: u8) -> Block {
        Block(min_u8_m128i(self.0, Block::all(octet).0))
    }

    #[inline(always)]
    pub(crate) fn is(self, other: Block) -> Block {
        Block(cmp_eq_mask_i8_m128i(self.0, other.0))
    }

    #[inline(always)]
    pub(crate) fn bits(self) -> u64 {
        u64::from(move_mask_i8_m128i(self.0) as u16)
    }
}
