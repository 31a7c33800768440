//! A proptest strategy of valid requests.

use proptest::collection::vec;
use proptest::prelude::*;
use std::prelude::rust_2024::*;

/// Returns a strategy of the bytes of valid requests, for property tests of whole applications.
///
/// ```
/// use bytegate::testing::{Client, valid_requests};
/// use bytegate::Request;
/// use proptest::prelude::*;
///
/// let client = Client::new(|request: &Request| request.body().to_vec());
/// proptest!(|(request in valid_requests())| {
///     let output = client.send_bytes(&request);
///     prop_assert!(output.starts_with(b"HTTP/1.1 "));
/// });
/// ```
#[doc(alias = "requests")]
pub fn valid_requests() -> impl Strategy<Value = Vec<u8>> {
    let method = prop::sample::select(vec![
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS",
    ]);
    let path = "(/[a-zA-Z0-9._~%-]{0,12}){1,4}".prop_map(|path| path.replace('%', "%20"));
    let query = prop::option::of("[a-z]{1,8}=[a-zA-Z0-9+]{0,12}(&[a-z]{1,8}=[a-z0-9]{0,8}){0,3}");
    let header = (
        prop::sample::select(HEADERS.to_vec()),
        "[!-~]([ -~]{0,30}[!-~])?",
    );
    let headers = vec(header, 0..6);
    let body = vec(any::<u8>(), 0..200);
    (method, path, query, headers, body, any::<bool>()).prop_map(
        |(method, path, query, headers, body, is_chunked)| {
            let query = query.map_or(String::new(), |query| format!("?{query}"));
            let mut request = format!("{method} {path}{query} HTTP/1.1\r\nHost: localhost\r\n");
            let mut seen = Vec::new();
            for (name, value) in headers {
                // Most of them must not occur twice.
                if !seen.contains(&name) {
                    seen.push(name);
                    request += &format!("{name}: {value}\r\n");
                }
            }
            let mut request = request.into_bytes();
            if is_chunked && !body.is_empty() {
                request.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
                request.extend_from_slice(format!("{:x}\r\n", body.len()).as_bytes());
                request.extend_from_slice(&body);
                request.extend_from_slice(b"\r\n0\r\n\r\n");
            } else {
                let length = body.len();
                request.extend_from_slice(format!("Content-Length: {length}\r\n\r\n").as_bytes());
                request.extend_from_slice(&body);
            }
            request
        },
    )
}

/// Headers that take any value without being refused.
const HEADERS: [&str; 8] = [
    "Accept",
    "Accept-Language",
    "Authorization",
    "Content-Type",
    "Cookie",
    "If-None-Match",
    "Range",
    "X-Requested-With",
];
