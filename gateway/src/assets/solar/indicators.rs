//! Photovoltaic plant (METHODS A, C.7).

use crate::assets::PvPlantAsset;
use crate::assets::solar::plts_sums::PltsSums;
use crate::assets::solar::yield_indicators as yields;
use crate::carbon::avoided_emissions::carbon_figures;
use crate::carbon::formulas::grid_emissions::self_consumption;
use crate::domain::claim_verdict::{ClaimVerdict, NotClaimedReason};
use crate::domain::indicator::{
    CompletenessShares, DailyValues, Indicator, IndicatorRemark, IndicatorSpec, ValueOrigin,
};
use crate::formulas::FormulaStatus;
use crate::indicators::asset_figures::{AssetFigures, SeriesAndSums, SumsRequest, boxed_sums};
use crate::indicators::asset_sums::{AssetIndicators, AssetReadings, AssetSums, BY_DIFFERENCE};
use crate::indicators::coverage::lowest_completeness;
use crate::indicators::figure_context::{
    FigureBuilder, FigureContext, FigureValue, figure_input, status_remark,
};
use crate::indicators::totaliser::{Totaliser, is_counter_rejected};
use crate::indicators::uncertainty::RelativeUncertainty;

pub(crate) const GENERATION: IndicatorSpec =
    IndicatorSpec::new("plts.generation", "kWh", "G.5", "E = Σ (c₂ − c₁)");
pub(crate) const EXPORT: IndicatorSpec =
    IndicatorSpec::new("plts.export", "kWh", "G.5", "E_export = Σ (c₂ − c₁)");
pub(crate) const IMPORT: IndicatorSpec =
    IndicatorSpec::new("plts.import", "kWh", "G.5", "E_import = Σ (c₂ − c₁)");
pub(crate) const PROJECT_IMPORT: IndicatorSpec =
    IndicatorSpec::new("plts.project_import", "kWh", "G.5", "E = Σ (c₂ − c₁)");
pub(crate) const SELF_USE: IndicatorSpec =
    IndicatorSpec::new("plts.self_use", "kWh", "C.7", "E_self = E − E_export");
pub(crate) const SELF_CONSUMPTION: IndicatorSpec =
    IndicatorSpec::new("plts.self_consumption", "%", "C.7", "100 · E_self / E");
pub(crate) const SELF_SUFFICIENCY: IndicatorSpec = IndicatorSpec::new(
    "plts.self_sufficiency",
    "%",
    "C.7",
    "100 · E_self / (E_self + E_import)",
);

/// Figures of a plant, in report order.
pub(crate) const INDICATORS: &[&IndicatorSpec] = &[
    &GENERATION,
    &yields::DC_ENERGY,
    &EXPORT,
    &IMPORT,
    &PROJECT_IMPORT,
    &SELF_USE,
    &SELF_CONSUMPTION,
    &SELF_SUFFICIENCY,
    &yields::SPECIFIC_YIELD,
    &yields::INSOLATION,
    &yields::REFERENCE_YIELD,
    &yields::ARRAY_YIELD,
    &yields::FINAL_YIELD,
    &yields::PR,
    &yields::CAPTURE_LOSS,
    &yields::SYSTEM_LOSS,
    &yields::PR_TEMPERATURE,
    &yields::PR_WEATHER,
    &yields::CAPACITY_FACTOR,
    &yields::CAPACITY_FACTOR_AC,
    &yields::AVAILABILITY,
];

impl AssetFigures for PvPlantAsset {
    fn sums<'a>(&'a self, request: &SumsRequest<'a>) -> SeriesAndSums<'a> {
        boxed_sums(PltsSums::new(request.config, self))
    }

    fn dependent_figures(&self, desk: &FigureContext<'_>, known: &[Indicator]) -> Vec<Indicator> {
        carbon_figures(desk, self, known)
    }
}

impl AssetSums for PltsSums<'_> {
    fn build_indicators(&self, read: &AssetReadings<'_>) -> AssetIndicators {
        let energy = self.generation_total();
        let passed = is_counter_rejected(self.energy.as_ref(), energy);
        let generation = read
            .total_figure(&GENERATION, "E", energy, FormulaStatus::NoEnergy)
            .with_remark_if(passed, "account-counter-refused");
        let generation = self.judge_generation(read, generation);
        let generation = generation.with_verdict(self.certificate_verdict());
        let mut figures = self.exchange_figures(read, &generation);
        figures.extend(self.yield_figures(read, &generation));
        figures.extend(self.corrected_pr_figures(read, &generation));
        figures.extend(self.utilisation_figures(read, &generation));
        if let Some(project) = &self.project {
            // A figure of its own, so that the CO2 figures can find it by `find_indicator`.
            figures.push(read.total_figure(
                &PROJECT_IMPORT,
                "E",
                Some(project),
                FormulaStatus::NoEnergy,
            ));
        }
        figures.insert(0, generation);
        let mut daily = Vec::new();
        daily.extend(read.daily_totals(&GENERATION, energy));
        daily.extend(self.daily_self_use(read, energy));
        daily.extend(self.daily_insolation(read));
        daily.extend(read.daily_totals(&PROJECT_IMPORT, self.project.as_ref()));
        AssetIndicators {
            figures,
            daily,
            events: read.data_events(&self.totalisers()),
        }
    }
}

