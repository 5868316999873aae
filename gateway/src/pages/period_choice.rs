//! [`PeriodChoice`]: the period that a page shows, and the links to others.

use crate::api::request_language::query_parameter;
use crate::domain::period::Period;
use crate::i18n::Language;
use crate::report::content::{period_kind, period_name};
use axum::http::Uri;
use jiff::ToSpan;
use jiff::civil::Date;

/// Kinds of periods that pages offer, with the last part of their message keys `period-KIND`.
const PERIOD_KINDS: [&str; 5] = ["day", "week", "month", "quarter", "year"];

/// Longest text that a message repeats, characters.
const FOUND_CHARS_MAX: usize = 40;

/// The period of a page, the neighbouring ones and those of other lengths.
#[derive(Clone, Debug)]
pub(crate) struct PeriodChoice {
    /// The period.
    pub(crate) period: Period,
    /// Its name: `November 2026`.
    pub(crate) title: String,
    /// The period before, as in addresses.
    pub(crate) before: String,
    /// The period after; empty when it has not begun.
    pub(crate) after: String,
    /// Kind, its period around the same days, and whether it is the chosen one.
    pub(crate) kinds: Vec<(&'static str, String, bool)>,
    /// True when the present day is within the period.
    pub(crate) is_current: bool,
    /// Day of the site at present.
    pub(crate) today: Date,
    /// Asset that the links to other periods keep; empty for none.
    pub(crate) asset: String,
    /// Why the period that was asked for is not shown; empty when it is.
    pub(crate) refused: String,
    /// Period to go to instead of this one, and its name; empty for none.
    pub(crate) nearest: (String, String),
}

impl PeriodChoice {
    /// Period of the parameter `period`, or of `from` and `to`; else the one of kind `usual` that
    /// contains today. A text that is no period, or a period in the future, is refused in words.
    pub(crate) fn of_request(uri: &Uri, today: Date, usual: &str, lang: Language) -> Self {
        Self::of_request_or(uri, today, period_around(usual, today), lang)
    }

    /// Period of the request, else `usual`.
    pub(crate) fn of_request_or(uri: &Uri, today: Date, usual: Period, lang: Language) -> Self {
        let day = |name: &str| query_parameter(uri, name).filter(|text| !text.is_empty());
        let range = day("from").zip(day("to"));
        let range = range.map(|(from, to)| format!("{from}..{to}"));
        let text = range.or_else(|| query_parameter(uri, "period"));
        let text = text.filter(|text| !text.is_empty());
        let asked = text.as_deref().map(str::parse::<Period>);
        match asked {
            None => Self::new(usual, today, lang),
            Some(Ok(period)) if period.first() <= today => Self::new(period, today, lang),
            Some(Ok(period)) => {
                let args = [("period", &*period_name(lang, period))];
                let refused = lang.text_with("period-not-begun", &args);
                let choice = Self::new(usual, today, lang);
                Self { refused, ..choice }
            }
            Some(Err(_)) => {
                let text: String = text
                    .unwrap_or_default()
                    .chars()
                    .take(FOUND_CHARS_MAX)
                    .collect();
                let refused = lang.text_with("period-unknown", &[("found", &text)]);
                let choice = Self::new(usual, today, lang);
                Self { refused, ..choice }
            }
        }
    }

    /// The choice with a sentence and a link to the nearest period of its kind, when the period
    /// ends before the first day with readings.
    pub(crate) fn since_readings(mut self, first: Option<Date>, lang: Language) -> Self {
        if let Some(first) = first.filter(|first| self.period.last() < *first) {
            let day = lang.locale().format_date(first);
            self.refused = lang.text_with("period-before-readings", &[("first", &day)]);
            let nearest = period_around(period_kind(self.period), first);
            self.nearest = (nearest.to_string(), period_name(lang, nearest));
        }
        self
    }

    /// The choice with this period.
    pub(crate) fn new(period: Period, today: Date, lang: Language) -> Self {
        let chosen = period_kind(period);
        // Changing the length keeps the end in view: from a year to its last month, not to January.
        let anchor = period.last().min(today);
        let kinds = PERIOD_KINDS.into_iter().map(|kind| {
            let around = period_around(kind, anchor);
            (kind, around.to_string(), kind == chosen)
        });
        let after = neighbour(period, 1);
        Self {
            period,
            title: period_name(lang, period),
            before: neighbour(period, -1).to_string(),
            after: if after.first() <= today {
                after.to_string()
            } else {
                String::new()
            },
            kinds: kinds.collect(),
            is_current: period.contains(today),
            today,
            asset: String::new(),
            refused: String::new(),
            nearest: (String::new(), String::new()),
        }
    }

    /// End of the links to other periods, so that the asset stays chosen.
    pub(crate) fn kept(&self) -> String {
        match &*self.asset {
            "" => String::new(),
            asset => format!("&asset={asset}"),
        }
    }

