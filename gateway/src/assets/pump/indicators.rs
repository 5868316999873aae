//! Water pump (METHODS B).

use crate::assets::pump::formulas::{PumpedWaterInput, pump_specific};
use crate::assets::pump::lift_indicators as lift;
use crate::assets::pump::pump_sums::PumpSums;
use crate::assets::solar::yield_indicators::INSOLATION;
use crate::assets::{AssetKind, PumpAsset};
use crate::carbon::known_indicators::find_indicator;
use crate::domain::claim_verdict::{ClaimVerdict, NotClaimedReason};
use crate::domain::indicator::{Indicator, IndicatorInput, IndicatorRemark, IndicatorSpec};
use crate::formulas::FormulaStatus;
use crate::formulas::claim_rounding::{RoundingMode, round_decimals};
use crate::indicators::asset_figures::{AssetFigures, SeriesAndSums, SumsRequest, boxed_sums};
use crate::indicators::asset_sums::{AssetIndicators, AssetReadings, AssetSums};
use crate::indicators::coverage::{lowest_completeness, point_source};
use crate::indicators::figure_context::{
    FigureBuilder, FigureContext, constant_input, figure_input, measured_input, setting_input,
    status_remark, value_or_status, with_days,
};
use crate::indicators::period_days::{HOUR_MS, PeriodDays, millis_to_f64};
use crate::indicators::totaliser::{Totaliser, is_counter_rejected, prefer_counter};
use crate::indicators::uncertainty::RelativeUncertainty;

pub(crate) const VOLUME: IndicatorSpec =
    IndicatorSpec::new("pump.volume", "m3", "G.5", "V = Σ (c₂ − c₁)");
pub(crate) const ENERGY: IndicatorSpec =
    IndicatorSpec::new("pump.energy", "kWh", "G.5", "E = Σ (c₂ − c₁)");
pub(crate) const SPECIFIC: IndicatorSpec =
    IndicatorSpec::new("pump.specific", "m3/kWh", "B.4", "V / E");
pub(crate) const ENERGY_PER_M3: IndicatorSpec =
    IndicatorSpec::new("pump.energy_per_m3", "kWh/m3", "B.4", "E / V");
pub(crate) const M3_PER_KWP_DAY: IndicatorSpec =
    IndicatorSpec::new("pump.m3_per_kwp_day", "m3/kWp/d", "B.4", "V / (P0 · d)");
pub(crate) const HOURS: IndicatorSpec = IndicatorSpec::new("pump.hours", "h", "B.8", "t");
pub(crate) const DRY_RUNS: IndicatorSpec = IndicatorSpec::new("pump.dry_runs", "", "B.8", "n");
pub(crate) const DRY_HOURS: IndicatorSpec = IndicatorSpec::new("pump.dry_hours", "h", "B.8", "t");

/// Rule by which readings are a dry run.
const DRY_RUN_RULE: &str = "n, P ≥ P_min, Q < Q_min";
/// Rule by which readings are a time of dry running.
const DRY_TIME_RULE: &str = "Σ τ, P ≥ P_min, Q < Q_min";

/// Share of the rated flow, all the time, beyond which a volume cannot be true.
// Without head a pump gives a little more than its rating, but never for a whole period.
const RATED_FLOW_MARGIN: f64 = 1.2;

/// Figures of a pump, in report order.
pub(crate) const INDICATORS: &[&IndicatorSpec] = &[
    &VOLUME,
    &ENERGY,
    &SPECIFIC,
    &ENERGY_PER_M3,
    &lift::HEAD,
    &lift::HYDRAULIC_ENERGY,
    &lift::EFFICIENCY,
    &M3_PER_KWP_DAY,
    &lift::PV_TO_WATER,
    &HOURS,
    &DRY_RUNS,
    &DRY_HOURS,
];

impl AssetFigures for PumpAsset {
    fn sums<'a>(&'a self, request: &SumsRequest<'a>) -> SeriesAndSums<'a> {
        boxed_sums(PumpSums::new(request.config, self))
    }

