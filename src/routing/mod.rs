//! Routing, for applications with more than one handler: by host, path and method.
//!
//! ```
//! use bytegate::{Request, Router};
//!
//! let router = Router::new()
//!     .get("/", |_: &Request| "home\n")
//!     .get("/users/{id}", |request: &Request| format!("user {}\n", request.param("id").unwrap_or_default()));
//! let client = bytegate::testing::Client::new(router);
//! assert_eq!(client.get("/users/7").text(), "user 7\n");
//! assert_eq!(client.post("/users/7").status(), 405);
//! ```

mod allow;
mod dispatch;
mod error;
mod hosts;
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
