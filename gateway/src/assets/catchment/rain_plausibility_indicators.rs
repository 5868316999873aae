//! Plausibility of measured rain: by its greatest day, and by its mean over a month.

use crate::domain::claim_verdict::{ClaimVerdict, NotClaimedReason};
use crate::domain::indicator::{Indicator, IndicatorRemark};
use crate::formulas::claim_rounding::{self, RoundingMode};
use crate::formulas::count_as_f64;
use crate::indicators::figure_context::FigureBuilder;
use crate::indicators::totaliser::Totaliser;

/// Rain of a day above which it is to be checked, mm: Jakarta had 377 mm on 1 January 2020, and the
/// wettest days of Indonesia had about 500 (BMKG calls 150 mm extreme).
const DAY_USUAL: f64 = 500.0;
/// Greatest rain of a day ever measured, mm: Foc-Foc, La Reunion, 1966 (WMO).
const DAY_MAX: f64 = 1825.0;
/// Rain of a month above which it is to be checked, mm: the wettest months of the wettest stations
/// of Indonesia have about 1,000.
const MONTH_USUAL: f64 = 1500.0;
/// Greatest rain of a month ever measured, mm: Cherrapunji, July 1861 (WMO).
const MONTH_MAX: f64 = 9300.0;
/// Days of a month, from which the mean counts.
const MONTH_DAYS: usize = 28;
/// Days over which such a month would last.
const LONGEST_MONTH: f64 = 31.0;

/// The rain with its verdict, by the running totals at the end of each day, mm.
pub(super) fn judge_rain(figure: Indicator, gauge: Option<&Totaliser>) -> Indicator {
    let (Some(gauge), Ok(total)) = (gauge, figure.value.as_ref().copied()) else {
        return figure;
    };
    let ends = gauge.day_ends();
    let mut before = 0.0;
    let of_day = ends.iter().map(|end| {
        let rain = end - before;
        before = *end;
        rain
    });
    let day = of_day.fold(0.0, f64::max);
    let month = if ends.len() < MONTH_DAYS {
        0.0
    } else {
        total / count_as_f64(ends.len()) * LONGEST_MONTH
    };
    let judged = [
        (
            day,
            [DAY_USUAL, DAY_MAX],
            ["account-unusual-rain-day", "account-implausible-rain-day"],
        ),
        (
            month,
            [MONTH_USUAL, MONTH_MAX],
            [
                "account-unusual-rain-month",
                "account-implausible-rain-month",
            ],
        ),
    ];
    judged
        .into_iter()
        .fold(figure, |figure, (found, ends, keys)| {
            let ([usual, most], [unusual, impossible]) = (ends, keys);
            let (key, verdict, limit) = if found > most {
                let verdict = ClaimVerdict::NotClaimed(NotClaimedReason::Implausible);
                (impossible, verdict, most)
            } else if found > usual {
                (unusual, ClaimVerdict::Doubtful, usual)
            } else {
                return figure;
            };
            let found = claim_rounding::round_decimals(found, 0, RoundingMode::Nearest);
            let remark = IndicatorRemark::new(key)
                .with_arg("found", found)
                .with_arg("most", limit);
            figure.with_remark(remark).with_verdict(verdict)
        })
}
