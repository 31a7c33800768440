//! Credentials in the header `Authorization` (RFC 9110 section 11.6.2).

use super::request::Request;
use crate::headers::headers::Headers;
use crate::request::base64;
use crate::syntax::byte_class::trim_start;
use alloc::string::String;
use core::fmt;

/// A name and a password, as a client sends them with the scheme Basic (RFC 7617).
///
/// They are sent in plain text, so use them only over TLS. Verify passwords with a password-hashing function.
///
/// ```
/// use bytegate::{Gateway, Rejection, Request};
///
/// fn greet(request: &Request) -> Result<String, Rejection> {
///     match request.basic_auth() {
///         Some(auth) if auth.user() == "Aladdin" && auth.password() == "open sesame" => {
///             Ok(format!("hello {}\n", auth.user()))
///         }
///         _ => Err(Rejection::unauthorized("Basic realm=\"cave\"", "say the words")),
///     }
/// }
///
/// let gateway = Gateway::new(greet);
/// let response = gateway.handle(
///     b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n",
/// );
/// assert!(response.ends_with(b"hello Aladdin\n"));
/// let response = gateway.handle(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
/// assert!(response.starts_with(b"HTTP/1.1 401 Unauthorized\r\n"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct BasicCredentials {
    /// `user-id ":" password`
    text: String,
    colon: usize,
}

/// # Credentials
impl<'a> Request<'a> {
    /// Returns the name and the password that were sent with the scheme Basic (RFC 7617). Returns `None` if there are
    /// none, or if they are malformed: not base64, not UTF-8, without a colon, with control characters, or in one of
    /// several `Authorization` headers. Respond to all of these with a [401](crate::Rejection::unauthorized).
    #[must_use]
    pub fn basic_auth(&self) -> Option<BasicCredentials> {
        BasicCredentials::in_headers(self.headers())
    }

    /// Returns the token that was sent with the scheme Bearer (RFC 6750 section 2.1). Returns `None` if there is none,
    /// or if it is malformed or in one of several `Authorization` headers.
    ///
    /// ```
    /// use bytegate::Request;
    ///
    /// let request = Request::builder("GET", "/").header("Authorization", "Bearer mF_9.B5f-4.1JqM").build()?;
    /// assert_eq!(request.bearer_token(), Some("mF_9.B5f-4.1JqM"));
    /// # Ok::<(), bytegate::request::InvalidRequest>(())
    /// ```
    #[must_use]
    pub fn bearer_token(&self) -> Option<&'a str> {
        let token = core::str::from_utf8(credentials(self.headers(), "Bearer")?).ok()?;
        let digits = token.trim_end_matches('=');
        let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
        (!digits.is_empty() && digits.bytes().all(is_digit)).then_some(token)
    }
}

impl BasicCredentials {
    /// Reads the credentials of a request from its headers.
    pub(crate) fn in_headers(headers: Headers<'_>) -> Option<BasicCredentials> {
        let text = base64::decode(credentials(headers, "Basic")?)?;
        let text = String::from_utf8(text).ok()?;
        let colon = text.find(':')?;
        let is_plain = !text.chars().any(char::is_control);
        is_plain.then_some(BasicCredentials { text, colon })
    }

    /// Returns the name, which contains no colon.
    #[must_use]
    pub fn user(&self) -> &str {
        self.text.get(..self.colon).unwrap_or_default()
    }

    /// Returns the password.
    #[must_use]
    pub fn password(&self) -> &str {
        self.text.get(self.colon + 1..).unwrap_or_default()
    }
}

/// Returns the credentials after the name of an authentication scheme, ignoring its case. Returns `None` for another
/// scheme, and for a repeated header.
fn credentials<'a>(headers: Headers<'a>, scheme: &str) -> Option<&'a [u8]> {
    let mut values = headers.get_all("Authorization");
    let (value, None) = (values.next()?, values.next()) else {
        return None;
    };
    let (name, rest) = value.split_at_checked(scheme.len())?;
    let is_scheme = name.eq_ignore_ascii_case(scheme.as_bytes()) && rest.starts_with(b" ");
    is_scheme.then_some(trim_start(rest))
}

impl fmt::Debug for BasicCredentials {
    /// Omits the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BasicCredentials")
            .field("user", &self.user())
            .finish_non_exhaustive()
    }
}
