//! Amounts that a counter counted between two readings, of which one is within the period and the
//! other is not: nobody knows how much of it belongs to the period.
//!
//! The contract of METHODS G.5 stays: a counter bridges what lies between two readings, and periods
//! add up, so the amount belongs to the period of the next reading. But it is told, and the
//! interval of the total reaches down by it, and that of the period before up. After a gap, which
//! somebody may be able to fill, the total is to be checked. Where the readings are always that far
//! apart, as those of a meter that is read once a day, the interval says all that there is to say.
//! Of more than a twentieth nothing is claimed. The period in which a gap began is a lower bound
//! (`measured_since`).
//!
//! ```text
//! last reading of September: 28 Sep 14:10, 1208.4 kWh; first one of October: 1 Oct 02:00, 1229.4
//! total of the quarter: 1137.7 kWh, of which 21.0 kWh were counted across that gap
//! plts.generation: at most, to be checked; without the 21.0 kWh it is 1116.7
//!
//! read every day at 07:00, 8 kWh a day
//! October: 248 kWh, perhaps 8 less (of 30 Sep 07:00 to 1 Oct 07:00), perhaps 8 more
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

/// Largest share of a total that may belong to another period: more is not claimed.
const SHARE_MAX: f64 = 0.05;
/// Polling intervals before the period within which a gap begins with it.
const EDGE_POLLS: i64 = 3;
/// Share of a total up to which a short gap, or an interval, is negligible: a tenth of what a meter
/// of class 1 errs.
const NEGLIGIBLE_SHARE: f64 = 0.001;
/// Time at an edge that is negligible, and length of a gap up to which such a share is, ms.
const SHORT_GAP_MS: i64 = 3_600_000;
/// Share of a total up to which a night is negligible for what runs by the sun.
const NIGHT_SHARE: f64 = 0.01;
/// Beginning of the ids of what runs by the sun.
const SOLAR_PREFIX: &str = "plts.";

/// Key of the remark on a total of which more than `SHARE_MAX` was perhaps not counted yet.
pub(crate) const CLOSING_BOUND: &str = "account-closing-lower-bound";
/// Keys of the remarks on figures that are computed from totals with a gap, which may be smaller,
/// or greater.
const PASSED_GAPS: [&str; 2] = [
    "account-passed-opening-gap-down",
    "account-passed-opening-gap-up",
];
/// The same for readings that are always that far apart.
const PASSED_INTERVALS: [&str; 2] = ["account-passed-edge-down", "account-passed-edge-up"];
/// Name of the argument with the time of the reading before, as a local time.
const BEGIN_ARG: &str = "begin";

/// Place of the two readings, and why they are apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum EdgeKind {
    /// At the beginning of the period, with a gap between them.
    Gap,
    /// At the beginning, as far apart as readings of this point are.
    Interval,
    /// At the end.
    Closing,
}

impl EdgeKind {
    const ALL: [Self; 3] = [Self::Gap, Self::Interval, Self::Closing];

    /// Kind at the beginning of the period, with a gap between the two readings or without.
    pub(crate) const fn at_opening(is_gap: bool) -> Self {
        if is_gap { Self::Gap } else { Self::Interval }
    }

    /// Keys of the remarks on a total of which more than `SHARE_MAX` is such an amount, and on one
    /// of which less is.
    const fn keys(self) -> [&'static str; 2] {
        match self {
            Self::Gap => ["account-opening-upper-bound", "account-opening-gap"],
            Self::Interval => ["account-edge-upper-bound", "account-edge-interval"],
            Self::Closing => [CLOSING_BOUND, "account-closing-interval"],
        }
    }

    /// Verdict on a total of which much, or less, is such an amount.
    fn verdict(self, is_much: bool) -> ClaimVerdict {
        match (self, is_much) {
            (Self::Gap | Self::Interval, true) => {
                ClaimVerdict::NotClaimed(NotClaimedReason::UpperBound)
            }
            (Self::Gap, false) => ClaimVerdict::Doubtful,
            // What is missing at the end makes a lower bound, which has its own rule.
            (Self::Interval, false) | (Self::Closing, _) => ClaimVerdict::Claimable,
        }
    }
}

/// Amount that was counted between two readings on both sides of an edge of the period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct EdgeAmount {
    pub(crate) kind: EdgeKind,
    /// Moments of the two readings, ms.
    pub(crate) from: i64,
    pub(crate) to: i64,
    /// The two readings.
    pub(crate) first: f64,
    pub(crate) last: f64,
    /// Growth between them.
    pub(crate) amount: f64,
}

