//! Counters for each route.

use super::counters::{Counter, STATUSES};
use crate::values::status::Status;
use core::time::Duration;
use std::collections::BTreeMap;
use std::prelude::rust_2024::*;
use std::sync::{PoisonError, RwLock};

/// The maximum number of routes with separate counters. A program has far fewer, unless it creates routes from
/// requests.
const ROUTES: usize = 1000;
/// The label for requests without a route, and for all further routes.
const OTHERS: &str = "-";

/// The counters of one route.
#[derive(Default)]
pub(super) struct RouteCounters {
    /// The numbers of responses, by the class of the status.
    pub(super) responses: [Counter; STATUSES.len()],
    /// The sum of the durations, in nanoseconds.
    pub(super) duration: Counter,
    /// The number of durations.
    pub(super) durations: Counter,
}

/// The counters of all routes, by their patterns.
#[derive(Default)]
pub(super) struct Routes(RwLock<BTreeMap<String, RouteCounters>>);

impl Routes {
    /// Counts a response and its duration, if that is known.
    pub(super) fn count(&self, route: Option<&str>, status: Status, time: Option<Duration>) {
        let route = route.unwrap_or(OTHERS);
        {
            let routes = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(counters) = routes.get(route) {
                return counters.count(status, time);
            }
        }
        let mut routes = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let route = if routes.len() < ROUTES { route } else { OTHERS };
        let counters = routes.entry(route.to_string()).or_default();
        counters.count(status, time);
    }

    /// Calls a function with the counters of all routes.
    pub(super) fn with<T>(&self, read: impl FnOnce(&BTreeMap<String, RouteCounters>) -> T) -> T {
        read(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl RouteCounters {
    fn count(&self, status: Status, time: Option<Duration>) {
        let class = usize::from(status.code() / 100).clamp(1, STATUSES.len());
        self.responses[class - 1].add(1);
        if let Some(time) = time {
            self.durations.add(1);
            self.duration.add(time.as_nanos() as u64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_routes_is_limited() {
        let routes = Routes::default();
        for number in 0..2 * ROUTES {
            routes.count(Some(&format!("/{number}")), Status::OK, None);
        }
        routes.count(None, Status::OK, None);
        routes.with(|routes| {
            assert_eq!(routes.len(), ROUTES + 1);
            assert_eq!(routes[OTHERS].responses[1].get(), ROUTES as u64 + 1);
        });
    }
}
