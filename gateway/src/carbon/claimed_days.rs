//! Days of the period for which a plant may claim: those on which its baseline and all factors of
//! the baseline hold.

use crate::assets::Baseline;
use crate::carbon::known_indicators::KnownIndicators;
use crate::domain::indicator::{
    CompletenessShares, DailyValues, Indicator, IndicatorRemark, IndicatorSpec,
};
use crate::domain::period::Period;
use crate::formulas::FormulaStatus;
use crate::formulas::count_as_f64;
use crate::indicators::figure_context::{FigureBuilder, FigureContext, status_remark};
use crate::indicators::uncertainty::RelativeUncertainty;
use jiff::civil::Date;

/// First and last day of the period on which the baseline and its factors hold, or the remark that
/// says why there is none.
pub(crate) fn claimed_days(
    period: Period,
    baseline: &Baseline,
) -> Result<(Date, Date), IndicatorRemark> {
    let (begin, end) = (period.first(), period.last());
    if let Some(since) = baseline.since.filter(|since| *since > end) {
        return Err(IndicatorRemark::new("account-baseline-later").with_arg("date", since));
    }
    if let Some(until) = baseline.until.filter(|until| *until < begin) {
        return Err(IndicatorRemark::new("account-baseline-ended").with_arg("date", until));
    }
    let mut first = begin.max(baseline.since.unwrap_or(begin));
    let mut last = end.min(baseline.until.unwrap_or(end));
    for factor in baseline.kind.factors() {
        first = first.max(factor.valid_from.unwrap_or(first));
        last = last.min(factor.valid_to.unwrap_or(last));
        if first > last {
            let remark = IndicatorRemark::new("account-factor-expired");
            let remark = remark.with_arg("factor", &factor.id);
            return Err(remark.with_arg("validity", factor.validity()));
        }
    }
    if first > last {
        return Err(IndicatorRemark::new("account-baseline-ended").with_arg("date", last));
    }
    Ok((first, last))
}

/// The known figures, with those of `specs` of an asset reduced to the days of the context: the sum
/// of their daily values.
pub(crate) fn known_of_days(
    desk: &FigureContext<'_>,
    known: KnownIndicators<'_>,
    asset: &str,
    specs: &[&IndicatorSpec<'_>],
) -> Vec<Indicator> {
    let is_reduced = |one: &Indicator| {
        one.asset.as_deref() == Some(asset) && specs.iter().any(|spec| *spec.id == *one.id)
    };
    let reduce = |one: &Indicator| {
        if is_reduced(one) {
            figure_of_days(desk, one)
        } else {
            one.clone()
        }
    };
    known.iter().map(reduce).collect()
}

fn figure_of_days(desk: &FigureContext<'_>, whole: &Indicator) -> Indicator {
    let mut figure = whole.clone();
    if whole.value.is_err() {
        return figure;
    }
    let mut series = desk.daily.iter();
    let series = series.find(|one| one.id == whole.id && one.asset == whole.asset);
    let days: Vec<(Option<f64>, CompletenessShares)> =
        series.map_or_else(Vec::new, |series| days_within(series, desk.span.period));
    if days.iter().all(|(value, _)| value.is_none()) {
        figure.value = Err(status_remark(FormulaStatus::NoData));
        return figure;
    }
    let width = RelativeUncertainty::from_indicator(whole);
    figure.value = Ok(days.iter().filter_map(|(value, _)| *value).sum());
    let mean = |share: fn(&CompletenessShares) -> Option<f64>| {
        let known: Vec<f64> = days
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

fn days_within(series: &DailyValues, period: Period) -> Vec<(Option<f64>, CompletenessShares)> {
    let days = series.days.iter();
    let days = days.filter(|(date, ..)| period.contains(*date));
    days.map(|(_, value, shares)| (*value, *shares)).collect()
}
