//! Encoding of responses as bytes (RFC 9112 sections 4 and 6).

use super::CloseReason;
use super::output::Output;
use crate::body::block::Block;
use crate::body::body::{Body, Kind, SHARED_FROM_BYTES};
use crate::body::body_error::BodyError;
use crate::message::framing::Decisions;
use crate::message::head::Version;
use crate::response::reply::PreparedResponse;
use crate::response::response::Response;
use crate::syntax::date::DATE_LINE_BYTES;
use crate::values::status::Status;

/// The decisions needed to encode a response, apart from the response itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting<'a> {
    pub(super) exchange: &'a Decisions,
    /// Whether the connection may stay open afterwards.
    pub(super) persists: bool,
    /// The `Date` line.
    pub(super) date: Option<&'a [u8; DATE_LINE_BYTES]>,
}

/// The outcome of writing a response.
pub(super) struct Written {
    /// The length of the body that is sent. `None` for a stream of unknown length.
    pub(super) content_length: Option<u64>,
    pub(super) persists: bool,
    /// The delimiter of the stream that follows, if the body is a stream.
    pub(super) stream: Option<Delimiter>,
}

/// Writes the head, and the body unless it is a stream.
pub(super) fn write(output: &mut Output, response: &mut Response, setting: Setting<'_>) -> Written {
    let status = response.status;
    // The request method and the status decide this, never the application (RFC 9110 section 6.4.1).
    let sends_body =
        !status.forbids_body() && status != Status::RESET_CONTENT && !setting.exchange.is_head;
    let delimiter = Delimiter::of(&response.body, status, setting.exchange.version);
    let persists = setting.persists && delimiter != Delimiter::Close;

    let mut line = UNNAMED_STATUS_LINE;
    let line = status_line(status, &mut line);
    let headers = response.headers.view().as_bytes();
    let mut framing = LengthLine::new();
    let framing: &[u8] = match delimiter {
        Delimiter::Length(length) => framing.of(length),
        Delimiter::Chunked => b"Transfer-Encoding: chunked\r\n",
        Delimiter::None | Delimiter::Close => b"",
    };
    let connection = connection_line(persists, setting.exchange.version);
    let head = line.len() + headers.len() + framing.len() + connection.len() + b"\r\n".len();
    let date = setting.date.map_or(0, |line| line.len());
    // The exact size, so that a buffer of just this response becomes `Bytes` without another allocation.
    output.reserve(head + date + small_length(&response.body));
    let tail = output.tail();
    let from = tail.len();
    tail.extend_from_slice(line);
    if let Some(line) = setting.date {
        tail.extend_from_slice(line);
    }
    tail.extend_from_slice(headers);
    tail.extend_from_slice(framing);
    tail.extend_from_slice(connection);
    tail.extend_from_slice(b"\r\n");
    output.appended(from);

    let content_length = match (sends_body, delimiter) {
        (false, _) => Some(0),
        (true, Delimiter::Length(length)) => Some(length),
        (true, _) => None,
    };
    let mut stream = None;
    if sends_body {
        match &mut response.body.kind {
            Kind::Empty => {}
            Kind::Bytes(bytes) => output.push(core::mem::take(bytes)),
            Kind::Stream { .. } => stream = Some(delimiter),
        }
    }
    Written {
        content_length,
        persists,
        stream,
    }
}

/// Writes a prepared response. Returns the length of the body that is sent.
#[inline(always)]
pub(super) fn write_prepared(
    output: &mut Output,
    prepared: &PreparedResponse,
    setting: Setting<'_>,
) -> u64 {
    let exchange = setting.exchange;
    let sends_block = setting.persists && exchange.version == Version::Http11 && !exchange.is_head;
    if !sends_block || prepared.large_body().is_some() {
        return write_parts(output, prepared, setting);
    }
    let (status_line, block) = (prepared.status_line().as_bytes(), prepared.block());
    // The exact size, as above.
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
    prepared.body().len() as u64
}

/// Like [`write_prepared`], for a response without its body, with a `Connection` header, or with a large body.
#[inline(never)]
fn write_parts(output: &mut Output, prepared: &PreparedResponse, setting: Setting<'_>) -> u64 {
    let connection = connection_line(setting.persists, setting.exchange.version);
    let date: &[u8] = setting.date.map_or(b"", |line| line);
    let (headers, mut rest) = prepared.split_block();
    if setting.exchange.is_head {
        rest = b"\r\n";
    }
    let parts = [
        prepared.status_line().as_bytes(),
        date,
        headers,
        connection,
        rest,
    ];
    output.reserve(parts.iter().map(|part| part.len()).sum());
    parts.iter().for_each(|part| output.extend(part));
    if setting.exchange.is_head {
        return 0;
    }
    if let Some(body) = prepared.large_body() {
        output.push(body.clone());
    }
    prepared.body().len() as u64
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

/// Returns the length of a body that is copied after its head, or 0 if it is not copied.
fn small_length(body: &Body) -> usize {
    let length = body.as_bytes().map_or(0, <[u8]>::len);
    if length < SHARED_FROM_BYTES {
        length
    } else {
        0
    }
}

/// How the end of the body is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delimiter {
    /// The response has no body and no framing header (RFC 9110 section 8.6).
    None,
    Length(u64),
    Chunked,
    /// The end of the connection. HTTP/1.0 has no other delimiter for a stream.
    Close,
}