    fn dependent_figures(&self, desk: &FigureContext<'_>, known: &[Indicator]) -> Vec<Indicator> {
        let water = self.plts.as_deref().and_then(|id| {
            let mut assets = desk.config.assets.iter();
            let area = match &assets.find(|one| *one.id == *id)?.kind {
                AssetKind::Plts(plant) => plant.module_area_m2?,
                _ => return None,
            };
            let sun = find_indicator(known, &INSOLATION, id)?;
            let lifted = find_indicator(known, &lift::HYDRAULIC_ENERGY, desk.asset.as_deref()?)?;
            Some(lift::pv_to_water_figure(desk, (lifted, area), sun))
        });
        water.into_iter().collect()
    }
}

impl AssetSums for PumpSums<'_> {
    fn build_indicators(&self, read: &AssetReadings<'_>) -> AssetIndicators {
        let water = prefer_counter(self.volume.as_ref(), self.flow.as_ref());
        let energy = prefer_counter(self.energy.as_ref(), self.power.as_ref());
        let passed =
            |counter: &Option<Totaliser>, chosen| is_counter_rejected(counter.as_ref(), chosen);
        let volume = read
            .total_figure(&VOLUME, "V", water, FormulaStatus::NoData)
            .with_remark_if(passed(&self.volume, water), "account-counter-refused");
        let volume = self.judge_volume(read, water, volume);
        let electric = read
            .total_figure(&ENERGY, "E", energy, FormulaStatus::NoEnergy)
            .with_remark_if(passed(&self.energy, energy), "account-counter-refused");
        let days = water.map_or(0.0, |total| read.measured_solar_hours(total) / 24.0);
        let mut figures = self.specific_figures(read, (&volume, days), &electric);
        figures.extend(self.lift_figures(read, &volume, &electric));
        figures.extend(self.operation_figures(read));
        let mut daily = Vec::new();
        daily.extend(read.daily_totals(&VOLUME, water));
        daily.extend(read.daily_totals(&ENERGY, energy));
        // Inputs of the other figures, so made before them; the report lists them first.
        figures.splice(0..0, [volume, electric]);
        let counters = [self.energy.as_ref(), self.volume.as_ref()];
        AssetIndicators {
            figures,
            daily,
            events: read.data_events(&counters),
        }
    }
}

