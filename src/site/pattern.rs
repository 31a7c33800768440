//! Patterns that select the paths a site's rule applies to.

use super::pattern_error::{PatternError, Reason, unfit};
use super::spelling;
use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

/// A pattern of decoded paths.
///
/// `*` matches any run of characters without a slash, and `**` any run of characters. `/**/` matches any number of
/// folders, including none: `/**/x` matches `/x`. All other text matches itself, and the whole path has to match. A
/// pattern that does not begin with a slash matches at any depth: `*.html` is short for `/**/*.html`, where only the
/// star in `*.html` captures.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Part {
    Text(Box<[u8]>),
    /// `*`
    Name,
    /// `**`
    Anything,
    /// `**/` after a slash: nothing, or a run of characters and a slash.
    Folders {
        is_written: bool,
    },
}

impl Pattern {
    /// Parses a pattern. It is written like the decoded path, with a space and not `%20`.
    ///
    /// # Errors
    /// Returns an error for a text that can match no path, or that probably has another meaning.
    pub(super) fn parse(text: &str) -> Result<Pattern, PatternError> {
        let error = |reason| Err(PatternError::new(text, reason));
        if text.is_empty() {
            return error(Reason::Empty);
        }
        if let Some(character) = text
            .chars()
            .find(|character| matches!(character, '?' | '#'))
        {
            return error(Reason::NotInPath(character));
        }
        if text.contains("***") {
            return error(Reason::ThreeStars);
        }
        if let Some(reason) = unfit(text) {
            return error(reason);
        }
        // Paths are compared in this form.
        let text = &*spelling::compose(text).unwrap_or(text.into());
        let mut parts = if text.starts_with('/') {
            Vec::new()
        } else {
            vec![Part::Text(b"/".as_slice().into())]
        };
        if !text.starts_with("**") && !parts.is_empty() {
            parts.push(Part::Folders { is_written: false });
        }
        let mut rest = text;
        while !rest.is_empty() {
            let follows_slash = match parts.last() {
                Some(Part::Text(text)) => text.ends_with(b"/"),
                Some(Part::Folders { .. }) => true,
                _ => false,
            };
            let (part, length) = match rest.find('*').unwrap_or(rest.len()) {
                0 if rest.starts_with("**/") && follows_slash => {
                    (Part::Folders { is_written: true }, 3)
                }
                0 if rest.starts_with("**") => (Part::Anything, 2),
                0 => (Part::Name, 1),
                length => (Part::Text(rest.as_bytes()[..length].into()), length),
            };
            parts.push(part);
            rest = &rest[length..];
        }
        Ok(Pattern { parts })
    }

    /// Returns the number of stars that capture, where `**` counts as one.
    pub(super) fn stars(&self) -> usize {
        self.parts.iter().filter(|part| part.captures()).count()
    }

    /// Returns whether a decoded path matches. Most paths that do not match are rejected by their beginning or their
    /// end. At worst, this takes time proportional to the length of the path.
    pub(super) fn matches(&self, path: &[u8]) -> bool {
        if let [.., Part::Text(text)] = &*self.parts {
            if !path.ends_with(text) {
                return false;
            }
        }
        let (mut parts, mut start, mut at) = (&*self.parts, Start::Here, 0);
        loop {
            let end = parts.iter().position(Part::crosses_slashes);
            let (parts_of_run, rest) = parts.split_at(end.unwrap_or(parts.len()));
            let run = Run {
                parts: parts_of_run,
                is_last: rest.is_empty(),
            };
            // The rest matches from any later place if it matches at all, so only the first place counts.
            match run.first_end(path, start, at) {
                Some(end) => at = end,
                None => return false,
            }
            let Some((part, rest)) = rest.split_first() else {
                return true;
            };
            parts = rest;
            start = match part {
                Part::Folders { .. } => Start::AfterSlash,
                _ => Start::Anywhere,
            };
        }
    }

