//! Requests and responses, and the decisions made once for each message: framing, expectation and persistence. This
//! module is independent of connections and sockets.

pub(crate) mod body;
#[cfg(feature = "std")]
pub(crate) mod broadcast;
#[cfg(feature = "std")]
pub(crate) mod channel;
mod default_page;
pub(crate) mod event;
#[cfg(feature = "std")]
pub(crate) mod event_sender;
pub(crate) mod extensions;
mod failure;
pub(crate) mod fields;
pub(crate) mod form;
pub(crate) mod framing;
pub(crate) mod head;
mod named_content;
pub(crate) mod owned_request;
pub(crate) mod precondition;
pub(crate) mod problem;
pub(crate) mod range;
#[cfg(feature = "std")]
mod reader;
mod redirect;
pub(crate) mod reply;
pub(crate) mod request;
pub(crate) mod response;
