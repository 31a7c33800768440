//! Headers of the PROXY protocol, which come before the first byte of a connection.

mod checksum;
mod error;
mod header;
mod proxied;
mod v1;
mod v2;

pub use error::ProxyHeaderError;
pub use header::ProxyHeader;
pub use proxied::Proxied;
