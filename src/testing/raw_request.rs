//! A request as bytes, with a name.

use crate::values::status::Status;
use alloc::borrow::Cow;
use alloc::vec::Vec;

/// A request of a corpus, as bytes.
///
/// ```
/// use bytegate::testing::{RawRequest, hostile_requests, malformed_requests};
/// use bytegate::{Method, Status};
///
/// let request: RawRequest = malformed_requests().next().unwrap();
/// assert_eq!((&*request.name, request.status), ("no host", Some(Status::BAD_REQUEST)));
/// let request: RawRequest = hostile_requests(Method::GET, "/sign").next().unwrap();
/// assert!(request.bytes.starts_with(b"GET /sign HTTP/1.1\r\n"));
/// assert_eq!(request.status, None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RawRequest {
    /// The unusual part, in a few words.
    pub name: Cow<'static, str>,
    /// The bytes of the request.
    pub bytes: Vec<u8>,
    /// The status with which it must be refused, or `None` if the application decides.
    pub status: Option<Status>,
}

impl RawRequest {
    /// Creates a request whose response the application decides.
    pub(super) fn new(name: impl Into<Cow<'static, str>>, bytes: Vec<u8>) -> RawRequest {
        RawRequest {
            name: name.into(),
            bytes,
            status: None,
        }
    }
}
