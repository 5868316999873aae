//! [`CounterFalls`]: how the values for a counter change. A column that falls often is no counter
//! reading, and one that has a value a day or a month may hold their totals ([`CounterDoubt`]).

use crate::domain::UtcMs;

/// Share of the value before, below which a lower value is a fall and no rounding.
const FALL_SHARE: f64 = 0.99;
/// Falls that are tolerated in any case: a meter is replaced or starts again.
const FALLS_TOLERATED: u64 = 3;
/// Days needed for each further fall.
const DAYS_PER_FALL: u64 = 10;
/// Steps needed for each fall of a short file.
const STEPS_PER_FALL: u64 = 4;
const DAY_MS: u64 = 86_400_000;

/// Share of the value before, below which a fall is a meter that was replaced or began again.
const RESTART_SHARE: f64 = 0.2;
/// Rows that totals may rise one after the other.
const RISING_ROWS_MAX: u64 = 20;
/// Greatest ratio of two daily totals.
const TOTALS_RATIO_MAX: f64 = 4.0;
/// Least change of daily totals from one to the next, as a share of the least of them. That of a
/// counter is smaller, unless it is new.
const TOTALS_STEP_SHARE: f64 = 0.02;

/// Words of a heading of values of one day, month or other stretch each, in lower case.
const STRETCH_WORDS: [&str; 28] = [
    "per hari",
    "/hari",
    "harian",
    "hari ini",
    "daily",
    "per day",
    "/day",
    "today",
    "day yield",
    "per minggu",
    "mingguan",
    "weekly",
    "per week",
    "per bulan",
    "bulanan",
    "bulan ini",
    "monthly",
    "per month",
    "per tahun",
    "tahunan",
    "yearly",
    "per year",
    "produksi",
    "production",
    "pemakaian",
    "konsumsi",
    "consumption",
    "usage",
];
/// Words of a heading of differences, in lower case; beside `stand` or `total` too.
const DIFFERENCE_WORDS: [&str; 11] = [
    "selisih",
    "delta",
    "differen",
    "diff.",
    "increment",
    "interval",
    "per jam",
    "per hour",
    "hourly",
    "per menit",
    "per minute",
];
/// Words of a heading of a running total, in lower case.
const RUNNING_WORDS: [&str; 9] = [
    "total",
    "kumulatif",
    "akumulasi",
    "cumulative",
    "lifetime",
    "stand",
    "counter",
    "register",
    "meteran",
];

/// Reasons why values may be no readings of a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CounterDoubt {
    /// They fall more often than a counter does.
    Falls,
    /// They may be totals of one day, month or other stretch each.
    StretchTotals,
}

impl CounterDoubt {
    /// Message key of the question to a person.
    pub(super) fn question_key(self) -> &'static str {
        match self {
            Self::Falls => "cli-import-ask-falls",
            Self::StretchTotals => "cli-import-ask-daily",
        }
    }

    /// Message key of the refusal.
    pub(super) fn refusal_key(self) -> &'static str {
        match self {
            Self::Falls => "cli-import-falls-refused",
            Self::StretchTotals => "cli-import-daily-refused",
        }
    }
}

/// Fall of a value: its time, the value before and the value.
pub(super) type CounterFall = (UtcMs, f64, f64);

/// Falls and steps of the values in a file, in either order of time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct CounterFalls {
    wraps_at: Option<f64>,
    before: Option<(UtcMs, f64)>,
    steps: u64,
    /// Number of falls.
    pub(super) count: u64,
    /// First fall in the file.
    pub(super) first: Option<CounterFall>,
    span: Option<(UtcMs, UtcMs)>,
    /// Least and greatest value, without zeros.
    pub(super) range: Option<(f64, f64)>,
    /// Sum of all changes, without their sign.
    changes: f64,
}

