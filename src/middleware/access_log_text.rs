//! A line of the access log as text: the Common and the Combined Log Format.

use super::basic_auth::AuthenticatedUser;
use super::logged_headers::{Named, VALUE_BYTES};
use super::request_info::RequestInfo;
use super::set_request_id::RequestId;
use crate::response::response::Response;
use crate::syntax::date::Civil;
use crate::values::connection_info::Peer;
use alloc::string::String;
use core::fmt::{self, Write};

pub(super) fn write_common(
    line: &mut String,
    request: &RequestInfo<'_>,
    response: &Response,
) -> fmt::Result {
    write_start(line, request, response)?;
    write_id(line, request)
}

pub(super) fn write_combined(
    line: &mut String,
    request: &RequestInfo<'_>,
    response: &Response,
) -> fmt::Result {
    write_start(line, request, response)?;
    let named = Named::of(request);
    for value in [
        named.and_then(|named| named.referer.as_deref()),
        named.and_then(|named| named.user_agent.as_deref()),
    ] {
        line.push_str(" \"");
        escape(value.unwrap_or(b"-"), b"", line)?;
        line.push('"');
    }
    write_id(line, request)
}

/// Ends a line with the time that the request took, in milliseconds.
pub(super) fn write_time(line: &mut String, request: &RequestInfo<'_>) {
    match request.elapsed().map(|time| time.as_micros()) {
        Some(micros) => {
            // Writing to a string cannot fail.
            let _ = write!(line, " {}.{:03}ms", micros / 1000, micros % 1000);
        }
        None => line.push_str(" -"),
    }
}

/// Writes the values that both forms begin with.
fn write_start(line: &mut String, request: &RequestInfo<'_>, response: &Response) -> fmt::Result {
    match &request.connection.peer {
        Peer::Address(address) => write!(line, "{}", address.ip())?,
        Peer::Named(name) => escape(name.as_bytes(), b" ", line)?,
        Peer::Unknown => line.push('-'),
    }
    line.push_str(" - ");
    match request.extensions.get::<AuthenticatedUser>() {
        Some(user) if !user.name().is_empty() => escape(user.name().as_bytes(), b" ", line)?,
        _ => line.push('-'),
    }
    line.push_str(" [");
    match request.now.wall.and_then(Civil::from_unix) {
        Some(civil) => write!(
            line,
            "{:02}/{}/{:04}:{:02}:{:02}:{:02} +0000",
            civil.day,
            civil.month_name(),
            civil.year,
            civil.hour,
            civil.minute,
            civil.second
        )?,
        None => line.push('-'),
    }
    line.push_str("] \"");
    match request.line {
        b"" => line.push('-'),
        sent => escape(sent, b"", line)?,
    }
    write!(line, "\" {} ", response.sent_status().code())?;
    match request.content_length(response) {
        Some(length) => write!(line, "{length}"),
        None => line.write_char('-'),
    }
}

fn write_id(line: &mut String, request: &RequestInfo<'_>) -> fmt::Result {
    let Some(id) = request.extensions.get::<RequestId>() else {
        return Ok(());
    };
    line.push(' ');
    escape(id.as_str().as_bytes(), b" ", line)
}

/// Writes visible characters as they are. Escapes all others, and the ones in `also`.
fn escape(bytes: &[u8], also: &[u8], text: &mut String) -> fmt::Result {
    for &byte in bytes.iter().take(VALUE_BYTES) {
        match byte {
            b'"' | b'\\' => write!(text, "\\{}", char::from(byte))?,
            b' '..=b'~' if !also.contains(&byte) => text.push(char::from(byte)),
            _ => write!(text, "\\x{byte:02x}")?,
        }
    }
    if bytes.len() > VALUE_BYTES {
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
        write_common(&mut text, &info, &response).unwrap();
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
