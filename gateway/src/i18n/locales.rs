//! [`LOCALES`]: the languages. A further one is a variant of [`Language`], its row here, and its
//! messages in `gateway/assets/words` (`docs/extending.md`).

use super::{LocaleRow, MessageCatalogue};
use crate::domain::shortened_number;

/// Language of texts for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Language {
    /// Bahasa Indonesia.
    #[default]
    Id,
    /// English.
    En,
}

impl Language {
    /// Every language, in the order of [`LOCALES`].
    pub const ALL: [Self; LOCALES.len()] = [Self::Id, Self::En];
}

/// Language of what is not there in another one, and of commands when nothing names a language.
pub const FALLBACK: Language = Language::En;

/// The languages, in the order of [`Language`].
pub static LOCALES: [LocaleRow; 2] = [
    LocaleRow {
        code: "id",
        // `in` is the old ISO code of Indonesian; Malay speakers read it as well.
        other_codes: &["in", "ms"],
        name: "Bahasa Indonesia",
        page_tag: "id-ID",
        workbook_id: "421",
        decimal_mark: ',',
        thousands_mark: '.',
        time_mark: '.',
        list_separator: ';',
        date_form: "{day} {month} {year}",
        numeric_date_form: "%d/%m/%Y",
        months: [
            &["Januari", "Jan"],
            &["Februari", "Feb", "Pebruari", "Peb"],
            &["Maret", "Mar"],
            &["April", "Apr"],
            &["Mei", "Mei"],
            &["Juni", "Jun"],
            &["Juli", "Jul"],
            &["Agustus", "Agu", "Agt", "Ags", "Agus"],
            &["September", "Sep", "Sept"],
            &["Oktober", "Okt"],
            &["November", "Nov", "Nopember", "Nop"],
            &["Desember", "Des"],
        ],
        messages: MessageCatalogue::new("id", include_str!("../../assets/words/id.ftl")),
    },
    LocaleRow {
        code: "en",
        other_codes: &[],
        name: "English",
        page_tag: "en-US",
        workbook_id: "809",
        decimal_mark: '.',
        thousands_mark: ',',
        time_mark: ':',
        list_separator: ',',
        date_form: "{day} {month} {year}",
        numeric_date_form: "%Y-%m-%d",
        months: [
            &["January", "Jan"],
            &["February", "Feb"],
            &["March", "Mar"],
            &["April", "Apr"],
            &["May", "May"],
            &["June", "Jun"],
            &["July", "Jul"],
            &["August", "Aug"],
            &["September", "Sep", "Sept"],
            &["October", "Oct"],
            &["November", "Nov"],
            &["December", "Dec"],
        ],
        messages: MessageCatalogue::new("en", include_str!("../../assets/words/en.ftl")),
    },
];

impl LocaleRow {
    /// Returns the text of `key` with its arguments inserted: in this language, else in English,
    /// else the key itself. A number of very many digits is written in short.
    pub fn text_with(&self, key: &str, args: &[(&str, &str)]) -> String {
        let short = args.iter().map(|(_, text)| shortened_number(text));
        let short: Vec<Option<String>> =
            short.map(|text| Some(self.plain_digits(&text?))).collect();
        let args = args.iter().zip(&short);
        let args: Vec<(&str, &str)> = args
            .map(|((name, text), short)| (*name, short.as_deref().unwrap_or(text)))
            .collect();
        let args = args.as_slice();
        let own = self.messages.find(key, args);
        own.or_else(|| FALLBACK.locale().messages.find(key, args))
            // A missing text is visible on the page; it must not stop the gateway.
            .unwrap_or_else(|| key.to_owned())
    }
}

/// Number of the month (1 to 12) with this name in any language, short names and older spellings
/// included.
pub fn parse_month_name(text: &str) -> Option<i8> {
    let name = text.to_lowercase();
    let is_named = |month: usize| {
        let mut rows = LOCALES.iter();
        rows.any(|row| {
            row.months[month]
                .iter()
                .any(|one| one.to_lowercase() == name)
        })
    };
    let at = (0..12).find(|month| is_named(*month))?;
    i8::try_from(at + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_the_order_of_the_languages() {
        for lang in Language::ALL {
            assert_eq!(Language::parse(lang.code()), Some(lang));
        }
    }

    #[test]
    fn a_month_is_known_by_every_name_and_no_name_means_two() {
        assert_eq!(parse_month_name("Nov"), Some(11));
        assert_eq!(parse_month_name("AGUSTUS"), Some(8));
        assert_eq!(parse_month_name("Mei"), Some(5));
        assert_eq!(parse_month_name(""), None);
        assert_eq!(parse_month_name("Senin"), None);
        for row in &LOCALES {
            for (month, names) in (1..).zip(row.months) {
                assert!(names.len() >= 2, "{}: full and short name", row.code);
                for name in names {
                    assert_eq!(parse_month_name(name), Some(month), "{name}");
                }
            }
        }
    }
}
