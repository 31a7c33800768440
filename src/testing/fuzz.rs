//! Fuzzing of a whole application.

use super::reader::Reader;
use crate::connection::{Refusal, ResponseSummary};
use crate::gateway::Gateway;
use crate::gateway::front_end::FrontEnd;
use crate::message::head::Head;
use crate::values::connection_info::ConnectionInfo;
use crate::values::method::Method;
use crate::values::now::Now;
use alloc::vec::Vec;

/// Sends the data of a fuzzer to an application: once as it is, and once wrapped in a valid request, so that the fuzzer
/// reaches the handlers quickly.
///
/// A fuzz target is one line:
///
/// ```
/// # macro_rules! fuzz_target { (|$data:ident: &[u8]| $check:expr) => { let $data: &[u8] = b"\0\0a"; $check } }
/// # use bytegate::{Gateway, Request};
/// # let gateway = Gateway::new(|_: &Request<'_>| "hello\n");
/// fuzz_target!(|data: &[u8]| bytegate::testing::fuzz(&gateway, data));
/// ```
///
/// The first byte of the data chooses the method and a header, the second one the lengths of the path, of the query and
/// of the header. The rest is the body. Bytes that are not allowed there are percent-encoded or replaced. The body gets
/// the media type it resembles, JSON, a form or a form with files, unless the seventh bit of the first byte is set, so
/// that the fuzzer need not guess whole media types.
///
/// # Panics
/// Panics if the application panics, or if a response breaks a rule of HTTP.
pub fn fuzz(gateway: &Gateway, data: &[u8]) {
    check(gateway, data);
    if let Some(request) = wrap(data) {
        check(gateway, &request);
    }
}

/// Builds the valid request that [`fuzz`] sends for this data. Returns `None` if the data is shorter than two bytes.
///
/// ```
/// use bytegate::testing::wrap;
///
/// let request = wrap(b"\x00\x04/useContent").unwrap();
/// assert!(request.starts_with(b"GET /use HTTP/1.1\r\nHost: localhost\r\n"));
/// assert!(request.ends_with(b"Content-Length: 7\r\n\r\nContent"));
/// ```
pub fn wrap(data: &[u8]) -> Option<Vec<u8>> {
    const METHODS: [&str; 8] = [
        "GET", "POST", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND",
    ];
    const FIELDS: [&str; 8] = [
        "Cookie",
        "Content-Type",
        "Authorization",
        "Accept",
        "If-None-Match",
        "Range",
        "Accept-Encoding",
        "X-Forwarded-For",
    ];
    let (&[choice, lengths], rest) = data.split_first_chunk()?;
    let mut parts = Parts(rest);
    let path = parts.take(usize::from(lengths % 32));
    let query = parts.take(usize::from(lengths / 32 % 4) * 8);
    let field = parts.take(usize::from(lengths / 128) * 24);
    let content = parts.0;

    let mut request = Vec::new();
    request.extend_from_slice(METHODS[usize::from(choice % 8)].as_bytes());
    request.push(b' ');
    if path.first() != Some(&b'/') {
        request.push(b'/');
    }
    push_encoded(&mut request, path, b"/");
    if !query.is_empty() {
        request.push(b'?');
        push_encoded(&mut request, query, b"&=+%/");
    }
    request.extend_from_slice(b" HTTP/1.1\r\nHost: localhost\r\n");
    if !field.is_empty() {
        request.extend_from_slice(FIELDS[usize::from(choice / 8 % 8)].as_bytes());
        request.extend_from_slice(b": ");
        let visible = |octet: &u8| match octet {
            0..=31 | 127 => b' ',
            octet => *octet,
        };
        request.extend(field.iter().map(visible));
        request.extend_from_slice(b"\r\n");
    }
    let has_type = choice & 64 != 0 || choice / 8 % 8 == 1 && !field.is_empty();
    if !has_type && !content.is_empty() {
        push_content_type(&mut request, content);
    }
    match choice >= 128 && !content.is_empty() {
        // In two chunks, to test a body that arrives in pieces too.
        true => {
            request.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
            let (first, second) = content.split_at(content.len() / 2);
            for chunk in [first, second] {
                if !chunk.is_empty() {
                    request.extend_from_slice(alloc::format!("{:x}\r\n", chunk.len()).as_bytes());
                    request.extend_from_slice(chunk);
                    request.extend_from_slice(b"\r\n");
                }
            }
            request.extend_from_slice(b"0\r\n\r\n");
        }
        false => {
            let length = content.len();
            request
                .extend_from_slice(alloc::format!("Content-Length: {length}\r\n\r\n").as_bytes());
            request.extend_from_slice(content);
        }
    }
    Some(request)
}

struct Parts<'a>(&'a [u8]);

impl<'a> Parts<'a> {
    fn take(&mut self, count: usize) -> &'a [u8] {
        let (part, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        part
    }
}

