//! Responses as a client sees them.

use super::exchange::{Exchange, Exchanged};
use crate::headers::headers::Headers;
use crate::values::status::Status;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// A response that a [`Client`](super::Client) received. It was read from bytes, with every rule of framing checked.
///
/// ```
/// use bytegate::testing::Client;
/// use bytegate::{Request, Status};
///
/// let client = Client::new(|_: &Request| "hello\n");
/// let response = client.get("/").send();
/// assert_eq!(response.status(), Status::OK);
/// assert_eq!(response.header("content-type"), Some("text/plain; charset=utf-8"));
/// assert_eq!(response.text(), "hello\n");
/// assert!(response.raw().starts_with(b"HTTP/1.1 200 OK\r\n"));
/// ```
#[derive(Clone)]
pub struct ClientResponse {
    head: ResponseHead,
    interim: Vec<Status>,
    body: Vec<u8>,
    raw: Vec<u8>,
    /// The bytes of the request, for the text of the exchange.
    pub(super) request: Vec<u8>,
}

/// A status line with its headers.
#[derive(Clone, Debug)]
pub(super) struct ResponseHead {
    pub(super) status: Status,
    pub(super) reason: String,
    /// Its valid lines.
    pub(super) lines: Vec<u8>,
}

impl ClientResponse {
    pub(super) fn new(
        head: ResponseHead,
        interim: Vec<Status>,
        body: Vec<u8>,
        raw: &[u8],
    ) -> ClientResponse {
        ClientResponse {
            head,
            interim,
            body,
            raw: raw.to_vec(),
            request: Vec::new(),
        }
    }

    /// Returns the status.
    #[must_use]
    pub fn status(&self) -> Status {
        self.head.status
    }

    /// Returns the reason phrase.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.head.reason
    }

    /// Returns the statuses of the interim responses before this one, such as 100.
    #[must_use]
    pub fn interim(&self) -> &[Status] {
        &self.interim
    }

    /// Returns the value of the first header with this name, or `None` if there is none or it is not UTF-8.
    #[doc(alias = "field")]
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers().get(name)
    }

    /// Returns all headers, in order.
    #[doc(alias = "fields")]
    #[must_use]
    pub fn headers(&self) -> Headers<'_> {
        self.head.headers()
    }

    /// Returns the body, without its framing.
    #[doc(alias = "content")]
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Returns the body as text.
    ///
    /// # Panics
    /// Panics if the body is not UTF-8.
    #[track_caller]
    #[must_use]
    pub fn text(&self) -> &str {
        match core::str::from_utf8(&self.body) {
            Ok(text) => text,
            Err(error) => panic!("the body is not text: {error}"),
        }
    }

    /// Returns the body, decoded as JSON.
    ///
    /// # Panics
    /// Panics if the body is not JSON for this type.
    #[cfg(feature = "json")]
    #[track_caller]
    #[must_use]
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> T {
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!(
                "the body is not JSON for this type: {error}\n{}",
                self.exchange()
            ),
        }
    }

    /// Returns whether the connection closes after this response.
    #[must_use]
    pub fn closes(&self) -> bool {
        self.header("Connection")
            .is_some_and(|options| options.eq_ignore_ascii_case("close"))
    }

    /// Returns the bytes as they were sent, with interim responses and framing.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// Returns the request and this response as text, for snapshots.
    #[must_use]
    pub fn exchange(&self) -> Exchange<'_> {
        Exchange::new(Exchanged {
            request: &self.request,
            interim: &self.interim,
            response: &self.raw,
            body: &self.body,
        })
    }
}

impl ResponseHead {
    pub(super) fn headers(&self) -> Headers<'_> {
        Headers::from_valid(&self.lines)
    }
}

impl fmt::Debug for ClientResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.exchange())
    }
}
