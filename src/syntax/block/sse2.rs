//! Blocks with the vector instructions that every x86-64 processor has. See [`portable`](super::portable) for the
//! meaning of each operation.

use super::size::BLOCK_BYTES;
use safe_arch::{
    bitand_m128i, bitandnot_m128i, bitor_m128i, cmp_eq_mask_i8_m128i, cmp_gt_mask_i8_m128i,
    load_unaligned_m128i, m128i, move_mask_i8_m128i, set_splat_i8_m128i, sub_i8_m128i,
};

#[derive(Clone, Copy)]
pub(crate) struct Block(m128i);

impl Block {
    #[inline(always)]
    pub(crate) fn of(bytes: &[u8; BLOCK_BYTES]) -> Block {
        Block(load_unaligned_m128i(bytes))
    }

    #[inline(always)]
    pub(crate) fn or(self, byte: u8) -> Block {
        Block(bitor_m128i(self.0, all(byte)))
    }

    #[inline(always)]
    pub(crate) fn equals(self, byte: u8) -> Block {
        Block(cmp_eq_mask_i8_m128i(self.0, all(byte)))
    }

    #[inline(always)]
    pub(crate) fn outside(self, first: u8, last: u8) -> Block {
        // Only signed bytes can be compared, so the range is moved to where they begin.
        const LEAST: u8 = 0x80;
        let moved = sub_i8_m128i(self.0, all(first.wrapping_sub(LEAST)));
        Block(cmp_gt_mask_i8_m128i(
            moved,
            all((last - first).wrapping_add(LEAST)),
        ))
    }

    #[inline(always)]
    pub(crate) fn and(self, other: Block) -> Block {
        Block(bitand_m128i(self.0, other.0))
    }

    #[inline(always)]
    pub(crate) fn without(self, other: Block) -> Block {
        Block(bitandnot_m128i(other.0, self.0))
    }

    #[inline(always)]
    pub(crate) fn bits(self) -> u32 {
        u32::from(move_mask_i8_m128i(self.0) as u16)
    }
}

#[inline(always)]
fn all(byte: u8) -> m128i {
    set_splat_i8_m128i(byte as i8)
}
