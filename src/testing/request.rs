//! Requests that a client sends.

use super::client::Client;
use super::place::{Place, split_query};
use super::redirect::resolve;
use super::response::ClientResponse;
use super::wire_error::WireError;
use crate::headers::header_map::HeaderMap;
use crate::request::base64;
use crate::syntax::uri_reference;
use crate::values::method::Method;
use crate::values::status::Status;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use bytes::Bytes;

/// The number of redirects that are followed before the last response is returned.
const REDIRECTS: usize = 10;

/// A request to be sent. Created by [`Client::get`] and the like.
///
/// ```
/// use bytegate::testing::Client;
/// use bytegate::Request;
///
/// let client = Client::new(|request: &Request| {
///     let query = request.query().unwrap_or_default();
///     format!("{} {query} {}", request.method(), String::from_utf8_lossy(request.body()))
/// });
/// let response = client.post("/find").query("name", "Ada L").form(&[("a", "1"), ("b", "x y")]).send();
/// assert_eq!(response.text(), "POST name=Ada+L a=1&b=x+y");
/// ```
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is sent"]
pub struct ClientRequest<'c> {
    client: &'c Client,
    method: Method,
    /// The path and the query.
    target: String,
    headers: HeaderMap,
    body: RequestBody,
    follows_redirects: bool,
}

#[derive(Clone, Debug)]
enum RequestBody {
    None,
    Whole(Bytes),
    Chunks(Vec<Bytes>),
}

impl<'c> ClientRequest<'c> {
    #[track_caller]
    pub(super) fn new(client: &'c Client, method: &str, target: &str) -> ClientRequest<'c> {
        let Ok(method) = method.parse::<Method>() else {
            panic!("{method:?} is not a method: a method is a token of up to 32 bytes");
        };
        let Some(target) = uri_reference::encode(target.as_bytes()) else {
            panic!("{target:?} is not a target: it contains control characters");
        };
        ClientRequest {
            client,
            method,
            target: String::from_utf8_lossy(&target).into_owned(),
            headers: HeaderMap::new(),
            body: RequestBody::None,
            follows_redirects: false,
        }
    }

    /// Adds a header.
    ///
    /// # Panics
    /// Panics if the header cannot be sent: its name is not a token, or its value contains control characters. Send
    /// [bytes](Client::send_bytes) to test how those are refused.
    #[track_caller]
    #[doc(alias = "field")]
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> ClientRequest<'c> {
        if let Err(error) = self.headers.append(name, value) {
            panic!("the header {name:?} cannot be sent: {error}");
        }
        self
    }

