//! A response on its way to bytes (RFC 9112 sections 4 and 6).

use super::CloseReason;
use super::output::{Output, SHARED_FROM_BYTES};
use crate::message::body::{Body, Broken, Content};
use crate::message::exchange::Exchange;
use crate::message::head::Version;
use crate::message::response::Response;
use crate::syntax::date::DATE_BYTES;
use crate::values::status::Status;
use alloc::boxed::Box;
use alloc::vec::Vec;
use bytes::Bytes;
use core::fmt;

/// What is decided around a response.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting<'a> {
    pub(super) exchange: &'a Exchange,
    /// Whether the connection may go on behind it.
    pub(super) persists: bool,
    pub(super) date: Option<&'a [u8; DATE_BYTES]>,
}

/// What was written, and what is left to write.
pub(super) struct Written {
    pub(super) status: Status,
    /// The length of the content that goes out; `None` for a stream of unknown length.
    pub(super) content_length: Option<u64>,
    pub(super) persists: bool,
    pub(super) stream: Option<Stream>,
}

/// Writes the head, and the content if it is all there.
pub(super) fn write(output: &mut Output, response: Response, setting: Setting<'_>) -> Written {
    let Response {
        status,
        fields,
        body,
        ..
    } = response;
    // RFC 9110 section 6.4.1; the type of the request and the status decide, never the application.
    let sends_content =
        !status.forbids_content() && status != Status::RESET_CONTENT && !setting.exchange.is_head;
    let delimiter = Delimiter::of(&body, status, setting.exchange.version);
    let persists = setting.persists && delimiter != Delimiter::Close;

    let from = output.tail().len();
    let head = output.tail();
    head.reserve(RESERVE + fields.lines().as_bytes().len() + small_length(&body));
    write_status_line(head, status);
    if let Some(date) = setting.date {
        head.extend_from_slice(b"Date: ");
        head.extend_from_slice(date);
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(fields.lines().as_bytes());
    match delimiter {
        Delimiter::Length(length) => {
            head.extend_from_slice(b"Content-Length: ");
            write_decimal(head, length);
            head.extend_from_slice(b"\r\n");
        }
        Delimiter::Chunked => head.extend_from_slice(b"Transfer-Encoding: chunked\r\n"),
        Delimiter::None | Delimiter::Close => {}
    }
    match (persists, setting.exchange.version) {
        (true, Version::Http11) => {}
        (true, Version::Http10) => head.extend_from_slice(b"Connection: keep-alive\r\n"),
        (false, _) => head.extend_from_slice(b"Connection: close\r\n"),
    }
    head.extend_from_slice(b"\r\n");
    output.appended(from);

    let content_length = match (sends_content, delimiter) {
        (false, _) => Some(0),
        (true, Delimiter::Length(length)) => Some(length),
        (true, _) => None,
    };
    let stream = match (sends_content, body.content) {
        (false, _) | (true, Content::Empty) => None,
        (true, Content::Bytes(bytes)) => {
            output.push(bytes);
            None
        }
        (true, Content::Stream { blocks, .. }) => Some(Stream { blocks, delimiter }),
    };
    Written {
        status,
        content_length,
        persists,
        stream,
    }
}

/// The status line, Date, framing and Connection, generously.
const RESERVE: usize = 160;

/// The length of a body that is copied behind its head.
fn small_length(body: &Body) -> usize {
    let length = body.as_bytes().map_or(0, <[u8]>::len);
    if length < SHARED_FROM_BYTES {
        length
    } else {
        0
    }
}

/// How the end of the content is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Delimiter {
    /// There is no content, and no field says so (RFC 9110 section 8.6).
    None,
    Length(u64),
    Chunked,
    /// By the end of the connection: all that HTTP/1.0 has for a stream.
    Close,
}

