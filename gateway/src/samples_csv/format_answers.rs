//! [`FormatAnswers`]: what the file, its heading and the options of the call say about the format,
//! brought together. Two that differ are a question; what an option decides against is told.

use super::format_clues::TableFormatClues;
use super::number_format::DecimalSeparator;
use super::table_questions::{LoggerTableMessage, LoggerTableOptions, table_message};
use super::text_encoding::declared_separator;
use crate::domain::UtcMs;
use crate::i18n::written_time::{DateOrder, ParsedLoggerTime, written_offset};
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

/// Answers about the format of a table, with the questions that are left.
pub(super) struct FormatAnswers<'a> {
    wishes: &'a LoggerTableOptions,
    /// Questions that only an option can answer.
    pub(super) open: Vec<LoggerTableMessage>,
    /// Sentences about what an option counted more than, or was not used for.
    pub(super) overridden: Vec<LoggerTableMessage>,
}

/// Place that says the zone of the times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZoneSource {
    /// The heading of the times, or a row below it.
    Heading,
    /// A line above the heading, by its number.
    Above(u64),
    /// A column beside the times.
    Column,
}

impl ZoneSource {
    /// Message key of its name, with the number of the line behind it where the name has one.
    pub fn message_key(self) -> String {
        match self {
            Self::Heading => "exchange-source-heading".to_owned(),
            Self::Above(line) => ["exchange-source-above", &*line.to_string()].join(" "),
            Self::Column => "exchange-source-zones".to_owned(),
        }
    }
}

/// Zone that the file says outside the times.
#[derive(Clone, Debug)]
pub(super) struct StatedZone {
    pub(super) source: ZoneSource,
    pub(super) zone: TimeZone,
}

/// Time of a row, with what its cell says.
pub(super) struct TimeOfRow {
    pub(super) line: u64,
    pub(super) text: String,
    pub(super) time: ParsedLoggerTime,
    /// Moment; `None` where it is not known yet.
    pub(super) at: Option<UtcMs>,
    /// Offset that a column beside the times says, s.
    pub(super) column_s: Option<i32>,
}

/// Line and text of a cell as arguments of a message.
fn place_args((line, found): &(u64, String)) -> Vec<(&'static str, String)> {
    vec![("line", line.to_string()), ("found", found.clone())]
}

/// Arguments of a message about two cells that contradict each other.
fn both_args(first: &(u64, String), other: &(u64, String)) -> Vec<(&'static str, String)> {
    let mut args = place_args(first);
    args.push(("other", other.0.to_string()));
    args.push(("also", other.1.clone()));
    args
}

impl<'a> FormatAnswers<'a> {
    pub(super) fn new(wishes: &'a LoggerTableOptions) -> Self {
        Self {
            wishes,
            open: Vec::new(),
            overridden: Vec::new(),
        }
    }

    /// Tells where the separator of the call is another one than the line `sep=` declares.
    pub(super) fn check_separator(&mut self, text: &str) {
        let Some((said, declared)) = self.wishes.separator.zip(declared_separator(text)) else {
            return;
        };
        if said != declared {
            let args = vec![
                ("said", char::from(said).to_string()),
                ("found", char::from(declared).to_string()),
            ];
            let message = table_message("exchange-separator-overrides", args);
            self.overridden.push(message);
        }
    }

    /// Order of day, month and year, of the option, the dates and the heading; `None` where no date
    /// needs it, or where it is asked for.
    pub(super) fn date_order(
        &mut self,
        clues: &TableFormatClues,
        heading: Option<DateOrder>,
    ) -> Option<DateOrder> {
        let has_order =
            clues.open_date.is_some() || clues.day_first.is_some() || clues.day_second.is_some();
        // An option counts only where the file has dates of that kind.
        if !has_order {
            return None;
        }
        if let Some(said) = self.wishes.dates {
            return self.said_date_order(said, clues, heading);
        }
        let shown = match (&clues.day_first, &clues.day_second) {
            (Some(first), Some(second)) => {
                let args = both_args(first, second);
                self.open.push(table_message("exchange-dates-both", args));
                return None;
            }
            (Some(place), None) => Some((DateOrder::Dmy, place)),
            (None, Some(place)) => Some((DateOrder::Mdy, place)),
            (None, None) => None,
        };
        match (shown, heading) {
            // A heading `yyyy-MM-dd` does not say how dates with the year behind are read.
            (Some((order, place)), Some(stated)) if order != stated => {
                let mut args = place_args(place);
                args.push(("order", stated.word().to_owned()));
                self.open
                    .push(table_message("exchange-dates-heading", args));
                return None;
            }
            (Some((order, _)), _) => return Some(order),
            (None, Some(DateOrder::Ymd)) if clues.year_last.is_some() => {}
            (None, Some(stated)) => return Some(stated),
            (None, None) => {}
        }
        if let Some((line, found, is_short)) = &clues.open_date {
            // No other row shows it, but these dates exist in one order only.
            if *is_short && let Some(order) = clues.short_orders.only() {
                return Some(order);
            }
            let key = if *is_short {
                "exchange-dates-short"
            } else {
                "exchange-dates"
            };
            let args = place_args(&(*line, found.clone()));
            self.open.push(table_message(key, args));
        }
        None
    }

