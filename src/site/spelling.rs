//! One spelling for each path, independent of the composition of its characters.

use alloc::borrow::Cow;

/// Returns the composed form of a decoded path or name (Unicode NFC), in which files and rules are compared. Returns
/// `None` if a non-ASCII character stands for an ASCII one, as U+212A does for `K`: no file and no rule has such a
/// name.
///
/// Without the feature `folder`, each spelling is a separate name.
#[cfg(feature = "folder")]
#[inline]
pub(crate) fn compose(text: &str) -> Option<Cow<'_, str>> {
    if text.is_ascii() || unicode_normalization::is_nfc(text) {
        Some(Cow::Borrowed(text))
    } else {
        compose_other(text)
    }
}

#[cfg(feature = "folder")]
#[cold]
fn compose_other(text: &str) -> Option<Cow<'_, str>> {
    use alloc::string::String;
    use unicode_normalization::UnicodeNormalization;
    (!text.chars().any(stands_for_ascii)).then(|| text.nfc().collect::<String>().into())
}

/// Returns the text itself.
#[cfg(not(feature = "folder"))]
#[inline]
pub(crate) fn compose(text: &str) -> Option<Cow<'_, str>> {
    Some(Cow::Borrowed(text))
}

#[cfg(feature = "folder")]
fn stands_for_ascii(character: char) -> bool {
    let mut is_ascii = !character.is_ascii();
    unicode_normalization::char::decompose_canonical(character, |part| {
        is_ascii &= part.is_ascii();
    });
    is_ascii
}

#[cfg(all(test, feature = "folder"))]
mod tests {
    use super::*;
    use alloc::string::String;
    use alloc::vec::Vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    #[test]
    fn no_character_becomes_ascii() {
        let others = ('\u{80}'..=char::MAX).map(String::from);
        let refused: Vec<String> = others
            .filter(|text| match compose(text) {
                Some(composed) => {
                    assert!(!composed.chars().any(|it| it.is_ascii()), "{text:?}");
                    false
                }
                None => true,
            })
            .collect();
        // The Greek question mark, a grave accent, and the kelvin sign.
        assert_eq!(refused, ["\u{37e}", "\u{1fef}", "\u{212a}"]);
        assert_eq!(compose("/a\u{212a}\u{327}"), None);
    }

    proptest! {
        #[test]
        fn composing_adds_no_ascii_and_is_idempotent(
            text in proptest::collection::vec(
                select(&['a', 'g', 'K', '<', '/', '.', '\u{fc}', '\u{1e69}', '\u{226e}', '\u{1ed9}', '\u{308}',
                         '\u{323}', '\u{327}', '\u{338}', '\u{301}', '\u{ac00}', '\u{11a8}', '\u{2126}'][..]),
                0..12,
            )
        ) {
            let text: String = text.into_iter().collect();
            let composed = compose(&text).expect("no such character is among these");
            let mut left = text.chars();
            let ascii = composed.chars().filter(char::is_ascii);
            prop_assert!(ascii.into_iter().all(|it| left.any(|other| other == it)), "{:?}", composed);
            let again = compose(&composed);
            prop_assert_eq!(again.as_deref(), Some(&*composed));
        }
    }
}
