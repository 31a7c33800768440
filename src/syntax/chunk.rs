//! The chunk-size line: the size of a chunk and its extensions (RFC 9112 section 7.1).
//!
//! `chunk-size [ *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] ) ] CRLF`
//!
//! The parser takes one byte at a time, because these lines are short. Invalid input is rejected at its first byte.

use super::byte_class::TOKEN;
use crate::values::protocol_error::ProtocolError;

/// A partially parsed chunk-size line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChunkLine {
    /// The size so far. It saturates, so that no number of digits can wrap it.
    pub(crate) size: u64,
    /// The length of the line so far, in bytes, without its CRLF.
    pub(crate) bytes: u32,
    /// The number of those bytes that do not contribute to the size: extensions and leading zeros.
    pub(crate) idle_bytes: u32,
    place: Place,
}

/// The element before the next byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Start,
    Size,
    /// Whitespace after a size, a name or a value. Only an extension may follow.
    BlankBeforeSemicolon,
    Semicolon,
    Name,
    BlankAfterName,
    Equals,
    Token,
    Quoted,
    Escape,
    QuoteClosed,
    CarriageReturn,
    Done,
}

impl ChunkLine {
    pub(crate) const fn new() -> ChunkLine {
        ChunkLine {
            size: 0,
            bytes: 0,
            idle_bytes: 0,
            place: Place::Start,
        }
    }

    /// Parses the next byte. Returns whether it ended the line.
    pub(crate) fn push(&mut self, byte: u8) -> Result<bool, ProtocolError> {
        self.place = self.next(byte)?;
        match self.place {
            Place::Done => return Ok(true),
            Place::CarriageReturn => return Ok(false),
            Place::Start | Place::Size if self.size > 0 => {}
            _ => self.idle_bytes = self.idle_bytes.saturating_add(1),
        }
        self.bytes = self.bytes.saturating_add(1);
        Ok(false)
    }

    fn next(&mut self, byte: u8) -> Result<Place, ProtocolError> {
        use Place::*;
        let blank = matches!(byte, b' ' | b'\t');
        match (self.place, byte) {
            (CarriageReturn, b'\n') => Ok(Done),
            (CarriageReturn, _) => Err(ProtocolError::BareCr),
            (_, b'\n') => Err(ProtocolError::BareLf),

            (Start | Size, _) if byte.is_ascii_hexdigit() => {
                let digit = (byte as char).to_digit(16).unwrap_or_default();
                self.size = self
                    .size
                    .saturating_mul(16)
                    .saturating_add(u64::from(digit));
                Ok(Size)
            }
            (Start, _) => Err(ProtocolError::ChunkSize),
            (Size | Name | Token | QuoteClosed, b'\r') => Ok(CarriageReturn),
            (Size | Name | Token | QuoteClosed | BlankBeforeSemicolon | BlankAfterName, b';') => {
                Ok(Semicolon)
            }
            (Size | Token | QuoteClosed | BlankBeforeSemicolon, _) if blank => {
                Ok(BlankBeforeSemicolon)
            }
            (Size, _) => Err(ProtocolError::ChunkSize),

            (Semicolon, _) if blank => Ok(Semicolon),
            (Semicolon | Name, _) if TOKEN.contains(byte) => Ok(Name),
            (Name | BlankAfterName, _) if blank => Ok(BlankAfterName),
            (Name | BlankAfterName, b'=') => Ok(Equals),

            (Equals, _) if blank => Ok(Equals),
            (Equals, b'"') => Ok(Quoted),
            (Equals | Token, _) if TOKEN.contains(byte) => Ok(Token),

            (Quoted, b'"') => Ok(QuoteClosed),
            (Quoted, b'\\') => Ok(Escape),
            (Quoted | Escape, b'\t' | b' '..=b'~' | 0x80..=0xff) => Ok(Quoted),

            _ => Err(ProtocolError::ChunkExtension),
        }
    }
}

