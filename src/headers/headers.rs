//! The borrowed view of a list of headers.

use crate::syntax::byte_class::trim;
use core::fmt;

/// A borrowed list of headers, in the order and spelling in which they were sent (RFC 9110 section 5).
///
/// No index is kept: a lookup scans the lines, which is faster than building a map for a typical head.
///
/// ```
/// use bytegate::headers::HeaderMap;
///
/// let mut map = HeaderMap::new();
/// map.append("Set-Cookie", "a=1")?;
/// map.append("Set-Cookie", "b=2")?;
/// let headers = map.view();
/// assert_eq!(headers.get("set-cookie"), Some("a=1"));
/// assert_eq!(headers.get_all("set-cookie").count(), 2);
/// # Ok::<(), bytegate::headers::HeaderError>(())
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Headers<'a> {
    /// `name ":" OWS value OWS CRLF`, any number of times.
    lines: &'a [u8],
}

impl<'a> Headers<'a> {
    /// Wraps `lines`, which must come from the field-section parser or from [`HeaderMap`].
    pub(crate) const fn from_valid(lines: &'a [u8]) -> Headers<'a> {
        Headers { lines }
    }

    /// Returns an iterator over names and values in order. Names keep their original case, and surrounding whitespace
    /// is removed from values.
    #[must_use]
    pub fn iter(&self) -> HeadersIter<'a> {
        HeadersIter { rest: self.lines }
    }

    /// Returns the value of the first header with the given name, ignoring case. Returns `None` if there is none, or if
    /// its value is not UTF-8: see [`get_bytes`](Headers::get_bytes).
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a str> {
        core::str::from_utf8(self.get_bytes(name)?).ok()
    }

    /// Like [`get`](Headers::get), for a value that may not be UTF-8.
    #[must_use]
    pub fn get_bytes(&self, name: &str) -> Option<&'a [u8]> {
        self.get_all(name).next()
    }

    /// Returns the values of all headers with the given name, ignoring case, in order.
    pub fn get_all<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        self.iter()
            .filter(move |(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// Returns whether a header has the given name, ignoring case.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.get_bytes(name).is_some()
    }

    /// Returns the number of headers. Each line counts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Returns whether the list is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    pub(crate) fn as_bytes(&self) -> &'a [u8] {
        self.lines
    }
}

impl<'a> IntoIterator for Headers<'a> {
    type Item = (&'a str, &'a [u8]);
    type IntoIter = HeadersIter<'a>;

    fn into_iter(self) -> HeadersIter<'a> {
        self.iter()
    }
}

/// An iterator over the names and values of [`Headers`].
///
/// ```
/// use bytegate::headers::HeaderMap;
///
/// let mut headers = HeaderMap::new();
/// headers.append("Vary", "Accept")?;
/// assert_eq!(headers.iter().next(), Some(("Vary", &b"Accept"[..])));
/// # Ok::<(), bytegate::headers::HeaderError>(())
/// ```
#[derive(Clone)]
pub struct HeadersIter<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for HeadersIter<'a> {
    type Item = (&'a str, &'a [u8]);

    fn next(&mut self) -> Option<(&'a str, &'a [u8])> {
        let colon = self.rest.iter().position(|&byte| byte == b':')?;
        let (name, rest) = self.rest.split_at(colon);
        let end = rest.iter().position(|&byte| byte == b'\n')?;
        let (value, rest) = rest.split_at(end + 1);
        self.rest = rest;
        let value = value.get(1..value.len() - 2).unwrap_or_default();
        Some((core::str::from_utf8(name).unwrap_or_default(), trim(value)))
    }
}

impl fmt::Debug for HeadersIter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Headers::from_valid(self.rest).fmt(f)
    }
}

impl fmt::Debug for Headers<'_> {
    /// Hides credentials, because debug output often ends up in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SECRET: [&str; 4] = [
            "authorization",
            "proxy-authorization",
            "cookie",
            "set-cookie",
        ];
        let mut map = f.debug_map();
        for (name, value) in self.iter() {
            if SECRET
                .iter()
                .any(|secret| name.eq_ignore_ascii_case(secret))
            {
                map.entry(&name, &"(not shown)")
            } else {
                map.entry(&name, &alloc::string::String::from_utf8_lossy(value))
            };
        }
        map.finish()
    }
}
