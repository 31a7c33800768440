//! Cookies that a client can read but not change.

use super::cookies::{cookie_pairs, decode};
use super::request::Request;
use crate::headers::headers::Headers;
use crate::response::response::Response;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use cookie::{Cookie, CookieJar, Key};

/// # Signed cookies
impl Request<'_> {
    /// Returns the value of a cookie that [`with_signed_cookie`](Response::with_signed_cookie) set, without its
    /// signature (feature `signed-cookies`). Returns `None` without such a cookie, or if the signature does not match
    /// the key, the name and the value. If several cookies have the name, the first that matches counts, so that
    /// another program on the same host cannot hide it.
    ///
    /// A signature never expires. To limit its lifetime, put a time into the value and compare it with
    /// [`now`](Request::now).
    ///
    /// ```
    /// use bytegate::{Gateway, Request, Response, Router, cookie::Key};
    ///
    /// let key = Key::from(&[7; 64]); // In production: 64 secret random bytes.
    /// let for_login = key.clone();
    /// let gateway = Gateway::new(
    ///     Router::new()
    ///         .post("/login", move |request: &Request| {
    ///             let cookie = request.session_cookie("user", "ada");
    ///             Response::text("welcome\n").with_signed_cookie(&for_login, cookie)
    ///         })
    ///         .get("/", move |request: &Request| {
    ///             request.signed_cookie(&key, "user").unwrap_or("nobody".to_string())
    ///         }),
    /// );
    /// let response = gateway.handle(b"POST /login HTTP/1.1\r\nHost: x\r\n\r\n");
    /// let text = std::str::from_utf8(&response).unwrap();
    /// let (_, cookie) = text.split_once("Set-Cookie: ").unwrap();
    /// let (cookie, _) = cookie.split_once(';').unwrap();
    /// let ask = |cookie: &str| {
    ///     gateway.handle(format!("GET / HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n\r\n").as_bytes())
    /// };
    /// assert!(ask(cookie).ends_with(b"\r\n\r\nada"));
    /// assert!(ask(&cookie.replace("ada", "bob")).ends_with(b"\r\n\r\nnobody"));
    /// ```
    #[must_use]
    pub fn signed_cookie(&self, key: &Key, name: &str) -> Option<String> {
        verified(self.headers(), key, name)
    }
}

impl Response {
    /// Sets a cookie with a signature and returns the response (feature `signed-cookies`). See
    /// [`signed_cookie`](Request::signed_cookie) for an example. The value is encoded as by
    /// [`with_cookie`](Response::with_cookie). The client can read the value.
    ///
    /// The signature is an HMAC-SHA256 of the name and the value, so a value that was signed for one cookie is not
    /// valid for another.
    pub fn with_signed_cookie<'c>(self, key: &Key, cookie: impl Into<Cookie<'c>>) -> Response {
        self.with_cookie(signed(key, cookie.into()))
    }
}

/// Returns the value of the first cookie with the given name whose signature matches.
pub(crate) fn verified(headers: Headers<'_>, key: &Key, name: &str) -> Option<String> {
    let jar = CookieJar::new();
    let jar = jar.signed(key);
    let mut named = cookie_pairs(headers).filter(|(other, _)| *other == name);
    named.find_map(|(name, value)| {
        let cookie = Cookie::new(name, decode(value)).into_owned();
        let cookie = jar.verify(cookie)?;
        let value = cookie.value().strip_prefix(name)?.strip_prefix('=')?;
        Some(value.to_owned())
    })
}

/// Returns a cookie with a signature of its name and its value.
pub(crate) fn signed(key: &Key, cookie: Cookie<'_>) -> Cookie<'static> {
    let mut cookie = cookie.into_owned();
    // The crate signs the value alone.
    let text = format!("{}={}", cookie.name(), cookie.value());
    cookie.set_value(text);
    let mut jar = CookieJar::new();
    jar.signed_mut(key).add(cookie.clone());
    jar.get(cookie.name()).cloned().unwrap_or(cookie)
}
