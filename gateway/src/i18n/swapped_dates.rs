//! [`SwappedDateFinder`]: dates of which a spreadsheet has swapped day and month. Where its
//! language has the month first, it takes `05/11/2026` for 11 May, and leaves `23/11/2026` as a
//! text.

use super::written_date::ParsedLoggerDate;
use jiff::civil::Date;

/// Lines that a message names.
const NAMED_LINES_MAX: usize = 5;

/// Search among the dates of a column.
#[derive(Clone, Debug, Default)]
pub(crate) struct SwappedDateFinder {
    found: SwappedDates,
    /// A date of the spreadsheet has a day that cannot be a month.
    has_late_day: bool,
    /// Order of the dates as they stand, and with day and month swapped back.
    orders: [DateSequence; 2],
}

/// Dates that are probably swapped, and the text that shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SwappedDates {
    /// The first lines with such a date.
    pub lines: Vec<u64>,
    /// Number of such dates.
    pub count: u64,
    /// Line and text of a date with a day that cannot be a month.
    pub text: Option<(u64, String)>,
}

/// Whether dates rise, fall, or do both.
#[derive(Clone, Copy, Debug, Default)]
struct DateSequence {
    before: Option<Date>,
    rises: bool,
    falls: bool,
}

impl DateSequence {
    fn push(&mut self, date: Date) {
        if let Some(before) = self.before.replace(date) {
            self.rises |= before < date;
            self.falls |= before > date;
        }
    }

    fn is_ordered(self) -> bool {
        !(self.rises && self.falls)
    }
}

impl SwappedDateFinder {
    /// Adds the date of a row, with its text.
    pub(crate) fn push(&mut self, line: u64, date: ParsedLoggerDate, text: &str) {
        let text = text.trim();
        let is_year_first = text.bytes().take(4).filter(u8::is_ascii_digit).count() == 4;
        let dates = match date {
            ParsedLoggerDate::Known(date) if is_year_first => {
                self.has_late_day |= date.day() > 12;
                if date.day() <= 12 && date.day() != date.month() {
                    self.found.count += 1;
                    if self.found.lines.len() < NAMED_LINES_MAX {
                        self.found.lines.push(line);
                    }
                }
                let swapped = Date::new(date.year(), date.day(), date.month());
                [date, swapped.unwrap_or(date)]
            }
            ParsedLoggerDate::DayOrMonthFirst {
                first,
                second,
                year,
            } if first > 12 || second > 12 => {
                let found = (line, text.to_owned());
                self.found.text.get_or_insert(found);
                let (day, month) = (first.max(second), first.min(second));
                let Ok(date) = Date::new(year, month, day) else {
                    return;
                };
                [date, date]
            }
            _ => return,
        };
        for (order, date) in self.orders.iter_mut().zip(dates) {
            order.push(date);
        }
    }

    /// Dates that are probably swapped. Those that stand in order, and would not if they were
    /// swapped back, are right.
    pub(crate) fn finish(self) -> Option<SwappedDates> {
        let [as_is, swapped] = self.orders;
        let is_mixed = self.found.count > 0 && self.found.text.is_some() && !self.has_late_day;
        let is_right = as_is.is_ordered() && !swapped.is_ordered();
        (is_mixed && !is_right).then_some(self.found)
    }
}

impl SwappedDates {
    /// Lines as a list for a message.
    pub fn list_lines(&self) -> String {
        let lines: Vec<String> = self.lines.iter().map(u64::to_string).collect();
        let list = lines.join(", ");
        let is_cut = u64::try_from(lines.len()).is_ok_and(|named| named < self.count);
        if is_cut { format!("{list}, ...") } else { list }
    }
}

#[cfg(test)]
mod tests {
    use super::super::written_time::{ParsedLoggerTime, parse_logger_time};
    use super::*;

    fn swapped(dates: &[&str]) -> Option<String> {
        let mut finder = SwappedDateFinder::default();
        for (line, text) in (2..).zip(dates) {
            if let Some(ParsedLoggerTime::LocalClock { day, .. }) = parse_logger_time(text) {
                finder.push(line, day, text);
            }
        }
        finder.finish().map(|found| found.list_lines())
    }

    #[test]
    fn dates_beside_texts_that_were_left_are_found_with_their_lines() {
        for (dates, lines) in [
            // 5 November was taken for 11 May, 23 November was left.
            (&["2026-05-11 10:00", "23/11/2026 10:00"][..], Some("2")),
            (
                &["2026-11-11", "2026-12-11", "13/11/2026", "14/11/2026"],
                Some("3"),
            ),
            (&["2026-01-11", "2026-02-11", "13/11/2026"], Some("2, 3")),
            // 11 and 12 November stand in order with the texts below them.
            (&["2026-11-10", "2026-11-12", "13/11/2026"], None),
            (&["2026-11-10", "2026-11-23", "24/11/2026"], None),
            (&["2026-05-11", "2026-06-11"], None),
            (&["23/11/2026", "05/11/2026"], None),
            (&["5 Nov 2026", "23/11/2026"], None),
        ] {
            assert_eq!(swapped(dates).as_deref(), lines, "{dates:?}");
        }
    }
}
