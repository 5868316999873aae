//! Compost heaps by temperature (METHODS E.4).

use crate::assets::compost::formulas::{CompostAeration, HotRunTracker, TURNINGS_MIN};
use crate::assets::solar::plts_sums::GRID_KW_MAX;
use crate::assets::{CompostAsset, CompostProcess};
use crate::config::Config;
use crate::domain::indicator::{Indicator, IndicatorSpec};
use crate::formulas::FormulaStatus;
use crate::formulas::saved_state::saved_fields;
use crate::indicators::asset_figures::{AssetFigures, SeriesAndSums, SumsRequest, boxed_sums};
use crate::indicators::asset_sums::{AssetIndicators, AssetReadings, AssetSums};
use crate::indicators::coverage::{lowest_completeness, point_source};
use crate::indicators::figure_context::{
    FigureBuilder, FigureContext, constant_input, figure_among, figure_input, measured_input,
    status_remark, value_or_status,
};
use crate::indicators::held_reading::HeldReading;
use crate::indicators::input_reading::{InputReading, ReadingSums};
use crate::indicators::input_series::{InputSeries, InputSeriesList};
use crate::indicators::ledger_totals::{PeriodLedger, entered_figure};
use crate::indicators::period_days::millis_to_f64;
use crate::indicators::temperature_stats::TemperatureStats;
use crate::indicators::totaliser::Totaliser;

pub(crate) const TEMPERATURE_MEAN: IndicatorSpec =
    IndicatorSpec::new("compost.temperature_mean", "degC", "E.4", "S / n");
pub(crate) const TEMPERATURE_MIN: IndicatorSpec =
    IndicatorSpec::new("compost.temperature_min", "degC", "E.4", "T_min");
pub(crate) const TEMPERATURE_MAX: IndicatorSpec =
    IndicatorSpec::new("compost.temperature_max", "degC", "E.4", "T_max");
pub(crate) const HOT_HOURS: IndicatorSpec =
    IndicatorSpec::new("compost.hot_hours", "h", "E.4", "t");
pub(crate) const HYGIENISED: IndicatorSpec =
    IndicatorSpec::new("compost.hygienised", "", "E.4", "t ≥ t_min");
pub(crate) const TURNINGS: IndicatorSpec = IndicatorSpec::new("compost.turnings", "", "E.4", "n");
pub(crate) const FED: IndicatorSpec = IndicatorSpec::new("compost.fed", "kg", "E.4", "W");
pub(crate) const ENERGY: IndicatorSpec =
    IndicatorSpec::new("compost.energy", "kWh", "G.5", "E = Σ (c₂ − c₁)");

/// Figures of a compost heap, in report order.
pub(crate) const INDICATORS: &[&IndicatorSpec] = &[
    &TEMPERATURE_MEAN,
    &TEMPERATURE_MIN,
    &TEMPERATURE_MAX,
    &HOT_HOURS,
    &HYGIENISED,
    &TURNINGS,
    &FED,
    &ENERGY,
];

/// Silence from which a hot run is broken, ms (METHODS E.4: a missing hour breaks the run).
const HOT_RUN_BREAK_MS: i64 = 3_600_000;
/// Upper bound of turnings in an hour, for impossible jumps of the counter.
const TURNINGS_MAX_PER_H: f64 = 60.0;

/// Accumulator of a compost heap.
#[derive(Debug)]
pub(crate) struct CompostSums {
    core: TemperatureStats,
    probes: Vec<HeldReading>,
    last_probe: Option<usize>,
    before: Option<i64>,
    hot: HotRunTracker,
    turning: Option<Totaliser>,
    energy: Option<Totaliser>,
}

saved_fields!(CompostSums { core, last_probe, before, hot } parts { probes, turning, energy });

impl CompostSums {
    pub(crate) fn new(config: &Config, heap: &CompostAsset) -> (Vec<InputSeries>, Self) {
        let mut lanes = InputSeriesList::new(config);
        let probes = heap.temperatures.iter();
        let probes: Vec<usize> = probes
            .filter_map(|point| lanes.add_level(Some(point)))
            .collect();
        let turning = lanes.add_total(heap.turning.as_ref());
        let energy = lanes.add_total(heap.energy.as_ref());
        let lanes = lanes.all;
        let sums = Self {
            core: TemperatureStats::new(&lanes, probes.first().copied()),
            probes: probes
                .iter()
                .map(|at| HeldReading::new(&lanes, Some(*at)))
                .collect(),
            last_probe: probes.last().copied(),
            before: None,
            hot: HotRunTracker::default(),
            turning: turning.map(|at| Totaliser::from_counter(&lanes, at, TURNINGS_MAX_PER_H)),
            energy: energy.map(|at| Totaliser::from_counter(&lanes, at, GRID_KW_MAX)),
        };
        (lanes, sums)
    }

    /// Lowest temperature of all probes; `None` when any probe has no current value.
    fn coldest_probe_at(&self, at: i64) -> Option<f64> {
        // The standard asks for the coldest probe (METHODS E.4), so an unknown probe leaves the
        // result open.
        let all: Option<Vec<f64>> = self.probes.iter().map(|probe| probe.value_at(at)).collect();
        all?.into_iter().reduce(f64::min)
    }
}

