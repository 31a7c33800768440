//! A limit on the memory used by files.

use super::open_files_limit::open_files_limit;
use crate::values::sync::Arc;
use bytes::Bytes;
use core::sync::atomic::{AtomicU64, Ordering};

/// A limit on the memory used by the files of a folder, in a cache and in responses. A slow client keeps a file in
/// memory long after the cache has dropped it, so limiting the cache alone is not enough.
#[derive(Debug)]
pub(crate) struct MemoryBudget {
    bytes: AtomicU64,
    /// The number of in-memory files that this process has open.
    files: AtomicU64,
}

/// A part of a budget, returned on drop.
#[derive(Debug)]
pub(crate) struct Lease {
    budget: Arc<MemoryBudget>,
    bytes: u64,
    files: u64,
}

/// Bytes that hold a part of a budget.
struct Leased {
    bytes: Bytes,
    _lease: Lease,
}

impl MemoryBudget {
    pub(crate) fn new(bytes: u64) -> MemoryBudget {
        MemoryBudget {
            bytes: AtomicU64::new(bytes),
            files: AtomicU64::new(most_files()),
        }
    }

    /// Reserves memory. Returns `None` if not enough is left.
    pub(crate) fn lease(self: &Arc<Self>, bytes: u64) -> Option<Lease> {
        take(&self.bytes, bytes)?;
        Some(Lease {
            budget: self.clone(),
            bytes,
            files: 0,
        })
    }
}

impl Lease {
    /// Also reserves one of the files that the process can open. Returns whether one was left.
    pub(crate) fn add_file(&mut self) -> bool {
        let is_left = take(&self.budget.files, 1).is_some();
        self.files += u64::from(is_left);
        is_left
    }

    /// Keeps the reservation for as long as `content`, or any part of it, is in use.
    pub(crate) fn hold(self, bytes: Bytes) -> Bytes {
        Bytes::from_owner(Leased {
            bytes,
            _lease: self,
        })
    }
}

impl AsRef<[u8]> for Leased {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.budget.bytes.fetch_add(self.bytes, Ordering::Relaxed);
        self.budget.files.fetch_add(self.files, Ordering::Relaxed);
    }
}

fn take(left: &AtomicU64, count: u64) -> Option<u64> {
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
        left.checked_sub(count)
    })
    .ok()
}

/// Returns how many in-memory files can be open: a small share of the process's limit, most of which is for
/// connections.
fn most_files() -> u64 {
    const PART: u64 = 32;
    open_files_limit().map_or(u64::MAX, |limit| limit / PART)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_returned_when_the_last_part_of_the_bytes_is_dropped() {
        let budget = Arc::new(MemoryBudget::new(10));
        let bytes = budget.lease(8).expect("8 of 10").hold("12345678".into());
        assert!(budget.lease(3).is_none());
        let part = bytes.slice(2..3);
        drop(bytes);
        assert!(budget.lease(3).is_none());
        drop(part);
        assert!(budget.lease(10).is_some());
    }

    #[test]
    fn open_files_are_counted() {
        let budget = Arc::new(MemoryBudget {
            bytes: AtomicU64::new(10),
            files: AtomicU64::new(1),
        });
        let mut lease = budget.lease(1).expect("1 of 10");
        assert!(lease.add_file());
        assert!(!budget.lease(1).expect("1 of 9").add_file());
        drop(lease);
        assert!(budget.lease(1).expect("1 of 10").add_file());
    }
}
