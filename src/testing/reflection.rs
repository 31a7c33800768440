//! Input that an application sends back where it does harm.

use super::response::ClientResponse;
use super::rules::Broken;
use super::values::{COOKIE_ATTRIBUTE, FOREIGN_HOST, MARKER};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Headers that may contain a part of a request. Each has an encoding for it.
const WITH_INPUT: [&str; 4] = [
    "Location",
    "Content-Location",
    "Content-Disposition",
    "Link",
];

/// Returns the ways in which a response repeats the odd values of its request: it sends HTML as it is, redirects to a foreign host,
/// or puts text into headers.
pub(super) fn reflections(response: &ClientResponse) -> Vec<Broken> {
    let mut found = Vec::new();
    if let Some(words) = html(response) {
        found.push((words.into(), "text must be escaped, as with escape_html"));
    }
    let location = response.header("Location").unwrap_or_default();
    if response.status().code() / 100 == 3 && leads_away(location) {
        let rule = "the request decides to which host the redirect leads";
        found.push((rule.into(), "follow only paths that are known"));
    }
    for (name, value) in response.headers() {
        let contains = |text: &str| {
            value
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        };
        let is_exempt = WITH_INPUT
            .iter()
            .any(|exempt| exempt.eq_ignore_ascii_case(name));
        if name.eq_ignore_ascii_case("Set-Cookie") && contains(&format!("; {COOKIE_ATTRIBUTE}")) {
            let rule = "the request adds attributes to a cookie";
            found.push((rule.into(), "the value of a cookie must be encoded"));
        } else if !is_exempt && contains(MARKER) {
            let rule = format!("{name} contains text of the request as it was sent");
            found.push((rule.into(), "text must be encoded"));
        }
    }
    found
}

/// Returns how a page contains the marker, if a browser would read it as more than text.
fn html(response: &ClientResponse) -> Option<&'static str> {
    let media_type = response.header("Content-Type").unwrap_or_default();
    let is_page = ["text/html", "application/xhtml", "image/svg"]
        .iter()
        .any(|page| media_type.to_ascii_lowercase().starts_with(page));
    if !is_page {
        return None;
    }
    let text = String::from_utf8_lossy(response.body());
    if text.contains("<bytegate") {
        return Some("the page contains text of the request as HTML");
    }
    let word = "bytegate";
    let places = text.match_indices(word).map(|(place, _)| place);
    let mut ends = places.map(|place| (place, text.get(place + word.len()..).unwrap_or_default()));
    let is_outside = ends.any(|(place, rest)| {
        let before = text.get(..place).unwrap_or_default();
        let quote = attribute_quote(before);
        // The marker goes on with a quote of each kind.
        match quote {
            Some('"') => rest.starts_with('"'),
            Some(_) => rest.starts_with("\">'") || rest.starts_with("&quot;&gt;'"),
            None => false,
        }
    });
    is_outside.then_some("text of the request ends an attribute of the page")
}

/// Returns the quote of the attribute whose value is not yet complete at the end of this text.
fn attribute_quote(before: &str) -> Option<char> {
    let tag = before.get(before.rfind('<')?..)?;
    let mut quote = None;
    for character in tag.chars() {
        match quote {
            None if character == '>' => return None,
            None if matches!(character, '"' | '\'') => quote = Some(character),
            Some(open) if open == character => quote = None,
            _ => {}
        }
    }
    quote
}

/// Returns whether browsers follow a reference to the foreign host.
fn leads_away(location: &str) -> bool {
    let location = location
        .trim_start()
        .replace('\\', "/")
        .to_ascii_lowercase();
    let after_scheme = ["https:", "http:"]
        .iter()
        .find_map(|scheme| location.strip_prefix(scheme))
        .unwrap_or(&location);
    let Some(rest) = after_scheme.strip_prefix("//") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    host.split(':').next() == Some(FOREIGN_HOST)
}

#[cfg(test)]
mod tests {
    use super::super::reader::read_responses;
    use super::*;
    use crate::values::method::Method;

    fn found(head: &str, body: &str) -> Vec<String> {
        let length = body.len();
        let output = format!("HTTP/1.1 {head}Content-Length: {length}\r\n\r\n{body}");
        let responses = read_responses(output.as_bytes(), &[Method::GET]).unwrap();
        let found = reflections(&responses[0]).into_iter();
        found.map(|(rule, _)| rule.into_owned()).collect()
    }

    #[test]
    fn html_that_is_not_escaped_is_found() {
        let page = "200 OK\r\nContent-Type: text/html; charset=utf-8\r\n";
        let html = "the page contains text of the request as HTML";
        let attribute = "text of the request ends an attribute of the page";
        for (body, expected) in [
            ("<p><bytegate\">'</p>", Some(html)),
            ("<script>x = \"<bytegate\\\">'\"</script>", Some(html)),
            ("<a href=\"&lt;bytegate\">'\">x</a>", Some(attribute)),
            ("<a href='&lt;bytegate&quot;&gt;''>x</a>", Some(attribute)),
            ("<a href='&lt;bytegate\">''>x</a>", Some(attribute)),
            ("<p>&lt;bytegate\">'</p>", None),
            ("<p>&lt;bytegate&quot;&gt;&#39;</p>", None),
            ("<a title=\"&lt;bytegate&quot;&gt;'\">x</a>", None),
            ("<a title='&lt;bytegate&quot;&gt;&#39;'>x</a>", None),
            ("<a title='x'>&lt;bytegate\">'</a>", None),
            ("<title>bytegate</title>", None),
        ] {
            let expected: Vec<&str> = expected.into_iter().collect();
            assert_eq!(found(page, body), expected, "{body}");
        }
        let text = "200 OK\r\nContent-Type: text/plain\r\n";
        assert_eq!(found(text, "<bytegate\">'"), [""; 0]);
    }

    #[test]
    fn redirects_to_another_host_are_found() {
        for (location, leads_away) in [
            ("https://bytegate.example/", true),
            ("//bytegate.example/", true),
            ("/\\bytegate.example/", true),
            ("http://a@BYTEGATE.example:80?x", true),
            ("/login?next=https://bytegate.example/", false),
            ("/bytegate.example/", false),
            ("/%5Cbytegate.example/", false),
            (
                "https://accounts.example/?return=https://bytegate.example/",
                false,
            ),
        ] {
            let head = format!("302 Found\r\nLocation: {location}\r\n");
            assert_eq!(!found(&head, "").is_empty(), leads_away, "{location}");
        }
        let head = "201 Created\r\nLocation: https://bytegate.example/\r\n";
        assert_eq!(found(head, ""), [""; 0]);
    }

    #[test]
    fn text_in_headers_is_found() {
        for (line, expected) in [
            (
                "Set-Cookie: a=a; Bytegate=1",
                Some("the request adds attributes to a cookie"),
            ),
            ("Set-Cookie: a=a%3B%20Bytegate=1", None),
            (
                "X-Name: <bytegate\">'",
                Some("X-Name contains text of the request as it was sent"),
            ),
            ("X-Name: %3Cbytegate%22%3E'", None),
            (
                "Content-Disposition: attachment; filename=\"<bytegate\">'\"",
                None,
            ),
        ] {
            let expected: Vec<&str> = expected.into_iter().collect();
            assert_eq!(
                found(&format!("200 OK\r\n{line}\r\n"), ""),
                expected,
                "{line}"
            );
        }
    }
}
