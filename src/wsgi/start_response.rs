//! The function that takes the status and the headers of a response.

use crate::body::body::Body;
use crate::headers::header_map::HeaderMap;
use crate::response::response::{Response, ResponseError, is_reserved};
use crate::syntax::length;
use crate::values::method::Method;
use crate::values::status::Status;
use alloc::collections::VecDeque;
use alloc::string::ToString;
use alloc::vec::Vec;
use bytes::Bytes;

/// The maximum size of a body that is buffered into one piece of known length. A longer body, or one whose iterator has
/// no upper bound, is sent as a stream.
const GATHERED_BYTES: usize = 64 * 1024;

/// PEP 3333's `start_response`. It takes the status and headers before the first block of the body.
///
/// It can be called until the application returns its blocks. A second call replaces the first, unless a block has
/// already been written.
///
/// Any violation turns the response into a 500: no call at all, a call after the first block, an invalid status, a
/// header that cannot be sent or is reserved for the connection, or a `Content-Length` that differs from the length
/// of the body.
///
/// ```
/// use bytegate::{Gateway, wsgi};
/// use bytegate::wsgi::{Environ, StartResponse};
///
/// let gateway = Gateway::new(wsgi::adapt(|_: &Environ, start_response: &mut StartResponse| {
///     start_response.call("200 OK", &[("Content-Type", "text/plain")]).write("one ");
///     ["two"]
/// }));
/// assert!(gateway.handle(b"GET / HTTP/1.0\r\n\r\n").ends_with(b"\r\n\r\none two"));
/// ```
#[derive(Debug, Default)]
pub struct StartResponse {
    started: Option<Started>,
    written: VecDeque<Bytes>,
    error: Option<ResponseError>,
}

#[derive(Debug)]
struct Started {
    status: Status,
    headers: HeaderMap,
    content_length: Option<u64>,
}

impl StartResponse {
    /// Sets the status and headers. The status consists of three digits, a space and a reason, such as `"200 OK"`.
    pub fn call(&mut self, status: &str, headers: &[(&str, &str)]) -> &mut StartResponse {
        let started = if self.written.is_empty() {
            start(status, headers)
        } else {
            Err(other("start_response was called after the first block"))
        };
        match started {
            Ok(started) => self.started = Some(started),
            Err(error) => self.fail(error),
        }
        self
    }

    /// Sends a block before the blocks that the application returns: PEP 3333's `write`.
    pub fn write(&mut self, block: impl Into<Bytes>) -> &mut StartResponse {
        match self.started {
            Some(_) => self.written.push_back(block.into()),
            None => self.fail(other(
                "a block was written before start_response was called",
            )),
        }
        self
    }

    /// Records an error. Only the first one is kept.
    fn fail(&mut self, error: ResponseError) {
        self.error.get_or_insert(error);
    }

    pub(super) fn finish(
        self,
        method: Method,
        blocks: impl Iterator<Item = Bytes> + Send + 'static,
    ) -> Response {
        let started = match (self.error, self.started) {
            (Some(error), _) => return Response::from_error(error),
            (None, None) => return Response::from_error(other("start_response was not called")),
            (None, Some(started)) => started,
        };
        let blocks = self.written.into_iter().chain(blocks);
        let body = match gather(blocks) {
            Gathered::Whole(body) => match started.content_length {
                // The length that a response to GET would have.
                Some(length)
                    if body.is_empty()
                        && (method == Method::HEAD || started.status.forbids_body()) =>
                {
                    Body::try_from_iterator(Some(length), core::iter::empty())
                }
                Some(length) if length != body.len() as u64 => {
                    return Response::from_error(other(
                        "Content-Length is not the length of the body",
                    ));
                }
                _ => Body::from(body),
            },
            Gathered::Stream(blocks) => {
                Body::try_from_iterator(started.content_length, blocks.map(Ok))
            }
        };
        Response {
            headers: started.headers,
            body,
            ..Response::new(started.status)
        }
    }
}

fn start(status: &str, headers: &[(&str, &str)]) -> Result<Started, ResponseError> {
    let mut started = Started {
        status: parse_status(status)?,
        headers: HeaderMap::new(),
        content_length: None,
    };
    for (name, value) in headers {
        if name.eq_ignore_ascii_case("content-length") {
            let length = length::parse(value.as_bytes())
                .map_err(|_| other("Content-Length is not a number"))?;
            if started.content_length.replace(length).is_some() {
                return Err(other("Content-Length is given twice"));
            }
        } else if name.eq_ignore_ascii_case("date") {
            // PEP 3333 lets an application set `Date`, but the connection adds its own.
        } else if is_reserved(name) {
            return Err(ResponseError::ReservedHeader(name.to_string()));
        } else if let Err(error) = started.headers.append(name, value) {
            return Err(ResponseError::Header(error, name.to_string()));
        }
    }
    Ok(started)
}

/// Parses three digits, a space and a reason. The reason that is sent is the registered one.
fn parse_status(text: &str) -> Result<Status, ResponseError> {
    let malformed = || other("the status must be three digits, a space and a reason");
    let (digits, reason) = text.split_once(' ').ok_or_else(malformed)?;
    let is_number = digits.len() == 3 && digits.bytes().all(|digit| digit.is_ascii_digit());
    match digits.parse().ok().and_then(Status::new) {
        Some(_) if !is_number || reason.contains(char::is_control) => Err(malformed()),
        Some(status) if status.is_informational() => Err(ResponseError::InterimStatus(status)),
        Some(status) => Ok(status),
        None => Err(malformed()),
    }
}

enum Gathered<I> {
    Whole(Bytes),
    Stream(I),
}

/// Collects a short body into one piece, so that it has a known length. Keeps a long or unbounded one as it is.
fn gather(
    mut blocks: impl Iterator<Item = Bytes> + Send + 'static,
) -> Gathered<impl Iterator<Item = Bytes> + Send + 'static> {
    let open_ended = blocks.size_hint().1.is_none();
    let mut first = Vec::new();
    let mut bytes = 0;
    while !open_ended && bytes <= GATHERED_BYTES {
        match blocks.next() {
            None => return Gathered::Whole(join(first)),
            Some(block) => {
                bytes += block.len();
                first.push(block);
            }
        }
        if let ([_], Some(0)) = (&first[..], blocks.size_hint().1) {
            return Gathered::Whole(join(first));
        }
    }
    Gathered::Stream(first.into_iter().chain(blocks))
}

fn join(mut blocks: Vec<Bytes>) -> Bytes {
    match (blocks.len(), blocks.pop()) {
        (1, Some(only)) => only,
        (_, None) => Bytes::new(),
        (_, Some(last)) => {
            blocks.push(last);
            blocks.concat().into()
        }
    }
}

fn other(reason: &str) -> ResponseError {
    ResponseError::other(reason.to_string())
}
