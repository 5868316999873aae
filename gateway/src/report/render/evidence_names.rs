//! Names of what records speak of, in words: `ledger 1-80` as "ledger entries 1-80".

use crate::evidence::{
    BUNDLED_FILES, BUNDLED_STAMPS, CLOSING_READINGS, OPEN_DAYS, RecordReason, RecordedTable,
    RevisionKind, UNISSUED_FILES,
};
use crate::i18n::Language;

/// Words of what no record has, besides tables and texts.
const OTHER_PARTS: [&str; 5] = [
    BUNDLED_FILES,
    BUNDLED_STAMPS,
    CLOSING_READINGS,
    OPEN_DAYS,
    UNISSUED_FILES,
];

/// Returns the name of what a record speaks of; what has no words, such as a point, as it is.
pub(crate) fn evidence_name(lang: Language, name: &str) -> String {
    let known = |kind: &str| {
        let is_other = OTHER_PARTS.contains(&kind);
        is_other || RecordedTable::parse(kind).is_some() || RevisionKind::parse(kind).is_some()
    };
    match name.split_once(' ') {
        Some((kind, numbers)) if known(kind) => {
            let named = lang.text_with(&format!("evidence-name-{kind}"), &[("numbers", numbers)]);
            match count_of(numbers) {
                Some(count) => {
                    let args = [("name", &*named), ("count", &*count.to_string())];
                    lang.text_with("evidence-name-counted", &args)
                }
                None => named,
            }
        }
        _ => name.to_owned(),
    }
}

/// Returns how many numbers a range of them has; none for a single one.
fn count_of(numbers: &str) -> Option<u64> {
    let (first, last) = numbers.split_once('-')?;
    let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
    Some((last + 1).saturating_sub(first))
}

/// Returns names, separated by commas.
pub(crate) fn evidence_names<'a>(
    lang: Language,
    names: impl IntoIterator<Item = &'a String>,
) -> String {
    let names = names.into_iter().map(|name| evidence_name(lang, name));
    names.collect::<Vec<_>>().join(", ")
}

/// Returns the reasons of a record in words.
pub(crate) fn reasons_text(lang: Language, reasons: &[RecordReason]) -> String {
    let words = reasons.iter();
    let words = words.map(|why| lang.text(&format!("evidence-reason-{}", why.word())));
    words.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_record_speaks_of_has_words_of_its_own_in_both_languages() {
        let tables = RecordedTable::ALL.map(RecordedTable::word);
        let kinds = RevisionKind::ALL.map(RevisionKind::word);
        for word in tables.iter().chain(&kinds).chain(&OTHER_PARTS) {
            let both = [Language::Id, Language::En]
                .map(|lang| evidence_name(lang, &format!("{word} 3-5")));
            assert!(
                both.iter().all(|text| text.ends_with("3-5 (3)")),
                "{both:?}"
            );
            assert_ne!(both[0], both[1], "{word}");
        }
        for why in RecordReason::ALL {
            let both = [Language::Id, Language::En].map(|lang| reasons_text(lang, &[why]));
            assert_ne!(both[0], both[1]);
        }
        assert_eq!(evidence_name(Language::Id, "meter.power"), "meter.power");
    }
}