impl ReadingSums for CompostSums {
    fn add_reading(&mut self, tick: &InputReading) {
        self.core.add_reading(tick);
        for probe in &mut self.probes {
            probe.add_reading(tick);
        }
        for amount in self.turning.iter_mut().chain(&mut self.energy) {
            amount.add_reading(tick);
        }
        // Evaluated once a round, at the last probe: then all probes have their newest value.
        if Some(tick.lane) != self.last_probe {
            return;
        }
        let Some(coldest) = self.coldest_probe_at(tick.at) else {
            return;
        };
        let step = self.before.map_or(0, |before| tick.at - before);
        self.before = Some(tick.at);
        if !tick.inside {
            return;
        }
        if step > HOT_RUN_BREAK_MS {
            self.hot.push(None, 0.0);
        }
        // A short silence does not break the run, but the missing time does not count as hot
        // either.
        let known = step.min(self.core.max_gap_ms.max(tick.reach_ms));
        let step = if step > known {
            self.core.every_ms
        } else {
            step
        };
        self.hot.push(Some(coldest), millis_to_f64(step) / 1000.0);
    }

    fn end_day(&mut self) {
        self.core.end_day();
        let both = self.turning.iter_mut().chain(&mut self.energy);
        both.for_each(Totaliser::end_day);
    }
}

impl AssetFigures for CompostAsset {
    fn sums<'a>(&'a self, request: &SumsRequest<'a>) -> SeriesAndSums<'a> {
        boxed_sums(CompostSums::new(request.config, self))
    }

    fn ledger_figures(
        &self,
        desk: &FigureContext<'_>,
        book: &PeriodLedger,
        own: &[&Indicator],
    ) -> Vec<Indicator> {
        let turned = self.turning_ledger.as_ref();
        let turned =
            turned.map(|indicator| entered_figure(desk, &TURNINGS, (indicator, "n"), book));
        let both: Vec<&Indicator> = own.iter().copied().chain(&turned).collect();
        let more = hygienised_figure(desk, self, &both);
        turned.into_iter().chain(more).collect()
    }
}

impl AssetSums for CompostSums {
    fn build_indicators(&self, read: &AssetReadings<'_>) -> AssetIndicators {
        let ids = [&TEMPERATURE_MEAN, &TEMPERATURE_MIN, &TEMPERATURE_MAX];
        let mut figures = Vec::new();
        if self.core.lane.is_some() {
            figures.extend(self.core.figures(read, ids));
            let covered =
                (0..self.probes.len()).map(|lane| read.tracks[lane].completeness(read.desk.span));
            let hours = (self.core.n > 0).then(|| self.hot.longest_h());
            let longest = measured_input(
                ("t", "max t, T ≥ T_hot"),
                hours,
                "h",
                point_source(read.tracks, 0),
            );
            let others = (1..self.probes.len()).map(|lane| read.readings_input("T", lane));
            let hot = constant_input("T_hot", 55.0, "degC", "hygiene");
            let inputs = [longest].into_iter().chain(others).chain([hot]);
            let value = value_or_status(hours, FormulaStatus::NoData);
            let figure = read.desk.figure(&HOT_HOURS, value, inputs.collect());
            figures.push(figure.with_completeness(lowest_completeness(covered)));
        }
        if let Some(turning) = &self.turning {
            figures.push(read.total_figure(&TURNINGS, "n", Some(turning), FormulaStatus::NoData));
        }
        if let Some(energy) = &self.energy {
            figures.push(read.total_figure(&ENERGY, "E", Some(energy), FormulaStatus::NoEnergy));
        }
        AssetIndicators {
            figures,
            daily: self
                .core
                .daily_means(read, &TEMPERATURE_MEAN)
                .into_iter()
                .collect(),
            events: read.data_events(&[self.turning.as_ref(), self.energy.as_ref()]),
        }
    }
}

/// Hygienisation figure (METHODS E.4), after turnings are known from a counter or from the ledger.
fn hygienised_figure(
    desk: &FigureContext<'_>,
    heap: &CompostAsset,
    known: &[&Indicator],
) -> Option<Indicator> {
    let run = figure_among(known, &HOT_HOURS)?;
    let turnings = figure_among(known, &TURNINGS);
    let process = match heap.process {
        CompostProcess::InVessel => CompostAeration::InVessel,
        CompostProcess::AeratedStaticPile => CompostAeration::StaticPile,
        CompostProcess::Windrow => CompostAeration::Windrow,
    };
    let turned = turnings.and_then(|one| one.value.clone().ok());
    // A windrow needs 5 turnings; without a turning log the result is unknown, not "no".
    let unknown = process == CompostAeration::Windrow && turned.is_none();
    let value = match &run.value {
        Err(why) => Err(why.clone()),
        Ok(_) if unknown => Err(status_remark(FormulaStatus::NoData)),
        Ok(hours) => Ok(f64::from(process.hygienised(*hours, turned.unwrap_or(0.0)))),
    };
    let least = process.hot_hours_min();
    let mut inputs = vec![
        figure_input("t", run),
        constant_input("t_min", least, "h", "hygiene"),
    ];
    inputs.extend(turnings.map(|one| figure_input("n", one)));
    let spec = match process {
        CompostAeration::Windrow => {
            let least = f64::from(TURNINGS_MIN);
            inputs.push(constant_input("n_min", least, "", "hygiene"));
            HYGIENISED.computed_by(HYGIENISED.method, "(t ≥ t_min) · (n ≥ n_min)")
        }
        CompostAeration::InVessel | CompostAeration::StaticPile => HYGIENISED,
    };
    let figure = desk.figure(&spec, value, inputs);
    Some(figure.with_completeness(run.completeness))
}
