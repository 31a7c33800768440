//! The laws, checked with generated input.

#[path = "laws/generate.rs"]
mod generate;
mod laws;

use bytegate::{Application, Gateway, Now, Request, Response, Site, Status};
use generate::{cut, damaged_http, near_http};
use laws::gateway::gateway;
use laws::{a_moment, hold_for, hold_for_model, hold_for_split, reader};
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
    fields: Vec<(String, String)>,
    content: Vec<u8>,
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
        let mut fields: Vec<String> = self
            .fields
            .iter()
            .map(|(name, value)| format!("{name}:{value}"))
            .collect();
        fields.insert(
            if self.host_first { 0 } else { fields.len() },
            "hOST:\t localhost:80 ".to_string(),
        );
        match &self.chunks {
            Some(_) => fields.push("transfer-encoding: CHUNKED".to_string()),
            None => fields.push(format!("content-length: {}", self.content.len())),
        }
        for field in fields {
            bytes.extend_from_slice(field.as_bytes());
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        let Some(sizes) = &self.chunks else {
            bytes.extend_from_slice(&self.content);
            return bytes;
        };
        let mut rest = &self.content[..];
        for &size in sizes.iter().chain([&usize::MAX]) {
            let (chunk, behind) = rest.split_at(size.min(rest.len()));
            if !chunk.is_empty() {
                bytes.extend_from_slice(format!("{:X};a=\"{size}\"\r\n", chunk.len()).as_bytes());
                bytes.extend_from_slice(chunk);
                bytes.extend_from_slice(b"\r\n");
            }
            rest = behind;
        }
        bytes.extend_from_slice(b"0\r\nX-Trailer: a\r\n\r\n");
        bytes
    }
}

fn valid() -> impl Strategy<Value = Valid> {
    let fields = vec(
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
        fields,
        vec(any::<u8>(), 0..200),
        proptest::option::of(vec(1..50usize, 0..6)),
        any::<bool>(),
    )
        .prop_map(
            |(method, path, query, fields, content, chunks, host_first)| Valid {
                method,
                path,
                query,
                fields,
                content,
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
            let fields: Vec<_> = request.fields().iter().filter(|(name, _)| name.starts_with("X-")).collect();
            let given = expected.fields.iter();
            let given: Vec<_> = given.map(|(name, value)| (&name[..], value.trim_matches([' ', '\t']).as_bytes())).collect();
            assert_eq!(fields, given);
            assert_eq!(request.content(), expected.content);
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
    fn an_application_answer_is_sent_as_given_or_is_a_500(
        code in 100..1000u16,
        name in ".{0,12}",
        value in vec(any::<u8>(), 0..40),
        body in vec(any::<u8>(), 0..200),
        head in any::<bool>(),
    ) {
        let status = Status::new(code).unwrap();
        let (given_name, given_value, given_body) = (name.clone(), value.clone(), body.clone());
        let gateway = Gateway::new(move |_: &Request<'_>| {
            Response::content("a/b", given_body.clone()).with_status(status).with_field(&given_name, &given_value)
        });
        let method = if head { "HEAD" } else { "GET" };
        let input = format!("{method} / HTTP/1.1\r\nHost: x\r\n\r\n");
        let output = gateway.handle_at(input.as_bytes(), Now::at_unix(0));
        let responses = reader::read_all(&output, &[head]);
        let response = &responses[0];
        if response.status == code && code != 500 {
            let trimmed = value.trim_ascii();
            let expected = Some(trimmed).filter(|_| !name.is_empty());
            prop_assert_eq!(response.field(&name.to_ascii_lowercase()).map(<[u8]>::trim_ascii), expected);
            prop_assert!(head || code == 204 || code == 304 || response.content == body);
        } else {
            prop_assert_eq!(response.status, 500);
        }
    }
}

#[test]
fn a_gateway_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&gateway());
    let application: std::sync::Arc<dyn Application> = std::sync::Arc::new(Site::new());
    shared(&application);
}