impl CounterFalls {
    /// Count for a counter that restarts at 0 at this value, in its unit.
    pub(super) fn new(wraps_at: Option<f64>) -> Self {
        Self {
            wraps_at,
            ..Self::default()
        }
    }

    /// Adds the next row of the file.
    pub(super) fn push(&mut self, at: UtcMs, value: f64) {
        // Some inverters give 0 at night and go on from where they were.
        if value == 0.0 {
            return;
        }
        let span = self.span.unwrap_or((at, at));
        self.span = Some((span.0.min(at), span.1.max(at)));
        let range = self.range.unwrap_or((value, value));
        self.range = Some((range.0.min(value), range.1.max(value)));
        let Some(before) = self.before.replace((at, value)) else {
            return;
        };
        self.steps += 1;
        self.changes += (value - before.1).abs();
        // Many files have the newest row first.
        let (earlier, later) = if before.0 <= at {
            (before, (at, value))
        } else {
            ((at, value), before)
        };
        let has_wrapped = |wraps_at: f64| earlier.1 > wraps_at / 2.0 && later.1 < wraps_at / 2.0;
        if later.1 < earlier.1 * FALL_SHARE && !self.wraps_at.is_some_and(has_wrapped) {
            self.count += 1;
            self.first.get_or_insert((later.0, earlier.1, later.1));
        }
    }

