//! Applications: the trait, and functions that wrap a handler. A handler is a function; most programs need no more.
//!
//! ```
//! use bytegate::{Gateway, Request, with_state};
//! use std::sync::Arc;
//! use std::sync::atomic::{AtomicU64, Ordering};
//!
//! fn count(visits: &AtomicU64, _: &Request) -> String {
//!     format!("visit {}\n", visits.fetch_add(1, Ordering::Relaxed) + 1)
//! }
//!
//! let visits = Arc::new(AtomicU64::new(0));
//! let gateway = Gateway::new(with_state(&visits, count));
//! assert!(gateway.handle(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").ends_with(b"visit 1\n"));
//! ```

#[expect(clippy::module_inception, reason = "each name has a file of its name")]
pub(crate) mod application;
mod async_fn;
mod into_application;
pub(crate) mod listed_route;
mod receive_upload;
mod with_body_limit;
mod with_state;

pub use application::Application;
pub use async_fn::async_fn;
pub use into_application::IntoApplication;
#[doc(hidden)]
pub use listed_route::ListedRoute;
pub use receive_upload::receive_upload;
pub use with_body_limit::with_body_limit;
pub use with_state::{with_state, with_state_async};
