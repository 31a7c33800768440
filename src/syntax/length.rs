//! Content-Length (RFC 9110 section 8.6).

use super::byte_class::DIGIT;
use crate::values::protocol_error::ProtocolError;

/// Parses `1*DIGIT` and nothing else. The parser of the standard library would accept a sign.
pub(crate) fn parse(value: &[u8]) -> Result<u64, ProtocolError> {
    if value.is_empty() || !DIGIT.all(value) {
        return Err(ProtocolError::LengthMalformed);
    }
    value.iter().try_fold(0u64, |sum, &digit| {
        sum.checked_mul(10)
            .and_then(|tens| tens.checked_add(u64::from(digit - b'0')))
            .ok_or(ProtocolError::LengthOverflow)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use proptest::prelude::*;

    #[test]
    fn only_digits_are_accepted() {
        assert_eq!(parse(b"0"), Ok(0));
        assert_eq!(parse(b"0010"), Ok(10));
        assert_eq!(parse(b"18446744073709551615"), Ok(u64::MAX));
        assert_eq!(
            parse(b"18446744073709551616"),
            Err(ProtocolError::LengthOverflow)
        );
        for value in [
            "", "+5", "-1", "-0", "0x5", "5_0", "5.0", "5e0", "\"5\"", "5;", "5Z", "5 5", "5,5",
            "\u{b}5", "\u{a0}5", "٥",
        ] {
            assert_eq!(
                parse(value.as_bytes()),
                Err(ProtocolError::LengthMalformed),
                "{value:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn agrees_with_128_bit_arithmetic(number in any::<u128>()) {
            let expected = u64::try_from(number).map_err(|_| ProtocolError::LengthOverflow);
            prop_assert_eq!(parse(number.to_string().as_bytes()), expected);
        }
    }
}
