//! Files that grow while they are sent.

use super::open_file::{Stamp, read_at};
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::time::Duration;
use std::fs::File;
use std::io;

/// Checks a file for changes, repeatedly while it is sent.
///
/// A file that only grows, such as a log, still begins with the announced bytes. No system reports whether a file that
/// grew was also changed before its old end, so samples of the sent bytes are compared with the file.
#[derive(Debug)]
pub(crate) struct Growth {
    /// The last accepted state.
    stamp: Stamp,
    /// Whether the file may have changed again without a new stamp.
    is_doubtful: bool,
    samples: Vec<Sample>,
    /// One block in this many is sampled.
    step: u64,
    blocks: u64,
}

#[derive(Debug)]
struct Sample {
    position: u64,
    bytes: Vec<u8>,
}

/// Systems record the time of a write before the length. The writer may be interrupted between the two.
const LONGEST_WRITE: Duration = Duration::from_millis(100);
/// The length of a sample in bytes.
const SAMPLE_BYTES: usize = 64;
const MOST_SAMPLES: usize = 64;

impl Growth {
    pub(crate) fn since(stamp: Stamp) -> Growth {
        Growth {
            stamp,
            is_doubtful: !stamp.is_settled(),
            samples: Vec::new(),
            step: 1,
            blocks: 0,
        }
    }

    /// Records the beginning of a sent block.
    pub(crate) fn note(&mut self, position: u64, block: &[u8]) {
        if self.blocks % self.step == 0 {
            if self.samples.len() == MOST_SAMPLES {
                let mut number = 0_u64;
                self.samples.retain(|_| {
                    number += 1;
                    number % 2 == 1
                });
                self.step *= 2;
            }
            self.samples.push(Sample {
                position,
                bytes: block[..block.len().min(SAMPLE_BYTES)].into(),
            });
        }
        self.blocks += 1;
    }

    /// Like [`note`](Growth::note), for a block that is not read here.
    #[cfg(feature = "server")]
    pub(crate) fn note_unread(&mut self, position: u64, file: &File) {
        // If nothing can be read, the block cannot be sent either.
        let block = read_at(file, position, SAMPLE_BYTES).unwrap_or_default();
        self.note(position, &block);
    }

    /// Returns an error if the file changed in any way other than growing.
    pub(crate) fn check(&mut self, file: &File) -> io::Result<()> {
        let now = Stamp::of(&file.metadata()?);
        // A file that is removed or renamed keeps its contents.
        let is_same = now.is_same_content(&self.stamp);
        if is_same && !self.is_doubtful {
            return Ok(());
        }
        let is_settled = now.is_settled();
        let may_grow = match now.length().cmp(&self.stamp.length()) {
            Ordering::Less => false,
            Ordering::Equal => is_same || now.is_newer_than(LONGEST_WRITE),
            Ordering::Greater => true,
        };
        if !may_grow || !self.samples.iter().all(|sample| sample.is_in(file)) {
            return Err(io::Error::other("the file changed while it was sent"));
        }
        if is_same || now.length() > self.stamp.length() {
            self.stamp = now;
            self.is_doubtful = !is_settled;
        }
        Ok(())
    }
}

impl Sample {
    fn is_in(&self, file: &File) -> bool {
        read_at(file, self.position, self.bytes.len()).is_ok_and(|bytes| bytes == self.bytes)
    }
}
