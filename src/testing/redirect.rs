//! Where a redirect leads (RFC 3986 section 5.2), read as browsers read it.

use super::place::{Place, split_query};
use crate::syntax::uri_reference;
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Resolves the reference in `Location`, relative to the target of a request. Returns the new target, or `None` if the
/// reference leads to another host or is none.
pub(super) fn resolve(base: &Place<'_>, location: &str) -> Option<String> {
    let location = location.split('#').next().unwrap_or_default();
    let location = with_slashes(location);
    let rest = match scheme_of(&location) {
        None => &location[..],
        Some(("http" | "https", rest)) => rest,
        Some(_) => return None,
    };
    let (path, query) = split_query(rest);
    let (path, query) = match path.strip_prefix("//") {
        Some(rest) => {
            let end = rest.find('/').unwrap_or(rest.len());
            let (authority, path) = rest.split_at(end);
            if !base.is_at(authority) {
                return None;
            }
            (without_dots(path), query)
        }
        None if path.is_empty() => (base.path.into(), query.or(base.query)),
        None if path.starts_with('/') => (without_dots(path), query),
        None => {
            let end = base.path.rfind('/').map_or(0, |last| last + 1);
            let folder = base.path.get(..end).unwrap_or_default();
            (without_dots(&format!("{folder}{path}")), query)
        }
    };
    let target = match query {
        Some(query) => format!("{path}?{query}"),
        None => path,
    };
    let encoded = uri_reference::encode(target.as_bytes())?;
    Some(String::from_utf8_lossy(&encoded).into_owned())
}

/// Browsers read a backslash before the query as a slash.
fn with_slashes(location: &str) -> Cow<'_, str> {
    let (path, query) = split_query(location);
    if !path.contains('\\') {
        return location.into();
    }
    let path = path.replace('\\', "/");
    match query {
        Some(query) => format!("{path}?{query}").into(),
        None => path.into(),
    }
}

/// Returns the scheme in lower case, and the text after its colon.
fn scheme_of(location: &str) -> Option<(&'static str, &str)> {
    let end = location.find([':', '/', '?'])?;
    let rest = location.get(end..)?.strip_prefix(':')?;
    let scheme = match &location.get(..end)?.to_ascii_lowercase()[..] {
        "http" => "http",
        "https" => "https",
        _ => "",
    };
    Some((scheme, rest))
}

/// Removes the `.` and `..` segments from a path (RFC 3986 section 5.2.4). Their dots may be percent-encoded.
fn without_dots(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    let mut all = path.split('/').skip(1).peekable();
    while let Some(segment) = all.next() {
        let is_last = all.peek().is_none();
        let plain = segment.to_ascii_lowercase().replace("%2e", ".");
        match &plain[..] {
            "." | ".." => {
                if plain == ".." {
                    segments.pop();
                }
                if is_last {
                    segments.push("");
                }
            }
            _ => segments.push(segment),
        }
    }
    format!("/{}", segments.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_resolved_on_the_same_host() {
        let base = Place {
            origin: "",
            authority: "localhost",
            path: "/dir/page",
            query: Some("p=1"),
        };
        for (location, expected) in [
            ("/a?b", Some("/a?b")),
            ("c", Some("/dir/c")),
            ("../c?d", Some("/c?d")),
            ("./", Some("/dir/")),
            ("..", Some("/")),
            ("../../../x", Some("/x")),
            ("?q", Some("/dir/page?q")),
            ("?", Some("/dir/page?")),
            ("", Some("/dir/page?p=1")),
            ("#top", Some("/dir/page?p=1")),
            ("?q#top", Some("/dir/page?q")),
            ("c#../d", Some("/dir/c")),
            ("c?../d", Some("/dir/c?../d")),
            ("/c/../d", Some("/d")),
            ("/c/%2e%2E/d", Some("/d")),
            ("/c/./d/..", Some("/c/")),
            ("/c//../d", Some("/c/d")),
            ("./a:b", Some("/dir/a:b")),
            ("http://localhost/x", Some("/x")),
            ("http://localhost/x/../y?z", Some("/y?z")),
            ("http://localhost:80/x", Some("/x")),
            ("//localhost", Some("/")),
            ("//localhost?q", Some("/?q")),
            ("https://LOCALHOST?q", Some("/?q")),
            ("HTTP:c", Some("/dir/c")),
            ("\\c\\d", Some("/c/d")),
            ("/a b?\u{e4}", Some("/a%20b?%C3%A4")),
            ("http://other/x", None),
            ("//host/x", None),
            ("//localhost.evil/x", None),
            ("//localhost:8080/x", None),
            ("//user@other/x", None),
            ("/\\other/x", None),
            ("\\\\other/x", None),
            ("mailto:ada@localhost", None),
            ("ftp://localhost/x", None),
        ] {
            assert_eq!(resolve(&base, location).as_deref(), expected, "{location}");
        }
    }

    /// The examples of RFC 3986 section 5.4, as far as they stay on the host.
    #[test]
    fn the_examples_of_the_rfc_are_resolved() {
        let base = Place {
            origin: "",
            authority: "a",
            path: "/b/c/d;p",
            query: Some("q"),
        };
        for (location, expected) in [
            ("g", "/b/c/g"),
            ("./g", "/b/c/g"),
            ("g/", "/b/c/g/"),
            ("/g", "/g"),
            ("?y", "/b/c/d;p?y"),
            ("g?y", "/b/c/g?y"),
            ("#s", "/b/c/d;p?q"),
            ("g#s", "/b/c/g"),
            ("g?y#s", "/b/c/g?y"),
            (";x", "/b/c/;x"),
            ("g;x", "/b/c/g;x"),
            ("", "/b/c/d;p?q"),
            (".", "/b/c/"),
            ("./", "/b/c/"),
            ("..", "/b/"),
            ("../g", "/b/g"),
            ("../..", "/"),
            ("../../g", "/g"),
            ("../../../../g", "/g"),
            ("/./g", "/g"),
            ("/../g", "/g"),
            ("g.", "/b/c/g."),
            ("..g", "/b/c/..g"),
            ("./../g", "/b/g"),
            ("g/./h", "/b/c/g/h"),
            ("g/../h", "/b/c/h"),
            ("g;x=1/../y", "/b/c/y"),
            ("g?y/../x", "/b/c/g?y/../x"),
        ] {
            assert_eq!(
                resolve(&base, location).as_deref(),
                Some(expected),
                "{location}"
            );
        }
    }
}
