//! The word that a mistyped one stands for.

/// Returns the known word that is closest to a mistyped one, if one is close.
pub(crate) fn closest<'w>(
    given: &str,
    known: impl IntoIterator<Item = &'w str>,
) -> Option<&'w str> {
    // One letter could mean anything.
    let most = (given.len() / 3)
        .clamp(1, 3)
        .min(given.len().saturating_sub(1));
    let distances = known.into_iter().map(|word| (distance(given, word), word));
    let (distance, word) = distances.min_by_key(|(distance, _)| *distance)?;
    (distance <= most).then_some(word)
}

/// Returns the end of an error about a mistyped word: the question whether another word is meant, if one is close.
pub(crate) fn question<'w>(given: &str, known: impl IntoIterator<Item = &'w str>) -> String {
    match closest(given, known) {
        Some(word) => format!(": did you mean {word}?"),
        None => String::new(),
    }
}

/// Returns the least number of letters that are added, removed, replaced or swapped with their neighbors to make one
/// text the other.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=other.len()).collect()];
    for (i, letter) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, against) in other.iter().enumerate() {
            let replaced = rows[i][j] + usize::from(letter != against);
            let mut least = replaced.min(rows[i][j + 1] + 1).min(row[j] + 1);
            let is_swap = i > 0 && j > 0 && *letter == other[j - 1] && one[i - 1] == *against;
            if is_swap {
                least = least.min(rows[i - 1][j - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_with_a_slip_is_recognized_and_another_word_is_not() {
        let known = ["serve", "handle", "routes", "true"];
        for (given, meant) in [
            ("sevre", Some("serve")),
            ("serv", Some("serve")),
            ("handel", Some("handle")),
            ("ture", Some("true")),
            ("x", None),
            ("s", None),
            ("", None),
            ("public", None),
        ] {
            assert_eq!(closest(given, known), meant, "{given}");
        }
        assert_eq!(question("ruotes", known), ": did you mean routes?");
        assert_eq!(question("dist", known), "");
    }
}
