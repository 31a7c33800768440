//! Listings that several requests wait for.

use super::listing_cache::ListingCache;
use crate::site::listing::Order;
use crate::site::unfinished_listing::UnfinishedListing;
use crate::values::sync::Arc;
use alloc::boxed::Box;
use alloc::sync::Weak;
use alloc::vec::Vec;
use bytes::Bytes;
use core::future::poll_fn;
use core::task::Poll;
use core::time::Duration;
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

/// The listings of a site: pages that are kept for a moment, and pages that are being made.
#[derive(Default)]
pub(in crate::site) struct Listings {
    kept: Arc<ListingCache>,
    unfinished: Mutex<Vec<Weak<SharedListing>>>,
}

impl Listings {
    /// Returns the page of a directory, if it was made recently.
    pub(in crate::site) fn get(&self, path: &str, order: Order) -> Option<Bytes> {
        self.kept.get(path, order)
    }

    /// Returns the listing of a directory that is being made, or begins it.
    pub(in crate::site) fn begin(
        &self,
        path: &str,
        order: Order,
        begin: impl FnOnce() -> UnfinishedListing,
    ) -> Arc<SharedListing> {
        // The list is always consistent, so a poisoned lock can be used.
        let unfinished = self.unfinished.lock();
        let mut unfinished = unfinished.unwrap_or_else(|error| error.into_inner());
        unfinished.retain(|listing| listing.strong_count() > 0);
        let mut shared = unfinished.iter().filter_map(Weak::upgrade);
        if let Some(shared) = shared.find(|it| &*it.path == path && it.order == order) {
            return shared;
        }
        let shared = Arc::new(SharedListing {
            path: path.into(),
            order,
            kept: self.kept.clone(),
            work: Mutex::new(Work::Unfinished(Box::new(begin()), Duration::ZERO)),
        });
        unfinished.push(Arc::downgrade(&shared));
        shared
    }
}

/// A listing that is made once for all requests that wait for it. Each of them takes a step when it is polled, and then
/// lets the other connections of its thread have their turn.
pub(in crate::site) struct SharedListing {
    path: Box<str>,
    order: Order,
    kept: Arc<ListingCache>,
    work: Mutex<Work>,
}

enum Work {
    /// With the time that it has taken so far.
    Unfinished(Box<UnfinishedListing>, Duration),
    Done(Bytes),
}

/// Directories with more entries are listed while other connections have their turns.
const AT_ONCE: usize = 1000;

impl SharedListing {
    /// Returns the page, unless the directory is large.
    pub(in crate::site) fn at_once(&self) -> Option<Bytes> {
        while self.is_small() {
            if let Some(page) = self.step() {
                return Some(page);
            }
        }
        None
    }

    /// Waits for the page.
    pub(in crate::site) async fn page(self: Arc<SharedListing>) -> Bytes {
        poll_fn(|context| match self.step() {
            Some(page) => Poll::Ready(page),
            None => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
        })
        .await
    }

    fn is_small(&self) -> bool {
        match &*self.lock() {
            Work::Unfinished(listing, _) => listing.count() <= AT_ONCE,
            Work::Done(_) => true,
        }
    }

    fn step(&self) -> Option<Bytes> {
        let mut work = self.lock();
        let (listing, time) = match &mut *work {
            Work::Unfinished(listing, time) => (listing, time),
            Work::Done(page) => return Some(page.clone()),
        };
        let start = Instant::now();
        let page = listing.step();
        *time += start.elapsed();
        let page: Bytes = page?.into();
        self.kept.keep(&self.path, self.order, &page, *time);
        *work = Work::Done(page.clone());
        Some(page)
    }

    /// After a panic, the page is not complete, but nothing else depends on it.
    fn lock(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(|error| error.into_inner())
    }
}
