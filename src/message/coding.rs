//! Content codings, and the choice of one by `Accept-Encoding` (RFC 9110 sections 8.4.1 and 12.5.3).

use crate::headers::headers::Headers;
use crate::message::preferences::preferences_in;
use crate::syntax::quality::Quality;

/// The header that decides, for `Vary`.
pub(crate) const ACCEPT_ENCODING: &str = "Accept-Encoding";

/// A content coding. The order is the server's preference: the first usually compresses best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Coding {
    Brotli,
    Zstandard,
    Gzip,
}

/// The form in which a body is sent: plain or in a coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    Identity,
    Coding(Coding),
}

impl Coding {
    pub(crate) const ALL: [Coding; 3] = [Coding::Brotli, Coding::Zstandard, Coding::Gzip];

    /// Returns the name in `Content-Encoding`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Coding::Brotli => "br",
            Coding::Zstandard => "zstd",
            Coding::Gzip => "gzip",
        }
    }

    /// Returns the suffix of file names in this coding.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Coding::Brotli => ".br",
            Coding::Zstandard => ".zst",
            Coding::Gzip => ".gz",
        }
    }

    /// Returns the path without its suffix, and the coding that the suffix stands for.
    pub(crate) fn of_suffix(path: &str) -> Option<(&str, Coding)> {
        Coding::ALL.into_iter().find_map(|coding| {
            let inner = path.strip_suffix(coding.suffix())?;
            Some((inner, coding))
        })
    }

    /// Returns whether `name` means this coding. `x-gzip` is the old name of gzip (RFC 9110 section 8.4.1.3).
    fn is_named(self, name: &[u8]) -> bool {
        let is = |own: &str| name.eq_ignore_ascii_case(own.as_bytes());
        is(self.name()) || self == Coding::Gzip && is("x-gzip")
    }
}

/// Chooses one of the offered codings by `Accept-Encoding`.
///
/// - The greatest weight wins, and the order of [`Coding`] among equals. `*` is the weight of codings that are not
///   named.
/// - A coding is preferred to the plain body, unless `identity` is named with a greater weight.
/// - Several lines form one list, and its first 100 members count. Members that cannot be parsed are skipped. A coding
///   that is named more than once has the greatest of its weights.
/// - Without the header, or if no coding is acceptable, the body is sent plain, even if the client rules that out with
///   `identity;q=0`: a plain body is more useful to it than a 406, and section 12.5.3 leaves the choice to the server.
pub(crate) fn choose(headers: Headers<'_>, offered: &[Coding]) -> Choice {
    let weights = Weights::of(headers);
    let mut best: Option<(Quality, Coding)> = None;
    for &coding in offered {
        let quality = weights.of_coding(coding);
        let is_better = best.is_none_or(|(other_quality, other)| {
            quality > other_quality || quality == other_quality && coding < other
        });
        if is_better {
            best = Some((quality, coding));
        }
    }
    match best {
        Some((quality, coding)) if quality > Quality::NONE && Some(quality) >= weights.identity => {
            Choice::Coding(coding)
        }
        _ => Choice::Identity,
    }
}

/// The weights that a client gives.
#[derive(Default)]
struct Weights {
    /// In the order of [`Coding::ALL`].
    codings: [Option<Quality>; Coding::ALL.len()],
    identity: Option<Quality>,
    /// The weight of `*`.
    others: Option<Quality>,
}

impl Weights {
    fn of(headers: Headers<'_>) -> Weights {
        let mut weights = Weights::default();
        for member in preferences_in(headers, ACCEPT_ENCODING) {
            let coding = Coding::ALL
                .iter()
                .position(|coding| coding.is_named(member.value));
            let weight = match (coding, member.value) {
                // Codings have no parameters other than the weight.
                _ if member.parameters().next().is_some() => continue,
                (Some(place), _) => &mut weights.codings[place],
                (None, b"*") => &mut weights.others,
                (None, name) if name.eq_ignore_ascii_case(b"identity") => &mut weights.identity,
                (None, _) => continue,
            };
            *weight = (*weight).max(Some(member.quality));
        }
        weights
    }

