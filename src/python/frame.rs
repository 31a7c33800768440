//! The frames of the protocol between this program and a worker: a header of eight bytes and a payload.
//!
//! ```text
//! kind u8 | flags u8 | reserved u16 | length u32, little-endian | payload
//! ```

use alloc::string::String;
use alloc::vec::Vec;
use bytes::{Buf, Bytes, BytesMut};
use core::fmt;

/// The length of the header.
pub(super) const HEADER_BYTES: usize = 8;
/// The longest payload. A longer one breaks the stream.
pub(super) const MAX_PAYLOAD: usize = 1024 * 1024;
/// The length in front of the head block of a [`Kind::Request`] or [`Kind::Head`].
pub(super) const LENGTH_BYTES: usize = 4;

/// A request whose body is in a file. Its descriptor comes with the first byte of the frame.
pub(super) const IN_FILE: u8 = 1;
/// A head after which no body follows.
pub(super) const LAST: u8 = 1;
/// An error after which the process ends.
pub(super) const ENDS: u8 = 1;
/// A head after which the worker is free: no [`Kind::End`] follows.
pub(super) const FREE: u8 = 2;

/// The kind of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    /// A request: the length of the environ, the environ, and the body. To a worker.
    Request = 1,
    /// The client has left. To a worker.
    Abort = 2,
    /// The head of a response: its length, the head, and the first block of the body. From a worker.
    Head = 3,
    /// A block of the body. From a worker.
    Data = 4,
    /// A part of a file, which is the body: its position and its length. A descriptor comes with it. From a worker.
    File = 5,
    /// The application is done, and the worker is free. From a worker.
    End = 6,
    /// The application failed, and the worker is free. From a worker.
    Error = 7,
    /// The settings of a worker. To a worker, on its control stream.
    Setup = 16,
    /// A stream of requests, whose descriptor comes with it. To a worker, on its control stream.
    Thread = 17,
    /// The application is imported. From a worker, on its control stream.
    Ready = 18,
    /// The application cannot be imported. From a worker, on its control stream.
    Failed = 19,
    /// A source file has changed. From a worker, on its control stream.
    Changed = 20,
}

impl Kind {
    fn of(number: u8) -> Option<Kind> {
        Some(match number {
            1 => Kind::Request,
            2 => Kind::Abort,
            3 => Kind::Head,
            4 => Kind::Data,
            5 => Kind::File,
            6 => Kind::End,
            7 => Kind::Error,
            16 => Kind::Setup,
            17 => Kind::Thread,
            18 => Kind::Ready,
            19 => Kind::Failed,
            20 => Kind::Changed,
            _ => return None,
        })
    }

    /// Returns the flags that a frame of this kind may have.
    fn flags(self) -> u8 {
        match self {
            Kind::Request => IN_FILE,
            Kind::Head => LAST | FREE,
            Kind::Error => ENDS,
            _ => 0,
        }
    }
}

/// A frame that was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) kind: Kind,
    pub(super) flags: u8,
    pub(super) payload: Bytes,
}

/// The reason why bytes are no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FrameError {
    Kind(u8),
    Flags(Kind, u8),
    Reserved,
    Length(u32),
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FrameError::Kind(number) => write!(f, "{number} is not the kind of a frame"),
            FrameError::Flags(kind, flags) => write!(f, "{kind:?} has no flags {flags:#x}"),
            FrameError::Reserved => f.write_str("the reserved bytes of a frame are not zero"),
            FrameError::Length(length) => write!(
                f,
                "a frame of {length} bytes is longer than {MAX_PAYLOAD} bytes"
            ),
        }
    }
}

/// Writes a frame whose payload consists of several parts.
///
/// # Panics
/// Panics if the payload is longer than [`MAX_PAYLOAD`].
pub(super) fn encode(kind: Kind, flags: u8, parts: &[&[u8]], output: &mut Vec<u8>) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    assert!(length <= MAX_PAYLOAD, "a frame of {length} bytes");
    output.reserve(HEADER_BYTES + length);
    output.extend_from_slice(&[kind as u8, flags, 0, 0]);
    output.extend_from_slice(&(length as u32).to_le_bytes());
    for part in parts {
        output.extend_from_slice(part);
    }
}