impl Delimiter {
    fn of(body: &Body, status: Status, version: Version) -> Delimiter {
        match (body.length(), version) {
            _ if status.forbids_content() => Delimiter::None,
            // RFC 9110 section 15.3.6: it has no content, and says so.
            _ if status == Status::RESET_CONTENT => Delimiter::Length(0),
            (Some(length), _) => Delimiter::Length(length),
            (None, Version::Http11) => Delimiter::Chunked,
            (None, Version::Http10) => Delimiter::Close,
        }
    }
}

/// The rest of a response whose content is pulled block by block.
pub(super) struct Stream {
    blocks: Box<dyn Iterator<Item = Result<Bytes, Broken>> + Send>,
    delimiter: Delimiter,
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stream({:?})", self.delimiter)
    }
}

/// What a pull brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pulled {
    Block,
    Last,
}

impl Stream {
    /// Why the connection closes if the stream breaks off.
    pub(super) fn broken_reason(&self) -> CloseReason {
        match self.delimiter {
            Delimiter::Length(_) | Delimiter::Chunked => CloseReason::ResponseBroken,
            Delimiter::None | Delimiter::Close => CloseReason::ResponseReset,
        }
    }

    /// Writes the next block.
    pub(super) fn pull(&mut self, output: &mut Output) -> Result<Pulled, Broken> {
        match (self.blocks.next(), &mut self.delimiter) {
            (None, Delimiter::Length(0) | Delimiter::None | Delimiter::Close) => Ok(Pulled::Last),
            (None, Delimiter::Length(_)) => Err(Broken),
            (None, Delimiter::Chunked) => {
                output.extend(b"0\r\n\r\n");
                Ok(Pulled::Last)
            }
            (Some(Err(broken)), _) => Err(broken),
            (Some(Ok(block)), _) if block.is_empty() => Ok(Pulled::Block),
            (Some(Ok(block)), Delimiter::Length(left)) => {
                *left = left.checked_sub(block.len() as u64).ok_or(Broken)?;
                output.push(block);
                Ok(Pulled::Block)
            }
            (Some(Ok(block)), Delimiter::Chunked) => {
                let from = output.tail().len();
                write_hexadecimal(output.tail(), block.len());
                output.tail().extend_from_slice(b"\r\n");
                output.appended(from);
                output.push(block);
                output.extend(b"\r\n");
                Ok(Pulled::Block)
            }
            (Some(Ok(block)), Delimiter::None | Delimiter::Close) => {
                output.push(block);
                Ok(Pulled::Block)
            }
        }
    }
}

/// Chunk sizes and lengths are written directly: the formatting machinery costs more than the rest of a head.
fn write_decimal(to: &mut Vec<u8>, number: u64) {
    write_digits::<10, 20>(to, number);
}

fn write_hexadecimal(to: &mut Vec<u8>, number: usize) {
    write_digits::<16, 16>(to, number as u64);
}

fn write_digits<const BASE: u64, const MOST: usize>(to: &mut Vec<u8>, mut number: u64) {
    let mut digits = [b'0'; MOST];
    let mut first = MOST;
    loop {
        first -= 1;
        digits[first] = b"0123456789abcdef"[(number % BASE) as usize];
        number /= BASE;
        if number == 0 {
            break;
        }
    }
    to.extend_from_slice(&digits[first..]);
}

fn write_status_line(to: &mut Vec<u8>, status: Status) {
    match status.line() {
        Some(line) => to.extend_from_slice(line.as_bytes()),
        None => {
            to.extend_from_slice(b"HTTP/1.1 ");
            to.extend_from_slice(&status.digits());
            to.extend_from_slice(b" \r\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn numbers_are_written_as_the_standard_library_writes_them() {
        for number in [0, 1, 9, 10, 255, 4096, 16_385, u64::MAX] {
            let mut decimal = Vec::new();
            write_decimal(&mut decimal, number);
            assert_eq!(decimal, format!("{number}").as_bytes());
            let mut hexadecimal = Vec::new();
            write_hexadecimal(&mut hexadecimal, number as usize);
            assert_eq!(hexadecimal, format!("{:x}", number as usize).as_bytes());
        }
    }
}
