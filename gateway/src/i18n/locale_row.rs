//! [`LocaleRow`]: everything that differs between languages beside the messages themselves.

use super::MessageCatalogue;
use jiff::civil::{Date, Time};

/// One language: its messages, its marks in numbers, and its way of writing dates.
#[derive(Debug)]
pub struct LocaleRow {
    /// Code of two letters (ISO 639-1), as in `--lang` and `?lang=`.
    pub code: &'static str,
    /// Other codes whose readers get this language.
    pub other_codes: &'static [&'static str],
    /// Name of the language in itself.
    pub name: &'static str,
    /// Language and region (BCP 47) for numbers and dates that the script of a page writes.
    pub page_tag: &'static str,
    /// Hexadecimal language number of date formats in workbooks.
    pub workbook_id: &'static str,
    /// Mark between whole number and decimals.
    pub decimal_mark: char,
    /// Mark between groups of three digits.
    pub thousands_mark: char,
    /// Mark between hours and minutes.
    pub time_mark: char,
    /// Separator of a CSV file that a spreadsheet in this language opens with a double click.
    pub list_separator: char,
    /// Date in texts, made of `{day}`, `{month}` and `{year}`.
    pub date_form: &'static str,
    /// Date in a column that people fill in, in the letters of `strftime`.
    pub numeric_date_form: &'static str,
    /// Months from January on: full name, short name, then other spellings that files use.
    pub months: [&'static [&'static str]; 12],
    /// Days of the week from Monday on: full name, then short ones and other spellings.
    pub weekdays: [&'static [&'static str]; 7],
    /// Messages; those that are missing are shown in English.
    pub messages: MessageCatalogue,
}

impl LocaleRow {
    /// Writes the digits of a number for people: `-1234.5` becomes `−1.234,5`.
    pub fn grouped_digits(&self, digits: &str) -> String {
        let (minus, digits) = match digits.strip_prefix('-') {
            // U+2212 is the minus sign; the hyphen is too short for it.
            Some(size) => ("\u{2212}", size),
            None => ("", digits),
        };
        let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
        // Room for a mark after every digit: one allocation.
        let mut text = String::with_capacity(minus.len() + 2 * digits.len());
        text.push_str(minus);
        for (at, digit) in whole.char_indices() {
            if at > 0 && (whole.len() - at).is_multiple_of(3) {
                text.push(self.thousands_mark);
            }
            text.push(digit);
        }
        if !decimals.is_empty() {
            text.push(self.decimal_mark);
            text.push_str(decimals);
        }
        text
    }

    /// Writes the digits of a reading for people: `5870.05` becomes `5.870,05`, and `1e30` stays.
    pub fn reading_digits(&self, digits: &str) -> String {
        if digits.contains(['e', 'E']) {
            return self.plain_digits(digits);
        }
        self.grouped_digits(digits)
    }

    /// Writes the digits of a number for spreadsheets and forms: `-1234.5` becomes `-1234,5`.
    pub fn plain_digits(&self, digits: &str) -> String {
        digits.replace('.', &self.decimal_mark.to_string())
    }

    /// Name of the day of the week of a date: `Sabtu`.
    pub fn weekday_name(&self, date: Date) -> &'static str {
        let day = date.weekday().to_monday_zero_offset();
        let day = usize::try_from(day).unwrap_or_default();
        self.weekdays[day][0]
    }

    /// Writes a date: `21 November 2026`.
    pub fn format_date(&self, date: Date) -> String {
        self.fill_date_form(date, self.month_names(date)[0])
    }

    /// Writes a date for a narrow column: `21 Nov 2026`.
    pub fn format_short_date(&self, date: Date) -> String {
        self.fill_date_form(date, self.month_names(date)[1])
    }

    /// Writes the month of a date: `November 2026`.
    pub fn format_month(&self, date: Date) -> String {
        format!("{} {}", self.month_names(date)[0], date.year())
    }

    /// Writes a date as people type it into a table: `21/11/2026`.
    pub fn format_numeric_date(&self, date: Date) -> String {
        date.strftime(self.numeric_date_form).to_string()
    }

    /// Writes hours and minutes: `10.15`.
    pub fn format_clock(&self, time: Time) -> String {
        format!("{:02}{}{:02}", time.hour(), self.time_mark, time.minute())
    }

    fn month_names(&self, date: Date) -> &'static [&'static str] {
        self.months[usize::from(date.month().unsigned_abs()) - 1]
    }

    fn fill_date_form(&self, date: Date, month: &str) -> String {
        let text = self.date_form.replace("{month}", month);
        let text = text.replace("{day}", &date.day().to_string());
        text.replace("{year}", &date.year().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Language;

    #[test]
    fn each_language_has_its_own_marks() {
        let [id, en] = [Language::Id, Language::En].map(Language::locale);
        assert_eq!(id.grouped_digits("-1234567.50"), "\u{2212}1.234.567,50");
        assert_eq!(en.grouped_digits("1234567.50"), "1,234,567.50");
        assert_eq!(id.grouped_digits("123"), "123");
        assert_eq!(id.plain_digits("-1234.5"), "-1234,5");
    }

    #[test]
    fn dates_are_written_as_each_language_writes_them() {
        let [id, en] = [Language::Id, Language::En].map(Language::locale);
        let day = Date::constant(2026, 8, 2);
        assert_eq!(id.format_date(day), "2 Agustus 2026");
        assert_eq!(id.format_short_date(day), "2 Agu 2026");
        assert_eq!(en.format_month(day), "August 2026");
        assert_eq!(id.format_numeric_date(day), "02/08/2026");
        assert_eq!(en.format_numeric_date(day), "2026-08-02");
        assert_eq!(id.format_clock(Time::constant(7, 5, 0, 0)), "07.05");
        assert_eq!(en.format_clock(Time::constant(7, 5, 0, 0)), "07:05");
    }
}
