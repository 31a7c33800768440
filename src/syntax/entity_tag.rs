//! Entity tags (RFC 9110 section 8.8.3).

use super::byte_class::trim_start;
use alloc::format;
use alloc::string::String;

/// `[ "W/" ] DQUOTE *etagc DQUOTE`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EntityTag<'a> {
    pub(crate) weak: bool,
    /// The text between the quotes.
    pub(crate) opaque: &'a [u8],
}

impl<'a> EntityTag<'a> {
    /// Parses a value that consists of a single tag.
    pub(crate) fn parse(value: &'a [u8]) -> Option<EntityTag<'a>> {
        match take(value)? {
            (tag, []) => Some(tag),
            _ => None,
        }
    }

    /// Strong comparison (section 8.8.3.2): both tags are strong and equal.
    pub(crate) fn matches_strongly(&self, other: &EntityTag<'_>) -> bool {
        !self.weak && !other.weak && self.opaque == other.opaque
    }

    /// Weak comparison (section 8.8.3.2): the tags are equal, whether strong or weak.
    pub(crate) fn matches_weakly(&self, other: &EntityTag<'_>) -> bool {
        self.opaque == other.opaque
    }
}

/// Returns whether any tag of a list matches, or `None` if the value is not a list of tags. Tags may contain commas,
/// and elements may be empty.
pub(crate) fn any_in_list(mut list: &[u8], fits: impl Fn(&EntityTag<'_>) -> bool) -> Option<bool> {
    let mut found = false;
    loop {
        list = skip_separators(list);
        if list.is_empty() {
            return Some(found);
        }
        let (tag, rest) = take(list)?;
        found |= fits(&tag);
        let tail = trim_start(rest);
        if !matches!(tail.first(), None | Some(b',')) {
            return None;
        }
        list = tail;
    }
}

/// Returns an opaque tag for content: its 128-bit FNV-1a hash, which depends only on the content. An accidental
/// collision is too unlikely to matter. A deliberate one only makes clients keep an earlier version by the same author.
pub(crate) fn opaque_of(bytes: &[u8]) -> String {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let hash = bytes.iter().fold(OFFSET, |hash, &byte| {
        (hash ^ u128::from(byte)).wrapping_mul(PRIME)
    });
    format!("{hash:032x}")
}

fn skip_separators(list: &[u8]) -> &[u8] {
    let start = list
        .iter()
        .position(|byte| !matches!(byte, b',' | b' ' | b'\t'));
    list.get(start.unwrap_or(list.len())..).unwrap_or_default()
}

/// Splits off the tag at the start of the value. Returns the tag and the rest.
fn take(value: &[u8]) -> Option<(EntityTag<'_>, &[u8])> {
    let (weak, quoted) = match value.strip_prefix(b"W/") {
        Some(quoted) => (true, quoted),
        None => (false, value),
    };
    let opaque = quoted.strip_prefix(b"\"")?;
    let end = opaque.iter().position(|&byte| byte == b'"')?;
    let (opaque, rest) = opaque.split_at_checked(end)?;
    let is_tag = |&byte: &u8| matches!(byte, 0x21 | 0x23..=0x7e | 0x80..=0xff);
    opaque
        .iter()
        .all(is_tag)
        .then_some((EntityTag { weak, opaque }, rest.get(1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds_a(list: &str) -> Option<bool> {
        any_in_list(list.as_bytes(), |tag| tag.opaque == b"a")
    }

    #[test]
    fn tag_lists_are_parsed() {
        for list in [
            "\"a\"",
            "W/\"a\"",
            "\"b\", \"a\"",
            ",, \"b,c\" ,\"a\",",
            "\"a\"\t,\"b\"",
        ] {
            assert_eq!(holds_a(list), Some(true), "{list}");
        }
        for list in ["", " , ", "\"b\"", "\"b,a\"", "\"\""] {
            assert_eq!(holds_a(list), Some(false), "{list}");
        }
        for list in [
            "a",
            "\"a",
            "\"a\" \"b\"",
            "w/\"a\"",
            "W/a",
            "\"a b\"",
            "*",
            "\"a\"x",
            "W/ \"a\"",
        ] {
            assert_eq!(holds_a(list), None, "{list}");
        }
    }

    #[test]
    fn opaque_tags_match_published_hashes() {
        assert_eq!(opaque_of(b""), "6c62272e07bb014262b821756295c58d");
        assert_eq!(opaque_of(b"a"), "d228cb696f1a8caf78912b704e4a8964");
    }

    #[test]
    fn comparison_follows_the_table_of_the_rfc() {
        let tag = |text: &'static str| EntityTag::parse(text.as_bytes()).unwrap();
        // The table of RFC 9110 section 8.8.3.2.
        for (one, other, strongly, weakly) in [
            ("W/\"1\"", "W/\"1\"", false, true),
            ("W/\"1\"", "W/\"2\"", false, false),
            ("W/\"1\"", "\"1\"", false, true),
            ("\"1\"", "\"1\"", true, true),
        ] {
            assert_eq!(tag(one).matches_strongly(&tag(other)), strongly);
            assert_eq!(tag(one).matches_weakly(&tag(other)), weakly);
        }
    }
}
