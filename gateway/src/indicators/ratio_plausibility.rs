//! [`judge_ratios`]: ratios that nobody has published are not plausible and not claimed, and those
//! near the border of what is possible are to be checked (`config/ratio_ranges.toml`).

use crate::config::ratio_ranges::{RatioRange, ratio_range};
use crate::domain::claim_verdict::{ClaimVerdict, NotClaimedReason};
use crate::domain::indicator::{Indicator, IndicatorRemark};
use crate::formulas::claim_rounding::round_digits;
use crate::indicators::figure_context::FigureBuilder;

/// Share of an end of a range by which a ratio may be beyond it: rounding.
const ROUNDING: f64 = 1e-9;
/// Digits of a ratio in a remark.
const RATIO_DIGITS: usize = 3;

/// Gives each ratio its verdict. May be called again when there are more figures.
pub(crate) fn judge_ratios(figures: &mut [Indicator]) {
    for figure in figures.iter_mut() {
        let judged = figure.value.as_ref().ok().zip(ratio_range(&figure.id));
        let Some((verdict, remark)) = judged.and_then(|(value, range)| doubt(*value, range)) else {
            continue;
        };
        *figure = figure.clone().with_verdict(verdict).with_remark(remark);
    }
}

fn doubt(value: f64, range: &RatioRange) -> Option<(ClaimVerdict, IndicatorRemark)> {
    let is_within = |(low, high): (f64, f64)| {
        value >= low - ROUNDING * low.abs() && value <= high + ROUNDING * high.abs()
    };
    let (verdict, key, ends) = if !is_within(range.claimed) {
        let verdict = ClaimVerdict::NotClaimed(NotClaimedReason::Implausible);
        (verdict, "account-implausible-ratio", range.claimed)
    } else if !is_within(range.usual) {
        (ClaimVerdict::Doubtful, "account-unusual-ratio", range.usual)
    } else {
        return None;
    };
    let remark = IndicatorRemark::new(key)
        .with_arg("found", round_digits(value, RATIO_DIGITS))
        .with_arg("unit", &range.unit)
        .with_arg("usual", range.text(ends));
    Some((verdict, remark))
}
