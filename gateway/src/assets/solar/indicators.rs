//! Photovoltaic plant (METHODS A, C.7).

use crate::assets::PvPlantAsset;
use crate::assets::solar::irradiance::Irradiance;
use crate::assets::solar::yield_indicators as yields;
use crate::carbon::avoided_emissions::carbon_figures;
use crate::carbon::formulas::grid_emissions::self_consumption;
use crate::config::Config;
use crate::domain::indicator::{
    CompletenessShares, DailyValues, Indicator, IndicatorRemark, IndicatorSpec, ValueOrigin,
};
use crate::formulas::FormulaStatus;
use crate::formulas::saved_state::saved_fields;
use crate::indicators::asset_figures::{AssetFigures, SeriesAndSums, SumsRequest, boxed_sums};
use crate::indicators::asset_sums::{AssetIndicators, AssetReadings, AssetSums};
use crate::indicators::coverage::lowest_completeness;
use crate::indicators::figure_context::{
    FigureBuilder, FigureContext, FigureValue, figure_input, status_remark,
};
use crate::indicators::input_series::{InputSeries, InputSeriesList};
use crate::indicators::sample_merge::{InputReading, ReadingSums};
use crate::indicators::totaliser::{Totaliser, is_counter_rejected, prefer_counter};
use crate::indicators::uncertainty::RelativeUncertainty;

pub(crate) const GENERATION: IndicatorSpec =
    IndicatorSpec::new("plts.generation", "kWh", "G.5", "E = ΣΔE");
pub(crate) const DC_ENERGY: IndicatorSpec =
    IndicatorSpec::new("plts.dc_energy", "kWh", "G.5", "E_DC = ΣΔE");
pub(crate) const EXPORT: IndicatorSpec =
    IndicatorSpec::new("plts.export", "kWh", "G.5", "E_export = ΣΔE");
pub(crate) const IMPORT: IndicatorSpec =
    IndicatorSpec::new("plts.import", "kWh", "G.5", "E_import = ΣΔE");
pub(crate) const PROJECT_IMPORT: IndicatorSpec =
    IndicatorSpec::new("plts.project_import", "kWh", "G.5", "E = ΣΔE");
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
    &DC_ENERGY,
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

/// Plausible power above the nameplate, kW/kWp: sunlight at the edge of clouds exceeds 1000 W/m2.
const NAMEPLATE_MARGIN: f64 = 1.3;
/// Highest grid connection of a small site, kW; limits the plausible rate of grid meters.
pub(crate) const GRID_KW_MAX: f64 = 250.0;

/// Accumulator of a photovoltaic plant.
#[derive(Debug)]
pub(crate) struct PltsSums<'a> {
    pub(super) plant: &'a PvPlantAsset,
    energy: Option<Totaliser>,
    pub(super) power: Option<Totaliser>,
    pub(super) dc: Option<Totaliser>,
    export: Option<Totaliser>,
    import: Option<Totaliser>,
    /// Energy that the plant itself takes (METHODS C.9), for the CO2 figures.
    project: Option<Totaliser>,
    pub(super) sun: Irradiance,
}

saved_fields!(PltsSums<'_> {
    sun,
} parts { energy, power, dc, export, import, project } fixed { plant });

impl<'a> PltsSums<'a> {
    pub(crate) fn new(config: &'a Config, plant: &'a PvPlantAsset) -> (Vec<InputSeries>, Self) {
        let mut lanes = InputSeriesList::new(config);
        // Order matters: at equal times readings come in the order of the series, so energy, power
        // and temperatures must stand before irradiance, which is compared with their latest
        // values.
        let energy = lanes.add_total(plant.energy.as_ref());
        let power = lanes.add_level(plant.power.as_ref());
        let module = lanes.add_level(plant.module_temperature.as_ref());
        let air = lanes.add_level(plant.air_temperature.as_ref());
        let dc = lanes.add_total(plant.dc_energy.as_ref());
        let export = lanes.add_total(plant.export.as_ref());
        let import = lanes.add_total(plant.import.as_ref());
        let project = plant.project.as_ref();
        let project = lanes.add_total(project.and_then(|project| project.import.as_ref()));
        let light = lanes.add_level(plant.irradiance.as_ref());
        let most = plant.capacity_kwp.max(plant.ac_rating_kw.unwrap_or(0.0)) * NAMEPLATE_MARGIN;
        lanes.limit_by_rating(power, most * 1000.0);
        let lanes = lanes.all;
        let counter =
            |lane: Option<usize>, most| lane.map(|at| Totaliser::from_counter(&lanes, at, most));
        let sums = Self {
            plant,
            energy: counter(energy, most),
            power: power.map(|at| Totaliser::from_integral(&lanes, at)),
            dc: counter(dc, most),
            export: counter(export, most),
            import: counter(import, GRID_KW_MAX),
            project: counter(project, GRID_KW_MAX),
            sun: Irradiance::new(&lanes, [energy.or(power), power, module, air], light),
        };
        (lanes, sums)
    }

    fn totalisers(&self) -> [Option<&Totaliser>; 6] {
        [
            self.energy.as_ref(),
            self.power.as_ref(),
            self.dc.as_ref(),
            self.export.as_ref(),
            self.import.as_ref(),
            self.project.as_ref(),
        ]
    }

    fn totalisers_mut(&mut self) -> impl Iterator<Item = &mut Totaliser> {
        let all = [
            &mut self.energy,
            &mut self.power,
            &mut self.dc,
            &mut self.export,
            &mut self.import,
            &mut self.project,
        ];
        all.into_iter().flatten()
    }

    /// Total that the energy figures are based on: the counter, or the integral of the power.
    fn generation_total(&self) -> Option<&Totaliser> {
        prefer_counter(self.energy.as_ref(), self.power.as_ref())
    }
}

impl ReadingSums for PltsSums<'_> {
    fn add_reading(&mut self, tick: &InputReading) {
        for amount in self.totalisers_mut() {
            amount.add_reading(tick);
        }
        // The running total is needed only when an irradiance reading arrives; computing it for
        // each reading would be wasted work.
        let lit = Some(tick.lane) == self.sun.lane;
        let energy = self.energy.as_ref().or(self.power.as_ref());
        let energy = energy.filter(|_| lit).map(Totaliser::running_total);
        self.sun.add_reading(tick, energy, self.plant);
    }

    fn end_day(&mut self) {
        self.totalisers_mut().for_each(Totaliser::end_day);
        let so_far = self.sun.insolation.finish().kwh_m2;
        self.sun.days.push(so_far.unwrap_or_default());
    }
}

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
        AssetIndicators {
            figures,
            daily,
            events: read.data_events(&self.totalisers()),
        }
    }
}

impl PltsSums<'_> {
    /// DC energy, export, import and self-use (METHODS C.7).
    fn exchange_figures(&self, read: &AssetReadings<'_>, generation: &Indicator) -> Vec<Indicator> {
        let mut all = Vec::new();
        if self.dc.is_some() {
            let dc = read.total_figure(
                &DC_ENERGY,
                "E_DC",
                self.dc.as_ref(),
                FormulaStatus::NoEnergy,
            );
            all.push(dc);
        }
        let import = self.import.as_ref().map(|import| {
            read.total_figure(&IMPORT, "E_import", Some(import), FormulaStatus::NoData)
        });
        if let Some(export) = &self.export {
            let export =
                read.total_figure(&EXPORT, "E_export", Some(export), FormulaStatus::NoData);
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
        .with_origin(ValueOrigin::Meter)
        .with_uncertainty(width);
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
