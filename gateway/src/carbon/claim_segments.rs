//! Stretches of the period for which a plant may claim: the days on which one of its baselines and
//! all factors of that baseline hold, cut where a share of biodiesel changes.
//!
//! ```text
//! 2026, GENSET until 30 June, GRID since 1 July
//! BE = BE of 1 January to 30 June + BE of 1 July to 31 December
//! ```

use crate::assets::Baseline;
use crate::assets::genset::indicators as genset;
use crate::carbon::known_indicators::KnownIndicators;
use crate::domain::indicator::{
    CompletenessShares, DailyValues, Indicator, IndicatorRemark, IndicatorSpec, InputSource,
    ValueOrigin,
};
use crate::domain::input_part::day_parts;
use crate::domain::period::Period;
use crate::formulas::claim_rounding::{RoundingMode, round_decimals};
use crate::formulas::{FormulaStatus, count_as_f64, finite_ratio};
use crate::indicators::coverage::lowest_completeness;
use crate::indicators::figure_context::{
    FigureBuilder, FigureContext, formula_input, status_remark,
};
use crate::indicators::uncertainty::RelativeUncertainty;
use jiff::civil::Date;

/// Decimals of the emissions of a stretch in its remark, t: grams.
const SEGMENT_DECIMALS: i32 = 6;

/// Rule by which emissions of fuel fall on days: by the fuel of these days.
const BY_FUEL: &str = "PE · Σ F_d / F";

/// Days of the period for which one baseline holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClaimSegment<'a> {
    pub(crate) baseline: &'a Baseline,
    pub(crate) first: Date,
    pub(crate) last: Date,
}

impl ClaimSegment<'_> {
    pub(crate) fn contains(&self, day: Date) -> bool {
        (self.first..=self.last).contains(&day)
    }

    fn is_whole(&self, period: Period) -> bool {
        (self.first, self.last) == (period.first(), period.last())
    }
}

/// The stretches in order, or the remark that says why there is none.
pub(crate) fn claim_segments(
    period: Period,
    baselines: &[Baseline],
) -> Result<Vec<ClaimSegment<'_>>, IndicatorRemark> {
    let mut all = Vec::new();
    let mut why = IndicatorRemark::new("account-no-baseline");
    for baseline in baselines {
        match claimed_days(period, baseline) {
            Ok(days) => all.extend(cut_at_blends(baseline, days)),
            Err(remark) => why = remark,
        }
    }
    if all.is_empty() { Err(why) } else { Ok(all) }
}

/// First and last day of the period on which the baseline and its factors hold.
fn claimed_days(period: Period, baseline: &Baseline) -> Result<(Date, Date), IndicatorRemark> {
    let days = baseline.days;
    if let Some(since) = days.since.filter(|since| *since > period.last()) {
        return Err(IndicatorRemark::new("account-baseline-later").with_arg("date", since));
    }
    let Some((mut first, mut last)) = days.within(period) else {
        let until = days.until.unwrap_or(period.last());
        return Err(IndicatorRemark::new("account-baseline-ended").with_arg("date", until));
    };
    for factor in baseline.kind.factors() {
        first = first.max(factor.valid_from.unwrap_or(first));
        last = last.min(factor.valid_to.unwrap_or(last));
        if first > last {
            let remark = IndicatorRemark::new("account-factor-expired");
            let remark = remark.with_arg("factor", &factor.id);
            return Err(remark.with_arg("validity", factor.validity()));
        }
    }
    Ok((first, last))
}

fn cut_at_blends(baseline: &Baseline, (first, last): (Date, Date)) -> Vec<ClaimSegment<'_>> {
    let blends = baseline.kind.fuel().map_or(&[][..], |fuel| &fuel.blends);
    let cuts = blends.iter().map(|blend| blend.from);
    let cuts = cuts.filter(|from| (first..=last).contains(from) && *from > first);
    let starts: Vec<Date> = [first].into_iter().chain(cuts).collect();
    let ends = starts.iter().skip(1);
    let ends = ends.filter_map(|next| next.yesterday().ok()).chain([last]);
    let segment = |(first, last): (&Date, Date)| ClaimSegment {
        baseline,
        first: *first,
        last,
    };
    starts.iter().zip(ends).map(segment).collect()
}

