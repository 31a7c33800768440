//! Notices to the administrator about events that happen again and again.

use std::prelude::rust_2024::*;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The time for which a notice is not given again.
const PAUSE: Duration = Duration::from_secs(60);

/// A notice that is given at most once a minute.
#[derive(Default)]
pub(crate) struct Notice {
    last: Mutex<Option<Instant>>,
}

impl Notice {
    pub(crate) const fn new() -> Notice {
        Notice {
            last: Mutex::new(None),
        }
    }

    pub(crate) fn give(&self, report: impl FnOnce(&str), message: impl FnOnce() -> String) {
        let now = Instant::now();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_none_or(|last| now - last >= PAUSE) {
            *last = Some(now);
            drop(last);
            report(&message());
        }
    }
}