impl Delimiter {
    fn of(body: &Body, status: Status, version: Version) -> Delimiter {
        match (body.length(), version) {
            _ if status.forbids_body() => Delimiter::None,
            // A 205 response has no body and states a length of 0 (RFC 9110 section 15.3.6).
            _ if status == Status::RESET_CONTENT => Delimiter::Length(0),
            (Some(length), _) => Delimiter::Length(length),
            (None, Version::Http11) => Delimiter::Chunked,
            (None, Version::Http10) => Delimiter::Close,
        }
    }
}

impl Delimiter {
    /// Returns the reason for closing the connection if the body ends early.
    pub(super) fn broken_reason(self) -> CloseReason {
        match self {
            Delimiter::Length(_) | Delimiter::Chunked => CloseReason::ResponseBroken,
            Delimiter::None | Delimiter::Close => CloseReason::ResponseReset,
        }
    }

    /// Writes a block of the body.
    pub(super) fn write_block(
        &mut self,
        output: &mut Output,
        block: Block,
    ) -> Result<(), BodyError> {
        if block.is_empty() {
            return Ok(());
        }
        match self {
            Delimiter::Length(left) => {
                *left = left.checked_sub(block.len() as u64).ok_or(BodyError)?;
                output.push_block(block);
            }
            Delimiter::Chunked => {
                output.extend(ChunkLine::new().of(block.len() as u64));
                output.push_block(block);
                output.extend(b"\r\n");
            }
            Delimiter::None | Delimiter::Close => output.push_block(block),
        }
        Ok(())
    }

    /// Writes the end of the body.
    pub(super) fn write_end(self, output: &mut Output) -> Result<(), BodyError> {
        match self {
            Delimiter::Length(0) | Delimiter::None | Delimiter::Close => Ok(()),
            Delimiter::Length(_) => Err(BodyError),
            Delimiter::Chunked => {
                output.extend(b"0\r\n\r\n");
                Ok(())
            }
        }
    }
}

/// The `Content-Length` line. It does not use `core::fmt`, which costs more than the rest of a head.
struct LengthLine([u8; 38]);

impl LengthLine {
    const NAME: &[u8; 16] = b"Content-Length: ";

    const fn new() -> LengthLine {
        LengthLine(*b"Content-Length: 00000000000000000000\r\n")
    }

    /// Returns the line for a length. The name is moved to where the digits begin.
    fn of(&mut self, length: u64) -> &[u8] {
        let digits_end = self.0.len() - b"\r\n".len();
        let first = write_digits::<10>(&mut self.0[..digits_end], length);
        let start = first.saturating_sub(Self::NAME.len());
        self.0[start..first].copy_from_slice(Self::NAME);
        &self.0[start..]
    }
}

/// The line of a chunk with its size.
struct ChunkLine([u8; 18]);

impl ChunkLine {
    const fn new() -> ChunkLine {
        ChunkLine(*b"0000000000000000\r\n")
    }

    fn of(&mut self, size: u64) -> &[u8] {
        let first = write_digits::<16>(&mut self.0[..16], size);
        &self.0[first..]
    }
}

/// Writes the digits of a number at the end of a buffer that has room for any number. Returns where they begin.
#[inline(always)]
fn write_digits<const BASE: u64>(place: &mut [u8], mut number: u64) -> usize {
    let mut first = place.len();
    for (index, digit) in place.iter_mut().enumerate().rev() {
        *digit = b"0123456789abcdef"[(number % BASE) as usize];
        first = index;
        number /= BASE;
        if number == 0 {
            break;
        }
    }
    first
}

const UNNAMED_STATUS_LINE: [u8; 15] = *b"HTTP/1.1 000 \r\n";

/// Returns the status line. `unnamed` is where the line of a status without a reason phrase is written.
#[inline]
fn status_line(status: Status, unnamed: &mut [u8; 15]) -> &[u8] {
    match status.line() {
        Some(line) => line.as_bytes(),
        None => {
            unnamed[9..12].copy_from_slice(&status.digits());
            unnamed
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
            let line = format!("Content-Length: {number}\r\n");
            assert_eq!(LengthLine::new().of(number), line.as_bytes());
            let line = format!("{number:x}\r\n");
            assert_eq!(ChunkLine::new().of(number), line.as_bytes());
        }
    }
}
