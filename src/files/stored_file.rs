//! Open files that are sent as they were when they were opened.

use super::growth::Growth;
use super::memory_budget::Lease;
use super::open_file::{Stamp, read_whole};
use crate::syntax::entity_tag::opaque_of;
use alloc::boxed::Box;
use alloc::string::String;
use bytes::Bytes;
use std::fs::File;
use std::io;

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
fn memory_file(bytes: &[u8]) -> Option<File> {
    use rustix::fs::MemfdFlags;
    use std::io::Write;
    let file = rustix::fs::memfd_create("bytegate", MemfdFlags::CLOEXEC).ok()?;
    let mut file = File::from(file);
    file.write_all(bytes).ok()?;
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
    pub(crate) fn in_memory(bytes: &[u8], mut lease: Lease) -> Result<StoredFile, Lease> {
        match lease.add_file().then(|| memory_file(bytes)).flatten() {
            Some(file) => Ok(StoredFile {
                file,
                length: bytes.len() as u64,
                tag: Some(opaque_of(bytes)),
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

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Returns the length in bytes.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Returns the text between the quotes of the ETag.
    pub(crate) fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// Reads the whole file as it was at one moment.
    pub(crate) fn read(&self) -> io::Result<Bytes> {
        let stamp = Stamp::of(&self.file.metadata()?);
        let bytes = read_whole(&self.file, &stamp)?;
        bytes.ok_or_else(|| io::Error::other("it changed while it was read"))
    }

    /// Returns whether the file is in memory.
    pub(crate) fn is_in_memory(&self) -> bool {
        matches!(self.state, State::InMemory(_))
    }

    /// Starts to check the file for changes. Returns `None` if no other program can change it.
    pub(super) fn growth(&self) -> Option<Box<Growth>> {
        match self.state {
            State::Stamp(stamp) => Some(Box::new(Growth::since(stamp))),
            State::InMemory(_) => None,
        }
    }
}
