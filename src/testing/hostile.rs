//! A corpus of requests that are valid HTTP but stress an application.

use super::raw_request::RawRequest;
use super::values::{ODD_JSON, json_string, odd_texts};
use crate::values::method::Method;
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Returns valid requests for a method and a target that applications often handle badly: garbage in cookies,
/// credentials, conditions, ranges and the query, and with methods that have a body, huge and broken forms, deep JSON,
/// and forms with files that never end. Send them to each route. None should produce a 5xx.
///
/// Forms with the fields that a handler reads are in [`hostile_forms`].
///
/// ```
/// use bytegate::testing::{Client, hostile_requests};
/// use bytegate::{Method, Rejection, Request, Router};
///
/// fn sign(request: &Request) -> Result<String, Rejection> {
///     let form = request.form()?;
///     let name = form.get("name").ok_or(Rejection::unprocessable_content("the form has no name"))?;
///     Ok(format!("hello {name}\n"))
/// }
///
/// let client = Client::new(Router::new().post("/sign", sign));
/// for request in hostile_requests(Method::POST, "/sign") {
///     let output = client.send_bytes(&request.bytes);
///     assert!(!output.starts_with(b"HTTP/1.1 5"), "{}", request.name);
/// }
/// ```
///
/// # Panics
/// Panics if the target has a space, a control character, or a character that is not ASCII.
#[track_caller]
pub fn hostile_requests(method: Method, target: &str) -> impl Iterator<Item = RawRequest> + use<> {
    assert_can_be_sent(target);
    let bodies = if has_body(method) {
        bodies()
    } else {
        Vec::new()
    };
    let target = target.to_string();
    let bodies = bodies.into_iter().map({
        let target = target.clone();
        move |(name, media_type, body)| {
            let head = format!("Content-Type: {media_type}\r\n");
            RawRequest::new(name, encode(method, &target, &head, Some(&body)))
        }
    });
    let queries = QUERIES.map(|(name, query)| {
        let separator = if target.contains('?') { '&' } else { '?' };
        let fields = [("name", "Ada")];
        let encoding = if has_body(method) {
            Body::UrlEncoded
        } else {
            Body::Query
        };
        let target = format!("{target}{separator}{query}");
        RawRequest::new(name, encoding.encode(method, &target, &fields))
    });
    let headers = HEADERS.iter().map(move |(name, headers)| {
        let bytes = if has_body(method) {
            let head = format!("Content-Type: {FORM}\r\n{headers}");
            encode(method, &target, &head, Some(b"name=Ada"))
        } else {
            encode(method, &target, headers, None)
        };
        RawRequest::new(*name, bytes)
    });
    bodies.chain(headers).chain(queries)
}

/// Returns valid requests that fill in a form. In each request, one of the fields has an odd value: text with a quote, a
/// NUL, HTML, a path out of the folder or ten kilobytes, or a number at the limit of a type. The other fields have `Ada`.
/// Each form is sent in the encodings that forms have: URL-encoded, as a form with files, and as a JSON object. With
/// methods that have no body, such as GET, it is the query. None should produce a 5xx.
///
/// ```
/// use bytegate::testing::{Client, hostile_forms};
/// use bytegate::{Method, Rejection, Request, Response, Router};
///
/// /// Shows the first three bytes of the name, if they are whole characters.
/// fn sign(request: &Request) -> Result<Response, Rejection> {
///     let form = request.form()?;
///     let name = form.get("name").ok_or(Rejection::unprocessable_content("the form has no name"))?;
///     Ok(Response::text(name.get(..3).unwrap_or("?").to_string()))
/// }
///
/// let client = Client::new(Router::new().post("/sign", sign));
/// for request in hostile_forms(Method::POST, "/sign", &["name", "password"]) {
///     let output = client.send_bytes(&request.bytes);
///     assert!(!output.starts_with(b"HTTP/1.1 5"), "{}", request.name);
/// }
/// ```
///
/// # Panics
/// Panics if the target has a space, a control character, or a character that is not ASCII.
#[track_caller]
pub fn hostile_forms(
    method: Method,
    target: &str,
    names: &[&str],
) -> impl Iterator<Item = RawRequest> + use<> {
    assert_can_be_sent(target);
    let mut requests = Vec::new();
    for name in names {
        for (words, odd) in odd_texts() {
            let words = format!("{words} in {name}");
            let fields = fields(names, name, &odd);
            for (encoding, body) in Body::all(method) {
                let name = format!("{words}{encoding}");
                requests.push(RawRequest::new(name, body.encode(method, target, &fields)));
            }
        }
        if has_body(method) {
            for (words, odd) in ODD_JSON {
                let words = format!("{words} in {name}, as JSON");
                let members = names.iter().map(|other| {
                    if other == name {
                        (*other, odd.to_string())
                    } else {
                        (*other, json_string("Ada"))
                    }
                });
                let json = json_object(members);
                requests.push(RawRequest::new(words, encode_json(method, target, &json)));
            }
        }
    }
    requests.into_iter()
}