    /// Returns the text that each star matched, or `None` if the path does not match. If the path can match in several
    /// ways, the first star matches as much as it can, then the second, and so on. `/**/` captures the names of the
    /// folders without the slashes around them.
    pub(super) fn captures<'p>(&self, path: &'p [u8]) -> Option<Vec<&'p [u8]>> {
        if !self.matches(path) {
            return None;
        }
        // From the last part to the first.
        let mut reaches = vec![Reach::at_end(path)];
        for part in self.parts.iter().rev() {
            let reach = part.reach(path, reaches.last()?);
            reaches.push(reach);
        }
        reaches.pop().filter(|reach| reach.contains(0))?;
        let (mut captures, mut at) = (Vec::with_capacity(self.stars()), 0);
        for part in &self.parts {
            let matched = part.longest(path, at, &reaches.pop()?)?;
            at = matched.end;
            let matched = path.get(matched)?;
            if part.captures() {
                captures.push(match part {
                    Part::Folders { .. } => matched.strip_suffix(b"/").unwrap_or(matched),
                    _ => matched,
                });
            }
        }
        Some(captures)
    }
}

/// The places where a run of parts can begin.
#[derive(Clone, Copy)]
enum Start {
    /// At a place.
    Here,
    /// At a place or any later one.
    Anywhere,
    /// At a place or after any later slash.
    AfterSlash,
}

/// Texts and stars that match no slash, between two parts that do.
struct Run<'a> {
    parts: &'a [Part],
    /// Whether the path has to end where the run ends.
    is_last: bool,
}

/// The reason why a run does not match from a place.
enum Mismatch {
    /// Its first text differs.
    Start,
    /// After the first star, nothing matches up to the slash at this place. Nor would it from any place between the
    /// two.
    UpTo(usize),
}

impl Run<'_> {
    /// Returns the first place at which this can end.
    fn first_end(&self, path: &[u8], start: Start, at: usize) -> Option<usize> {
        let text = match self.parts {
            [] if !self.is_last => return Some(at),
            [] => {
                let ends_here = match start {
                    Start::Here => at == path.len(),
                    Start::Anywhere => true,
                    Start::AfterSlash => at == path.len() || path.ends_with(b"/"),
                };
                return ends_here.then_some(path.len());
            }
            [Part::Text(text), ..] => &**text,
            _ => b"",
        };
        let mut at = match self.parts {
            // It is compared at the end alone.
            [_] if self.is_last && !text.is_empty() => {
                let last = path.len().checked_sub(text.len())?;
                match start {
                    Start::AfterSlash if last > at && path[last - 1] != b'/' => return None,
                    Start::Here => at,
                    _ if last < at => return None,
                    _ => last,
                }
            }
            _ => at,
        };
        loop {
            let mismatch = match self.end(path, at) {
                Ok(end) => return Some(end),
                Err(mismatch) => mismatch,
            };
            at = match (start, mismatch) {
                (Start::Here, _) => return None,
                (Start::Anywhere, Mismatch::Start) => at + 1,
                (Start::Anywhere, Mismatch::UpTo(slash)) => {
                    (at + 1).max((slash + 1).saturating_sub(text.len()))
                }
                (Start::AfterSlash, _) => slash_from(path, at) + 1,
            };
            if at > path.len() {
                return None;
            }
        }
    }

    /// Returns the first place at which this can end if it begins at a place.
    fn end(&self, path: &[u8], start: usize) -> Result<usize, Mismatch> {
        let mut at = start;
        // The next slash, if the last part was a star.
        let mut slash = None;
        let mut mismatch = Mismatch::Start;
        for (number, part) in self.parts.iter().enumerate() {
            let (Part::Text(text), up_to) = (part, slash.take()) else {
                let next = slash_from(path, at);
                if let Mismatch::Start = mismatch {
                    mismatch = Mismatch::UpTo(next);
                }
                slash = Some(next);
                continue;
            };
            let is_end = self.is_last && number + 1 == self.parts.len();
            let mut places = match (up_to, is_end) {
                (None, _) => at..=at,
                (Some(up_to), false) => at..=up_to,
                // It may occur more than once.
                (Some(up_to), true) => at.max(path.len().saturating_sub(text.len()))..=up_to,
            };
            match places.find(|&place| path[place..].starts_with(text)) {
                Some(place) => at = place + text.len(),
                None => return Err(mismatch),
            }
        }
        match (self.is_last, slash) {
            (false, _) => Ok(at),
            (true, slash) if slash.unwrap_or(at) == path.len() => Ok(path.len()),
            (true, _) => Err(mismatch),
        }
    }
}

/// Returns the place of the first slash from a place on, or the end.
fn slash_from(path: &[u8], at: usize) -> usize {
    let slash = path[at..].iter().position(|&byte| byte == b'/');
    slash.map_or(path.len(), |length| at + length)
}

