//! Advice to developers about single requests, given once for each path.

use crate::connection::Refusal;
use crate::middleware::identify;
use std::collections::BTreeSet;
use std::prelude::rust_2024::*;
use std::sync::{Mutex, PoisonError};

/// The number of requests that one kind of advice is given for. Clients choose the paths.
const MOST: usize = 32;

/// One kind of advice, and the requests that it was given for.
#[derive(Default)]
pub(crate) struct Advice {
    given: Mutex<BTreeSet<String>>,
}

impl Advice {
    pub(crate) const fn new() -> Advice {
        Advice {
            given: Mutex::new(BTreeSet::new()),
        }
    }

    /// Gives the advice for a request, unless that was done before.
    #[cold]
    pub(crate) fn give(&self, line: &[u8], advice: &str, report: impl FnOnce(&str)) {
        let request = identify(line);
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        if given.len() < MOST && !given.contains(&request) {
            let text = format!("{request} {advice}");
            given.insert(request);
            drop(given);
            report(&text);
        }
    }

    /// Tells how to raise the limit, if a request is refused because its body is too large.
    pub(crate) fn give_for_large_body(&self, refusal: &Refusal<'_>, report: impl FnOnce(&str)) {
        if let Some(limit) = refusal.body_limit {
            let advice = format!(
                "has a body of more than {limit} bytes: raise the limit with --max-body, with_body_limit or Limits::body_bytes"
            );
            self.give(refusal.line, &advice, report);
        }
    }
}
