//! The Basic authentication scheme (RFC 7617).

use super::middleware::Middleware;
use super::request_parts::RequestParts;
use crate::headers::headers::Headers;
use crate::request::basic_credentials::BasicCredentials;
use crate::response::response::Response;
use crate::values::status::Status;
use crate::values::sync::Arc;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::hint::black_box;

/// Middleware that requires a user name and a password, with the Basic scheme (RFC 7617).
///
/// A request without valid credentials gets a 401 with `WWW-Authenticate`, before its body is read. Other requests get
/// the extension [`AuthenticatedUser`]. Credentials are UTF-8. To protect only some paths, wrap the application mounted
/// there with [`with_middleware`](crate::middleware::with_middleware). In that case, an
/// [`AccessLog`](crate::middleware::AccessLog) of the gateway does not know the user.
///
/// The password is sent with each request, encoded but not encrypted. Use this middleware only over TLS.
///
/// ```
/// use bytegate::{Gateway, Request};
/// use bytegate::middleware::{AuthenticatedUser, BasicAuth};
///
/// let greet = |request: &Request| {
///     let user = request.extensions().get::<AuthenticatedUser>().unwrap();
///     format!("hello {}\n", user.name())
/// };
/// let gateway = Gateway::new(greet).with(BasicAuth::user("staff", "Aladdin", "open sesame"));
/// let response = gateway.handle(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
/// assert!(response.starts_with(b"HTTP/1.1 401 Unauthorized\r\n"));
/// let with_credentials = b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n";
/// assert!(gateway.handle(with_credentials).ends_with(b"hello Aladdin\n"));
/// ```
#[doc(alias = "BasicCredentials")]
#[must_use]
pub struct BasicAuth {
    /// The value of `WWW-Authenticate`.
    challenge: String,
    check: Box<Check>,
}

type Check = dyn Fn(&str, &str) -> bool + Send + Sync;

/// The name of the user who sent a request, attached by [`BasicAuth`] and logged by
/// [`AccessLog`](crate::middleware::AccessLog).
///
/// ```
/// use bytegate::Request;
/// use bytegate::middleware::AuthenticatedUser;
///
/// fn name<'r>(request: &Request<'r>) -> Option<&'r str> {
///     request.extensions().get::<AuthenticatedUser>().map(AuthenticatedUser::name)
/// }
///
/// let request = Request::builder("GET", "/").extension(AuthenticatedUser::new("ada")).build()?;
/// assert_eq!(name(&request.view()).map(str::len), Some(3));
/// # Ok::<(), bytegate::request::InvalidRequest>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AuthenticatedUser(Arc<str>);

impl AuthenticatedUser {
    /// Creates the value for a user, for tests and for middleware with another scheme.
    #[must_use]
    pub fn new(name: &str) -> AuthenticatedUser {
        AuthenticatedUser(name.into())
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl BasicAuth {
    /// Accepts the names and passwords for which `check` returns `true`. Browsers show the realm to the user.
    ///
    /// `check` runs for each request. It must not block for long. Compare secrets in constant time. A realm that cannot
    /// be sent in a header makes every 401 fail, as with [`Response::with_header`].
    ///
    /// ```
    /// use bytegate::{Gateway, Request};
    /// use bytegate::middleware::BasicAuth;
    ///
    /// let authentication = BasicAuth::new("members", |name, password| name.len() == password.len());
    /// let gateway = Gateway::new(|_: &Request| "").with(authentication);
    /// let response = gateway.handle(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    /// let challenge = "\r\nWWW-Authenticate: Basic realm=\"members\", charset=\"UTF-8\"\r\n";
    /// assert!(String::from_utf8_lossy(&response).contains(challenge));
    /// ```
    pub fn new(
        realm: &str,
        check: impl Fn(&str, &str) -> bool + Send + Sync + 'static,
    ) -> BasicAuth {
        let mut challenge = String::from("Basic realm=\"");
        for character in realm.chars() {
            if matches!(character, '"' | '\\') {
                challenge.push('\\');
            }
            challenge.push(character);
        }
        challenge.push_str("\", charset=\"UTF-8\"");
        BasicAuth {
            challenge,
            check: Box::new(check),
        }
    }

    /// Accepts a single user. The time of a comparison does not depend on the secrets.
    pub fn user(realm: &str, name: &str, password: &str) -> BasicAuth {
        BasicAuth::users(realm, [(name, password)])
    }

    /// Accepts several users, each with a name and a password. The time of a comparison does not depend on the secrets: each
    /// request is compared with every user, so that the time does not reveal which names exist.
    ///
    /// ```
    /// use bytegate::{Gateway, Request};
    /// use bytegate::middleware::BasicAuth;
    ///
    /// let authentication = BasicAuth::users("staff", [("Aladdin", "open sesame"), ("Ada", "lovelace")]);
    /// let gateway = Gateway::new(|_: &Request| "hello\n").with(authentication);
    /// let request = b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n";
    /// assert!(gateway.handle(request).ends_with(b"hello\n"));
    /// ```
    pub fn users<N: Into<String>, P: Into<String>>(
        realm: &str,
        users: impl IntoIterator<Item = (N, P)>,
    ) -> BasicAuth {
        let users = users.into_iter();
        let users: Vec<(String, String)> = users
            .map(|(name, password)| (name.into(), password.into()))
            .collect();
        BasicAuth::new(realm, move |given_name, given_password| {
            users.iter().fold(false, |is_one, (name, password)| {
                // Both are always compared.
                is_one | (is_same(name, given_name) & is_same(password, given_password))
            })
        })
    }

    /// Returns the user of a request, or the response that asks for one.
    fn authenticate(&self, headers: Headers<'_>) -> Result<AuthenticatedUser, Response> {
        match BasicCredentials::in_headers(headers) {
            Some(given) if (self.check)(given.user(), given.password()) => {
                Ok(AuthenticatedUser::new(given.user()))
            }
            _ => Err(Response::from(Status::UNAUTHORIZED)
                .with_header("WWW-Authenticate", &self.challenge)),
        }
    }
}

impl Middleware for BasicAuth {
    fn before(&self, request: &mut RequestParts<'_>) -> Option<Response> {
        match self.authenticate(request.head.headers()) {
            Ok(user) => {
                request.extensions.insert(user);
                None
            }
            Err(response) => Some(response),
        }
    }
}

impl fmt::Debug for BasicAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BasicAuth")
            .field("challenge", &self.challenge)
            .finish_non_exhaustive()
    }
}

/// Compares a text with a secret, without stopping at the first difference. Only the length of `given` affects the
/// time.
fn is_same(secret: &str, given: &str) -> bool {
    let (secret, given) = (secret.as_bytes(), given.as_bytes());
    let mut difference = secret.len() ^ given.len();
    for (&byte, &expected) in given.iter().zip(secret.iter().chain(&[0]).cycle()) {
        difference |= usize::from(byte ^ expected);
        // Keeps the compiler from leaving the loop early.
        difference = black_box(difference);
    }
    difference == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_equal_strings_match() {
        let texts = ["", "a", "b", "ab", "aba", "abab", "\0", "a\0", "a\0a"];
        for (place, secret) in texts.iter().enumerate() {
            for (other, given) in texts.iter().enumerate() {
                assert_eq!(
                    is_same(secret, given),
                    place == other,
                    "{secret:?} {given:?}"
                );
            }
        }
    }
}
