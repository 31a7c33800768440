//! Open files: their state, and reading from them.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use bytes::Bytes;
use std::fs::{File, Metadata};
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Identifies the state of a file. File systems record times in steps, mostly of a few milliseconds, so a stamp cannot
/// distinguish two changes within one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    length: u64,
    modified: Duration,
    /// The time of the last change to the file or its attributes, if the system records it.
    changed: (i64, i64),
    /// The numbers of the device and of the inode, if the system has them.
    device: u64,
    number: u64,
}

impl Stamp {
    /// Slightly more than the step in which most systems record file times.
    const STEP: Duration = Duration::from_millis(12);
    /// The longest step of systems that record only whole seconds.
    const COARSE_STEP: Duration = Duration::from_secs(2);

    pub(crate) fn of(file: &Metadata) -> Stamp {
        #[cfg(unix)]
        let (changed, device, number) = {
            use std::os::unix::fs::MetadataExt;
            let changed = (file.ctime(), file.ctime_nsec());
            (changed, file.dev(), file.ino())
        };
        #[cfg(not(unix))]
        let (changed, device, number) = ((0, 0), 0, 0);
        let modified = file.modified().unwrap_or(UNIX_EPOCH);
        Stamp {
            length: file.len(),
            modified: modified.duration_since(UNIX_EPOCH).unwrap_or_default(),
            changed,
            device,
            number,
        }
    }

    /// Returns the length in bytes.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Returns whether nothing indicates that the contents differ between two states of the same file.
    pub(crate) fn is_same_content(&self, other: &Stamp) -> bool {
        (self.length, self.modified) == (other.length, other.modified)
    }

    /// Returns the time of the last modification since the Unix epoch, but no later than now, because `Last-Modified`
    /// cannot be in the future (RFC 9110 section 8.8.2.1).
    pub(crate) fn modified(&self) -> Duration {
        self.modified.min(now())
    }

    /// Returns a tag that identifies the contents of the file. Returns `None` if another change could leave the same
    /// stamp.
    pub(crate) fn tag(&self) -> Option<String> {
        let Stamp { length, number, .. } = self;
        let modified = self.modified.as_nanos();
        self.is_settled()
            .then(|| format!("{length:x}-{modified:x}-{number:x}"))
    }

    /// Returns whether the last change is so old that any further change must have a different stamp.
    pub(crate) fn is_settled(&self) -> bool {
        let step = match self.last_change().subsec_nanos() {
            0 => Stamp::COARSE_STEP,
            _ => Stamp::STEP,
        };
        !self.is_newer_than(step)
    }

    /// Returns whether the last change is more recent than `age`. A time in the future comes from another clock.
    pub(crate) fn is_newer_than(&self, age: Duration) -> bool {
        now().abs_diff(self.last_change()) <= age
    }

    fn last_change(&self) -> Duration {
        match self.changed {
            (0, 0) => self.modified,
            (seconds, nanoseconds) => Duration::new(
                u64::try_from(seconds).unwrap_or_default(),
                u32::try_from(nanoseconds).unwrap_or_default(),
            ),
        }
    }
}

/// Opens a regular file.
///
/// # Errors
/// Returns an error if the file cannot be opened, or is a folder, a pipe or a device.
pub(crate) fn open_regular(path: &Path) -> io::Result<(File, Stamp)> {
    // Opening a pipe would wait for its other end.
    if !path.metadata()?.is_file() {
        let reason = format!("{path:?} is not a regular file");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
    }
    let file = File::open(path)?;
    let stamp = Stamp::of(&file.metadata()?);
    Ok((file, stamp))
}

/// Reads a whole file as it was at one moment. `stamp` is its state when it was opened. If it grows meanwhile, only the
/// original length is returned. Returns `None` if it keeps changing, or if the system does not know its length.
pub(crate) fn read_whole(file: &File, stamp: &Stamp) -> io::Result<Option<Bytes>> {
    const MOST_TRIES: usize = 4;
    let is_settled = stamp.is_settled();
    // One byte more, because some system files are longer than reported.
    let mut last = read_from_start(file, stamp.length + 1)?;
    let is_longer = last.len() as u64 > stamp.length;
    last.truncate(usize::try_from(stamp.length).unwrap_or(usize::MAX));
    for _ in 0..MOST_TRIES {
        let now = Stamp::of(&file.metadata()?);
        if is_longer && now.length <= stamp.length {
            return Ok(None);
        }
        let length = now.length.min(stamp.length);
        if is_settled && now == *stamp && last.len() as u64 == length {
            return Ok(Some(last.into()));
        }
        // Two equal reads show the contents at a moment between them.
        let again = read_from_start(file, length)?;
        if again == last && again.len() as u64 == length {
            return Ok(Some(again.into()));
        }
        last = again;
    }
    Ok(None)
}

fn read_from_start(mut file: &File, most: u64) -> io::Result<Vec<u8>> {
    use std::io::{Read, Seek};
    let mut bytes = Vec::with_capacity(usize::try_from(most).unwrap_or(0));
    file.rewind()?;
    file.by_ref().take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads at most one block.
#[cfg(unix)]
pub(crate) fn read_at(file: &File, position: u64, most: usize) -> io::Result<Vec<u8>> {
    let mut block = Vec::with_capacity(most);
    loop {
        let spare = rustix::buffer::spare_capacity(&mut block);
        match rustix::io::pread(file, spare, position) {
            Err(rustix::io::Errno::INTR) => {}
            Ok(_) => return Ok(block),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Reads at most one block.
#[cfg(not(unix))]
pub(crate) fn read_at(mut file: &File, position: u64, most: usize) -> io::Result<Vec<u8>> {
    use std::io::{Read, Seek, SeekFrom};
    let mut block = Vec::with_capacity(most);
    file.seek(SeekFrom::Start(position))?;
    file.by_ref().take(most as u64).read_to_end(&mut block)?;
    Ok(block)
}

fn now() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}
