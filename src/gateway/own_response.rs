//! Responses that concern the server as a whole, not a resource.

use crate::message::head::Head;
use crate::response::response::Response;
use crate::values::method::Method;
use crate::values::protocol_error::ProtocolError;
use crate::values::status::Status;

/// Returns the gateway's own response to requests that do not concern a resource: unsupported methods and `OPTIONS *`.
#[inline(always)]
pub(super) fn own_response(head: &Head<'_>) -> Option<Response> {
    match head.method() {
        Method::TRACE | Method::CONNECT | Method::OPTIONS => own_response_to_rare(head),
        _ => None,
    }
}

#[cold]
fn own_response_to_rare(head: &Head<'_>) -> Option<Response> {
    match (head.method(), head.path_bytes()) {
        // TRACE would reflect credentials (RFC 9110 section 9.3.8).
        (Method::TRACE | Method::CONNECT, _) => Some(Status::NOT_IMPLEMENTED.into()),
        (Method::OPTIONS, b"*") => {
            Some(Response::new(Status::NO_CONTENT).with_header("Allow", ALLOW))
        }
        _ => None,
    }
}

/// The methods supported by the server, sent in the response to `OPTIONS *` (RFC 9110 section 9.3.7).
const ALLOW: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

/// Returns the response if there is no room for another.
#[cold]
pub(super) fn overloaded() -> Response {
    let full = ProtocolError::Overloaded;
    Response::refused(full, full)
}
