//! Response bodies, including streams from an iterator, a reader or another thread.
//!
//! ```
//! use bytegate::{Body, Gateway, Request, Response};
//!
//! let count = |_: &Request| Response::text(Body::from_iterator((1..=3).map(|number| format!("{number}\n"))));
//! let response = Gateway::new(count).handle(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
//! assert!(response.ends_with(b"2\n\r\n2\r\n3\n\r\n0\r\n\r\n"));
//! ```

pub(crate) mod block;
#[allow(clippy::module_inception, reason = "each name has a file of its name")]
pub(crate) mod body;
pub(crate) mod body_error;
#[cfg(feature = "std")]
pub(crate) mod channel;
#[cfg(feature = "std")]
mod reader;

pub use body::Body;
pub use body_error::BodyError;
#[cfg(feature = "std")]
pub use channel::{BodySender, Closed, TrySendError};