/// Finds frames in bytes that arrive in any pieces.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    buffer: BytesMut,
}

impl Decoder {
    /// Takes bytes that have arrived.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Returns whether nothing is left of the bytes.
    pub(super) fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Returns the number of bytes that the next frame lacks, or 0 if its header has not arrived.
    pub(super) fn lacks(&self) -> usize {
        match self.header() {
            Ok(Some((.., length))) => {
                (HEADER_BYTES + length as usize).saturating_sub(self.buffer.len())
            }
            _ => 0,
        }
    }

    /// Returns the next frame, if it is complete.
    ///
    /// # Errors
    /// Returns the rule that the header of the next frame breaks, as soon as the header has arrived. Nothing after it
    /// can be understood.
    pub(super) fn next(&mut self) -> Result<Option<Frame>, FrameError> {
        let Some((kind, flags, length)) = self.header()? else {
            return Ok(None);
        };
        let length = length as usize;
        if self.buffer.len() < HEADER_BYTES + length {
            return Ok(None);
        }
        self.buffer.advance(HEADER_BYTES);
        let payload = self.buffer.split_to(length).freeze();
        Ok(Some(Frame {
            kind,
            flags,
            payload,
        }))
    }

    fn header(&self) -> Result<Option<(Kind, u8, u32)>, FrameError> {
        // Each byte is checked when it has arrived, so that the error does not depend on how the bytes are split.
        let bytes = &self.buffer[..];
        let Some(&number) = bytes.first() else {
            return Ok(None);
        };
        let kind = Kind::of(number).ok_or(FrameError::Kind(number))?;
        let Some(&flags) = bytes.get(1) else {
            return Ok(None);
        };
        if flags & !kind.flags() != 0 {
            return Err(FrameError::Flags(kind, flags));
        }
        if bytes.iter().skip(2).take(2).any(|byte| *byte != 0) {
            return Err(FrameError::Reserved);
        }
        let Some(&[a, b, c, d]) = bytes.get(4..HEADER_BYTES) else {
            return Ok(None);
        };
        let length = u32::from_le_bytes([a, b, c, d]);
        if length as usize > MAX_PAYLOAD {
            Err(FrameError::Length(length))
        } else {
            Ok(Some((kind, flags, length)))
        }
    }
}

/// Splits a payload that begins with the length of its head block into the block and the rest.
pub(super) fn split_head(payload: &Bytes) -> Option<(Bytes, Bytes)> {
    let (length, _) = payload.split_first_chunk::<LENGTH_BYTES>()?;
    let end = LENGTH_BYTES.checked_add(u32::from_le_bytes(*length) as usize)?;
    if end <= payload.len() {
        Some((payload.slice(LENGTH_BYTES..end), payload.slice(end..)))
    } else {
        None
    }
}

