//! The head of a response, as a worker sends it: the status, and names and values, with zero bytes between them.

use crate::headers::header_map::HeaderMap;
use crate::response::response::{Response, ResponseError, is_reserved};
use crate::syntax::length;
use crate::values::status::Status;
use alloc::format;
use alloc::string::{String, ToString};

/// The head of a response.
#[derive(Debug)]
pub(super) struct ResponseHead {
    pub(super) status: Status,
    pub(super) headers: HeaderMap,
    pub(super) content_length: Option<u64>,
}

impl ResponseHead {
    /// Reads a head. A worker has checked it already, but nothing here depends on that.
    pub(super) fn parse(block: &[u8]) -> Result<ResponseHead, ResponseError> {
        let mut parts = block.split(|byte| *byte == 0);
        let status = parse_status(parts.next().unwrap_or_default())?;
        let mut head = ResponseHead {
            status,
            headers: HeaderMap::new(),
            content_length: None,
        };
        while let Some(name) = parts.next() {
            let Some(value) = parts.next() else {
                return Err(other("a header has no value"));
            };
            let name = core::str::from_utf8(name)
                .map_err(|_| other("the name of a header is not a token"))?;
            head.add(name, value)?;
        }
        Ok(head)
    }

    fn add(&mut self, name: &str, value: &[u8]) -> Result<(), ResponseError> {
        if name.eq_ignore_ascii_case("content-length") {
            let length =
                length::parse(value).map_err(|_| other("Content-Length is not a number"))?;
            if self.content_length.replace(length).is_some() {
                return Err(other("Content-Length is given twice"));
            }
        } else if name.eq_ignore_ascii_case("date") {
            // PEP 3333 lets an application set `Date`, but the connection adds its own.
        } else if is_reserved(name) {
            return Err(ResponseError::ReservedHeader(name.to_string()));
        } else if let Err(error) = self.headers.append(name, value) {
            return Err(ResponseError::Header(error, name.to_string()));
        }
        Ok(())
    }

    /// Returns a response without its body.
    pub(super) fn into_response(self) -> Response {
        Response {
            headers: self.headers,
            ..Response::new(self.status)
        }
    }
}

/// Reads three digits, a space and a reason. The reason that is sent is the registered one.
fn parse_status(text: &[u8]) -> Result<Status, ResponseError> {
    let malformed = || {
        let text = String::from_utf8_lossy(text);
        other(format!(
            "the status {text:?} is not three digits, a space and a reason"
        ))
    };
    let (digits, rest) = text.split_first_chunk::<3>().ok_or_else(malformed)?;
    let digits = core::str::from_utf8(digits).ok();
    let digits = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()));
    let code = digits.and_then(|digits| digits.parse().ok());
    match code.and_then(Status::new) {
        Some(_) if rest.first() != Some(&b' ') => Err(malformed()),
        Some(status) if status.is_informational() => Err(ResponseError::InterimStatus(status)),
        Some(status) => Ok(status),
        None => Err(malformed()),
    }
}

fn other(reason: impl Into<String>) -> ResponseError {
    ResponseError::other(reason.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_becomes_a_response() {
        let head = b"201 Made\0Set-Cookie\0a=1\0Content-Length\x005\0Date\0now\0Set-Cookie\0b=2";
        let head = ResponseHead::parse(head).unwrap();
        assert_eq!(
            (head.status, head.content_length),
            (Status::CREATED, Some(5))
        );
        let cookies: alloc::vec::Vec<_> = head.headers.get_all("set-cookie").collect();
        assert_eq!(cookies, [b"a=1", b"b=2"]);
        assert_eq!(head.headers.len(), 2);
    }

    #[test]
    fn a_head_that_cannot_be_sent_is_an_error() {
        for wrong in [
            &b""[..],
            b"OK",
            b"200",
            b"200OK",
            b"20 OK",
            b"+20 OK",
            b"100 Continue",
            b"200 OK\0X",
            b"200 OK\0X Y\0a",
            b"200 OK\0\xff\0a",
            b"200 OK\0X\0a\r\nb",
            b"200 OK\0Connection\0close",
            b"200 OK\0Content-Length\0x",
            b"200 OK\0Content-Length\x001\0Content-Length\x001",
        ] {
            let shown = String::from_utf8_lossy(wrong);
            assert!(ResponseHead::parse(wrong).is_err(), "{shown:?}");
        }
    }
}
