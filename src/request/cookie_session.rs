//! The session of a client, kept in a signed cookie.

use super::request::Request;
use crate::response::rejection::Rejection;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Text that the server keeps for one client, by name, in a cookie that the client cannot change (feature
/// `signed-cookies`).
///
/// [`Sessions`](crate::middleware::Sessions) attaches it to each request, and sends the cookie if the session has changed.
/// A handler gets it from [`Request::session`]. Clones are the same session, so an async handler can change it until its
/// response is ready. Names and values can be any text. All of them together have to fit in a cookie of 4096 bytes.
///
/// Two requests that change a session at the same time send two cookies, and the browser keeps the last one.
///
/// ```
/// use bytegate::{Rejection, Request};
/// use bytegate::request::CookieSession;
///
/// fn visits(request: &Request) -> Result<String, Rejection> {
///     let session = request.session()?;
///     let before = session.get("visits").unwrap_or_default();
///     let visits = before.parse().unwrap_or(0) + 1;
///     session.set("visits", visits.to_string());
///     Ok(format!("visit {visits}\n"))
/// }
///
/// // In a test of the handler alone, an extension is enough.
/// let session = CookieSession::new();
/// let request = Request::builder("GET", "/").extension(session.clone()).build()?;
/// assert_eq!(visits(&request.view()).unwrap(), "visit 1\n");
/// assert_eq!(visits(&request.view()).unwrap(), "visit 2\n");
/// assert_eq!(session.get("visits").as_deref(), Some("2"));
/// # Ok::<(), bytegate::request::InvalidRequest>(())
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct CookieSession {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    texts: Texts,
    has_changed: bool,
    is_used: bool,
}

/// The text in a session.
#[derive(Clone, Default, PartialEq, Eq)]
struct Texts {
    values: BTreeMap<String, String>,
    /// The messages for the next page, the oldest first.
    flashes: Vec<String>,
}

impl CookieSession {
    /// Creates an empty session.
    pub fn new() -> CookieSession {
        CookieSession::default()
    }

    /// Returns the value with the given name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        self.lock().texts.values.get(name).cloned()
    }

    /// Sets a value, replacing any other with the name.
    pub fn set(&self, name: impl Into<String>, value: impl Into<String>) {
        let (name, value) = (name.into(), value.into());
        self.change(|texts| {
            texts.values.insert(name, value);
        });
    }

    /// Removes a value, and returns it.
    #[allow(clippy::must_use_candidate, reason = "the value may be of no interest")]
    pub fn remove(&self, name: &str) -> Option<String> {
        self.change(|texts| texts.values.remove(name))
    }

    /// Removes all values and messages. The browser then discards the cookie.
    ///
    /// Do this at a log-out. The server keeps no list of sessions, so a copy of the cookie that someone has made stays
    /// valid until it expires.
    pub fn clear(&self) {
        self.change(|texts| *texts = Texts::default());
    }

    /// Adds a message that is shown once, by the next page that [takes](CookieSession::take_flashes) it: usually the page
    /// to which the response redirects.
    ///
    /// ```
    /// use bytegate::middleware::Sessions;
    /// use bytegate::testing::Client;
    /// use bytegate::{Gateway, Rejection, Request, Response, Router, cookie::Key};
    ///
    /// fn save(request: &Request) -> Result<Response, Rejection> {
    ///     request.session()?.flash("saved");
    ///     Ok(Response::see_other("/"))
    /// }
    ///
    /// fn page(request: &Request) -> Result<String, Rejection> {
    ///     Ok(request.session()?.take_flashes().join("\n"))
    /// }
    ///
    /// let router = Router::new().get("/", page).post("/save", save);
    /// let client = Client::new(Gateway::new(router).with(Sessions::new(Key::generate())));
    /// assert_eq!(client.post("/save").follow_redirects().text(), "saved");
    /// assert_eq!(client.get("/").text(), "");
    /// ```
    pub fn flash(&self, message: impl Into<String>) {
        let message = message.into();
        self.change(|texts| texts.flashes.push(message));
    }

    /// Removes all messages, and returns them, the oldest first.
    #[must_use = "the messages are gone from the session"]
    pub fn take_flashes(&self) -> Vec<String> {
        self.change(|texts| core::mem::take(&mut texts.flashes))
    }

    /// Returns whether a handler has asked for the session.
    pub(crate) fn is_used(&self) -> bool {
        self.lock().is_used
    }

    pub(crate) fn has_changed(&self) -> bool {
        self.lock().has_changed
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().texts == Texts::default()
    }

    /// Writes the session as bytes: the time at which it is sent, in seconds, and after it each text with its length.
    pub(crate) fn encode(&self, now: Duration) -> Vec<u8> {
        let state = self.lock();
        let mut bytes = now.as_secs().to_be_bytes().to_vec();
        for (name, value) in &state.texts.values {
            bytes.push(VALUE);
            push_text(&mut bytes, name);
            push_text(&mut bytes, value);
        }
        for message in &state.texts.flashes {
            bytes.push(FLASH);
            push_text(&mut bytes, message);
        }
        bytes
    }

    /// Reads the session, and the time at which it was sent, from the bytes that [`encode`](CookieSession::encode) writes.
    pub(crate) fn decode(bytes: &[u8]) -> Option<(CookieSession, Duration)> {
        let (seconds, mut bytes) = bytes.split_first_chunk()?;
        let sent = Duration::from_secs(u64::from_be_bytes(*seconds));
        let mut texts = Texts::default();
        while let Some((&kind, rest)) = bytes.split_first() {
            bytes = rest;
            let text = take_text(&mut bytes)?;
            match kind {
                VALUE => {
                    texts.values.insert(text, take_text(&mut bytes)?);
                }
                FLASH => texts.flashes.push(text),
                _ => return None,
            }
        }
        let session = CookieSession::new();
        session.lock().texts = texts;
        Some((session, sent))
    }

    fn change<T>(&self, change: impl FnOnce(&mut Texts) -> T) -> T {
        let mut state = self.lock();
        let before = state.texts.clone();
        let result = change(&mut state.texts);
        state.has_changed |= state.texts != before;
        result
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// # Sessions
impl<'a> Request<'a> {
    /// Returns the session of the client, which is empty if the client sent none (feature `signed-cookies`). See
    /// [`Sessions`](crate::middleware::Sessions) for an example.
    ///
    /// # Errors
    /// Returns an [internal](Rejection::internal) error if no [`Sessions`](crate::middleware::Sessions) is around the
    /// handler.
    pub fn session(&self) -> Result<&'a CookieSession, Rejection> {
        let session = self.extensions().get::<CookieSession>();
        let session = session.ok_or_else(|| {
            Rejection::internal("Request::session needs the middleware Sessions around its handler")
        })?;
        session.lock().is_used = true;
        Ok(session)
    }
}

impl fmt::Debug for CookieSession {
    /// Omits the texts, which may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.lock().texts.values.len();
        write!(f, "CookieSession({count} values)")
    }
}

