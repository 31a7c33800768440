//! A limit on the request rate of each client.

use super::middleware::Middleware;
use super::request_parts::RequestParts;
use crate::response::response::Response;
use crate::values::connection_info::Peer;
use crate::values::status::Status;
use crate::values::sync::Arc;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;
use core::hash::BuildHasher;
use core::net::{IpAddr, Ipv6Addr};
use core::time::Duration;
use std::collections::{BTreeSet, HashMap};
use std::hash::RandomState;
use std::sync::{Mutex, PoisonError};

/// The default number of remembered clients. They take less than 3 MB, even if their keys are long.
const CLIENTS: usize = 10_000;

/// The longest key that is stored as it is, in bytes: an address, a user name or the usual API key.
const LONGEST_TEXT: usize = 64;

/// Middleware that limits the request rate of each client (feature `std`). Requests beyond the limit get a 429 with
/// `Retry-After` (RFC 6585 section 4), before their body is read.
///
/// Each client has a bucket of tokens. A request takes one token, and is refused if the bucket is empty. Buckets are
/// refilled at a steady rate. The clock is [`Now::monotonic`](crate::Now::monotonic), so tests choose the time.
///
/// By default, a client is an IPv4 address, or an IPv6 network of 64 bits, which usually belongs to one customer. Peers on
/// other transports are distinguished by name, and unknown peers are not limited. Behind a reverse proxy, all requests come
/// from its address: add [`ForwardedHeaders`](crate::middleware::ForwardedHeaders) outside of this middleware.
///
/// ```
/// use bytegate::{Gateway, Now, Request};
/// use bytegate::middleware::RateLimit;
/// use bytegate::request::Peer;
/// use std::time::Duration;
///
/// let limit = RateLimit::new(2, Duration::from_secs(10));
/// let gateway = Gateway::new(|_: &Request| "hello\n").with(limit);
/// let get = |second| {
///     let (mut now, mut response) = (Now::at_unix(0).after(Duration::from_secs(second)), Vec::new());
///     gateway.handle_for(b"GET / HTTP/1.0\r\n\r\n", Peer::named("a"), &mut now, &mut response);
///     String::from_utf8(response).unwrap()
/// };
/// assert!(get(0).starts_with("HTTP/1.1 200 ") && get(0).starts_with("HTTP/1.1 200 "));
/// let refused = get(1);
/// assert!(refused.starts_with("HTTP/1.1 429 ") && refused.contains("\r\nRetry-After: 4\r\n"));
/// assert!(get(5).starts_with("HTTP/1.1 200 "));
/// ```
#[must_use]
pub struct RateLimit {
    /// The time in which a bucket gains one token.
    interval: Duration,
    /// The time in which an empty bucket is filled.
    capacity: Duration,
    clients: usize,
    key: Box<Key>,
    /// Hash keys that are too long to remember.
    hashers: [RandomState; 2],
    buckets: Mutex<Buckets>,
}

type Key = dyn Fn(&RequestParts<'_>) -> Option<String> + Send + Sync;

/// For each client, the time at which its bucket is full again. This describes the bucket completely.
#[derive(Default)]
struct Buckets {
    full_at: HashMap<Client, Duration>,
    /// The same, in order, so that the fullest bucket can be dropped first.
    order: BTreeSet<(Duration, Client)>,
}

/// The stored form of a client's key. A short text and a hash are never equal.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Client {
    Short(Arc<str>),
    /// A hash with a secret key, so that a client cannot find a text with the hash of another client.
    Long([u64; 2]),
}

impl RateLimit {
    /// Allows each client `requests` requests at once, and that many in each `period` from then on.
    ///
    /// # Panics
    /// Panics if either is zero.
    #[track_caller]
    pub fn new(requests: u32, period: Duration) -> RateLimit {
        assert!(
            requests > 0 && period > Duration::ZERO,
            "a rate limit needs at least one request and a period longer than zero"
        );
        RateLimit {
            interval: (period / requests).max(Duration::from_nanos(1)),
            capacity: period,
            clients: CLIENTS,
            key: Box::new(|request| client(&request.connection.peer)),
            hashers: [RandomState::new(), RandomState::new()],
            buckets: Mutex::default(),
        }
    }

    /// Allows only `requests` requests at once, at the same rate.
    ///
    /// ```
    /// use bytegate::middleware::RateLimit;
    /// use std::time::Duration;
    ///
    /// // One request per second, and three at once after a pause.
    /// let limit = RateLimit::new(60, Duration::from_secs(60)).burst(3);
    /// ```
    ///
    /// # Panics
    /// Panics if `requests` is zero.
    #[track_caller]
    pub fn burst(mut self, requests: u32) -> RateLimit {
        assert!(requests > 0, "a rate limit needs at least one request");
        self.capacity = self.interval.saturating_mul(requests);
        self
    }

