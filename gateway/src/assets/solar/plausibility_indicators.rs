//! Plausibility of a plant's generation: what its capacity, its irradiance and the sky allow.

use crate::assets::solar::formulas::PR_MAX;
use crate::assets::solar::plts_sums::PltsSums;
use crate::assets::{IrradiancePlane, PvSystemType};
use crate::domain::claim_verdict::{ClaimVerdict, NotClaimedReason};
use crate::domain::indicator::{Indicator, IndicatorRemark};
use crate::formulas::claim_rounding::{self, RoundingMode};
use crate::indicators::asset_sums::AssetReadings;
use crate::indicators::figure_context::FigureBuilder;

/// Insolation below which a yield says little about plausibility, kWh/m2: half a day.
const INSOLATION_MIN: f64 = 3.0;
/// Yield above its highest possible value that is still put down to meters and rounding.
const METER_MARGIN: f64 = 1.05;
/// Highest ratio of the yield to the insolation of a horizontal sensor.
// A tilted plane gets more light than a horizontal one; see `TILT_GAIN_MAX` of the clear sky.
const HORIZONTAL_RATIO_MAX: f64 = 1.3;
/// Share of the clear sky's insolation above which a plant yields more than any does for a week.
// The sunniest months of the sunniest places have nine tenths of it, and good plants lose a sixth.
const HIGH_YIELD_SHARE: f64 = 0.85;
/// Share of the clear sky's insolation below which a plant yields hardly anything.
const LOW_YIELD_SHARE: f64 = 0.03;
/// Hours from which a low or high yield is remarkable, and the share of them that must be measured.
const LOW_YIELD_HOURS: f64 = 7.0 * 24.0;
const LOW_YIELD_COMPLETENESS: f64 = 0.9;

fn rounded(value: f64, decimals: i32) -> f64 {
    claim_rounding::round_decimals(value, decimals, RoundingMode::Nearest)
}

impl PltsSums<'_> {
    /// The generation with its verdict: not plausible beyond what the light allows, doubtful far
    /// below it.
    pub(super) fn judge_generation(
        &self,
        read: &AssetReadings<'_>,
        generation: Indicator,
    ) -> Indicator {
        let Ok(energy) = generation.value else {
            return generation;
        };
        let yield_h = energy / self.yield_kwp(read);
        if let Some(remark) = self.reason_too_high(read, energy, yield_h) {
            return generation
                .with_remark(remark)
                .with_verdict(ClaimVerdict::NotClaimed(NotClaimedReason::Implausible));
        }
        let doubt = self
            .reason_high(read, yield_h)
            .or_else(|| self.reason_too_low(read, &generation, yield_h));
        match doubt {
            Some(remark) => generation
                .with_remark(remark)
                .with_verdict(ClaimVerdict::Doubtful),
            None => generation,
        }
    }

    fn reason_too_high(
        &self,
        read: &AssetReadings<'_>,
        energy: f64,
        yield_h: f64,
    ) -> Option<IndicatorRemark> {
        let span = read.desk.span;
        let (light, matched) = (self.sun.matched.0.value(), self.sun.matched.1.value());
        let ratio_max = match self.plant.plane {
            IrradiancePlane::Array => PR_MAX,
            IrradiancePlane::Horizontal | IrradiancePlane::Satellite => HORIZONTAL_RATIO_MAX,
        };
        let ratio = matched / self.yield_kwp(read) / light;
        if light >= INSOLATION_MIN && ratio > ratio_max {
            let remark = IndicatorRemark::new("account-implausible-irradiance");
            return Some(
                remark
                    .with_arg("found", rounded(ratio, 2))
                    .with_arg("most", rounded(ratio_max, 2)),
            );
        }
        let (_, sky) = span.clear_sky_kwh_m2(self.counted_since(read));
        if sky >= INSOLATION_MIN && yield_h > sky {
            let remark = IndicatorRemark::new("account-implausible-yield");
            return Some(
                remark
                    .with_arg("found", rounded(yield_h, 1))
                    .with_arg("most", rounded(sky, 1)),
            );
        }
        // A battery inverter also works at night.
        let hours = match self.plant.system {
            PvSystemType::GridTied | PvSystemType::PumpOnly => span.daylight_hours_passed(),
            PvSystemType::OffGrid => span.hours_passed(),
        };
        let rating = span.mean_by_day(|day| self.plant.ac_rating_on(day))?;
        let most = rating * hours * METER_MARGIN;
        (sky >= INSOLATION_MIN && self.counted_since(read) >= span.from && energy > most).then(
            || {
                IndicatorRemark::new("account-implausible-rating")
                    .with_arg("found", rounded(energy, 1))
                    .with_arg("most", rounded(most, 1))
            },
        )
    }

    /// A yield that needs a clear sky all the time and hardly any losses: possible for some days.
    fn reason_high(&self, read: &AssetReadings<'_>, yield_h: f64) -> Option<IndicatorRemark> {
        let span = read.desk.span;
        let (_, most) = span.clear_sky_kwh_m2(self.counted_since(read));
        let usual = most / HORIZONTAL_RATIO_MAX * HIGH_YIELD_SHARE;
        let is_told = span.hours_passed() >= LOW_YIELD_HOURS && yield_h > usual;
        is_told.then(|| {
            IndicatorRemark::new("account-high-yield")
                .with_arg("found", rounded(yield_h, 1))
                .with_arg("sky", rounded(usual, 1))
        })
    }

    /// A yield that is low for a plant that ran all the time; a plant that supplies a pump or a
    /// battery alone may rest for weeks.
    fn reason_too_low(
        &self,
        read: &AssetReadings<'_>,
        generation: &Indicator,
        yield_h: f64,
    ) -> Option<IndicatorRemark> {
        let span = read.desk.span;
        let share = generation.completeness.daylight.unwrap_or_default();
        let (sky, _) = span.clear_sky_kwh_m2(span.from);
        let is_told = self.plant.system == PvSystemType::GridTied
            && span.hours_passed() >= LOW_YIELD_HOURS
            && share >= LOW_YIELD_COMPLETENESS
            && yield_h < sky * LOW_YIELD_SHARE;
        is_told.then(|| {
            IndicatorRemark::new("account-low-yield")
                .with_arg("found", rounded(yield_h, 2))
                .with_arg("sky", rounded(sky, 0))
        })
    }

    /// Moment from which the energy is counted, ms: the last reading before the period, if that is
    /// earlier than the period.
    fn counted_since(&self, read: &AssetReadings<'_>) -> i64 {
        let lane = self.generation_total().map(|total| total.lane);
        let first = lane.and_then(|lane| read.tracks[lane].readings.first);
        first.map_or(read.desk.span.from, |(at, _)| at.0.min(read.desk.span.from))
    }
}
