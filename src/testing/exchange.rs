//! An exchange as text, for snapshots and for messages of failed tests.

use crate::values::status::Status;
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write};

/// The canonical text of a request and its response.
///
/// Lines of the request begin with `> `, lines of the response with `< `. Line ends of the body are visible, and so are
/// control characters. A body that is not UTF-8 is described by its length. The text is the same for the same bytes, so
/// it is suitable for snapshots once varying values are masked: [headers](Exchange::mask), and
/// [text](Exchange::mask_text) anywhere.
///
/// ```
/// use bytegate::testing::Client;
/// use bytegate::{Request, Response};
///
/// let client = Client::new(|_: &Request| Response::text("hello\n").with_header("X-Id", "83f1"));
/// let response = client.get("/").send();
/// assert_eq!(
///     response.exchange().mask("X-Id").to_string(),
///     "> GET / HTTP/1.1\n\
///      > Host: localhost\n\
///      >\n\
///      < HTTP/1.1 200 OK\n\
///      < Content-Type: text/plain; charset=utf-8\n\
///      < X-Id: (masked)\n\
///      < Content-Length: 6\n\
///      <\n\
///      < hello\\n\n"
/// );
/// ```
#[derive(Clone, Debug)]
pub struct Exchange<'a> {
    exchanged: Exchanged<'a>,
    masked: Vec<String>,
    /// Texts that are masked anywhere. None is empty.
    masked_texts: Vec<String>,
}

/// The messages of an exchange.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exchanged<'a> {
    /// The request as it was sent. It is empty if unknown.
    pub(super) request: &'a [u8],
    /// The statuses of the interim responses.
    pub(super) interim: &'a [Status],
    /// All responses as they were received, including interim ones.
    pub(super) response: &'a [u8],
    /// The decoded body of the response.
    pub(super) body: &'a [u8],
}

const MASK: &[u8] = b"(masked)";

impl<'a> Exchange<'a> {
    pub(super) fn new(exchanged: Exchanged<'a>) -> Exchange<'a> {
        Exchange {
            exchanged,
            masked: Vec::new(),
            masked_texts: Vec::new(),
        }
    }

    /// Replaces the values of all headers with this name, in the request and in the response. The header names stay
    /// visible.
    #[must_use]
    pub fn mask(mut self, name: &str) -> Exchange<'a> {
        self.masked.push(name.into());
        self
    }

    /// Replaces all occurrences of a text, in the heads and bodies of the request and the response. Use it for
    /// generated identifiers, taken from the response. Of several texts that begin at the same place, the longest is
    /// masked. `Content-Length` is left unchanged: [mask](Exchange::mask) it too if it varies.
    ///
    /// ```
    /// use bytegate::testing::Client;
    /// use bytegate::{Request, Response};
    ///
    /// let client = Client::new(|_: &Request| Response::created("/orders/83f1").with_body("order 83f1\n"));
    /// let response = client.post("/orders").send();
    /// let id = response.header("Location").unwrap().trim_start_matches("/orders/");
    /// let text = response.exchange().mask_text(id).to_string();
    /// assert!(text.contains("< Location: /orders/(masked)\n") && text.contains("< order (masked)\\n\n"));
    /// ```
    #[doc(alias = "redact")]
    #[doc(alias = "add_filter")]
    #[must_use]
    pub fn mask_text(mut self, text: &str) -> Exchange<'a> {
        if !text.is_empty() {
            self.masked_texts.push(text.into());
        }
        self
    }

    /// Returns text with the masked texts replaced.
    fn without_masked<'t>(&self, text: &'t [u8]) -> Cow<'t, [u8]> {
        if self.masked_texts.is_empty() {
            return Cow::Borrowed(text);
        }
        let (mut shown, mut rest) = (Vec::new(), text);
        while let Some((first, after)) = rest.split_first() {
            let texts = self.masked_texts.iter();
            let found = texts.filter_map(|text| rest.strip_prefix(text.as_bytes()));
            match found.min_by_key(|after| after.len()) {
                Some(after) => {
                    shown.extend_from_slice(MASK);
                    rest = after;
                }
                None => {
                    shown.push(*first);
                    rest = after;
                }
            }
        }
        Cow::Owned(shown)
    }

    fn write_message(&self, f: &mut fmt::Formatter<'_>, mark: char, head: &[u8]) -> fmt::Result {
        for line in head.split(|&byte| byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let colon = line.iter().position(|&byte| byte == b':');
            let name = line.get(..colon.unwrap_or(0)).unwrap_or_default();
            let is_masked = self
                .masked
                .iter()
                .any(|masked| name.eq_ignore_ascii_case(masked.as_bytes()));
            let shown = if is_masked { name } else { line };
            f.write_char(mark)?;
            if !shown.is_empty() {
                f.write_char(' ')?;
            }
            if is_masked {
                write_visibly(f, &[shown, b": ", MASK].concat())?
            } else {
                write_visibly(f, &self.without_masked(shown))?
            }
            f.write_char('\n')?;
        }
        Ok(())
    }

    fn write_body(&self, f: &mut fmt::Formatter<'_>, mark: char, body: &[u8]) -> fmt::Result {
        if core::str::from_utf8(body).is_err() {
            return writeln!(f, "{mark} ({} bytes that are not text)", body.len());
        }
        let body = self.without_masked(body);
        for line in body.split_inclusive(|&byte| byte == b'\n') {
            write!(f, "{mark} ")?;
            write_visibly(f, line)?;
            f.write_char('\n')?;
        }
        Ok(())
    }
}

impl fmt::Display for Exchange<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Exchanged {
            request,
            interim,
            response,
            body: received,
        } = self.exchanged;
        let (head, body) = split_head(request);
        if !head.is_empty() {
            self.write_message(f, '>', head)?;
            self.write_body(f, '>', body)?;
        }
        let mut rest = response;
        for status in interim {
            writeln!(f, "< HTTP/1.1 {status}\n<")?;
            rest = split_head(rest).1;
        }
        self.write_message(f, '<', split_head(rest).0)?;
        self.write_body(f, '<', received)
    }
}

/// Splits a message after the empty line that ends its head. The head keeps the line end before the empty line, so that
/// the empty line shows.
fn split_head(message: &[u8]) -> (&[u8], &[u8]) {
    let end = message.windows(4).position(|four| four == b"\r\n\r\n");
    match end {
        Some(end) => (
            message.get(..end + 2).unwrap_or_default(),
            message.get(end + 4..).unwrap_or_default(),
        ),
        None => (message, &[]),
    }
}

/// Writes text with control characters as escapes. Invalid UTF-8 is escaped byte by byte.
fn write_visibly(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    let Ok(text) = core::str::from_utf8(bytes) else {
        return write!(f, "{}", bytes.escape_ascii());
    };
    for character in text.chars() {
        if character.is_control() || character == '\\' {
            write!(f, "{}", character.escape_default())?
        } else {
            f.write_char(character)?
        }
    }
    Ok(())
}
