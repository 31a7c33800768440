//! A strict reader of responses. It is written to be obvious, not fast, and shares no code with the encoder that it
//! checks.

use super::response::{ClientResponse, ResponseHead};
use super::wire_error::WireError;
use crate::values::method::Method;
use crate::values::status::Status;
use alloc::string::String;
use alloc::vec::Vec;

/// Reads one response for each method in `methods`. Interim responses are kept with the final response that they precede.
///
/// ```
/// use bytegate::testing::read_responses;
/// use bytegate::{Gateway, Method, Request};
///
/// let gateway = Gateway::new(|_: &Request| "hello\n");
/// let output = gateway.handle(b"GET / HTTP/1.1\r\nHost: x\r\n\r\nHEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
/// let responses = read_responses(&output, &[Method::GET, Method::HEAD])?;
/// assert_eq!(responses[0].text(), "hello\n");
/// assert_eq!(responses[1].text(), "");
/// # Ok::<(), bytegate::testing::WireError>(())
/// ```
///
/// # Errors
/// Returns the first rule that the output breaks, such as a line without CR LF, two kinds of framing, a body that is
/// shorter than stated, or bytes after the last response.
pub fn read_responses(output: &[u8], methods: &[Method]) -> Result<Vec<ClientResponse>, WireError> {
    let mut reader = Reader::new(output);
    let responses = methods.iter().map(|&method| reader.response(method));
    let responses = responses.collect::<Result<_, _>>()?;
    if reader.rest().is_empty() {
        Ok(responses)
    } else {
        Err(reader.broken("no bytes may follow the last response"))
    }
}

/// A position in the output of a server.
pub(super) struct Reader<'a> {
    output: &'a [u8],
    pub(super) at: usize,
}

/// How the body of a response ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Length(usize),
    Chunked,
    UntilClose,
}

