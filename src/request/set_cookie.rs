//! Cookies that a response sets (RFC 6265bis section 4.1), made with the crate `cookie`.

use super::request::Request;
use crate::response::response::{Response, ResponseError};
use crate::syntax::byte_class::TOKEN;
use crate::values::scheme::Scheme;
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use cookie::time::{Duration, OffsetDateTime};
use cookie::{Cookie, SameSite};
use core::fmt::Write;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// # Cookies to set
impl Request<'_> {
    /// Creates a cookie that lasts as long as the browser is open (feature `cookies`).
    ///
    /// Scripts cannot read it (`HttpOnly`). Other sites cannot send it with a POST (`SameSite=Lax`). It applies to the
    /// whole site (`Path=/`). If the request came over HTTPS, it is never sent without encryption (`Secure`).
    ///
    /// ```
    /// use bytegate::{Gateway, Request, Response};
    ///
    /// let gateway = Gateway::new(|request: &Request| {
    ///     Response::see_other("/").with_cookie(request.session_cookie("session", "8f2c"))
    /// });
    /// let response = gateway.handle(b"POST /login HTTP/1.1\r\nHost: x\r\n\r\n");
    /// let text = std::str::from_utf8(&response).unwrap();
    /// assert!(text.contains("Set-Cookie: session=8f2c; HttpOnly; SameSite=Lax; Path=/\r\n"));
    /// ```
    pub fn session_cookie<'c>(
        &self,
        name: impl Into<Cow<'c, str>>,
        value: impl Into<Cow<'c, str>>,
    ) -> Cookie<'c> {
        Cookie::build((name, value))
            .http_only(true)
            .same_site(SameSite::Lax)
            .path("/")
            .secure(self.scheme() == Scheme::Https)
            .build()
    }
}

impl Response {
    /// Sets a cookie and returns the response (feature `cookies`).
    ///
    /// The name must be a token, otherwise the response fails. The value can be any text. Characters that a cookie cannot
    /// hold, and `%`, are percent-encoded in UTF-8, and [`Request::cookie`] decodes them. Those are spaces, quotes, commas,
    /// semicolons, backslashes, control characters and non-ASCII characters (RFC 6265 section 4.1.1).
    ///
    /// ```
    /// use bytegate::Response;
    /// use bytegate::cookie::{Cookie, time::Duration};
    ///
    /// let theme = Cookie::build(("theme", "dark")).path("/").max_age(Duration::days(90));
    /// let response = Response::text("saved\n").with_cookie(theme);
    /// assert_eq!(
    ///     response.headers().get("Set-Cookie"),
    ///     Some("theme=dark; Path=/; Max-Age=7776000")
    /// );
    /// let name = Response::text("").with_cookie(("name", "Jos\u{e9}; Path=/"));
    /// assert_eq!(name.headers().get("Set-Cookie"), Some("name=Jos%C3%A9%3B%20Path=/"));
    /// ```
    pub fn with_cookie<'c>(mut self, cookie: impl Into<Cookie<'c>>) -> Response {
        match set_cookie(cookie.into()) {
            Ok(value) => self.append_header("Set-Cookie", value),
            Err(reason) => self.fail(ResponseError::other(reason)),
        }
        self
    }

    /// Tells the browser to discard a cookie and returns the response (feature `cookies`). The path and the domain must
    /// be the same as when it was set. The path defaults to `/`, as in [`session_cookie`](Request::session_cookie). A
    /// name that begins with `__Host-` or `__Secure-` needs `Secure` here as well.
    ///
    /// ```
    /// use bytegate::Response;
    ///
    /// let response = Response::see_other("/").with_removed_cookie("session");
    /// assert_eq!(
    ///     response.headers().get("Set-Cookie"),
    ///     Some("session=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT")
    /// );
    /// ```
    pub fn with_removed_cookie<'c>(self, cookie: impl Into<Cookie<'c>>) -> Response {
        let mut cookie = cookie.into();
        cookie.set_value("");
        cookie.set_max_age(Duration::ZERO);
        // A fixed date, because time is an argument here.
        cookie.set_expires(OffsetDateTime::UNIX_EPOCH);
        if cookie.path().is_none() {
            cookie.set_path("/");
        }
        self.with_cookie(cookie)
    }
}

/// The ASCII characters that are not cookie octets (RFC 6265 section 4.1.1), and the percent sign.
const ENCODED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b',')
    .add(b';')
    .add(b'\\')
    .add(b'%');

/// Returns the header value, or the reason why the cookie cannot be sent. The crate `cookie` writes any text.
fn set_cookie(mut cookie: Cookie<'_>) -> Result<String, String> {
    let value = match Cow::from(utf8_percent_encode(cookie.value(), ENCODED)) {
        Cow::Borrowed(_) => None,
        Cow::Owned(encoded) => Some(encoded),
    };
    if let Some(value) = value {
        cookie.set_value(value);
    }
    let name = cookie.name();
    let reason = if name.is_empty() || !TOKEN.all(name.as_bytes()) {
        "the name must be a token"
    } else if [cookie.path(), cookie.domain()]
        .iter()
        .flatten()
        .any(|text| text.contains(';'))
    {
        "the path and the domain must not contain a semicolon"
    } else {
        let mut text = String::new();
        match write!(text, "{cookie}") {
            Ok(()) => return Ok(text),
            Err(_) => "the date of expiry cannot be written",
        }
    };
    Err(format!(
        "cookie {name:?}: {reason} (RFC 6265bis section 4.1.1)"
    ))
}
