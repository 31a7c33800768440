//! Pending output: one buffer for heads and small bodies, shared bytes for large bodies.

use crate::body::block::Block;
use crate::body::body::SHARED_FROM_BYTES;
#[cfg(feature = "server")]
use crate::files::file_range::FileRest;
use alloc::vec::Vec;
use bytes::Bytes;
use core::fmt;
use core::mem::{ManuallyDrop, take};

/// The bytes to be written, in order.
///
/// ```
/// use bytegate::{Gateway, Now, Request};
/// use bytegate::request::ConnectionInfo;
///
/// let gateway = Gateway::new(|_: &Request| "hello");
/// let mut session = gateway.session(ConnectionInfo::default());
/// session.turn(&mut &b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], Now::default());
/// let length = session.output().len();
/// let first = session.output().pieces().next().unwrap_or_default().len();
/// session.sent(first);
/// assert_eq!(session.output().len(), length - first);
/// ```
#[derive(Default)]
pub struct Output {
    /// Finished pieces, which come before `tail`. [`Drop`] drops them, so that nothing is called if there are none.
    pieces: ManuallyDrop<Vec<Block>>,
    /// The piece to which output is appended.
    tail: Vec<u8>,
    /// Number of bytes of the first piece that were sent.
    sent: usize,
    length: usize,
}

impl Output {
    /// Returns the number of pending bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.length
    }

    /// Returns whether there is no pending output.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Returns the pending pieces in order, for one vectored write. No piece is empty.
    pub fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let pieces = self.pieces.iter().map(Block::as_bytes);
        let pieces = pieces.map(|bytes| bytes.map(|bytes| &bytes[..]));
        pieces
            .chain([Some(&self.tail[..])])
            // A part of a file has its own call of the system.
            .map_while(|piece| piece)
            .enumerate()
            .map(|(index, piece)| match index {
                0 => piece.get(self.sent..).unwrap_or_default(),
                _ => piece,
            })
            .filter(|piece| !piece.is_empty())
    }

    /// Returns the rest of a part of a file, if that comes next.
    #[cfg(feature = "server")]
    #[inline]
    pub(crate) fn next_file(&self) -> Option<FileRest<'_>> {
        match self.pieces.first() {
            Some(Block::File(range)) => Some(range.rest(self.sent)),
            _ => None,
        }
    }

    /// Returns whether a part of a file is pending.
    pub(super) fn has_file(&self) -> bool {
        self.pieces.iter().any(|piece| piece.as_bytes().is_none())
    }

    /// Moves all pending output to the end of `to`. Nothing is copied if `to` is empty, there are no shared pieces and
    /// nothing was partly sent.
    #[inline]
    pub fn move_to(&mut self, to: &mut Vec<u8>) {
        if to.is_empty() && self.pieces.is_empty() && self.sent == 0 {
            core::mem::swap(to, &mut self.tail);
            self.length = 0;
            return;
        }
        self.copy_to(to);
    }

    #[inline(never)]
    fn copy_to(&mut self, to: &mut Vec<u8>) {
        for piece in self.pieces() {
            to.extend_from_slice(piece);
        }
        self.clear();
    }

    /// Lends an empty buffer for the output, so that its memory is reused.
    pub fn lend(&mut self, buffer: &mut Vec<u8>) {
        if buffer.is_empty() && self.tail.is_empty() {
            core::mem::swap(buffer, &mut self.tail);
        }
    }

    /// Makes room for this many bytes. A new buffer has exactly this size.
    #[inline(always)]
    pub(super) fn reserve(&mut self, room: usize) {
        match self.tail.capacity() {
            0 => self.tail = Vec::with_capacity(room),
            _ => self.tail.reserve(room),
        }
    }

    /// Returns the buffer to append to. A call to [`appended`](Output::appended) must follow.
    pub(super) fn tail(&mut self) -> &mut Vec<u8> {
        &mut self.tail
    }

    /// Counts the bytes that were appended to the tail since its length was `from`.
    pub(super) fn appended(&mut self, from: usize) {
        self.length += self.tail.len() - from;
    }

    pub(super) fn extend(&mut self, bytes: &[u8]) {
        self.tail.extend_from_slice(bytes);
        self.length += bytes.len();
    }

    /// Appends a body. Small bodies are copied and large ones are shared.
    pub(super) fn push(&mut self, body: Bytes) {
        if body.len() < SHARED_FROM_BYTES {
            return self.extend(&body);
        }
        self.push_piece(body.into());
    }

    /// Appends a block of a body.
    pub(super) fn push_block(&mut self, block: Block) {
        match block {
            Block::Bytes(bytes) => self.push(bytes),
            #[cfg(feature = "server")]
            range => self.push_piece(range),
        }
    }

    fn push_piece(&mut self, piece: Block) {
        self.length += piece.len();
        let head = take(&mut self.tail);
        if !head.is_empty() {
            self.pieces.push(Bytes::from(head).into());
        }
        self.pieces.push(piece);
    }

    /// Drops the first `count` bytes, which were sent.
    pub(super) fn advance(&mut self, count: usize) {
        let count = count.min(self.length);
        self.length -= count;
        if self.length == 0 {
            return self.clear();
        }
        self.sent += count;
        let mut gone = 0;
        for piece in self.pieces.iter() {
            if self.sent < piece.len() {
                break;
            }
            self.sent -= piece.len();
            gone += 1;
        }
        // There are only a few pieces, because the size of the output is limited.
        self.pieces.drain(..gone);
        if !self.pieces.is_empty() {
            return;
        }
        // Sent bytes are dropped once they make up half of the buffer. This keeps the buffer near the output limit
        // however small the writes are.
        if self.sent * 2 >= self.tail.len() {
            self.tail.drain(..self.sent);
            self.sent = 0;
        }
    }

    /// Discards everything. If `buffer` is empty, it receives the memory of the tail when that is larger than its own.
    pub(super) fn clear_into(&mut self, buffer: &mut Vec<u8>) {
        if buffer.is_empty() && self.tail.capacity() > buffer.capacity() {
            *buffer = take(&mut self.tail);
            buffer.clear();
        }
        self.clear();
    }

    /// Returns the memory that nothing else shares.
    #[cfg(feature = "server")]
    #[inline]
    pub(super) fn held_bytes(&self) -> usize {
        let shared = self.pieces.iter().filter_map(Block::as_bytes);
        let owned = shared.filter(|piece| piece.is_unique());
        self.tail.capacity() + owned.map(Bytes::len).sum::<usize>()
    }

    /// Discards everything and frees the memory.
    pub(crate) fn clear(&mut self) {
        *self = Output::default();
    }
}

