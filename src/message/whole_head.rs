//! Heads that this program has written, not received.

use crate::config::limits::Limits;
use crate::syntax::head::{HeadParser, Parsed};
use crate::syntax::layout::Layout;
use crate::values::protocol_error::{InvalidRequest, ProtocolError};
use crate::values::scheme::Scheme;
use alloc::boxed::Box;

/// Parses a head without limits.
pub(crate) fn layout_of(head: &[u8], scheme: Scheme) -> Result<Box<Layout>, InvalidRequest> {
    let limits = Limits {
        request_line_bytes: u32::MAX / 2,
        header_line_bytes: u32::MAX / 2,
        headers: u16::MAX,
        head_bytes: u32::MAX,
        ..Limits::default()
    };
    let mut parser = HeadParser::new();
    match parser.advance(head, &limits)? {
        Parsed::Head if parser.end() == head.len() => {}
        Parsed::Head => {
            // A name or a value contains a line ending.
            return Err(InvalidRequest::new(
                ProtocolError::HeaderValueByte,
                parser.end(),
            ));
        }
        Parsed::Incomplete | Parsed::EmptyLine => {
            return Err(InvalidRequest::new(ProtocolError::HeadIncomplete, 0));
        }
    }
    Ok(Box::new(*parser.validate(head, scheme)?))
}
