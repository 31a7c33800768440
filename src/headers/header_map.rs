//! The owned list of headers.

use super::header_error::HeaderError;
use super::headers::{Headers, HeadersIter};
use crate::syntax::byte_class::{TOKEN, VALUE, trim};
use crate::syntax::uri_reference;
use alloc::borrow::Cow;
use alloc::vec::Vec;
use bytes::Bytes;
use core::fmt;

/// An owned list of headers. Invalid headers are rejected when they are added, so every header can be sent.
///
/// ```
/// use bytegate::headers::HeaderMap;
///
/// let mut headers = HeaderMap::new();
/// headers.append("Vary", "Accept")?;
/// assert_eq!(headers.get("vary"), Some("Accept"));
/// assert!(headers.append("X", "a\r\nSet-Cookie: b").is_err());
/// # Ok::<(), bytegate::headers::HeaderError>(())
/// ```
#[derive(Clone, Default)]
pub struct HeaderMap {
    storage: Storage,
}

#[derive(Clone)]
enum Storage {
    /// Lines prepared once and sent many times.
    Shared(Bytes),
    Owned(Vec<u8>),
}

impl Default for Storage {
    fn default() -> Storage {
        Storage::Owned(Vec::new())
    }
}

impl HeaderMap {
    /// Creates an empty list.
    #[must_use]
    pub const fn new() -> HeaderMap {
        HeaderMap {
            storage: Storage::Owned(Vec::new()),
        }
    }

    /// Creates a list from valid lines, which stay shared until they are changed.
    pub(crate) const fn from_valid(lines: Bytes) -> HeaderMap {
        HeaderMap {
            storage: Storage::Shared(lines),
        }
    }

    /// Adds a header, keeping others with the same name. Whitespace around the value is removed. The values of
    /// `Location` and `Content-Location` are URI references (RFC 9110 sections 8.7 and 10.2.2), so characters that are
    /// not allowed there are percent-encoded.
    ///
    /// # Errors
    /// Returns an error if the name or the value cannot be sent. Nothing is added in that case.
    pub fn append(&mut self, name: &str, value: impl AsRef<[u8]>) -> Result<(), HeaderError> {
        if name.is_empty() || !TOKEN.all(name.as_bytes()) {
            return Err(HeaderError::Name);
        }
        let value = valid_value(name, trim(value.as_ref())).ok_or(HeaderError::Value)?;
        let mut lines = core::mem::take(&mut self.storage).into_owned();
        lines.reserve(name.len() + value.len() + 4);
        lines.extend_from_slice(name.as_bytes());
        lines.extend_from_slice(b": ");
        lines.extend_from_slice(&value);
        lines.extend_from_slice(b"\r\n");
        self.storage = Storage::Owned(lines);
        Ok(())
    }

    /// Adds a header, replacing all others with the same name.
    ///
    /// # Errors
    /// Fails like [`append`](HeaderMap::append). Existing headers with that name are kept in that case.
    pub fn insert(&mut self, name: &str, value: impl AsRef<[u8]>) -> Result<(), HeaderError> {
        let mut kept = self.without(name);
        kept.append(name, value)?;
        *self = kept;
        Ok(())
    }

    /// Removes all headers with the given name.
    pub fn remove(&mut self, name: &str) {
        *self = self.without(name);
    }

    /// Returns the value of the first header with the given name. See [`Headers::get`].
    pub fn get(&self, name: &str) -> Option<&str> {
        self.view().get(name)
    }

    /// Returns the value of the first header with the given name, which may not be UTF-8.
    pub fn get_bytes(&self, name: &str) -> Option<&[u8]> {
        self.view().get_bytes(name)
    }