    /// Number of days of the period.
    pub(crate) fn days(&self) -> i32 {
        (self.period.last() - self.period.first()).get_days() + 1
    }

    /// The period before, for comparisons.
    pub(crate) fn period_before(&self) -> Period {
        neighbour(self.period, -1)
    }
}

/// Period of a kind that contains `day`; a month for an unknown kind.
pub(crate) fn period_around(kind: &str, day: Date) -> Period {
    match kind {
        "day" => Period::Day(day),
        "week" => {
            let since = i64::from(day.weekday().to_monday_zero_offset());
            Period::Week(day.saturating_sub(since.days()))
        }
        "quarter" => {
            let months = i64::from((day.month() - 1) % 3);
            Period::Quarter(day.first_of_month().saturating_sub(months.months()))
        }
        "year" => Period::Year(day.first_of_year()),
        _ => Period::Month(day.first_of_month()),
    }
}

/// The period of the same kind before (-1) or after (1).
fn neighbour(period: Period, steps: i64) -> Period {
    let first = period.first();
    let moved = |span: jiff::Span| first.saturating_add(span);
    match period {
        Period::Day(_) => Period::Day(moved(steps.days())),
        Period::Week(_) => Period::Week(moved(steps.weeks())),
        Period::Month(_) => Period::Month(moved(steps.months())),
        Period::Quarter(_) => Period::Quarter(moved((3 * steps).months())),
        Period::Year(_) => Period::Year(moved(steps.years())),
        Period::Range(first, last) => {
            let days = i64::from((last - first).get_days()) + 1;
            let by = (days * steps).days();
            Period::Range(first.saturating_add(by), last.saturating_add(by))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(query: &str) -> PeriodChoice {
        let uri = format!("/plts{query}").parse().unwrap();
        let today = Date::constant(2026, 11, 29);
        PeriodChoice::of_request(&uri, today, "month", Language::En)
    }

    #[test]
    fn a_period_that_cannot_be_shown_is_said() {
        for query in [
            "",
            "?period=",
            "?from=&to=",
            "?period=2026-11",
            "?period=2026-Q4",
        ] {
            assert_eq!(choice(query).refused, "", "{query}");
        }
        for (query, part) in [
            ("?period=2027-01", "January 2027"),
            ("?period=2026-W49", "has not begun"),
            ("?period=x", "\"x\""),
            ("?from=2026-12-01&to=2026-12-05", "has not begun"),
            ("?from=2026-10-05&to=x", "2026-10-05..x"),
        ] {
            let found = choice(query);
            assert!(found.refused.contains(part), "{query}: {}", found.refused);
            assert_eq!(found.period.to_string(), "2026-11", "{query}");
        }
    }

    #[test]
    fn before_the_first_reading_the_nearest_period_of_the_same_length_is_offered() {
        let first = Some(Date::constant(2026, 9, 3));
        for (query, nearest) in [
            ("?period=2026-05", "2026-09"),
            ("?period=2026-W10", "2026-W36"),
            ("?period=2025", "2026"),
            ("?period=2026-09", ""),
            ("?period=2026", ""),
        ] {
            let found = choice(query).since_readings(first, Language::Id);
            assert_eq!(found.nearest.0, nearest, "{query}");
            assert_eq!(
                found.refused.contains("3 September 2026"),
                !nearest.is_empty(),
                "{query}"
            );
        }
        assert_eq!(
            choice("?period=2020")
                .since_readings(None, Language::Id)
                .refused,
            ""
        );
    }

    #[test]
    fn the_usual_period_is_shown_when_none_or_a_wrong_one_is_asked_for() {
        for query in ["", "?period=", "?period=x", "?period=2027", "?from=&to="] {
            assert_eq!(choice(query).period.to_string(), "2026-11", "{query}");
        }
        assert_eq!(choice("?period=2026-Q3").period.to_string(), "2026-Q3");
        let range = choice("?from=2026-10-05&to=2026-10-07");
        assert_eq!(range.period.to_string(), "2026-10-05..2026-10-07");
        assert_eq!(range.before, "2026-10-02..2026-10-04");
    }

    #[test]
    fn neighbours_and_other_lengths_are_offered_but_nothing_in_the_future() {
        let month = choice("?period=2026-11");
        assert_eq!((&*month.before, &*month.after), ("2026-10", ""));
        let year = choice("?period=2025");
        assert_eq!((&*year.before, &*year.after), ("2024", "2026"));
        let kinds: Vec<&str> = year.kinds.iter().map(|(_, text, _)| &**text).collect();
        assert_eq!(
            kinds,
            ["2025-12-31", "2026-W01", "2025-12", "2025-Q4", "2025"]
        );
        assert!(month.is_current && !year.is_current);
    }
}
