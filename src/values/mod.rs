//! Plain values that know nothing of parsing, state or transport.

pub(crate) mod config;
pub(crate) mod error;
pub(crate) mod method;
pub(crate) mod now;
pub(crate) mod status;
