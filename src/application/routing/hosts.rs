//! Rules for hosts.

use super::error::RouteError;
use super::route::Route;
use crate::syntax::authority::Authority;
use alloc::string::ToString;
use alloc::vec::Vec;

/// Rules for hosts.
#[derive(Default)]
pub(super) struct Hosts {
    /// Whole names first, then the longest.
    routes: Vec<Route>,
}

impl Hosts {
    pub(super) fn insert(&mut self, route: Route) -> Result<(), RouteError> {
        if !is_pattern(&route.text) {
            return Err(RouteError::invalid(route.to_string(), SHAPE));
        }
        route.check(self.routes.iter(), |other| {
            other.text.eq_ignore_ascii_case(&route.text)
        })?;
        let place = self
            .routes
            .partition_point(|other| order(other) <= order(&route));
        self.routes.insert(place, route);
        Ok(())
    }

    /// Finds the rule for a host.
    pub(super) fn find(&self, host: &str) -> Option<&Route> {
        let mut routes = self.routes.iter();
        routes.find(|route| matches(&route.text, host))
    }

    pub(super) fn iter(&self) -> core::slice::Iter<'_, Route> {
        self.routes.iter()
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.routes.is_empty()
    }
}

/// The form of a pattern for hosts.
pub(in crate::application) const SHAPE: &str = "a host is a name without a port, such as example.com or *.example.com; \
     letters outside ASCII are written as in xn--bcher-kva.example";

/// Returns whether a text is a pattern for hosts.
pub(in crate::application) fn is_pattern(text: &str) -> bool {
    let name = text.strip_prefix("*.").unwrap_or(text);
    let is_host = matches!(Authority::parse(name), Some(host) if host.host == name);
    is_host && !name.contains('*') && !name.ends_with('.')
}

/// Returns whether a pattern matches a host, whose case and a dot at whose end are ignored. `*` stands for one or more
/// labels.
pub(in crate::application) fn matches(pattern: &str, host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let Some(domain) = pattern.strip_prefix('*') else {
        return pattern.eq_ignore_ascii_case(host);
    };
    let labels = host.len().checked_sub(domain.len());
    let labels = labels.and_then(|length| host.split_at_checked(length));
    labels.is_some_and(|(labels, rest)| !labels.is_empty() && rest.eq_ignore_ascii_case(domain))
}

fn order(route: &Route) -> (bool, core::cmp::Reverse<usize>) {
    let length = core::cmp::Reverse(route.text.len());
    (route.text.starts_with('*'), length)
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
