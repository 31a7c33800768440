//! The laws, checked with generated input.

use super::generate::{cut, damaged_http, near_http};
use crate::laws::gateway::gateway;
use crate::laws::{a_moment, hold_for, hold_for_model, hold_for_split};
use crate::support;
use bytegate::testing::ClientResponse;
use bytegate::{Application, Gateway, Now, Request, Response, Site, Status};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

fn hold_everything(input: &[u8], cuts: &[Index]) {
    let (gateway, now) = (gateway(), a_moment());
    let transcript = hold_for(&gateway, input, now);
    hold_for_split(&gateway, &transcript, &cut(input, cuts), now);
    hold_for_model(input, now);
}

/// A valid request, given by its parts.
#[derive(Clone, Debug)]
struct Valid {
    method: &'static str,
    path: String,
    query: Option<String>,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// Chunks of these sizes instead of Content-Length, with extensions and trailers.
    chunks: Option<Vec<usize>>,
    host_first: bool,
}

impl Valid {
    fn target(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = format!("{} {} HTTP/1.1\r\n", self.method, self.target()).into_bytes();
        let mut headers: Vec<String> = self
            .headers
            .iter()
            .map(|(name, value)| format!("{name}:{value}"))
            .collect();
        headers.insert(
            if self.host_first { 0 } else { headers.len() },
            "hOST:\t localhost:80 ".to_string(),
        );
        match &self.chunks {
            Some(_) => headers.push("transfer-encoding: CHUNKED".to_string()),
            None => headers.push(format!("content-length: {}", self.body.len())),
        }
        for header in headers {
            bytes.extend_from_slice(header.as_bytes());
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        let Some(sizes) = &self.chunks else {
            bytes.extend_from_slice(&self.body);
            return bytes;
        };
        let mut rest = &self.body[..];
        for &size in sizes.iter().chain([&usize::MAX]) {
            let (chunk, after) = rest.split_at(size.min(rest.len()));
            if !chunk.is_empty() {
                bytes.extend_from_slice(format!("{:X};a=\"{size}\"\r\n", chunk.len()).as_bytes());
                bytes.extend_from_slice(chunk);
                bytes.extend_from_slice(b"\r\n");
            }
            rest = after;
        }
        bytes.extend_from_slice(b"0\r\nX-Trailer: a\r\n\r\n");
        bytes
    }
}

fn valid() -> impl Strategy<Value = Valid> {
    let headers = vec(
        (
            "X-[a-zA-Z0-9!#$%&'*+.^_`|~-]{0,12}",
            "[ \t]{0,2}[!-~][ -~]{0,20}",
        ),
        0..8,
    );
    (
        select(&["GET", "POST", "PUT", "PATCH", "DELETE", "PROPFIND", "get"][..]),
        r"(/[a-z0-9._~!$&'()*+,;=:@\[\]{}|^`-]{0,8}){1,4}",
        proptest::option::of(r"([a-z0-9=&/?:@\[\]{}|^`\\-]|%[g-z]){0,12}"),
        headers,
        vec(any::<u8>(), 0..200),
        proptest::option::of(vec(1..50usize, 0..6)),
        any::<bool>(),
    )
        .prop_map(
            |(method, path, query, headers, body, chunks, host_first)| Valid {
                method,
                path,
                query,
                headers,
                body,
                chunks,
                host_first,
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn laws_hold_for_any_bytes(input in vec(any::<u8>(), 0..300), cuts in vec(any::<Index>(), 0..5)) {
        hold_everything(&input, &cuts);
    }

    #[test]
    fn laws_hold_for_near_http(input in near_http(), cuts in vec(any::<Index>(), 0..9)) {
        hold_everything(&input, &cuts);
    }

    #[test]
    fn laws_hold_for_damaged_requests(input in damaged_http(), cuts in vec(any::<Index>(), 0..9)) {
        hold_everything(&input, &cuts);
    }

    #[test]
    fn a_valid_request_is_parsed_into_its_parts(valid in valid(), cuts in vec(any::<Index>(), 0..9)) {
        let expected = valid.clone();
        let gateway = Gateway::new(move |request: &Request<'_>| {
            assert_eq!(request.method().as_str(), expected.method);
            assert_eq!(request.path(), expected.path);
            assert_eq!(request.query(), expected.query.as_deref());
            assert_eq!(request.head().target_text(), expected.target());
            let authority = request.authority().unwrap();
            assert_eq!((authority.host, authority.port), ("localhost", Some(80)));
            let headers: Vec<_> = request.headers().iter().filter(|(name, _)| name.starts_with("X-")).collect();
            let given = expected.headers.iter();
            let given: Vec<_> = given.map(|(name, value)| (&name[..], value.trim_matches([' ', '\t']).as_bytes())).collect();
            assert_eq!(headers, given);
            assert_eq!(request.body(), expected.body);
            assert_eq!(request.trailers().iter().count(), usize::from(expected.chunks.is_some()));
            Status::NO_CONTENT
        });
        let input = valid.to_bytes();
        let transcript = hold_for(&gateway, &input, a_moment());
        prop_assert_eq!(&transcript.output, b"HTTP/1.1 204 No Content\r\n\r\n");
        hold_for_split(&gateway, &transcript, &cut(&input, &cuts), a_moment());
        hold_for_model(&input, a_moment());
    }

    #[test]
    fn an_application_response_is_sent_as_given_or_is_a_500(
        code in 100..1000u16,
        name in ".{0,12}",
        value in vec(any::<u8>(), 0..40),
        body in vec(any::<u8>(), 0..200),
        head in any::<bool>(),
    ) {
        let status = Status::new(code).unwrap();
        let (given_name, given_value, given_body) = (name.clone(), value.clone(), body.clone());
        let gateway = Gateway::new(move |_: &Request<'_>| {
            Response::of_type("a/b", given_body.clone()).with_status(status).with_header(&given_name, &given_value)
        });
        let method = if head { "HEAD" } else { "GET" };
        let input = format!("{method} / HTTP/1.1\r\nHost: x\r\n\r\n");
        let output = gateway.handle_at(input.as_bytes(), Now::at_unix(0));
        let response = support::read_response(input.as_bytes(), &output);
        if response.status().code() == code && code != 500 {
            let trimmed = value.trim_ascii();
            let expected = Some(trimmed).filter(|_| !name.is_empty());
            prop_assert_eq!(response.headers().get_all(&name).next().map(<[u8]>::trim_ascii), expected);
            prop_assert!(head || matches!(code, 204 | 205 | 304) || response.body() == body);
        } else {
            prop_assert_eq!(response.status(), 500);
        }
    }
}

/// A file split into parts, and the requests for them.
#[derive(Clone, Debug)]
struct Parts {
    body: Vec<u8>,
    /// The parts of each request: the first byte, and the one after the last.
    requests: Vec<Vec<(usize, usize)>>,
}

fn parts() -> impl Strategy<Value = Parts> {
    // Small alphabets make bodies that look like the lines between parts.
    let body = prop_oneof![
        vec(any::<u8>(), 1..300),
        "[\r\n-]{1,60}".prop_map(String::into_bytes)
    ];
    let cuts = (vec(any::<Index>(), 0..12), vec(1..=8usize, 12));
    (body, cuts)
        .prop_map(|(body, (cuts, sizes))| {
            let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(body.len())).collect();
            ends.extend([0, body.len()]);
            ends.sort_unstable();
            ends.dedup();
            let parts = ends.windows(2).map(|part| (part[0], part[1]));
            (body, parts.collect::<Vec<_>>(), sizes)
        })
        .prop_flat_map(|(body, parts, sizes)| (Just(body), Just(parts).prop_shuffle(), Just(sizes)))
        .prop_map(|(body, mut parts, sizes)| {
            let mut requests = Vec::new();
            for size in sizes {
                requests.push(parts.split_off(parts.len().saturating_sub(size)));
            }
            requests.retain(|request| !request.is_empty());
            Parts { body, requests }
        })
}

