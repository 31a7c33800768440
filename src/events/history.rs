//! The last events of a broadcast, for clients that reconnect.

use super::event::Event;
use bytes::Bytes;
use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::prelude::rust_2024::*;

/// The last events that were sent, with their ids. By default, it keeps none.
#[derive(Default)]
pub(super) struct History {
    most_events: usize,
    kept: VecDeque<Kept>,
    /// The total length of the events.
    bytes: usize,
    /// The number of ids that were made.
    count: u64,
    /// The first part of the ids that are made. A client may send an id that it received before a restart.
    prefix: u32,
}

struct Kept {
    id: String,
    event: Bytes,
}

impl History {
    /// Creates an empty history that keeps this many events.
    pub(super) fn new(most_events: usize) -> History {
        History {
            most_events,
            prefix: RandomState::new().hash_one(most_events) as u32,
            ..History::default()
        }
    }

    /// Returns an event as it is sent, and keeps it, as long as all events have `most_bytes` at most.
    pub(super) fn add(&mut self, mut event: Event, most_bytes: usize) -> Bytes {
        if self.most_events == 0 {
            return event.into();
        }
        if event.id().is_none() {
            self.count += 1;
            event = event.with_id(&format!("{:08x}-{}", self.prefix, self.count));
        }
        let id = event.id().unwrap_or_default().into();
        let event = Bytes::from(event);
        self.bytes += event.len();
        self.kept.push_back(Kept {
            id,
            event: event.clone(),
        });
        while self.kept.len() > self.most_events || self.bytes > most_bytes {
            let Some(oldest) = self.kept.pop_front() else {
                break;
            };
            self.bytes -= oldest.event.len();
        }
        event
    }

    /// Returns the events after the one with this id, in one block. Returns all of them if it is not known.
    pub(super) fn after(&self, id: &str) -> Bytes {
        let known = self.kept.iter().rposition(|kept| kept.id == id);
        let missed = self.kept.iter().skip(known.map_or(0, |place| place + 1));
        let mut block = Vec::new();
        missed.for_each(|kept| block.extend_from_slice(&kept.event));
        block.into()
    }
}
