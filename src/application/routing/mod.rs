//! Routing of requests to applications.

mod allow;
mod dispatch;
mod error;
pub(super) mod hosts;
mod listing;
mod pattern;
mod route;
mod router;
mod search;
mod slash;
mod suffix;
mod tree;

pub use error::RouteError;
pub use router::Router;
pub use slash::TrailingSlash;
