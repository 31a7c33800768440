//! Rules for responses that no server can enforce for an application.

use super::response::ClientResponse;
use crate::headers::headers::Headers;
use crate::response::response::Response;
use crate::syntax::byte_class::{TOKEN, trim};
use crate::syntax::date;
use crate::syntax::entity_tag::EntityTag;
use crate::values::status::Status;
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// A rule that a response breaks, and its source.
pub(super) type Broken = (Cow<'static, str>, &'static str);

/// Headers that a status requires.
const REQUIRED: [(&[u16], &str, &str); 4] = [
    (&[401], "WWW-Authenticate", "RFC 9110 section 15.5.2"),
    (&[405], "Allow", "RFC 9110 section 15.5.6"),
    (&[416], "Content-Range", "RFC 9110 section 15.5.17"),
    (
        &[301, 302, 303, 307, 308],
        "Location",
        "RFC 9110 section 15.4",
    ),
];

/// Headers that are neither lists nor `Set-Cookie`.
const SINGLE: [&str; 13] = [
    "Access-Control-Allow-Credentials",
    "Access-Control-Allow-Origin",
    "Age",
    "Content-Disposition",
    "Content-Location",
    "Content-Range",
    "Content-Type",
    "ETag",
    "Expires",
    "Last-Modified",
    "Location",
    "Retry-After",
    "Strict-Transport-Security",
];

/// Returns the rules that a response breaks, each with its source.
pub(super) fn broken_rules(response: &Response) -> Vec<Broken> {
    if let Some(error) = response.error() {
        return Vec::from([(Cow::from(format!("{error}")), "a 500 is sent instead")]);
    }
    let has_body = response.body().length() != Some(0);
    rules(response.status(), response.headers().view(), has_body)
}

/// Returns the rules that a response breaks as a client has received it.
pub(super) fn response_rules(response: &ClientResponse) -> Vec<Broken> {
    rules(
        response.status(),
        response.headers(),
        !response.body().is_empty(),
    )
}

fn rules(status: Status, headers: Headers<'_>, has_body: bool) -> Vec<Broken> {
    let mut broken = Vec::new();
    for (statuses, name, source) in REQUIRED {
        if statuses.contains(&status.code()) && headers.get_bytes(name).is_none() {
            let rule = format!("a {} response must have {name}", status.code());
            broken.push((rule.into(), source));
        }
    }
    for name in SINGLE {
        if headers.get_all(name).count() > 1 {
            let rule = format!("{name} must be sent only once");
            broken.push((rule.into(), "RFC 9110 section 5.3"));
        }
    }
    body_rules(status, headers, has_body, &mut broken);
    value_rules(headers, &mut broken);
    cookie_rules(headers, &mut broken);
    broken
}

fn body_rules(status: Status, headers: Headers<'_>, has_body: bool, broken: &mut Vec<Broken>) {
    let media_type = headers.get_bytes("Content-Type");
    if has_body && (status.forbids_body() || status == Status::RESET_CONTENT) {
        let rule = format!("a {} response must not have a body", status.code());
        broken.push((rule.into(), "RFC 9110 section 6.4.1"));
    } else if has_body && media_type.is_none() {
        let rule = "a response with a body must have Content-Type";
        broken.push((rule.into(), "RFC 9110 section 8.3"));
    }
    if let Some(value) = media_type.filter(|value| !is_media_type(value)) {
        let value = value.escape_ascii();
        let rule = format!("Content-Type \"{value}\" must be a media type, such as text/html");
        broken.push((rule.into(), "RFC 9110 section 8.3.1"));
    }
    let is_multipart = media_type.is_some_and(|value| value.starts_with(b"multipart/byteranges"));
    if status == Status::PARTIAL_CONTENT
        && !is_multipart
        && headers.get_bytes("Content-Range").is_none()
    {
        let rule = "a 206 response with a single part must have Content-Range";
        broken.push((rule.into(), "RFC 9110 section 15.3.7.1"));
    }
}

fn value_rules(headers: Headers<'_>, broken: &mut Vec<Broken>) {
    let is_date = |value: &[u8]| date::parse(value, None).is_some();
    let is_number = |value: &[u8]| !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    if headers
        .get_bytes("ETag")
        .is_some_and(|value| EntityTag::parse(value).is_none())
    {
        let rule = "ETag must be a quoted string, such as \"1\" or W/\"1\"";
        broken.push((rule.into(), "RFC 9110 section 8.8.3"));
    }
    if headers
        .get_bytes("Last-Modified")
        .is_some_and(|value| !is_date(value))
    {
        let rule = "Last-Modified must be a date, such as Sun, 06 Nov 1994 08:49:37 GMT";
        broken.push((rule.into(), "RFC 9110 section 8.8.2"));
    }
    let is_delay = |value: &[u8]| is_number(value) || is_date(value);
    if headers
        .get_bytes("Retry-After")
        .is_some_and(|value| !is_delay(value))
    {
        let rule = "Retry-After must be a number of seconds or a date";
        broken.push((rule.into(), "RFC 9110 section 10.2.3"));
    }
}

