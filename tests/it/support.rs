//! Helpers that tests in several folders share.

use crate::laws::reader::read_all;
use bytegate::Method;
use bytegate::testing::ClientResponse;

/// Reads exactly one response to a GET, or to any other request whose response can have a body.
#[track_caller]
pub(crate) fn read_one(output: &[u8]) -> ClientResponse {
    read_all(output, &[Method::GET]).remove(0)
}

/// Reads exactly one response to this request.
#[track_caller]
pub(crate) fn read_response(request: &[u8], output: &[u8]) -> ClientResponse {
    let method = if request.starts_with(b"HEAD ") {
        Method::HEAD
    } else {
        Method::GET
    };
    read_all(output, &[method]).remove(0)
}