impl EdgeAmount {
    /// Whether it is too small a part of the figure to be told, or nothing of it can belong to
    /// another period. What runs by the sun counts nothing at night.
    fn is_negligible(&self, figure: &Indicator, (every_ms, span): (i64, &PeriodDays)) -> bool {
        let total = figure.value.as_ref().ok().copied().unwrap_or_default();
        let is_within = |share: f64| self.amount <= share * total.abs();
        let is_of_sun = figure.id.starts_with(SOLAR_PREFIX) && *figure.id != *solar::IMPORT.id;
        let is_night =
            |from: i64, to: i64| is_of_sun && span.daylight_ms_between(from, to) < SHORT_GAP_MS;
        if self.kind != EdgeKind::Gap {
            let edge = match self.kind {
                EdgeKind::Closing => span.to,
                _ => span.from,
            };
            let is_at_edge = edge - self.from < SHORT_GAP_MS;
            return is_at_edge || is_within(NEGLIGIBLE_SHARE) || is_night(self.from, edge);
        }
        let is_short = self.to - self.from < SHORT_GAP_MS;
        let begin_ms = every_ms.saturating_mul(EDGE_POLLS).min(SHORT_GAP_MS);
        self.from >= span.from - begin_ms
            || (is_short && is_within(NEGLIGIBLE_SHARE))
            || (is_within(NIGHT_SHARE) && is_night(self.from, self.to))
    }

