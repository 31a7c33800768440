//! Routing of requests to applications.

mod pattern;
mod router;

pub use router::Router;
