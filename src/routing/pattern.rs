//! Path patterns, such as `/users/{id}/files/{*rest}`.

use crate::syntax::path;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// The maximum number of parameters in a pattern. Values are kept in an array of this length.
pub(super) const MAX_PARAMS: usize = 8;

/// A pattern, split into segments.
#[derive(Debug)]
pub(super) struct Pattern(Vec<Segment>);

#[derive(Debug, PartialEq)]
pub(super) enum Segment {
    /// Exactly this text. It is empty after a slash at the end.
    Text(Box<str>),
    /// `{name}`: any single segment that is not empty.
    Param(Box<str>),
    /// `{*name}`: the rest of the path, which may be empty.
    Tail(Box<str>),
}

impl Pattern {
    pub(super) fn parse(text: &str) -> Result<Pattern, &'static str> {
        let rest = text
            .strip_prefix('/')
            .ok_or("the path must begin with a slash")?;
        let mut segments = Vec::new();
        for segment in rest.split('/') {
            match segments.last() {
                Some(Segment::Tail(_)) => {
                    return Err("nothing can follow {*name}, which matches the rest of the path");
                }
                Some(Segment::Text(last)) if last.is_empty() => {
                    return Err("only the last segment of the path can be empty");
                }
                _ => segments.push(Segment::parse(segment)?),
            }
        }
        Pattern(segments).check()
    }

    /// Parses the path at which an application is mounted. A slash at its end makes no difference.
    pub(super) fn parse_prefix(text: &str) -> Result<Pattern, &'static str> {
        if text == "/" {
            return Ok(Pattern(Vec::new()));
        }
        let pattern = Pattern::parse(text.strip_suffix('/').unwrap_or(text))?;
        match pattern.0.last() {
            Some(Segment::Tail(_)) => {
                Err("a mounted application gets the rest of the path without {*name}")
            }
            Some(Segment::Text(last)) if last.is_empty() => {
                Err("the path must not end in several slashes")
            }
            _ => Ok(pattern),
        }
    }

    fn check(self) -> Result<Pattern, &'static str> {
        let mut names: Vec<&str> = self.names().collect();
        if names.len() > MAX_PARAMS {
            return Err("a pattern has at most 8 parameters");
        }
        names.sort_unstable();
        if names.windows(2).any(|pair| pair.first() == pair.last()) {
            return Err("each parameter needs a name of its own");
        }
        Ok(self)
    }

    pub(super) fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// Returns the names of the parameters, in the order of the segments.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|segment| match segment {
            Segment::Text(_) => None,
            Segment::Param(name) | Segment::Tail(name) => Some(&**name),
        })
    }
}

impl Segment {
    fn parse(text: &str) -> Result<Segment, &'static str> {
        const BRACES: &str =
            "braces must enclose a whole segment with a name, such as {id} or {*rest}";
        let Some(inner) = text.strip_prefix('{') else {
            return match text.contains(['{', '}']) {
                true => Err(BRACES),
                false if !path::is_plain(text) => Err(
                    "no request can reach a path with '.' or '..', a backslash or a control character",
                ),
                false => match mistake(text) {
                    Some(reason) => Err(reason),
                    None => Ok(Segment::Text(text.into())),
                },
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
        Ok(if is_tail {
            Segment::Tail(name.into())
        } else {
            Segment::Param(name.into())
        })
    }
}

/// Returns why a text does not match what its author means. Most such texts have a meaning in other routers.
fn mistake(text: &str) -> Option<&'static str> {
    let is_escape = |at: usize| {
        let digits = text.as_bytes().get(at + 1..at + 3);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    if text.starts_with(':') || text.starts_with('<') && text.ends_with('>') {
        Some("a parameter is written in braces, such as {id}")
    } else if text.starts_with('*') {
        Some("the rest of a path is written as {*name}")
    } else if text.contains('?') {
        Some("a pattern is for the path alone: read the query from the request")
    } else if text.contains('#') {
        Some("clients do not send the fragment, which begins with '#'")
    } else if text.match_indices('%').any(|(at, _)| is_escape(at)) {
        Some(
            "a pattern is compared with decoded paths: write the character itself, such as a space for %20",
        )
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn a_pattern_is_split_into_segments() {
        let pattern = Pattern::parse("/a/{b}/{*c}").unwrap();
        let segments = [
            Segment::Text("a".into()),
            Segment::Param("b".into()),
            Segment::Tail("c".into()),
        ];
        assert_eq!(pattern.segments(), segments);
        assert_eq!(pattern.names().collect::<Vec<_>>(), vec!["b", "c"]);
        assert_eq!(Pattern::parse("/").unwrap().0, [Segment::Text("".into())]);
    }

    #[test]
    fn invalid_patterns_are_rejected() {
        for pattern in [
            "",
            "a",
            "/{",
            "/{}",
            "/a{b}",
            "/{a}b",
            "/{*}",
            "/{a",
            "/{*a}/b",
            "//",
            "//a",
            "/a//b",
            "/../a",
            "/a/.",
            "/a\\b",
            "/a\n",
            "/{a}/{a}",
            "/{1}/{2}/{3}/{4}/{5}/{6}/{7}/{8}/{*9}",
        ] {
            assert!(Pattern::parse(pattern).is_err(), "{pattern}");
            assert!(Pattern::parse_prefix(pattern).is_err(), "{pattern}");
        }
        for pattern in [
            "/users/:id",
            "/:id/posts",
            "/<id>",
            "/*",
            "/files/*rest",
            "/q?x",
            "/a?",
            "/a#b",
            "/a%20b",
            "/%7Eada",
        ] {
            assert!(Pattern::parse(pattern).is_err(), "{pattern}");
            assert!(Pattern::parse_prefix(pattern).is_err(), "{pattern}");
        }
        for pattern in [
            "/a b",
            "/a.b",
            "/[id]",
            "/a;b",
            "/v1/x:cancel",
            "/100%",
            "/a<b",
            "/2*3",
            "/@ada",
            "/\u{e4}",
        ] {
            assert!(Pattern::parse(pattern).is_ok(), "{pattern}");
            assert!(Pattern::parse_prefix(pattern).is_ok(), "{pattern}");
        }
        for pattern in ["/a", "/a/", "/{a}/b/", "/{1}/{2}/{3}/{4}/{5}/{6}/{7}/{8}"] {
            assert!(Pattern::parse(pattern).is_ok(), "{pattern}");
            assert!(Pattern::parse_prefix(pattern).is_ok(), "{pattern}");
        }
        assert!(Pattern::parse_prefix("/{*a}").is_err());
        assert_eq!(Pattern::parse_prefix("/").unwrap().segments(), []);
    }
}
