//! Content that is read from an open file while it is sent.

use super::broken::Broken;
use super::memory_budget::Lease;
use crate::syntax::entity_tag::opaque_of;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use bytes::Bytes;
use core::ops::Range;
use std::fs::{File, Metadata};
use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The size of the blocks that are read and sent.
const BLOCK_BYTES: usize = 64 * 1024;

/// An open file that must not change while it is sent. A change breaks the content off, so that a client never takes a
/// mixture of old and new content for a file.
#[derive(Debug)]
pub(crate) struct StoredFile {
    file: File,
    length: u64,
    /// The text between the quotes of the ETag.
    tag: String,
    state: State,
}

/// What a stored file is compared with while it is sent.
#[derive(Debug)]
enum State {
    /// The state in which it was opened.
    Stamp(Stamp),
    /// It is in memory, where only this program can change it.
    InMemory(#[expect(dead_code, reason = "it is given back when the file is dropped")] Lease),
}

/// What identifies the state of a file. File systems keep times in steps, most of a few milliseconds, so two changes within
/// one step cannot be told apart by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    length: u64,
    modified: Duration,
    /// When the file or its attributes were last changed, where the system knows.
    changed: (i64, i64),
    /// The number of the file, where the system has one.
    number: u64,
}

impl Stamp {
    /// The step in which most systems keep the times of files, and a little more.
    pub(crate) const STEP: Duration = Duration::from_millis(12);
    /// The longest step of systems that keep no parts of seconds.
    const COARSE_STEP: Duration = Duration::from_secs(2);

    pub(crate) fn of(file: &Metadata) -> Stamp {
        #[cfg(unix)]
        let (changed, number) = {
            use std::os::unix::fs::MetadataExt;
            ((file.ctime(), file.ctime_nsec()), file.ino())
        };
        #[cfg(not(unix))]
        let (changed, number) = ((0, 0), 0);
        let modified = file.modified().unwrap_or(UNIX_EPOCH);
        Stamp {
            length: file.len(),
            modified: modified.duration_since(UNIX_EPOCH).unwrap_or_default(),
            changed,
            number,
        }
    }

    /// Returns the length in bytes.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Returns when the file was last modified, as time since the Unix epoch, but no later than now, because a date in
    /// the future would promise too much (RFC 9110 section 8.8.2.1).
    pub(crate) fn modified(&self) -> Duration {
        self.modified.min(now())
    }

    /// Returns whether the file has not been changed for so long that another change must have another stamp.
    pub(crate) fn is_settled(&self) -> bool {
        let changed = match self.changed {
            (0, 0) => self.modified,
            (seconds, nanoseconds) => Duration::new(
                u64::try_from(seconds).unwrap_or_default(),
                u32::try_from(nanoseconds).unwrap_or_default(),
            ),
        };
        let step = match changed.subsec_nanos() {
            0 => Stamp::COARSE_STEP,
            _ => Stamp::STEP,
        };
        // A time in the future comes from another clock.
        now().abs_diff(changed) > step
    }
}

/// Reads a whole file that had the given state when it was opened. Returns `None` if the file has changed since.
pub(crate) fn read_whole(mut file: &File, stamp: &Stamp) -> io::Result<Option<Bytes>> {
    use std::io::Read;
    let mut content = Vec::with_capacity(usize::try_from(stamp.length).unwrap_or(0) + 1);
    // One byte more, to notice that it has grown.
    file.by_ref()
        .take(stamp.length + 1)
        .read_to_end(&mut content)?;
    let is_whole = content.len() as u64 == stamp.length;
    let is_unchanged = Stamp::of(&file.metadata()?) == *stamp;
    Ok((is_whole && is_unchanged).then(|| content.into()))
}

fn now() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

