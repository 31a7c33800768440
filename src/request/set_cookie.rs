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
    /// A cookie that no browser keeps is sent, and reported to [`Gateway::on_error`](crate::Gateway::on_error): a name and
    /// a value of more than 4096 bytes, a path or a domain of more than 1024; `__Secure-`, `__Host-`, `SameSite=None` or
    /// `Partitioned` without `Secure`; and `__Host-` with a domain, or with another path than `/`.
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
        let cookie = cookie.into();
        let discarded = discarded(&cookie);
        match set_cookie(cookie) {
            Ok(value) => {
                let discarded = discarded.or_else(|| too_long(&value));
                self.note(discarded.map(ResponseError::other));
                self.append_header("Set-Cookie", value);
            }
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

/// Returns the reason why browsers discard a cookie with these attributes (RFC 6265bis sections 5.6 and 5.7).
fn discarded(cookie: &Cookie<'_>) -> Option<String> {
    let has_prefix = |prefix: &str| {
        let start = cookie.name().get(..prefix.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    let is_secure = cookie.secure() == Some(true);
    let is_long = |text: Option<&str>| text.is_some_and(|text| text.len() > 1024);
    let reason = if has_prefix("__Host-") && !is_secure {
        "__Host- needs Secure"
    } else if has_prefix("__Host-") && (cookie.domain().is_some() || cookie.path() != Some("/")) {
        "__Host- needs the path /, and no domain"
    } else if has_prefix("__Secure-") && !is_secure {
        "__Secure- needs Secure"
    } else if cookie.same_site() == Some(SameSite::None) && cookie.secure() == Some(false) {
        "SameSite=None needs Secure"
    } else if cookie.partitioned() == Some(true) && cookie.secure() == Some(false) {
        "Partitioned needs Secure"
    } else if is_long(cookie.path()) || is_long(cookie.domain()) {
        "the path and the domain have at most 1024 bytes"
    } else {
        return None;
    };
    Some(format!(
        "no browser keeps the cookie {:?}: {reason} (RFC 6265bis section 5.7)",
        cookie.name()
    ))
}

/// Returns the reason why browsers discard a cookie with a long name and value, as they are sent.
fn too_long(sent: &str) -> Option<String> {
    // Without the equals sign.
    const MOST_BYTES: usize = 4096;
    let pair = sent.split(';').next().unwrap_or_default();
    let (name, _) = pair.split_once('=')?;
    let bytes = pair.len() - 1;
    (bytes > MOST_BYTES).then(|| {
        format!(
            "no browser keeps the cookie {name:?}: its name and value have {bytes} bytes, and not {MOST_BYTES} at most \
             (RFC 6265bis section 5.7)"
        )
    })
}

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