    fn of_coding(&self, coding: Coding) -> Quality {
        let own = self.codings[coding as usize];
        own.or(self.others).unwrap_or(Quality::NONE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::headers::header_map::HeaderMap;
    use alloc::format;
    use alloc::string::{String, ToString};
    use alloc::vec::Vec;
    use proptest::collection::vec as list;
    use proptest::prelude::*;
    use proptest::sample::{select, subsequence};

    fn chosen(lines: &[&str], offered: &[Coding]) -> Choice {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(ACCEPT_ENCODING, line).expect("a field");
        }
        choose(headers.view(), offered)
    }

    #[test]
    fn gzip_is_chosen_by_its_weight() {
        for (value, accepts) in [
            ("gzip", true),
            ("x-gzip", true),
            ("GZIP;Q=1", true),
            ("deflate, gzip;q=1.0, *;q=0.5", true),
            ("br;q=1.0, gzip;q=0.8, *;q=0.1", true),
            ("*", true),
            ("identity;q=0.5, *", true),
            ("identity, gzip", true),
            ("gzip ; q=0.001", true),
            ("gzip;q=0, x-gzip", true),
            ("", false),
            ("br", false),
            ("gzip;q=0", false),
            ("gzip;q=0.000, *", false),
            ("*;q=0", false),
            ("identity, gzip;q=0.5", false),
            ("IDENTITY, *;q=0.5", false),
            ("gzip;q=2", false),
            ("gzip;q=1.001", false),
            ("gzip;q=0.1234", true),
            ("gzip;q=", false),
            ("gzip;level=1", false),
            ("gzipped", false),
        ] {
            let expected = if accepts {
                Choice::Coding(Coding::Gzip)
            } else {
                Choice::Identity
            };
            assert_eq!(chosen(&[value], &[Coding::Gzip]), expected, "{value:?}");
        }
    }

    #[test]
    fn the_greatest_weight_wins_and_then_the_server_order() {
        use Coding::{Brotli, Gzip, Zstandard};
        for (lines, expected) in [
            (&["gzip, deflate, br, zstd"][..], Some(Brotli)),
            (&["gzip", "zstd"], Some(Zstandard)),
            (&["gzip;q=0.9, zstd;q=0.8, br;q=0.7"], Some(Gzip)),
            (&["br;q=0", "*"], Some(Zstandard)),
            (&["*;q=0.5, gzip"], Some(Gzip)),
            (&["identity;q=0"], None),
            (&["identity;q=0, *;q=0"], None),
            (&["identity;q=0.5, br;q=0.4, gzip;q=0.6"], Some(Gzip)),
            (&["identity;q=0.7, br;q=0.4, gzip;q=0.6"], None),
            (&[""], None),
            (&[], None),
        ] {
            let expected = expected.map_or(Choice::Identity, Choice::Coding);
            assert_eq!(
                chosen(lines, &[Gzip, Zstandard, Brotli]),
                expected,
                "{lines:?}"
            );
            assert_eq!(chosen(lines, &[]), Choice::Identity);
        }
        assert_eq!(chosen(&["br, gzip;q=0.1"], &[Gzip]), Choice::Coding(Gzip));
    }

    #[test]
    fn a_file_suffix_determines_its_coding() {
        for coding in Coding::ALL {
            let path = format!("/app.wasm{}", coding.suffix());
            assert_eq!(Coding::of_suffix(&path), Some(("/app.wasm", coding)));
            assert!(coding.is_named(coding.name().as_bytes()));
        }
        assert_eq!(Coding::of_suffix("/app.wasm"), None);
        assert!(Coding::ALL.is_sorted());
    }

    /// A member of the list: a name, and a weight in thousandths.
    type Member = (&'static str, Option<u16>);

    fn member() -> impl Strategy<Value = Member> {
        const NAMES: [&str; 8] = [
            "gzip", "X-Gzip", "br", "BR", "zstd", "identity", "*", "deflate",
        ];
        (select(&NAMES[..]), proptest::option::of(0..=4u16))
            .prop_map(|(name, quarters)| (name, quarters.map(|quarters| quarters * 250)))
    }

    fn written((name, weight): &Member) -> String {
        match weight {
            None => name.to_string(),
            Some(1000) => format!("{name} ; q=1.0"),
            Some(weight) => format!("{name};Q=0.{weight:03}"),
        }
    }

    /// The rule, in words: rule out, weigh, and compare everything with everything.
    fn model(members: &[Member], offered: &[Coding]) -> Choice {
        let named = |names: &[&str]| {
            let fitting = members
                .iter()
                .filter(|(name, _)| names.contains(&&*name.to_ascii_lowercase()));
            fitting.map(|(_, weight)| weight.unwrap_or(1000)).max()
        };
        let weight = |coding: Coding| {
            let own = match coding {
                Coding::Brotli => named(&["br"]),
                Coding::Zstandard => named(&["zstd"]),
                Coding::Gzip => named(&["gzip", "x-gzip"]),
            };
            own.or(named(&["*"])).unwrap_or(0)
        };
        let is_welcome = |coding: &Coding| {
            let weight = weight(*coding);
            weight > 0 && weight >= named(&["identity"]).unwrap_or(0)
        };
        let wins = |coding: &Coding| {
            offered
                .iter()
                .all(|other| weight(*coding) >= weight(*other))
        };
        let mut winners = Coding::ALL
            .into_iter()
            .filter(|coding| offered.contains(coding));
        let winner = winners.find(|coding| is_welcome(coding) && wins(coding));
        winner.map_or(Choice::Identity, Choice::Coding)
    }

    proptest! {
        #[test]
        fn the_choice_matches_the_model(
            lines in list(list(member(), 0..4), 0..3),
            noise in select(&["", ", ", ",;q=1,", ", gzip;q=x , br;q=2", ", zstd;level=1,"][..]),
            offered in subsequence(Coding::ALL.to_vec(), 0..=3).prop_shuffle(),
        ) {
            let members = lines.concat();
            let lines: Vec<String> = lines
                .iter()
                .map(|line| line.iter().map(written).collect::<Vec<_>>().join(",") + noise)
                .collect();
            let lines: Vec<&str> = lines.iter().map(|line| &**line).collect();
            prop_assert_eq!(chosen(&lines, &offered), model(&members, &offered), "{:?}", lines);
        }

        #[test]
        fn any_value_leads_to_an_offered_coding(
            value in "[ -~\t]{0,40}",
            offered in subsequence(Coding::ALL.to_vec(), 0..=3),
        ) {
            if let Choice::Coding(coding) = chosen(&[&value], &offered) {
                prop_assert!(offered.contains(&coding));
            }
        }
    }
}
