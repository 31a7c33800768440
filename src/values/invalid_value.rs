//! The error of a text or number that names no method, scheme, version or status.

use core::fmt;

/// The error of a conversion into a [`Method`](crate::Method), [`Scheme`](crate::request::Scheme),
/// [`Version`](crate::request::Version) or [`Status`](crate::Status). Its text says which values are valid.
///
/// ```
/// use bytegate::{Method, Status};
///
/// let error = "NOT A TOKEN".parse::<Method>().unwrap_err();
/// assert_eq!(error.to_string(), "a method must be a token of up to 32 bytes");
/// let error = Status::try_from(1000).unwrap_err();
/// assert_eq!(error.to_string(), "a status code must be a number from 100 to 999");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidValue(&'static str);

impl InvalidValue {
    pub(super) const METHOD: InvalidValue =
        InvalidValue("a method must be a token of up to 32 bytes");
    pub(super) const SCHEME: InvalidValue = InvalidValue("a scheme must be http or https");
    pub(super) const STATUS: InvalidValue =
        InvalidValue("a status code must be a number from 100 to 999");
    pub(crate) const VERSION: InvalidValue = InvalidValue("a version must be HTTP/1.0 or HTTP/1.1");
}

impl fmt::Display for InvalidValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl core::error::Error for InvalidValue {}
