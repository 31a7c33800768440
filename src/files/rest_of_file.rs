//! The rest of an open file.

use std::fs::File;
use std::io::{self, ErrorKind, Seek};

/// Returns the number of bytes from the current position of a file to its end.
///
/// # Errors
/// Returns an error if this is not a regular file, or if the length cannot be read.
pub(crate) fn rest_of_file(file: &mut File) -> io::Result<u64> {
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        let reason =
            "only a regular file has a length; use Body::from_reader for a pipe or a device";
        return Err(io::Error::new(ErrorKind::InvalidInput, reason));
    }
    let position = file.stream_position()?;
    Ok(metadata.len().saturating_sub(position))
}
