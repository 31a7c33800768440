//! One line per request in the Common Log Format, for front ends that keep a log.
//!
//! `host ident authuser [date] "request line" status bytes`, as the NCSA and Apache servers wrote it.

use crate::connection::{Answered, Refusal};
use crate::message::head::Head;
use crate::syntax::date::Civil;
use crate::values::now::Now;
use alloc::string::String;
use core::fmt::Write;
use core::net::SocketAddr;

/// A request line longer than this is cut: a log is not a store for what strangers send.
const REQUEST_LINE_BYTES: usize = 1024;

/// Gathers lines of the Common Log Format. Times are in UTC; what is not known is `-`.
///
/// A line is begun when a request is shown, while its head is there to be read, and ended when it is answered.
///
/// ```
/// use bytegate::{AccessLog, Answered, Now, Status};
///
/// let mut log = AccessLog::default();
/// log.begin(None, Now::at_unix(971_186_136), "GET /a HTTP/1.1");
/// log.end(&Answered { status: Status::OK, content_length: Some(5), persists: true, error: None });
/// assert_eq!(log.text(), "- - - [10/Oct/2000:13:55:36 +0000] \"GET /a HTTP/1.1\" 200 5\n");
/// ```
#[derive(Clone, Debug, Default)]
pub struct AccessLog {
    text: String,
    /// The length of the lines that are ended.
    ended: usize,
}

impl AccessLog {
    /// Begins a line; one that was begun before and not ended is forgotten. Octets of the request line that
    /// could break the line, end a quotation or steer a terminal are written as `\xHH`.
    pub fn begin(&mut self, peer: Option<SocketAddr>, now: Now, request_line: impl RequestLine) {
        self.text.truncate(self.ended);
        // Writing to a string does not fail.
        let _ = write_request(&mut self.text, peer, now, request_line);
    }

    /// Ends the line that was begun.
    pub fn end(&mut self, answered: &Answered) {
        if self.text.len() == self.ended {
            return;
        }
        let _ = write_answer(&mut self.text, answered);
        self.ended = self.text.len();
    }

    /// The lines that are ended.
    pub fn text(&self) -> &str {
        self.text.get(..self.ended).unwrap_or_default()
    }

    /// Forgets all lines, not the memory.
    pub fn clear(&mut self) {
        self.text.clear();
        self.ended = 0;
    }
}

fn write_request(
    text: &mut String,
    peer: Option<SocketAddr>,
    now: Now,
    request_line: impl RequestLine,
) -> core::fmt::Result {
    match peer {
        Some(peer) => write!(text, "{}", peer.ip())?,
        None => text.push('-'),
    }
    text.push_str(" - - [");
    match now.wall.and_then(Civil::from_unix) {
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
    request_line.write_escaped(text)
}

fn write_answer(text: &mut String, answered: &Answered) -> core::fmt::Result {
    write!(text, "\" {} ", answered.status.code())?;
    match answered.content_length {
        Some(length) => writeln!(text, "{length}"),
        None => text.write_str("-\n"),
    }
}

/// What can stand for the request line in a log: a head, a refusal, or text. Nothing else can be one, because what is
/// logged has to be escaped.
pub trait RequestLine: sealed::Sealed {
    /// Appends the line, escaped and cut.
    #[doc(hidden)]
    fn write_escaped(&self, text: &mut String) -> core::fmt::Result;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for &str {}
    impl Sealed for &crate::message::head::Head<'_> {}
    impl Sealed for &crate::connection::Refusal<'_> {}
}

impl RequestLine for &str {
    fn write_escaped(&self, text: &mut String) -> core::fmt::Result {
        escape(self.as_bytes(), text)
    }
}

impl RequestLine for &Head<'_> {
    fn write_escaped(&self, text: &mut String) -> core::fmt::Result {
        escape(self.method_token().as_bytes(), text)?;
        text.push(' ');
        escape(self.target_text().as_bytes(), text)?;
        write!(text, " {}", self.version().as_str())
    }
}

impl RequestLine for &Refusal<'_> {
    fn write_escaped(&self, text: &mut String) -> core::fmt::Result {
        match self.line {
            b"" => text.write_str("-"),
            line => escape(line, text),
        }
    }
}

fn escape(bytes: &[u8], text: &mut String) -> core::fmt::Result {
    for &octet in bytes.iter().take(REQUEST_LINE_BYTES) {
        match octet {
            b'"' | b'\\' => write!(text, "\\{}", char::from(octet))?,
            b' '..=b'~' => text.push(char::from(octet)),
            _ => write!(text, "\\x{octet:02x}")?,
        }
    }
    match bytes.len() > REQUEST_LINE_BYTES {
        true => text.write_str("..."),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::status::Status;

    #[test]
    fn nothing_in_a_request_line_breaks_the_log() {
        let answered = Answered {
            status: Status::BAD_REQUEST,
            content_length: None,
            persists: false,
            error: None,
        };
        let mut log = AccessLog::default();
        let peer = "[::1]:5".parse().ok();
        log.begin(peer, Now::default(), "forgotten");
        log.begin(peer, Now::default(), "a\"b\\\r\n\u{1b}[2J\u{e4}");
        assert_eq!(log.text(), "");
        log.end(&answered);
        log.end(&answered);
        assert_eq!(
            log.text(),
            "::1 - - [-] \"a\\\"b\\\\\\x0d\\x0a\\x1b[2J\\xc3\\xa4\" 400 -\n"
        );
        log.clear();
        log.begin(None, Now::default(), &*"x".repeat(1 << 20));
        log.end(&answered);
        assert!(log.text().len() < 2048);
    }
}