    /// Adds a name and a value to the query, encoded as `application/x-www-form-urlencoded`.
    pub fn query(mut self, name: &str, value: &str) -> ClientRequest<'c> {
        let separator = if self.target.contains('?') { '&' } else { '?' };
        self.target.push(separator);
        self.target.push_str(&encode_pairs(&[(name, value)]));
        self
    }

    /// Sets the media type of the body.
    pub fn content_type(self, media_type: &str) -> ClientRequest<'c> {
        self.header("Content-Type", media_type)
    }

    /// Sets the body. Without [`content_type`](ClientRequest::content_type), its media type is not said.
    #[doc(alias = "content")]
    pub fn body(mut self, body: impl Into<Bytes>) -> ClientRequest<'c> {
        self.body = RequestBody::Whole(body.into());
        self
    }

    /// Sets a form as the body, encoded as `application/x-www-form-urlencoded`.
    pub fn form(self, pairs: &[(&str, &str)]) -> ClientRequest<'c> {
        self.content_type("application/x-www-form-urlencoded")
            .body(encode_pairs(pairs))
    }

    /// Sets a form with files as the body, encoded as `multipart/form-data` (RFC 7578). The same parts get the same
    /// boundary, and it does not occur in them.
    ///
    /// ```
    /// use bytegate::testing::{Client, FormPart};
    /// use bytegate::Request;
    ///
    /// let client = Client::new(|request: &Request| request.body().to_vec());
    /// let parts = [FormPart::text("name", "Ada"), FormPart::file("photo", "a.png", "image/png", "...")];
    /// let response = client.post("/").multipart(&parts).send();
    /// assert!(response.text().contains("name=\"photo\"; filename=\"a.png\"\r\n"));
    /// ```
    pub fn multipart(self, parts: &[FormPart]) -> ClientRequest<'c> {
        let boundary = boundary_for(parts);
        let mut body = Vec::new();
        for part in parts {
            body.extend_from_slice(format!("--{boundary}\r\n{}\r\n\r\n", part.head).as_bytes());
            body.extend_from_slice(&part.body);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        self.content_type(&format!("multipart/form-data; boundary={boundary}"))
            .body(body)
    }

    /// Sets a body that is sent with the chunked coding, one chunk for each block.
    pub fn chunks<I>(mut self, blocks: I) -> ClientRequest<'c>
    where
        I: IntoIterator<Item: Into<Bytes>>,
    {
        let blocks = blocks.into_iter().map(Into::into);
        // An empty chunk would be the last one.
        self.body = RequestBody::Chunks(blocks.filter(|block: &Bytes| !block.is_empty()).collect());
        self
    }

    /// Sets a value as the body, encoded as JSON.
    ///
    /// # Panics
    /// Panics if the value cannot be encoded.
    #[cfg(feature = "json")]
    #[track_caller]
    pub fn json(self, value: &impl serde::Serialize) -> ClientRequest<'c> {
        match serde_json::to_vec(value) {
            Ok(body) => self.content_type("application/json").body(body),
            Err(error) => panic!("the value cannot be encoded as JSON: {error}"),
        }
    }

    /// Adds a user name and a password (RFC 7617). The name must not contain a colon.
    pub fn basic_auth(self, user: &str, password: &str) -> ClientRequest<'c> {
        let credentials = base64::encode(format!("{user}:{password}").as_bytes());
        self.header("Authorization", format!("Basic {credentials}"))
    }

    /// Adds a bearer token (RFC 6750).
    #[doc(alias = "bearer")]
    pub fn bearer_auth(self, token: &str) -> ClientRequest<'c> {
        self.header("Authorization", format!("Bearer {token}"))
    }

    /// Follows redirects to the same host, up to ten. A redirect to another host is returned.
    pub fn follow_redirects(mut self) -> ClientRequest<'c> {
        self.follows_redirects = true;
        self
    }

    pub(super) fn method(&self) -> Method {
        self.method
    }

    /// Returns the bytes of the request, with the cookies that the client would send now.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut headers = HeaderMap::new();
        let mut append = |name: &str, value: &str| {
            if !self.headers.contains(name) {
                // Valid, because the host and the cookies were checked when they were set.
                let _ = headers.append(name, value);
            }
        };
        let place = self.place();
        append("Host", place.authority);
        if let Some(cookies) = self.client.cookies_for(&place) {
            append("Cookie", &cookies);
        }
        let mut bytes = format!("{} {} HTTP/1.1\r\n", self.method, self.target).into_bytes();
        bytes.extend_from_slice(headers.view().as_bytes());
        bytes.extend_from_slice(self.headers.view().as_bytes());
        match &self.body {
            RequestBody::None => bytes.extend_from_slice(b"\r\n"),
            RequestBody::Whole(body) => {
                let length = body.len().to_string();
                bytes.extend_from_slice(format!("Content-Length: {length}\r\n\r\n").as_bytes());
                bytes.extend_from_slice(body);
            }
            RequestBody::Chunks(blocks) => {
                bytes.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
                for block in blocks {
                    bytes.extend_from_slice(format!("{:x}\r\n", block.len()).as_bytes());
                    bytes.extend_from_slice(block);
                    bytes.extend_from_slice(b"\r\n");
                }
                bytes.extend_from_slice(b"0\r\n\r\n");
            }
        }
        bytes
    }

    /// Sends the request, and returns the body of the response as text.
    ///
    /// ```
    /// use bytegate::Request;
    /// use bytegate::testing::Client;
    ///
    /// let client = Client::new(|_: &Request| "hello\n");
    /// assert_eq!(client.get("/").text(), "hello\n");
    /// ```
    ///
    /// # Panics
    /// Panics if the response breaks a rule of HTTP, or if its body is not UTF-8.
    #[track_caller]
    pub fn text(self) -> String {
        self.send().text().into()
    }

    /// Sends the request, and returns the status of the response.
    ///
    /// ```
    /// use bytegate::Router;
    /// use bytegate::testing::Client;
    ///
    /// assert_eq!(Client::new(Router::new()).get("/nowhere").status(), 404);
    /// ```
    ///
    /// # Panics
    /// Panics if the response breaks a rule of HTTP.
    #[track_caller]
    pub fn status(self) -> Status {
        self.send().status()
    }

    /// Sends the request on a new connection, and returns the response.
    ///
    /// # Panics
    /// Panics if the response breaks a rule of HTTP, and names the rule. A panic of the application passes through.
    #[track_caller]
    pub fn send(self) -> ClientResponse {
        match self.try_send() {
            Ok(response) => response,
            Err(error) => panic!("the response is invalid {error}"),
        }
    }

    /// Like [`send`](ClientRequest::send), but returns the rule that the response breaks.
    ///
    /// # Errors
    /// Returns the rule that the response breaks, for example that its body ended early.
    pub fn try_send(self) -> Result<ClientResponse, WireError> {
        let mut request = self;
        let mut left = REDIRECTS;
        loop {
            let response = request.send_once()?;
            let next = if request.follows_redirects && left > 0 {
                request.redirected(&response)
            } else {
                None
            };
            match next {
                Some(next) => request = next,
                None => return Ok(response),
            }
            left -= 1;
        }
    }

    fn send_once(&self) -> Result<ClientResponse, WireError> {
        let bytes = self.to_bytes();
        let mut response = self.client.exchange(&bytes, self.method)?;
        self.client.keep_cookies(&response, &self.place());
        response.request = bytes;
        Ok(response)
    }

    /// Returns the place that the request is for. A target in absolute form names its host.
    fn place(&self) -> Place<'_> {
        let rest = self.target.split_once("://").filter(|(scheme, _)| {
            scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
        });
        let (authority, target) = match rest {
            None => (self.client.host_name(), &self.target[..]),
            Some((_, rest)) => rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len())),
        };
        let (path, query) = split_query(target);
        let origin = self.target.strip_suffix(target).unwrap_or_default();
        Place {
            origin,
            authority,
            path: if path.is_empty() { "/" } else { path },
            query,
        }
    }

    /// Returns the request that follows a redirect (RFC 9110 section 15.4), if there is one on this host.
    fn redirected(&self, response: &ClientResponse) -> Option<ClientRequest<'c>> {
        let keeps_method = match response.status() {
            Status::MOVED_PERMANENTLY | Status::FOUND => self.method != Method::POST,
            Status::SEE_OTHER => false,
            Status::TEMPORARY_REDIRECT | Status::PERMANENT_REDIRECT => true,
            _ => return None,
        };
        let location = response.header("Location")?;
        let place = self.place();
        let target = format!("{}{}", place.origin, resolve(&place, location)?);
        let mut next = self.clone();
        next.target = target;
        if !keeps_method {
            next.body = RequestBody::None;
            next.headers.remove("Content-Type");
            if next.method != Method::HEAD {
                next.method = Method::GET;
            }
        }
        Some(next)
    }
}

