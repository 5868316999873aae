//! [`mentioned_asset`], [`near_asset`], [`unknown_asset`]: the asset that a person names in a text.
//!
//! ```text
//! bins `bak`, `bak-1`        "Bak 1: sisa pasar" names bak-1, "bak 12 kg" names bak
//!                            "BAK1" names none of them, and is meant for bak-1
//!                            "bak 2" names none of them, and there is no such asset
//! ```

/// Most digits of a number in a name; more are a year or an amount.
const NAME_DIGITS_MAX: usize = 3;
/// Words behind a number that make it an amount.
const AMOUNT_WORDS: [&str; 23] = [
    "%", "buah", "days", "ekor", "ember", "g", "gram", "hari", "jam", "kali", "karung", "kg",
    "kwh", "l", "liter", "litre", "litres", "m", "m3", "orang", "t", "times", "ton",
];

/// Id of the one asset that a text names by id or name, of assets as (id, name). If one name
/// contains another (`bin`, `bin 2`), the longer match wins. `None` when none or several are named.
pub(crate) fn mentioned_asset<'a>(
    assets: impl IntoIterator<Item = (&'a str, &'a str)>,
    text: &str,
) -> Option<&'a str> {
    let text = plain_text(text);
    let label = |(id, name): (&'a str, &'a str)| {
        let labels = [plain_text(id), plain_text(name)];
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

/// Name in a text that is nearly that of an asset, and the id of that asset: `BAK1` or `bak 01`
/// where there is `bak-1`. `None` when the text names an asset, or nothing like one.
pub(crate) fn near_asset<'a>(
    assets: impl IntoIterator<Item = (&'a str, &'a str)>,
    text: &str,
) -> Option<(String, &'a str)> {
    let assets: Vec<(&str, &str)> = assets.into_iter().collect();
    if mentioned_asset(assets.iter().copied(), text).is_some() {
        return None;
    }
    let text = plain_text(text);
    let words = text.split(|c: char| !c.is_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let pairs = words.windows(2).map(|pair| pair.join(" "));
    let written: Vec<String> = words.iter().map(ToString::to_string).chain(pairs).collect();
    let parts = |name: &str| {
        let joined: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
        let stem = joined.trim_end_matches(|c: char| c.is_ascii_digit());
        let number: u64 = joined[stem.len()..].parse().ok()?;
        (!stem.is_empty()).then(|| (stem.to_owned(), number))
    };
    assets.into_iter().find_map(|(id, name)| {
        let labels = [plain_text(id), plain_text(name)];
        let wanted: Vec<(String, u64)> = labels.iter().filter_map(|one| parts(one)).collect();
        let is_it = |one: &&String| parts(one).is_some_and(|one| wanted.contains(&one));
        Some((written.iter().find(is_it)?.clone(), id))
    })
}

/// The text with the id of an asset in the place of the name that [`near_asset`] found in it.
pub(crate) fn with_asset_id(text: &str, found: &str, id: &str) -> String {
    let mut places: Vec<(usize, usize)> = Vec::new();
    for (at, letter) in text.char_indices().filter(|(_, c)| c.is_alphanumeric()) {
        let end = at + letter.len_utf8();
        match places.last_mut() {
            Some(last) if last.1 == at => last.1 = end,
            _ => places.push((at, end)),
        }
    }
    let pairs = places.windows(2).map(|pair| (pair[0].0, pair[1].1));
    let all: Vec<(usize, usize)> = places.iter().copied().chain(pairs).collect();
    let named = all.into_iter().find(|(first, end)| {
        let words = plain_text(&text[*first..*end]);
        let words = words.split(|c: char| !c.is_alphanumeric());
        words.filter(|word| !word.is_empty()).eq(found.split(' '))
    });
    match named {
        Some((first, end)) => [&text[..first], id, &text[end..]].concat(),
        None => id.to_owned(),
    }
}

/// Name in a text that is the name of an asset but for its number, such as `bak 2` where there is
/// `bak-1` alone; `None` when the text names no such asset.
pub(crate) fn unknown_asset<'a>(
    assets: impl IntoIterator<Item = (&'a str, &'a str)>,
    text: &str,
) -> Option<String> {
    let text = plain_text(text);
    let assets = assets.into_iter();
    let labels = assets.flat_map(|(id, name)| [plain_text(id), plain_text(name)]);
    let labels: Vec<String> = labels.collect();
    let named = |label: &String| {
        let stem = label
            .trim_end_matches(|c: char| c.is_ascii_digit())
            .trim_end();
        // `m1` is no `m` with a number.
        let is_stem = stem.len() == label.len() || label[stem.len()..].starts_with(' ');
        let stem = if is_stem { stem } else { label };
        let mut places = whole_words(&text, stem);
        places.find_map(|at| {
            let number = following_number(&text[at + stem.len()..])?;
            let name = format!("{stem} {number}");
            (!labels.contains(&name)).then_some(name)
        })
    };
    labels.iter().filter_map(named).max_by_key(String::len)
}

/// A text in small letters, with spaces for the signs that join the words of a name.
fn plain_text(text: &str) -> String {
    text.to_lowercase()
        .replace(['-', '_'], " ")
        .trim()
        .to_owned()
}

