//! The cookies of a request (RFC 6265bis section 4.2).

use super::request::Request;
use crate::headers::headers::Headers;
use alloc::borrow::Cow;
use percent_encoding::percent_decode_str;

/// # Cookies
impl<'a> Request<'a> {
    /// Returns the names and values of all cookies, in the order sent.
    ///
    /// Names and values are as the browser sent them: nothing is decoded, and quotes around a value belong to it. Use
    /// [`cookie`](Request::cookie) for a decoded value.
    /// Pairs without a name and pairs that are not UTF-8 are skipped. The limits on the head bound their number.
    ///
    /// ```
    /// use bytegate::Request;
    ///
    /// let request = Request::builder("GET", "/").header("Cookie", "a=1; b=\"2\"; a=3").build()?;
    /// let cookies: Vec<_> = request.cookies().collect();
    /// assert_eq!(cookies, [("a", "1"), ("b", "\"2\""), ("a", "3")]);
    /// # Ok::<(), bytegate::request::InvalidRequest>(())
    /// ```
    pub fn cookies(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        cookie_pairs(self.headers())
    }

    /// Returns the value of the first cookie with the given name. The case matters. If several have the name, browsers
    /// send the one with the longest path first.
    ///
    /// `%` followed by two hexadecimal digits is decoded, as `Response::with_cookie` encodes it. A value that
    /// is not UTF-8 then is returned as it was sent.
    ///
    /// ```
    /// use bytegate::{Gateway, Request};
    ///
    /// let gateway = Gateway::new(|request: &Request| {
    ///     format!("hello {}\n", request.cookie("name").unwrap_or_default())
    /// });
    /// let response = gateway.handle(b"GET / HTTP/1.1\r\nHost: x\r\nCookie: name=Ada%20Lovelace\r\n\r\n");
    /// assert!(response.ends_with(b"hello Ada Lovelace\n"));
    /// ```
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<Cow<'a, str>> {
        let mut cookies = self.cookies();
        let (_, value) = cookies.find(|(other, _)| *other == name)?;
        Some(decode(value))
    }
}

/// Returns the names and values of all cookies as they were sent.
pub(crate) fn cookie_pairs<'a>(
    headers: Headers<'a>,
) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
    let lines = headers.get_all("Cookie");
    let pairs = lines.flat_map(|line| line.split(|&byte| byte == b';'));
    pairs.filter_map(|pair| {
        let (name, value) = core::str::from_utf8(pair).ok()?.split_once('=')?;
        let (name, value) = (trim_text(name), trim_text(value));
        (!name.is_empty()).then_some((name, value))
    })
}

/// Decodes the value of a cookie.
pub(super) fn decode(value: &str) -> Cow<'_, str> {
    let decoded = percent_decode_str(value).decode_utf8();
    decoded.unwrap_or(Cow::Borrowed(value))
}

/// Removes spaces and tabs from both ends.
fn trim_text(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}
