//! Plain values, independent of parsing, state and transport.

pub(crate) mod address_range;
pub(crate) mod connection_info;
pub(crate) mod invalid_value;
pub(crate) mod media_type;
pub(crate) mod method;
pub(crate) mod now;
pub(crate) mod protocol_error;
pub(crate) mod scheme;
pub(crate) mod status;
pub(crate) mod sync;
pub(crate) mod tls_info;