/// Writes a range in one of the forms that it can have.
fn range(part: (usize, usize), length: usize, form: usize) -> String {
    let (start, end) = part;
    match form % 3 {
        1 if end == length => format!("{start}-"),
        2 if end == length => format!("-{}", end - start),
        _ => format!("{start}-{}", end - 1),
    }
}

/// Reads `bytes 1-2/3` as the first position and the one after the last.
fn content_range(value: &str, length: usize) -> (usize, usize) {
    let range = value.strip_prefix("bytes ").expect("a unit");
    let (range, whole) = range.split_once('/').expect("a length");
    assert_eq!(whole, length.to_string());
    let (first, last) = range.split_once('-').expect("a range");
    (first.parse().unwrap(), last.parse::<usize>().unwrap() + 1)
}

/// Reads multipart/byteranges: the declared range of each part, and its body. The lengths come from the ranges, so that
/// no byte of a body is taken for a boundary.
fn read_parts(response: &ClientResponse, length: usize) -> Vec<((usize, usize), &[u8])> {
    let media_type = response.header("content-type").unwrap();
    let boundary = media_type
        .strip_prefix("multipart/byteranges; boundary=")
        .expect("a boundary");
    let delimiter = format!("\r\n--{boundary}");
    let (mut rest, mut parts) = (response.body(), Vec::new());
    // The line end before the first delimiter belongs to it, and may be missing.
    if rest.starts_with(&delimiter.as_bytes()[2..]) {
        rest = &rest[delimiter.len() - 2..];
    } else {
        rest = rest
            .strip_prefix(delimiter.as_bytes())
            .expect("a delimiter");
    }
    while let Some(part) = rest.strip_prefix(b"\r\n") {
        let end = part
            .windows(4)
            .position(|bytes| bytes == b"\r\n\r\n")
            .expect("an end of the fields");
        let headers = std::str::from_utf8(&part[..end]).unwrap();
        let mut headers = headers
            .split("\r\n")
            .map(|line| line.split_once(": ").expect("a field"));
        assert_eq!(
            headers.next(),
            Some(("Content-Type", "text/plain; charset=utf-8"))
        );
        let (name, value) = headers.next().expect("a range");
        assert!(name == "Content-Range" && headers.next().is_none());
        let (first, last) = content_range(value, length);
        let (body, after) = part[end + 4..].split_at(last - first);
        parts.push(((first, last), body));
        rest = after
            .strip_prefix(delimiter.as_bytes())
            .expect("a delimiter");
    }
    assert!(matches!(rest, b"--" | b"--\r\n"));
    parts
}

