//! Sessions in signed cookies.

use super::list_headers::add_vary;
use super::middleware::Middleware;
use super::request_info::RequestInfo;
use super::request_parts::RequestParts;
use crate::request::base64;
use crate::request::cookie_session::CookieSession;
use crate::request::cookies::cookie_pairs;
use crate::request::signed_cookie::{signed, verified};
use crate::response::response::{Response, ResponseError};
use crate::values::now::Now;
use crate::values::scheme::Scheme;
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use cookie::{Cookie, Key, SameSite, time};
use core::fmt;
use core::time::Duration;

/// The maximum size of the name and the value of a cookie that browsers keep, in bytes (RFC 6265bis section 5.7).
const MOST_BYTES: usize = 4096;

/// Middleware that keeps a [session](CookieSession) for each client, in a signed cookie (feature `signed-cookies`).
///
/// Handlers read and change it with [`Request::session`](crate::Request::session). The client can read the session, but
/// not change it: a cookie that was changed, cut, signed with another key, or that has expired, is ignored, and the session
/// is empty.
///
/// The server stores nothing, so a session goes on after a restart, and on several servers with the same key. For the same
/// reason it cannot end a single session: a copy of the cookie stays valid until it expires, also after a log-out. A new key
/// ends all sessions.
///
/// The cookie has `HttpOnly`, `SameSite=Lax` and `Path=/`. Its name is `session`. Over HTTPS it is `__Host-session`, which
/// no other host can set, with `Secure`. It is sent when the session has changed, and again if a handler uses the session
/// after half of the [lifetime](Sessions::max_age), or if its key is [old](Sessions::old_key). An empty session removes it.
/// The response of a handler that used the session has `Vary: Cookie`, and `Cache-Control: private` unless it has a
/// `Cache-Control`.
///
/// Changes are dropped if the status of the response is 500 or more. A session that does not fit in a cookie of 4096 bytes
/// makes the response fail: the client gets a 500, and [`on_error`](crate::Gateway::on_error) gets the size. About 3000
/// bytes of text fit. Changes after the response is ready, such as while its body is streamed, are lost.
///
/// Add it inside of [`CrossOriginProtection`](crate::middleware::CrossOriginProtection). A request has one session: to have
/// it only on some paths, wrap them with [`with_middleware`](crate::middleware::with_middleware()).
///
/// ```
/// use bytegate::middleware::{CrossOriginProtection, Sessions};
/// use bytegate::testing::Client;
/// use bytegate::{Gateway, Rejection, Request, Response, Router, cookie::Key};
///
/// fn page(request: &Request) -> Result<String, Rejection> {
///     let user = request.session()?.get("user");
///     Ok(format!("hello {}\n", user.unwrap_or("stranger".to_string())))
/// }
///
/// fn login(request: &Request) -> Result<Response, Rejection> {
///     let name = request.form()?.get("name").unwrap_or_default().into_owned();
///     request.session()?.set("user", name);
///     Ok(Response::see_other("/"))
/// }
///
/// fn logout(request: &Request) -> Result<Response, Rejection> {
///     request.session()?.clear();
///     Ok(Response::see_other("/"))
/// }
///
/// let router = Router::new().get("/", page).post("/login", login).post("/logout", logout);
/// let key = Key::from(&[7; 64]); // In production: 64 secret random bytes.
/// let gateway = Gateway::new(router).with(Sessions::new(key)).with(CrossOriginProtection::new());
///
/// let client = Client::new(gateway);
/// assert_eq!(client.get("/").text(), "hello stranger\n");
/// let form = [("name", "Ada Lovelace")];
/// assert_eq!(client.post("/login").form(&form).follow_redirects().text(), "hello Ada Lovelace\n");
/// assert_eq!(client.post("/logout").follow_redirects().text(), "hello stranger\n");
/// ```
#[must_use]
pub struct Sessions {
    /// The first one signs, and all of them verify.
    keys: Vec<Key>,
    name: Option<Cow<'static, str>>,
    max_age: Duration,
}

/// How a session arrived, attached for `after`.
#[derive(Clone, Copy)]
struct Arrival {
    /// Whether the request had a cookie with the name, valid or not.
    had_cookie: bool,
    /// Whether the cookie has to be sent again, if the session is used.
    is_due: bool,
}

impl Sessions {
    /// Creates the middleware. The key has 64 secret random bytes: [`Key::try_from`](cookie::Key) makes it from the bytes
    /// of a file. With `Key::generate()`, all sessions end when the program does.
    pub fn new(key: Key) -> Sessions {
        Sessions {
            keys: vec![key],
            name: None,
            max_age: Duration::from_secs(14 * 24 * 60 * 60),
        }
    }

    /// Also accepts sessions that were signed with an old key. They are signed with the new one when they are used. Remove
    /// the old key after the lifetime of a session.
    ///
    /// ```
    /// use bytegate::middleware::Sessions;
    /// use bytegate::cookie::Key;
    ///
    /// let (new, old) = (Key::generate(), Key::generate());
    /// let sessions = Sessions::new(new).old_key(old);
    /// ```
    pub fn old_key(mut self, key: Key) -> Sessions {
        self.keys.push(key);
        self
    }

    /// Sets the name of the cookie, over HTTP and HTTPS. A name that is not a token makes each response that sets the cookie
    /// fail. The default is `session`, and `__Host-session` over HTTPS.
    pub fn cookie_name(mut self, name: impl Into<Cow<'static, str>>) -> Sessions {
        self.name = Some(name.into());
        self
    }

