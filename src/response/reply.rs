//! Replies: responses made for one request, and responses that are encoded once and sent many times.

use super::response::Response;
use crate::body::body::{Body, Kind, SHARED_FROM_BYTES};
use crate::headers::header_map::HeaderMap;
use crate::values::status::Status;
use alloc::boxed::Box;
use alloc::vec::Vec;
use bytes::Bytes;
use core::fmt;

/// A response made for one request, or a prepared one that an application of this crate lends.
#[doc(hidden)]
#[derive(Debug)]
pub enum Reply<'a> {
    /// A response made for this request.
    Made(Response),
    /// A response that is already encoded. It is written without being copied first.
    Prepared(&'a PreparedResponse),
    /// A response that is already encoded, and that the application may drop or replace before it is sent.
    Shared(PreparedResponse),
}

impl Reply<'_> {
    /// Returns a response that can be changed. The body is shared, not copied.
    pub fn into_response(self) -> Response {
        match self {
            Reply::Made(response) => response,
            Reply::Prepared(prepared) => prepared.to_response(),
            Reply::Shared(prepared) => prepared.to_response(),
        }
    }

    /// Returns an equal reply that borrows nothing. The bytes of a prepared response are shared, not copied.
    pub fn into_owned(self) -> Reply<'static> {
        match self {
            Reply::Made(response) => Reply::Made(response),
            Reply::Prepared(prepared) => Reply::Shared(prepared.clone()),
            Reply::Shared(prepared) => Reply::Shared(prepared),
        }
    }
}

impl From<Response> for Reply<'_> {
    #[inline]
    fn from(response: Response) -> Self {
        Reply::Made(response)
    }
}

impl<'a> From<&'a PreparedResponse> for Reply<'a> {
    #[inline]
    fn from(prepared: &'a PreparedResponse) -> Self {
        Reply::Prepared(prepared)
    }
}

/// A response whose headers and body are checked and encoded once, and sent many times. Clones share the encoded bytes. A
/// handler returns a prepared response like any other response.
///
/// ```
/// use bytegate::{Gateway, Request, Response};
/// use bytegate::response::PreparedResponse;
///
/// let health = PreparedResponse::new(Response::text("ok\n"))?;
/// let gateway = Gateway::new(move |_: &Request| Response::from(&health));
/// let response = gateway.handle(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n");
/// assert!(response.starts_with(b"HTTP/1.1 200 OK\r\n") && response.ends_with(b"ok\n"));
/// # Ok::<(), Box<Response>>(())
/// ```
#[derive(Clone)]
pub struct PreparedResponse {
    status: Status,
    status_line: &'static str,
    /// The bytes after the status line and Date: the headers, the length, an empty line, and a small body.
    block: Bytes,
    /// The position of the empty line in the block.
    headers_end: usize,
    /// The length of `Content-Length` in the block, before the empty line.
    framing_bytes: usize,
    body: Bytes,
}

impl PreparedResponse {
    /// Prepares a response.
    ///
    /// # Errors
    /// Returns the response if it cannot be encoded in advance: it is invalid or [deferred](Response::from_future), its
    /// body is a stream, or its status has no reason phrase in [`Status`].
    pub fn new(mut response: Response) -> Result<PreparedResponse, Box<Response>> {
        let is_made = response.exception.is_none() && !response.status.is_informational();
        let (true, Some(status_line)) = (is_made, response.status.line()) else {
            return Err(Box::new(response));
        };
        let body = match core::mem::take(&mut response.body.kind) {
            Kind::Empty => Bytes::new(),
            Kind::Bytes(bytes) => bytes,
            kind @ Kind::Stream { .. } => {
                response.body.kind = kind;
                return Err(Box::new(response));
            }
        };
        Ok(PreparedResponse::of(
            response.status,
            status_line,
            &response.headers,
            body,
        ))
    }

    fn of(
        status: Status,
        status_line: &'static str,
        headers: &HeaderMap,
        mut body: Bytes,
    ) -> PreparedResponse {
        let mut block = Vec::from(headers.view().as_bytes());
        let own_headers = block.len();
        if status.forbids_body() {
            body = Bytes::new();
        } else {
            // A 205 response has no body and states a length of 0 (RFC 9110 section 15.3.6).
            if status == Status::RESET_CONTENT {
                body = Bytes::new();
            }
            block
                .extend_from_slice(alloc::format!("Content-Length: {}\r\n", body.len()).as_bytes());
        }
        let headers_end = block.len();
        block.extend_from_slice(b"\r\n");
        // A small body is stored directly after its head, so that both are copied at once.
        let is_small = body.len() < SHARED_FROM_BYTES;
        if is_small {
            block.extend_from_slice(&body);
        }
        let block = Bytes::from(block);
        if is_small {
            body = block.slice(headers_end + 2..);
        }
        PreparedResponse {
            status,
            status_line,
            block,
            headers_end,
            framing_bytes: headers_end - own_headers,
            body,
        }
    }

    /// Returns an equal response that can be changed. The body is shared, not copied.
    pub fn to_response(&self) -> Response {
        Response {
            headers: self.headers(),
            body: Body::from(self.body.clone()),
            ..Response::new(self.status)
        }
    }

    /// Returns the status.
    pub fn status(&self) -> Status {
        self.status
    }

    /// Returns the body.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Returns the headers, without framing. They share the memory of the prepared response.
    pub(crate) fn headers(&self) -> HeaderMap {
        HeaderMap::from_valid(self.block.slice(..self.headers_end - self.framing_bytes))
    }

    #[inline]
    pub(crate) fn status_line(&self) -> &'static str {
        self.status_line
    }

    /// Returns the headers with the length, an empty line, and a small body.
    #[inline]
    pub(crate) fn block(&self) -> &[u8] {
        &self.block
    }

    /// Returns the parts of the block before and after the place for further headers.
    pub(crate) fn split_block(&self) -> (&[u8], &[u8]) {
        self.block
            .split_at_checked(self.headers_end)
            .unwrap_or_default()
    }

    /// Returns the body, if it is not in the block.
    #[inline]
    pub(crate) fn large_body(&self) -> Option<&Bytes> {
        (self.body.len() >= SHARED_FROM_BYTES).then_some(&self.body)
    }
}

impl From<&PreparedResponse> for Response {
    fn from(prepared: &PreparedResponse) -> Response {
        prepared.to_response()
    }
}

impl From<PreparedResponse> for Response {
    fn from(prepared: PreparedResponse) -> Response {
        prepared.to_response()
    }
}

impl fmt::Debug for PreparedResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreparedResponse")
            .field("status", &self.status)
            .field("headers", &self.headers())
            .field("body", &format_args!("{} bytes", self.body.len()))
            .finish()
    }
}
