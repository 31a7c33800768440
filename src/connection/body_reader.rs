//! The content of a request on its way in: gathered, or handed on part by part.

use super::chunked::{Chunked, Decoded, kept_trailers};
use super::progress::Progress;
use crate::message::exchange::Framing;
use crate::message::fields::Fields;
use crate::values::error::Fault;
use crate::values::limits::Limits;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

/// Content that is still coming.
pub(super) struct BodyReader {
    /// The head, copied out of the input once it is clear that the content is not all there; empty before.
    head: Vec<u8>,
    decoder: Decoder,
    /// What has come, unless it is handed on part by part.
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

/// A request whose content did not come in one piece with its head.
pub(super) struct Gathered {
    pub(super) head: Vec<u8>,
    /// `None` if it was handed on.
    pub(super) content: Option<Vec<u8>>,
    pub(super) trailers: Fields,
}

/// What a look at the input has brought.
pub(super) enum Taken<'i> {
    /// The next bytes of the content.
    Part(&'i [u8]),
    /// The content is whole; its trailers.
    Whole(Fields),
    Incomplete,
}

impl BodyReader {
    pub(super) fn gather(framing: Framing, limit: u64, now: Duration) -> BodyReader {
        BodyReader::new(framing, Some(Vec::new()), limit, now)
    }

    pub(super) fn hand_on(framing: Framing, limit: u64, now: Duration) -> BodyReader {
        BodyReader::new(framing, None, limit, now)
    }

    fn new(framing: Framing, gathered: Option<Vec<u8>>, limit: u64, now: Duration) -> BodyReader {
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
            progress: Progress::starting_at(now),
        }
    }

    /// Whether content of a known length is more than may come.
    pub(super) fn is_too_large(&self) -> bool {
        matches!(self.decoder, Decoder::Length { left } if left > self.limit)
    }

    /// The length of the whole request, if it lies in one piece at the front of `input`, after a head of that length,
    /// and is to be gathered: then nothing needs to be copied.
    pub(super) fn whole_in(&self, input: &[u8], head: usize) -> Option<usize> {
        match (&self.decoder, &self.gathered) {
            (Decoder::Length { left }, Some(_)) if self.head.is_empty() => {
                let length = head.checked_add(usize::try_from(*left).ok()?)?;
                (length <= input.len()).then_some(length)
            }
            _ => None,
        }
    }

    /// Takes in what is there, up to the next part that is handed on; also how many bytes were used. After a fault, its
    /// offset counts from the start of `input`, which begins with a head of that length until it was used.
    pub(super) fn take_in<'i>(
        &mut self,
        input: &'i [u8],
        head: usize,
        limits: &Limits,
        now: Duration,
    ) -> Result<(usize, Taken<'i>), Fault> {
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
                .decode(rest, limits, room)
                .map_err(|fault| Fault::new(fault.error, at + fault.at))?;
            at += used;
            match decoded {
                Decoded::Data(part) => {
                    self.received = self.received.saturating_add(part.len() as u64);
                    match &mut self.gathered {
                        Some(gathered) => gathered.extend_from_slice(part),
                        None => {
                            self.progress.moved(at - start, now);
                            return Ok((at, Taken::Part(part)));
                        }
                    }
                }
                Decoded::End(trailers) => return Ok((at, Taken::Whole(kept_trailers(trailers)))),
                Decoded::Incomplete => {
                    self.progress.moved(at - start, now);
                    return Ok((at, Taken::Incomplete));
                }
            }
        }
    }

    pub(super) fn into_gathered(self, trailers: Fields) -> Gathered {
        Gathered {
            head: self.head,
            content: self.gathered,
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
    ) -> Result<(usize, Decoded<'i>), Fault> {
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
    /// Without the head, which may hold credentials.
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
        match &self.content {
            Some(content) => write!(f, "Gathered({})", content.len()),
            None => f.write_str("HandedOn"),
        }
    }
}
