//! The cookies that a client keeps.

use crate::syntax::date;
use crate::values::now::Now;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

/// The cookies of one client, kept by the rules of RFC 6265 section 5.
#[derive(Clone, Debug, Default)]
pub(super) struct CookieJar {
    cookies: Vec<Cookie>,
}

#[derive(Clone, Debug)]
struct Cookie {
    name: String,
    value: String,
    /// The host that set it, or the domain that it is for.
    domain: String,
    /// Whether it is sent only to that host, not to those below it.
    host_only: bool,
    path: String,
    secure: bool,
    /// The monotonic time from which it is gone, if it does not last as long as the client.
    expires: Option<Duration>,
}

impl CookieJar {
    /// Keeps what a `Set-Cookie` field says. A cookie that is already expired removes the one that it replaces.
    pub(super) fn set(&mut self, value: &str, host: &str, path: &str, is_secure: bool, now: Now) {
        let mut parts = value.split(';');
        let pair = parts.next().unwrap_or_default();
        let Some((name, value)) = pair.split_once('=') else {
            return;
        };
        let mut cookie = Cookie {
            name: name.trim().into(),
            value: value.trim().into(),
            domain: host.to_ascii_lowercase(),
            host_only: true,
            path: default_path(path).into(),
            secure: false,
            expires: None,
        };
        let mut max_age = None;
        for attribute in parts {
            let (name, value) = attribute.split_once('=').unwrap_or((attribute, ""));
            let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
            match &name[..] {
                "secure" => cookie.secure = true,
                "path" if value.starts_with('/') => cookie.path = value.into(),
                "domain" => {
                    let domain = value.trim_start_matches('.').to_ascii_lowercase();
                    if !is_below(host, &domain) {
                        return;
                    }
                    cookie.host_only = domain.is_empty();
                    if !domain.is_empty() {
                        cookie.domain = domain;
                    }
                }
                "max-age" => max_age = value.parse::<i64>().ok(),
                "expires" => cookie.expires = expiry(value, now),
                _ => {}
            }
        }
        // Max-Age takes precedence (RFC 6265 section 5.3).
        if let Some(seconds) = max_age {
            let lifetime = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
            cookie.expires = Some(now.monotonic.saturating_add(lifetime));
        }
        if cookie.name.is_empty() || cookie.secure && !is_secure {
            return;
        }
        self.cookies.retain(|other| {
            (&other.name, &other.domain, &other.path)
                != (&cookie.name, &cookie.domain, &cookie.path)
        });
        if cookie.expires.is_none_or(|expires| expires > now.monotonic) {
            self.cookies.push(cookie);
        }
    }

    /// Returns the value of the `Cookie` field for a request, or `None` if there is nothing to send.
    pub(super) fn field(
        &self,
        host: &str,
        path: &str,
        is_secure: bool,
        now: Now,
    ) -> Option<String> {
        let mut sent: Vec<&Cookie> = self
            .cookies
            .iter()
            .filter(|cookie| cookie.applies(host, path, is_secure, now))
            .collect();
        // Longer paths come first. The order is otherwise that of their creation.
        sent.sort_by_key(|cookie| core::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<String> = sent
            .iter()
            .map(|cookie| alloc::format!("{}={}", cookie.name, cookie.value))
            .collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// Returns the value of a cookie, whatever its path and domain.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let cookie = self.cookies.iter().find(|cookie| cookie.name == name)?;
        Some(&cookie.value)
    }

    pub(super) fn clear(&mut self) {
        self.cookies.clear();
    }
}

impl Cookie {
    fn applies(&self, host: &str, path: &str, is_secure: bool, now: Now) -> bool {
        let host = host.to_ascii_lowercase();
        let is_host = match self.host_only {
            true => host == self.domain,
            false => is_below(&host, &self.domain),
        };
        let is_path = path.strip_prefix(&self.path[..]).is_some_and(|rest| {
            rest.is_empty() || self.path.ends_with('/') || rest.starts_with('/')
        });
        let is_current = self.expires.is_none_or(|expires| expires > now.monotonic);
        is_host && is_path && is_current && (is_secure || !self.secure)
    }
}

/// Returns whether a host is the domain or is below it.
fn is_below(host: &str, domain: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let above = host.strip_suffix(domain);
    domain.is_empty() || above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
}

/// Returns the path of a cookie without a valid `Path` (RFC 6265 section 5.1.4).
fn default_path(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) | None => "/",
        Some(end) => path.get(..end).unwrap_or("/"),
    }
}