/// The places of a path from which the rest of a pattern matches the rest of the path.
struct Reach(Vec<bool>);

impl Reach {
    /// The end of a pattern matches at the end of the path.
    fn at_end(path: &[u8]) -> Reach {
        let mut places = vec![false; path.len() + 1];
        places[path.len()] = true;
        Reach(places)
    }

    fn contains(&self, place: usize) -> bool {
        self.0.get(place) == Some(&true)
    }
}

impl Part {
    /// Returns whether this matches any text, even with slashes.
    fn crosses_slashes(&self) -> bool {
        matches!(self, Part::Anything | Part::Folders { .. })
    }

    fn captures(&self) -> bool {
        match self {
            Part::Text(_) => false,
            Part::Name | Part::Anything => true,
            Part::Folders { is_written } => *is_written,
        }
    }

    /// Returns the places from which this part and all later parts match. `next` has the places for the later parts.
    fn reach(&self, path: &[u8], next: &Reach) -> Reach {
        let mut places = vec![false; path.len() + 1];
        // For a star: whether it matches if it continues at the next place.
        let mut goes_on = false;
        for at in (0..=path.len()).rev() {
            let byte = path.get(at).copied();
            places[at] = match self {
                Part::Text(text) => path[at..].starts_with(text) && next.contains(at + text.len()),
                Part::Name | Part::Anything => {
                    let may_go_on = matches!(self, Part::Anything) || byte != Some(b'/');
                    goes_on = next.contains(at) || may_go_on && goes_on;
                    goes_on
                }
                Part::Folders { .. } => {
                    goes_on |= byte == Some(b'/') && next.contains(at + 1);
                    next.contains(at) || goes_on
                }
            };
        }
        Reach(places)
    }

    /// Returns the longest range from `at` that this part matches, and after which the rest of the path matches.
    fn longest(&self, path: &[u8], at: usize, next: &Reach) -> Option<Range<usize>> {
        let end = match self {
            Part::Text(text) => at + text.len(),
            Part::Name => slash_from(path, at),
            Part::Anything | Part::Folders { .. } => path.len(),
        };
        let is_folders = matches!(self, Part::Folders { .. });
        let ends = (at..=end).rev().filter(|&end| next.contains(end));
        let mut ends = ends.filter(|&end| !is_folders || end == at || path[end - 1] == b'/');
        Some(at..ends.next()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::template::{Template, authority};
    use alloc::format;
    use alloc::string::{String, ToString};
    use proptest::collection::vec as list;
    use proptest::prelude::*;
    use proptest::sample::select;

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text).unwrap_or_else(|error| panic!("{error}"))
    }

    fn captured(text: &str, path: &str) -> Option<Vec<String>> {
        let captures = pattern(text);
        let captures = captures.captures(path.as_bytes())?;
        let text = |capture: &&[u8]| String::from_utf8_lossy(capture).into_owned();
        Some(captures.iter().map(text).collect())
    }

    fn filled(template: &str, captures: &[&str]) -> String {
        let template = Template::parse(template, captures.len());
        let template = template.unwrap_or_else(|error| panic!("{error}"));
        let captures: Vec<&[u8]> = captures.iter().map(|capture| capture.as_bytes()).collect();
        String::from_utf8(template.fill(&captures, true)).expect("an encoded target")
    }

    #[test]
    fn a_pattern_matches_whole_paths() {
        for (text, matching, others) in [
            ("/a", &["/a"][..], &["/", "/ab", "/b/a", "/A", "a", ""][..]),
            ("a", &["/a", "/b/a", "/b/c/a"], &["/ba", "/a/b", "a"]),
            ("a/b", &["/a/b", "/c/a/b"], &["/ca/b", "/a/c/b"]),
            ("*", &["/", "/a", "/a/b", "/a/"], &["", "a"]),
            ("/*", &["/", "/a"], &["/a/b", "/a/"]),
            ("**", &["/", "/a", "/a/b"], &[""]),
            (
                "*.html",
                &["/.html", "/a.html", "/a/b.html"],
                &["/a.htm", "/a.html/b"],
            ),
            ("/a/**", &["/a/", "/a/b", "/a/b/c"], &["/a", "/ab"]),
            (
                "/**/x",
                &["/x", "/a/x", "/a/b/x", "//x"],
                &["/ax", "/x/", "x"],
            ),
            (
                "/a/**/x",
                &["/a/x", "/a/b/x", "/a/b/c/x"],
                &["/ax", "/a/bx"],
            ),
            ("/**/", &["/", "/a/", "/a/b/"], &["/a"]),
            ("/a**z", &["/az", "/abz", "/a/b/z"], &["/a", "/az/"]),
            ("/*/b", &["/a/b", "//b"], &["/b", "/a/c/b"]),
            ("/*-*.js", &["/a-b.js", "/-.js"], &["/a.js", "/a/-.js"]),
            ("/[ab]{c}$.x", &["/[ab]{c}$.x"], &["/a", "/[ab]{c}$zx"]),
        ] {
            let pattern = pattern(text);
            for path in matching {
                assert!(pattern.matches(path.as_bytes()), "{text} and {path:?}");
            }
            for path in others {
                assert!(!pattern.matches(path.as_bytes()), "{text} and {path:?}");
                assert_eq!(pattern.captures(path.as_bytes()), None);
            }
        }
        assert!(pattern("/*").matches(b"/\xff"));
    }

