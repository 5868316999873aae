//! [`mentioned_asset`]: the asset that a person names in a text.

/// Id of the one asset that a text names by id or name, of assets as (id, name). If one name
/// contains another (`bin`, `bin 2`), the longer match wins. `None` when none or several are named.
pub(crate) fn mentioned_asset<'a>(
    assets: impl IntoIterator<Item = (&'a str, &'a str)>,
    text: &str,
) -> Option<&'a str> {
    let text = text.to_lowercase();
    let label = |(id, name): (&'a str, &'a str)| {
        let labels = [id.to_lowercase(), name.to_lowercase()];
        let found = labels
            .into_iter()
            .filter(|label| contains_whole_words(&text, label));
        found.max_by_key(String::len).map(|label| (label, id))
    };
    let found: Vec<(String, &str)> = assets.into_iter().filter_map(label).collect();
    let part_of_another = |label: &str| {
        found
            .iter()
            .any(|(other, _)| other != label && contains_whole_words(other, label))
    };
    let mut alone = found.iter().filter(|(label, _)| !part_of_another(label));
    match (alone.next(), alone.next()) {
        (Some((_, id)), None) => Some(id),
        _ => None,
    }
}

/// Whether a text contains `words` as whole words.
fn contains_whole_words(text: &str, words: &str) -> bool {
    let ends = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    let mut found = text.match_indices(words);
    !words.is_empty()
        && found.any(|(at, _)| {
            ends(text[..at].chars().next_back()) && ends(text[at + words.len()..].chars().next())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_named_as_a_whole_word_alone() {
        for (text, words, has) in [
            ("lot 7, bin-2", "bin-2", true),
            ("bin-21", "bin-2", false),
            ("robin", "bin", false),
            ("bin", "bin", true),
            ("bak maggot 1: sisa pasar", "bak maggot 1", true),
            ("anything", "", false),
        ] {
            assert_eq!(contains_whole_words(text, words), has, "{text}");
        }
    }

    #[test]
    fn the_longer_name_wins_and_two_assets_are_none() {
        let bins = [("bin", "Bak"), ("bin-2", "Bak 2")];
        for (text, named) in [
            ("bin-2", Some("bin-2")),
            ("lot 4, BAK", Some("bin")),
            ("Bak 2: sisa pasar", Some("bin-2")),
            ("sisa pasar", None),
            ("", None),
        ] {
            assert_eq!(mentioned_asset(bins, text), named, "{text}");
        }
        let tanks = [("tank-1", "Barat"), ("tank-2", "Timur")];
        assert_eq!(mentioned_asset(tanks, "barat dan timur"), None);
    }
}