impl<'a> Reader<'a> {
    pub(super) fn new(output: &'a [u8]) -> Reader<'a> {
        Reader { output, at: 0 }
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.output.get(self.at..).unwrap_or_default()
    }

    /// Reads interim responses and the final one.
    pub(super) fn response(&mut self, method: Method) -> Result<ClientResponse, WireError> {
        let start = self.at;
        let (interim, head) = self.heads()?;
        let framing = self.framing(&head, method)?;
        let body = self.body(framing)?;
        let raw = self.output.get(start..self.at).unwrap_or_default();
        Ok(ClientResponse::new(head, interim, body, raw))
    }

    /// Reads interim responses and the head of the final one, and decides how its body ends.
    pub(super) fn response_head(
        &mut self,
        method: Method,
    ) -> Result<(ClientResponse, Framing), WireError> {
        let start = self.at;
        let (interim, head) = self.heads()?;
        let framing = self.framing(&head, method)?;
        let raw = self.output.get(start..self.at).unwrap_or_default();
        let response = ClientResponse::new(head, interim, Vec::new(), raw);
        Ok((response, framing))
    }

    /// Reads the statuses of interim responses, and the head of the final one.
    fn heads(&mut self) -> Result<(Vec<Status>, ResponseHead), WireError> {
        let mut interim = Vec::new();
        loop {
            let head = self.head()?;
            if !head.status.is_informational() {
                return Ok((interim, head));
            }
            interim.push(head.status);
        }
    }

    fn head(&mut self) -> Result<ResponseHead, WireError> {
        let (status, reason) = self.status_line()?;
        let mut lines = Vec::new();
        while let Some((name, value)) = self.field_line()? {
            lines.extend_from_slice(name.as_bytes());
            lines.extend_from_slice(b":");
            lines.extend_from_slice(&value);
            lines.extend_from_slice(b"\r\n");
        }
        Ok(ResponseHead {
            status,
            reason,
            lines,
        })
    }

    fn status_line(&mut self) -> Result<(Status, String), WireError> {
        const RULE: &str = "a status line must be HTTP/1.1, a space, three digits, a space and a reason phrase (RFC 9112 section 4)";
        let start = self.at;
        let line = self.line("a status line must end with CR LF (RFC 9112 section 2.2)")?;
        let parsed = || {
            let rest = line.strip_prefix(b"HTTP/1.1 ")?;
            let (digits, reason) = rest.split_at_checked(3)?;
            let reason = core::str::from_utf8(reason.strip_prefix(b" ")?).ok()?;
            let code = digits.iter().try_fold(0u16, |code, digit| {
                digit
                    .is_ascii_digit()
                    .then(|| code * 10 + u16::from(digit - b'0'))
            })?;
            Some((Status::new(code)?, String::from(reason)))
        };
        parsed().ok_or(WireError {
            at: start,
            rule: RULE,
            is_incomplete: false,
        })
    }

    /// Reads a field line, or the empty line after the last one.
    fn field_line(&mut self) -> Result<Option<(String, Vec<u8>)>, WireError> {
        let start = self.at;
        let broken = |rule| {
            Err(WireError {
                at: start,
                rule,
                is_incomplete: false,
            })
        };
        let line = self.line("a header line must end with CR LF (RFC 9112 section 2.2)")?;
        if line.is_empty() {
            return Ok(None);
        }
        let Some(colon) = line.iter().position(|&byte| byte == b':') else {
            return broken("a header line must have a colon (RFC 9112 section 5)");
        };
        let (name, value) = line.split_at(colon);
        let is_token =
            |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
        let name = match core::str::from_utf8(name) {
            Ok(name) if !name.is_empty() && name.bytes().all(|byte| is_token(&byte)) => name,
            _ => return broken("a header name must be a token (RFC 9110 section 5.1)"),
        };
        let is_value = |byte: &u8| *byte == b'\t' || *byte >= b' ' && *byte != 0x7f;
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        if !value.iter().all(is_value) {
            return broken(
                "a header value must not contain control characters (RFC 9110 section 5.5)",
            );
        }
        Ok(Some((String::from(name), value.to_vec())))
    }

    /// Decides how the body ends (RFC 9112 section 6.3).
    fn framing(&self, head: &ResponseHead, method: Method) -> Result<Framing, WireError> {
        for name in [
            "Content-Length",
            "Transfer-Encoding",
            "Content-Type",
            "Date",
            "Location",
        ] {
            if head.headers().get_all(name).count() > 1 {
                return Err(self.broken(
                    "Content-Length, Transfer-Encoding, Content-Type, Date and Location must not be repeated (RFC 9110 section 5.3)",
                ));
            }
        }
        let length = match head.headers().get_all("Content-Length").next() {
            None => None,
            Some(value) => match core::str::from_utf8(value).ok().and_then(parse_length) {
                Some(length) => Some(length),
                None => {
                    return Err(self
                        .broken("Content-Length must be a decimal number (RFC 9110 section 8.6)"));
                }
            },
        };
        let coding = head.headers().get_all("Transfer-Encoding").next();
        if coding.is_some_and(|coding| !coding.eq_ignore_ascii_case(b"chunked")) {
            return Err(
                self.broken("the only transfer coding must be chunked (RFC 9112 section 7)")
            );
        }
        if coding.is_some() && length.is_some() {
            return Err(self.broken(
                "Content-Length and Transfer-Encoding must not occur together (RFC 9112 section 6.2)",
            ));
        }
        let never_has_body = matches!(head.status.code(), 204 | 304);
        if head.status.code() == 204 && (coding.is_some() || length.is_some()) {
            return Err(self.broken(
                "a 204 must not have Content-Length or Transfer-Encoding (RFC 9110 section 8.6)",
            ));
        }
        Ok(match (coding, length) {
            _ if never_has_body || method == Method::HEAD => Framing::Length(0),
            (Some(_), _) => Framing::Chunked,
            (None, Some(length)) => Framing::Length(length),
            (None, None) => Framing::UntilClose,
        })
    }

    fn body(&mut self, framing: Framing) -> Result<Vec<u8>, WireError> {
        match framing {
            Framing::Length(length) => self.take(
                length,
                "the body must be as long as Content-Length says (RFC 9112 section 6.2)",
            ),
            Framing::UntilClose => {
                let body = self.rest().to_vec();
                self.at = self.output.len();
                Ok(body)
            }
            Framing::Chunked => {
                let mut body = Vec::new();
                while let Some(chunk) = self.chunk()? {
                    body.extend_from_slice(&chunk);
                }
                Ok(body)
            }
        }
    }

    /// Reads a chunk. Returns `None` for the last one, after which trailers may follow.
    pub(super) fn chunk(&mut self) -> Result<Option<Vec<u8>>, WireError> {
        let line =
            self.line("a chunk must begin with its size and CR LF (RFC 9112 section 7.1)")?;
        let digits = line.split(|&byte| byte == b';').next().unwrap_or_default();
        let size = core::str::from_utf8(digits.trim_ascii_end())
            .ok()
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| usize::from_str_radix(digits, 16).ok());
        match size {
            None => Err(self
                .broken("the size of a chunk must be a hexadecimal number (RFC 9112 section 7.1)")),
            Some(0) => {
                while self.field_line()?.is_some() {}
                Ok(None)
            }
            Some(size) => {
                let data = self.take(
                    size,
                    "a chunk must be as long as its size says (RFC 9112 section 7.1)",
                )?;
                let end = self.take(2, "a chunk must end with CR LF (RFC 9112 section 7.1)")?;
                match &end[..] {
                    b"\r\n" => Ok(Some(data)),
                    _ => Err(self.broken("a chunk must end with CR LF (RFC 9112 section 7.1)")),
                }
            }
        }
    }