/// Reads a complete line that holds only a size, as nearly every one does, and returns the size and the length of the
/// line with its CRLF. Leaves everything else to [`ChunkLine`]: sizes with a leading zero or more than eight digits,
/// extensions, errors, and incomplete lines.
#[inline]
pub(crate) fn plain_line(input: &[u8]) -> Option<(u64, usize)> {
    const DIGITS: usize = 8;
    let mut size = 0;
    for (at, &byte) in input.iter().take(DIGITS + 1).enumerate() {
        let digit = match byte {
            b'0' if at > 0 => 0,
            b'1'..=b'9' => byte - b'0',
            b'a'..=b'f' | b'A'..=b'F' => (byte | 0x20) - b'a' + 10,
            b'\r' if at > 0 && input.get(at + 1) == Some(&b'\n') => return Some((size, at + 2)),
            _ => return None,
        };
        size = size * 16 + u64::from(digit);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &[u8]) -> Result<Option<u64>, ProtocolError> {
        let mut chunk_line = ChunkLine::new();
        for (index, &byte) in line.iter().enumerate() {
            if chunk_line.push(byte)? {
                assert_eq!(index + 1, line.len(), "ended early");
                return Ok(Some(chunk_line.size));
            }
        }
        Ok(None)
    }

    proptest::proptest! {
        #[test]
        fn a_plain_line_agrees_with_the_full_parser(line in "[0-9a-fA-F]{0,10}(\\r\\n|\\r|\\n|;a\\r\\n| |g)?.{0,2}") {
            let bytes = line.as_bytes();
            if let Some((size, length)) = plain_line(bytes) {
                proptest::prop_assert_eq!(parse(&bytes[..length]), Ok(Some(size)));
            }
        }
    }

    #[test]
    fn plain_lines_are_read_at_once() {
        for (line, plain) in [
            ("5\r\nhello", Some((5, 3))),
            ("fFfFfFfF\r\n", Some((0xffff_ffff, 10))),
            ("10\r\n", Some((16, 4))),
            ("0\r\n", None),
            ("05\r\n", None),
            ("123456789\r\n", None),
            ("5;a\r\n", None),
            ("5\r", None),
            ("5\rx", None),
            ("5\n", None),
            ("\r\n", None),
            ("", None),
        ] {
            assert_eq!(plain_line(line.as_bytes()), plain, "{line:?}");
        }
    }

    #[test]
    fn sizes_and_extensions_are_parsed() {
        for (line, size) in [
            ("0\r\n", 0),
            ("000\r\n", 0),
            ("fF\r\n", 255),
            ("00000000000000000000005\r\n", 5),
            ("ffffffffffffffff\r\n", u64::MAX),
            ("fffffffffffffffff\r\n", u64::MAX),
            ("5;a\r\n", 5),
            ("5;a=b\r\n", 5),
            ("5 ; a = b ; c\t=\t\"d;\\\"e\u{e4}\" ;f\r\n", 5),
            ("5;a=\"\"\r\n", 5),
        ] {
            assert_eq!(parse(line.as_bytes()), Ok(Some(size)), "{line:?}");
        }
        for line in ["", "5", "5;", "5;a=\"", "5\r"] {
            assert_eq!(parse(line.as_bytes()), Ok(None), "{line:?}");
        }
    }

    #[test]
    fn invalid_lines_are_rejected() {
        for (line, error) in [
            ("\r\n", ProtocolError::ChunkSize),
            (" 5\r\n", ProtocolError::ChunkSize),
            ("+5\r\n", ProtocolError::ChunkSize),
            ("-5\r\n", ProtocolError::ChunkSize),
            ("0x5\r\n", ProtocolError::ChunkSize),
            ("1_0\r\n", ProtocolError::ChunkSize),
            ("5 \r\n", ProtocolError::ChunkExtension),
            ("5 5\r\n", ProtocolError::ChunkExtension),
            ("5\n", ProtocolError::BareLf),
            ("5\r\r\n", ProtocolError::BareCr),
            ("5\rX", ProtocolError::BareCr),
            ("5;\r\n", ProtocolError::ChunkExtension),
            ("5;=a\r\n", ProtocolError::ChunkExtension),
            ("5;a=\r\n", ProtocolError::ChunkExtension),
            ("5;a b\r\n", ProtocolError::ChunkExtension),
            ("5;a \r\n", ProtocolError::ChunkExtension),
            ("5;a=b \r\n", ProtocolError::ChunkExtension),
            ("5;a=b=c\r\n", ProtocolError::ChunkExtension),
            ("5;a\n", ProtocolError::BareLf),
            ("5;\n", ProtocolError::BareLf),
            ("5;a=\"b\r\n", ProtocolError::ChunkExtension),
            ("5;a=\"b\n", ProtocolError::BareLf),
            ("5;a=\"b\"c\r\n", ProtocolError::ChunkExtension),
            ("5;a=\0\r\n", ProtocolError::ChunkExtension),
            ("5;a\0\r\n", ProtocolError::ChunkExtension),
            ("5;a=\"\\\u{1}\"\r\n", ProtocolError::ChunkExtension),
        ] {
            assert_eq!(parse(line.as_bytes()), Err(error), "{line:?}");
        }
    }

    #[test]
    fn bytes_are_counted_for_the_limits() {
        let mut line = ChunkLine::new();
        for &byte in b"1f;a=b\r" {
            assert_eq!(line.push(byte), Ok(false));
        }
        assert_eq!((line.bytes, line.idle_bytes), (6, 4));
        let mut line = ChunkLine::new();
        for &byte in b"0001" {
            assert_eq!(line.push(byte), Ok(false));
        }
        assert_eq!((line.bytes, line.idle_bytes), (4, 3));
    }
}
