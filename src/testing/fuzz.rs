//! Fuzzing of a whole application.

use super::hostile::{Body, encode, encode_json, has_body, json_object};
use super::names::{names_in, quoted_in};
use super::reader::Reader;
use super::response::ClientResponse;
use super::rules::response_rules;
use super::run::{End, Patience, run};
use super::targets::RouteTarget;
use super::values::{COMMON_NAMES, ODD_JSON, json_string, odd_texts};
use crate::gateway::Gateway;
use crate::response::response::ResponseError;
use crate::values::connection_info::ConnectionInfo;
use crate::values::now::Now;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Sends the data of a fuzzer to an application: as it is, and as a valid request for one of its routes, so that the
/// fuzzer reaches the handlers at once.
///
/// A fuzz target is one line:
///
/// ```
/// # macro_rules! fuzz_target { (|$data:ident: &[u8]| $check:expr) => { let $data: &[u8] = b"\0\0a"; $check } }
/// # use bytegate::{Gateway, Request};
/// # let gateway = Gateway::new(|_: &Request| "hello\n");
/// fuzz_target!(|data: &[u8]| bytegate::testing::fuzz(&gateway, data));
/// ```
///
/// [`fuzz_request`] builds the valid request. If the response is an error that names fields, as errors of forms and of
/// JSON do, further requests have fields with these names, or other values in them, up to six times.
///
/// A body that never ends is read for up to 4 MiB, or until its next block has been pending for 50 ms.
///
/// # Panics
/// Panics if the application panics, if a response breaks a rule of HTTP, or if the stream of a body has another length
/// than it declares. Also if a response is still pending after ten seconds.
pub fn fuzz(gateway: &Gateway, data: &[u8]) {
    check(gateway, data);
    let Some(mut case) = Case::new(gateway, data) else {
        return;
    };
    for _ in 0..=FOLLOW_UPS {
        let Some(response) = check(gateway, &case.request()) else {
            return;
        };
        if !response.status().is_error() || !case.mend(&response) {
            return;
        }
    }
}

/// Builds the valid request for a route that [`fuzz`] sends for this data. Returns `None` if the data is shorter than two
/// bytes.
///
/// The first byte chooses the route and its method. If the gateway has no routes, every path is one. The second byte
/// chooses where fields are: in the query, a URL-encoded form, a form with files, a JSON object, or, without names, the
/// rest of the data as it is; how many fields it has, up to three; and whether the request has an unusual header. Each further value takes a byte that chooses
/// a value that applications often handle badly, or the length of a text that follows. Path parameters come first, then
/// fields, which also take a byte for their name.
///
/// ```
/// use bytegate::testing::fuzz_request;
/// use bytegate::{Gateway, Request, Router};
///
/// let show = |request: &Request| request.path().to_string();
/// let gateway = Gateway::new(Router::new().get("/", show).get("/users/{id}", show));
/// let request = fuzz_request(&gateway, b"\x01\x00\x83Ada").unwrap();
/// assert_eq!(request, b"GET /users/Ada HTTP/1.1\r\nHost: localhost\r\n\r\n");
/// ```
#[must_use]
pub fn fuzz_request(gateway: &Gateway, data: &[u8]) -> Option<Vec<u8>> {
    Case::new(gateway, data).map(|case| case.request())
}

/// The number of further requests for names that an error mentions.
const FOLLOW_UPS: usize = 6;

/// A request that is built from data, and the data that is left.
struct Case<'d> {
    route: RouteTarget,
    path: String,
    headers: String,
    place: Place,
    /// Names with their values, as JSON and as text.
    fields: Vec<(String, String, String)>,
    source: Source<'d>,
}

/// Where the data goes.
#[derive(Clone, Copy)]
enum Place {
    Fields(Body),
    /// The rest of the data is the body, in chunks or as it is.
    Rest {
        chunked: bool,
    },
}

