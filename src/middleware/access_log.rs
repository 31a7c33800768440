//! An access log in the Common Log Format, one line per request.
//!
//! `host ident authuser [date] "request line" status bytes`, as written by the NCSA and Apache servers.

use super::basic_auth::AuthenticatedUser;
use super::middleware::Middleware;
use super::request_info::RequestInfo;
use super::request_parts::RequestParts;
use super::set_request_id::RequestId;
use crate::response::response::Response;
use crate::syntax::date::Civil;
use crate::values::connection_info::Peer;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use core::fmt::{self, Write};
use core::time::Duration;

/// The maximum length of a logged request line. Longer ones are truncated, so that clients cannot fill the log.
const REQUEST_LINE_BYTES: usize = 1024;

/// Middleware that writes a line in the Common Log Format for each response.
///
/// The user is the [`AuthenticatedUser`]. A user that middleware attached on some paths only, with
/// [`with_middleware`](crate::middleware::with_middleware), is not known. If the request has a [`RequestId`], the id follows the
/// number of bytes. Times are in UTC. Unknown values are written as `-`. Bytes of the request line that could break the line,
/// end a quoted string or control a terminal are written as `\xHH`.
///
/// ```
/// use bytegate::{Gateway, Now, Request};
/// use bytegate::middleware::AccessLog;
/// use std::sync::{Arc, Mutex};
///
/// let log = Arc::new(Mutex::new(String::new()));
/// let lines = log.clone();
/// let gateway = Gateway::new(|_: &Request| "hello")
///     .with(AccessLog::to(move |line| lines.lock().unwrap().push_str(line)));
/// gateway.handle_at(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n", Now::at_unix(971_186_136));
/// assert_eq!(*log.lock().unwrap(), "- - - [10/Oct/2000:13:55:36 +0000] \"GET /a HTTP/1.1\" 200 5\n");
/// ```
#[must_use]
pub struct AccessLog {
    write: Box<dyn Fn(&str) + Send + Sync>,
    clock: Option<Box<dyn Fn() -> Duration + Send + Sync>>,
}

/// When the head of the request was complete.
#[derive(Clone, Copy)]
struct Started(Duration);

impl AccessLog {
    /// Creates a log that passes each line, including its line ending, to `write`.
    pub fn to(write: impl Fn(&str) + Send + Sync + 'static) -> AccessLog {
        AccessLog {
            write: Box::new(write),
            clock: None,
        }
    }

    /// Ends each line with the time from the head of the request to the head of its response, in milliseconds, or with `-`
    /// for input without a valid head. `clock` returns the time since any fixed moment. With the standard library, use
    /// `let start = Instant::now(); move || start.elapsed()`.
    ///
    /// ```
    /// use bytegate::{Gateway, Request};
    /// use bytegate::middleware::AccessLog;
    /// use std::sync::atomic::{AtomicU64, Ordering};
    /// use std::time::Duration;
    ///
    /// let ticks = AtomicU64::new(0);
    /// let clock = move || Duration::from_micros(1500 * ticks.fetch_add(1, Ordering::Relaxed));
    /// let log = AccessLog::to(|line| assert!(line.ends_with("\"GET / HTTP/1.1\" 200 6 1.500ms\n"))).timed(clock);
    /// let gateway = Gateway::new(|_: &Request| "hello\n").with(log);
    /// gateway.handle(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    /// ```
    pub fn timed(mut self, clock: impl Fn() -> Duration + Send + Sync + 'static) -> AccessLog {
        self.clock = Some(Box::new(clock));
        self
    }

    /// Returns the time that a request took, as it ends a line.
    fn time_taken(&self, request: &RequestInfo<'_>) -> Option<String> {
        let clock = self.clock.as_ref()?;
        let started = request.extensions.get::<Started>();
        Some(started.map_or(String::from(" -"), |Started(started)| {
            let micros = clock().saturating_sub(*started).as_micros();
            format!(" {}.{:03}ms", micros / 1000, micros % 1000)
        }))
    }
}

