//! [`TableFormatClues`]: what the cells of a table show about its format.

use super::number_format::{self, DecimalSeparator, SeparatorEvidence};
use super::{CsvRowError, CsvRowErrorKind, CsvRowErrors};
use crate::i18n::written_time::{DateOrder, ParsedLoggerDate};
use crate::i18n::{SwappedDateFinder, split_weekday};
use jiff::civil::Date;

/// First year of a reading, as of every import.
const FIRST_YEAR: i16 = 2000;

/// Orders in which dates with a year of two digits can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ShortYearOrders(Vec<DateOrder>);

impl Default for ShortYearOrders {
    fn default() -> Self {
        Self(vec![DateOrder::Dmy, DateOrder::Mdy, DateOrder::Ymd])
    }
}

impl ShortYearOrders {
    /// Leaves the orders in which the date exists, is of this century and no later than `latest`.
    fn narrow(&mut self, day: ParsedLoggerDate, latest: Option<Date>) {
        self.0.retain(|order| {
            let day = day.resolve_date(Some(*order));
            day.is_ok_and(|day| {
                day.year() >= FIRST_YEAR && latest.is_none_or(|latest| day <= latest)
            })
        });
    }

    /// The order, if only one is left.
    pub(super) fn only(&self) -> Option<DateOrder> {
        match *self.0 {
            [order] => Some(order),
            _ => None,
        }
    }
}

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
    /// Last day that a reading can have.
    pub(super) latest_day: Option<Date>,
    /// Orders in which every date with a year of two digits exists and is not to come.
    pub(super) short_orders: ShortYearOrders,
    /// A time without an offset.
    pub(super) zoneless: Option<(u64, String)>,
    pub(super) comma: Option<(u64, String)>,
    pub(super) point: Option<(u64, String)>,
    /// A value that can be read both ways (`1.234`).
    pub(super) open_value: Option<(u64, String)>,
    /// Whether a value of another column has a decimal comma, and whether one has a point.
    pub(super) others: (bool, bool),
    /// A time of day with AM or PM, which no program writes beside a decimal comma.
    pub(super) has_half_days: bool,
    /// Dates of which a spreadsheet may have swapped day and month.
    pub(super) swapped: SwappedDateFinder,
    /// Dates whose day of the week is that of none of their readings.
    pub(super) weekday_faults: CsvRowErrors,
}

impl TableFormatClues {
    /// Takes a value as evidence of the decimal separator; `is_own`: it is one of the column that
    /// is read.
    pub(super) fn add_value(&mut self, line: u64, value: &str, is_own: bool) {
        let (digits, _) = number_format::split_value_unit(value);
        let place = match (number_format::separator_evidence(digits), is_own) {
            (SeparatorEvidence::Nothing, _) | (SeparatorEvidence::Either, false) => return,
            (SeparatorEvidence::Decimals(sign), false) => {
                self.others.0 |= sign == DecimalSeparator::Comma;
                self.others.1 |= sign == DecimalSeparator::Point;
                return;
            }
            (SeparatorEvidence::Decimals(DecimalSeparator::Comma), true) => &mut self.comma,
            (SeparatorEvidence::Decimals(DecimalSeparator::Point), true) => &mut self.point,
            (SeparatorEvidence::Either, true) => &mut self.open_value,
        };
        place.get_or_insert_with(|| (line, value.to_owned()));
    }

    /// Orders in which a date exists and has the day of the week in front of it; `None` where
    /// there is none, unless a year of two digits leaves one order only (`11/23/26`).
    fn orders_of_date(day: ParsedLoggerDate, text: &str) -> Option<Vec<DateOrder>> {
        let weekday = split_weekday(text).0;
        let fits = |order: &DateOrder| {
            let day = day.resolve_date(Some(*order));
            day.is_ok_and(|day| weekday.is_none_or(|weekday| day.weekday() == weekday))
        };
        let all = [DateOrder::Dmy, DateOrder::Mdy, DateOrder::Ymd];
        let found: Vec<DateOrder> = all.into_iter().filter(fits).collect();
        let is_short = matches!(day, ParsedLoggerDate::TwoDigitYear(_)) && found.len() == 1;
        (weekday.is_some() || is_short).then_some(found)
    }

    /// Takes the date of a row as evidence of the order of day and month.
    pub(super) fn add_date(&mut self, line: u64, day: ParsedLoggerDate, text: &str) {
        self.swapped.push(line, day, text);
        let upper = text.to_ascii_uppercase();
        self.has_half_days |= upper.ends_with("AM") || upper.ends_with("PM");
        let is_open = !matches!(
            day,
            ParsedLoggerDate::Known(_) | ParsedLoggerDate::NoSuchDay
        );
        if is_open && let Some(orders) = Self::orders_of_date(day, text) {
            if matches!(day, ParsedLoggerDate::DayOrMonthFirst { .. }) {
                self.year_last
                    .get_or_insert_with(|| (line, text.to_owned()));
            }
            let place = match *orders {
                [] => {
                    let fault = CsvRowError::new(line, CsvRowErrorKind::Weekday, text);
                    return self.weekday_faults.push(fault);
                }
                [DateOrder::Dmy] => Some(&mut self.day_first),
                [DateOrder::Mdy] => Some(&mut self.day_second),
                _ => None,
            };
            if let Some(place) = place {
                place.get_or_insert_with(|| (line, text.to_owned()));
                return;
            }
        }
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
                self.short_orders.narrow(day, self.latest_day);
                self.open_date
                    .get_or_insert_with(|| (line, text.to_owned(), true));
            }
        }
    }
}
