//! Media types and languages that a client prefers.

use super::*;

fn accepts<'m>(accept: &str, offers: &[&'m str]) -> Option<&'m str> {
    with_headers(&[("Accept", accept)], |request| request.accepts(offers))
}

#[test]
fn without_accept_the_first_offer_is_chosen() {
    with_headers(&[], |request| {
        assert_eq!(request.accepts(&["a/b", "c/d"]), Some("a/b"));
        assert_eq!(request.accepts(&[]), None);
        assert_eq!(request.accepts_language(&["de", "en"]), Some("de"));
        assert_eq!(request.accepts_language(&[]), None);
    });
    for accept in ["", ",", "a/b;q=2", ";;"] {
        assert_eq!(accepts(accept, &["a/b", "c/d"]), Some("a/b"), "{accept}");
    }
}

#[test]
fn the_offer_with_the_greatest_weight_is_chosen() {
    let offers = ["text/html", "application/json", "text/plain"];
    for (accept, expected) in [
        ("*/*", Some("text/html")),
        ("application/json", Some("application/json")),
        (
            "APPLICATION/JSON;Q=0.5, text/*;q=0.1",
            Some("application/json"),
        ),
        ("text/plain, text/html", Some("text/html")),
        ("text/plain, text/html;q=0.9", Some("text/plain")),
        ("text/*, text/html;q=0", Some("text/plain")),
        ("*/*, text/*;q=0.5", Some("application/json")),
        ("image/png, */*;q=0", None),
        ("image/png", None),
        ("text/htm", None),
        ("text/html/x", None),
        ("tex/*", None),
        (
            "text/html, image/gif, *; q=.2, */*; q=.2",
            Some("text/html"),
        ),
        ("image/gif, *; q=.2", Some("text/html")),
        // The value that a browser sends.
        (
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
            Some("text/html"),
        ),
        // A member that is malformed does not spoil the others.
        (
            "text/plain;q=high, application/json;q=0.1",
            Some("application/json"),
        ),
    ] {
        assert_eq!(accepts(accept, &offers), expected, "{accept}");
    }
    let lines = [("Accept", "text/html;q=0.1"), ("Accept", "text/plain")];
    with_headers(&lines, |request| {
        assert_eq!(request.accepts(&offers), Some("text/plain"))
    });
}

#[test]
fn parameters_make_a_media_range_more_specific() {
    // The example of RFC 9110 section 12.5.1.
    let accept = "text/*;q=0.3, text/plain;q=0.7, text/plain;format=flowed, \
                  text/plain;format=fixed;q=0.4, */*;q=0.5";
    for (better, worse) in [
        ("text/plain;format=flowed", "text/plain"),
        ("text/plain", "image/jpeg"),
        ("image/jpeg", "text/plain;format=fixed"),
        ("text/plain;format=fixed", "text/html"),
    ] {
        assert_eq!(accepts(accept, &[worse, better]), Some(better), "{worse}");
    }
    assert_eq!(
        accepts("a/b;c=\"d,e\"", &["a/b", "a/b; C=\"D,E\""]),
        Some("a/b; C=\"D,E\"")
    );
}

#[test]
fn languages_are_looked_up() {
    for (accept, offers, expected) in [
        ("de", &["en", "de"][..], Some("de")),
        ("DE-ch", &["en", "de-CH"], Some("de-CH")),
        ("de-CH-1996", &["en", "de", "de-CH"], Some("de-CH")),
        ("zh-Hant-CN-x-private1", &["zh", "zh-Hant"], Some("zh-Hant")),
        ("zh-x-private1", &["zh-x", "zh"], Some("zh")),
        ("en", &["de", "en-GB", "en-US"], Some("en-GB")),
        ("en", &["en-GB", "en"], Some("en")),
        ("e", &["en"], None),
        ("de-CH", &["de-DE", "fr"], None),
        ("fr;q=0.5, de-CH", &["fr", "de"], Some("de")),
        ("fr, de;q=0.9", &["de", "fr"], Some("fr")),
        ("en, *", &["de", "fr"], Some("de")),
        ("*;q=0.5, de;q=0.3", &["de", "fr"], Some("fr")),
        ("*, de;q=0", &["de", "de-CH", "fr"], Some("fr")),
        ("de, de-CH;q=0", &["de-CH"], None),
        ("fr;q=0", &["fr", "de"], None),
        ("ja", &["en"], None),
    ] {
        let chosen = with_headers(&[("Accept-Language", accept)], |request| {
            request.accepts_language(offers)
        });
        assert_eq!(chosen, expected, "{accept} of {offers:?}");
    }
}