proptest! {
    #[test]
    fn the_parts_of_a_file_add_up_to_the_file(parts in parts(), form in any::<Index>(), space in "[ \t]{0,2}") {
        let Parts { body, requests } = parts;
        let length = body.len();
        let gateway = Gateway::new(Site::new().file("/a.txt", body.clone()));
        let get = |headers: &str| {
            let input = format!("GET /a.txt HTTP/1.1\r\nHost: x\r\n{headers}\r\n");
            support::read_one(&gateway.handle(input.as_bytes()))
        };
        let whole = get("");
        prop_assert_eq!((whole.status().code(), whole.body()), (200, &body[..]));
        let tag = whole.header("etag").expect("a tag");
        let mut found = vec![None; length];
        for request in &requests {
            let ranges: Vec<String> = request.iter().map(|part| range(*part, length, form.index(3))).collect();
            let ranges = format!("Range: bytes={}\r\n", ranges.join(&format!(",{space}")));
            let response = get(&format!("{ranges}If-Range: {tag}\r\n"));
            prop_assert_eq!(response.status(), 206);
            prop_assert_eq!(response.header("etag"), Some(tag));
            let received = match response.header("content-range") {
                Some(range) => vec![(content_range(range, length), response.body())],
                None => read_parts(&response, length),
            };
            let asked: Vec<_> = received.iter().map(|(range, _)| *range).collect();
            prop_assert_eq!(&asked, request);
            for ((first, last), part) in received {
                prop_assert_eq!(part.len(), last - first);
                for (place, byte) in found[first..last].iter_mut().zip(part) {
                    prop_assert_eq!(place.replace(*byte), None, "a byte was sent twice");
                }
            }
            // Parts of another version would not fit.
            let changed = get(&format!("{ranges}If-Range: \"another\"\r\n"));
            prop_assert_eq!((changed.status().code(), changed.body()), (200, &body[..]));
        }
        let found: Option<Vec<u8>> = found.into_iter().collect();
        prop_assert_eq!(found, Some(body));
    }
}

#[test]
fn a_gateway_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&gateway());
    let application: std::sync::Arc<dyn Application> = std::sync::Arc::new(Site::new());
    shared(&application);
}
