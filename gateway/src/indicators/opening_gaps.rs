//! Amounts that a counter counted across a gap that began before the period, or was longer:
//! nobody knows how much of it belongs to the period.
//!
//! The contract of METHODS G.5 stays: a counter bridges a gap, and periods add up, so the amount
//! belongs to the period of the next reading. But it is told, the interval of the total reaches
//! down by it, and neither the total nor what is computed from it is final. The period in which the
//! gap began is a lower bound (`measured_since`).
//!
//! ```text
//! last reading of September: 28 Sep 14:10, 1208.4 kWh; first one of October: 1 Oct 02:00, 1229.4
//! total of the quarter: 1137.7 kWh, of which 21.0 kWh were counted across that gap
//! plts.generation: at most, to be checked; without the 21.0 kWh it is 1116.7
//! ```

use crate::assets::solar::indicators as solar;
use crate::domain::ExactNumber;
use crate::domain::UtcMs;
use crate::domain::claim_verdict::{ClaimVerdict, NotClaimedReason};
use crate::domain::indicator::{
    Indicator, IndicatorInput, IndicatorRemark, InputSource, IntervalReach, RoundingDirection,
};
use crate::domain::input_part::{InputPart, PartSource};
use crate::domain::value_bound::ValueBound;
use crate::indicators::bound_passing::{TOGETHER_MINUTES, moved_figures, stands_on};
use crate::indicators::figure_context::{FigureBuilder, constant_input};
use crate::indicators::period_days::PeriodDays;
use jiff::civil::DateTime;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Largest share of a total that may have been counted before the period: more is not claimed.
const SHARE_MAX: f64 = 0.05;
/// Polling intervals before the period within which a gap begins with it.
const EDGE_POLLS: i64 = 3;
/// Share of a total up to which a short gap is negligible: a tenth of what a meter of class 1 errs.
const NEGLIGIBLE_SHARE: f64 = 0.001;
/// Length of a gap up to which such a share is negligible, ms.
const SHORT_GAP_MS: i64 = 3_600_000;
/// Share of a total up to which a night is negligible for what runs by the sun.
const NIGHT_SHARE: f64 = 0.01;
/// Beginning of the ids of what runs by the sun.
const SOLAR_PREFIX: &str = "plts.";

/// Key of the remark on a total of which more than `SHARE_MAX` may have been counted before.
const UPPER_BOUND: &str = "account-opening-upper-bound";
/// Key of the remark on a total of which less may have been.
const OPENING_GAP: &str = "account-opening-gap";
/// Keys of the remarks on figures that are computed from such a total, which may be smaller, or
/// greater.
const PASSED_GAPS: [&str; 2] = [
    "account-passed-opening-gap-down",
    "account-passed-opening-gap-up",
];
/// Name of the argument with the begin of the gap, as a local time.
const BEGIN_ARG: &str = "begin";

/// Gap at the beginning of a period across which a counter grew.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct OpeningGap {
    /// Last reading before the gap, ms.
    pub(crate) from: i64,
    /// First reading after it, ms.
    pub(crate) to: i64,
    /// The two readings.
    pub(crate) first: f64,
    pub(crate) last: f64,
    /// Amount that was counted across it.
    pub(crate) amount: f64,
}

impl OpeningGap {
    /// Whether it is too short, and too small a part of the figure, to be told, or began with the
    /// period. What runs by the sun counts nothing at night.
    fn is_negligible(&self, figure: &Indicator, (every_ms, span): (i64, &PeriodDays)) -> bool {
        let total = figure.value.as_ref().ok().copied().unwrap_or_default();
        let is_within = |share: f64| self.amount <= share * total.abs();
        let is_short = self.to - self.from < SHORT_GAP_MS;
        let is_of_sun = figure.id.starts_with(SOLAR_PREFIX) && *figure.id != *solar::IMPORT.id;
        let is_night = || span.daylight_ms_between(self.from, self.to) < SHORT_GAP_MS;
        let begins_with_it = self.from >= span.from - every_ms.saturating_mul(EDGE_POLLS);
        begins_with_it
            || (is_short && is_within(NEGLIGIBLE_SHARE))
            || (is_of_sun && is_within(NIGHT_SHARE) && is_night())
    }

    /// The amount as an input of its own, with the two readings of which it is the difference.
    fn input(&self, unit: &str) -> IndicatorInput {
        let mut input = constant_input("Δ_open", self.amount, unit, "across-opening");
        let part = |at: i64, value: f64| InputPart {
            value,
            of: PartSource::Reading(UtcMs(at)),
        };
        let grown = self.last - self.first;
        // With a calibration, or where the counter began again, it is no plain difference.
        if (grown - self.amount).abs() <= 1e-9 * self.last.abs().max(1.0) {
            input.parts = vec![part(self.to, self.last), part(self.from, -self.first)];
        }
        input
    }
}