impl Middleware for AccessLog {
    fn before(&self, request: &mut RequestParts<'_>) -> Option<Response> {
        if let Some(clock) = &self.clock {
            request.extensions.insert(Started(clock()));
        }
        None
    }

    fn after(&self, request: &RequestInfo<'_>, response: Response) -> Response {
        let mut line = String::new();
        // Writing to a string cannot fail.
        let _ = write_line(&mut line, request, &response);
        line.extend(self.time_taken(request));
        line.push('\n');
        (self.write)(&line);
        response
    }
}

impl fmt::Debug for AccessLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessLog")
    }
}

fn write_line(text: &mut String, request: &RequestInfo<'_>, response: &Response) -> fmt::Result {
    match &request.connection.peer {
        Peer::Address(address) => write!(text, "{}", address.ip())?,
        Peer::Named(name) => escape(name.as_bytes(), b" ", text)?,
        Peer::Unknown => text.push('-'),
    }
    text.push_str(" - ");
    match request.extensions.get::<AuthenticatedUser>() {
        Some(user) if !user.name().is_empty() => escape(user.name().as_bytes(), b" ", text)?,
        _ => text.push('-'),
    }
    text.push_str(" [");
    match request.now.wall.and_then(Civil::from_unix) {
        Some(civil) => write!(
            text,
            "{:02}/{}/{:04}:{:02}:{:02}:{:02} +0000",
            civil.day,
            civil.month_name(),
            civil.year,
            civil.hour,
            civil.minute,
            civil.second
        )?,
        None => text.push('-'),
    }
    text.push_str("] \"");
    match request.line {
        b"" => text.push('-'),
        line => escape(line, b"", text)?,
    }
    write!(text, "\" {} ", response.sent_status().code())?;
    match request.content_length(response) {
        Some(length) => write!(text, "{length}")?,
        None => text.push('-'),
    }
    if let Some(id) = request.extensions.get::<RequestId>() {
        text.push(' ');
        escape(id.as_str().as_bytes(), b" ", text)?;
    }
    Ok(())
}

/// Writes visible characters as they are. Escapes all others, and the ones in `also`.
fn escape(bytes: &[u8], also: &[u8], text: &mut String) -> fmt::Result {
    for &byte in bytes.iter().take(REQUEST_LINE_BYTES) {
        match byte {
            b'"' | b'\\' => write!(text, "\\{}", char::from(byte))?,
            b' '..=b'~' if !also.contains(&byte) => text.push(char::from(byte)),
            _ => write!(text, "\\x{byte:02x}")?,
        }
    }
    if bytes.len() > REQUEST_LINE_BYTES {
        text.write_str("...")
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::extensions::Extensions;
    use crate::values::connection_info::ConnectionInfo;
    use crate::values::now::Now;
    use crate::values::status::Status;

    fn line(peer: Peer, line: &[u8], response: Response) -> String {
        let (connection, extensions) = (ConnectionInfo::from(peer), Extensions::new());
        let info = RequestInfo::new(None, line, Now::default(), &connection, &extensions);
        let mut text = String::new();
        write_line(&mut text, &info, &response).unwrap();
        text
    }

    #[test]
    fn request_lines_cannot_break_the_log() {
        let peer = Peer::Address("[::1]:5".parse().unwrap());
        let bytes = "a\"b\\\r\n\u{1b}[2J\u{e4}".as_bytes();
        assert_eq!(
            line(peer, bytes, Status::BAD_REQUEST.into()),
            "::1 - - [-] \"a\\\"b\\\\\\x0d\\x0a\\x1b[2J\\xc3\\xa4\" 400 16"
        );
        let long = line(Peer::named("a b\n"), &[b'x'; 1 << 20], Response::text("x"));
        assert!(long.starts_with("a\\x20b\\x0a - - [-] \"xxx") && long.len() < 2048);
        assert!(long.ends_with("xxx...\" 200 1"));
        assert_eq!(
            line(Peer::Unknown, b"", Status::NO_CONTENT.into()),
            "- - - [-] \"-\" 204 0"
        );
    }
}