/// Figure of the period from the figures of its stretches. What cannot be computed for one of them
/// is not claimed, and a remark names its days.
pub(crate) fn sum_of_claims(
    desk: &FigureContext<'_>,
    spec: &IndicatorSpec<'_>,
    parts: &[(ClaimSegment<'_>, Indicator)],
) -> Indicator {
    let period = desk.span.period;
    let days = |key: &str, segment: &ClaimSegment<'_>| {
        let remark = IndicatorRemark::new(key);
        let remark = remark.with_arg("first", segment.first);
        remark.with_arg("last", segment.last)
    };
    let counted: Vec<&(ClaimSegment<'_>, Indicator)> = parts
        .iter()
        .filter(|(_, part)| part.value.is_ok())
        .collect();
    match (counted.as_slice(), parts.first()) {
        ([(segment, part)], _) => {
            let figure = Indicator {
                period,
                ..part.clone()
            };
            if segment.is_whole(period) {
                return figure;
            }
            return figure.with_remark(days("account-baseline-part", segment));
        }
        ([], Some((_, part))) => {
            return Indicator {
                period,
                ..part.clone()
            };
        }
        _ => {}
    }
    let mut figure = sum_of_parts(desk, spec, &counted);
    for (segment, part) in parts {
        figure = match part.value {
            Ok(value) => figure.with_remark(
                days("account-baseline-segment", segment)
                    .with_arg("code", segment.baseline.kind.code())
                    .with_arg(
                        "value",
                        round_decimals(value, SEGMENT_DECIMALS, RoundingMode::Nearest),
                    ),
            ),
            Err(_) => figure.with_remark(days("account-baseline-unclaimed", segment)),
        };
    }
    let counted: Vec<&ClaimSegment<'_>> = counted.iter().map(|(segment, _)| segment).collect();
    match part_remark(period, &counted) {
        Some(remark) => figure.with_remark(remark),
        None => figure,
    }
}

/// Says which days of the period several stretches cover; `None` when that is all of them.
fn part_remark(period: Period, counted: &[&ClaimSegment<'_>]) -> Option<IndicatorRemark> {
    let days = |first: Date, last: Date| {
        let all = first.series(jiff::Span::new().days(1));
        all.take_while(|day| *day <= last).count()
    };
    let first = counted.iter().map(|one| one.first).min()?;
    let last = counted.iter().map(|one| one.last).max()?;
    let covered: usize = counted.iter().map(|one| days(one.first, one.last)).sum();
    let all = days(period.first(), period.last());
    if covered >= all {
        return None;
    }
    if covered < days(first, last) {
        let remark = IndicatorRemark::new("account-baseline-days").with_arg("count", covered);
        return Some(remark.with_arg("all", all));
    }
    let remark = IndicatorRemark::new("account-baseline-part").with_arg("first", first);
    Some(remark.with_arg("last", last))
}

/// Sum of the figures of several stretches.
fn sum_of_parts(
    desk: &FigureContext<'_>,
    spec: &IndicatorSpec<'_>,
    counted: &[&(ClaimSegment<'_>, Indicator)],
) -> Indicator {
    let parts: Vec<&Indicator> = counted.iter().map(|(_, part)| part).collect();
    let values: Vec<(f64, &Indicator)> = parts
        .iter()
        .filter_map(|part| Some((*part.value.as_ref().ok()?, *part)))
        .collect();
    let inputs = values.iter().map(|(value, part)| {
        let from = InputSource::Part(Box::new((*part).clone()));
        formula_input("x", Some(*value), &part.unit, from)
    });
    let units = parts.iter().map(|part| &*part.unit);
    // A sum of `tCO2` and `tCO2e` contains other gases.
    let unit = units.max_by_key(|unit| unit.len()).unwrap_or(spec.unit);
    let spec = spec.computed_by("C.9", "Σ x").in_unit(unit);
    let terms: Vec<(f64, RelativeUncertainty)> = values
        .iter()
        .map(|(value, part)| (*value, RelativeUncertainty::from_indicator(part)))
        .collect();
    let origin = ValueOrigin::weakest(parts.iter().map(|part| part.origin));
    let figure = desk
        .figure(
            &spec,
            Ok(values.iter().map(|(value, _)| value).sum()),
            inputs.collect(),
        )
        .with_completeness(lowest_completeness(
            parts.iter().map(|part| part.completeness),
        ))
        // One meter measures all stretches, so that their errors go the same way.
        .with_uncertainty(RelativeUncertainty::of_sum(&terms, true))
        .with_parts(&parts);
    match origin {
        Some(origin) => figure.with_origin(origin),
        None => figure,
    }
}

/// The known figures, with those of `reduced` (asset and figure) reduced to the days that count:
/// the sum of their daily values.
pub(crate) fn known_of_days(
    desk: &FigureContext<'_>,
    known: KnownIndicators<'_>,
    reduced: &[(&str, &IndicatorSpec<'_>)],
    counts: impl Fn(Date) -> bool + Copy,
) -> Vec<Indicator> {
    let is_reduced = |one: &Indicator| {
        let mut all = reduced.iter();
        all.any(|(asset, spec)| one.asset.as_deref() == Some(*asset) && *spec.id == *one.id)
    };
    let reduce = |one: &Indicator| {
        if is_reduced(one) {
            figure_of_days(desk, one, counts)
        } else {
            one.clone()
        }
    };
    known.iter().map(reduce).collect()
}

/// The part of a total that falls on the days that count.
fn figure_of_days(
    desk: &FigureContext<'_>,
    whole: &Indicator,
    counts: impl Fn(Date) -> bool,
) -> Indicator {
    let period = whole.period;
    let mut days = period.first().series(jiff::Span::new().days(1));
    let is_whole = days
        .by_ref()
        .take_while(|day| period.contains(*day))
        .all(&counts);
    let Ok(value) = whole.value else {
        return whole.clone();
    };
    if is_whole {
        return whole.clone();
    }
    let width = RelativeUncertainty::from_indicator(whole);
    let mut figure = whole.clone();
    // The CO2 of a genset follows its fuel, day by day.
    let measured = if *whole.id == *genset::CO2.id {
        genset::FUEL.id
    } else {
        &*whole.id
    };
    let mut series = desk.daily.iter();
    let series = series.find(|one| *one.id == *measured && one.asset == whole.asset);
    let Some(series) = series else {
        // Nobody knows on which day the fuel of a receipt was burnt: all of it counts.
        return figure.with_remark(IndicatorRemark::new("account-not-by-day"));
    };
    let counted: Vec<(f64, CompletenessShares)> = days_that_count(series, counts);
    if counted.is_empty() {
        figure.value = Err(status_remark(FormulaStatus::NoData));
        return figure;
    }
    let sum: f64 = counted.iter().map(|(value, _)| value).sum();
    figure.value = Ok(if *measured == *whole.id {
        sum
    } else {
        let all: f64 = days_that_count(series, |_| true)
            .iter()
            .map(|one| one.0)
            .sum();
        value * finite_ratio(sum, all).unwrap_or_default()
    });
    let mean = |share: fn(&CompletenessShares) -> Option<f64>| {
        let known: Vec<f64> = counted
            .iter()
            .filter_map(|(_, shares)| share(shares))
            .collect();
        (!known.is_empty()).then(|| known.iter().sum::<f64>() / count_as_f64(known.len()))
    };
    let completeness = CompletenessShares {
        all: mean(|shares| shares.all),
        daylight: mean(|shares| shares.daylight),
    };
    figure
        .with_completeness(completeness)
        .with_uncertainty(width)
}

/// Lists the days that count below the inputs of a figure that are reduced to them.
pub(crate) fn list_days(
    desk: &FigureContext<'_>,
    figure: &mut Indicator,
    whole: KnownIndicators<'_>,
    counts: impl Fn(Date) -> bool,
) {
    for input in &mut figure.inputs {
        let InputSource::Indicator { id, asset } = &input.from else {
            continue;
        };
        let mut all = whole.iter();
        let of = all.find(|one| one.id == *id && one.asset == *asset);
        let of = of.and_then(|one| one.value.as_ref().ok());
        let is_reduced = of
            .zip(input.value)
            .is_some_and(|(of, now)| (of - now).abs() > 0.0);
        if !is_reduced {
            continue;
        }
        let mut series = desk.daily.iter();
        let series = series.find(|one| one.id == *id && one.asset == *asset);
        match series {
            Some(series) => {
                let days = series.days.iter().filter(|(date, ..)| counts(*date));
                let days = days.filter_map(|(date, value, _)| Some((*date, (*value)?)));
                input.parts = day_parts(days);
            }
            None => input.rule = BY_FUEL,
        }
    }
}

fn days_that_count(
    series: &DailyValues,
    counts: impl Fn(Date) -> bool,
) -> Vec<(f64, CompletenessShares)> {
    let days = series.days.iter().filter(|(date, ..)| counts(*date));
    days.filter_map(|(_, value, shares)| Some(((*value)?, *shares)))
        .collect()
}