    /// Doubt whether these are readings of a counter. `interval_ms`: between the rows; `heading`:
    /// of the column.
    pub(super) fn doubt(&self, interval_ms: Option<i64>, heading: &str) -> Option<CounterDoubt> {
        let is_spaced = interval_ms.is_some_and(|every| every.unsigned_abs() >= DAY_MS);
        let is_restart = |(_, before, value): CounterFall| value < before * RESTART_SHARE;
        let falls_spaced = is_spaced && self.first.is_some_and(|fall| !is_restart(fall));
        if self.are_many() || falls_spaced {
            return Some(CounterDoubt::Falls);
        }
        let heading = heading.to_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| heading.contains(word));
        let is_called = says(&DIFFERENCE_WORDS) || (says(&STRETCH_WORDS) && !says(&RUNNING_WORDS));
        let is_like = is_spaced && self.may_be_totals() && !says(&RUNNING_WORDS);
        (is_called || (self.steps > 0 && is_like)).then_some(CounterDoubt::StretchTotals)
    }

    /// Whether the values, one a day or fewer, are few, near each other and far enough apart for
    /// totals of one day, week, month or year each.
    fn may_be_totals(&self) -> bool {
        let (Some((least, most)), 1..RISING_ROWS_MAX) = (self.range, self.steps) else {
            return false;
        };
        #[expect(clippy::cast_precision_loss, reason = "at most twenty")]
        let step = self.changes / self.steps as f64;
        least > 0.0 && most <= least * TOTALS_RATIO_MAX && step >= least * TOTALS_STEP_SHARE
    }

    /// Whether the values fall more often than a counter does.
    fn are_many(&self) -> bool {
        let (first, last) = self.span.map_or((0, 0), |(first, last)| (first.0, last.0));
        let days = last.abs_diff(first) / DAY_MS;
        let over_days = self.count > FALLS_TOLERATED && self.count * DAYS_PER_FALL > days;
        let over_steps = self.count >= 2 && self.count * STEPS_PER_FALL >= self.steps;
        over_days || over_steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 3_600_000;

    fn falls(every_h: i64, values: impl IntoIterator<Item = f64>) -> CounterFalls {
        let mut found = CounterFalls::new(Some(1000.0));
        for (at, value) in (0..).zip(values) {
            found.push(UtcMs(at * every_h * HOUR_MS), value);
        }
        found
    }

    #[test]
    fn daily_totals_and_a_counter_of_the_day_are_no_counter() {
        let totals = [12.0, 13.1, 9.4, 11.0, 8.2, 14.0];
        assert!(falls(24, totals).are_many());
        let of_the_day = (0..240).map(|hour| f64::from(hour % 24) + 0.5);
        assert!(falls(1, of_the_day).are_many());
    }

    #[test]
    fn a_counter_that_rounds_wraps_sleeps_or_was_replaced_is_one() {
        let rounding = [40.0, 40.3, 40.2, 40.9, 40.8, 41.0];
        let at_night = [50.0, 51.0, 0.0, 0.0, 51.0, 52.0, 0.0, 52.0];
        let wrapping = [990.0, 5.0, 999.0, 1.0, 998.0, 3.0];
        for values in [&rounding[..], &at_night, &wrapping] {
            assert_eq!(falls(24, values.iter().copied()).count, 0, "{values:?}");
        }
        let replaced = (0..200).map(|hour| f64::from(if hour < 100 { hour + 500 } else { hour }));
        assert!(!falls(1, replaced).are_many());
    }

    #[test]
    fn totals_of_days_that_rise_are_doubted_and_a_counter_of_days_is_not() {
        let daily = Some(24 * HOUR_MS);
        for (values, heading, doubt) in [
            (
                &[12.0, 13.1, 14.2, 15.0][..],
                "kWh",
                Some(CounterDoubt::StretchTotals),
            ),
            (
                &[12.0, 13.1, 9.5, 15.0, 16.0, 17.0],
                "kWh",
                Some(CounterDoubt::Falls),
            ),
            (&[10234.5, 10246.1, 10258.9], "kWh", None),
            (&[3.0, 15.0, 28.0, 40.0], "kWh", None),
            (&[100.0, 112.0, 125.0], "Total kWh", None),
            (
                &[10234.5, 10246.1],
                "Produksi harian",
                Some(CounterDoubt::StretchTotals),
            ),
            (&[10234.5, 10246.1], "Produksi total", None),
            // A meter that was replaced.
            (&[10234.5, 10246.1, 5.0, 17.0, 30.0], "kWh", None),
        ] {
            let found = falls(24, values.iter().copied()).doubt(daily, heading);
            assert_eq!(found, doubt, "{values:?} {heading}");
        }
        let hourly = falls(1, [12.0, 13.1, 14.2]);
        assert_eq!(hourly.doubt(Some(HOUR_MS), "kWh"), None);
        let called = hourly.doubt(Some(HOUR_MS), "Energi hari ini");
        assert_eq!(called, Some(CounterDoubt::StretchTotals));
    }

    #[test]
    fn totals_of_weeks_months_and_years_and_differences_are_doubted_like_those_of_days() {
        for days in [7, 30, 31, 365] {
            let totals = falls(24 * days, [500.0, 520.0, 545.0, 560.0]);
            let every = Some(days * 24 * HOUR_MS);
            for (heading, doubt) in [
                ("Energi (kWh)", Some(CounterDoubt::StretchTotals)),
                ("Stand kWh", None),
            ] {
                assert_eq!(totals.doubt(every, heading), doubt, "{days} {heading}");
            }
        }
        for heading in [
            "Energy per interval (kWh)",
            "Energy delta (kWh)",
            "Selisih kWh",
            "Selisih stand kWh",
            "Total per jam (kWh)",
            "Pemakaian (kWh)",
        ] {
            let found = falls(1, [1000.0, 1000.5]).doubt(Some(HOUR_MS), heading);
            assert_eq!(found, Some(CounterDoubt::StretchTotals), "{heading}");
            let one = falls(1, [0.5]).doubt(None, heading);
            assert_eq!(one, Some(CounterDoubt::StretchTotals), "{heading}");
        }
    }

    #[test]
    fn the_newest_row_may_stand_first() {
        let mut found = CounterFalls::new(None);
        for at in (0..50i32).rev() {
            found.push(UtcMs(i64::from(at) * HOUR_MS), 100.0 + f64::from(at));
        }
        assert_eq!(found.count, 0);
    }
}
