//! The start of a request line, to name its request later.

use std::prelude::rust_2024::*;

/// The start of a request line. It is kept in place, because there is one for each request.
pub(super) struct Line {
    bytes: [u8; Line::BYTES],
    length: usize,
}

impl Line {
    const BYTES: usize = 96;

    pub(super) const fn none() -> Line {
        Line {
            bytes: [0; Line::BYTES],
            length: 0,
        }
    }

    /// Keeps the start of a request line in the place of another one.
    pub(super) fn set(&mut self, line: &[u8]) {
        self.length = line.len().min(Line::BYTES);
        let (from, to) = (line.get(..self.length), self.bytes.get_mut(..self.length));
        if let (Some(from), Some(to)) = (from, to) {
            to.copy_from_slice(from);
        }
    }

    /// Takes the line, unless there is none.
    pub(super) fn take(&mut self) -> Option<Vec<u8>> {
        let line = self.bytes.get(..core::mem::take(&mut self.length))?;
        (!line.is_empty()).then(|| line.to_vec())
    }
}
