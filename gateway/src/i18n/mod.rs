//! [`Language`]: texts, numbers and dates in Bahasa Indonesia and English.
//!
//! ```text
//! Language::Id.text("fault-missing")                               // text without arguments
//! Language::En.text_with("fault-hint", &[("hint", "inverter-1")])   // text with arguments
//! Language::Id.locale().grouped_digits("1234.5")                   // 1.234,5
//! ```
//!
//! All that differs between languages stands in one [`LocaleRow`] of [`LOCALES`] and in one
//! catalogue, `gateway/assets/words/CODE.ftl` (Fluent). Every text that a person reads has a key
//! there. A text that a language lacks is shown in English. See `docs/extending.md`.

mod catalogue;
mod fault_details;
mod locale_row;
mod locales;
mod point_labels;
mod swapped_dates;
mod written_date;
pub mod written_time;

pub use catalogue::MessageCatalogue;
pub use locale_row::LocaleRow;
pub use locales::{FALLBACK, LOCALES, Language, parse_month_name, split_weekday};
pub(crate) use swapped_dates::SwappedDateFinder;
pub use swapped_dates::SwappedDates;

/// Characters of a text of a file that a message quotes.
const EXCERPT_CHARS: usize = 80;

/// Beginning of a text for a message, in one line; `…` shows that more follows.
pub fn excerpt(text: &str) -> String {
    let plain = |sign: char| if sign.is_control() { ' ' } else { sign };
    let mut short: String = text.chars().take(EXCERPT_CHARS).map(plain).collect();
    if text.chars().nth(EXCERPT_CHARS).is_some() {
        short.push('…');
    }
    short
}

impl Language {
    /// Parses `id`, `en`, `id_ID.UTF-8`, `en-GB,en;q=0.9`, ...; `None` for other languages.
    pub fn parse(text: &str) -> Option<Self> {
        text.split(',').find_map(|part| {
            let code = part.trim().get(..2)?.to_ascii_lowercase();
            let is_code = |lang: &Self| {
                let row = lang.locale();
                row.code == code || row.other_codes.contains(&&*code)
            };
            Self::ALL.into_iter().find(is_code)
        })
    }

    /// Marks, forms and messages of the language.
    pub fn locale(self) -> &'static LocaleRow {
        &LOCALES[self as usize]
    }

    /// Language code: `id` or `en`.
    pub fn code(self) -> &'static str {
        self.locale().code
    }

    /// Returns the text of `key`, which has no arguments.
    pub fn text(self, key: &str) -> String {
        self.text_with(key, &[])
    }

    /// Returns the text of `key` with its arguments inserted: in this language, else in English,
    /// else the key itself.
    pub fn text_with(self, key: &str, args: &[(&str, &str)]) -> String {
        self.locale().text_with(key, args)
    }

    /// Returns the text of `key` without arguments; `None` when no language has it.
    pub fn find_text(self, key: &str) -> Option<String> {
        let text = self.text(key);
        (text != key).then_some(text)
    }

    /// Chooses between two texts of data that has both: the first in Bahasa Indonesia, the second
    /// in every other language.
    pub fn choose<'a>(self, indonesian: &'a str, english: &'a str) -> &'a str {
        if self == Self::Id {
            indonesian
        } else {
            english
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browsers_wish_chooses_the_language() {
        assert_eq!(
            Language::parse("en-GB,en;q=0.9,id;q=0.8"),
            Some(Language::En)
        );
        assert_eq!(Language::parse("id_ID.UTF-8"), Some(Language::Id));
        assert_eq!(Language::parse("de,fr"), None);
    }

    #[test]
    fn a_missing_text_is_its_key() {
        assert_eq!(Language::Id.text("no-such-key"), "no-such-key");
        assert_eq!(Language::Id.find_text("no-such-key"), None);
    }
}
