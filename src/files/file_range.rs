//! A part of a stored file.

use super::stored_file::StoredFile;
use crate::values::sync::Arc;
use std::fs::File;

/// A part of a stored file that the system sends without copying it through the program.
#[derive(Debug)]
pub(crate) struct FileRange {
    stored: Arc<StoredFile>,
    position: u64,
    length: usize,
}

/// The rest of a part of a file, as the system takes it.
#[derive(Clone, Copy)]
pub(crate) struct FileRest<'a> {
    pub(crate) file: &'a File,
    pub(crate) position: u64,
    pub(crate) length: usize,
}

impl FileRange {
    pub(crate) fn new(stored: Arc<StoredFile>, position: u64, length: usize) -> FileRange {
        FileRange {
            stored,
            position,
            length,
        }
    }

    /// Returns the length in bytes.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// Returns the rest of the range, after its first `sent` bytes.
    pub(crate) fn rest(&self, sent: usize) -> FileRest<'_> {
        FileRest {
            file: self.stored.file(),
            position: self.position + sent as u64,
            length: self.length - sent,
        }
    }
}
