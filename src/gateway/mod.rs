//! Gateways and sessions, for embedding an application: bytes in, bytes out, in one call or in a loop.
//!
//! ```
//! use bytegate::{Gateway, Now, Request};
//!
//! let gateway = Gateway::new(|request: &Request| format!("you asked for {}\n", request.path()));
//! let now = Now::at_unix(784_111_777);
//! let output = gateway.handle_at(b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n", now);
//! assert!(output.starts_with(b"HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"));
//! ```

mod body_receiver;
mod body_stream;
mod chain;
#[cfg(feature = "std")]
pub(crate) mod clock;
mod driver;
pub(crate) mod exchange;
pub(crate) mod front_end;
#[expect(clippy::module_inception, reason = "each type has a file of its name")]
pub(crate) mod gateway;
mod handle;
pub(crate) mod incoming;
mod input;
mod own_response;
pub(crate) mod poll_time;
mod record;
mod respond;
pub(crate) mod session;
mod stream_kind;
#[cfg(feature = "std")]
pub(crate) mod this_thread;
#[cfg(feature = "tracing")]
mod traced;
mod turn;
pub(crate) mod wait;
#[cfg(feature = "tower")]
mod watched_body;

#[cfg(feature = "std")]
pub use clock::Clock;
pub use front_end::FrontEnd;
pub use gateway::Gateway;
pub use input::Input;
pub use session::Session;
pub use wait::Wait;
