//! Decisions made once per message: framing, expectation, persistence, preconditions and ranges. This module knows
//! nothing about connections and sockets.

pub(crate) mod coding;
pub(crate) mod framing;
pub(crate) mod head;
pub(crate) mod precondition;
pub(crate) mod preferences;
pub(crate) mod range;
pub(crate) mod whole_head;
