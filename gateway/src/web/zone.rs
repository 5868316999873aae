//! The site's own time of day, and the spans of a plot in it.

use crate::model::{Site, UtcMs};
use crate::words::Lang;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{RoundMode, Span, Timestamp, Unit, ZonedDateTime, ZonedDateTimeRound};

/// The span of a plot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    Hour,
    Day,
    Week,
    Month,
    Year,
}

/// One span of a plot: from its first moment to the first moment after it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stretch {
    pub(super) from: UtcMs,
    pub(super) to: UtcMs,
    /// A moment of the stretch before and of the one after, as `at=` takes it.
    pub(super) before: String,
    pub(super) after: String,
    /// For people.
    pub(super) title: String,
}

/// The zone of a site; UTC when its name is unknown, which a checked configuration has not.
pub(super) fn of(site: &Site) -> TimeZone {
    TimeZone::get(&site.timezone).unwrap_or(TimeZone::UTC)
}

fn local(at: UtcMs, zone: &TimeZone) -> ZonedDateTime {
    Timestamp::from_millisecond(at.0)
        .unwrap_or_default()
        .to_zoned_datetime(zone.clone())
}

/// WIB, WITA, WIT, or what else the zone is called at that moment.
pub(super) fn label(at: UtcMs, zone: &TimeZone) -> String {
    local(at, zone).strftime("%Z").to_string()
}

/// `14:05:10`, with the day before it when that is not today's.
pub(super) fn clock(at: UtcMs, now: UtcMs, zone: &TimeZone, lang: Lang) -> String {
    let (at, now) = (local(at, zone), local(now, zone));
    if at.date() == now.date() {
        return at.strftime("%H:%M:%S").to_string();
    }
    format!("{} {}", day(at.date(), lang), at.strftime("%H:%M"))
}

fn day(date: Date, lang: Lang) -> String {
    format!("{} {} {}", date.day(), month(date, lang), date.year())
}

fn month(date: Date, lang: Lang) -> String {
    lang.text(&format!("web-month-{}", date.month()))
}

impl Reach {
    pub(super) const ALL: [Self; 5] = [Self::Hour, Self::Day, Self::Week, Self::Month, Self::Year];

    /// The word in an address and, after `web-reach-`, in the catalogue.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    pub(super) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reach| reach.word() == word)
    }

    /// The bucket that gives a few hundred points, as `step=` takes it; none: every sample.
    pub(super) fn step(self) -> Option<(&'static str, i64)> {
        const MINUTE: i64 = 60_000;
        match self {
            Self::Hour => None,
            Self::Day => Some(("2m", 2 * MINUTE)),
            Self::Week => Some(("15m", 15 * MINUTE)),
            Self::Month => Some(("1h", 60 * MINUTE)),
            Self::Year => Some(("1d", 24 * 60 * MINUTE)),
        }
    }

    /// The bucket in which a counter's growth is shown as bars.
    pub(super) fn growth_step(self) -> (&'static str, i64) {
        const HOUR: i64 = 3_600_000;
        match self {
            Self::Hour => ("5m", HOUR / 12),
            Self::Day => ("1h", HOUR),
            Self::Week | Self::Month => ("1d", 24 * HOUR),
            Self::Year => ("1mo", 30 * 24 * HOUR),
        }
    }

    /// The stretch that `at` is in.
    pub(super) fn stretch(self, at: UtcMs, zone: &TimeZone, lang: Lang) -> Stretch {
        let at = local(at, zone);
        let (start, one) = self.start(&at);
        let end = start.checked_add(one).unwrap_or_else(|_| start.clone());
        let before = start.checked_sub(one).unwrap_or_else(|_| start.clone());
        let ms = |zoned: &ZonedDateTime| UtcMs(zoned.timestamp().as_millisecond());
        Stretch {
            from: ms(&start),
            to: ms(&end),
            before: ms(&before).0.to_string(),
            after: ms(&end).0.to_string(),
            title: self.title(&start, lang),
        }
    }

    /// The first moment of the stretch, and its length.
    fn start(self, at: &ZonedDateTime) -> (ZonedDateTime, Span) {
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

    fn title(self, start: &ZonedDateTime, lang: Lang) -> String {
        let date = start.date();
        match self {
            Self::Hour => format!("{}, {}", day(date, lang), start.strftime("%H:00")),
            Self::Day => day(date, lang),
            Self::Week => {
                let last = date.checked_add(Span::new().days(6)).unwrap_or(date);
                if date.month() == last.month() {
                    return format!("{} \u{2013} {}", date.day(), day(last, lang));
                }
                format!("{} \u{2013} {}", day(date, lang), day(last, lang))
            }
            Self::Month => format!("{} {}", month(date, lang), date.year()),
            Self::Year => date.year().to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretch(reach: Reach) -> (String, i64) {
        let zone = TimeZone::get("Asia/Jakarta").unwrap();
        // 2026-11-25 22:30 in Jakarta, a Wednesday.
        let stretch = reach.stretch(UtcMs(1_795_620_600_000), &zone, Lang::Id);
        (stretch.title, (stretch.to.0 - stretch.from.0) / 3_600_000)
    }

    #[test]
    fn a_stretch_is_cut_at_the_sites_own_midnight() {
        assert_eq!(
            stretch(Reach::Hour),
            ("25 November 2026, 22:00".to_owned(), 1)
        );
        assert_eq!(stretch(Reach::Day), ("25 November 2026".to_owned(), 24));
        assert_eq!(stretch(Reach::Month), ("November 2026".to_owned(), 720));
        assert_eq!(stretch(Reach::Year), ("2026".to_owned(), 8760));
        let week = stretch(Reach::Week);
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
            assert_eq!(label(UtcMs(0), &TimeZone::get(name).unwrap()), short);
        }
    }
}
