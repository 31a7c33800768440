//! The body of a request: in memory while it is short, and then in a file without a name.

use alloc::vec::Vec;
use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags};
use std::format;
use std::fs::File;
use std::io::{self, Seek, Write};
use std::path::Path;

/// The longest body that stays in memory, and reaches the worker in the frame of its request.
pub(super) const IN_MEMORY_BYTES: usize = 16 * 1024;

/// The body of a request, as far as it has arrived.
#[derive(Debug)]
pub(super) enum RequestBody {
    InMemory(Vec<u8>),
    InFile(File, u64),
}

impl Default for RequestBody {
    fn default() -> RequestBody {
        RequestBody::InMemory(Vec::new())
    }
}

impl RequestBody {
    /// Returns a body that has arrived already.
    pub(super) fn of(bytes: &[u8]) -> io::Result<RequestBody> {
        let mut body = RequestBody::default();
        body.add(bytes)?;
        Ok(body)
    }

    /// Adds a part that has arrived.
    pub(super) fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let RequestBody::InMemory(memory) = self {
            if memory.len() + bytes.len() <= IN_MEMORY_BYTES {
                memory.extend_from_slice(bytes);
                return Ok(());
            }
            let mut file = unnamed_file(&std::env::temp_dir())?;
            file.write_all(memory)?;
            *self = RequestBody::InFile(file, memory.len() as u64);
        }
        if let RequestBody::InFile(file, length) = self {
            file.write_all(bytes)?;
            *length += bytes.len() as u64;
        }
        Ok(())
    }

    pub(super) fn length(&self) -> u64 {
        match self {
            RequestBody::InMemory(memory) => memory.len() as u64,
            RequestBody::InFile(_, length) => *length,
        }
    }

    /// Returns the bytes for the frame of the request, and the file, at its beginning.
    pub(super) fn finish(self) -> io::Result<(Vec<u8>, Option<OwnedFd>)> {
        match self {
            RequestBody::InMemory(memory) => Ok((memory, None)),
            RequestBody::InFile(mut file, _) => {
                file.rewind()?;
                Ok((Vec::new(), Some(file.into())))
            }
        }
    }
}

/// Creates a file that only its descriptor leads to.
fn unnamed_file(folder: &Path) -> io::Result<File> {
    let mode = Mode::RUSR | Mode::WUSR;
    #[cfg(target_os = "linux")]
    {
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        if let Ok(file) = rustix::fs::open(folder, flags, mode) {
            return Ok(file.into());
        }
    }
    use std::sync::atomic::{AtomicU64, Ordering};
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let path = folder.join(format!("bytegate-{}-{number}", std::process::id()));
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::RDWR | OFlags::CLOEXEC;
    let file = rustix::fs::open(&path, flags, mode)?;
    std::fs::remove_file(&path)?;
    Ok(file.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::vec;

    #[test]
    fn a_body_moves_to_a_file_when_it_grows() {
        let mut body = RequestBody::of(&[1; IN_MEMORY_BYTES]).unwrap();
        assert!(matches!(body, RequestBody::InMemory(_)));
        body.add(&[2; 5]).unwrap();
        assert!(matches!(body, RequestBody::InFile(..)));
        assert_eq!(body.length(), IN_MEMORY_BYTES as u64 + 5);
        let (memory, file) = body.finish().unwrap();
        assert!(memory.is_empty());
        let mut stored = vec![];
        File::from(file.unwrap()).read_to_end(&mut stored).unwrap();
        assert_eq!(stored, [&[1; IN_MEMORY_BYTES][..], &[2; 5]].concat());
    }
}
