//! The PROXY protocol: headers before the first byte of a connection.

mod checksum;
mod error;
mod header;
mod parser;
mod v1;
mod v2;

pub use error::ProxyHeaderError;
pub use header::ProxyHeader;
pub use parser::ProxyHeaderParser;
