//! A listing that several requests wait for.

use super::listing_cache::ListingCache;
use crate::site::listing::Order;
use crate::site::unfinished_listing::UnfinishedListing;
use crate::values::sync::Arc;
use alloc::boxed::Box;
use bytes::Bytes;
use core::future::poll_fn;
use core::task::Poll;
use core::time::Duration;
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

/// A listing that is made once for all requests that wait for it. Each of them takes a step when it is polled, and then
/// lets the other connections of its thread have their turn.
pub(in crate::site) struct SharedListing {
    pub(super) path: Box<str>,
    pub(super) order: Order,
    cache: Arc<ListingCache>,
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
    pub(super) fn new(
        cache: Arc<ListingCache>,
        path: &str,
        order: Order,
        listing: UnfinishedListing,
    ) -> SharedListing {
        SharedListing {
            path: path.into(),
            order,
            cache,
            work: Mutex::new(Work::Unfinished(Box::new(listing), Duration::ZERO)),
        }
    }

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
        self.cache.keep(&self.path, self.order, &page, *time);
        *work = Work::Done(page.clone());
        Some(page)
    }

    /// After a panic, the page is not complete, but nothing else depends on it.
    fn lock(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(|error| error.into_inner())
    }
}