    /// Order of the option, unless a date cannot be read in it.
    fn said_date_order(
        &mut self,
        said: DateOrder,
        clues: &TableFormatClues,
        heading: Option<DateOrder>,
    ) -> Option<DateOrder> {
        let against = match said {
            DateOrder::Dmy => &clues.day_second,
            DateOrder::Mdy => &clues.day_first,
            DateOrder::Ymd => &clues.year_last,
        };
        if let Some(place) = against {
            let mut args = place_args(place);
            args.push(("order", said.word().to_owned()));
            self.open.push(table_message("exchange-dates-said", args));
            return None;
        }
        if let Some(stated) = heading.filter(|stated| *stated != said) {
            let args = vec![
                ("said", said.word().to_owned()),
                ("order", stated.word().to_owned()),
            ];
            let message = table_message("exchange-dates-overrides", args);
            self.overridden.push(message);
        }
        Some(said)
    }

    /// Decimal separator of the option and the values; `None` where no value needs it, or where it
    /// is asked for. `point`: values are in the exchange format.
    pub(super) fn decimal_separator(
        &mut self,
        clues: &TableFormatClues,
        point: bool,
    ) -> Option<DecimalSeparator> {
        if let Some(said) = self.wishes.decimals {
            let against = match said {
                DecimalSeparator::Comma => &clues.point,
                DecimalSeparator::Point => &clues.comma,
            };
            if let Some(place) = against {
                let mut args = place_args(place);
                args.push(("sign", said.word().to_owned()));
                self.open
                    .push(table_message("exchange-decimals-said", args));
            }
            return Some(said);
        }
        match (&clues.comma, &clues.point, &clues.open_value) {
            (Some(comma), Some(point), _) => {
                let args = both_args(comma, point);
                let message = table_message("exchange-decimals-both", args);
                self.open.push(message);
                None
            }
            (Some(_), None, _) => Some(DecimalSeparator::Comma),
            (None, Some(_), _) => Some(DecimalSeparator::Point),
            (None, None, Some(_)) if point => Some(DecimalSeparator::Point),
            (None, None, Some(place)) => match clues.others {
                (true, false) => Some(DecimalSeparator::Comma),
                (false, true) => Some(DecimalSeparator::Point),
                (false, false) if clues.has_half_days => Some(DecimalSeparator::Point),
                _ => {
                    let args = place_args(place);
                    self.open.push(table_message("exchange-decimals", args));
                    None
                }
            },
            (None, None, None) => None,
        }
    }

    /// Compares the zones of the option, of what the file says outside the times, and of the times.
    /// A time with a zone of its own means one moment, unless the file contradicts it: then the
    /// option says which of both is right. Returns whether it says that the times are wrong.
    pub(super) fn zone(
        &mut self,
        stated: &[StatedZone],
        times: impl Iterator<Item = TimeOfRow>,
    ) -> bool {
        let zones = ZonesOfTimes::collect(stated, times);
        self.check_stated_zones(stated, &zones);
        if let Some((row, own, against)) = &zones.against {
            return self.settle_own_zone(row, *own, *against);
        }
        let Some(said) = self.wishes.zone.as_ref() else {
            return false;
        };
        let mut own = zones.own.iter();
        if let Some((row, _)) = own.find(|(row, own)| offset_at(said, row.at) != *own) {
            let mut args = place_args(&(row.line, row.text.clone()));
            args.push(("zone", zone_text(said)));
            self.overridden
                .push(table_message("exchange-zone-unused", args));
        }
        false
    }

