//! Range requests (RFC 9110 section 14).

use alloc::vec::Vec;
use core::ops::Range;

/// The maximum number of ranges served separately. A request with more gets the whole representation.
const RANGES: usize = 8;

/// The part of a representation that a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Selection {
    /// The whole representation: the request has no range, an invalid one, or too many.
    Whole,
    /// These parts, in the requested order. Each is non-empty and within the length.
    Parts(Vec<Range<u64>>),
    /// All ranges lie outside the representation.
    Unsatisfiable,
}

/// Parses the value of `Range` for a representation of the given length.
///
/// A range that cannot be parsed and an unknown unit are ignored (section 14.2). So are more than eight ranges, and
/// ranges that add up to more than the whole (section 17.15).
///
/// Any range of an empty representation is ignored too, because no part of it can be sent. Clients that always ask for
/// `bytes=0-` get an empty file with 200.
pub(crate) fn select(value: &[u8], length: u64) -> Selection {
    let ranges = match parse(value, length) {
        Some(ranges) if length > 0 => ranges,
        _ => return Selection::Whole,
    };
    let parts: Vec<_> = ranges
        .into_iter()
        .filter(|range| !range.is_empty())
        .collect();
    let total = parts
        .iter()
        .fold(0u64, |sum, part| sum.saturating_add(part.end - part.start));
    match (parts.len(), total) {
        (0, _) => Selection::Unsatisfiable,
        (_, total) if total > length => Selection::Whole,
        _ => Selection::Parts(parts),
    }
}

/// Returns all ranges, clamped to the length. Ranges beyond it are empty.
fn parse(value: &[u8], length: u64) -> Option<Vec<Range<u64>>> {
    let text = core::str::from_utf8(value).ok()?;
    let (unit, set) = text.split_once('=')?;
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    let mut ranges = Vec::new();
    for range in set.split(',').map(|range| range.trim_matches([' ', '\t'])) {
        if range.is_empty() {
            continue;
        }
        if ranges.len() == RANGES {
            return None;
        }
        ranges.push(parse_one(range, length)?);
    }
    (!ranges.is_empty()).then_some(ranges)
}

fn parse_one(range: &str, length: u64) -> Option<Range<u64>> {
    let (first, last) = range.split_once('-')?;
    match (first, last) {
        ("", suffix) => Some(length.saturating_sub(number(suffix)?)..length),
        (first, "") => Some(number(first)?.min(length)..length),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then(|| first.min(length)..last.saturating_add(1).min(length))
        }
    }
}

