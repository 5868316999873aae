//! Photovoltaic plant (METHODS A, C.7).

use crate::assets::solar::formulas::{
    CorrectedPr, PvYieldInput, T_REF_C, availability_time, capacity_factor, pv_yields,
    specific_yield,
};
use crate::assets::solar::irradiance::Irradiance;
use crate::assets::{IrradiancePlane, PvPlantAsset, PvSystemType};
use crate::carbon::formulas::grid_emissions::self_consumption;
use crate::config::Config;
use crate::domain::indicator::{
    CompletenessShares, DailyValues, Indicator, IndicatorInput, IndicatorRemark, InputSource,
    ValueOrigin,
};
use crate::formulas::FormulaStatus;
use crate::indicators::asset_sums::{AssetIndicators, AssetReadings, AssetSums};
use crate::indicators::coverage::lowest_completeness;
use crate::indicators::figure_context::{
    FigureBuilder, FigureContext, FigureValue, constant_input, figure_input, formula_input,
    setting_input, status_remark, value_or_status,
};
use crate::indicators::input_series::{InputSeries, InputSeriesList, point_source};
use crate::indicators::period_days::{HOUR_MS, millis_to_f64};
use crate::indicators::sample_merge::{InputReading, ReadingSums};
use crate::indicators::totaliser::{Totaliser, is_counter_rejected, prefer_counter};
use crate::indicators::uncertainty::RelativeUncertainty;

/// Plausible power above the nameplate, kW/kWp: sunlight at the edge of clouds exceeds 1000 W/m2.
const NAMEPLATE_MARGIN: f64 = 1.3;
/// Highest grid connection of a small site, kW; limits the plausible rate of grid meters.
pub(crate) const GRID_KW_MAX: f64 = 250.0;

/// Accumulator of a photovoltaic plant.
#[derive(Debug)]
pub(crate) struct PltsSums<'a> {
    plant: &'a PvPlantAsset,
    energy: Option<Totaliser>,
    power: Option<Totaliser>,
    dc: Option<Totaliser>,
    export: Option<Totaliser>,
    import: Option<Totaliser>,
    /// Energy that the plant itself takes (METHODS C.9), for the CO2 figures.
    project: Option<Totaliser>,
    sun: Irradiance,
}

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

    /// Total that the energy figures are based on: the counter, or the integral of the power.
    fn generation_total(&self) -> Option<&Totaliser> {
        prefer_counter(self.energy.as_ref(), self.power.as_ref())
    }
}

impl ReadingSums for PltsSums<'_> {
    fn add_reading(&mut self, tick: &InputReading) {
        let all = [
            &mut self.energy,
            &mut self.power,
            &mut self.dc,
            &mut self.export,
            &mut self.import,
            &mut self.project,
        ];
        for amount in all.into_iter().flatten() {
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
        let all = [
            &mut self.energy,
            &mut self.power,
            &mut self.dc,
            &mut self.export,
            &mut self.import,
            &mut self.project,
        ];
        for amount in all.into_iter().flatten() {
            amount.end_day();
        }
        let so_far = self.sun.insolation.finish().kwh_m2;
        self.sun.days.push(so_far.unwrap_or_default());
    }
}

