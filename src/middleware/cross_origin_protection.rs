//! Protection against requests that pages of other sites make browsers send.

use super::middleware::Middleware;
use super::origin::listed_origins;
use super::request_parts::RequestParts;
use crate::headers::headers::Headers;
use crate::message::head::Head;
use crate::response::response::Response;
use crate::syntax::authority::Authority;
use crate::values::method::Method;
use crate::values::status::Status;
use alloc::string::String;
use alloc::vec::Vec;

/// Middleware against cross-site request forgery (CSRF). It refuses requests with which a page of another site could
/// change something on behalf of the user. Forms need no tokens.
///
/// Browsers state the origin of a request, which pages cannot forge. These rules apply in order:
///
/// 1. GET, HEAD and OPTIONS pass. They must not change anything (RFC 9110 section 9.2.1).
/// 2. With `Sec-Fetch-Site`, `same-origin` and `none` pass. So does a request of a [trusted
///    origin](CrossOriginProtection::trusted_origins).
/// 3. Without it, `Origin` must have the host and the port of the request, or be trusted. Over plain HTTP to another machine,
///    browsers send only `Origin`.
/// 4. With neither header, the request passes: it does not come from a browser.
///
/// Anything else gets a 403, before its body is read. Forms by which other sites log users in are refused as well.
/// The origin is compared with the host that the request names. On a server without a reverse proxy, combine this
/// middleware with [`AllowedHosts`](crate::middleware::AllowedHosts). A proxy must pass on `Host`, or name the host to
/// [`ForwardedHeaders`](crate::middleware::ForwardedHeaders::host).
///
/// ```
/// use bytegate::{Gateway, Request};
/// use bytegate::middleware::CrossOriginProtection;
///
/// let gateway = Gateway::new(|_: &Request| "done\n").with(CrossOriginProtection::new());
/// let post = |headers: &str| {
///     let request = format!("POST / HTTP/1.1\r\nHost: example.com\r\n{headers}\r\n");
///     gateway.handle(request.as_bytes())
/// };
/// assert!(post("Sec-Fetch-Site: same-origin\r\n").starts_with(b"HTTP/1.1 200 "));
/// assert!(post("Sec-Fetch-Site: cross-site\r\n").starts_with(b"HTTP/1.1 403 "));
/// assert!(post("Origin: https://example.com\r\n").starts_with(b"HTTP/1.1 200 "));
/// assert!(post("Origin: https://evil.example\r\n").starts_with(b"HTTP/1.1 403 "));
/// assert!(post("User-Agent: curl\r\n").starts_with(b"HTTP/1.1 200 "));
/// ```
#[doc(alias = "CSRF")]
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct CrossOriginProtection {
    trusted: Vec<String>,
}

impl CrossOriginProtection {
    /// Creates the middleware. Only pages of the same origin can change something.
    pub fn new() -> CrossOriginProtection {
        CrossOriginProtection::default()
    }

    /// Lets pages of these origins change something too. The list replaces any earlier one. An origin is written as
    /// browsers send it, as for [`Cors`](crate::middleware::Cors::origins), which decides which responses these pages
    /// can read.
    ///
    /// ```
    /// use bytegate::{Gateway, Request};
    /// use bytegate::middleware::CrossOriginProtection;
    ///
    /// let protection = CrossOriginProtection::new().trusted_origins(["https://shop.example"]);
    /// let gateway = Gateway::new(|_: &Request| "done\n").with(protection);
    /// let response = gateway.handle(
    ///     b"POST / HTTP/1.1\r\nHost: pay.example\r\nOrigin: https://shop.example\r\nSec-Fetch-Site: cross-site\r\n\r\n",
    /// );
    /// assert!(response.ends_with(b"\r\n\r\ndone\n"));
    /// ```
    ///
    /// # Panics
    /// Panics if a text is not an origin as browsers send it, because it would never match.
    #[track_caller]
    pub fn trusted_origins(
        mut self,
        origins: impl IntoIterator<Item: AsRef<str>>,
    ) -> CrossOriginProtection {
        self.trusted = listed_origins(origins);
        self
    }

    fn passes(&self, head: &Head<'_>) -> bool {
        if matches!(head.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
            return true;
        }
        let origin = Value::of(head.headers(), "Origin");
        let is_trusted = || match origin {
            Value::One(origin) => self.trusted.iter().any(|other| other.as_bytes() == origin),
            Value::None | Value::Several => false,
        };
        match (Value::of(head.headers(), "Sec-Fetch-Site"), origin) {
            (Value::One(b"same-origin" | b"none"), _) | (Value::None, Value::None) => true,
            (Value::None, Value::One(origin)) => is_own(origin, head.authority()) || is_trusted(),
            (Value::One(_) | Value::Several, _) | (Value::None, Value::Several) => is_trusted(),
        }
    }
}

impl Middleware for CrossOriginProtection {
    fn before(&self, request: &mut RequestParts<'_>) -> Option<Response> {
        let sentence = "a page of another site must not send this request";
        (!self.passes(&request.head)).then(|| Response::explained(Status::FORBIDDEN, sentence))
    }
}

/// The value of a header that must not be repeated.
#[derive(Clone, Copy)]
enum Value<'a> {
    None,
    One(&'a [u8]),
    Several,
}

impl<'a> Value<'a> {
    fn of(headers: Headers<'a>, name: &str) -> Value<'a> {
        let mut values = headers.get_all(name);
        match (values.next(), values.next()) {
            (None, _) => Value::None,
            (Some(value), None) => Value::One(value),
            (Some(_), Some(_)) => Value::Several,
        }
    }
}

/// Returns whether an origin has the host and the port that a request names. The scheme is not compared: it is unknown
/// if a proxy terminates TLS.
fn is_own(origin: &[u8], host: Option<Authority<'_>>) -> bool {
    let parsed = core::str::from_utf8(origin)
        .ok()
        .and_then(|origin| origin.split_once("://"))
        .and_then(|(scheme, authority)| Some((scheme, Authority::parse(authority)?)));
    let (Some((scheme, origin)), Some(host)) = (parsed, host) else {
        return false;
    };
    let default = match scheme {
        "http" => 80,
        "https" => 443,
        _ => return false,
    };
    let port = |authority: Authority<'_>| authority.port.unwrap_or(default);
    origin.same_host(&host) && port(origin) == port(host)
}