    /// Distinguishes clients by the text that `key` returns, such as an API key. Requests for which it returns `None` are
    /// not limited.
    ///
    /// A text of more than 64 bytes is stored as a hash of 16 bytes with a secret key, so a client that sends long
    /// texts takes no more memory than others.
    ///
    /// ```
    /// use bytegate::middleware::RateLimit;
    /// use std::time::Duration;
    ///
    /// let limit = RateLimit::new(100, Duration::from_secs(60))
    ///     .by(|request| request.head.headers().get("X-Api-Key").map(String::from));
    /// ```
    pub fn by(
        mut self,
        key: impl Fn(&RequestParts<'_>) -> Option<String> + Send + Sync + 'static,
    ) -> RateLimit {
        self.key = Box::new(key);
        self
    }

    /// Sets how many clients are remembered, at least 1. The default is 10,000, which take less than 3 MB. Beyond that, the
    /// client with the fullest bucket is forgotten, and starts again with a full one.
    pub fn clients(mut self, clients: usize) -> RateLimit {
        self.clients = clients.max(1);
        self
    }

    /// Takes a token, or returns the time until the next one.
    fn take(&self, key: &str, now: Duration) -> Result<(), Duration> {
        let client = self.remembered(key);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let full_at = buckets.full_at.get(&client).copied();
        let is_known = full_at.is_some();
        let full_at = full_at.unwrap_or(now).max(now);
        let next = full_at.saturating_add(self.interval);
        let available_at = next.saturating_sub(self.capacity);
        if available_at > now {
            return Err(available_at - now);
        }
        if buckets.full_at.len() >= self.clients && !is_known {
            buckets.drop_fullest();
        }
        buckets.set(client, next);
        Ok(())
    }

    /// Returns the stored form of a key.
    fn remembered(&self, key: &str) -> Client {
        if key.len() > LONGEST_TEXT {
            Client::Long(self.hashers.each_ref().map(|hasher| hasher.hash_one(key)))
        } else {
            Client::Short(key.into())
        }
    }
}

impl Buckets {
    fn set(&mut self, client: Client, full_at: Duration) {
        if let Some(before) = self.full_at.insert(client.clone(), full_at) {
            self.order.remove(&(before, client.clone()));
        }
        self.order.insert((full_at, client));
    }

    fn drop_fullest(&mut self) {
        if let Some((_, client)) = self.order.pop_first() {
            self.full_at.remove(&client);
        }
    }
}

impl Middleware for RateLimit {
    fn before(&self, request: &mut RequestParts<'_>) -> Option<Response> {
        let key = (self.key)(request)?;
        let wait = self.take(&key, request.now.monotonic).err()?;
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let response = Response::from(Status::TOO_MANY_REQUESTS);
        Some(response.with_header("Retry-After", format!("{seconds}")))
    }
}

impl fmt::Debug for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimit")
            .field("interval", &self.interval)
            .field("capacity", &self.capacity)
            .field("clients", &self.clients)
            .finish_non_exhaustive()
    }
}

/// Returns the key that identifies a client.
fn client(peer: &Peer) -> Option<String> {
    match peer {
        Peer::Unknown => None,
        Peer::Named(name) => Some(name.to_string()),
        Peer::Address(address) => Some(match address.ip().to_canonical() {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => {
                let network = u128::from(address) >> 64 << 64;
                format!("{}/64", Ipv6Addr::from(network))
            }
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_an_address_or_a_network() {
        let key = |address: &str| client(&Peer::Address(address.parse().expect("an address")));
        assert_eq!(key("192.0.2.1:80"), Some("192.0.2.1".to_string()));
        assert_eq!(key("[::ffff:192.0.2.1]:80"), key("192.0.2.1:5"));
        assert_eq!(
            key("[2001:db8:1:2:3::1]:80"),
            Some("2001:db8:1:2::/64".to_string())
        );
        assert_eq!(key("[2001:db8:1:2:ffff::]:80"), key("[2001:db8:1:2::1]:80"));
        assert_ne!(key("[2001:db8:1:3::1]:80"), key("[2001:db8:1:2::1]:80"));
        assert_eq!(client(&Peer::named("a")), Some("a".to_string()));
        assert_eq!(client(&Peer::Unknown), None);
    }

    #[test]
    fn the_fullest_bucket_is_dropped_when_there_are_too_many() {
        let limit = RateLimit::new(2, Duration::from_secs(2)).clients(2);
        let take = |key: &str| limit.take(key, Duration::ZERO);
        assert_eq!(take("a"), Ok(()));
        assert_eq!(take("a"), Ok(()));
        assert_eq!(take("b"), Ok(()));
        assert_eq!(take("c"), Ok(()));
        // `a` is remembered, and one of the others is not.
        assert_eq!(take("a"), Err(Duration::from_secs(1)));
        let buckets = limit.buckets.lock().expect("a table");
        assert_eq!((buckets.full_at.len(), buckets.order.len()), (2, 2));
    }

    #[test]
    fn long_keys_take_no_more_memory_than_short_ones_and_stay_distinct() {
        let limit = RateLimit::new(1, Duration::from_secs(1));
        let take = |key: &str| limit.take(key, Duration::ZERO).is_ok();
        let long = "k".repeat(16 * 1024);
        assert!(take(&long) && !take(&long));
        assert!(take(&format!("{long}1")) && take(&long[..65]) && take(&long[..64]));
        assert!(!take(&format!("{long}1")) && !take(&long[..65]) && !take(&long[..64]));
        let buckets = limit.buckets.lock().expect("a table");
        let kept = buckets.full_at.keys().map(|client| match client {
            Client::Short(text) => text.len(),
            Client::Long(hash) => size_of_val(hash),
        });
        assert_eq!(kept.max(), Some(64));
    }
}
