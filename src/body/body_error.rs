//! The error of a body that ends early.

use core::fmt;

/// The error of a body stream that cannot continue. The connection is cut off, so the client can tell that the body is
/// incomplete.
///
/// ```
/// use bytegate::{Body, Bytes};
/// use bytegate::body::BodyError;
///
/// let blocks = [Ok(Bytes::from("one")), Err(BodyError)];
/// let body = Body::try_from_iterator(None, blocks.into_iter());
/// assert_eq!(body.length(), None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BodyError;

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body stream failed")
    }
}

impl core::error::Error for BodyError {}
