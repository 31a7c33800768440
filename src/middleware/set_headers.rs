//! Default headers for all responses of a server, including headers that make browsers stricter.

use super::middleware::Middleware;
use super::request_info::RequestInfo;
use crate::response::response::Response;
use crate::values::scheme::Scheme;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

const TRANSPORT: &str = "Strict-Transport-Security";
const YEAR: Duration = Duration::from_secs(365 * 86_400);

/// Middleware that adds headers to every response that lacks them, including refusals. Headers set by the application
/// are kept.
///
/// `Strict-Transport-Security` is sent only if the scheme of the connection is `https` (RFC 6797 section 7.2).
///
/// ```
/// use bytegate::{Gateway, Request};
/// use bytegate::middleware::SetHeaders;
///
/// let headers = SetHeaders::new().header("Server", "bytegate").header("Referrer-Policy", "no-referrer");
/// let gateway = Gateway::new(|_: &Request| "hello\n").with(headers);
/// assert!(gateway.handle(b"nonsense").windows(18).any(|window| window == b"Server: bytegate\r\n"));
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct SetHeaders {
    headers: Vec<(String, String)>,
}

impl SetHeaders {
    /// Creates a set without headers.
    pub fn new() -> SetHeaders {
        SetHeaders::default()
    }

    /// Creates a set with the headers that make browsers protect the users of a site.
    ///
    /// | header | value |
    /// |---|---|
    /// | `X-Content-Type-Options` | `nosniff`: the media type is not guessed |
    /// | `Referrer-Policy` | `same-origin`: other sites do not learn which page linked to them |
    /// | `X-Frame-Options` | `DENY`: no page is shown in a frame |
    /// | `Cross-Origin-Opener-Policy` | `same-origin`: other sites get no handle to the window |
    /// | `Strict-Transport-Security` | `max-age=31536000`: only HTTPS for a year |
    /// | `Content-Security-Policy` | not sent, because it depends on the pages |
    ///
    /// A policy with the directive `frame-ancestors` takes the place of `X-Frame-Options` in browsers that know it.
    ///
    /// ```
    /// use bytegate::{Gateway, Request, Response};
    /// use bytegate::middleware::SetHeaders;
    ///
    /// let headers = SetHeaders::security()
    ///     .header("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'")
    ///     .without("Cross-Origin-Opener-Policy");
    /// let page = |_: &Request| Response::html("<h1>hi</h1>").with_header("Referrer-Policy", "origin");
    /// let response = Gateway::new(page).with(headers).handle(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    /// let response = String::from_utf8_lossy(&response);
    /// assert!(response.contains("\r\nX-Content-Type-Options: nosniff\r\n"));
    /// assert!(response.contains("\r\nReferrer-Policy: origin\r\n") && !response.contains("Opener"));
    /// ```
    #[doc(alias = "helmet")]
    pub fn security() -> SetHeaders {
        SetHeaders::new()
            .header("X-Content-Type-Options", "nosniff")
            .header("Referrer-Policy", "same-origin")
            .header("X-Frame-Options", "DENY")
            .header("Cross-Origin-Opener-Policy", "same-origin")
            .https_only_for(YEAR)
    }

    /// Sets a header, replacing one with the same name in this set. A header that cannot be sent makes every response
    /// fail, as with [`Response::with_header`].
    pub fn header(self, name: &str, value: &str) -> SetHeaders {
        let mut set = self.without(name);
        set.headers.push((name.into(), value.into()));
        set
    }

    /// Leaves out a header.
    pub fn without(mut self, name: &str) -> SetHeaders {
        self.headers
            .retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self
    }

    /// Sets how long browsers use only HTTPS for this host, in whole seconds. Zero makes browsers forget it.
    ///
    /// ```
    /// use bytegate::middleware::SetHeaders;
    /// use core::time::Duration;
    ///
    /// let headers = SetHeaders::security().https_only_for(Duration::from_secs(3600));
    /// assert!(format!("{headers:?}").contains("max-age=3600"));
    /// ```
    pub fn https_only_for(self, max_age: Duration) -> SetHeaders {
        self.header(TRANSPORT, &format!("max-age={}", max_age.as_secs()))
    }
}

impl Middleware for SetHeaders {
    fn after(&self, request: &RequestInfo<'_>, mut response: Response) -> Response {
        let is_https = request.connection.scheme == Scheme::Https;
        for (name, value) in &self.headers {
            let applies = is_https || !name.eq_ignore_ascii_case(TRANSPORT);
            if applies && !response.headers().contains(name) {
                response.set_header(name, value);
            }
        }
        response
    }
}

impl fmt::Debug for SetHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers = self.headers.iter().map(|(name, value)| (name, value));
        f.debug_map().entries(headers).finish()
    }
}
