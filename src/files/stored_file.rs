//! Open files that are read, or passed to a socket, while they are sent.

use super::growth::Growth;
use super::memory_budget::Lease;
use super::open_file::{Stamp, read_at};
#[cfg(feature = "server")]
use super::socket_buffers::socket_buffer_bytes;
use crate::syntax::entity_tag::opaque_of;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use bytes::Bytes;
use core::ops::Range;
use std::fs::File;
use std::io;

/// The size of the blocks that are read and sent.
const BLOCK_BYTES: usize = 64 * 1024;

/// An open file, sent as it was when it was opened. It may grow meanwhile. Any other change cuts the body off, so that
/// a client never takes a mixture of old and new contents for the file.
#[derive(Debug)]
pub(crate) struct StoredFile {
    file: File,
    length: u64,
    /// The text between the quotes of the ETag. `None` if other contents of the file could have the same tag.
    tag: Option<String>,
    state: State,
}

/// How a stored file is checked for changes while it is sent.
#[derive(Debug)]
enum State {
    /// Compared with the state in which it was opened.
    Stamp(Stamp),
    /// It is in memory, where only this program can change it.
    InMemory(#[expect(dead_code, reason = "it is given back when the file is dropped")] Lease),
}

/// Creates an in-memory file.
#[cfg(target_os = "linux")]
fn memory_file(content: &[u8]) -> Option<File> {
    use rustix::fs::MemfdFlags;
    use std::io::Write;
    let file = rustix::fs::memfd_create("bytegate", MemfdFlags::CLOEXEC).ok()?;
    let mut file = File::from(file);
    file.write_all(content).ok()?;
    Some(file)
}

impl StoredFile {
    /// Creates a stored file that other programs may change. Its ETag is computed from the size, the time of the last
    /// modification and the inode number. A file that has only just changed has none.
    pub(crate) fn new(file: File, stamp: Stamp) -> StoredFile {
        StoredFile {
            file,
            length: stamp.length(),
            tag: stamp.tag(),
            state: State::Stamp(stamp),
        }
    }

    /// Creates a stored file in memory, which no other program can change. The system can send it without copying it.
    /// Its ETag is computed from the contents. Returns the reserved memory if the system does not support this, or if
    /// too many files are open.
    #[cfg(target_os = "linux")]
    pub(crate) fn in_memory(content: &[u8], mut lease: Lease) -> Result<StoredFile, Lease> {
        match lease.add_file().then(|| memory_file(content)).flatten() {
            Some(file) => Ok(StoredFile {
                file,
                length: content.len() as u64,
                tag: Some(opaque_of(content)),
                state: State::InMemory(lease),
            }),
            None => Err(lease),
        }
    }

    /// Returns the reserved memory, because this system does not support in-memory files.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn in_memory(_: &[u8], lease: Lease) -> Result<StoredFile, Lease> {
        Err(lease)
    }

    /// Returns the length in bytes.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Returns the text between the quotes of the ETag.
    pub(crate) fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// Returns whether the file is in memory.
    pub(crate) fn is_in_memory(&self) -> bool {
        matches!(self.state, State::InMemory(_))
    }

    /// Returns the blocks of a part.
    pub(crate) fn blocks(self: &Arc<Self>, part: Range<u64>) -> StoredBlocks {
        StoredBlocks {
            growth: match self.state {
                State::Stamp(stamp) => Some(Box::new(Growth::since(stamp))),
                State::InMemory(_) => None,
            },
            stored: self.clone(),
            next: part.start,
            end: part.end,
        }
    }
}

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
    /// Skips the next bytes, which the front end takes from the file itself, and returns their number. The end of the
    /// part is never skipped: it is [read](StoredBlocks::next), so that any change up to then is noticed.
    ///
    /// The system sends such bytes as they are in the file when they leave its queues, not as they were when they
    /// entered. The end that is read is therefore larger than those queues: when it enters them, all other bytes have
    /// left. An in-memory file is skipped to its end, because no other program can change it.
    #[cfg(feature = "server")]
    pub(crate) fn pass(&mut self) -> usize {
        const MOST_BYTES: u64 = 1024 * 1024;
        let end_bytes = match self.stored.is_in_memory() {
            true => 0,
            false => socket_buffer_bytes(),
        };
        let count = (self.end - self.next)
            .saturating_sub(end_bytes)
            .min(MOST_BYTES);
        if let Some(growth) = self.growth.as_mut().filter(|_| count > 0) {
            growth.note_unread(self.next, &self.stored.file);
        }
        self.next += count;
        usize::try_from(count).unwrap_or_default()
    }

    /// Returns the file, and the position of its first byte that is skipped but not sent, if `left` such bytes remain.
    #[cfg(feature = "server")]
    pub(crate) fn passed(&self, left: usize) -> (&File, u64) {
        (&self.stored.file, self.next - left as u64)
    }

    fn read(&mut self) -> io::Result<Vec<u8>> {
        let remaining = self.end - self.next;
        let length = usize::try_from(remaining).map_or(BLOCK_BYTES, |it| it.min(BLOCK_BYTES));
        let block = read_at(&self.stored.file, self.next, length)?;
        if block.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        // Checked after reading, so that no block read before a change is sent as the last one.
        if let Some(growth) = &mut self.growth {
            growth.note(self.next, &block);
            growth.check(&self.stored.file)?;
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
