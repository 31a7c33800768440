//! Blocks of sixteen bytes that are compared at once. The result of a comparison is a mask with one bit per byte.
//!
//! The operations exist twice: with the vector instructions of x86-64, and with arrays, for all other processors. A
//! test checks that both give the same results.

mod letters;
#[cfg(any(test, not(target_arch = "x86_64")))]
#[cfg_attr(target_arch = "x86_64", allow(dead_code))]
mod portable;
pub(crate) mod size;
#[cfg(target_arch = "x86_64")]
mod sse2;

#[cfg(not(target_arch = "x86_64"))]
pub(crate) use portable::Block;
#[cfg(target_arch = "x86_64")]
pub(crate) use sse2::Block;

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::{portable, sse2};

    #[test]
    fn vector_instructions_and_arrays_give_the_same_results() {
        let bytes: [u8; 271] = core::array::from_fn(|index| index as u8);
        for block in bytes.windows(16) {
            let block: &[u8; 16] = block.try_into().unwrap();
            let (fast, slow) = (sse2::Block::of(block), portable::Block::of(block));
            for byte in 0..=255 {
                let fast = [
                    fast.or(byte).bits(),
                    fast.equals(byte).bits(),
                    fast.and(fast.equals(byte)).bits(),
                    fast.without(fast.equals(byte)).bits(),
                ];
                let slow = [
                    slow.or(byte).bits(),
                    slow.equals(byte).bits(),
                    slow.and(slow.equals(byte)).bits(),
                    slow.without(slow.equals(byte)).bits(),
                ];
                assert_eq!(fast, slow, "{block:x?} and {byte:x}");
            }
            for first in 0..=255 {
                for last in first..=255 {
                    let (fast, slow) = (fast.outside(first, last), slow.outside(first, last));
                    assert_eq!(
                        fast.bits(),
                        slow.bits(),
                        "{block:x?}, {first:x} to {last:x}"
                    );
                }
            }
        }
    }
}
