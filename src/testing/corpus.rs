//! A corpus of malformed requests.

use super::raw_request::RawRequest;
use crate::values::status::Status;

/// Returns requests that must be refused before they reach an application, as sent for request smuggling, response
/// splitting and path traversal, and by broken clients. Send them to check that each is refused, with its
/// [status](RawRequest::status).
///
/// ```
/// use bytegate::testing::{Client, malformed_requests};
/// use bytegate::Request;
///
/// let client = Client::new(|_: &Request| -> &'static str { panic!("not reached") });
/// for request in malformed_requests() {
///     let output = client.send_bytes(&request.bytes);
///     let status = format!("HTTP/1.1 {}\r\n", request.status.unwrap());
///     assert!(output.starts_with(status.as_bytes()), "{}", request.name);
/// }
/// ```
pub fn malformed_requests() -> impl Iterator<Item = RawRequest> {
    CASES.iter().map(|&(name, status, bytes)| RawRequest {
        status: Some(status),
        ..RawRequest::new(name, bytes.to_vec())
    })
}

const BAD: Status = Status::BAD_REQUEST;

/// Only requests that are refused at their head or the first bytes of their body, so that no application is called.
const CASES: &[(&str, Status, &[u8])] = &[
    ("no host", BAD, b"GET / HTTP/1.1\r\n\r\n"),
    ("two hosts", BAD, b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
    ("the same host twice", BAD, b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),
    ("a host with a path", BAD, b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
    ("a host with userinfo", BAD, b"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"),
    ("an empty host", BAD, b"GET / HTTP/1.1\r\nHost: \r\n\r\n"),
    ("a port out of range", BAD, b"GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n"),
    ("a host that is not the target's", BAD, b"GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n"),
    ("a target of another scheme", Status::MISDIRECTED_REQUEST, b"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("a bare LF after the request line", BAD, b"GET / HTTP/1.1\nHost: a\r\n\r\n"),
    ("a bare LF after a header", BAD, b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n"),
    ("a bare CR in a header", BAD, b"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n"),
    ("a NUL in a header", BAD, b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n"),
    ("a control character in a header", BAD, b"GET / HTTP/1.1\r\nHost: a\r\nX: \x1b[31m\r\n\r\n"),
    ("a folded header", BAD, b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n"),
    ("a space before the colon", BAD, b"GET / HTTP/1.1\r\nHost : a\r\n\r\n"),
    ("a space before the first header", BAD, b"GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
    ("a header without a name", BAD, b"GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n"),
    ("a header without a colon", BAD, b"GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n"),
    ("a header name that is not a token", BAD, b"GET / HTTP/1.1\r\nHost: a\r\nX(: b\r\n\r\n"),
    ("no version", BAD, b"GET /\r\n\r\n"),
    ("a version in lower case", BAD, b"GET / http/1.1\r\nHost: a\r\n\r\n"),
    ("two spaces before the version", BAD, b"GET /  HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("a space after the version", BAD, b"GET / HTTP/1.1 \r\nHost: a\r\n\r\n"),
    ("a tab in the request line", BAD, b"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("HTTP/2", Status::HTTP_VERSION_NOT_SUPPORTED, b"GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
    ("the preface of HTTP/2", Status::HTTP_VERSION_NOT_SUPPORTED, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ("a space in the target", BAD, b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("a backslash in the path", BAD, b"GET /a\\b HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("a fragment in the target", BAD, b"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("a NUL in the path", BAD, b"GET /a%00b HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("half an escape in the path", BAD, b"GET /a%2 HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("a byte above 7F in the target", BAD, b"GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("a target without a slash", BAD, b"GET a HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("an asterisk with GET", BAD, b"GET * HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("two lengths", BAD, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
    ("a list of lengths", BAD, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\na"),
    ("a length with a sign", BAD, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\na"),
    ("a hexadecimal length", BAD, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\na"),
    ("an empty length", BAD, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \r\n\r\n"),
    ("length and chunked", BAD, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("chunked twice", BAD, b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
    ("chunked, but not last", BAD, b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"),
    ("another coding", Status::NOT_IMPLEMENTED, b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n"),
    ("a disguised coding", BAD, b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n"),
    ("chunked in HTTP/1.0", BAD, b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("an unknown expectation", Status::EXPECTATION_FAILED, b"GET / HTTP/1.1\r\nHost: a\r\nExpect: coffee\r\n\r\n"),
    ("an incomplete head", BAD, b"GET / HTTP/1.1\r\nHost: a\r\n"),
    ("a TLS handshake", BAD, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    ("a request in a response", BAD, b"HTTP/1.1 200 OK\r\nHost: a\r\n\r\n"),
    ("garbage", BAD, b"\xff\xfe\xfd\r\n\r\n"),
];