/// The first byte of a value, before its name.
const VALUE: u8 = b'v';
/// The first byte of a message.
const FLASH: u8 = b'f';

/// Appends the length of a text, in two bytes, and the text.
fn push_text(bytes: &mut Vec<u8>, text: &str) {
    // A text that is longer does not fit in a cookie, whatever its length is.
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(text.as_bytes());
}

fn take_text(bytes: &mut &[u8]) -> Option<String> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (text, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    *bytes = rest;
    Some(core::str::from_utf8(text).ok()?.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn any_text_is_read_as_it_was_written() {
        let session = CookieSession::new();
        let texts = [
            "",
            "Ada Lovelace",
            "Jos\u{e9}",
            "a=\"b\"; c, 100%\0\r\n",
            "\u{1f389}",
        ];
        for text in texts {
            session.set(text, text);
            session.flash(text);
        }
        session.set("long", "x".repeat(3000));
        let sent = Duration::from_secs(1_700_000_000);
        let bytes = session.encode(sent);
        let (read, read_time) = CookieSession::decode(&bytes).unwrap();
        assert_eq!(read_time, sent);
        assert!(!read.has_changed() && !read.is_empty());
        for text in texts {
            assert_eq!(read.get(text).as_deref(), Some(text));
        }
        assert_eq!(read.get("long"), session.get("long"));
        assert_eq!(read.take_flashes(), texts.map(ToString::to_string));
        assert!(read.has_changed() && read.take_flashes().is_empty());
    }

    #[test]
    fn bytes_that_were_cut_inside_a_text_are_not_read() {
        let session = CookieSession::new();
        session.set("user", "ada");
        session.flash("hello");
        let bytes = session.encode(Duration::ZERO);
        // After the time, after the value, and after the message.
        let ends = [8, 8 + 1 + 2 + 4 + 2 + 3, bytes.len()];
        for end in 0..=bytes.len() {
            let is_read = CookieSession::decode(&bytes[..end]).is_some();
            assert_eq!(is_read, ends.contains(&end), "{end}");
        }
    }

    #[test]
    fn only_a_difference_counts_as_a_change() {
        let session = CookieSession::new();
        session.clear();
        assert_eq!(session.remove("user"), None);
        assert!(session.take_flashes().is_empty());
        assert!(!session.has_changed());
        session.set("user", "ada");
        assert!(session.has_changed());
        assert_eq!(format!("{session:?}"), "CookieSession(1 values)");
    }
}
