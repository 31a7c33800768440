//! The cookies that a client keeps.

use crate::syntax::date;
use crate::values::now::Now;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

/// The cookies of one client, kept by the rules of RFC 6265bis section 5.
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
    /// Whether it is sent only to that host, not to hosts below it.
    host_only: bool,
    path: String,
    /// Whether the header named the path.
    has_path: bool,
    secure: bool,
    /// The monotonic time at which it expires, if it does not last as long as the client.
    expires: Option<Duration>,
}

impl CookieJar {
    /// Stores the cookie in a `Set-Cookie` header, unless the host may not set it. A cookie that is already expired
    /// removes the cookie that it replaces.
    pub(super) fn set(&mut self, value: &str, host: &str, path: &str, is_secure: bool, now: Now) {
        let Some(cookie) = Cookie::parse(value, host, path, now) else {
            return;
        };
        let may_be_set = (is_secure || !cookie.secure && !self.hides_secure(&cookie, now))
            && cookie.keeps_the_promise_of_its_name();
        if !may_be_set {
            return;
        }
        self.cookies.retain(|other| {
            (&other.name, &other.domain, &other.path)
                != (&cookie.name, &cookie.domain, &cookie.path)
        });
        if cookie.is_current(now) {
            self.cookies.push(cookie);
        }
    }

    /// Returns whether a cookie would replace a secure one, or would be sent in its place. Over HTTP, anyone could have
    /// set it (RFC 6265bis section 5.7).
    fn hides_secure(&self, cookie: &Cookie, now: Now) -> bool {
        self.cookies.iter().any(|other| {
            let is_same_domain =
                is_below(&cookie.domain, &other.domain) || is_below(&other.domain, &cookie.domain);
            other.secure
                && other.is_current(now)
                && other.name == cookie.name
                && is_same_domain
                && is_within(&cookie.path, &other.path)
        })
    }