    /// Returns the values of all headers with the given name, ignoring case, in order.
    pub fn get_all<'m, 'n>(
        &'m self,
        name: &'n str,
    ) -> impl Iterator<Item = &'m [u8]> + use<'m, 'n> {
        self.view().get_all(name)
    }

    /// Returns an iterator over names and values in order.
    pub fn iter(&self) -> HeadersIter<'_> {
        self.view().iter()
    }

    /// Returns whether a header has the given name, ignoring case.
    pub fn contains(&self, name: &str) -> bool {
        self.view().contains(name)
    }

    /// Returns the number of headers. Each line counts.
    pub fn len(&self) -> usize {
        self.view().len()
    }

    /// Returns whether the list is empty.
    pub fn is_empty(&self) -> bool {
        self.view().is_empty()
    }

    /// Returns the borrowed view, which can be copied.
    pub fn view(&self) -> Headers<'_> {
        Headers::from_valid(match &self.storage {
            Storage::Shared(bytes) => bytes,
            Storage::Owned(bytes) => bytes,
        })
    }

    fn without(&self, name: &str) -> HeaderMap {
        if !self.contains(name) {
            return self.clone();
        }
        let mut kept = HeaderMap::new();
        for (other, value) in self.iter() {
            if !other.eq_ignore_ascii_case(name) {
                // Already validated when it was added.
                let _ = kept.append(other, value);
            }
        }
        kept
    }
}

/// Returns the value as it is sent, or `None` if it is invalid.
fn valid_value<'v>(name: &str, value: &'v [u8]) -> Option<Cow<'v, [u8]>> {
    let is = |other: &str| name.eq_ignore_ascii_case(other);
    if is("location") || is("content-location") {
        uri_reference::encode(value)
    } else {
        VALUE.all(value).then_some(Cow::Borrowed(value))
    }
}

impl Storage {
    fn into_owned(self) -> Vec<u8> {
        match self {
            Storage::Shared(bytes) => bytes.into(),
            Storage::Owned(lines) => lines,
        }
    }
}

impl PartialEq for HeaderMap {
    fn eq(&self, other: &HeaderMap) -> bool {
        self.view() == other.view()
    }
}

impl Eq for HeaderMap {}

impl fmt::Debug for HeaderMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.view().fmt(f)
    }
}

impl<'m> IntoIterator for &'m HeaderMap {
    type Item = (&'m str, &'m [u8]);
    type IntoIter = HeadersIter<'m>;

    fn into_iter(self) -> HeadersIter<'m> {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn lines_keep_order_case_and_duplicates() {
        let mut headers = HeaderMap::new();
        for (name, value) in [("A", "1"), ("b", " 2\t"), ("a", ""), ("C", "x:y")] {
            headers.append(name, value).unwrap();
        }
        let all: Vec<_> = headers.view().iter().collect();
        let expected: [(&str, &[u8]); 4] = [("A", b"1"), ("b", b"2"), ("a", b""), ("C", b"x:y")];
        assert_eq!(all, expected);
        assert_eq!(headers.view().get_all("A").count(), 2);
        assert_eq!(headers.get("c"), Some("x:y"));
        headers.insert("a", "3").unwrap();
        headers.remove("B");
        assert_eq!(headers.view().as_bytes(), b"C: x:y\r\na: 3\r\n");
    }

    #[test]
    fn locations_are_valid_uri_references() {
        for name in ["Location", "content-location"] {
            let mut headers = HeaderMap::new();
            headers.append(name, "/a b").unwrap();
            assert_eq!(headers.get(name), Some("/a%20b"));
            assert!(headers.append(name, "/a\tb").is_err());
        }
    }

    #[test]
    fn response_splitting_is_rejected() {
        let mut headers = HeaderMap::from_valid(Bytes::from_static(b"A: 1\r\n"));
        for name in ["", "a b", "a:", "a\r\n", "\u{e4}"] {
            assert_eq!(
                headers.append(name, "x"),
                Err(HeaderError::Name),
                "{name:?}"
            );
        }
        for value in ["a\r\nb", "a\nb", "a\rb", "a\0b", "\u{7f}"] {
            assert_eq!(
                headers.insert("A", value),
                Err(HeaderError::Value),
                "{value:?}"
            );
        }
        assert_eq!(headers.view().as_bytes(), b"A: 1\r\n");
    }

    #[test]
    fn debug_output_hides_credentials() {
        let mut headers = HeaderMap::new();
        headers.append("Cookie", "session=1").unwrap();
        headers.append("Accept", "text/html").unwrap();
        assert_eq!(
            format!("{headers:?}"),
            r#"{"Cookie": "(not shown)", "Accept": "text/html"}"#
        );
    }
}
