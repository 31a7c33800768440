//! The content of a request on its way in: gathered, or handed on part by part.

use super::chunked::{Chunked, Decoded, kept_trailers};
use super::progress::Progress;
use crate::message::admission::Receiver;
use crate::message::exchange::Framing;
use crate::message::fields::Fields;
use crate::values::config::Limits;
use crate::values::error::Fault;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

/// Content that is still coming.
pub(super) struct Intake {
    /// The head, copied out of the input once it is clear that the content is not all there; empty before.
    head: Vec<u8>,
    decoder: Decoder,
    sink: Sink,
    limit: u64,
    received: u64,
    pub(super) progress: Progress,
}

#[derive(Debug)]
enum Decoder {
    Length { left: u64 },
    Chunked(Chunked),
}

enum Sink {
    Gather(Vec<u8>),
    Stream(Box<dyn Receiver>),
}

/// A request whose content did not come in one piece with its head.
pub(super) struct Gathered {
    pub(super) head: Vec<u8>,
    pub(super) content: Content,
    pub(super) trailers: Fields,
}

pub(super) enum Content {
    Gathered(Vec<u8>),
    /// Handed on; the receiver leaves when it is asked to finish.
    Streamed(Option<Box<dyn Receiver>>),
}

impl Intake {
    pub(super) fn gather(framing: Framing, limit: u64, now: Duration) -> Intake {
        Intake::new(framing, Sink::Gather(Vec::new()), limit, now)
    }

    pub(super) fn stream(framing: Framing, receiver: Box<dyn Receiver>, now: Duration) -> Intake {
        let limit = receiver.limit();
        Intake::new(framing, Sink::Stream(receiver), limit, now)
    }

    fn new(framing: Framing, sink: Sink, limit: u64, now: Duration) -> Intake {
        Intake {
            head: Vec::new(),
            decoder: match framing {
                Framing::None => Decoder::Length { left: 0 },
                Framing::Length(left) => Decoder::Length { left },
                Framing::Chunked => Decoder::Chunked(Chunked::new()),
            },
            sink,
            limit,
            received: 0,
            progress: Progress::starting_at(now),
        }
    }

    /// Whether content of a known length is more than may come.
    pub(super) fn is_too_large(&self) -> bool {
        matches!(self.decoder, Decoder::Length { left } if left > self.limit)
    }

    /// The length of the whole request, if it lies in one piece at the front of `input`, behind a head of that length,
    /// and is to be gathered: then nothing needs to be copied.
    pub(super) fn whole_in(&self, input: &[u8], head: usize) -> Option<usize> {
        match (&self.decoder, &self.sink) {
            (Decoder::Length { left }, Sink::Gather(_)) if self.head.is_empty() => {
                let length = head.checked_add(usize::try_from(*left).ok()?)?;
                (length <= input.len()).then_some(length)
            }
            _ => None,
        }
    }

    /// Takes in what is there; how many octets were used, and the trailers if the content is whole. After a
    /// fault, its offset counts from the start of `input`, which begins with a head of that length until it was used.
    pub(super) fn take_in(
        &mut self,
        input: &[u8],
        head: usize,
        limits: &Limits,
        now: Duration,
    ) -> Result<(usize, Option<Fields>), Fault> {
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
                    self.sink.take_in(part);
                }
                Decoded::End(trailers) => {
                    return Ok((at, Some(kept_trailers(trailers))));
                }
                Decoded::Incomplete => {
                    self.progress.moved(at - start, now);
                    return Ok((at, None));
                }
            }
        }
    }

    pub(super) fn into_gathered(self, trailers: Fields) -> Gathered {
        Gathered {
            head: self.head,
            content: match self.sink {
                Sink::Gather(content) => Content::Gathered(content),
                Sink::Stream(receiver) => Content::Streamed(Some(receiver)),
            },
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

impl Sink {
    fn take_in(&mut self, part: &[u8]) {
        match self {
            Sink::Gather(content) => content.extend_from_slice(part),
            Sink::Stream(receiver) => receiver.data(part),
        }
    }
}

impl fmt::Debug for Intake {
    /// Without the head, which may hold credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Intake({:?} of at most {})", self.sink, self.limit)
    }
}

impl fmt::Debug for Gathered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.content.fmt(f)
    }
}

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Sink::Gather(content) => write!(f, "Gather({})", content.len()),
            Sink::Stream(_) => f.write_str("Stream"),
        }
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Content::Gathered(content) => write!(f, "Gathered({})", content.len()),
            Content::Streamed(_) => f.write_str("Streamed"),
        }
    }
}
