//! The error of content that breaks off.

use core::fmt;

/// The error of a stream that cannot continue. The connection is cut off so that the client sees that the content is
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
