//! Encoding of responses as bytes (RFC 9112 sections 4 and 6).

use super::CloseReason;
use super::output::Output;
use crate::message::body::{Body, Content, SHARED_FROM_BYTES};
use crate::message::broken::Broken;
use crate::message::framing::Decisions;
use crate::message::head::Version;
use crate::message::reply::PreparedResponse;
use crate::message::response::Response;
use crate::syntax::date::DATE_LINE_BYTES;
use crate::values::status::Status;
use alloc::vec::Vec;
use bytes::Bytes;

/// The decisions needed to encode a response, apart from the response itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting<'a> {
    pub(super) exchange: &'a Decisions,
    /// Whether the connection may stay open afterwards.
    pub(super) persists: bool,
    /// The line with the field Date.
    pub(super) date: Option<&'a [u8; DATE_LINE_BYTES]>,
}

/// What has been written and what is left to write.
pub(super) struct Written {
    /// The length of the content that is sent. `None` for a stream of unknown length.
    pub(super) content_length: Option<u64>,
    pub(super) persists: bool,
    /// The delimiter of the stream that follows, if the content is a stream.
    pub(super) stream: Option<Delimiter>,
}

/// Writes the head, and the content unless it is a stream.
pub(super) fn write(output: &mut Output, response: &mut Response, setting: Setting<'_>) -> Written {
    let status = response.status;
    // The request method and the status decide this, never the application (RFC 9110 section 6.4.1).
    let sends_content =
        !status.forbids_content() && status != Status::RESET_CONTENT && !setting.exchange.is_head;
    let delimiter = Delimiter::of(&response.body, status, setting.exchange.version);
    let persists = setting.persists && delimiter != Delimiter::Close;

    let from = output.tail().len();
    let head = output.tail();
    let fields = response.fields.lines().as_bytes();
    head.reserve(RESERVE + fields.len() + small_length(&response.body));
    write_status_line(head, status);
    if let Some(line) = setting.date {
        head.extend_from_slice(line);
    }
    head.extend_from_slice(fields);
    match delimiter {
        Delimiter::Length(length) => {
            head.extend_from_slice(b"Content-Length: ");
            write_decimal(head, length);
            head.extend_from_slice(b"\r\n");
        }
        Delimiter::Chunked => head.extend_from_slice(b"Transfer-Encoding: chunked\r\n"),
        Delimiter::None | Delimiter::Close => {}
    }
    head.extend_from_slice(connection_line(persists, setting.exchange.version));
    head.extend_from_slice(b"\r\n");
    output.appended(from);

    let content_length = match (sends_content, delimiter) {
        (false, _) => Some(0),
        (true, Delimiter::Length(length)) => Some(length),
        (true, _) => None,
    };
    let mut stream = None;
    if sends_content {
        match &mut response.body.content {
            Content::Empty => {}
            Content::Bytes(bytes) => output.push(core::mem::take(bytes)),
            Content::Stream { .. } => stream = Some(delimiter),
        }
    }
    Written {
        content_length,
        persists,
        stream,
    }
}

/// Writes a prepared response. Returns the length of the content that is sent.
#[inline(always)]
pub(super) fn write_prepared(
    output: &mut Output,
    prepared: &PreparedResponse,
    setting: Setting<'_>,
) -> u64 {
    let exchange = setting.exchange;
    let sends_block = setting.persists && exchange.version == Version::Http11 && !exchange.is_head;
    if !sends_block || prepared.large_content().is_some() {
        return write_parts(output, prepared, setting);
    }
    let (status_line, block) = (prepared.status_line().as_bytes(), prepared.block());
    // Exactly what is needed, so that a buffer of just this answer becomes `Bytes` without another allocation.
    let date_bytes = setting.date.map_or(0, |line| line.len());
    output.reserve(status_line.len() + date_bytes + block.len());
    let tail = output.tail();
    let from = tail.len();
    tail.extend_from_slice(status_line);
    if let Some(line) = setting.date {
        tail.extend_from_slice(line);
    }
    tail.extend_from_slice(block);
    output.appended(from);
    prepared.content().len() as u64
}