impl AssetSums for PltsSums<'_> {
    fn build_indicators(&self, read: &AssetReadings<'_>) -> AssetIndicators {
        let energy = self.generation_total();
        let passed = is_counter_rejected(self.energy.as_ref(), energy);
        let generation = read
            .total_figure("plts.generation", "E", energy, FormulaStatus::NoEnergy)
            .with_remark_if(passed, "account-counter-refused");
        let mut figures = self.exchange_figures(read, &generation);
        figures.extend(self.yield_figures(read, &generation));
        figures.extend(self.corrected_pr_figures(read, &generation));
        figures.extend(self.utilisation_figures(read, &generation));
        if let Some(project) = &self.project {
            // Has an id of its own, so that the CO2 figures can find it by `find_indicator`.
            figures.push(read.total_figure(
                "plts.project_import",
                "E",
                Some(project),
                FormulaStatus::NoEnergy,
            ));
        }
        figures.insert(0, generation);
        let mut daily = Vec::new();
        daily.extend(read.daily_totals("plts.generation", energy));
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
                "plts.dc_energy",
                "E_DC",
                self.dc.as_ref(),
                FormulaStatus::NoEnergy,
            );
            all.push(dc);
        }
        let import = self.import.as_ref().map(|import| {
            read.total_figure(
                "plts.import",
                "E_import",
                Some(import),
                FormulaStatus::NoData,
            )
        });
        if let Some(export) = &self.export {
            let export = read.total_figure(
                "plts.export",
                "E_export",
                Some(export),
                FormulaStatus::NoData,
            );
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

    /// Yields and losses (METHODS A.2 to A.6, A.10).
    fn yield_figures(&self, read: &AssetReadings<'_>, generation: &Indicator) -> Vec<Indicator> {
        let desk = read.desk;
        let p0 = self.plant.capacity_kwp;
        let nameplate = || setting_input("P0", p0, "kWp", "capacity_kwp");
        let known = generation.value.as_ref().ok().copied();
        let per_kwp = |id: &str| {
            let value = generation
                .value
                .clone()
                .and_then(|e| value_or_status(specific_yield(e, p0), FormulaStatus::NoEnergy));
            desk.figure(id, value, vec![figure_input("E", generation), nameplate()])
                .with_completeness(generation.completeness)
                .with_origin(generation.origin)
                .with_uncertainty(RelativeUncertainty::from_indicator(generation))
        };
        let mut all = vec![per_kwp("plts.specific_yield"), per_kwp("plts.final_yield")];
        let dc = self.dc.as_ref().and_then(|dc| dc.total().ok());
        let Some(lane) = self.sun.lane else {
            let none = || Err(status_remark(FormulaStatus::NoIrradiance));
            all.push(desk.figure("plts.pr", none(), Vec::new()));
            return all;
        };
        let h = self.sun.insolation.finish().kwh_m2;
        let share = read.tracks[lane].completeness(desk.span);
        let width = RelativeUncertainty::from_percent(read.lanes[lane].accuracy_pct);
        let light = vec![formula_input(
            "G",
            h,
            "kWh/m2",
            point_source(read.tracks, lane),
        )];
        let insolation = desk
            .figure(
                "plts.insolation",
                value_or_status(h, FormulaStatus::NoIrradiance),
                light,
            )
            .with_completeness(share)
            .with_uncertainty(width);
        let yields = pv_yields(&PvYieldInput {
            e_dc_kwh: dc,
            e_out_kwh: known,
            p0_kwp: p0,
            h_poa_kwh_m2: h,
        });
        let both = lowest_completeness([share, generation.completeness]);
        let reference = value_or_status(yields.reference_h, FormulaStatus::NoIrradiance);
        let from_h = || figure_input("H", &insolation);
        let g_ref = || constant_input("G_ref", 1000.0, "W/m2", "stc");
        let mut more = vec![
            desk.figure("plts.reference_yield", reference, vec![from_h(), g_ref()])
                .with_completeness(share)
                .with_uncertainty(width),
        ];
        if self.dc.is_some() {
            let losses = [
                ("plts.array_yield", yields.array_h),
                ("plts.capture_loss", yields.capture_loss_h),
                ("plts.system_loss", yields.system_loss_h),
            ];
            for (id, value) in losses {
                let inputs = vec![
                    from_h(),
                    dc_energy_input(dc),
                    figure_input("E", generation),
                    nameplate(),
                ];
                let value = value_or_status(value, FormulaStatus::NoEnergy);
                more.push(desk.figure(id, value, inputs).with_completeness(both));
            }
        }
        more.push(
            self.performance_ratio(read, generation, &insolation)
                .with_completeness(both),
        );
        all.push(insolation);
        all.extend(more);
        all
    }

    /// Performance ratio (METHODS A.5) over the intervals with known energy and irradiance.
    fn performance_ratio(
        &self,
        read: &AssetReadings<'_>,
        generation: &Indicator,
        sun: &Indicator,
    ) -> Indicator {
        let (light, energy) = (self.sun.matched.0.value(), self.sun.matched.1.value());
        let none = light == 0.0;
        let yields = pv_yields(&PvYieldInput {
            e_dc_kwh: None,
            e_out_kwh: Some(energy),
            p0_kwp: self.plant.capacity_kwp,
            h_poa_kwh_m2: Some(light).filter(|_| !none),
        });
        // Irradiance was measured but never together with energy: the energy is what is missing.
        let status = match (none, sun.value.is_ok()) {
            (true, true) => FormulaStatus::NoEnergy,
            _ => yields.status,
        };
        let value = value_or_status(yields.pr.map(|pr| 100.0 * pr), status);
        let whole = sun.value.as_ref().is_ok_and(|h| (light / h) > 0.999);
        let inputs = vec![
            formula_input("E", Some(energy), "kWh", indicator_source(generation)),
            setting_input("P0", self.plant.capacity_kwp, "kWp", "capacity_kwp"),
            formula_input("H", Some(light), "kWh/m2", indicator_source(sun)),
        ];
        let figure = read
            .desk
            .figure("plts.pr", value, inputs)
            .with_uncertainty(RelativeUncertainty::of_product(&[
                RelativeUncertainty::from_indicator(generation),
                RelativeUncertainty::from_indicator(sun),
            ]))
            .with_remark_if(status == FormulaStatus::PrTooHigh, &status.words_key())
            .with_remark_if(!whole && !none, "account-pr-matched");
        self.with_pr_labels(figure)
    }

    /// Adds remarks on the limits of a performance ratio.
    fn with_pr_labels(&self, ratio: Indicator) -> Indicator {
        // A horizontal sensor does not measure the array plane, and a pump throttles its array when
        // the tank is full: such a ratio is shown as indicative or load-limited (METHODS A).
        ratio
            .with_remark_if(
                self.plant.plane != IrradiancePlane::Array,
                "account-pr-indicative",
            )
            .with_remark_if(
                self.plant.system == PvSystemType::PumpOnly,
                "account-pr-load-limited",
            )
    }

    /// Temperature- and weather-corrected performance ratio (METHODS A.8, A.9).
    fn corrected_pr_figures(
        &self,
        read: &AssetReadings<'_>,
        generation: &Indicator,
    ) -> Vec<Indicator> {
        let (Some(gamma), Some(lane)) = (self.plant.gamma, self.sun.lane) else {
            return Vec::new();
        };
        let p0 = self.plant.capacity_kwp;
        let measured = self.plant.module_temperature.is_some();
        let share = read.tracks[lane].completeness(read.desk.span);
        let make = |id: &str, found: CorrectedPr| {
            let value = value_or_status(found.pr.map(|pr| 100.0 * pr), found.status);
            let inputs = vec![
                figure_input("E", generation),
                setting_input("P0", p0, "kWp", "capacity_kwp"),
                setting_input("γ", gamma, "1/degC", "gamma"),
                formula_input("G", None, "W/m2", point_source(read.tracks, lane)),
                constant_input("T_ref", found.t_ref_c.unwrap_or(T_REF_C), "degC", "stc"),
            ];
            let figure = read
                .desk
                .figure(id, value, inputs)
                .with_completeness(lowest_completeness([share, generation.completeness]))
                .with_origin(if measured {
                    ValueOrigin::Measured
                } else {
                    ValueOrigin::Estimated
                })
                .with_remark_if(!measured, "account-cell-estimated");
            self.with_pr_labels(figure)
        };
        vec![
            make(
                "plts.pr_temperature",
                self.sun.corrected.temp_corrected(p0, gamma, T_REF_C),
            ),
            make(
                "plts.pr_weather",
                self.sun.corrected.weather_corrected(p0, gamma),
            ),
        ]
    }

    /// Capacity factor and availability (METHODS A.11, A.12).
    fn utilisation_figures(
        &self,
        read: &AssetReadings<'_>,
        generation: &Indicator,
    ) -> Vec<Indicator> {
        let span = read.desk.span;
        let factor = |id: &str, symbol, rating: f64, key: &str| {
            let value = generation.value.clone().and_then(|e| {
                let share = capacity_factor(e, rating, span.hours_passed());
                value_or_status(share.map(|share| 100.0 * share), FormulaStatus::NoEnergy)
            });
            let inputs = vec![
                figure_input("E", generation),
                setting_input(symbol, rating, "kW", key),
                constant_input("t", span.hours_passed(), "h", "period"),
            ];
            read.desk
                .figure(id, value, inputs)
                .with_completeness(generation.completeness)
                .with_uncertainty(RelativeUncertainty::from_indicator(generation))
        };
        let p0 = self.plant.capacity_kwp;
        let mut all = vec![factor("plts.capacity_factor", "P0", p0, "capacity_kwp")];
        if let Some(rating) = self.plant.ac_rating_kw {
            all.push(factor(
                "plts.capacity_factor_ac",
                "P_AC",
                rating,
                "ac_rating_kw",
            ));
        }
        if let Some(lane) = self.sun.lane {
            all.push(self.availability_figure(read, lane));
        }
        all
    }

    fn availability_figure(&self, read: &AssetReadings<'_>, lane: usize) -> Indicator {
        let (day_h, down_h) = (
            millis_to_hours(self.sun.day_ms),
            millis_to_hours(self.sun.down_ms),
        );
        let share = availability_time(day_h * 3600.0, down_h * 3600.0);
        let status = match &self.plant.power {
            None => FormulaStatus::NoEnergy,
            Some(_) => FormulaStatus::Dark,
        };
        let inputs = vec![
            formula_input("t_day", Some(day_h), "h", point_source(read.tracks, lane)),
            match &self.power {
                Some(power) => formula_input(
                    "t_down",
                    Some(down_h),
                    "h",
                    point_source(read.tracks, power.lane),
                ),
                None => constant_input("t_down", down_h, "h", "none"),
            },
        ];
        let value = value_or_status(share.map(|share| 100.0 * share), status);
        let covered = lowest_completeness(
            [lane]
                .into_iter()
                .chain(self.power.as_ref().map(|one| one.lane))
                .map(|lane| read.tracks[lane].completeness(read.desk.span)),
        );
        read.desk
            .figure("plts.availability", value, inputs)
            .with_completeness(covered)
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
        Some(
            read.desk
                .daily_values("plts.self_use", both.map(left).collect()),
        )
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
        Some(read.desk.daily_values("plts.insolation", days))
    }
}

type DayValue = (Option<f64>, CompletenessShares);

fn millis_to_hours(ms: i64) -> f64 {
    millis_to_f64(ms) / HOUR_MS
}

fn dc_energy_input(dc: Option<f64>) -> IndicatorInput {
    let from = InputSource::Indicator("plts.dc_energy".into());
    formula_input("E_DC", dc, "kWh", from)
}

fn indicator_source(figure: &Indicator) -> InputSource {
    InputSource::Indicator(figure.id.clone())
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
            "plts.self_use",
            value(found.and_then(|one| one.e_self_kwh)),
            inputs(),
        )
        .with_completeness(covered)
        .with_origin(ValueOrigin::Meter)
        .with_uncertainty(width);
    let percent = |x: Option<f64>| value(x.map(|x| 100.0 * x));
    let share = desk
        .figure(
            "plts.self_consumption",
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
            .figure("plts.self_sufficiency", value, inputs)
            .with_completeness(lowest_completeness([covered, taken.completeness]));
        all.push(share);
    }
    all
}
