//! Local time of the site, and the intervals of a plot.

use crate::domain::UtcMs;
use crate::i18n::Language;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{RoundMode, Span, Timestamp, Unit, ZonedDateTime, ZonedDateTimeRound};

/// Span of a plot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlotSpan {
    Hour,
    Day,
    Week,
    Month,
    Year,
}

/// One interval of a plot, end exclusive.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PlotInterval {
    pub(crate) from: UtcMs,
    pub(crate) to: UtcMs,
    /// Times within the previous and the next interval, as `at=` takes them.
    pub(crate) before: String,
    pub(crate) after: String,
    /// Title of the interval.
    pub(crate) title: String,
}

fn to_local_time(at: UtcMs, zone: &TimeZone) -> ZonedDateTime {
    Timestamp::from_millisecond(at.0)
        // Out of range only when such a time was typed into the address of a plot.
        .unwrap_or_default()
        .to_zoned_datetime(zone.clone())
}

/// Abbreviation of the zone at that time: WIB, WITA, WIT.
pub(crate) fn zone_abbreviation(at: UtcMs, zone: &TimeZone) -> String {
    to_local_time(at, zone).strftime("%Z").to_string()
}

/// `14:05:10` for today, otherwise date and `14:05`.
pub(crate) fn format_local_time(at: UtcMs, now: UtcMs, zone: &TimeZone, lang: Language) -> String {
    let (at, now) = (to_local_time(at, zone), to_local_time(now, zone));
    if at.date() == now.date() {
        let seconds = format!("{:02}", at.second());
        let clock = lang.locale().format_clock(at.time());
        return format!("{clock}{}{seconds}", lang.locale().time_mark);
    }
    let clock = lang.locale().format_clock(at.time());
    format!("{} {clock}", format_day(at.date(), lang))
}

fn format_day(date: Date, lang: Language) -> String {
    lang.locale().format_date(date)
}

impl PlotSpan {
    pub(crate) const ALL: [Self; 5] = [Self::Hour, Self::Day, Self::Week, Self::Month, Self::Year];

    /// Word in addresses and in message keys `web-reach-WORD`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reach| reach.word() == word)
    }

    /// Bucket width that gives a few hundred values, as `step=` takes it and in milliseconds;
    /// `None`: raw samples.
    pub(crate) fn bucket_step(self) -> Option<(&'static str, i64)> {
        const MINUTE: i64 = 60_000;
        match self {
            Self::Hour => None,
            Self::Day => Some(("2m", 2 * MINUTE)),
            Self::Week => Some(("15m", 15 * MINUTE)),
            Self::Month => Some(("1h", 60 * MINUTE)),
            Self::Year => Some(("1d", 24 * 60 * MINUTE)),
        }
    }

    /// Bucket width of the bars of a counter's increase.
    pub(crate) fn growth_step(self) -> (&'static str, i64) {
        const HOUR: i64 = 3_600_000;
        match self {
            Self::Hour => ("5m", HOUR / 12),
            Self::Day => ("1h", HOUR),
            Self::Week | Self::Month => ("1d", 24 * HOUR),
            // A month has no fixed length; the script needs only the approximate width of a bar.
            Self::Year => ("1mo", 30 * 24 * HOUR),
        }
    }

    /// The interval that contains `at`.
    pub(crate) fn interval_at(self, at: UtcMs, zone: &TimeZone, lang: Language) -> PlotInterval {
        let at = to_local_time(at, zone);
        let (start, one) = self.interval_start(&at);
        let end = start.checked_add(one).unwrap_or_else(|_| start.clone());
        let before = start.checked_sub(one).unwrap_or_else(|_| start.clone());
        let ms = |zoned: &ZonedDateTime| UtcMs(zoned.timestamp().as_millisecond());
        PlotInterval {
            from: ms(&start),
            to: ms(&end),
            before: ms(&before).0.to_string(),
            after: ms(&end).0.to_string(),
            title: self.interval_title(&start, lang),
        }
    }

    /// Start of the interval, and its length as a calendar span (days have 23 to 25 h in zones with
    /// daylight saving time).
    fn interval_start(self, at: &ZonedDateTime) -> (ZonedDateTime, Span) {
        let date = at.date();
        let (date, span) = match self {
            Self::Hour => {
                let start = at.round(
                    ZonedDateTimeRound::new()
                        .smallest(Unit::Hour)
                        .mode(RoundMode::Trunc),
                );
                return (start.unwrap_or_else(|_| at.clone()), Span::new().hours(1));
            }
            Self::Day => (date, Span::new().days(1)),
            Self::Week => {
                let since = i64::from(date.weekday().to_monday_zero_offset());
                let monday = date.checked_sub(Span::new().days(since)).unwrap_or(date);
                (monday, Span::new().weeks(1))
            }
            Self::Month => (date.first_of_month(), Span::new().months(1)),
            Self::Year => (date.first_of_year(), Span::new().years(1)),
        };
        (
            date.to_zoned_datetime(at.time_zone().clone())
                .unwrap_or_else(|_| at.clone()),
            span,
        )
    }

    fn interval_title(self, start: &ZonedDateTime, lang: Language) -> String {
        let date = start.date();
        match self {
            Self::Hour => {
                let clock = lang.locale().format_clock(start.time());
                format!("{}, {clock}", format_day(date, lang))
            }
            Self::Day => format_day(date, lang),
            Self::Week => {
                let last = date.checked_add(Span::new().days(6)).unwrap_or(date);
                if date.month() == last.month() {
                    return format!("{} \u{2013} {}", date.day(), format_day(last, lang));
                }
                format!(
                    "{} \u{2013} {}",
                    format_day(date, lang),
                    format_day(last, lang)
                )
            }
            Self::Month => lang.locale().format_month(date),
            Self::Year => date.year().to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn title_and_hours(reach: PlotSpan) -> (String, i64) {
        let zone = TimeZone::get("Asia/Jakarta").unwrap();
        // 2026-11-25 22:30 in Jakarta, a Wednesday.
        let stretch = reach.interval_at(UtcMs(1_795_620_600_000), &zone, Language::Id);
        (stretch.title, (stretch.to.0 - stretch.from.0) / 3_600_000)
    }

    #[test]
    fn a_stretch_is_cut_at_the_sites_own_midnight() {
        assert_eq!(
            title_and_hours(PlotSpan::Hour),
            ("25 November 2026, 22.00".to_owned(), 1)
        );
        assert_eq!(
            title_and_hours(PlotSpan::Day),
            ("25 November 2026".to_owned(), 24)
        );
        assert_eq!(
            title_and_hours(PlotSpan::Month),
            ("November 2026".to_owned(), 720)
        );
        assert_eq!(title_and_hours(PlotSpan::Year), ("2026".to_owned(), 8760));
        let week = title_and_hours(PlotSpan::Week);
        assert!(week.0 == "23 \u{2013} 29 November 2026", "{}", week.0);
        assert_eq!(week.1, 168);
    }

    #[test]
    fn the_zone_has_its_own_name() {
        for (name, short) in [
            ("Asia/Jakarta", "WIB"),
            ("Asia/Makassar", "WITA"),
            ("Asia/Jayapura", "WIT"),
        ] {
            assert_eq!(
                zone_abbreviation(UtcMs(0), &TimeZone::get(name).unwrap()),
                short
            );
        }
    }
}