/// Whether a text contains `words` as whole words that no number makes another name.
fn contains_whole_words(text: &str, words: &str) -> bool {
    whole_words(text, words).any(|at| following_number(&text[at + words.len()..]).is_none())
}

/// Places of `words` in a text as whole words.
fn whole_words<'t>(text: &'t str, words: &'t str) -> impl Iterator<Item = usize> + 't {
    let ends = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    let found = text.match_indices(words).filter(|_| !words.is_empty());
    let whole = found.filter(move |(at, _)| {
        ends(text[..*at].chars().next_back()) && ends(text[at + words.len()..].chars().next())
    });
    whole.map(|(at, _)| at)
}

/// Number with which a name goes on, at the beginning of the text behind it; `None` for an amount,
/// a date or a year.
fn following_number(rest: &str) -> Option<&str> {
    let number = rest.trim_start_matches([' ', '#']);
    let end = number.find(|c: char| !c.is_ascii_digit());
    let (digits, after) = number.split_at(end.unwrap_or(number.len()));
    let is_apart = number.len() < rest.len() && !digits.is_empty();
    let mut letters = after.chars();
    let joined = match letters.next() {
        None | Some(' ' | ';' | ':' | ')') => false,
        Some('.' | ',') => letters.next().is_some_and(|c| c.is_ascii_digit()),
        Some(_) => true,
    };
    let next = after.split_whitespace().next().unwrap_or_default();
    let next = next.trim_end_matches([',', '.', ';', ':', ')']);
    let is_amount = after.starts_with(' ') && AMOUNT_WORDS.contains(&next);
    let is_name = is_apart && digits.len() <= NAME_DIGITS_MAX && !joined && !is_amount;
    is_name.then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_named_as_a_whole_word_alone() {
        for (text, words, has) in [
            ("lot 7, bin-2", "bin-2", true),
            ("bin-21", "bin-2", false),
            ("bin 2", "bin", false),
            ("bin 12 kg", "bin", true),
            ("bin 12,5", "bin", true),
            ("bin 2026", "bin", true),
            ("bin 20/11", "bin", true),
            ("robin", "bin", false),
            ("bin", "bin", true),
            ("bak maggot 1: sisa pasar", "bak maggot 1", true),
            ("anything", "", false),
        ] {
            let (text, words) = (plain_text(text), plain_text(words));
            assert_eq!(contains_whole_words(&text, &words), has, "{text}");
        }
    }

    #[test]
    fn a_name_with_the_number_of_no_asset_is_told() {
        let bins = [("bak", "Bak"), ("maggot-1", "Bak maggot 1"), ("m1", "m1")];
        for (text, unknown) in [
            ("bak 2", Some("bak 2")),
            ("Bak-2: sisa pasar", Some("bak 2")),
            ("bak #2", Some("bak 2")),
            ("maggot 3, bak", Some("maggot 3")),
            ("bak maggot 2", Some("bak maggot 2")),
            ("bak maggot 1", None),
            ("maggot_1", None),
            ("bak 2 kali", None),
            ("bak 12 kg", None),
            ("m2", None),
            ("sisa pasar 2", None),
            ("", None),
        ] {
            assert_eq!(unknown_asset(bins, text).as_deref(), unknown, "{text}");
            if unknown == Some("bak 2") {
                assert_eq!(mentioned_asset(bins, text), None, "{text}");
            }
        }
    }

    #[test]
    fn a_name_that_is_written_a_little_differently_is_told_with_the_asset() {
        let bins = [
            ("bak-1", "Bak timur"),
            ("bak-12", "Bak barat"),
            ("m1", "m1"),
        ];
        for (text, near) in [
            ("BAK1", Some(("bak1", "bak-1"))),
            ("panen Bak01, pagi", Some(("bak01", "bak-1"))),
            ("bak 01", Some(("bak 01", "bak-1"))),
            ("BAK12: sisa pasar", Some(("bak12", "bak-12"))),
            ("m 1", Some(("m 1", "m1"))),
            // Named as it is.
            ("Bak 1", None),
            ("bak_1", None),
            ("Bak timur", None),
            ("m1", None),
            ("bak 2", None),
            ("tong1", None),
            ("", None),
        ] {
            let near = near.map(|(found, id)| (found.to_owned(), id));
            assert_eq!(near_asset(bins, text), near, "{text}");
            if let Some((found, id)) = near {
                assert_eq!(mentioned_asset(bins, text), None, "{text}");
                let meant = with_asset_id(text, &found, id);
                assert_eq!(mentioned_asset(bins, &meant), Some(id), "{meant}");
            }
        }
        assert_eq!(mentioned_asset(bins, "Bak 1"), Some("bak-1"));
        for (text, found, meant) in [
            ("panen Bak01, pagi", "bak01", "panen bak-1, pagi"),
            ("Bak_01: sisa", "bak 01", "bak-1: sisa"),
            ("Ä BAK1", "bak1", "Ä bak-1"),
        ] {
            assert_eq!(with_asset_id(text, found, "bak-1"), meant);
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
