//! A line of the access log as a JSON object.

use super::basic_auth::AuthenticatedUser;
use super::logged_headers::{Named, VALUE_BYTES};
use super::request_info::RequestInfo;
use super::set_request_id::RequestId;
use crate::response::response::Response;
use crate::syntax::date::Civil;
use crate::values::connection_info::Peer;
use alloc::string::{String, ToString};
use core::fmt::{self, Write};
use core::time::Duration;

pub(super) fn write_json(
    line: &mut String,
    request: &RequestInfo<'_>,
    response: &Response,
) -> fmt::Result {
    let named = Named::of(request);
    let words = words(request.line);
    let [method, target, version] = words.map_or([None; 3], |words| words.map(Some));
    let mut object = Object(line);
    match request.now.wall.and_then(timestamp) {
        Some(time) => object.text("time", Some(time.as_bytes()))?,
        None => object.text("time", None)?,
    }
    match &request.connection.peer {
        Peer::Address(address) => object.text("peer", Some(address.ip().to_string().as_bytes()))?,
        Peer::Named(name) => object.text("peer", Some(name.as_bytes()))?,
        Peer::Unknown => object.text("peer", None)?,
    }
    let user = request.extensions.get::<AuthenticatedUser>();
    object.text("user", user.map(|user| user.name().as_bytes()))?;
    object.text("method", method)?;
    object.text("target", target)?;
    object.text("version", version)?;
    let host = named.and_then(|named| named.host.as_deref());
    object.text("host", host.map(str::as_bytes))?;
    let scheme = request.connection.scheme.as_str();
    object.text("scheme", Some(scheme.as_bytes()))?;
    object.number("status", Some(response.sent_status().code()))?;
    object.number("bytes", request.content_length(response))?;
    object.number(
        "duration_us",
        request.elapsed().map(|time| time.as_micros()),
    )?;
    object.text("referer", named.and_then(|named| named.referer.as_deref()))?;
    object.text(
        "user_agent",
        named.and_then(|named| named.user_agent.as_deref()),
    )?;
    let id = request.extensions.get::<RequestId>();
    object.text("request_id", id.map(|id| id.as_str().as_bytes()))?;
    object.text("route", request.route().as_deref().map(str::as_bytes))?;
    let error = request.refused.or(response.protocol_error());
    let error = error.map(|error| error.name());
    object.text("error", error.map(str::as_bytes))?;
    if words.is_none() {
        object.text("input", Some(request.line))?;
    }
    object.0.write_char('}')
}

/// A JSON object that is being written.
struct Object<'t>(&'t mut String);

impl Object<'_> {
    fn name(&mut self, name: &str) -> fmt::Result {
        let before = if self.0.is_empty() { '{' } else { ',' };
        write!(self.0, "{before}\"{name}\":")
    }

    fn number(&mut self, name: &str, value: Option<impl fmt::Display>) -> fmt::Result {
        self.name(name)?;
        match value {
            Some(value) => write!(self.0, "{value}"),
            None => self.0.write_str("null"),
        }
    }

    fn text(&mut self, name: &str, value: Option<&[u8]>) -> fmt::Result {
        self.name(name)?;
        match value {
            Some(value) => self.string(value),
            None => self.0.write_str("null"),
        }
    }

    /// Writes a string of ASCII characters, so that no control character, no change of text direction and no invalid
    /// UTF-8 reaches the reader.
    fn string(&mut self, value: &[u8]) -> fmt::Result {
        let (shown, rest) = value.split_at(value.len().min(VALUE_BYTES));
        self.0.push('"');
        for chunk in shown.utf8_chunks() {
            for character in chunk.valid().chars() {
                self.character(character)?;
            }
            // A character that the limit has cut is part of the rest.
            let is_cut =
                !rest.is_empty() && chunk.invalid().as_ptr_range().end == shown.as_ptr_range().end;
            if !chunk.invalid().is_empty() && !is_cut {
                self.character(char::REPLACEMENT_CHARACTER)?;
            }
        }
        self.0
            .push_str(if rest.is_empty() { "\"" } else { "...\"" });
        Ok(())
    }

    fn character(&mut self, character: char) -> fmt::Result {
        match character {
            '"' | '\\' => {
                self.0.push('\\');
                self.0.write_char(character)
            }
            ' '..='~' => self.0.write_char(character),
            _ => {
                let mut units = [0; 2];
                let mut units = character.encode_utf16(&mut units).iter();
                units.try_for_each(|unit| write!(self.0, "\\u{unit:04x}"))
            }
        }
    }
}

/// Returns the words of a request line, if it has three.
fn words(line: &[u8]) -> Option<[&[u8]; 3]> {
    let mut words = line.split(|byte| *byte == b' ');
    let three = [words.next()?, words.next()?, words.next()?];
    words.next().is_none().then_some(three)
}

/// Returns a time since the Unix epoch as in RFC 3339.
fn timestamp(wall: Duration) -> Option<String> {
    let civil = Civil::from_unix(wall)?;
    Some(alloc::format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
        civil.year,
        civil.month,
        civil.day,
        civil.hour,
        civil.minute,
        civil.second,
        wall.subsec_micros()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(value: &[u8]) -> String {
        let mut text = String::new();
        Object(&mut text).string(value).unwrap();
        text
    }

    #[test]
    fn strings_are_ascii_and_limited() {
        assert_eq!(
            string(b"a\"b\\c/\r\n\0\x7f"),
            r#""a\"b\\c/\u000d\u000a\u0000\u007f""#
        );
        assert_eq!(
            string("\u{e4}\u{1f980}\u{202e}".as_bytes()),
            r#""\u00e4\ud83e\udd80\u202e""#
        );
        assert_eq!(string(b"\xffa\xc3"), r#""\ufffda\ufffd""#);
        let long = [b'x'; VALUE_BYTES];
        assert_eq!(string(&long).len(), VALUE_BYTES + 2);
        let cut = [&long[1..], "\u{e4}".as_bytes()].concat();
        assert!(string(&cut).ends_with("xx...\""));
        let whole = [&long[2..], "\u{e4}!".as_bytes()].concat();
        assert!(string(&whole).ends_with("x\\u00e4...\""));
    }

    #[test]
    fn request_lines_have_three_words() {
        assert_eq!(
            words(b"GET / HTTP/1.1"),
            Some([&b"GET"[..], b"/", b"HTTP/1.1"])
        );
        for line in ["", "GET", "GET /", "GET / HTTP/1.1 x"] {
            assert_eq!(words(line.as_bytes()), None);
        }
    }
}