/// The fields of a form, of which one has another value.
fn fields<'a>(names: &[&'a str], odd_name: &str, odd: &'a str) -> Vec<(&'a str, &'a str)> {
    let value = |name: &str| if name == odd_name { odd } else { "Ada" };
    names.iter().map(|name| (*name, value(name))).collect()
}

/// Where the fields of a form are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    Query,
    UrlEncoded,
    Multipart,
    Json,
}

impl Body {
    /// Returns the encodings of forms with a method, with words for the names of requests.
    pub(super) fn all(method: Method) -> Vec<(&'static str, Body)> {
        if has_body(method) {
            Vec::from([
                ("", Body::UrlEncoded),
                (", in a form with files", Body::Multipart),
                (", as JSON", Body::Json),
            ])
        } else {
            Vec::from([(", in the query", Body::Query)])
        }
    }

    /// Returns the request with these fields.
    pub(super) fn encode(self, method: Method, target: &str, fields: &[(&str, &str)]) -> Vec<u8> {
        match self {
            Body::Query => {
                let separator = if target.contains('?') { '&' } else { '?' };
                let target = if fields.is_empty() {
                    Cow::from(target)
                } else {
                    format!("{target}{separator}{}", encode_pairs(fields)).into()
                };
                let body = has_body(method).then_some(&b""[..]);
                encode(method, &target, "", body)
            }
            Body::UrlEncoded => {
                let head = format!("Content-Type: {FORM}\r\n");
                encode(method, target, &head, Some(encode_pairs(fields).as_bytes()))
            }
            Body::Multipart => {
                let mut body = String::new();
                for (name, value) in fields {
                    let name = name.replace('"', "%22");
                    body.push_str(&format!(
                        "--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
                    ));
                }
                body.push_str("--x--\r\n");
                let head = format!("Content-Type: {MULTIPART}\r\n");
                encode(method, target, &head, Some(body.as_bytes()))
            }
            Body::Json => {
                let members = fields
                    .iter()
                    .map(|(name, value)| (*name, json_string(value)));
                encode_json(method, target, &json_object(members))
            }
        }
    }
}

/// Returns whether a request with this method usually has a body.
pub(super) fn has_body(method: Method) -> bool {
    !matches!(
        method,
        Method::GET | Method::HEAD | Method::DELETE | Method::OPTIONS
    )
}

pub(super) fn encode_json(method: Method, target: &str, body: &str) -> Vec<u8> {
    let head = format!("Content-Type: {JSON}\r\n");
    encode(method, target, &head, Some(body.as_bytes()))
}

