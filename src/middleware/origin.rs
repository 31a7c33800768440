//! Origins as browsers send them (HTML standard, "origin").

use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Collects origins.
///
/// # Panics
/// Panics if a text is not an origin as browsers send it, because it would never match.
#[track_caller]
pub(super) fn listed_origins(origins: impl IntoIterator<Item: AsRef<str>>) -> Vec<String> {
    let origins = origins.into_iter().map(|it| it.as_ref().to_string());
    let origins: Vec<String> = origins.collect();
    for origin in &origins {
        assert!(
            is_serialized(origin),
            "{origin:?} is not an origin as browsers send it, such as https://example.com or http://localhost:8080: \
             lower case, no path, no slash at the end, no default port"
        );
    }
    origins
}

/// Returns whether a text is the serialization of an origin that has a scheme, a host and possibly a port (HTML
/// standard, "origin").
fn is_serialized(origin: &str) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else {
        return false;
    };
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_lowercase())
        && scheme.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.".contains(&byte)
        });
    let is_authority = !authority.is_empty()
        && authority.bytes().all(|byte| {
            byte.is_ascii_graphic() && !byte.is_ascii_uppercase() && !b"/?#@\\*,".contains(&byte)
        });
    let has_default_port = match scheme {
        "http" => authority.ends_with(":80"),
        "https" => authority.ends_with(":443"),
        _ => false,
    };
    is_scheme && is_authority && !has_default_port
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_origins_as_browsers_send_them_are_accepted() {
        for origin in [
            "https://example.com",
            "http://localhost:8080",
            "http://[::1]:3000",
            "https://xn--bcher-kva.example",
            "chrome-extension://abcdefgh",
            "http://example.com:443",
        ] {
            assert!(is_serialized(origin), "{origin}");
        }
        for origin in [
            "",
            "*",
            "null",
            "example.com",
            "https://",
            "https://example.com/",
            "https://example.com/a",
            "https://Example.com",
            "HTTPS://example.com",
            "https://user@example.com",
            "https://example.com:443",
            "http://example.com:80",
            "https://*.example.com",
            "https://a, https://b",
            "https://b\u{fc}cher.example",
        ] {
            assert!(!is_serialized(origin), "{origin}");
        }
    }
}
