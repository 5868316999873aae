//! [`TableFormatClues`]: what the cells of a table show about its format.

use crate::i18n::written_time::ParsedLoggerDate;

/// Evidence in the cells for what the format leaves open; each with the first line that has it.
#[derive(Debug, Default)]
pub(super) struct TableFormatClues {
    /// A first number above 12 is a day, not a month.
    pub(super) day_first: Option<(u64, String)>,
    pub(super) day_second: Option<(u64, String)>,
    /// A date with the year behind, all four digits of it.
    pub(super) year_last: Option<(u64, String)>,
    /// A date that can be read in both orders, and whether its year has two digits.
    pub(super) open_date: Option<(u64, String, bool)>,
    /// A time without an offset.
    pub(super) zoneless: Option<(u64, String)>,
    pub(super) comma: Option<(u64, String)>,
    pub(super) point: Option<(u64, String)>,
    /// A value that can be read both ways (`1.234`).
    pub(super) open_value: Option<(u64, String)>,
}

impl TableFormatClues {
    /// Takes the date of a row as evidence of the order of day and month.
    pub(super) fn add_date(&mut self, line: u64, day: ParsedLoggerDate, text: &str) {
        match day {
            ParsedLoggerDate::Known(_) | ParsedLoggerDate::NoSuchDay => {}
            ParsedLoggerDate::DayOrMonthFirst { first, second, .. } => {
                self.year_last
                    .get_or_insert_with(|| (line, text.to_owned()));
                let place = match (first > 12, second > 12) {
                    (true, _) => &mut self.day_first,
                    (_, true) => &mut self.day_second,
                    _ => {
                        self.open_date
                            .get_or_insert_with(|| (line, text.to_owned(), false));
                        return;
                    }
                };
                place.get_or_insert_with(|| (line, text.to_owned()));
            }
            // With a year of two digits, `20/11/26` can begin with the year or with the day,
            // whatever the other rows of the column show.
            ParsedLoggerDate::TwoDigitYear(_) => {
                self.open_date
                    .get_or_insert_with(|| (line, text.to_owned(), true));
            }
        }
    }
}
