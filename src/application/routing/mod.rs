//! Which application answers which request.

mod pattern;
mod router;

pub use router::Router;
