//! The protocol alone, for using HTTP/1.1 without applications: a state machine that takes bytes and time as values
//! and returns the next step. It runs no user code.
//!
//! ```
//! use bytegate::connection::{Connection, Step};
//! use bytegate::config::Config;
//! use bytegate::request::Scheme;
//! use bytegate::Now;
//!
//! let mut connection = Connection::new(Config::default(), Scheme::Http);
//! let mut input: &[u8] = b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";
//! match connection.step(&mut input, Now::default()) {
//!     Step::Request(message) => assert_eq!(message.head.path(), "/hello"),
//!     other => unreachable!("{other:?}"),
//! }
//! ```

mod body_mode;
mod body_reader;
mod chunked;
mod clock;
mod commands;
#[allow(clippy::module_inception, reason = "each name has a file of its name")]
mod connection;
mod date_line;
mod encoder;
mod machine;
#[cfg(feature = "server")]
mod memory;
mod output;
mod progress;
pub(crate) mod proxy_header;
mod show;
mod state;
mod step;

pub use crate::request::request::Message;
pub use crate::values::protocol_error::ProtocolError;
pub use body_mode::BodyMode;
pub use connection::Connection;
pub use output::Output;
pub use proxy_header::{ProxyHeader, ProxyHeaderError, ProxyHeaderParser};
pub use step::{CloseReason, OutOfTurn, Refusal, ResponseSummary, Step};
