//! Patterns for hosts: a name, or `*.` and a name.

use super::authority::Authority;

/// The form of a host pattern.
pub(crate) const SHAPE: &str = "a host is a name without a port, such as example.com or *.example.com; \
     letters outside ASCII are written as in xn--bcher-kva.example";

/// Returns whether the text is a host pattern.
pub(crate) fn is_pattern(text: &str) -> bool {
    let name = text.strip_prefix("*.").unwrap_or(text);
    let is_host = matches!(Authority::parse(name), Some(host) if host.host == name);
    is_host && !name.contains('*') && !name.ends_with('.')
}

/// Returns whether a pattern matches a host, ignoring case and a trailing dot. `*` stands for one or more labels.
pub(crate) fn matches(pattern: &str, host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let Some(domain) = pattern.strip_prefix('*') else {
        return pattern.eq_ignore_ascii_case(host);
    };
    let labels = host.len().checked_sub(domain.len());
    let labels = labels.and_then(|length| host.split_at_checked(length));
    labels.is_some_and(|(labels, rest)| !labels.is_empty() && rest.eq_ignore_ascii_case(domain))
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_labels() {
        for host in ["a.example.com", "a.b.example.com", "A.EXAMPLE.com"] {
            assert!(matches("*.Example.com", host), "{host}");
        }
        for host in ["example.com", ".example.com", "aexample.com", "", "\u{e4}"] {
            assert!(!matches("*.example.com", host), "{host}");
        }
        assert!(matches("example.com", "EXAMPLE.COM") && !matches("example.com", "a.example.com"));
    }
}