/// Converts a date into a monotonic time. Without a clock, every date is in the future.
fn expiry(date: &str, now: Now) -> Option<Duration> {
    let expires = Duration::from_secs(date::parse(date.as_bytes(), now.wall)?);
    match now.wall {
        Some(wall) => {
            let left = expires.saturating_sub(wall);
            Some(now.monotonic.saturating_add(left))
        }
        None => match expires.is_zero() {
            true => Some(now.monotonic),
            false => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Now = Now {
        monotonic: Duration::from_secs(10),
        wall: Some(Duration::from_secs(784_111_777)),
    };

    fn jar(fields: &[&str]) -> CookieJar {
        let mut jar = CookieJar::default();
        for field in fields {
            jar.set(field, "a.example.com", "/dir/page", false, NOW);
        }
        jar
    }

    #[test]
    fn cookies_go_where_they_belong() {
        let cases = [
            ("a=1", "a.example.com", "/dir/x", true),
            ("a=1", "a.example.com", "/dir", true),
            ("a=1", "a.example.com", "/directory", false),
            ("a=1", "b.a.example.com", "/dir/x", false),
            ("a=1; Path=/", "a.example.com", "/x", true),
            (
                "a=1; Path=/; Domain=example.com",
                "b.example.com",
                "/",
                true,
            ),
            ("a=1; Path=/; Domain=.Example.com", "example.com", "/", true),
            ("a=1; Path=/; Domain=other.com", "a.example.com", "/", false),
            ("a=1; Path=/; Domain=ample.com", "a.example.com", "/", false),
            ("a=1; Path=/; Secure", "a.example.com", "/", false),
            ("a=1; Path=/; Max-Age=1", "a.example.com", "/", true),
            ("a=1; Path=/; Max-Age=0", "a.example.com", "/", false),
            ("a=1; Path=/; Max-Age=-5", "a.example.com", "/", false),
            (
                "a=1; Path=/; Expires=Sun, 06 Nov 1994 08:49:38 GMT",
                "a.example.com",
                "/",
                true,
            ),
            (
                "a=1; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
                "a.example.com",
                "/",
                false,
            ),
            ("=1; Path=/", "a.example.com", "/", false),
            ("garbage", "a.example.com", "/dir/", false),
        ];
        for (field, host, path, is_sent) in cases {
            let sent = jar(&[field]).field(host, path, false, NOW);
            assert_eq!(sent.is_some(), is_sent, "{field} to {host}{path}");
        }
    }

    #[test]
    fn cookies_are_replaced_removed_and_sorted() {
        let sent = |jar: &CookieJar| jar.field("a.example.com", "/dir/x", false, NOW);
        let kept = jar(&["a=1; Path=/", "b=2", "a=3; Path=/"]);
        assert_eq!(sent(&kept).as_deref(), Some("b=2; a=3"));
        let removed = jar(&["a=1; Path=/", "a=; Path=/; Max-Age=0"]);
        assert_eq!(sent(&removed), None);
    }

    #[test]
    fn cookies_expire() {
        let jar = jar(&["a=1; Path=/; Max-Age=60"]);
        let later = Now {
            monotonic: Duration::from_secs(70),
            ..NOW
        };
        assert_eq!(jar.field("a.example.com", "/", false, later), None);
    }
}