/// Appends bytes that are allowed in a target, and percent-encodes the others. `also` lists delimiters to keep.
fn push_encoded(request: &mut Vec<u8>, bytes: &[u8], also: &[u8]) {
    for &octet in bytes {
        let is_kept =
            octet.is_ascii_alphanumeric() || b"-._~".contains(&octet) || also.contains(&octet);
        match octet {
            // An encoded NUL is refused.
            0 => request.push(b'0'),
            _ if is_kept => request.push(octet),
            _ => request.extend_from_slice(alloc::format!("%{octet:02X}").as_bytes()),
        }
    }
}

/// Appends the media type that the body resembles.
fn push_content_type(request: &mut Vec<u8>, content: &[u8]) {
    request.extend_from_slice(b"Content-Type: ");
    match content {
        [b'-', b'-', rest @ ..] => {
            request.extend_from_slice(b"multipart/form-data; boundary=\"");
            let boundary = rest.iter().take(70);
            let is_plain = |octet: &&u8| matches!(octet, b' '..=b'~') && !b"\"\\".contains(octet);
            request.extend(boundary.take_while(is_plain));
            request.push(b'"');
        }
        [b'{' | b'[' | b'"', ..] => request.extend_from_slice(b"application/json"),
        _ => request.extend_from_slice(b"application/x-www-form-urlencoded"),
    }
    request.extend_from_slice(b"\r\n");
}

/// Handles input and checks that the output consists of valid responses.
fn check(gateway: &Gateway, input: &[u8]) {
    let mut observer = Observer::default();
    let mut output = Vec::new();
    gateway.handle_for(input, ConnectionInfo::default(), &mut observer, &mut output);
    let mut reader = Reader::new(&output);
    for method in observer.answered {
        if let Err(error) = reader.response(method) {
            // The client can see that a body ends early, which is how an application reports a late failure.
            assert!(
                error.is_incomplete(),
                "a response is invalid {error}\n{}",
                output.escape_ascii()
            );
            return;
        }
    }
    assert!(
        reader.rest().is_empty(),
        "bytes after the last response: {}",
        reader.rest().escape_ascii()
    );
}

/// Records the method of each request that has a response.
#[derive(Default)]
struct Observer {
    current: Option<Method>,
    answered: Vec<Method>,
}

impl FrontEnd for Observer {
    fn now(&mut self) -> Now {
        Now::default()
    }

    fn on_head(&mut self, head: &Head<'_>, _: u64) {
        self.current = Some(head.method());
    }

    fn on_refusal(&mut self, refusal: &Refusal<'_>) {
        self.current = refusal.method;
    }

    fn on_response(&mut self, _: &ResponseSummary) {
        self.answered.push(self.current.unwrap_or(Method::GET));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::request::Request;
    use alloc::string::ToString;

    #[test]
    fn every_wrapped_request_reaches_the_application() {
        let gateway = Gateway::new(|request: &Request<'_>| {
            assert!(request.path().starts_with('/'));
            request.method().to_string()
        });
        let mut seed = 1u32;
        for length in 2..400 {
            let data: Vec<u8> = (0..length)
                .map(|_| {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (seed >> 24) as u8
                })
                .collect();
            let output = gateway.handle(&wrap(&data).unwrap());
            let is_served = output.windows(15).any(|line| line == b"HTTP/1.1 200 OK");
            assert!(is_served, "{}", output.escape_ascii());
            fuzz(&gateway, &data);
        }
    }

    #[test]
    fn a_body_gets_the_media_type_it_resembles() {
        let gateway = Gateway::new(|request: &Request<'_>| {
            let media_type = request.headers().get("Content-Type");
            alloc::format!("{media_type:?}")
        });
        for (data, media_type) in [
            (&b"\x01\x00{\"a\": 1}"[..], "Some(\"application/json\")"),
            (
                b"\x81\x00--a b\r\n",
                "Some(\"multipart/form-data; boundary=\\\"a b\\\"\")",
            ),
            (
                b"\x01\x00a=b",
                "Some(\"application/x-www-form-urlencoded\")",
            ),
            (b"\x41\x00a=b", "None"),
            (b"\x01\x00", "None"),
            (
                b"\x09\x80text/plain, twenty-four {}",
                "Some(\"text/plain, twenty-four\")",
            ),
        ] {
            let output = gateway.handle(&wrap(data).unwrap());
            let output = alloc::string::String::from_utf8_lossy(&output).into_owned();
            assert!(output.ends_with(media_type), "{output}");
        }
    }

    #[test]
    #[should_panic(expected = "found")]
    fn a_panic_of_the_application_is_found() {
        let gateway = Gateway::new(|request: &Request<'_>| {
            assert!(request.body() != b"bug", "found");
            ""
        });
        fuzz(&gateway, b"\x01\x02/abug");
    }
}