/// A part of a form with files. See [`ClientRequest::multipart`].
///
/// ```
/// use bytegate::testing::FormPart;
///
/// let part = FormPart::file("photo", "a.png", "image/png", vec![0x89, b'P', b'N', b'G']);
/// # let _ = part;
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct FormPart {
    head: String,
    body: Bytes,
}

impl FormPart {
    /// Creates a part with text.
    pub fn text(name: &str, text: &str) -> FormPart {
        FormPart {
            head: format!("Content-Disposition: form-data; name=\"{}\"", quoted(name)),
            body: text.to_string().into(),
        }
    }

    /// Creates a part with a file.
    pub fn file(name: &str, file_name: &str, media_type: &str, body: impl Into<Bytes>) -> FormPart {
        FormPart {
            head: format!(
                "Content-Disposition: form-data; name=\"{}\"; filename=\"{}\"\r\nContent-Type: {media_type}",
                quoted(name),
                quoted(file_name)
            ),
            body: body.into(),
        }
    }
}

/// Escapes a name as browsers do (the HTML standard, multipart/form-data encoding algorithm).
fn quoted(name: &str) -> String {
    name.replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn encode_pairs(pairs: &[(&str, &str)]) -> String {
    let mut encoder = form_urlencoded::Serializer::new(String::new());
    encoder.extend_pairs(pairs);
    encoder.finish()
}

/// Returns a boundary that does not occur in the parts.
fn boundary_for(parts: &[FormPart]) -> String {
    let occurs = |boundary: &String| {
        let is_in = |bytes: &[u8]| {
            bytes
                .windows(boundary.len())
                .any(|it| it == boundary.as_bytes())
        };
        parts
            .iter()
            .any(|part| is_in(part.head.as_bytes()) || is_in(&part.body))
    };
    let mut number = 1u64;
    let mut boundary = String::from("bytegate-boundary");
    while occurs(&boundary) {
        number += 1;
        boundary = format!("bytegate-boundary-{number}");
    }
    boundary
}