impl PltsSums<'_> {
    /// Verdict on energy for which a certificate (REC) was issued: it is claimed by whoever has the
    /// certificate (METHODS G.7).
    fn certificate_verdict(&self) -> ClaimVerdict {
        match &self.plant.claim {
            Some(claim) if claim.rec => ClaimVerdict::NotClaimed(NotClaimedReason::Certified),
            _ => ClaimVerdict::Claimable,
        }
    }

    /// DC energy, export, import and self-use (METHODS C.7).
    fn exchange_figures(&self, read: &AssetReadings<'_>, generation: &Indicator) -> Vec<Indicator> {
        let mut all = Vec::new();
        if self.dc.is_some() {
            let dc = read.total_figure(
                &yields::DC_ENERGY,
                "E_DC",
                self.dc.as_ref(),
                FormulaStatus::NoEnergy,
            );
            all.push(dc.with_verdict(self.certificate_verdict()));
        }
        let import = self.import.as_ref().map(|import| {
            read.total_figure(&IMPORT, "E_import", Some(import), FormulaStatus::NoData)
        });
        if let Some(export) = &self.export {
            let export =
                read.total_figure(&EXPORT, "E_export", Some(export), FormulaStatus::NoData);
            let export = export.with_verdict(self.certificate_verdict());
            all.extend(self_use_figures(
                read.desk,
                generation,
                &export,
                import.as_ref(),
            ));
            all.push(export);
        }
        all.extend(import);
        all
    }

    fn daily_self_use(
        &self,
        read: &AssetReadings<'_>,
        energy: Option<&Totaliser>,
    ) -> Option<DailyValues> {
        let (energy, export) = (energy?, self.export.as_ref()?);
        let days =
            |amount: &Totaliser| amount.daily_totals(read.desk.span, &read.tracks[amount.lane]);
        let both = days(energy).into_iter().zip(days(export));
        let left = |((made, a), (given, b)): (DayValue, DayValue)| {
            let used = made.zip(given).map(|(made, given)| made - given);
            (
                used.filter(|used| *used >= 0.0),
                lowest_completeness([a, b]),
            )
        };
        Some(read.desk.daily_values(&SELF_USE, both.map(left).collect()))
    }

    fn daily_insolation(&self, read: &AssetReadings<'_>) -> Option<DailyValues> {
        let track = &read.tracks[self.sun.lane?];
        let mut before = 0.0;
        let day = |(day, total): (usize, &f64)| {
            let grown = track.has_readings_on(day).then_some(total - before);
            before = *total;
            (grown, track.completeness_of_day(read.desk.span, day))
        };
        let days = self.sun.days.iter().enumerate().map(day).collect();
        Some(read.desk.daily_values(&yields::INSOLATION, days))
    }
}

type DayValue = (Option<f64>, CompletenessShares);

/// Whether one of both is a difference of two readings, and neither lacks more than the other.
fn is_by_difference(made: &Indicator, given: &Indicator) -> bool {
    let has = |one: &Indicator| one.remarks.iter().any(|said| said.key == BY_DIFFERENCE);
    let is_whole = |one: &Indicator| one.completeness.all.is_some_and(|share| share >= 0.9);
    (has(made) || has(given)) && [made, given].iter().all(|one| has(one) || is_whole(one))
}

fn weakest_origin(made: &Indicator, given: &Indicator) -> ValueOrigin {
    ValueOrigin::weakest([made.origin, given.origin]).unwrap_or(ValueOrigin::Measured)
}

/// Self-use, self-consumption and self-sufficiency (METHODS C.7).
fn self_use_figures(
    desk: &FigureContext<'_>,
    made: &Indicator,
    given: &Indicator,
    taken: Option<&Indicator>,
) -> Vec<Indicator> {
    let number = |figure: &Indicator| figure.value.as_ref().ok().copied();
    let found = number(made)
        .zip(number(given))
        .map(|(e, export)| self_consumption(e, export, taken.and_then(number)));
    let reason = || -> IndicatorRemark {
        let missing = [made, given]
            .into_iter()
            .find_map(|one| one.value.clone().err());
        let status = found.map_or(FormulaStatus::NoData, |found| found.status);
        missing.unwrap_or_else(|| status_remark(status))
    };
    let value = |x: Option<f64>| -> FigureValue { x.ok_or_else(reason) };
    let inputs = || vec![figure_input("E", made), figure_input("E_export", given)];
    let covered = lowest_completeness([made.completeness, given.completeness]);
    let width =
        number(made)
            .zip(number(given))
            .map_or(RelativeUncertainty::default(), |(e, export)| {
                RelativeUncertainty::of_sum(
                    &[
                        (e, RelativeUncertainty::from_indicator(made)),
                        (-export, RelativeUncertainty::from_indicator(given)),
                    ],
                    false,
                )
            });
    let used = desk
        .figure(
            &SELF_USE,
            value(found.and_then(|one| one.e_self_kwh)),
            inputs(),
        )
        .with_completeness(covered)
        .with_origin(weakest_origin(made, given))
        .with_uncertainty(width)
        .with_remark_if(is_by_difference(made, given), BY_DIFFERENCE);
    let percent = |x: Option<f64>| value(x.map(|x| 100.0 * x));
    let share = desk
        .figure(
            &SELF_CONSUMPTION,
            percent(found.and_then(|one| one.consumption)),
            vec![figure_input("E_self", &used), figure_input("E", made)],
        )
        .with_completeness(covered);
    let mut all = vec![used, share];
    if let Some(taken) = taken {
        let value = percent(found.and_then(|one| one.sufficiency));
        let inputs = vec![
            figure_input("E_self", &all[0]),
            figure_input("E_import", taken),
        ];
        let share = desk
            .figure(&SELF_SUFFICIENCY, value, inputs)
            .with_completeness(lowest_completeness([covered, taken.completeness]));
        all.push(share);
    }
    all
}
