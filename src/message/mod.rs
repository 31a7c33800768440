//! Requests and responses, and the decisions made once for each message: framing, expectation and persistence. This
//! module is independent of connections and sockets.

pub(crate) mod body;
#[cfg(feature = "std")]
pub(crate) mod channel;
pub(crate) mod extensions;
pub(crate) mod fields;
pub(crate) mod form;
pub(crate) mod framing;
pub(crate) mod head;
pub(crate) mod owned_request;
pub(crate) mod params;
pub(crate) mod precondition;
pub(crate) mod range;
pub(crate) mod reply;
pub(crate) mod request;
pub(crate) mod response;