    #[test]
    fn a_star_captures_as_much_as_it_can() {
        for (text, path, expected) in [
            ("/a", "/a", &[][..]),
            ("*.html", "/a/b.html", &["b"]),
            ("/**/*.html", "/a/b/c.html", &["a/b", "c"]),
            ("/**/*.html", "/c.html", &["", "c"]),
            ("/*-*", "/a-b-c", &["a-b", "c"]),
            ("/**-**", "/a-b/c-d", &["a-b/c", "d"]),
            ("/old/**", "/old/a/b?", &["a/b?"]),
            ("/old/**", "/old/", &[""]),
            ("/old**", "/old/a", &["/a"]),
            ("**", "/a/b", &["a/b"]),
            ("**/x", "/a/x/x", &["a/x"]),
        ] {
            let expected: Vec<String> = expected.iter().map(|text| text.to_string()).collect();
            assert_eq!(captured(text, path), Some(expected), "{text} and {path}");
            assert_eq!(pattern(text).stars(), captured(text, path).unwrap().len());
        }
    }

    #[test]
    fn many_stars_take_time_proportional_to_the_path() {
        let path = [b"/", "a".repeat(10_000).as_bytes()].concat();
        for text in ["*a*a*a*a*a*a*b", "**a**a**a**a**b", "/**/a*a**a*a**b"] {
            let slow = pattern(&format!("{text}*"));
            assert!(
                !slow.matches(&path) && slow.captures(&path).is_none(),
                "{text}"
            );
        }
    }