fn cookie_rules(headers: Headers<'_>, broken: &mut Vec<Broken>) {
    let mut names: Vec<&[u8]> = Vec::new();
    for cookie in headers.get_all("Set-Cookie") {
        let mut parts = cookie.split(|&byte| byte == b';').map(trim);
        let pair = parts.next().unwrap_or_default();
        let name = trim(pair.split(|&byte| byte == b'=').next().unwrap_or_default());
        let has = |attribute: &[u8]| {
            parts
                .clone()
                .any(|part| part.eq_ignore_ascii_case(attribute))
        };
        let shown = name.escape_ascii();
        let mut add = |rule: String, source| broken.push((rule.into(), source));
        if names.contains(&name) {
            add(
                format!("cookie {shown} must be set only once"),
                "RFC 6265 section 4.1.1",
            );
        }
        let must_be_secure =
            has(b"SameSite=None") || name.starts_with(b"__Secure-") || name.starts_with(b"__Host-");
        if must_be_secure && !has(b"Secure") {
            add(
                format!("cookie {shown} must be Secure"),
                "RFC 6265bis section 4.1.2",
            );
        }
        names.push(name);
    }
}

/// Returns whether a value is a media type, with parameters whose names are tokens.
fn is_media_type(value: &[u8]) -> bool {
    let is_token = |bytes: &[u8]| !bytes.is_empty() && TOKEN.all(bytes);
    let mut parts = value.splitn(2, |&byte| byte == b';');
    let mut names = trim(parts.next().unwrap_or_default()).splitn(2, |&byte| byte == b'/');
    let is_type = names.next().is_some_and(is_token) && names.next().is_some_and(is_token);
    let parameters = parts.next().unwrap_or_default();
    // Semicolons may also stand in a quoted value, so only the first name is checked.
    let first = parameters.split(|&byte| byte == b'=').next();
    is_type && (trim(parameters).is_empty() || first.is_some_and(|name| is_token(trim(name))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(response: &Response) -> Vec<String> {
        let rules = broken_rules(response).into_iter();
        rules.map(|(rule, _)| rule.into_owned()).collect()
    }

    #[test]
    fn media_types_have_a_type_and_a_subtype() {
        for value in [
            "text/html",
            "text/html; charset=utf-8",
            "a/b ;c=\"d;e\"",
            "a/b;",
        ] {
            assert!(is_media_type(value.as_bytes()), "{value}");
        }
        for value in [
            "",
            "text",
            "text/",
            "/html",
            "text/html/x",
            "te xt/html",
            "text/html, a/b",
            "a/b; c d=e",
        ] {
            assert!(!is_media_type(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn correct_responses_break_no_rule() {
        for response in [
            Response::text("hello"),
            Response::new(Status::NO_CONTENT),
            Response::see_other("/a"),
            Response::from(Status::METHOD_NOT_ALLOWED).with_header("Allow", ""),
            Response::from(Status::SERVICE_UNAVAILABLE).with_header("Retry-After", "120"),
            Response::text("")
                .with_header("ETag", "W/\"1\"")
                .with_header("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT")
                .with_header("Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT")
                .with_appended_header("Set-Cookie", "a=1; SameSite=None; secure")
                .with_appended_header("Set-Cookie", "b=SameSite=None"),
        ] {
            assert_eq!(broken(&response), [""; 0], "{response:?}");
        }
    }

    #[test]
    fn each_violation_is_found() {
        let text = || Response::text("a");
        for (response, rule) in [
            (
                text().with_status(Status::NO_CONTENT),
                "a 204 response must not have a body",
            ),
            (
                text().with_status(Status::NOT_MODIFIED),
                "a 304 response must not have a body",
            ),
            (
                text().with_status(Status::UNAUTHORIZED),
                "a 401 response must have WWW-Authenticate",
            ),
            (
                text().with_status(Status::METHOD_NOT_ALLOWED),
                "a 405 response must have Allow",
            ),
            (
                text().with_status(Status::FOUND),
                "a 302 response must have Location",
            ),
            (
                text().with_status(Status::PARTIAL_CONTENT),
                "a 206 response with a single part must have Content-Range",
            ),
            (
                text().with_status(Status::RANGE_NOT_SATISFIABLE),
                "a 416 response must have Content-Range",
            ),
            (
                text().with_header("Content-Type", "html"),
                "Content-Type \"html\" must be a media type, such as text/html",
            ),
            (
                Response::new(Status::OK).with_body("a"),
                "a response with a body must have Content-Type",
            ),
            (
                text().with_appended_header("content-type", "a/b"),
                "Content-Type must be sent only once",
            ),
            (
                text().with_header("ETag", "1"),
                "ETag must be a quoted string, such as \"1\" or W/\"1\"",
            ),
            (
                text().with_header("Last-Modified", "now"),
                "Last-Modified must be a date, such as Sun, 06 Nov 1994 08:49:37 GMT",
            ),
            (
                text().with_header("Retry-After", "1.5"),
                "Retry-After must be a number of seconds or a date",
            ),
            (
                text().with_header("Set-Cookie", "a=1; SameSite=None"),
                "cookie a must be Secure",
            ),
            (
                text().with_header("Set-Cookie", "__Host-a=1"),
                "cookie __Host-a must be Secure",
            ),
            (
                text()
                    .with_header("Set-Cookie", "a=1")
                    .with_appended_header("Set-Cookie", "a=2"),
                "cookie a must be set only once",
            ),
            (
                text().with_header("Date", "now"),
                "header \"Date\" is set by the connection, not by an application",
            ),
        ] {
            assert_eq!(broken(&response), [rule]);
        }
    }
}
