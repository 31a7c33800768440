//! The blocks of an open file, which are read, or passed to a socket, while they are sent.

#[cfg(feature = "server")]
use super::file_range::FileRange;
use super::growth::Growth;
use super::open_file::read_at;
#[cfg(feature = "server")]
use super::socket_buffers::socket_buffer_bytes;
use super::stored_file::StoredFile;
use crate::values::sync::Arc;
use alloc::boxed::Box;
use alloc::vec::Vec;
use bytes::Bytes;
use core::ops::Range;
use std::io;

/// The size of the blocks that are read and sent.
const BLOCK_BYTES: usize = 64 * 1024;

/// The blocks of a part of a file.
#[derive(Debug)]
pub(crate) struct StoredBlocks {
    stored: Arc<StoredFile>,
    /// `None` if no other program can change the file. Boxed, because every body has room for it.
    growth: Option<Box<Growth>>,
    next: u64,
    end: u64,
}

impl StoredBlocks {
    pub(crate) fn new(stored: &Arc<StoredFile>, part: Range<u64>) -> StoredBlocks {
        StoredBlocks {
            growth: stored.growth(),
            stored: stored.clone(),
            next: part.start,
            end: part.end,
        }
    }

    /// Returns the next part of the file for the system to send, or `None` if the next block is to be
    /// [read](StoredBlocks::next). The end of a file is always read, so that any change up to then is noticed.
    ///
    /// The system sends a range as it is in the file when it leaves its queues, not as it was when it entered. The end
    /// that is read is therefore larger than those queues: when it enters them, all ranges have left. An in-memory file
    /// is sent in ranges to its end, because no other program can change it.
    #[cfg(feature = "server")]
    pub(crate) fn next_range(&mut self) -> Option<FileRange> {
        const MOST_BYTES: u64 = 1024 * 1024;
        let end_bytes = if self.stored.is_in_memory() {
            0
        } else {
            socket_buffer_bytes()
        };
        let left = (self.end - self.next).saturating_sub(end_bytes);
        let length = usize::try_from(left.min(MOST_BYTES))
            .ok()
            .filter(|it| *it > 0)?;
        if let Some(growth) = &mut self.growth {
            growth.note_unread(self.next, self.stored.file());
        }
        let range = FileRange::new(self.stored.clone(), self.next, length);
        self.next += length as u64;
        Some(range)
    }

    fn read(&mut self) -> io::Result<Vec<u8>> {
        let remaining = self.end - self.next;
        let length = usize::try_from(remaining).map_or(BLOCK_BYTES, |it| it.min(BLOCK_BYTES));
        let block = read_at(self.stored.file(), self.next, length)?;
        if block.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        // Checked after reading, so that no block read before a change is sent as the last one.
        if let Some(growth) = &mut self.growth {
            growth.note(self.next, &block);
            growth.check(self.stored.file())?;
        }
        self.next += block.len() as u64;
        Ok(block)
    }
}

impl Iterator for StoredBlocks {
    type Item = io::Result<Bytes>;

    fn next(&mut self) -> Option<io::Result<Bytes>> {
        if self.next >= self.end {
            return None;
        }
        match self.read() {
            Ok(block) => Some(Ok(block.into())),
            Err(error) => {
                self.next = self.end;
                Some(Err(error))
            }
        }
    }
}
