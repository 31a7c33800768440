//! Reading the body of a request, which is either buffered or streamed.

use super::chunked::{Chunked, Decoded, kept_trailers};
use super::progress::Progress;
use crate::config::config::Config;
use crate::config::limits::Limits;
use crate::headers::header_map::HeaderMap;
use crate::message::framing::Framing;
use crate::values::protocol_error::InvalidRequest;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

/// A reader for a body that is still arriving.
pub(super) struct BodyReader {
    /// The head. Empty until it turns out that the body has not fully arrived; then the head is copied out of the
    /// input.
    head: Vec<u8>,
    decoder: Decoder,
    /// The body so far, or `None` if it is streamed.
    gathered: Option<Vec<u8>>,
    limit: u64,
    received: u64,
    pub(super) progress: Progress,
}

#[derive(Debug)]
enum Decoder {
    Length { left: u64 },
    Chunked(Chunked),
}

/// A request whose body did not arrive in one piece with its head.
pub(super) struct Gathered {
    pub(super) head: Vec<u8>,
    /// `None` if the body was streamed.
    pub(super) body: Option<Vec<u8>>,
    pub(super) trailers: HeaderMap,
}

/// The result of reading the input.
pub(super) enum Taken<'i> {
    /// The next bytes of the body.
    Part(&'i [u8]),
    /// The body is complete. Contains its trailers.
    Whole(HeaderMap),
    Incomplete,
}

impl BodyReader {
    pub(super) fn gather(framing: Framing, limit: u64, progress: Progress) -> BodyReader {
        BodyReader::new(framing, Some(Vec::new()), limit, progress)
    }

    pub(super) fn hand_on(framing: Framing, limit: u64, progress: Progress) -> BodyReader {
        BodyReader::new(framing, None, limit, progress)
    }

    fn new(
        framing: Framing,
        gathered: Option<Vec<u8>>,
        limit: u64,
        progress: Progress,
    ) -> BodyReader {
        BodyReader {
            head: Vec::new(),
            decoder: match framing {
                Framing::None => Decoder::Length { left: 0 },
                Framing::Length(left) => Decoder::Length { left },
                Framing::Chunked => Decoder::Chunked(Chunked::new()),
            },
            gathered,
            limit,
            received: 0,
            progress,
        }
    }

    /// Returns whether a body of a known length exceeds the limit.
    pub(super) fn is_too_large(&self) -> bool {
        matches!(self.decoder, Decoder::Length { left } if left > self.limit)
    }

    /// Returns the length of the whole request if its body is to be buffered and all of it is in `input`, which
    /// starts with a head of length `head`. Nothing needs to be copied in that case.
    pub(super) fn whole_in(&self, input: &[u8], head: usize) -> Option<usize> {
        match (&self.decoder, &self.gathered) {
            (Decoder::Length { left }, Some(_)) if self.head.is_empty() => {
                let length = head.checked_add(usize::try_from(*left).ok()?)?;
                (length <= input.len()).then_some(length)
            }
            _ => None,
        }
    }

    /// Reads the available body, up to the next part to stream. Also returns the number of bytes used. The offset
    /// of a fault counts from the start of `input`, which starts with a head of length `head` until the head has been
    /// used.
    pub(super) fn take_in<'i>(
        &mut self,
        input: &'i [u8],
        head: usize,
        config: &Config,
        now: Duration,
    ) -> Result<(usize, Taken<'i>), InvalidRequest> {
        let mut at = 0;
        if self.head.is_empty() {
            at = head.min(input.len());
            self.head = input.get(..at).unwrap_or_default().to_vec();
        }
        let start = at;
        loop {
            let rest = input.get(at..).unwrap_or_default();
            let room = self.limit.saturating_sub(self.received);
            let (used, decoded) = self
                .decoder
                .decode(rest, &config.limits, room)
                .map_err(|fault| InvalidRequest::new(fault.error, at + fault.at))?;
            at += used;
            match decoded {
                Decoded::Data(part) => {
                    self.received = self.received.saturating_add(part.len() as u64);
                    match &mut self.gathered {
                        Some(gathered) => gathered.extend_from_slice(part),
                        None => {
                            self.progress.moved(at - start, now, &config.timeouts.body);
                            return Ok((at, Taken::Part(part)));
                        }
                    }
                }
                Decoded::End(trailers) => return Ok((at, Taken::Whole(kept_trailers(trailers)))),
                Decoded::Incomplete => {
                    self.progress.moved(at - start, now, &config.timeouts.body);
                    return Ok((at, Taken::Incomplete));
                }
            }
        }
    }

    #[cfg(feature = "server")]
    pub(super) fn held_bytes(&self) -> usize {
        self.head.capacity() + self.gathered.as_ref().map_or(0, Vec::capacity)
    }

    pub(super) fn into_gathered(self, trailers: HeaderMap) -> Gathered {
        Gathered {
            head: self.head,
            body: self.gathered,
            trailers,
        }
    }

    pub(super) fn into_head(self) -> Vec<u8> {
        self.head
    }
}

impl Decoder {
    fn decode<'i>(
        &mut self,
        input: &'i [u8],
        limits: &Limits,
        room: u64,
    ) -> Result<(usize, Decoded<'i>), InvalidRequest> {
        match self {
            Decoder::Chunked(chunked) => chunked.decode(input, limits, room),
            Decoder::Length { left: 0 } => Ok((0, Decoded::End(&[]))),
            Decoder::Length { .. } if input.is_empty() => Ok((0, Decoded::Incomplete)),
            Decoder::Length { left } => {
                let count = usize::try_from(*left)
                    .unwrap_or(usize::MAX)
                    .min(input.len());
                *left -= count as u64;
                Ok((count, Decoded::Data(input.get(..count).unwrap_or_default())))
            }
        }
    }
}

impl fmt::Debug for BodyReader {
    /// Omits the head, which may contain credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.gathered.is_some() {
            "gathers"
        } else {
            "hands on"
        };
        write!(
            f,
            "BodyReader({kind} {} of at most {})",
            self.received, self.limit
        )
    }
}

impl fmt::Debug for Gathered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.body {
            Some(body) => write!(f, "Gathered({})", body.len()),
            None => f.write_str("HandedOn"),
        }
    }
}
