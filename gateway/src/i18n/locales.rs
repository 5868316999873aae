//! [`LOCALES`]: the languages. A further one is a variant of [`Language`], its row here, and its
//! messages in `gateway/assets/words` (`docs/extending.md`).

use super::{LocaleRow, MessageCatalogue};
use crate::domain::shortened_number;
use jiff::civil::Weekday;

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
        weekdays: [
            &["Senin", "Sen", "Sn"],
            &["Selasa", "Sel", "Sl"],
            &["Rabu", "Rab", "Rb"],
            &["Kamis", "Kam", "Km"],
            &["Jumat", "Jum", "Jum'at", "Jumaat", "Jm"],
            &["Sabtu", "Sab", "Sb"],
            &["Minggu", "Min", "Ming", "Mg", "Ahad"],
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
        weekdays: [
            &["Monday", "Mon"],
            &["Tuesday", "Tue", "Tues"],
            &["Wednesday", "Wed"],
            &["Thursday", "Thu", "Thur", "Thurs"],
            &["Friday", "Fri"],
            &["Saturday", "Sat"],
            &["Sunday", "Sun"],
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

/// Day of the week in front of a date in any language (`Rabu, 25 November 2026`), and the text
/// behind it; the whole text where there is none.
pub fn split_weekday(text: &str) -> (Option<Weekday>, &str) {
    const BETWEEN: [char; 4] = [',', ' ', '\u{a0}', '\t'];
    let Some((word, rest)) = text.split_once(BETWEEN) else {
        return (None, text);
    };
    let name = word.trim_end_matches('.').to_lowercase();
    let is_named = |day: usize| {
        let mut rows = LOCALES.iter();
        rows.any(|row| {
            row.weekdays[day]
                .iter()
                .any(|one| one.to_lowercase() == name)
        })
    };
    let day = (0..7).find(|day| is_named(*day));
    let day = day.and_then(|day| Weekday::from_monday_zero_offset(i8::try_from(day).ok()?).ok());
    match day {
        Some(_) => (day, rest.trim_start_matches(BETWEEN)),
        None => (None, text),
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
    fn a_month_and_a_weekday_are_known_by_every_name_and_no_name_means_two() {
        assert_eq!(parse_month_name("Nov"), Some(11));
        assert_eq!(parse_month_name("AGUSTUS"), Some(8));
        assert_eq!(parse_month_name("Mei"), Some(5));
        assert_eq!(parse_month_name(""), None);
        assert_eq!(parse_month_name("Senin"), None);
        for row in &LOCALES {
            for (day, names) in row.weekdays.iter().enumerate() {
                for name in *names {
                    let text = format!("{name}, 21/11/2026");
                    let (found, rest) = split_weekday(&text);
                    let found = found.map(Weekday::to_monday_zero_offset);
                    assert_eq!(
                        (found, rest),
                        (i8::try_from(day).ok(), "21/11/2026"),
                        "{name}"
                    );
                }
            }
        }
        assert_eq!(split_weekday("21 Nov 2026"), (None, "21 Nov 2026"));
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
