//! The cookies that a client keeps.

use super::cookie_date;
use crate::values::now::Now;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

/// The length of a name and its value together from which browsers drop a cookie (RFC 6265bis section 5.7).
const MAX_BYTES: usize = 4096;

/// The length of an attribute's value from which browsers ignore the attribute (RFC 6265bis section 5.6).
const MAX_ATTRIBUTE_BYTES: usize = 1024;

/// The longest time that browsers keep a cookie: 400 days (RFC 6265bis section 5.5).
const MAX_LIFETIME: Duration = Duration::from_secs(400 * 86_400);

/// 1 January 2020, in seconds since the Unix epoch. A client without a clock knows that dates before it are over.
const LONG_PAST: u64 = 1_577_836_800;

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
    /// Whether it is `SameSite=None`, which needs `Secure`.
    is_for_every_site: bool,
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
            && (cookie.secure || !cookie.is_for_every_site)
            && cookie.keeps_the_promise_of_its_name();
        if !may_be_set {
            return;
        }
        self.cookies.retain(|other| other.is_current(now));
        let place = self.cookies.iter().position(|other| {
            (&other.name, &other.domain, other.host_only, &other.path)
                == (&cookie.name, &cookie.domain, cookie.host_only, &cookie.path)
        });
        match (place, cookie.is_current(now)) {
            // The time of its creation stays, and with it the order (RFC 6265bis section 5.7).
            (Some(place), true) => self.cookies[place] = cookie,
            (Some(place), false) => drop(self.cookies.remove(place)),
            (None, true) => self.cookies.push(cookie),
            (None, false) => {}
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
            .map(|cookie| match &cookie.name[..] {
                "" => cookie.value.clone(),
                name => alloc::format!("{name}={}", cookie.value),
            })
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
    /// Reads a `Set-Cookie` header. Returns `None` for an empty or too long cookie, or a cookie for another domain. Without an
    /// equals sign, all of it is the value, and the name is empty. Of several attributes with the same name, the last one
    /// counts (RFC 6265bis sections 5.6 and 5.7).
    fn parse(value: &str, host: &str, path: &str, now: Now) -> Option<Cookie> {
        let mut parts = value.split(';');
        let pair = parts.next()?;
        let (name, value) = pair.split_once('=').unwrap_or(("", pair));
        let (name, value) = (name.trim_matches(BLANKS), value.trim_matches(BLANKS));
        if !(1..=MAX_BYTES).contains(&(name.len() + value.len())) {
            return None;
        }
        let mut cookie = Cookie {
            name: name.into(),
            value: value.into(),
            domain: host.to_ascii_lowercase(),
            host_only: true,
            path: default_path(path).into(),
            has_path: false,
            secure: false,
            is_for_every_site: false,
            expires: None,
        };
        let (mut max_age, mut domain) = (None, String::new());
        for attribute in parts {
            let (name, value) = attribute.split_once('=').unwrap_or((attribute, ""));
            let name = name.trim_matches(BLANKS).to_ascii_lowercase();
            let value = value.trim_matches(BLANKS);
            if value.len() > MAX_ATTRIBUTE_BYTES {
                continue;
            }
            match &name[..] {
                "secure" => cookie.secure = true,
                "path" => {
                    cookie.has_path = value.starts_with('/');
                    cookie.path = if cookie.has_path {
                        value.into()
                    } else {
                        default_path(path).into()
                    };
                }
                "domain" => {
                    domain = value
                        .strip_prefix('.')
                        .unwrap_or(value)
                        .to_ascii_lowercase();
                }
                "max-age" => max_age = lifetime(value).or(max_age),
                "expires" => cookie.expires = expiry(value, now).or(cookie.expires),
                "samesite" => cookie.is_for_every_site = value.eq_ignore_ascii_case("none"),
                _ => {}
            }
        }
        if !domain.is_empty() {
            // No host may set a cookie for a whole top-level domain.
            let is_shared = domain.contains('.') && is_below(host, &domain);
            if !is_shared && domain != cookie.domain {
                return None;
            }
            cookie.host_only = !is_shared;
            cookie.domain = domain;
        }
        // Max-Age takes precedence (RFC 6265bis section 5.7).
        let latest = now.monotonic.saturating_add(MAX_LIFETIME);
        let expires = max_age.map(|lifetime| now.monotonic.saturating_add(lifetime));
        cookie.expires = expires.or(cookie.expires).map(|end| end.min(latest));
        Some(cookie)
    }

    /// Returns whether a cookie keeps the promise of its name: a cookie whose name begins with `__Secure-` is secure,
    /// and one whose name begins with `__Host-` also applies to one host and all its paths (RFC 6265bis section 4.1.3). A
    /// server would read a cookie without a name as one whose name is in the value, so that may promise nothing (section
    /// 5.7).
    fn keeps_the_promise_of_its_name(&self) -> bool {
        if self.name.is_empty() {
            let value = self.value.to_ascii_lowercase();
            return !value.starts_with("__secure-") && !value.starts_with("__host-");
        }
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

/// The space around names and values that is ignored.
const BLANKS: [char; 2] = [' ', '\t'];

/// Returns whether a host is the domain or is below it. Nothing is below an IP address (RFC 6265 section 5.1.3).
fn is_below(host: &str, domain: &str) -> bool {
    let host = host.to_ascii_lowercase();
    match host.strip_suffix(domain) {
        None => false,
        Some("") => true,
        Some(above) => above.ends_with('.') && host.parse::<IpAddr>().is_err(),
    }
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

/// Reads a number of seconds. Returns `None` for anything else, and zero for a number below it.
fn lifetime(seconds: &str) -> Option<Duration> {
    let digits = seconds.strip_prefix('-').unwrap_or(seconds);
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    match digits.len() == seconds.len() {
        // A number that does not fit is a long time.
        true => Some(Duration::from_secs(seconds.parse().unwrap_or(u64::MAX))),
        false => Some(Duration::ZERO),
    }
}

/// Converts a date into a monotonic time. Without a clock, only a date that is long past is over.
fn expiry(date: &str, now: Now) -> Option<Duration> {
    let seconds = cookie_date::parse(date)?;
    match now.wall {
        Some(wall) => {
            let left = Duration::from_secs(seconds).saturating_sub(wall);
            Some(now.monotonic.saturating_add(left))
        }
        None => (seconds < LONG_PAST).then_some(now.monotonic),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Now = Now {
        monotonic: Duration::from_secs(10),
        wall: Some(Duration::from_secs(784_111_777)),
    };

    fn jar(headers: &[&str]) -> CookieJar {
        let mut jar = CookieJar::default();
        for header in headers {
            jar.set(header, "a.example.com", "/dir/page", false, NOW);
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
            ("a=1; Path=/; Domain=com", "a.example.com", "/", false),
            (
                "a=1; Path=/; Domain=a.example.com",
                "b.a.example.com",
                "/",
                true,
            ),
            ("a=1; Path=/; Domain=", "a.example.com", "/", true),
            (
                "a=1; Domain=other.com; Path=/; Domain=example.com",
                "b.example.com",
                "/",
                true,
            ),
            ("a=1; Path=/; Path=none", "a.example.com", "/", false),
            ("a=1; Path=/; SameSite=None", "a.example.com", "/", false),
            ("a=1; Path=/; SameSite=Lax", "a.example.com", "/", true),
            ("a=1; Path=/; Max-Age=+0", "a.example.com", "/", true),
            ("a=1; Path=/; Max-Age=0x", "a.example.com", "/", true),
            (
                "a=1; Path=/; Max-Age=99999999999999999999",
                "a.example.com",
                "/",
                true,
            ),
            ("a=1; Path=/; Expires=tomorrow", "a.example.com", "/", true),
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
            ("=; Path=/", "a.example.com", "/", false),
            ("; Path=/", "a.example.com", "/", false),
        ];
        for (header, host, path, is_sent) in cases {
            let sent = jar(&[header]).header(host, path, false, NOW);
            assert_eq!(sent.is_some(), is_sent, "{header} to {host}{path}");
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

    #[test]
    fn a_cookie_may_have_no_name() {
        let sent = |fields: &[&str]| jar(fields).header("a.example.com", "/dir/x", false, NOW);
        for (field, cookie) in [
            ("garbage", "garbage"),
            ("=1; Path=/", "1"),
            (" = a b ", "a b"),
            ("=a=1", "a=1"),
            ("a=", "a="),
        ] {
            assert_eq!(sent(&[field]).as_deref(), Some(cookie), "{field}");
        }
        // They replace each other, but no cookie with a name.
        let all = ["a=1", "one", "=two", "b=2"];
        assert_eq!(sent(&all).as_deref(), Some("a=1; two; b=2"));
        assert_eq!(sent(&["one", "=; Max-Age=0"]).as_deref(), Some("one"));
        assert_eq!(sent(&["one", "x; Max-Age=0"]), None);
    }

    #[test]
    fn a_replaced_cookie_keeps_its_place_and_a_removed_one_does_not() {
        let sent = |headers: &[&str]| jar(headers).header("a.example.com", "/dir/x", false, NOW);
        assert_eq!(sent(&["a=1", "b=2", "a=3"]).as_deref(), Some("a=3; b=2"));
        let removed = ["a=1", "b=2", "a=; Max-Age=0", "a=3"];
        assert_eq!(sent(&removed).as_deref(), Some("b=2; a=3"));
    }

    #[test]
    fn a_date_that_is_over_removes_a_cookie() {
        let without_clock = Now { wall: None, ..NOW };
        for date in [
            "Thu, 01-Jan-1970 00:00:00 GMT",
            "Thu, 01 Jan 1970 00:00:01 GMT",
            "Thu Jan  1 00:00:00 1970",
            "Tue, 12-Oct-99 00:00:00 GMT",
            "Sat, 1 Jan 1994 0:00:00",
        ] {
            for now in [NOW, without_clock] {
                let now = if date.contains("99") && now.wall.is_some() {
                    Now::at_unix(1_577_836_800)
                } else {
                    now
                };
                let mut jar = CookieJar::default();
                jar.set("a=1", "a.example.com", "/", false, now);
                assert_eq!(jar.get("a", now), Some("1"));
                let removal = alloc::format!("a=; Expires={date}");
                jar.set(&removal, "a.example.com", "/", false, now);
                assert_eq!(jar.get("a", now), None, "{date}");
                assert_eq!(jar.header("a.example.com", "/", false, now), None, "{date}");
            }
        }
        let mut jar = CookieJar::default();
        let future = "a=1; Expires=Wed, 01 Jan 2020 00:00:00 GMT";
        jar.set(future, "a.example.com", "/", false, without_clock);
        assert_eq!(jar.get("a", without_clock), Some("1"));
    }

    #[test]
    fn nothing_is_below_an_address() {
        let mut jar = CookieJar::default();
        jar.set("a=1; Domain=0.0.1; Path=/", "127.0.0.1", "/", false, NOW);
        jar.set(
            "b=1; Domain=127.0.0.1; Path=/",
            "127.0.0.1",
            "/",
            false,
            NOW,
        );
        assert_eq!(
            jar.header("127.0.0.1", "/", false, NOW).as_deref(),
            Some("b=1")
        );
    }

    #[test]
    fn a_cookie_that_no_browser_keeps_is_dropped() {
        let value = "v".repeat(4095);
        let mut jar = CookieJar::default();
        jar.set(
            &alloc::format!("a={value}"),
            "a.example.com",
            "/",
            false,
            NOW,
        );
        jar.set(
            &alloc::format!("bc={value}"),
            "a.example.com",
            "/",
            false,
            NOW,
        );
        assert_eq!(jar.get("a", NOW), Some(&value[..]));
        assert_eq!(jar.get("bc", NOW), None);
        let lasting = "d=1; Max-Age=99999999999";
        jar.set(lasting, "a.example.com", "/", false, NOW);
        let days = |count: u64| NOW.after(Duration::from_secs(count * 86_400));
        assert_eq!(jar.get("d", days(399)), Some("1"));
        assert_eq!(jar.get("d", days(400)), None);
    }

    /// The cookies sent over HTTPS after these headers, which arrived over HTTPS or HTTP.
    fn sent_securely(headers: &[(&str, bool)]) -> Option<String> {
        let mut jar = CookieJar::default();
        for (header, is_secure) in headers {
            jar.set(header, "a.example.com", "/dir/page", *is_secure, NOW);
        }
        jar.header("a.example.com", "/dir/page", true, NOW)
    }

    #[test]
    fn name_prefixes_are_enforced() {
        for (header, is_kept) in [
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
            ("=__Secure-a=1; Secure", false),
            ("=__Host-a=1; Secure; Path=/", false),
            ("__host-a; Secure; Path=/", false),
            ("=__Hosta=1", true),
        ] {
            assert_eq!(
                sent_securely(&[(header, true)]).is_some(),
                is_kept,
                "{header}"
            );
        }
        assert_eq!(sent_securely(&[("__Secure-a=1; Secure", false)]), None);
    }

    #[test]
    fn a_cookie_set_over_http_does_not_hide_a_secure_one() {
        let secure = ("a=1; Path=/dir; Secure", true);
        for header in [
            "a=2; Path=/dir",
            "a=2; Path=/dir/page",
            "a=2; Path=/dir; Domain=example.com",
            "a=; Path=/dir; Max-Age=0",
        ] {
            let sent = sent_securely(&[secure, (header, false)]);
            assert_eq!(sent.as_deref(), Some("a=1"), "{header}");
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