/// Parses decimal digits. A number that does not fit in 64 bits becomes the largest one.
fn number(digits: &str) -> Option<u64> {
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    Some(digits.bytes().fold(0u64, |sum, digit| {
        sum.saturating_mul(10)
            .saturating_add(u64::from(digit - b'0'))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::String;
    use alloc::vec;
    use proptest::collection::vec as list;
    use proptest::prelude::*;
    use proptest::sample::select as one_of;

    #[test]
    #[allow(clippy::single_range_in_vec_init)] // A list that happens to have one part.
    fn ranges_of_ten_bytes() {
        for (value, parts) in [
            ("bytes=0-0", vec![0..1]),
            ("bytes=2-4", vec![2..5]),
            ("BYTES=2-", vec![2..10]),
            ("bytes=-3", vec![7..10]),
            ("bytes=-30", vec![0..10]),
            ("bytes=5-99", vec![5..10]),
            ("bytes=9-18446744073709551615", vec![9..10]),
            ("bytes=-99999999999999999999999", vec![0..10]),
            ("bytes=0-1, 3-4 ,,-1", vec![0..2, 3..5, 9..10]),
            ("bytes=0-1,99-", vec![0..2]),
            ("bytes=8-,0-1", vec![8..10, 0..2]),
        ] {
            assert_eq!(
                select(value.as_bytes(), 10),
                Selection::Parts(parts),
                "{value}"
            );
        }
        for value in [
            "bytes=10-",
            "bytes=-0",
            "bytes=10-11,99-",
            "bytes=99999999999999999999-",
        ] {
            assert_eq!(
                select(value.as_bytes(), 10),
                Selection::Unsatisfiable,
                "{value}"
            );
        }
        for value in [
            "",
            "bytes",
            "bytes=",
            "bytes=,",
            "bytes=4-2",
            "bytes=a-",
            "bytes=1-b",
            "bytes=-",
            "bytes=1",
            "bytes=+1-2",
            "bytes=1--2",
            "bytes =1-2",
            "lines=1-2",
            "bytes=0-4,x",
            "bytes=0-,0-",
            "bytes=0-9,0-0",
            "bytes=0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0",
            "bytes=1 - 2",
        ] {
            assert_eq!(select(value.as_bytes(), 10), Selection::Whole, "{value}");
        }
        for value in ["bytes=0-", "bytes=0-0", "bytes=5-", "bytes=-0", "bytes=-5"] {
            assert_eq!(select(value.as_bytes(), 0), Selection::Whole, "{value}");
        }
    }

    /// A range that follows the grammar, or something else.
    #[derive(Clone, Debug)]
    enum Spec {
        FromTo(u64, u64),
        From(u64),
        Last(u64),
        Malformed(&'static str),
    }

    impl Spec {
        fn written(&self) -> String {
            match self {
                Spec::FromTo(first, last) => format!("{first}-{last}"),
                Spec::From(first) => format!("{first}-"),
                Spec::Last(count) => format!("-{count}"),
                Spec::Malformed(text) => (*text).into(),
            }
        }

        /// Checks each position separately.
        fn positions(&self, length: u64) -> Vec<u64> {
            let contains = |&position: &u64| match *self {
                Spec::FromTo(first, last) => (first..=last).contains(&position),
                Spec::From(first) => first <= position,
                Spec::Last(count) => length - position <= count,
                Spec::Malformed(_) => false,
            };
            (0..length).filter(contains).collect()
        }

        fn is_valid(&self) -> bool {
            match *self {
                Spec::FromTo(first, last) => first <= last,
                Spec::Malformed(_) => false,
                _ => true,
            }
        }
    }

    fn spec() -> impl Strategy<Value = Spec> {
        let number = || prop_oneof![8 => 0..40u64, 1 => Just(u64::MAX)];
        prop_oneof![
            8 => (number(), number()).prop_map(|(one, other)| Spec::FromTo(one.min(other), one.max(other))),
            1 => (number(), number()).prop_map(|(first, last)| Spec::FromTo(first, last)),
            2 => number().prop_map(Spec::From),
            2 => number().prop_map(Spec::Last),
            1 => one_of(&["-", "1", "a-b", "1--2", "+1-2", "1 -2", "1-2-3", "0x1-2"][..]).prop_map(Spec::Malformed),
        ]
    }

    fn model(specs: &[Spec], length: u64) -> Selection {
        let is_ignored = length == 0 || specs.is_empty() || specs.len() > 8;
        if is_ignored || !specs.iter().all(Spec::is_valid) {
            return Selection::Whole;
        }
        let parts = specs.iter().map(|spec| spec.positions(length));
        let parts: Vec<Vec<u64>> = parts.filter(|part| !part.is_empty()).collect();
        match parts.concat().len() as u64 {
            0 => Selection::Unsatisfiable,
            sum if sum > length => Selection::Whole,
            _ => Selection::Parts(
                parts
                    .iter()
                    .map(|part| part[0]..part[part.len() - 1] + 1)
                    .collect(),
            ),
        }
    }

    proptest! {
        #[test]
        fn the_selection_matches_the_model(
            specs in list(spec(), 0..10),
            separator in one_of(&[",", ", ", " ,\t", ",,", ", , "][..]),
            unit in one_of(&["bytes", "Bytes"][..]),
            length in 0..40u64,
        ) {
            let written: Vec<String> = specs.iter().map(Spec::written).collect();
            let value = format!("{unit}={}", written.join(separator));
            prop_assert_eq!(select(value.as_bytes(), length), model(&specs, length), "{}", value);
        }

        #[test]
        fn parts_fit_within_the_whole(value in "bytes=([0-9]{0,20}-[0-9]{0,20},?){1,10}", length in 0..100u64) {
            if let Selection::Parts(parts) = select(value.as_bytes(), length) {
                prop_assert!(parts.iter().all(|part| part.start < part.end && part.end <= length));
                prop_assert!(parts.iter().map(|part| part.end - part.start).sum::<u64>() <= length);
            }
        }
    }
}