impl<'d> Case<'d> {
    fn new(gateway: &Gateway, data: &'d [u8]) -> Option<Case<'d>> {
        let (&[route, choice], rest) = data.split_first_chunk()?;
        let mut routes = RouteTarget::all_of(gateway);
        let route = routes.swap_remove(usize::from(route) % routes.len());
        let mut source = Source(rest);
        let path = route.path(|_| source.text());
        let place = match (has_body(route.method), choice % 8) {
            (_, 0 | 4) => Place::Fields(Body::Query),
            (true, 1) => Place::Fields(Body::UrlEncoded),
            (true, 2) => Place::Fields(Body::Multipart),
            (true, 3) => Place::Fields(Body::Json),
            (_, 5) => Place::Rest { chunked: true },
            (true, _) => Place::Rest { chunked: false },
            (false, _) => Place::Fields(Body::Query),
        };
        let headers = if choice >= 128 {
            source.header()
        } else {
            String::new()
        };
        let mut fields = Vec::new();
        if let Place::Fields(_) = place {
            // The rest of the data is for names that an error mentions.
            for _ in 0..choice / 8 % 4 {
                if let Some(name) = source.name() {
                    let (json, text) = source.value();
                    fields.push((name, json, text));
                }
            }
        }
        Some(Case {
            route,
            path,
            headers,
            place,
            fields,
            source,
        })
    }

    fn request(&self) -> Vec<u8> {
        let method = self.route.method;
        let request = match self.place {
            Place::Fields(Body::Json) => {
                let members = self.fields.iter();
                let members = members.map(|(name, json, _)| (&name[..], json.clone()));
                encode_json(method, &self.path, &json_object(members))
            }
            Place::Fields(body) => {
                let fields = self.fields.iter();
                let fields: Vec<_> = fields
                    .map(|(name, _, text)| (&name[..], &text[..]))
                    .collect();
                body.encode(method, &self.path, &fields)
            }
            Place::Rest { chunked } => {
                let body = self.source.0;
                let media_type = media_type_of(body);
                if chunked && !body.is_empty() {
                    let head = alloc::format!("{media_type}Transfer-Encoding: chunked\r\n");
                    let mut request = encode(method, &self.path, &head, None);
                    // In two chunks, to test a body that arrives in pieces too.
                    let (first, second) = body.split_at(body.len() / 2);
                    for chunk in [first, second]
                        .into_iter()
                        .filter(|chunk| !chunk.is_empty())
                    {
                        let size = alloc::format!("{:x}\r\n", chunk.len());
                        request.extend([size.as_bytes(), chunk, b"\r\n"].concat());
                    }
                    request.extend_from_slice(b"0\r\n\r\n");
                    request
                } else {
                    encode(method, &self.path, &media_type, Some(body))
                }
            }
        };
        let request = self.route.at_host(request);
        match request.windows(2).position(|pair| pair == b"\r\n") {
            Some(end) if !self.headers.is_empty() => {
                let (line, rest) = request.split_at(end + 2);
                [line, self.headers.as_bytes(), rest].concat()
            }
            _ => request,
        }
    }

    /// Adds the fields that an error mentions. If none is new, the values of those that it mentions become text in JSON,
    /// or no text. Returns whether the request is another one.
    fn mend(&mut self, error: &ClientResponse) -> bool {
        if !matches!(self.place, Place::Fields(_)) {
            return false;
        }
        let is_json = matches!(self.place, Place::Fields(Body::Json));
        let names = if is_json {
            quoted_in(error)
        } else {
            names_in(error)
        };
        let count = self.fields.len();
        for name in names {
            if !self.fields.iter().any(|(known, ..)| *known == name) {
                let (json, text) = self.source.value();
                self.fields.push((name, json, text));
            }
        }
        if self.fields.len() > count {
            return true;
        }
        if !is_json {
            return false;
        }
        let shown = String::from_utf8_lossy(error.body());
        let mentioned = self
            .fields
            .iter_mut()
            .filter(|(name, ..)| shown.contains(&**name));
        let mut has_changed = false;
        for (_, json, text) in mentioned {
            *json = if json.starts_with('"') {
                "1".to_string()
            } else {
                json_string(text)
            };
            has_changed = true;
        }
        has_changed
    }
}

/// The rest of the data. After its end, every value is `1`.
struct Source<'d>(&'d [u8]);