    /// Sets the lifetime of a session, in whole seconds. It begins anew whenever the cookie is sent. The default is 14 days.
    ///
    /// The server checks it with the time of the request, and the browser gets it as `Max-Age`. Without a wall-clock time
    /// ([`Now::wall`]), the monotonic time counts. If that begins at zero when the program starts, a session lasts longer
    /// after a restart.
    ///
    /// ```
    /// use bytegate::cookie::Key;
    /// use bytegate::middleware::Sessions;
    /// use bytegate::testing::Client;
    /// use bytegate::{Gateway, Rejection, Request};
    /// use std::time::Duration;
    ///
    /// fn is_new(request: &Request) -> Result<String, Rejection> {
    ///     let session = request.session()?;
    ///     let is_new = session.get("known").is_none();
    ///     session.set("known", "yes");
    ///     Ok(is_new.to_string())
    /// }
    ///
    /// let sessions = Sessions::new(Key::generate()).max_age(Duration::from_secs(60 * 60));
    /// let client = Client::new(Gateway::new(is_new).with(sessions));
    /// assert_eq!(client.get("/").text(), "true");
    /// assert_eq!(client.get("/").text(), "false");
    /// client.advance(Duration::from_secs(60 * 60));
    /// assert_eq!(client.get("/").text(), "true");
    /// ```
    pub fn max_age(mut self, max_age: Duration) -> Sessions {
        self.max_age = max_age;
        self
    }

    fn name(&self, scheme: Scheme) -> &str {
        match (&self.name, scheme) {
            (Some(name), _) => name,
            (None, Scheme::Https) => "__Host-session",
            (None, _) => "session",
        }
    }

    /// Returns the session in a request, if it is valid, and whether its cookie should be sent again.
    fn read(&self, request: &RequestParts<'_>, name: &str) -> Option<(CookieSession, bool)> {
        let headers = request.head.headers();
        let mut values = self.keys.iter().enumerate().filter_map(|(place, key)| {
            let value = verified(headers, key, name)?;
            Some((place > 0, value))
        });
        let (is_old, value) = values.next()?;
        let (session, sent) = CookieSession::decode(&base64::decode(value.as_bytes())?)?;
        // The clock of another server may be ahead.
        let age = seconds(request.now).saturating_sub(sent);
        let is_valid = age < self.max_age;
        is_valid.then_some((session, is_old || age >= self.max_age / 2))
    }

    /// Sets the cookie, or makes the response fail.
    fn send(
        &self,
        request: &RequestInfo<'_>,
        session: &CookieSession,
        mut response: Response,
    ) -> Response {
        let value = base64::encode(&session.encode(seconds(request.now)));
        let mut cookie = self.cookie(request.connection.scheme, value);
        let max_age = i64::try_from(self.max_age.as_secs()).unwrap_or(i64::MAX);
        cookie.set_max_age(time::Duration::seconds(max_age));
        let cookie = signed(&self.keys[0], cookie);
        let bytes = cookie.name().len() + cookie.value().len();
        if bytes > MOST_BYTES {
            let error = format!(
                "the session is too long: its cookie {:?} has {bytes} bytes, and browsers keep {MOST_BYTES} at most \
                 (RFC 6265bis section 5.7)",
                cookie.name()
            );
            response.fail(ResponseError::other(error));
            return response;
        }
        response.with_cookie(cookie)
    }

    fn cookie(&self, scheme: Scheme, value: String) -> Cookie<'static> {
        Cookie::build((self.name(scheme).to_string(), value))
            .http_only(true)
            .same_site(SameSite::Lax)
            .path("/")
            .secure(scheme == Scheme::Https)
            .build()
    }
}

impl Middleware for Sessions {
    fn before(&self, request: &mut RequestParts<'_>) -> Option<Response> {
        let name = self.name(request.connection.scheme);
        let had_cookie = cookie_pairs(request.head.headers()).any(|(other, _)| other == name);
        let read = had_cookie.then(|| self.read(request, name)).flatten();
        let (session, is_due) = read.unwrap_or_default();
        request.extensions.insert(session);
        request.extensions.insert(Arrival { had_cookie, is_due });
        None
    }

    fn after(&self, request: &RequestInfo<'_>, mut response: Response) -> Response {
        let extensions = request.extensions;
        let (Some(session), Some(arrival)) = (
            extensions.get::<CookieSession>(),
            extensions.get::<Arrival>(),
        ) else {
            return response;
        };
        let has_changed = session.has_changed();
        if !has_changed && !session.is_used() {
            return response;
        }
        let is_kept = response.sent_status().code() < 500;
        if is_kept && !session.is_empty() && (has_changed || arrival.is_due) {
            response = self.send(request, session, response);
        } else if is_kept && session.is_empty() && has_changed && arrival.had_cookie {
            let cookie = self.cookie(request.connection.scheme, String::new());
            response = response.with_removed_cookie(cookie);
        }
        add_vary(&mut response, "Cookie");
        if !response.headers().contains("Cache-Control") {
            response.set_header("Cache-Control", "private");
        }
        response
    }
}

/// The time by which sessions expire.
fn seconds(now: Now) -> Duration {
    Duration::from_secs(now.wall.unwrap_or(now.monotonic).as_secs())
}

impl fmt::Debug for Sessions {
    /// Omits the keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions")
            .field("name", &self.name)
            .field("max_age", &self.max_age)
            .finish_non_exhaustive()
    }
}