impl PumpSums<'_> {
    /// Specific volume and energy (METHODS B.4), of a volume and the days over which it was
    /// measured.
    fn specific_figures(
        &self,
        read: &AssetReadings<'_>,
        (v, days): (&Indicator, f64),
        e: &Indicator,
    ) -> Vec<Indicator> {
        let desk = read.desk;
        let mut all = Vec::new();
        let kwp = self.driver_kwp(desk.span);
        let number = |one: &Indicator| one.value.as_ref().ok().copied();
        let found = number(v).map(|v_m3| {
            pump_specific(&PumpedWaterInput {
                v_m3,
                e_kwh: number(e),
                p0_kwp: kwp,
                days,
                h_m: None,
            })
        });
        let still = match (number(v), number(e)) {
            (Some(_), Some(_)) => FormulaStatus::NoOperation,
            (None, _) => FormulaStatus::NoData,
            _ => FormulaStatus::NoEnergy,
        };
        let both = lowest_completeness([v.completeness, e.completeness]);
        let width = RelativeUncertainty::of_product(&[
            RelativeUncertainty::from_indicator(v),
            RelativeUncertainty::from_indicator(e),
        ]);
        let per_kwh = found.and_then(|one| one.m3_per_kwh);
        let per_m3 = found.and_then(|one| one.kwh_per_m3);
        for (spec, value) in [(&SPECIFIC, per_kwh), (&ENERGY_PER_M3, per_m3)] {
            let inputs = vec![figure_input("V", v), figure_input("E", e)];
            let figure = desk.figure(spec, value_or_status(value, still), inputs);
            all.push(figure.with_completeness(both).with_uncertainty(width));
        }
        if let Some(kwp) = kwp {
            let value = value_or_status(found.and_then(|one| one.m3_per_kwp_day), still);
            let inputs = vec![
                figure_input("V", v),
                setting_input("P0", kwp, "kWp", "capacity_kwp"),
                constant_input("d", days, "d", "measured"),
            ];
            let figure = desk.figure(&M3_PER_KWP_DAY, value, inputs);
            all.push(
                figure
                    .with_completeness(v.completeness)
                    .with_uncertainty(RelativeUncertainty::from_indicator(v)),
            );
        }
        all
    }

    /// The volume with its verdict: more than the pump can have given is not plausible.
    fn judge_volume(
        &self,
        read: &AssetReadings<'_>,
        water: Option<&Totaliser>,
        volume: Indicator,
    ) -> Indicator {
        let span = read.desk.span;
        let first = water.and_then(|water| read.tracks[water.lane].readings.first);
        // A counter may have been read last before the period.
        let since = first.map_or(span.from, |(at, _)| at.0.min(span.from));
        let hours = millis_to_f64(span.to - since) / HOUR_MS;
        let most = self
            .pump
            .rated_flow_m3_h
            .map(|rated| rated * hours * RATED_FLOW_MARGIN);
        match (&volume.value, most) {
            (Ok(found), Some(most)) if *found > most => {
                let round = |value| round_decimals(value, 1, RoundingMode::Nearest);
                let remark = IndicatorRemark::new("account-implausible-flow")
                    .with_arg("found", round(*found))
                    .with_arg("most", round(most));
                volume
                    .with_remark(remark)
                    .with_verdict(ClaimVerdict::NotClaimed(NotClaimedReason::Implausible))
            }
            _ => volume,
        }
    }

    /// Nameplate of the plant that drives the pump, kWp.
    fn driver_kwp(&self, span: &PeriodDays) -> Option<f64> {
        let id = self.pump.plts.as_ref()?;
        let mut assets = self.config.assets.iter();
        match &assets.find(|asset| asset.id == *id)?.kind {
            AssetKind::Plts(plant) => span.mean_by_day(|day| Some(plant.capacity_on(day))),
            _ => None,
        }
    }

    /// Running hours and dry runs (METHODS B.8).
    fn operation_figures(&self, read: &AssetReadings<'_>) -> Vec<Indicator> {
        let mut all = Vec::new();
        if let Some(hours) = &self.hours {
            all.push(hours.figure(read, &HOURS));
        }
        let Some(dry) = &self.dry else {
            let none = Err(IndicatorRemark::new("account-no-rating"));
            all.push(read.desk.figure(&DRY_RUNS, none, Vec::new()));
            return all;
        };
        let share = read.tracks[dry.flow].completeness(read.desk.span);
        let power = self.power.as_ref();
        let power = power.map(|power| read.readings_input("P", power.lane));
        let any = share.all.is_some_and(|share| share > 0.0);
        #[expect(clippy::cast_precision_loss, reason = "a count of events")]
        let figures = [
            (&DRY_RUNS, "n", DRY_RUN_RULE, dry.runs as f64),
            (&DRY_HOURS, "t", DRY_TIME_RULE, dry.ms / HOUR_MS),
        ];
        for (spec, symbol, rule, value) in figures {
            let from = point_source(read.tracks, dry.flow);
            let counted = measured_input((symbol, rule), Some(value), spec.unit, from);
            let counted = match symbol {
                "t" => with_days(counted, &dry.days, read.desk.span),
                _ => counted,
            };
            let inputs: Vec<IndicatorInput> = [counted].into_iter().chain(power.clone()).collect();
            // Without any reading of the flow, "0 dry runs" would claim what nothing measured.
            let value = if any {
                Ok(value)
            } else {
                Err(status_remark(FormulaStatus::NoData))
            };
            let figure = read.desk.figure(spec, value, inputs);
            all.push(figure.with_completeness(share));
        }
        all
    }
}
