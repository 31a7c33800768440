//! Errors of TLS.

use alloc::string::{String, ToString};
use core::fmt;
use std::error::Error;
use std::io;

/// The reason why a certificate or another setting cannot be used, or why a connection has failed. If a file is wrong,
/// the message names it.
///
/// ```
/// # #[cfg(any(feature = "tls", feature = "tls-graviola"))] {
/// use bytegate::tls::Tls;
///
/// let error = Tls::from_files("missing.pem", "missing.key").unwrap_err();
/// assert!(error.to_string().starts_with("cannot read missing.pem: "));
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsError {
    message: String,
}

impl TlsError {
    pub(crate) fn new(message: impl Into<String>) -> TlsError {
        TlsError {
            message: message.into(),
        }
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for TlsError {}

impl From<rustls::Error> for TlsError {
    fn from(error: rustls::Error) -> TlsError {
        TlsError::new(error.to_string())
    }
}

impl From<TlsError> for io::Error {
    fn from(error: TlsError) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, error)
    }
}
