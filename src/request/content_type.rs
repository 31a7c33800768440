//! The check of Content-Type before a body is read (RFC 9110 section 8.3).

use super::request::Request;
use crate::response::rejection::{Rejection, detail};
use crate::syntax::parameters::{Parameters, split};
use alloc::format;
use alloc::string::String;

impl<'a> Request<'a> {
    /// Returns the parameters of Content-Type if `fits` holds for its media type, which is passed in lower case. If
    /// not, the rejection tells the client that `expected` is accepted. A body without a type does not fit: guessing
    /// would let another site's page send anything, because a browser asks for permission before it sends most types,
    /// but not before it sends a body without one.
    pub(crate) fn check_content_type(
        &self,
        expected: &'static str,
        fits: impl Fn(&[u8]) -> bool,
    ) -> Result<Parameters<'a>, Rejection> {
        let (media_type, parameters) =
            split(self.headers().get_bytes("Content-Type").unwrap_or_default());
        if fits(&media_type.to_ascii_lowercase()) {
            return Ok(parameters);
        }
        let reason = match media_type {
            b"" => format!("the body has no Content-Type, and must be {expected}"),
            other => {
                let other = detail(String::from_utf8_lossy(other));
                format!("the body is {other}, and not {expected}")
            }
        };
        Err(Rejection::unsupported_media_type(expected, reason))
    }
}
