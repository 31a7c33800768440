//! Requests and responses, and the decisions made once for each message: framing, expectation and persistence. This
//! module is independent of connections and sockets.

pub(crate) mod body;
#[cfg(feature = "std")]
pub(crate) mod broadcast;
pub(crate) mod broken;
#[cfg(feature = "std")]
pub(crate) mod channel;
pub(crate) mod coding;
mod content_type;
mod cookies;
pub(crate) mod credentials;
mod default_page;
pub(crate) mod deferred;
pub(crate) mod event;
#[cfg(feature = "std")]
pub(crate) mod event_sender;
pub(crate) mod extensions;
mod failure;
pub(crate) mod fields;
pub(crate) mod form;
#[cfg(feature = "multipart")]
pub(crate) mod form_parser;
pub(crate) mod framing;
#[cfg(feature = "folder")]
mod growth;
pub(crate) mod head;
#[cfg(feature = "json")]
mod json;
#[cfg(feature = "folder")]
pub(crate) mod memory_budget;
#[cfg(feature = "multipart")]
pub(crate) mod multipart;
mod named_content;
mod negotiation;
#[cfg(feature = "folder")]
pub(crate) mod open_file;
pub(crate) mod owned_request;
pub(crate) mod params;
mod parse_param;
#[cfg(feature = "multipart")]
pub(crate) mod part;
pub(crate) mod precondition;
pub(crate) mod problem;
mod query;
pub(crate) mod range;
#[cfg(feature = "std")]
mod reader;
mod redirect;
pub(crate) mod rejection;
pub(crate) mod reply;
pub(crate) mod request;
pub(crate) mod response;
#[cfg(feature = "cookies")]
mod set_cookie;
#[cfg(feature = "signed-cookies")]
mod signed_cookie;
#[cfg(feature = "folder")]
pub(crate) mod stored_file;
#[cfg(feature = "serde")]
mod typed;