/// The total with what was counted across the gap at the beginning of its period: as a line of its
/// own, in the interval, and in the verdict. `unit` is that of the readings, `every_ms` their
/// interval.
pub(crate) fn mark_opening(
    figure: Indicator,
    gap: Option<OpeningGap>,
    (unit, every_ms, span): (&str, i64, &PeriodDays),
) -> Indicator {
    let Ok(total) = figure.value else {
        return figure;
    };
    let Some(gap) = gap.filter(|gap| !gap.is_negligible(&figure, (every_ms, span))) else {
        return figure;
    };
    let digits = |value: f64| ExactNumber::Float(value).short_digits();
    let local = |at: i64| {
        let (date, time) = span.local_time(at);
        let time = time.with().subsec_nanosecond(0).build().unwrap_or(time);
        date.to_datetime(time)
    };
    let (key, verdict) = if gap.amount > SHARE_MAX * total.abs() {
        let bound = ClaimVerdict::NotClaimed(NotClaimedReason::UpperBound);
        (UPPER_BOUND, bound)
    } else {
        (OPENING_GAP, ClaimVerdict::Doubtful)
    };
    let remark = IndicatorRemark::new(key)
        .with_arg("amount", digits(gap.amount))
        .with_arg("unit", unit)
        .with_arg(BEGIN_ARG, local(gap.from))
        .with_arg("end", local(gap.to))
        .with_arg("rest", digits(total - gap.amount));
    let mut figure = figure.with_remark(remark).with_verdict(verdict);
    figure.inputs.push(gap.input(unit));
    figure.uncertainty.reach.down = gap.amount;
    figure
}

/// Hands the reach of totals with such a gap on to the figures that are computed from them, with
/// the amount by which each would move, and lowers their verdicts. What was handed on before is
/// done again.
pub(crate) fn pass_openings(figures: &mut [Indicator]) {
    for figure in figures.iter_mut().filter(|one| own_begin(one).is_none()) {
        figure
            .remarks
            .retain(|said| !PASSED_GAPS.contains(&&*said.key));
        figure.uncertainty.reach = IntervalReach::default();
    }
    let mut passed: BTreeMap<usize, (IntervalReach, BTreeSet<Arc<str>>)> = BTreeMap::new();
    for roots in opening_causes(figures) {
        let before = |root: usize| {
            let value = *figures[root].value.as_ref().ok()?;
            Some((root, value - figures[root].uncertainty.reach.down))
        };
        let moved: BTreeMap<usize, f64> = roots.iter().copied().filter_map(before).collect();
        for (at, now) in moved_figures(figures, &moved) {
            let Ok(value) = figures[at].value else {
                continue;
            };
            let (reach, from) = passed.entry(at).or_default();
            reach.down += (value - now).max(0.0);
            reach.up += (now - value).max(0.0);
            let own = roots.iter().map(|root| &figures[*root]);
            let own = own.filter(|root| stands_on(figures, &figures[at], root, 0));
            from.extend(own.map(|root| Arc::clone(&root.id)));
        }
    }
    for (at, (reach, from)) in passed {
        if own_begin(&figures[at]).is_none() {
            mark_passed(&mut figures[at], reach, from);
        }
    }
}

/// Marks a figure that is computed from totals with such a gap.
fn mark_passed(figure: &mut Indicator, reach: IntervalReach, from: BTreeSet<Arc<str>>) {
    let value = figure.value.as_ref().map_or(0.0, |value| value.abs());
    let is_more = |amount: f64, share: f64| amount > share * value;
    if !is_more(reach.down.max(reach.up), NEGLIGIBLE_SHARE) {
        return;
    }
    figure.uncertainty.reach = reach;
    if [ValueBound::Upper, ValueBound::Either].contains(&figure.bound()) {
        // Told already: the total itself is an upper bound.
        return;
    }
    let is_benefit = figure.side != RoundingDirection::Burden;
    let verdict = if is_benefit && is_more(reach.down, SHARE_MAX) {
        ClaimVerdict::NotClaimed(NotClaimedReason::UpperBound)
    } else {
        ClaimVerdict::Doubtful
    };
    figure.claim = ClaimVerdict::combine([figure.claim, verdict]);
    let (key, amount) = if reach.down >= reach.up {
        (PASSED_GAPS[0], reach.down)
    } else {
        (PASSED_GAPS[1], reach.up)
    };
    let unit = Arc::clone(&figure.unit);
    let said = from.into_iter().map(|from| {
        IndicatorRemark::new(key)
            .with_arg("figure", from)
            .with_arg("amount", ExactNumber::Float(amount).short_digits())
            .with_arg("unit", &unit)
    });
    figure.remarks.extend(said);
}

/// Totals with such a gap: those whose gaps began together are moved together.
fn opening_causes(figures: &[Indicator]) -> Vec<Vec<usize>> {
    let begun = |(at, one): (usize, &Indicator)| Some((own_begin(one)?, at));
    let mut begun: Vec<(DateTime, usize)> = figures.iter().enumerate().filter_map(begun).collect();
    begun.sort_unstable();
    let mut all: Vec<(DateTime, Vec<usize>)> = Vec::new();
    for (begin, root) in begun {
        let last = all.last_mut();
        let is_together =
            |first: &DateTime| first.duration_until(begin).as_mins() <= TOGETHER_MINUTES;
        match last.filter(|(first, _)| is_together(first)) {
            Some((_, roots)) => roots.push(root),
            None => all.push((begin, vec![root])),
        }
    }
    all.into_iter().map(|(_, roots)| roots).collect()
}

/// Local time at which the gap of a total began; `None` for a figure without one of its own.
fn own_begin(one: &Indicator) -> Option<DateTime> {
    let is_of_readings = |input: &IndicatorInput| matches!(input.from, InputSource::Point(_));
    one.value.as_ref().ok()?;
    one.inputs.iter().find(|input| is_of_readings(input))?;
    let mut said = one.remarks.iter();
    let said = said.find(|said| [UPPER_BOUND, OPENING_GAP].contains(&&*said.key))?;
    let (_, begin) = said.args.iter().find(|(name, _)| *name == BEGIN_ARG)?;
    begin.parse().ok()
}
