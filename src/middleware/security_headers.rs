//! Headers that tell browsers to be careful.

use super::middleware::Middleware;
use super::request_info::RequestInfo;
use crate::response::response::Response;
use crate::values::scheme::Scheme;
use alloc::borrow::Cow;
use alloc::format;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

const TRANSPORT: &str = "Strict-Transport-Security";
const YEAR: Duration = Duration::from_secs(365 * 86_400);

/// Middleware that adds the headers by which browsers protect users of a site. Headers set by the application are kept.
///
/// | header | default |
/// |---|---|
/// | `X-Content-Type-Options` | `nosniff`: the media type is not guessed |
/// | `Referrer-Policy` | `same-origin`: other sites do not learn which page linked to them |
/// | `X-Frame-Options` | `DENY`: no page is shown in a frame |
/// | `Cross-Origin-Opener-Policy` | `same-origin`: other sites get no handle to the window |
/// | `Strict-Transport-Security` | `max-age=31536000`: only https for a year. Sent only if the scheme of the connection is https (RFC 6797 section 7.2) |
/// | `Content-Security-Policy` | not sent, because it depends on the pages |
///
/// A policy with the directive `frame-ancestors` takes the place of `X-Frame-Options` in browsers that know it.
///
/// ```
/// use bytegate::{Gateway, Request, Response};
/// use bytegate::middleware::SecurityHeaders;
///
/// let headers = SecurityHeaders::new()
///     .header("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'")
///     .without("Cross-Origin-Opener-Policy");
/// let page = |_: &Request| Response::html("<h1>hi</h1>").with_header("Referrer-Policy", "origin");
/// let response = Gateway::new(page).with(headers).handle(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
/// let response = String::from_utf8_lossy(&response);
/// assert!(response.contains("\r\nX-Content-Type-Options: nosniff\r\n"));
/// assert!(response.contains("\r\nReferrer-Policy: origin\r\n") && !response.contains("Opener"));
/// ```
#[doc(alias = "helmet")]
#[derive(Clone)]
#[must_use]
pub struct SecurityHeaders {
    fields: Vec<(Cow<'static, str>, Cow<'static, str>)>,
}

impl SecurityHeaders {
    /// Creates the default set.
    pub fn new() -> SecurityHeaders {
        let fields = [
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "same-origin"),
            ("X-Frame-Options", "DENY"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
        ];
        let fields = fields.map(|(name, value)| (name.into(), value.into()));
        SecurityHeaders {
            fields: Vec::from(fields),
        }
        .https_only_for(YEAR)
    }

    /// Sets a header, in place of the one with the same name. A header that cannot be sent makes every response fail,
    /// as with [`Response::with_header`].
    pub fn header(self, name: &str, value: &str) -> SecurityHeaders {
        let mut kept = self.without(name);
        kept.fields
            .push((Cow::Owned(name.into()), Cow::Owned(value.into())));
        kept
    }

    /// Leaves out a header.
    pub fn without(mut self, name: &str) -> SecurityHeaders {
        self.fields
            .retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self
    }

    /// Sets how long browsers use only https for this host, in whole seconds. Zero makes browsers forget it.
    ///
    /// ```
    /// use bytegate::middleware::SecurityHeaders;
    /// use core::time::Duration;
    ///
    /// let headers = SecurityHeaders::new().https_only_for(Duration::from_secs(3600));
    /// assert!(format!("{headers:?}").contains("max-age=3600"));
    /// ```
    pub fn https_only_for(self, max_age: Duration) -> SecurityHeaders {
        self.header(TRANSPORT, &format!("max-age={}", max_age.as_secs()))
    }
}

impl Default for SecurityHeaders {
    fn default() -> SecurityHeaders {
        SecurityHeaders::new()
    }
}

impl Middleware for SecurityHeaders {
    fn after(&self, request: &RequestInfo<'_>, mut response: Response) -> Response {
        for (name, value) in &self.fields {
            let is_meant =
                request.connection.scheme == Scheme::Https || !name.eq_ignore_ascii_case(TRANSPORT);
            if is_meant && !response.headers().contains(name) {
                response.set_header(name, value.as_bytes());
            }
        }
        response
    }
}

impl fmt::Debug for SecurityHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields = self.fields.iter().map(|(name, value)| (name, value));
        f.debug_map().entries(fields).finish()
    }
}