/// Like [`write_prepared`], for a response without its content, with a field Connection, or with large content.
#[inline(never)]
fn write_parts(output: &mut Output, prepared: &PreparedResponse, setting: Setting<'_>) -> u64 {
    let connection = connection_line(setting.persists, setting.exchange.version);
    let date: &[u8] = setting.date.map_or(b"", |line| line);
    let (fields, mut rest) = prepared.split_block();
    if setting.exchange.is_head {
        rest = b"\r\n";
    }
    let parts = [
        prepared.status_line().as_bytes(),
        date,
        fields,
        connection,
        rest,
    ];
    output.reserve(parts.iter().map(|part| part.len()).sum());
    parts.iter().for_each(|part| output.extend(part));
    if setting.exchange.is_head {
        return 0;
    }
    if let Some(content) = prepared.large_content() {
        output.push(content.clone());
    }
    prepared.content().len() as u64
}

/// Returns the line that states whether the connection stays open, where the version does not imply it.
#[inline]
fn connection_line(persists: bool, version: Version) -> &'static [u8] {
    match (persists, version) {
        (true, Version::Http11) => b"",
        (true, Version::Http10) => b"Connection: keep-alive\r\n",
        (false, _) => b"Connection: close\r\n",
    }
}

/// An upper estimate for the status line, Date, framing and Connection, in bytes.
const RESERVE: usize = 160;

/// Returns the length of a body that is copied after its head, or 0 if it is not copied.
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
pub(super) enum Delimiter {
    /// There is no content and no framing field (RFC 9110 section 8.6).
    None,
    Length(u64),
    Chunked,
    /// The end of the connection. HTTP/1.0 has no other delimiter for a stream.
    Close,
}

impl Delimiter {
    fn of(body: &Body, status: Status, version: Version) -> Delimiter {
        match (body.length(), version) {
            _ if status.forbids_content() => Delimiter::None,
            // A 205 response has no content and states a length of 0 (RFC 9110 section 15.3.6).
            _ if status == Status::RESET_CONTENT => Delimiter::Length(0),
            (Some(length), _) => Delimiter::Length(length),
            (None, Version::Http11) => Delimiter::Chunked,
            (None, Version::Http10) => Delimiter::Close,
        }
    }
}

impl Delimiter {
    /// Returns the reason for closing the connection if the content ends early.
    pub(super) fn broken_reason(self) -> CloseReason {
        match self {
            Delimiter::Length(_) | Delimiter::Chunked => CloseReason::ResponseBroken,
            Delimiter::None | Delimiter::Close => CloseReason::ResponseReset,
        }
    }

    /// Writes a block of the content.
    pub(super) fn write_block(&mut self, output: &mut Output, block: Bytes) -> Result<(), Broken> {
        if block.is_empty() {
            return Ok(());
        }
        match self {
            Delimiter::Length(left) => {
                *left = left.checked_sub(block.len() as u64).ok_or(Broken)?;
                output.push(block);
            }
            Delimiter::Chunked => {
                let from = output.tail().len();
                write_hexadecimal(output.tail(), block.len());
                output.tail().extend_from_slice(b"\r\n");
                output.appended(from);
                output.push(block);
                output.extend(b"\r\n");
            }
            Delimiter::None | Delimiter::Close => output.push(block),
        }
        Ok(())
    }

    /// Writes the end of the content.
    pub(super) fn write_end(self, output: &mut Output) -> Result<(), Broken> {
        match self {
            Delimiter::Length(0) | Delimiter::None | Delimiter::Close => Ok(()),
            Delimiter::Length(_) => Err(Broken),
            Delimiter::Chunked => {
                output.extend(b"0\r\n\r\n");
                Ok(())
            }
        }
    }
}

/// Writes a decimal number. Lengths and chunk sizes do not use `core::fmt`, which costs more than the rest of a head.
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
    fn numbers_match_the_standard_library_format() {
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
