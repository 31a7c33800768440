//! Server-sent events, pushed to browsers as they occur.
//!
//! ```
//! use bytegate::events::{Event, Events};
//! use bytegate::{Gateway, Request, Response};
//!
//! let news = |_: &Request| Response::events(Events::from_iterator(["hello", "world"].into_iter().map(Event::new)));
//! let response = Gateway::new(news).handle(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
//! assert!(String::from_utf8_lossy(&response).contains("data: hello\n\n"));
//! ```

#[cfg(feature = "std")]
pub(crate) mod broadcast;
pub(crate) mod event;
#[cfg(feature = "std")]
pub(crate) mod event_sender;
#[cfg(feature = "std")]
mod history;

#[cfg(feature = "std")]
pub use broadcast::Broadcast;
pub use event::{Event, Events};
#[cfg(feature = "std")]
pub use event_sender::EventSender;
