//! Advice to developers about single requests, given once for each path.

use super::options::Options;
use core::time::Duration;
use std::collections::BTreeSet;
use std::prelude::rust_2024::*;
use std::sync::{Mutex, PoisonError};

/// The time after which a request has held a thread for too long.
pub(super) const LONG: Duration = Duration::from_secs(1);
/// The number of requests that one kind of advice is given for. Clients choose the paths.
const MOST: usize = 32;

/// One kind of advice, and the requests that it was given for.
#[derive(Default)]
pub(super) struct Advice {
    given: Mutex<BTreeSet<String>>,
}

impl Advice {
    /// Logs the advice for a request, unless that was done before.
    #[cold]
    pub(super) fn give(&self, options: &Options, request: String, advice: &str) {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        if given.len() < MOST && !given.contains(&request) {
            let line = format!("{request} {advice}");
            given.insert(request);
            drop(given);
            options.report(&line);
        }
    }
}

/// The start of a request line. It is kept in place, because there is one for each request.
pub(super) struct Line {
    bytes: [u8; Line::BYTES],
    length: usize,
}

impl Line {
    const BYTES: usize = 96;

    pub(super) const fn none() -> Line {
        Line {
            bytes: [0; Line::BYTES],
            length: 0,
        }
    }

    /// Keeps the start of a request line in the place of another one.
    pub(super) fn set(&mut self, line: &[u8]) {
        self.length = line.len().min(Line::BYTES);
        let (from, to) = (line.get(..self.length), self.bytes.get_mut(..self.length));
        if let (Some(from), Some(to)) = (from, to) {
            to.copy_from_slice(from);
        }
    }

    /// Takes the line, unless there is none.
    pub(super) fn take(&mut self) -> Option<Vec<u8>> {
        let line = self.bytes.get(..core::mem::take(&mut self.length))?;
        (!line.is_empty()).then(|| line.to_vec())
    }
}
