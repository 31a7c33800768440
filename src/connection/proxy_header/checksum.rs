//! CRC-32C (RFC 3720 section 12.1), the checksum of a header of version 2.

/// Returns the checksum of the bytes of all parts, one after the other.
pub(super) fn crc32c(parts: &[&[u8]]) -> u32 {
    /// The polynomial, with its bits reversed.
    const POLYNOMIAL: u32 = 0x82f6_3b78;
    let mut sum = u32::MAX;
    for byte in parts.iter().copied().flatten() {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            let carry = sum & 1;
            sum >>= 1;
            sum ^= POLYNOMIAL * carry;
        }
    }
    !sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_match_the_examples_in_the_rfc() {
        // RFC 3720 appendix B.4.
        assert_eq!(crc32c(&[&[0; 32]]), 0x8a91_36aa);
        assert_eq!(crc32c(&[&[0xff; 16], &[0xff; 16]]), 0x62a8_ab43);
        assert_eq!(crc32c(&[b"123456789"]), 0xe306_9283);
        assert_eq!(crc32c(&[]), 0);
    }
}
