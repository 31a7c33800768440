//! Fields (RFC 9110 section 5) of heads and trailers, kept as the lines sent on the wire.

use crate::syntax::byte_class::{TOKEN, VALUE, trim};
use crate::syntax::uri_reference;
use alloc::borrow::Cow;
use alloc::vec::Vec;
use bytes::Bytes;
use core::fmt;

/// Borrowed field lines that have been validated.
///
/// No index is kept: a lookup scans the lines, which is faster than building a map for a typical head.
///
/// ```
/// use bytegate::headers::Fields;
///
/// let mut fields = Fields::new();
/// fields.append("Set-Cookie", "a=1")?;
/// fields.append("Set-Cookie", "b=2")?;
/// let lines = fields.lines();
/// assert_eq!(lines.get_str("set-cookie"), Some("a=1"));
/// assert_eq!(lines.get_all("set-cookie").count(), 2);
/// # Ok::<(), bytegate::headers::FieldError>(())
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct FieldLines<'a> {
    /// `name ":" OWS value OWS CRLF`, any number of times.
    lines: &'a [u8],
}

impl<'a> FieldLines<'a> {
    /// Wraps `lines`, which must come from the field-section parser or from [`Fields`].
    pub(crate) const fn from_valid(lines: &'a [u8]) -> FieldLines<'a> {
        FieldLines { lines }
    }

    /// Returns an iterator over names and values in order. Names keep their original case, and surrounding whitespace
    /// is removed from values.
    pub fn iter(&self) -> Iter<'a> {
        Iter { rest: self.lines }
    }

    /// Returns the value of the first field with the given name, ignoring case.
    pub fn get(&self, name: &str) -> Option<&'a [u8]> {
        self.get_all(name).next()
    }

    /// Like [`get`](FieldLines::get), but returns `None` if the value is not UTF-8.
    pub fn get_str(&self, name: &str) -> Option<&'a str> {
        self.get(name)
            .and_then(|value| core::str::from_utf8(value).ok())
    }

    /// Returns the values of all fields with the given name, ignoring case.
    pub fn get_all<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        self.iter()
            .filter(move |(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// Returns whether there are no fields.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    pub(crate) fn as_bytes(&self) -> &'a [u8] {
        self.lines
    }
}

impl<'a> IntoIterator for FieldLines<'a> {
    type Item = (&'a str, &'a [u8]);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// An iterator over the names and values of [`FieldLines`].
///
/// ```
/// use bytegate::headers::Fields;
///
/// let mut fields = Fields::new();
/// fields.append("Vary", "Accept")?;
/// assert_eq!(fields.lines().iter().next(), Some(("Vary", &b"Accept"[..])));
/// # Ok::<(), bytegate::headers::FieldError>(())
/// ```
#[derive(Clone)]
pub struct Iter<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a str, &'a [u8]);

    fn next(&mut self) -> Option<(&'a str, &'a [u8])> {
        let colon = self.rest.iter().position(|&octet| octet == b':')?;
        let (name, rest) = self.rest.split_at(colon);
        let end = rest.iter().position(|&octet| octet == b'\n')?;
        let (value, rest) = rest.split_at(end + 1);
        self.rest = rest;
        let value = value.get(1..value.len() - 2).unwrap_or_default();
        Some((core::str::from_utf8(name).unwrap_or_default(), trim(value)))
    }
}

impl fmt::Debug for Iter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        FieldLines::from_valid(self.rest).fmt(f)
    }
}

impl fmt::Debug for FieldLines<'_> {
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
            match SECRET
                .iter()
                .any(|secret| name.eq_ignore_ascii_case(secret))
            {
                true => map.entry(&name, &"(not shown)"),
                false => map.entry(&name, &alloc::string::String::from_utf8_lossy(value)),
            };
        }
        map.finish()
    }
}

/// Owned field lines. Invalid fields are rejected when they are added, so every field can be sent.
///
/// ```
/// use bytegate::headers::Fields;
///
/// let mut fields = Fields::new();
/// fields.append("Vary", "Accept")?;
/// assert_eq!(fields.lines().get("vary"), Some(&b"Accept"[..]));
/// assert!(fields.append("X", "a\r\nSet-Cookie: b").is_err());
/// # Ok::<(), bytegate::headers::FieldError>(())
/// ```
#[derive(Clone, Default)]
pub struct Fields {
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

/// The reason why a field cannot be sent.
///
/// ```
/// use bytegate::headers::{FieldError, Fields};
///
/// let mut fields = Fields::new();
/// assert_eq!(fields.append("not a token", "x"), Err(FieldError::Name));
/// assert_eq!(fields.append("X", "a\r\nb"), Err(FieldError::Value));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldError {
    /// The name is not a token (RFC 9110 section 5.1).
    Name,
    /// The value contains CR, LF, NUL or another control character (RFC 9110 section 5.5).
    Value,
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FieldError::Name => "a field name must be a token (RFC 9110 section 5.1)",
            FieldError::Value => {
                "a field value must not contain control characters (RFC 9110 section 5.5)"
            }
        })
    }
}