    /// Returns the value of the `Cookie` header for a request, or `None` if no cookie applies.
    pub(super) fn header(
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
        // Longer paths come first, then older cookies.
        sent.sort_by_key(|cookie| core::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<String> = sent
            .iter()
            .map(|cookie| alloc::format!("{}={}", cookie.name, cookie.value))
            .collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// Returns the value of an unexpired cookie, regardless of its path and domain.
    pub(super) fn get(&self, name: &str, now: Now) -> Option<&str> {
        let mut current = self.cookies.iter().filter(|cookie| cookie.is_current(now));
        let cookie = current.find(|cookie| cookie.name == name)?;
        Some(&cookie.value)
    }

    pub(super) fn clear(&mut self) {
        self.cookies.clear();
    }
}

impl Cookie {
    /// Reads a `Set-Cookie` header. Returns `None` for an invalid cookie, or a cookie for another domain.
    fn parse(value: &str, host: &str, path: &str, now: Now) -> Option<Cookie> {
        let mut parts = value.split(';');
        let (name, value) = parts.next()?.split_once('=')?;
        let mut cookie = Cookie {
            name: name.trim().into(),
            value: value.trim().into(),
            domain: host.to_ascii_lowercase(),
            host_only: true,
            path: default_path(path).into(),
            has_path: false,
            secure: false,
            expires: None,
        };
        let mut max_age = None;
        for attribute in parts {
            let (name, value) = attribute.split_once('=').unwrap_or((attribute, ""));
            let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
            match &name[..] {
                "secure" => cookie.secure = true,
                "path" if value.starts_with('/') => {
                    cookie.path = value.into();
                    cookie.has_path = true;
                }
                "domain" => {
                    let domain = value.trim_start_matches('.').to_ascii_lowercase();
                    if !is_below(host, &domain) {
                        return None;
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
        (!cookie.name.is_empty()).then_some(cookie)
    }

    /// Returns whether a cookie keeps the promise of its name: a cookie whose name begins with `__Secure-` is secure,
    /// and one whose name begins with `__Host-` also applies to one host and all its paths (RFC 6265bis section 4.1.3).
    fn keeps_the_promise_of_its_name(&self) -> bool {
        let name = self.name.to_ascii_lowercase();
        let is_for_host = self.host_only && self.has_path && self.path == "/";
        let is_secure = self.secure || !name.starts_with("__secure-");
        is_secure && (self.secure && is_for_host || !name.starts_with("__host-"))
    }

    fn is_current(&self, now: Now) -> bool {
        self.expires.is_none_or(|expires| expires > now.monotonic)
    }

    fn applies(&self, host: &str, path: &str, is_secure: bool, now: Now) -> bool {
        let host = host.to_ascii_lowercase();
        let is_host = if self.host_only {
            host == self.domain
        } else {
            is_below(&host, &self.domain)
        };
        let is_allowed = is_secure || !self.secure;
        is_host && is_within(path, &self.path) && self.is_current(now) && is_allowed
    }
}

/// Returns whether a host is the domain or is below it.
fn is_below(host: &str, domain: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let above = host.strip_suffix(domain);
    domain.is_empty() || above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
}

/// Returns whether a path is the cookie's path or below it (RFC 6265 section 5.1.4).
fn is_within(path: &str, cookie_path: &str) -> bool {
    path.strip_prefix(cookie_path)
        .is_some_and(|rest| rest.is_empty() || cookie_path.ends_with('/') || rest.starts_with('/'))
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
        None => expires.is_zero().then_some(now.monotonic),
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
    fn cookies_are_sent_only_where_they_belong() {
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
            let sent = jar(&[field]).header(host, path, false, NOW);
            assert_eq!(sent.is_some(), is_sent, "{field} to {host}{path}");
        }
    }

    #[test]
    fn cookies_are_replaced_removed_and_sorted() {
        let sent = |jar: &CookieJar| jar.header("a.example.com", "/dir/x", false, NOW);
        let kept = jar(&["a=1; Path=/", "b=2", "a=3; Path=/"]);
        assert_eq!(sent(&kept).as_deref(), Some("b=2; a=3"));
        let removed = jar(&["a=1; Path=/", "a=; Path=/; Max-Age=0"]);
        assert_eq!(sent(&removed), None);
    }

    /// The cookies sent over HTTPS after these headers, which arrived over HTTPS or HTTP.
    fn sent_securely(fields: &[(&str, bool)]) -> Option<String> {
        let mut jar = CookieJar::default();
        for (field, is_secure) in fields {
            jar.set(field, "a.example.com", "/dir/page", *is_secure, NOW);
        }
        jar.header("a.example.com", "/dir/page", true, NOW)
    }

    #[test]
    fn name_prefixes_are_enforced() {
        for (field, is_kept) in [
            ("__Secure-a=1; Secure", true),
            ("__Secure-a=1", false),
            ("__secure-a=1", false),
            ("__Host-a=1; Secure; Path=/", true),
            ("__Host-a=1; Path=/", false),
            ("__Host-a=1; Secure", false),
            ("__Host-a=1; Secure; Path=/dir", false),
            ("__Host-a=1; Secure; Path=/; Domain=a.example.com", false),
            ("__HOST-a=1; Secure", false),
            ("__Hosta=1", true),
        ] {
            assert_eq!(
                sent_securely(&[(field, true)]).is_some(),
                is_kept,
                "{field}"
            );
        }
        assert_eq!(sent_securely(&[("__Secure-a=1; Secure", false)]), None);
    }

    #[test]
    fn a_cookie_set_over_http_does_not_hide_a_secure_one() {
        let secure = ("a=1; Path=/dir; Secure", true);
        for field in [
            "a=2; Path=/dir",
            "a=2; Path=/dir/page",
            "a=2; Path=/dir; Domain=example.com",
            "a=; Path=/dir; Max-Age=0",
        ] {
            let sent = sent_securely(&[secure, (field, false)]);
            assert_eq!(sent.as_deref(), Some("a=1"), "{field}");
        }
        let both = sent_securely(&[secure, ("a=2; Path=/", false)]);
        assert_eq!(both.as_deref(), Some("a=1; a=2"));
        let replaced = sent_securely(&[secure, ("a=2; Path=/dir", true)]);
        assert_eq!(replaced.as_deref(), Some("a=2"));
    }

    #[test]
    fn cookies_expire() {
        let jar = jar(&["a=1; Path=/; Max-Age=60"]);
        let later = Now {
            monotonic: Duration::from_secs(70),
            ..NOW
        };
        assert_eq!(jar.get("a", NOW), Some("1"));
        assert_eq!(jar.get("a", later), None);
        assert_eq!(jar.header("a.example.com", "/", false, later), None);
    }
}
