//! Counters that many threads can increase at once.

use crate::connection::ProtocolError;
use crate::values::method::Method;
use crate::values::status::Status;
use core::time::Duration;
use std::prelude::rust_2024::*;
use std::sync::atomic::{AtomicU64, Ordering};

/// The methods that are counted by name. All others count as one, because clients can invent any number of them.
pub(super) const METHODS: [&str; 8] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other",
];

/// The classes of status codes.
pub(super) const STATUSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// The upper bounds of the buckets for durations. One more bucket is for longer durations.
pub(super) const BUCKETS: [Duration; 12] = [
    Duration::from_micros(100),
    Duration::from_micros(300),
    Duration::from_millis(1),
    Duration::from_millis(3),
    Duration::from_millis(10),
    Duration::from_millis(30),
    Duration::from_millis(100),
    Duration::from_millis(300),
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(10),
    Duration::from_secs(30),
];

/// The counters that change with each request, in cache lines to which no other thread writes.
#[derive(Default)]
#[repr(align(128))]
pub(super) struct Counters {
    requests: [Counter; METHODS.len()],
    responses: [Counter; STATUSES.len()],
    durations: [Counter; BUCKETS.len() + 1],
    /// The sum of the durations, in nanoseconds.
    duration: Counter,
    received: Counter,
    sent: Counter,
}

/// The counters that change with a connection or with an error.
pub(super) struct RareCounters {
    pub(super) accepted: Counter,
    pub(super) turned_away: Counter,
    pub(super) accept_errors: Counter,
    pub(super) tls_failures: Counter,
    pub(super) response_errors: Counter,
    refusals: [Counter; ProtocolError::ALL.len()],
}

/// A number that only grows. Its order relative to other memory accesses does not matter.
#[derive(Default)]
pub(super) struct Counter(AtomicU64);

/// The sums of all counters.
#[derive(Default)]
pub(super) struct Numbers {
    pub(super) requests: [u64; METHODS.len()],
    pub(super) responses: [u64; STATUSES.len()],
    pub(super) durations: [u64; BUCKETS.len() + 1],
    pub(super) duration: u64,
    pub(super) received: u64,
    pub(super) sent: u64,
}

impl Counters {
    #[inline]
    pub(super) fn count_request(&self, method: Method) {
        let place = match method {
            Method::GET => 0,
            Method::HEAD => 1,
            Method::POST => 2,
            Method::PUT => 3,
            Method::PATCH => 4,
            Method::DELETE => 5,
            Method::OPTIONS => 6,
            _ => 7,
        };
        self.requests[place].add(1);
    }

    #[inline]
    pub(super) fn count_response(&self, status: Status) {
        let class = usize::from(status.code() / 100).clamp(1, STATUSES.len());
        self.responses[class - 1].add(1);
    }

    #[inline]
    pub(super) fn count_duration(&self, duration: Duration) {
        if duration.is_zero() {
            return self.durations[0].add(1);
        }
        let longer = BUCKETS.iter().take_while(|end| duration > **end);
        self.durations[longer.count()].add(1);
        self.duration.add(duration.as_nanos() as u64);
    }

    #[inline]
    pub(super) fn count_received(&self, bytes: usize) {
        self.received.add(bytes as u64);
    }

    #[inline]
    pub(super) fn count_sent(&self, bytes: usize) {
        self.sent.add(bytes as u64);
    }
}

impl Default for RareCounters {
    fn default() -> RareCounters {
        RareCounters {
            accepted: Counter::default(),
            turned_away: Counter::default(),
            accept_errors: Counter::default(),
            tls_failures: Counter::default(),
            response_errors: Counter::default(),
            refusals: [const { Counter(AtomicU64::new(0)) }; ProtocolError::ALL.len()],
        }
    }
}

impl RareCounters {
    pub(super) fn count_refusal(&self, error: ProtocolError) {
        // The variants are numbered in the order of the list.
        if let Some(counter) = self.refusals.get(error as usize) {
            counter.add(1);
        }
    }

    /// Returns the errors that have occurred, and how often.
    pub(super) fn refusals(&self) -> impl Iterator<Item = (ProtocolError, u64)> {
        let counted = ProtocolError::ALL.iter().copied().zip(&self.refusals);
        counted
            .map(|(error, counter)| (error, counter.get()))
            .filter(|(_, count)| *count > 0)
    }
}

impl Counter {
    #[inline]
    pub(super) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Numbers {
    pub(super) fn add(&mut self, counters: &Counters) {
        add(&mut self.requests, &counters.requests);
        add(&mut self.responses, &counters.responses);
        add(&mut self.durations, &counters.durations);
        self.duration += counters.duration.get();
        self.received += counters.received.get();
        self.sent += counters.sent.get();
    }
}

fn add(numbers: &mut [u64], counters: &[Counter]) {
    for (number, counter) in numbers.iter_mut().zip(counters) {
        *number += counter.get();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn durations(counters: &Counters) -> [u64; BUCKETS.len() + 1] {
        let mut numbers = Numbers::default();
        numbers.add(counters);
        numbers.durations
    }

    #[test]
    fn a_duration_is_counted_in_the_first_bucket_that_includes_it() {
        let counters = Counters::default();
        for (duration, bucket) in [
            (Duration::ZERO, 0),
            (BUCKETS[0], 0),
            (BUCKETS[0] + Duration::from_nanos(1), 1),
            (BUCKETS[11], 11),
            (Duration::from_secs(1 << 40), 12),
        ] {
            let before = durations(&counters)[bucket];
            counters.count_duration(duration);
            assert_eq!(durations(&counters)[bucket], before + 1, "{duration:?}");
        }
    }

    #[test]
    fn each_error_has_its_counter() {
        let rare = RareCounters::default();
        for (count, error) in ProtocolError::ALL.iter().enumerate() {
            assert_eq!(rare.refusals().count(), count);
            rare.count_refusal(*error);
            assert_eq!(rare.refusals().last(), Some((*error, 1)));
        }
    }
}
