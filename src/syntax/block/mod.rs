//! Blocks of sixteen bytes that are compared at once. The result of a comparison is a mask with one bit per byte.
//!
//! The operations exist twice: with the vector instructions of x86-64, and with arrays, for all other processors. A test
//! checks that both give the same results.

#[cfg(any(test, not(target_arch = "x86_64")))]
#[cfg_attr(target_arch = "x86_64", allow(dead_code))]
mod portable;
#[cfg(target_arch = "x86_64")]
mod sse2;

#[cfg(not(target_arch = "x86_64"))]
pub(crate) use portable::Block;
#[cfg(target_arch = "x86_64")]
pub(crate) use sse2::Block;

/// The number of bytes in a block.
pub(crate) const BLOCK_BYTES: usize = 16;

impl Block {
    /// Marks the bytes from `first` to `last`.
    #[inline(always)]
    pub(crate) fn within(self, first: u8, last: u8) -> Block {
        let from_first = self.minus(first);
        from_first.min(last - first).is(from_first)
    }

    /// Marks the bytes that are equal to `octet`.
    #[inline(always)]
    pub(crate) fn equals(self, octet: u8) -> Block {
        self.is(Block::all(octet))
    }

    /// Marks the letters of either case.
    #[inline(always)]
    pub(crate) fn letters(self) -> Block {
        self.or(Block::all(0x20)).within(b'a', b'z')
    }

    /// Marks control characters: the bytes below SP, which include HTAB, and DEL.
    #[inline(always)]
    pub(crate) fn controls(self) -> Block {
        self.min(0x1f).is(self).or(self.equals(0x7f))
    }
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::{portable, sse2};

    #[test]
    fn vector_instructions_and_arrays_give_the_same_results() {
        let octets: [u8; 271] = core::array::from_fn(|index| index as u8);
        for block in octets.windows(16) {
            let block: &[u8; 16] = block.try_into().unwrap();
            let (fast, slow) = (sse2::Block::of(block), portable::Block::of(block));
            for octet in 0..=255 {
                let fast = [
                    fast.minus(octet).bits(),
                    fast.min(octet).bits(),
                    fast.min(octet).is(fast).bits(),
                    fast.or(sse2::Block::all(octet)).bits(),
                    fast.is(sse2::Block::all(octet)).bits(),
                ];
                let slow = [
                    slow.minus(octet).bits(),
                    slow.min(octet).bits(),
                    slow.min(octet).is(slow).bits(),
                    slow.or(portable::Block::all(octet)).bits(),
                    slow.is(portable::Block::all(octet)).bits(),
                ];
                assert_eq!(fast, slow, "{block:x?} and {octet:x}");
            }
        }
    }
}