    #[test]
    fn an_error_explains_the_fix() {
        let mut text = String::new();
        for pattern in ["", "/a***", "/a\n", "/a?b", "/a#b", "\\a"] {
            let error = Pattern::parse(pattern).expect_err(pattern);
            text += &format!("{error}\n");
        }
        for (template, stars) in [
            ("", 1),
            ("/\t", 1),
            ("/\\host", 1),
            ("//host/$1", 1),
            ("$1", 1),
            ("new/$1", 1),
            ("1://host/", 1),
            ("https:/host", 1),
            ("https://$1", 1),
            ("https:///$1", 1),
            ("https://host$1/", 1),
            ("https://$$/", 1),
            ("/$", 1),
            ("/$0", 1),
            ("/$a", 1),
            ("/$\u{661}", 1),
            ("/$1", 0),
            ("/$2", 1),
            ("/$1$3", 2),
        ] {
            let error = Template::parse(template, stars).expect_err(template);
            text += &format!("{error}\n");
        }
        insta::assert_snapshot!(text, @r#"
        "" is empty: write "**" for every path
        "/a***" has three stars in a row: write "*" for a part of a name, or "**" for any number of folders
        "/a\n" has a control character, which no path has: leave it out
        "/a?b" has '?', but a pattern is compared with the path alone: write "*" for a character of a name, and leave out a query
        "/a#b" has '#', but a pattern is compared with the path alone: write "*" for a character of a name, and leave out a query
        "\\a" has a backslash: write "/"
        "" is not a valid target: it must begin with a single "/", or with a scheme and a host, as in "https://host/"
        "/\t" has a control character, which no path has: leave it out
        "/\\host" has a backslash: write "/"
        "//host/$1" is not a valid target: it must begin with a single "/", or with a scheme and a host, as in "https://host/"
        "$1" is not a valid target: it must begin with a single "/", or with a scheme and a host, as in "https://host/"
        "new/$1" is not a valid target: it must begin with a single "/", or with a scheme and a host, as in "https://host/"
        "1://host/" is not a valid target: it must begin with a single "/", or with a scheme and a host, as in "https://host/"
        "https:/host" is not a valid target: it must begin with a single "/", or with a scheme and a host, as in "https://host/"
        "https://$1" lets a request choose the host: write out the host, with a "/" after it
        "https:///$1" lets a request choose the host: write out the host, with a "/" after it
        "https://host$1/" lets a request choose the host: write out the host, with a "/" after it
        "https://$$/" lets a request choose the host: write out the host, with a "/" after it
        "/$" has a "$" without a digit from 1 to 9: write "$1" for what the first star matched, or "$$" for a dollar sign
        "/$0" has a "$" without a digit from 1 to 9: write "$1" for what the first star matched, or "$$" for a dollar sign
        "/$a" has a "$" without a digit from 1 to 9: write "$1" for what the first star matched, or "$$" for a dollar sign
        "/$١" has a "$" without a digit from 1 to 9: write "$1" for what the first star matched, or "$$" for a dollar sign
        "/$1" has "$1", but its pattern has no star: add a star, or use a lower number
        "/$2" has "$2", but its pattern has only one star: add a star, or use a lower number
        "/$1$3" has "$3", but its pattern has only 2 stars: add a star, or use a lower number
        "#);
    }

    #[test]
    fn captures_are_inserted_into_a_target() {
        for (template, captures, expected) in [
            ("/new/$1", &["a"][..], "/new/a"),
            ("/$2/$1$1", &["a", "b"], "/b/aa"),
            ("/$$1$$$1", &["a"], "/$1$a"),
            ("/$1x$10", &["a"], "/axa0"),
            ("https://host/$1?a=b", &["c d"], "https://host/c%20d?a=b"),
            ("https://host", &[], "https://host"),
            ("app+x://host?$1", &["a"], "app+x://host?a"),
            (
                "/$1",
                &["a b?c#d%e\u{e4}\\[\"<"],
                "/a%20b%3Fc%23d%25e%C3%A4%5C%5B%22%3C",
            ),
            (
                "/$1",
                &["a/b;c=d&e,f:g@h!(i)*+'~"],
                "/a/b;c=d&e,f:g@h!(i)*+'~",
            ),
            ("/?q=$1", &["a&b=c+d/e;~"], "/?q=a%26b%3Dc%2Bd/e%3B~"),
            ("/a b%20/\u{e4}", &[], "/a b%20/\u{e4}"),
            ("/$1/x", &[""], "/x"),
            ("/new/$1/x", &[""], "/new/x"),
            ("/new/$1$2/x", &["", ""], "/new/x"),
            ("/new/$1", &[""], "/new/"),
            ("/?q=/$1/x", &[""], "/?q=//x"),
            ("/new$1/x", &[""], "/new/x"),
            ("/$1", &["/host"], "/host"),
            ("/$1", &["//\\/host"], "/%5C/host"),
            ("/$1$2", &["", "/host"], "/host"),
            ("/$1//host", &[""], "/host"),
            ("https://host/$1", &["/host"], "https://host//host"),
        ] {
            assert_eq!(filled(template, captures), expected, "{template}");
        }
        let template = Template::parse("/new/$1", 1).expect("a target");
        assert_eq!(template.fill(&[b"a b%20\xff"], false), b"/new/a b%20\xff");
        let template = Template::parse("/$1", 1).expect("a target");
        assert_eq!(template.fill(&[b"\\/host"], false), b"/host");
    }

    #[test]
    fn only_a_path_can_be_looked_up() {
        for (template, is_path) in [
            ("/a/$1", true),
            ("/a?b", false),
            ("/$1#b", false),
            ("https://host/", false),
        ] {
            let template = Template::parse(template, 1).expect("a target");
            assert_eq!(template.is_path(), is_path, "{template:?}");
        }
    }

    /// Tries every way to match, which takes exponential time.
    fn naive(pattern: &[u8], path: &[u8], follows_slash: bool) -> bool {
        let some_rest = |rest: &[u8], may_skip: fn(u8) -> bool| {
            let skipped = path.iter().take_while(|&&byte| may_skip(byte)).count();
            (0..=skipped).any(|length| naive(rest, &path[length..], false))
        };
        match pattern {
            [] => path.is_empty(),
            [b'*', b'*', b'/', rest @ ..] if follows_slash => {
                let folders = (0..path.len()).filter(|&at| path[at] == b'/');
                naive(rest, path, true)
                    || folders
                        .into_iter()
                        .any(|at| naive(rest, &path[at + 1..], true))
            }
            [b'*', b'*', rest @ ..] => some_rest(rest, |_| true),
            [b'*', rest @ ..] => some_rest(rest, |byte| byte != b'/'),
            [first, rest @ ..] => {
                path.first() == Some(first) && naive(rest, &path[1..], *first == b'/')
            }
        }
    }

    fn pieces(from: &'static [&'static str], count: usize) -> impl Strategy<Value = String> {
        list(select(from), 0..count).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn matching_agrees_with_a_search_of_every_way(
            text in pieces(&["a", "b", "/", "*", "**", "**/", "/**/", "b/a", "a*", "*b/"], 8),
            path in pieces(&["a", "b", "/", "ab", "/b/a", "ba/"], 9),
        ) {
            let mut text = text;
            while text.contains("***") {
                text = text.replace("***", "**");
            }
            prop_assume!(!text.is_empty());
            let whole = if text.starts_with('/') { text.clone() } else { format!("/**/{text}") };
            let pattern = pattern(&text);
            prop_assert_eq!(pattern.matches(path.as_bytes()), naive(whole.as_bytes(), path.as_bytes(), false));
            let captures = pattern.captures(path.as_bytes());
            prop_assert_eq!(captures.is_some(), pattern.matches(path.as_bytes()));
            prop_assert!(captures.is_none_or(|captures| captures.len() == pattern.stars()));
        }

        #[test]
        fn a_target_equal_to_the_pattern_restores_the_path(
            text in pieces(&["a", "/", "/**/", "/*", "-**-", "*."], 8),
            path in pieces(&["a", "/a", "-", ".", "\u{e4} %"], 9),
        ) {
            let (text, path) = (format!("/{}", text.replace("//", "/")), format!("/{path}"));
            prop_assume!(!text.contains("***") && !text.contains("//") && !path.contains("//"));
            let pattern = pattern(&text);
            prop_assume!(pattern.stars() < 10);
            if let Some(captures) = pattern.captures(path.as_bytes()) {
                let (mut template, mut star) = (text.replace("**", "*"), 0);
                while template.contains('*') {
                    star += 1;
                    template = template.replacen('*', &format!("${star}"), 1);
                }
                let template = Template::parse(&template, star).expect("a target");
                prop_assert_eq!(template.fill(&captures, false), path.as_bytes());
            }
        }

        #[test]
        fn a_path_never_leads_to_another_host(
            start in select(&["/", "/", "", "http:"][..]),
            rest in pieces(&["/", "\\", "$1", "$2", "$1", "$$", "a", "?", "#", ":", "."], 5),
            captures in list(r"[/\\]{0,3}|[/\\.:a?#%\t\r\n ]{0,5}|.{0,3}", 2),
            encode in any::<bool>(),
        ) {
            let captures: Vec<&[u8]> = captures.iter().map(|capture| capture.as_bytes()).collect();
            let Ok(template) = Template::parse(&format!("{start}{rest}"), 2) else { return Ok(()) };
            let target = template.fill(&captures, encode);
            prop_assert!(template.names_host || target.starts_with(b"/"));
            if !template.names_host {
                prop_assert!(!matches!(target.get(1), Some(b'/' | b'\\')), "{target:?}");
            }
            if encode {
                // Browsers drop these wherever they are, so that they could hide a slash.
                prop_assert!(!target.iter().any(|byte| byte.is_ascii_control() || *byte == b' '));
                prop_assert!(target.is_ascii());
            }
        }

        #[test]
        fn captures_never_change_the_host(
            rest in pieces(&["/", "$1", "?", "#", "@", ":", ".", "a"], 6),
            capture in r"[/\\.:@a?#]{0,5}",
        ) {
            if let Ok(template) = Template::parse(&format!("https://host{rest}"), 1) {
                let written = rest.split(['/', '?', '#']).next().unwrap_or_default();
                let target = template.fill(&[capture.as_bytes()], true);
                let target = String::from_utf8(target).expect("an encoded target");
                prop_assert_eq!(authority(&target), Some(&*format!("host{written}")));
            }
        }
    }
}