/// Returns the text of a payload on which nothing depends but what people read.
pub(super) fn text(payload: &[u8]) -> String {
    String::from_utf8_lossy(payload).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, vec};
    use proptest::prelude::*;

    fn decode(bytes: &[u8], cuts: &[usize]) -> (Vec<Frame>, Result<bool, FrameError>) {
        let mut decoder = Decoder::default();
        let mut frames = Vec::new();
        let mut start = 0;
        for end in cuts.iter().copied().chain([bytes.len()]) {
            decoder.push(&bytes[start..end]);
            start = end;
            loop {
                match decoder.next() {
                    Ok(Some(frame)) => frames.push(frame),
                    Ok(None) => break,
                    Err(error) => return (frames, Err(error)),
                }
            }
        }
        (frames, Ok(decoder.is_empty()))
    }

    fn frames() -> impl Strategy<Value = Vec<(Kind, u8, Vec<u8>)>> {
        let kind = prop_oneof![
            Just(Kind::Request),
            Just(Kind::Head),
            Just(Kind::Data),
            Just(Kind::End),
            Just(Kind::Failed),
        ];
        let frame = (kind, 0..4u8, prop::collection::vec(any::<u8>(), 0..40));
        let valid = frame.prop_map(|(kind, flags, payload)| (kind, flags & kind.flags(), payload));
        prop::collection::vec(valid, 0..6)
    }

    proptest! {
        #[test]
        fn frames_survive_the_way_however_they_are_split(
            sent in frames(),
            cuts in prop::collection::vec(0..300usize, 0..6),
        ) {
            let mut bytes = Vec::new();
            for (kind, flags, payload) in &sent {
                let (one, other) = payload.split_at(payload.len() / 2);
                encode(*kind, *flags, &[one, other], &mut bytes);
            }
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.sort_unstable();
            let (received, end) = decode(&bytes, &cuts);
            prop_assert_eq!(end, Ok(true));
            let received: Vec<_> = received
                .into_iter()
                .map(|frame| (frame.kind, frame.flags, frame.payload.to_vec()))
                .collect();
            prop_assert_eq!(received, sent);
        }

        #[test]
        fn any_bytes_are_understood_the_same_way_however_they_are_split(
            bytes in prop::collection::vec(prop_oneof![4 => 0..8u8, 1 => any::<u8>()], 0..60),
            cut in 0..60usize,
        ) {
            let whole = decode(&bytes, &[]);
            prop_assert_eq!(decode(&bytes, &[cut.min(bytes.len())]), whole.clone());
            let each: Vec<usize> = (0..bytes.len()).collect();
            prop_assert_eq!(decode(&bytes, &each), whole);
        }
    }

    #[test]
    fn a_header_is_refused_at_its_first_wrong_byte() {
        for (bytes, error) in [
            (&[0][..], FrameError::Kind(0)),
            (&[99], FrameError::Kind(99)),
            (&[4, 1], FrameError::Flags(Kind::Data, 1)),
            (&[3, 4], FrameError::Flags(Kind::Head, 4)),
            (&[4, 0, 1], FrameError::Reserved),
            (&[4, 0, 0, 7], FrameError::Reserved),
            (&[4, 0, 0, 0, 1, 0, 16, 0], FrameError::Length(0x10_0001)),
            (&[4, 0, 0, 0, 0, 0, 0, 255], FrameError::Length(255 << 24)),
        ] {
            assert_eq!(decode(bytes, &[]), (vec![], Err(error)));
            assert_eq!(
                decode(&bytes[..bytes.len() - 1], &[]),
                (vec![], Ok(bytes.len() == 1))
            );
            assert!(!format!("{error}").is_empty());
        }
    }

    #[test]
    fn the_longest_payload_is_accepted() {
        let mut bytes = Vec::new();
        encode(Kind::Data, 0, &[&vec![7; MAX_PAYLOAD]], &mut bytes);
        let (frames, end) = decode(&bytes, &[]);
        assert_eq!((frames[0].payload.len(), end), (MAX_PAYLOAD, Ok(true)));
        let mut decoder = Decoder::default();
        decoder.push(&bytes[..HEADER_BYTES + 5]);
        assert_eq!(decoder.lacks(), MAX_PAYLOAD - 5);
    }

    #[test]
    fn a_head_block_ends_within_its_payload() {
        let split = |bytes: &'static [u8]| split_head(&Bytes::from_static(bytes));
        assert_eq!(split(b"\x02\0\0\0abc"), Some(("ab".into(), "c".into())));
        assert_eq!(split(b"\0\0\0\0"), Some(("".into(), "".into())));
        for wrong in [
            &b""[..],
            b"\0\0\0",
            b"\x04\0\0\0abc",
            b"\xff\xff\xff\xffabc",
        ] {
            assert_eq!(split(wrong), None);
        }
    }

    #[test]
    fn text_is_readable_whatever_its_bytes_are() {
        assert_eq!(text(b"caf\xc3\xa9"), "caf\u{e9}");
        assert_eq!(text(b"a\xffb"), "a\u{fffd}b");
    }
}
