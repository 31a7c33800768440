//! Cached listings of large directories.

use crate::site::listing::Order;
use alloc::boxed::Box;
use alloc::vec::Vec;
use bytes::Bytes;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// The pages of directories that took long to list, so that repeated requests for them do not delay other clients.
#[derive(Default)]
pub(super) struct ListingCache(Mutex<Vec<Page>>);

struct Page {
    path: Box<str>,
    order: Order,
    until: Instant,
    html: Bytes,
}

/// The memory for all pages.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// Faster listings are not cached.
const FAST: Duration = Duration::from_millis(1);
/// How long a page is kept.
const TIME: Duration = Duration::from_secs(1);
/// A page is kept for at least this many times as long as it took to make.
const SHARE: u32 = 20;

impl ListingCache {
    /// Returns the page of a directory, if it was made recently.
    pub(super) fn get(&self, path: &str, order: Order) -> Option<Bytes> {
        let pages = self.lock();
        let mut pages = pages.iter();
        let page = pages.find(|page| &*page.path == path && page.order == order)?;
        (Instant::now() < page.until).then(|| page.html.clone())
    }

    /// Keeps a page, if making it took long.
    pub(super) fn keep(&self, path: &str, order: Order, html: &Bytes, time: Duration) {
        if time < FAST || html.len() > MOST_BYTES {
            return;
        }
        let now = Instant::now();
        let mut pages = self.lock();
        let is_same = |other: &Page| &*other.path == path && other.order == order;
        pages.retain(|other| now < other.until && !is_same(other));
        pages.push(Page {
            path: path.into(),
            order,
            until: now + TIME.max(time.saturating_mul(SHARE)),
            html: html.clone(),
        });
        let mut bytes: usize = pages.iter().map(|page| page.html.len()).sum();
        let oldest = pages.iter().take_while(|page| {
            let is_too_much = bytes > MOST_BYTES;
            bytes -= page.html.len();
            is_too_much
        });
        let count = oldest.count();
        pages.drain(..count);
    }

    /// The cache is always consistent, so a poisoned lock can be used.
    fn lock(&self) -> MutexGuard<'_, Vec<Page>> {
        self.0.lock().unwrap_or_else(|error| error.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(cache: &ListingCache, path: &str, bytes: usize, time: Duration) {
        let page = Bytes::from(alloc::vec![b'a'; bytes]);
        cache.keep(path, Order::from_query(""), &page, time);
    }

    #[test]
    fn only_slow_pages_are_kept_and_the_oldest_is_dropped_first() {
        let cache = ListingCache::default();
        let is_kept = |path: &str, query: &str| cache.get(path, Order::from_query(query)).is_some();
        keep(&cache, "/fast/", 10, FAST / 2);
        keep(&cache, "/slow/", 10, FAST);
        assert!(!is_kept("/fast/", ""));
        assert!(is_kept("/slow/", "") && is_kept("/slow/", "sort=name&order=asc"));
        assert!(!is_kept("/slow/", "sort=size") && !is_kept("/", ""));
        keep(&cache, "/half/", MOST_BYTES / 2, FAST);
        keep(&cache, "/rest/", MOST_BYTES / 2, FAST);
        assert!(!is_kept("/slow/", "") && is_kept("/half/", "") && is_kept("/rest/", ""));
        keep(&cache, "/large/", MOST_BYTES + 1, FAST);
        assert!(!is_kept("/large/", "") && is_kept("/rest/", ""));
    }

    #[test]
    fn an_expired_page_is_not_found() {
        let cache = ListingCache::default();
        let order = Order::from_query("");
        keep(&cache, "/", 10, FAST);
        assert!(cache.get("/", order).is_some());
        for page in cache.lock().iter_mut() {
            page.until -= 2 * TIME;
        }
        assert_eq!(cache.get("/", order), None);
    }
}