    /// The amount as an input of its own, with the two readings of which it is the difference.
    fn input(&self, unit: &str) -> IndicatorInput {
        let rule = match self.kind {
            EdgeKind::Gap => "across-opening",
            _ => "across-edge",
        };
        let mut input = constant_input("Δ_open", self.amount, unit, rule);
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

/// The total with what was counted at an edge of its period: as a line of its own, in the interval,
/// and in the verdict. `unit` is that of the readings, `every_ms` their interval.
pub(crate) fn mark_edge(
    figure: Indicator,
    edge: Option<EdgeAmount>,
    (unit, every_ms, span): (&str, i64, &PeriodDays),
) -> Indicator {
    let Ok(total) = figure.value else {
        return figure;
    };
    let Some(edge) = edge.filter(|edge| !edge.is_negligible(&figure, (every_ms, span))) else {
        return figure;
    };
    let digits = |value: f64| ExactNumber::Float(value).short_digits();
    let local = |at: i64| {
        let (date, time) = span.local_time(at);
        let time = time.with().subsec_nanosecond(0).build().unwrap_or(time);
        date.to_datetime(time)
    };
    let is_much = edge.amount > SHARE_MAX * total.abs();
    let [much, less] = edge.kind.keys();
    let is_closing = edge.kind == EdgeKind::Closing;
    let other = if is_closing {
        ("most", total + edge.amount)
    } else {
        ("rest", total - edge.amount)
    };
    let remark = IndicatorRemark::new(if is_much { much } else { less })
        .with_arg("amount", digits(edge.amount))
        .with_arg("unit", unit)
        .with_arg(BEGIN_ARG, local(edge.from))
        .with_arg("end", local(edge.to))
        .with_arg(other.0, digits(other.1));
    let verdict = edge.kind.verdict(is_much);
    let mut figure = figure.with_remark(remark).with_verdict(verdict);
    if is_closing {
        figure.uncertainty.reach.up = edge.amount;
    } else {
        figure.inputs.push(edge.input(unit));
        figure.uncertainty.reach.down = edge.amount;
    }
    figure
}

/// Reach that is handed on to a figure, and the ids of the totals from which it comes.
type PassedAmount = (IntervalReach, BTreeSet<Arc<str>>);

/// Hands the reach of totals with such an amount on to the figures that are computed from them,
/// with the amount by which each would move, and lowers their verdicts. What was handed on before
/// is done again.
pub(crate) fn pass_edges(figures: &mut [Indicator]) {
    for figure in figures.iter_mut().filter(|one| own_edges(one).is_empty()) {
        let passed = [PASSED_GAPS, PASSED_INTERVALS].concat();
        figure.remarks.retain(|said| !passed.contains(&&*said.key));
        figure.uncertainty.reach = IntervalReach::default();
    }
    let mut passed: BTreeMap<(usize, bool), PassedAmount> = BTreeMap::new();
    for (kind, roots) in edge_causes(figures) {
        let beyond = |root: usize| {
            let value = *figures[root].value.as_ref().ok()?;
            let reach = figures[root].uncertainty.reach;
            Some(match kind {
                EdgeKind::Closing => (root, value + reach.up),
                _ => (root, value - reach.down),
            })
        };
        let moved: BTreeMap<usize, f64> = roots.iter().copied().filter_map(beyond).collect();
        for (at, now) in moved_figures(figures, &moved) {
            let Ok(value) = figures[at].value else {
                continue;
            };
            let (reach, from) = passed.entry((at, kind == EdgeKind::Gap)).or_default();
            reach.down += (value - now).max(0.0);
            reach.up += (now - value).max(0.0);
            let own = roots.iter().map(|root| &figures[*root]);
            let own = own.filter(|root| stands_on(figures, &figures[at], root, 0));
            from.extend(own.map(|root| Arc::clone(&root.id)));
        }
    }
    for ((at, is_gap), (reach, from)) in passed {
        if own_edges(&figures[at]).is_empty() {
            mark_passed(&mut figures[at], is_gap, (reach, from));
        }
    }
}

/// Marks a figure that is computed from totals with such an amount.
fn mark_passed(
    figure: &mut Indicator,
    is_gap: bool,
    (reach, from): (IntervalReach, BTreeSet<Arc<str>>),
) {
    let value = figure.value.as_ref().map_or(0.0, |value| value.abs());
    let is_more = |amount: f64, share: f64| amount > share * value;
    if !is_more(reach.down.max(reach.up), NEGLIGIBLE_SHARE) {
        return;
    }
    figure.uncertainty.reach.down += reach.down;
    figure.uncertainty.reach.up += reach.up;
    if [ValueBound::Upper, ValueBound::Either].contains(&figure.bound()) {
        // Told already: the total itself is an upper bound.
        return;
    }
    let is_benefit = figure.side != RoundingDirection::Burden;
    let verdict = if is_benefit && is_more(reach.down, SHARE_MAX) {
        ClaimVerdict::NotClaimed(NotClaimedReason::UpperBound)
    } else if is_gap {
        ClaimVerdict::Doubtful
    } else {
        ClaimVerdict::Claimable
    };
    figure.claim = ClaimVerdict::combine([figure.claim, verdict]);
    let [down, up] = if is_gap {
        PASSED_GAPS
    } else {
        PASSED_INTERVALS
    };
    let told = if reach.down >= reach.up {
        [(down, reach.down), (up, reach.up)]
    } else {
        [(up, reach.up), (down, reach.down)]
    };
    // Of a gap, the side to which the figure moves more; of readings that are always apart, both.
    let told = told.into_iter().take(if is_gap { 1 } else { 2 });
    let told = told.filter(|(_, amount)| is_more(*amount, NEGLIGIBLE_SHARE));
    let unit = Arc::clone(&figure.unit);
    for (key, amount) in told {
        let said = from.iter().map(|from| {
            IndicatorRemark::new(key)
                .with_arg("figure", from)
                .with_arg("amount", ExactNumber::Float(amount).short_digits())
                .with_arg("unit", &unit)
        });
        figure.remarks.extend(said);
    }
}

/// Totals with such an amount: those of one kind whose readings began together are moved together.
fn edge_causes(figures: &[Indicator]) -> Vec<(EdgeKind, Vec<usize>)> {
    let own = |(at, one): (usize, &Indicator)| {
        let edges = own_edges(one).into_iter();
        edges
            .map(|(kind, begin)| (kind, begin, at))
            .collect::<Vec<_>>()
    };
    let mut own: Vec<(EdgeKind, DateTime, usize)> =
        figures.iter().enumerate().flat_map(own).collect();
    own.sort_unstable();
    let mut all: Vec<(EdgeKind, DateTime, Vec<usize>)> = Vec::new();
    for (kind, begin, root) in own {
        let is_together = |(of, first, _): &&mut (EdgeKind, DateTime, Vec<usize>)| {
            *of == kind && first.duration_until(begin).as_mins() <= TOGETHER_MINUTES
        };
        match all.last_mut().filter(is_together) {
            Some((_, _, roots)) => roots.push(root),
            None => all.push((kind, begin, vec![root])),
        }
    }
    all.into_iter()
        .map(|(kind, _, roots)| (kind, roots))
        .collect()
}

/// Amounts of a total itself, each with the local time of the reading before; none for a figure
/// that is computed from others.
fn own_edges(one: &Indicator) -> Vec<(EdgeKind, DateTime)> {
    let is_of_readings = |input: &IndicatorInput| matches!(input.from, InputSource::Point(_));
    if one.value.is_err() || !one.inputs.iter().any(is_of_readings) {
        return Vec::new();
    }
    let begun = |kind: EdgeKind| {
        let mut said = one.remarks.iter();
        let said = said.find(|said| kind.keys().contains(&&*said.key))?;
        let (_, begin) = said.args.iter().find(|(name, _)| *name == BEGIN_ARG)?;
        Some((kind, begin.parse().ok()?))
    };
    EdgeKind::ALL.into_iter().filter_map(begun).collect()
}
