//! A worker that the supervisor keeps.

use super::line::Line;
use super::worker::Worker;
use crate::values::sync::Arc;
use std::prelude::rust_2024::*;
use std::time::Instant;

/// A worker and its stage of life.
pub(super) struct Member {
    pub(super) worker: Arc<Worker>,
    pub(super) stage: Stage,
}

/// The stages of the life of a worker.
pub(super) enum Stage {
    /// It imports the application.
    Starting(Vec<Line>),
    /// It is ready, and waits for the others of its generation.
    Ready(Vec<Line>),
    Serving,
    /// It serves until another one is ready.
    Leaving,
    /// It gets no more requests, and is killed if it has not ended by then.
    Ending(Option<Instant>),
}