/// Creates a file in memory.
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
    /// Creates a stored file that other programs may change. Its ETag is made from the size, the time of the last
    /// modification and the inode number.
    pub(crate) fn new(file: File, stamp: Stamp) -> StoredFile {
        let Stamp {
            length,
            modified,
            number,
            ..
        } = stamp;
        StoredFile {
            file,
            length,
            tag: format!("{length:x}-{:x}-{number:x}", modified.as_nanos()),
            state: State::Stamp(stamp),
        }
    }

    /// Creates a stored file in memory, which no other program can change. The system can send it without copying it. Its
    /// ETag is made from the content. Returns the memory for it if the system does not support this, or if too many files
    /// are open.
    #[cfg(target_os = "linux")]
    pub(crate) fn in_memory(content: &[u8], mut lease: Lease) -> Result<StoredFile, Lease> {
        match lease.add_file().then(|| memory_file(content)).flatten() {
            Some(file) => Ok(StoredFile {
                file,
                length: content.len() as u64,
                tag: opaque_of(content),
                state: State::InMemory(lease),
            }),
            None => Err(lease),
        }
    }

    /// Returns the memory, because this system does not support files in memory.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn in_memory(_: &[u8], lease: Lease) -> Result<StoredFile, Lease> {
        Err(lease)
    }

    /// Returns the length in bytes.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Returns the text between the quotes of the ETag.
    pub(crate) fn tag(&self) -> &str {
        &self.tag
    }

    /// Returns whether the content is in memory.
    pub(crate) fn is_in_memory(&self) -> bool {
        matches!(self.state, State::InMemory(_))
    }

    /// Returns the blocks of a part.
    pub(crate) fn blocks(self: &Arc<Self>, part: Range<u64>) -> StoredBlocks {
        StoredBlocks {
            stored: self.clone(),
            next: part.start,
            end: part.end,
        }
    }

    /// Returns an error if the file is no longer what it was when it was opened.
    fn check(&self) -> io::Result<()> {
        let State::Stamp(stamp) = &self.state else {
            return Ok(());
        };
        let now = Stamp::of(&self.file.metadata()?);
        // A file that is removed or renamed keeps its content.
        match (now.length, now.modified) == (stamp.length, stamp.modified) {
            true => Ok(()),
            false => Err(io::Error::other("the file changed while it was sent")),
        }
    }

    /// Reads at most one block.
    #[cfg(unix)]
    fn read_at(&self, position: u64, most: usize) -> io::Result<Vec<u8>> {
        let mut block = Vec::with_capacity(most);
        loop {
            let spare = rustix::buffer::spare_capacity(&mut block);
            match rustix::io::pread(&self.file, spare, position) {
                Err(rustix::io::Errno::INTR) => {}
                Ok(_) => return Ok(block),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Reads at most one block.
    #[cfg(not(unix))]
    fn read_at(&self, position: u64, most: usize) -> io::Result<Vec<u8>> {
        use std::io::{Read, Seek, SeekFrom};
        let mut file = &self.file;
        let mut block = Vec::with_capacity(most);
        file.seek(SeekFrom::Start(position))?;
        file.take(most as u64).read_to_end(&mut block)?;
        Ok(block)
    }
}

/// Returns at least how many bytes the system keeps for a connection within this machine, sent and received.
#[cfg(feature = "net")]
fn queue_bytes() -> u64 {
    static BYTES: std::sync::OnceLock<u64> = std::sync::OnceLock::new();
    const UNKNOWN: u64 = 64 * 1024 * 1024;
    // The last number of a line is the maximum.
    let maximum = |name: &str| {
        let line = std::fs::read_to_string(["/proc/sys/net/", name].concat()).ok()?;
        line.split_ascii_whitespace().last()?.parse::<u64>().ok()
    };
    *BYTES.get_or_init(|| {
        let sent = maximum("ipv4/tcp_wmem");
        // A program that sets its own size gets twice of what it asks for.
        let received = maximum("ipv4/tcp_rmem").zip(maximum("core/rmem_max"));
        let received = received.map(|(automatic, asked)| automatic.max(asked.saturating_mul(2)));
        let both = sent.zip(received);
        both.map_or(UNKNOWN, |(sent, received)| sent.saturating_add(received))
    })
}

/// The blocks of a part of a file.
#[derive(Debug)]
pub(crate) struct StoredBlocks {
    stored: Arc<StoredFile>,
    next: u64,
    end: u64,
}

impl StoredBlocks {
    /// Passes over the next bytes, which the front end takes from the file itself. Returns how many. The end of the part
    /// is not among them: it is [read](StoredBlocks::next), so that a change up to then is noticed.
    ///
    /// The system sends such bytes as they are in the file when they leave its queues, not as they were when they entered
    /// them. So the end that is read is larger than those queues: when it enters them, all other bytes have left them. A
    /// file in memory is passed over to its end, because no other program can change it.
    #[cfg(feature = "net")]
    pub(crate) fn pass(&mut self) -> usize {
        const MOST_BYTES: u64 = 1024 * 1024;
        let end_bytes = match self.stored.is_in_memory() {
            true => 0,
            false => queue_bytes(),
        };
        let count = (self.end - self.next)
            .saturating_sub(end_bytes)
            .min(MOST_BYTES);
        self.next += count;
        usize::try_from(count).unwrap_or_default()
    }

    /// Returns the file, and the position of the bytes of which `left` have been passed over but not sent.
    #[cfg(feature = "net")]
    pub(crate) fn passed(&self, left: usize) -> (&File, u64) {
        (&self.stored.file, self.next - left as u64)
    }

    fn read(&mut self) -> io::Result<Vec<u8>> {
        let remaining = self.end - self.next;
        let length = usize::try_from(remaining).map_or(BLOCK_BYTES, |it| it.min(BLOCK_BYTES));
        let block = self.stored.read_at(self.next, length)?;
        if block.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        // After reading, so that nothing that was read before a change is sent as if it were the last block.
        self.stored.check()?;
        self.next += block.len() as u64;
        Ok(block)
    }
}

impl Iterator for StoredBlocks {
    type Item = Result<Bytes, Broken>;

    fn next(&mut self) -> Option<Result<Bytes, Broken>> {
        if self.next >= self.end {
            return None;
        }
        match self.read() {
            Ok(block) => Some(Ok(block.into())),
            Err(_) => {
                self.next = self.end;
                Some(Err(Broken))
            }
        }
    }
}
