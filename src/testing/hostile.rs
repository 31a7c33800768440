//! A corpus of requests that are valid HTTP but stress an application.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// A valid request with a body or headers that an application may not expect.
///
/// ```
/// use bytegate::testing::{HostileRequest, hostile_requests};
///
/// let request: HostileRequest = hostile_requests("/sign").next().unwrap();
/// assert!(request.bytes.starts_with(b"POST /sign HTTP/1.1\r\n"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostileRequest {
    /// The unusual part, in a few words.
    pub name: &'static str,
    /// The bytes of the request.
    pub bytes: Vec<u8>,
}

/// Returns valid requests for a target that applications often handle badly: huge and broken forms, deep JSON, forms
/// with files that never end, garbage in cookies and credentials. Send them to each route that reads the body. None
/// should produce a 5xx.
///
/// ```
/// use bytegate::testing::{Client, hostile_requests};
/// use bytegate::{Rejection, Request, Router};
///
/// fn sign(request: &Request<'_>) -> Result<String, Rejection> {
///     let form = request.form()?;
///     let name = form.get("name").ok_or(Rejection::unprocessable_content("the form has no name"))?;
///     Ok(format!("hello {name}\n"))
/// }
///
/// let client = Client::new(Router::new().post("/sign", sign));
/// for request in hostile_requests("/sign") {
///     let output = client.send_bytes(&request.bytes);
///     assert!(!output.starts_with(b"HTTP/1.1 5"), "{}", request.name);
/// }
/// ```
///
/// # Panics
/// Panics if the target has a space, a control character, or a character that is not ASCII.
pub fn hostile_requests(target: &str) -> impl Iterator<Item = HostileRequest> {
    assert!(
        target.bytes().all(|byte| byte.is_ascii_graphic()),
        "the target {target:?} cannot be sent"
    );
    let contents = contents().into_iter().map({
        let target = String::from(target);
        move |(name, media_type, content)| HostileRequest {
            name,
            bytes: post(
                &target,
                &format!("Content-Type: {media_type}\r\n"),
                &content,
            ),
        }
    });
    let target = String::from(target);
    contents.chain(FIELDS.iter().map(move |(name, fields)| HostileRequest {
        name,
        bytes: post(&target, fields, b"name=Ada"),
    }))
}

fn post(target: &str, fields: &str, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: localhost\r\n{fields}Content-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), content].concat()
}

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
const MULTIPART: &str = "multipart/form-data; boundary=x";

fn contents() -> Vec<(&'static str, &'static str, Vec<u8>)> {
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

const FIELDS: &[(&str, &str)] = &[
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
];