    /// Compares the zones that stand outside the times with each other and with the option.
    fn check_stated_zones(&mut self, stated: &[StatedZone], zones: &ZonesOfTimes) {
        let row = zones.zoneless.as_ref();
        let at = row.and_then(|row| row.at);
        let offset = |one: &StatedZone| offset_at(&one.zone, at);
        if let Some(said) = &self.wishes.zone {
            // Where every time has its own zone, it is compared with that.
            let all = stated.iter().filter(|_| row.is_some());
            for one in all.filter(|one| offset(one) != offset_at(said, at)) {
                let args = vec![
                    ("source", one.source.message_key()),
                    ("stated", offset_text(offset(one))),
                    ("zone", zone_text(said)),
                ];
                let message = table_message("exchange-zone-overrides-stated", args);
                self.overridden.push(message);
            }
            return;
        }
        let Some((first, others)) = stated.split_first() else {
            return;
        };
        if let Some(other) = others.iter().find(|other| offset(other) != offset(first)) {
            let args = vec![
                ("source", first.source.message_key()),
                ("stated", offset_text(offset(first))),
                ("second", other.source.message_key()),
                ("own", offset_text(offset(other))),
            ];
            let message = table_message("exchange-stated-zones-differ", args);
            self.open.push(message);
        }
    }

    /// Says or asks which is right: the own zone of a time, or what the file says outside it.
    /// Returns whether the option says that the times are wrong.
    fn settle_own_zone(
        &mut self,
        row: &TimeOfRow,
        own: i32,
        (source, stated): (ZoneSource, i32),
    ) -> bool {
        let said = self.wishes.zone.as_ref();
        let said_s = said.map(|zone| offset_at(zone, row.at));
        let mut args = place_args(&(row.line, row.text.clone()));
        args.push(("source", source.message_key()));
        args.push(("stated", offset_text(stated)));
        args.push(("own", offset_text(own)));
        args.push(("zone", said.map_or(String::new(), zone_text)));
        let (key, is_answered) = match said_s {
            Some(said) if said == own => ("exchange-zone-overrides-stated", true),
            Some(said) if said == stated => ("exchange-zone-overrides-times", true),
            _ => ("exchange-zones-differ", false),
        };
        let told = table_message(key, args);
        if is_answered {
            self.overridden.push(told);
        } else {
            self.open.push(told);
        }
        said_s == Some(stated)
    }
}

/// Zones that times state, each with the first row that has it.
#[derive(Default)]
struct ZonesOfTimes {
    /// Row whose own zone is not the one that stands outside it.
    against: Option<(TimeOfRow, i32, (ZoneSource, i32))>,
    zoneless: Option<TimeOfRow>,
    /// Rows with a zone of their own; one for each offset (s).
    own: Vec<(TimeOfRow, i32)>,
}

impl ZonesOfTimes {
    fn collect(stated: &[StatedZone], times: impl Iterator<Item = TimeOfRow>) -> Self {
        let mut zones = Self::default();
        for row in times {
            let written = written_offset(&row.text);
            if row.time.is_zoneless() && written.is_none() {
                zones.zoneless.get_or_insert(row);
                continue;
            }
            // Seconds since 1970 are counted in UTC, and have no zone that a heading could mean.
            let own = written.unwrap_or(0);
            let outside = stated
                .iter()
                .map(|one| (one.source, offset_at(&one.zone, row.at)));
            let beside = row.column_s.map(|offset| (ZoneSource::Column, offset));
            let mut outside = beside.into_iter().chain(outside);
            let against = outside.find(|(_, offset)| written.is_some() && *offset != own);
            if let (Some(against), None) = (against, &zones.against) {
                zones.against = Some((row, own, against));
            } else if !zones.own.iter().any(|(_, known)| *known == own) {
                zones.own.push((row, own));
            }
        }
        zones
    }
}

/// Offset of a zone from UTC, s, at a moment.
fn offset_at(zone: &TimeZone, at: Option<UtcMs>) -> i32 {
    let at = at.and_then(|at| Timestamp::from_millisecond(at.0).ok());
    zone.to_offset(at.unwrap_or_default()).seconds()
}

/// Name of a zone, or its offset where it has none.
fn zone_text(zone: &TimeZone) -> String {
    match zone.iana_name() {
        Some(name) => name.to_owned(),
        None => offset_text(offset_at(zone, None)),
    }
}

/// Offset from UTC as `UTC+07:00`.
pub(super) fn offset_text(seconds: i32) -> String {
    let Ok(offset) = Offset::from_seconds(seconds) else {
        return String::new();
    };
    let minutes = offset.seconds().abs() / 60;
    let sign = if offset.is_negative() { '-' } else { '+' };
    format!("UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}
