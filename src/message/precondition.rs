//! Conditional requests (RFC 9110 section 13), evaluated in the order of section 13.2.2.

use super::head::Head;
use crate::headers::headers::Headers;
use crate::syntax::date;
use crate::syntax::entity_tag::{EntityTag, any_in_list};
use crate::values::method::Method;
use core::time::Duration;

/// The validators of the representation that would be sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Validators<'a> {
    /// `None` if two different representations could have the same tag.
    pub(crate) tag: Option<EntityTag<'a>>,
    /// Last-Modified, in seconds since the Unix epoch.
    pub(crate) modified: Option<u64>,
}

/// The outcome of a request's preconditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Proceed,
    NotModified,
    Failed,
}

/// Evaluates the preconditions of a request that would otherwise get a 2xx response. `now` determines the century of
/// dates with two-digit years.
pub(crate) fn evaluate(
    method: &Method,
    headers: Headers<'_>,
    validators: &Validators<'_>,
    now: Option<Duration>,
) -> Verdict {
    let is_read = matches!(*method, Method::GET | Method::HEAD);
    let date = |name| single(headers, name).and_then(|value| date::parse(value, now));
    let unmodified_since = |since| validators.modified.is_none_or(|modified| modified <= since);

    let current = validators.tag.as_ref();

    // Steps 1 and 2: the representation must be the one that the client expects.
    let stands = match matches_any(headers, "If-Match", |tag| {
        current.is_some_and(|current| tag.matches_strongly(current))
    }) {
        Some(matches) => matches,
        None => match (date("If-Unmodified-Since"), validators.modified) {
            (Some(since), Some(_)) => unmodified_since(since),
            _ => true,
        },
    };
    if !stands {
        return Verdict::Failed;
    }
    // Steps 3 and 4: the representation must differ from the one that the client has.
    match matches_any(headers, "If-None-Match", |tag| {
        current.is_some_and(|current| tag.matches_weakly(current))
    }) {
        Some(true) if is_read => Verdict::NotModified,
        Some(true) => Verdict::Failed,
        Some(false) => Verdict::Proceed,
        None => match (date("If-Modified-Since"), validators.modified) {
            (Some(since), Some(_)) if is_read && unmodified_since(since) => Verdict::NotModified,
            _ => Verdict::Proceed,
        },
    }
}

/// Returns whether the representation is exactly the one of which the client has a part (step 5, section 13.1.5). A
/// date proves this only if the representation did not change within the second in which it was sent.
pub(crate) fn range_applies(
    head: &Head<'_>,
    validators: &Validators<'_>,
    now: Option<Duration>,
) -> bool {
    let mut values = head.headers().get_all("If-Range");
    match (values.next(), values.next()) {
        (None, _) => true,
        (Some(_), Some(_)) => false,
        (Some(value), None) => match EntityTag::parse(value) {
            Some(tag) => {
                let current = validators.tag.as_ref();
                current.is_some_and(|current| tag.matches_strongly(current))
            }
            None => match (date::parse(value, now), validators.modified, now) {
                (Some(since), Some(modified), Some(now)) => {
                    since == modified && now.as_secs() > modified
                }
                _ => false,
            },
        },
    }
}

