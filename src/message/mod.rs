//! Requests and responses, and the verdicts about a message that are decided once: framing, expectation,
//! persistence. Knows nothing of connections and sockets.

pub(crate) mod admission;
pub(crate) mod body;
pub(crate) mod exchange;
pub(crate) mod fields;
pub(crate) mod form;
pub(crate) mod head;
pub(crate) mod precondition;
pub(crate) mod range;
pub(crate) mod request;
pub(crate) mod response;