impl Drop for Output {
    #[inline(always)]
    fn drop(&mut self) {
        if self.pieces.capacity() > 0 {
            drop_pieces(take(&mut self.pieces));
        }
    }
}

#[inline(never)]
fn drop_pieces(pieces: Vec<Block>) {
    drop(pieces);
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Output({} bytes)", self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn filled() -> (Output, Vec<u8>) {
        let large = vec![b'x'; SHARED_FROM_BYTES];
        let mut output = Output::default();
        let mut expected = Vec::new();
        for piece in [
            &b"head"[..],
            b"",
            &large,
            b"between",
            &large,
            &large,
            b"tail",
        ] {
            output.push(Bytes::copy_from_slice(piece));
            expected.extend_from_slice(piece);
        }
        (output, expected)
    }

    #[test]
    fn large_bodies_are_shared_and_small_ones_are_copied() {
        let (output, expected) = filled();
        let lengths: Vec<_> = output.pieces().map(<[u8]>::len).collect();
        let large = SHARED_FROM_BYTES;
        assert_eq!(lengths, [4, large, 7, large, large, 4]);
        assert_eq!(output.len(), expected.len());
    }

    #[test]
    fn partial_writes_of_any_size_yield_the_same_bytes() {
        for step in [
            1,
            3,
            4,
            5,
            1000,
            SHARED_FROM_BYTES - 1,
            SHARED_FROM_BYTES + 11,
            1 << 20,
        ] {
            let (mut output, expected) = filled();
            let mut written = Vec::new();
            while !output.is_empty() {
                let first = output.pieces().next().unwrap();
                let part = &first[..step.min(first.len())];
                written.extend_from_slice(part);
                let count = part.len();
                output.advance(count);
            }
            assert!(written == expected, "{step}");
            assert_eq!(output.pieces().count(), 0);
        }
    }

    #[test]
    fn memory_stays_bounded_when_writes_stay_partial() {
        for part in [2, 8192] {
            let mut output = Output::default();
            for _ in 0..1000 {
                output.extend(&[b'x'; 8192]);
                let waiting = output.len();
                output.advance(waiting - waiting / part - 1);
            }
            let held = output.tail.capacity();
            assert!(held < 64 * 1024, "{held}");
        }
    }

    #[test]
    fn a_body_of_16_kib_is_shared_until_its_last_byte_is_sent() {
        let body = Bytes::from(vec![b'x'; 16_384]);
        let mut output = Output::default();
        output.push(body.slice(1..));
        assert!(body.is_unique());
        output.push(body.clone());
        output.extend(b"tail");
        output.advance(16_383 + 16_383);
        assert!(!body.is_unique());
        output.advance(1);
        assert!(body.is_unique());
        assert_eq!(output.pieces().collect::<Vec<_>>(), [b"tail"]);
    }

    #[cfg(feature = "server")]
    #[test]
    fn a_part_of_a_file_comes_in_its_turn() {
        use crate::files::file_range::FileRange;
        use crate::files::open_file::open_regular;
        use crate::files::stored_file::StoredFile;
        let (file, stamp) = open_regular("Cargo.toml".as_ref()).unwrap();
        let range = FileRange::new(StoredFile::new(file, stamp).into(), 5, 10);
        let mut output = Output::default();
        output.extend(b"head");
        output.push_block(Block::File(range));
        output.extend(b"tail");
        assert_eq!(output.len(), 18);
        assert_eq!(output.pieces().collect::<Vec<_>>(), [b"head"]);
        assert!(output.next_file().is_none());

        output.advance(4);
        assert_eq!(output.pieces().count(), 0);
        output.advance(3);
        let rest = output.next_file().unwrap();
        assert_eq!((rest.position, rest.length), (8, 7));

        output.advance(7);
        assert!(output.next_file().is_none() && !output.has_file());
        assert_eq!(output.pieces().collect::<Vec<_>>(), [b"tail"]);
    }

    #[test]
    fn a_write_may_span_pieces() {
        let (mut output, expected) = filled();
        output.advance(4 + SHARED_FROM_BYTES + 3);
        let mut rest = Vec::new();
        output.move_to(&mut rest);
        assert!(rest == expected[4 + SHARED_FROM_BYTES + 3..]);
        assert!(output.is_empty());
    }
}