    fn take(&mut self, count: usize, rule: &'static str) -> Result<Vec<u8>, WireError> {
        match self.rest().get(..count) {
            Some(bytes) => {
                self.at += count;
                Ok(bytes.to_vec())
            }
            None => Err(self.incomplete(rule)),
        }
    }

    /// Reads a line and its CR LF.
    fn line(&mut self, rule: &'static str) -> Result<&'a [u8], WireError> {
        let rest = self.rest();
        let Some(end) = rest.iter().position(|&byte| byte == b'\n') else {
            return Err(self.incomplete(rule));
        };
        let line = rest.get(..end).and_then(|line| line.strip_suffix(b"\r"));
        match line {
            Some(line) if !line.contains(&b'\r') => {
                self.at += end + 1;
                Ok(line)
            }
            _ => Err(self.broken(rule)),
        }
    }

    fn broken(&self, rule: &'static str) -> WireError {
        WireError {
            at: self.at,
            rule,
            is_incomplete: false,
        }
    }

    pub(super) fn incomplete(&self, rule: &'static str) -> WireError {
        WireError {
            at: self.output.len(),
            rule,
            is_incomplete: true,
        }
    }
}

fn parse_length(text: &str) -> Option<usize> {
    let is_number = !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(output: &[u8]) -> &'static str {
        read_responses(output, &[Method::GET]).unwrap_err().rule
    }

    #[test]
    fn each_broken_rule_is_named() {
        for (output, words) in [
            (
                &b"HTTP/1.1 200 OK\n\n"[..],
                "a status line must end with CR LF",
            ),
            (b"HTTP/1.1 20 OK\r\n\r\n", "a status line must be"),
            (
                b"HTTP/1.1 200 OK\r\nA\r\n\r\n",
                "a header line must have a colon",
            ),
            (
                b"HTTP/1.1 200 OK\r\nA b: c\r\n\r\n",
                "a header name must be a token",
            ),
            (
                b"HTTP/1.1 200 OK\r\nA: \x01\r\n\r\n",
                "a header value must not",
            ),
            (
                b"HTTP/1.1 200 OK\r\nA: b\n\r\n",
                "a header line must end with CR LF",
            ),
            (
                b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
                "must not be repeated",
            ),
            (
                b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
                "a decimal number",
            ),
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
                "the only transfer coding",
            ),
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
                "must not occur together",
            ),
            (
                b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
                "a 204 must not have",
            ),
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
                "a hexadecimal number",
            ),
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\naXX",
                "a chunk must end with CR LF",
            ),
            (
                b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab",
                "no bytes may follow",
            ),
        ] {
            assert!(rule(output).contains(words), "{words}: {}", rule(output));
        }
    }

    #[test]
    fn every_cut_of_a_response_is_incomplete() {
        for whole in [
            &b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"[..],
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        ] {
            for end in 0..whole.len() {
                let error = read_responses(&whole[..end], &[Method::GET]).unwrap_err();
                assert!(error.is_incomplete(), "{end}: {error}");
            }
            let responses = read_responses(whole, &[Method::GET]).unwrap();
            assert_eq!(responses[0].body(), b"abc");
        }
    }
}
