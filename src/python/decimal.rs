//! A number as text, without an allocation.

/// A decimal number.
pub(super) struct Decimal {
    digits: [u8; 20],
    start: usize,
}

impl Decimal {
    pub(super) fn of(mut number: u64) -> Decimal {
        let mut text = Decimal {
            digits: [b'0'; 20],
            start: 20,
        };
        loop {
            text.start -= 1;
            text.digits[text.start] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                return text;
            }
        }
    }

    pub(super) fn as_str(&self) -> &str {
        core::str::from_utf8(&self.digits[self.start..]).unwrap_or_default()
    }
}
