//! Path patterns, such as `/users/{id}/files/{*rest}`.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// A pattern, split into segments.
#[derive(Debug)]
pub(super) struct Pattern {
    text: String,
    segments: Vec<Segment>,
}

#[derive(Debug)]
enum Segment {
    Text(String),
    Param(String),
    Tail(String),
}

impl Pattern {
    pub(super) fn parse(text: &str) -> Result<Pattern, &'static str> {
        let rest = text
            .strip_prefix('/')
            .ok_or("does not begin with a slash")?;
        let mut segments = Vec::new();
        for segment in rest.split('/') {
            if let Some(Segment::Tail(_)) = segments.last() {
                return Err("goes on after a segment that stands for the rest of the path");
            }
            segments.push(Segment::parse(segment)?);
        }
        Ok(Pattern {
            text: text.into(),
            segments,
        })
    }

    /// Returns whether a decoded path matches. The values of the parameters are added to `params`.
    pub(super) fn matches<'r>(
        &'r self,
        path: &'r str,
        params: &mut Vec<(&'r str, &'r str)>,
    ) -> bool {
        let Some(mut rest) = path.strip_prefix('/') else {
            return false;
        };
        for (index, segment) in self.segments.iter().enumerate() {
            let is_last = index + 1 == self.segments.len();
            let (part, remaining) = match rest.split_once('/') {
                Some((part, remaining)) => (part, Some(remaining)),
                None => (rest, None),
            };
            match segment {
                Segment::Tail(name) => {
                    params.push((name, rest));
                    return true;
                }
                Segment::Text(text) if text != part => return false,
                Segment::Param(_) if part.is_empty() => return false,
                Segment::Text(_) => {}
                Segment::Param(name) => params.push((name, part)),
            }
            match (remaining, is_last) {
                (None, true) => return true,
                (Some(remaining), false) => rest = remaining,
                (None, false) | (Some(_), true) => return false,
            }
        }
        false
    }

    /// Returns whether this pattern takes precedence over another one that may match the same path.
    pub(super) fn is_more_specific_than(&self, other: &Pattern) -> bool {
        let rank = |segment: &Segment| match segment {
            Segment::Text(_) => 0,
            Segment::Param(_) => 1,
            Segment::Tail(_) => 2,
        };
        let own = self.segments.iter().map(rank);
        own.lt(other.segments.iter().map(rank))
    }
}

impl Segment {
    fn parse(text: &str) -> Result<Segment, &'static str> {
        const BRACES: &str = "has braces that are no whole segment with a name in them";
        let Some(inner) = text.strip_prefix('{') else {
            return match text.contains(['{', '}']) {
                true => Err(BRACES),
                false => Ok(Segment::Text(text.into())),
            };
        };
        let name = inner.strip_suffix('}').ok_or(BRACES)?;
        let (name, is_tail) = match name.strip_prefix('*') {
            Some(name) => (name, true),
            None => (name, false),
        };
        if name.is_empty() || name.contains(['{', '}', '*']) {
            return Err(BRACES);
        }
        Ok(match is_tail {
            true => Segment::Tail(name.into()),
            false => Segment::Param(name.into()),
        })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn params<'r>(pattern: &'r Pattern, path: &'r str) -> Option<Vec<(&'r str, &'r str)>> {
        let mut params = Vec::new();
        pattern.matches(path, &mut params).then_some(params)
    }

    #[test]
    fn segments_are_matched_individually() {
        let pattern = Pattern::parse("/a/{b}/c/{*d}").unwrap();
        assert_eq!(
            params(&pattern, "/a/1/c/2/3"),
            Some(vec![("b", "1"), ("d", "2/3")])
        );
        assert_eq!(
            params(&pattern, "/a/1/c/"),
            Some(vec![("b", "1"), ("d", "")])
        );
        for path in [
            "", "/", "/a", "/a/1", "/a/1/c", "/a//c/2", "/x/1/c/2", "a/1/c/2",
        ] {
            assert_eq!(params(&pattern, path), None, "{path}");
        }
        let root = Pattern::parse("/").unwrap();
        assert_eq!(params(&root, "/"), Some(vec![]));
        assert_eq!(params(&root, "/a"), None);
        let plain = Pattern::parse("/a/b").unwrap();
        assert_eq!(params(&plain, "/a/b"), Some(vec![]));
        assert_eq!(params(&plain, "/a/b/"), None);
    }

    #[test]
    fn invalid_patterns_are_rejected() {
        for pattern in [
            "", "a", "/{", "/{}", "/a{b}", "/{a}b", "/{*}", "/{a", "/{*a}/b",
        ] {
            assert!(Pattern::parse(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn literal_segments_are_more_specific() {
        let order = ["/a/b", "/a/{b}", "/a/{*b}", "/{a}/b", "/{*a}"];
        let patterns = order.map(|text| Pattern::parse(text).unwrap());
        for (index, pattern) in patterns.iter().enumerate() {
            for other in &patterns[index + 1..] {
                assert!(pattern.is_more_specific_than(other), "{pattern} {other}");
                assert!(!other.is_more_specific_than(pattern), "{other} {pattern}");
            }
        }
    }
}