#[test]
fn only_the_first_hundred_members_of_a_weighted_list_are_read() {
    for (before, chosen) in [(99, Some("de")), (100, None)] {
        let list = format!("{}de", "x,".repeat(before));
        let language = with_headers(&[("Accept-Language", &list)], |request| {
            request.accepts_language(&["en", "de"])
        });
        assert_eq!(language, chosen, "{before}");
        let list = format!("{}a/b", "x/y,".repeat(before));
        let media_type = accepts(&list, &["c/d", "a/b"]);
        assert_eq!(media_type, chosen.map(|_| "a/b"), "{before}");
    }
}

#[test]
fn repeated_wildcards_for_languages_change_nothing() {
    for (accept, offers, expected) in [
        ("*,*,*", &["en", "de"][..], Some("en")),
        ("*,*;q=0.5,en;q=0.1", &["en", "de"], Some("de")),
        ("*,*,en;q=0.2,de;q=0.1", &["de", "en"], Some("en")),
        ("*,*,en;q=0,de;q=0", &["de", "en"], None),
    ] {
        let chosen = with_headers(&[("Accept-Language", accept)], |request| {
            request.accepts_language(offers)
        });
        assert_eq!(chosen, expected, "{accept} of {offers:?}");
    }
}

/// The weight of a media type by the words of RFC 9110 section 12.5.1, without parameters.
fn model(ranges: &[(String, u16)], offers: &[&'static str]) -> Option<&'static str> {
    let weight = |offer: &str| {
        let (kind, _) = offer.split_once('/').expect("a media type");
        for pattern in [offer, &format!("{kind}/*"), "*/*"] {
            let same = ranges.iter().filter(|(range, _)| range == pattern);
            if let Some(weight) = same.map(|(_, weight)| *weight).max() {
                return weight;
            }
        }
        0
    };
    let best = offers.iter().map(|offer| weight(offer)).max()?;
    let mut fitting = offers
        .iter()
        .filter(|offer| weight(offer) == best && best > 0);
    fitting.next().copied()
}

proptest! {
    #[test]
    fn the_choice_matches_the_model(
        ranges in prop::collection::vec(
            (prop::sample::select(vec!["a/b", "a/c", "d/b", "a/*", "d/*", "*/*"]), 0..=10_u16),
            1..6,
        ),
        offers in prop::sample::subsequence(vec!["a/b", "d/b", "a/c", "e/f"], 0..=4).prop_shuffle(),
    ) {
        let ranges: Vec<(String, u16)> = ranges
            .into_iter()
            .map(|(range, weight)| (range.to_string(), weight))
            .collect();
        let members = ranges.iter().map(|(range, weight)| match weight {
            10 => range.clone(),
            weight => format!("{range};q=0.{weight}"),
        });
        let accept = members.collect::<Vec<_>>().join(", ");
        prop_assert_eq!(accepts(&accept, &offers), model(&ranges, &offers), "{}", accept);
    }

    #[test]
    fn no_header_value_causes_a_panic(value in "[ -~]{0,60}|([a*/;,=\"\\\\q01. -]){0,40}") {
        let headers = ["Accept", "Accept-Language", "Cookie", "Authorization", "Content-Type"];
        let headers = headers.map(|name| (name, &*value));
        with_headers(&headers, |request| {
            let offers = ["a/a", "*/*", "a", "", "a-a"];
            prop_assert!(request.accepts(&offers).is_none_or(|chosen| offers.contains(&chosen)));
            prop_assert!(request.accepts_language(&offers).is_none_or(|chosen| offers.contains(&chosen)));
            prop_assert!(request.cookies().all(|(name, _)| !name.is_empty()));
            prop_assert!(request.basic_auth().is_none_or(|auth| !auth.user().contains(':')));
            prop_assert!(request.bearer_token().is_none_or(|token| !token.contains(' ')));
            prop_assert!(request.form().is_err());
            Ok(())
        })?;
    }
}