/// Writes a JSON object. The values are JSON already.
pub(super) fn json_object<'a>(members: impl Iterator<Item = (&'a str, String)>) -> String {
    let members = members.map(|(name, value)| format!("{}:{value}", json_string(name)));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

/// Returns a request for the host `localhost`.
pub(super) fn encode(method: Method, target: &str, headers: &str, body: Option<&[u8]>) -> Vec<u8> {
    let length = body.map(|body| format!("Content-Length: {}\r\n", body.len()));
    let length = length.unwrap_or_default();
    let head = format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\n{headers}{length}\r\n");
    [head.as_bytes(), body.unwrap_or_default()].concat()
}

pub(super) fn encode_pairs(pairs: &[(&str, &str)]) -> String {
    let mut encoder = form_urlencoded::Serializer::new(String::new());
    encoder.extend_pairs(pairs);
    encoder.finish()
}

#[track_caller]
fn assert_can_be_sent(target: &str) {
    assert!(
        target.bytes().all(|byte| byte.is_ascii_graphic()),
        "the target {target:?} cannot be sent"
    );
}

pub(super) const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
const MULTIPART: &str = "multipart/form-data; boundary=x";

fn bodies() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let part = "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n";
    Vec::from([
        ("no content", FORM, Vec::new()),
        ("a form of a hundred thousand fields", FORM, b"a=&".repeat(100_000)),
        ("a form of separators", FORM, b"&=&=".repeat(10_000)),
        ("a form that is not UTF-8", FORM, b"name=%ff%fe".to_vec()),
        ("a form with control characters", FORM, b"name=%00%0d%0aSet-Cookie:%20a=b".to_vec()),
        ("a form with the same name twice", FORM, b"name=a&name=b".to_vec()),
        ("a form with half an escape", FORM, b"name=%4&%=%".to_vec()),
        ("a form with HTML", FORM, b"name=%3Cscript%3Ealert(1)%3C/script%3E".to_vec()),
        ("a form in another type", "text/plain", b"name=Ada".to_vec()),
        ("a type that is none", "no type at all", b"name=Ada".to_vec()),
        ("deep JSON", JSON, b"[".repeat(100_000)),
        ("JSON of another shape", JSON, b"[null, 1e999, \"\\ud800\"]".to_vec()),
        ("JSON with the same name twice", JSON, b"{\"text\":1,\"text\":2}".to_vec()),
        ("JSON that ends early", JSON, b"{\"text\":\"a".to_vec()),
        ("JSON that is not UTF-8", JSON, b"{\"text\":\"\xff\"}".to_vec()),
        ("a form with files without a boundary", "multipart/form-data", part.into()),
        ("a form with files without an end", MULTIPART, format!("{part}a").into()),
        ("a form of ten thousand parts", MULTIPART, part.repeat(10_000).into()),
        ("a part without a name", MULTIPART, b"--x\r\n\r\na\r\n--x--\r\n".to_vec()),
        (
            "a file with a path as its name",
            MULTIPART,
            b"--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"../../etc/passwd\"\r\n\r\na\r\n--x--\r\n"
                .to_vec(),
        ),
    ])
}

/// Headers with values that applications may not expect.
pub(super) const HEADERS: [(&str, &str); 12] = [
    (
        "cookies of garbage",
        "Cookie: =; ;;=a; a=\"; session=%00; session=\u{fffd}\r\n",
    ),
    (
        "a session of another program",
        "Cookie: session=AAAAAAAAAAAAAAAAAAAAAAAA; name=<b>\r\n",
    ),
    (
        "credentials that are not Base64",
        "Authorization: Basic !!!\r\n",
    ),
    (
        "credentials without a colon",
        "Authorization: Basic QWRh\r\n",
    ),
    ("an empty bearer token", "Authorization: Bearer\r\n"),
    ("an unknown scheme", "Authorization: Nothing at all\r\n"),
    (
        "qualities out of range",
        "Accept: */*;q=9, a;q=-1, ;;;\r\nAccept-Language: ;q=x\r\n",
    ),
    (
        "conditions of garbage",
        "If-None-Match: W/\r\nIf-Modified-Since: yesterday\r\nIf-Match: \"\r\n",
    ),
    (
        "ranges of garbage",
        "Range: bytes=9-1,-,a-b\r\nIf-Range: x\r\n",
    ),
    (
        "a foreign origin",
        "Origin: https://bytegate.example\r\nSec-Fetch-Site: cross-site\r\n",
    ),
    ("an origin that is none", "Origin: null\r\nReferer: \"\r\n"),
    (
        "a forged address",
        "X-Forwarded-For: ,unknown, ::1\r\nForwarded: for=\"_x\";;\r\nX-Forwarded-Proto: \r\n",
    ),
];

/// Queries that applications may not expect.
const QUERIES: [(&str, &str); 5] = [
    ("a query of separators", "&=&==&"),
    ("a query that is not UTF-8", "name=%ff%fe"),
    (
        "a query with control characters",
        "name=%00%0d%0aSet-Cookie:%20a=b",
    ),
    ("a query with the same name twice", "name=a&name=b"),
    (
        "a query with HTML",
        "name=%3Cscript%3Ealert(1)%3C/script%3E",
    ),
];
