//! The decisions that are made once for each message: framing, expectation, persistence, preconditions and ranges. This
//! module knows nothing of connections and sockets.

pub(crate) mod coding;
pub(crate) mod framing;
pub(crate) mod head;
pub(crate) mod precondition;
pub(crate) mod preferences;
pub(crate) mod range;