impl Source<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// Takes text: a value that is often handled badly, or up to 31 bytes of the data.
    fn text(&mut self) -> String {
        match self.byte() {
            None => "1".to_string(),
            Some(choice @ 0..=127) => {
                let texts = odd_texts();
                texts[usize::from(choice) % texts.len()].1.clone()
            }
            Some(choice) => {
                let length = usize::from(choice % 32).min(self.0.len());
                let (text, rest) = self.0.split_at(length);
                self.0 = rest;
                String::from_utf8_lossy(text).into_owned()
            }
        }
    }

    /// Takes a value, as JSON and as text.
    fn value(&mut self) -> (String, String) {
        match self.0.first() {
            None => ("1".to_string(), "1".to_string()),
            Some(choice) if choice % 2 == 0 => {
                let choice = self.byte().unwrap_or_default() / 2;
                let (_, json) = ODD_JSON[usize::from(choice) % ODD_JSON.len()];
                (json.to_string(), json.to_string())
            }
            Some(_) => {
                let text = self.text();
                (json_string(&text), text)
            }
        }
    }

    /// Takes the name of a field. Returns `None` at the end of the data.
    fn name(&mut self) -> Option<String> {
        match self.byte()? {
            choice @ 0..=223 => {
                Some(COMMON_NAMES[usize::from(choice) % COMMON_NAMES.len()].to_string())
            }
            _ => Some(self.text()),
        }
    }

    /// Takes a header.
    fn header(&mut self) -> String {
        const NAMES: [&str; 8] = [
            "Cookie",
            "Authorization",
            "Accept",
            "If-None-Match",
            "Range",
            "Accept-Encoding",
            "X-Forwarded-For",
            "Origin",
        ];
        let name = NAMES[usize::from(self.byte().unwrap_or_default()) % NAMES.len()];
        let value = self.text();
        let visible = |character: char| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        };
        let value: String = value.chars().map(visible).collect();
        alloc::format!("{name}: {value}\r\n")
    }
}

/// Returns a header with the media type that a body resembles, so that the fuzzer need not guess whole media types.
fn media_type_of(body: &[u8]) -> String {
    match body {
        [] => String::new(),
        [b'-', b'-', rest @ ..] => {
            let is_plain = |byte: &&u8| byte.is_ascii_graphic() && !b"\"\\%".contains(byte);
            let mut boundary = String::new();
            let plain: Vec<u8> = rest.iter().take(70).take_while(is_plain).copied().collect();
            boundary.push_str(&String::from_utf8_lossy(&plain));
            alloc::format!("Content-Type: multipart/form-data; boundary=\"{boundary}\"\r\n")
        }
        [b'{' | b'[' | b'"', ..] => "Content-Type: application/json\r\n".to_string(),
        _ => "Content-Type: application/x-www-form-urlencoded\r\n".to_string(),
    }
}

/// Handles input and checks that the output consists of valid responses. Returns the last one if it is whole.
fn check(gateway: &Gateway, input: &[u8]) -> Option<ClientResponse> {
    let connection = ConnectionInfo::default();
    let ran = run(gateway, connection, input, Now::default(), Patience::BRIEF);
    let shown = || alloc::format!("for the request {}", input.escape_ascii());
    for error in &ran.errors {
        // The client can see that a body ends early, which is how an application reports a late failure.
        let is_late = *error == ResponseError::BodyError;
        assert!(is_late, "a response is invalid: {error}\n{}", shown());
    }
    assert!(
        ran.end != End::NoResponse,
        "a response is still pending {}",
        shown()
    );
    let mut reader = Reader::new(&ran.output);
    let mut last = None;
    for method in ran.methods {
        match reader.response(method) {
            Ok(response) => {
                if let Some((rule, source)) = response_rules(&response).into_iter().next() {
                    panic!("a response breaks a rule: {rule} ({source})\n{}", shown());
                }
                last = Some(response);
            }
            Err(error) => {
                let output = ran.output.escape_ascii();
                assert!(
                    error.is_incomplete(),
                    "a response is invalid {error}\n{output}\n{}",
                    shown()
                );
                return None;
            }
        }
    }
    let rest = reader.rest().escape_ascii();
    assert!(
        reader.rest().is_empty(),
        "bytes after the last response: {rest}\n{}",
        shown()
    );
    last
}