/// Returns whether a list of entity tags contains a matching one, or `None` without such a header. A list that cannot
/// be parsed matches nothing, which errs on the side of sending too much and changing too little.
fn matches_any(
    headers: Headers<'_>,
    name: &str,
    fits: impl Fn(&EntityTag<'_>) -> bool,
) -> Option<bool> {
    let mut lists = headers.get_all(name).peekable();
    lists.peek()?;
    Some(lists.any(|list| match list {
        b"*" => true,
        list => any_in_list(list, &fits).unwrap_or(false),
    }))
}

/// Returns the value of a header, or `None` if it is missing or repeated.
fn single<'a>(headers: Headers<'a>, name: &str) -> Option<&'a [u8]> {
    let mut values = headers.get_all(name);
    let first = values.next()?;
    match values.next() {
        None => Some(first),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::limits::Limits;
    use crate::headers::header_map::HeaderMap;
    use crate::syntax::head::HeadParser;
    use crate::values::scheme::Scheme;
    use alloc::format;
    use alloc::string::{String, ToString};
    use alloc::vec::Vec;
    use proptest::collection::vec as list;
    use proptest::prelude::*;
    use proptest::sample::select;

    /// Returns the outcome for a request with one header, given a representation tagged `"a"` from 1994.
    fn verdict(method: &str, header: &str) -> Verdict {
        let request = format!("{method} / HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n");
        let mut parser = HeadParser::new();
        parser
            .advance(request.as_bytes(), &Limits::default())
            .expect("a valid head");
        let bytes = request.as_bytes();
        let layout = parser.validate(bytes, Scheme::Http).expect("a valid head");
        let head = Head::new(bytes, layout);
        let validators = Validators {
            tag: EntityTag::parse(b"\"a\""),
            modified: Some(784_111_777),
        };
        evaluate(&head.method(), head.headers(), &validators, None)
    }

    #[test]
    fn writes_fail_where_reads_are_not_modified() {
        for (header, read, change) in [
            ("If-None-Match: *", Verdict::NotModified, Verdict::Failed),
            (
                "If-None-Match: \"a\"",
                Verdict::NotModified,
                Verdict::Failed,
            ),
            ("If-None-Match: \"b\"", Verdict::Proceed, Verdict::Proceed),
            ("If-Match: \"a\"", Verdict::Proceed, Verdict::Proceed),
            ("If-Match: \"b\"", Verdict::Failed, Verdict::Failed),
            (
                "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT",
                Verdict::NotModified,
                Verdict::Proceed,
            ),
            (
                "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT",
                Verdict::Failed,
                Verdict::Failed,
            ),
        ] {
            assert_eq!(verdict("GET", header), read, "{header}");
            assert_eq!(verdict("HEAD", header), read, "{header}");
            assert_eq!(verdict("PUT", header), change, "{header}");
        }
    }

    /// A line of `If-Match` or `If-None-Match`.
    #[derive(Clone, Debug)]
    enum Line {
        Any,
        /// Whether each is weak, and the text between the quotes.
        Tags(Vec<(bool, &'static str)>),
        Malformed(&'static str),
    }

    impl Line {
        fn written(&self) -> String {
            match self {
                Line::Any => "*".to_string(),
                Line::Malformed(text) => text.to_string(),
                Line::Tags(tags) => {
                    let tags = tags.iter().map(|(is_weak, opaque)| {
                        if *is_weak {
                            format!("W/\"{opaque}\"")
                        } else {
                            format!("\"{opaque}\"")
                        }
                    });
                    tags.collect::<Vec<_>>().join(" , ")
                }
            }
        }
    }

    /// The preconditions of a request. Dates are seconds after an arbitrary moment, and `None` is an invalid date.
    #[derive(Clone, Debug)]
    struct Conditions {
        if_match: Vec<Line>,
        if_none_match: Vec<Line>,
        if_modified_since: Vec<Option<u64>>,
        if_unmodified_since: Vec<Option<u64>>,
    }

    const MOMENT: u64 = 784_111_777;

    impl Conditions {
        fn headers(&self) -> HeaderMap {
            let mut headers = HeaderMap::new();
            let mut append =
                |name: &str, value: String| headers.append(name, value).expect("a field");
            for (name, lines) in [
                ("If-Match", &self.if_match),
                ("If-None-Match", &self.if_none_match),
            ] {
                lines.iter().for_each(|line| append(name, line.written()));
            }
            for (name, dates) in [
                ("If-Modified-Since", &self.if_modified_since),
                ("If-Unmodified-Since", &self.if_unmodified_since),
            ] {
                for seconds in dates {
                    let date = seconds.map(|seconds| Duration::from_secs(MOMENT + seconds));
                    let date = date.map(|wall| date::http_date(wall).expect("a year below 9999"));
                    append(name, date.unwrap_or("yesterday".to_string()));
                }
            }
            headers
        }

        /// The rules of section 13.2.2, one after the other.
        fn verdict(&self, is_read: bool, tag: (bool, &str), modified: Option<u64>) -> Verdict {
            let refused = if is_read {
                Verdict::NotModified
            } else {
                Verdict::Failed
            };
            let only = |dates: &[Option<u64>]| match dates {
                [Some(date)] => Some(*date),
                _ => None,
            };
            let names = |lines: &[Line], fits: fn((bool, &str), (bool, &str)) -> bool| {
                lines.iter().any(|line| match line {
                    Line::Any => true,
                    Line::Tags(tags) => tags.iter().any(|other| fits(tag, *other)),
                    Line::Malformed(_) => false,
                })
            };
            let strongly =
                |one: (bool, &str), other: (bool, &str)| !one.0 && !other.0 && one.1 == other.1;
            let weakly = |one: (bool, &str), other: (bool, &str)| one.1 == other.1;
            if !self.if_match.is_empty() {
                if !names(&self.if_match, strongly) {
                    return Verdict::Failed;
                }
            } else if let (Some(since), Some(modified)) =
                (only(&self.if_unmodified_since), modified)
            {
                if modified > since {
                    return Verdict::Failed;
                }
            }
            if !self.if_none_match.is_empty() {
                if names(&self.if_none_match, weakly) {
                    return refused;
                }
            } else if let (true, Some(since), Some(modified)) =
                (is_read, only(&self.if_modified_since), modified)
            {
                if modified <= since {
                    return Verdict::NotModified;
                }
            }
            Verdict::Proceed
        }
    }

    fn tag() -> impl Strategy<Value = (bool, &'static str)> {
        (
            any::<bool>(),
            select(&["", "a", "b", "a,b", "W/", "\\"][..]),
        )
    }

    fn conditions() -> impl Strategy<Value = Conditions> {
        let lines = || {
            let line = prop_oneof![
                1 => Just(Line::Any),
                6 => list(tag(), 0..4).prop_map(Line::Tags),
                1 => select(&["a", "\"a", "w/\"a\"", "\"a\" \"b\"", "\"b\", *", "W/ \"a\""][..]).prop_map(Line::Malformed),
            ];
            prop_oneof![1 => Just(Vec::new()), 2 => list(line, 0..3)]
        };
        let dates = || list(proptest::option::weighted(0.8, 0..3u64), 0..3);
        (lines(), lines(), dates(), dates()).prop_map(
            |(if_match, if_none_match, if_modified_since, if_unmodified_since)| Conditions {
                if_match,
                if_none_match,
                if_modified_since,
                if_unmodified_since,
            },
        )
    }

    proptest! {
        #[test]
        fn the_verdict_matches_the_model(
            conditions in conditions(),
            method in select(&[Method::GET, Method::HEAD, Method::PUT, Method::DELETE][..]),
            (weak, opaque) in tag(),
            modified in proptest::option::of(0..3u64),
        ) {
            let headers = conditions.headers();
            let validators = Validators {
                tag: Some(EntityTag { weak, opaque: opaque.as_bytes() }),
                modified: modified.map(|seconds| MOMENT + seconds),
            };
            let is_read = matches!(method, Method::GET | Method::HEAD);
            let expected = conditions.verdict(is_read, (weak, opaque), modified);
            prop_assert_eq!(evaluate(&method, headers.view(), &validators, None), expected, "{:?}", headers);
        }
    }
}