impl core::error::Error for FieldError {}

impl Fields {
    /// Creates an empty set of fields.
    pub const fn new() -> Fields {
        Fields {
            storage: Storage::Owned(Vec::new()),
        }
    }

    /// Creates fields from valid lines, which stay shared until they are changed.
    pub(crate) const fn from_valid(lines: Bytes) -> Fields {
        Fields {
            storage: Storage::Shared(lines),
        }
    }

    /// Adds a field line. Whitespace around the value is removed. The values of `Location` and `Content-Location` are
    /// URI references (RFC 9110 sections 8.7 and 10.2.2), so characters that are not allowed there are
    /// percent-encoded.
    ///
    /// # Errors
    /// Returns an error if the name or the value cannot be sent. Nothing is added in that case.
    pub fn append(&mut self, name: &str, value: impl AsRef<[u8]>) -> Result<(), FieldError> {
        if name.is_empty() || !TOKEN.all(name.as_bytes()) {
            return Err(FieldError::Name);
        }
        let value = valid_value(name, trim(value.as_ref())).ok_or(FieldError::Value)?;
        let mut lines = core::mem::take(&mut self.storage).into_owned();
        lines.reserve(name.len() + value.len() + 4);
        lines.extend_from_slice(name.as_bytes());
        lines.extend_from_slice(b": ");
        lines.extend_from_slice(&value);
        lines.extend_from_slice(b"\r\n");
        self.storage = Storage::Owned(lines);
        Ok(())
    }

    /// Sets a field, replacing all others with the same name.
    ///
    /// # Errors
    /// Fails like [`append`](Fields::append). Existing fields with that name are kept in that case.
    pub fn set(&mut self, name: &str, value: impl AsRef<[u8]>) -> Result<(), FieldError> {
        let mut kept = self.without(name);
        kept.append(name, value)?;
        *self = kept;
        Ok(())
    }

    /// Removes all fields with the given name.
    pub fn remove(&mut self, name: &str) {
        *self = self.without(name);
    }

    /// Returns a view of the lines.
    pub fn lines(&self) -> FieldLines<'_> {
        FieldLines::from_valid(match &self.storage {
            Storage::Shared(bytes) => bytes,
            Storage::Owned(bytes) => bytes,
        })
    }

    fn without(&self, name: &str) -> Fields {
        if self.lines().get(name).is_none() {
            return self.clone();
        }
        let mut kept = Fields::new();
        for (other, value) in self.lines() {
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
    match is("location") || is("content-location") {
        true => uri_reference::encode(value),
        false => VALUE.all(value).then_some(Cow::Borrowed(value)),
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

impl PartialEq for Fields {
    fn eq(&self, other: &Fields) -> bool {
        self.lines() == other.lines()
    }
}

impl Eq for Fields {}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn lines_keep_order_case_and_duplicates() {
        let mut fields = Fields::new();
        for (name, value) in [("A", "1"), ("b", " 2\t"), ("a", ""), ("C", "x:y")] {
            fields.append(name, value).unwrap();
        }
        let all: Vec<_> = fields.lines().iter().collect();
        let expected: [(&str, &[u8]); 4] = [("A", b"1"), ("b", b"2"), ("a", b""), ("C", b"x:y")];
        assert_eq!(all, expected);
        assert_eq!(fields.lines().get_all("A").count(), 2);
        assert_eq!(fields.lines().get_str("c"), Some("x:y"));
        fields.set("a", "3").unwrap();
        fields.remove("B");
        assert_eq!(fields.lines().as_bytes(), b"C: x:y\r\na: 3\r\n");
    }

    #[test]
    fn locations_are_valid_uri_references() {
        for name in ["Location", "content-location"] {
            let mut fields = Fields::new();
            fields.append(name, "/a b").unwrap();
            assert_eq!(fields.lines().get_str(name), Some("/a%20b"));
            assert!(fields.append(name, "/a\tb").is_err());
        }
    }

    #[test]
    fn response_splitting_is_rejected() {
        let mut fields = Fields::from_valid(Bytes::from_static(b"A: 1\r\n"));
        for name in ["", "a b", "a:", "a\r\n", "\u{e4}"] {
            assert_eq!(fields.append(name, "x"), Err(FieldError::Name), "{name:?}");
        }
        for value in ["a\r\nb", "a\nb", "a\rb", "a\0b", "\u{7f}"] {
            assert_eq!(fields.set("A", value), Err(FieldError::Value), "{value:?}");
        }
        assert_eq!(fields.lines().as_bytes(), b"A: 1\r\n");
    }

    #[test]
    fn debug_output_hides_credentials() {
        let mut fields = Fields::new();
        fields.append("Cookie", "session=1").unwrap();
        fields.append("Accept", "text/html").unwrap();
        assert_eq!(
            format!("{fields:?}"),
            r#"{"Cookie": "(not shown)", "Accept": "text/html"}"#
        );
    }
}
