//! Bins (BSF) and compost heaps by temperature (METHODS E.1, E.2, E.4).

use crate::config::Config;
use crate::config::assets::{BsfAsset, BsfTemperatureBands, CompostAsset, CompostProcess};
use crate::domain::indicator::{CompletenessShares, DailyValues, Indicator, IndicatorRemark};
use crate::formulas::bsf::{
    DEVELOPMENT_CAP_C, DEVELOPMENT_MIN_C, DegreeDaySum, LarvaeTemperatureBand,
};
use crate::formulas::compost::{CompostAeration, HotRunTracker};
use crate::formulas::{CompensatedSum, FormulaStatus, count_as_f64, finite_ratio};
use crate::indicators::asset_sums::{AssetIndicators, AssetReadings, AssetSums};
use crate::indicators::coverage::lowest_completeness;
use crate::indicators::figure_context::{
    FigureBuilder, FigureContext, constant_input, figure_input, formula_input, status_remark,
    value_or_status,
};
use crate::indicators::input_series::{InputSeries, InputSeriesList, point_source};
use crate::indicators::period_days::{HOUR_MS, millis_to_f64};
use crate::indicators::plts::GRID_KW_MAX;
use crate::indicators::sample_merge::{InputReading, ReadingSums};
use crate::indicators::totaliser::{HeldReading, Totaliser};

/// Silence from which a hot run is broken, ms (METHODS E.4: a missing hour breaks the run).
const HOT_RUN_BREAK_MS: i64 = 3_600_000;
/// Upper bound of turnings in an hour, for impossible jumps of the counter.
const TURNINGS_MAX_PER_H: f64 = 60.0;
/// Ids of the hours in each temperature band, coldest first.
const BAND_HOUR_IDS: [&str; 6] = [
    "bsf.hours_no_development",
    "bsf.hours_slow",
    "bsf.hours_optimal",
    "bsf.hours_warm",
    "bsf.hours_critical",
    "bsf.hours_lethal",
];

/// Mean, minimum and maximum of a temperature, with daily means.
#[derive(Debug)]
struct TemperatureStats {
    lane: Option<usize>,
    every_ms: i64,
    max_gap_ms: i64,
    last: Option<i64>,
    sum: CompensatedSum,
    n: usize,
    least: f64,
    most: f64,
    today: (CompensatedSum, usize),
    days: Vec<Option<f64>>,
}

impl TemperatureStats {
    fn new(lanes: &[InputSeries], lane: Option<usize>) -> Self {
        Self {
            lane,
            every_ms: lane.map_or(0, |at| lanes[at].every_ms),
            max_gap_ms: lane.map_or(0, |at| lanes[at].max_gap_ms()),
            last: None,
            sum: CompensatedSum::default(),
            n: 0,
            least: f64::INFINITY,
            most: f64::NEG_INFINITY,
            today: (CompensatedSum::default(), 0),
            days: Vec::new(),
        }
    }

    /// Adds a reading; returns the temperature and the time that it covers, ms.
    fn add_reading(&mut self, tick: &InputReading) -> Option<(f64, i64)> {
        if Some(tick.lane) != self.lane {
            return None;
        }
        let step = self.last.map(|last| tick.at - last);
        self.last = tick.value.map(|_| tick.at);
        let value = tick.value.filter(|_| tick.inside)?;
        self.sum.add(value);
        self.n += 1;
        self.least = self.least.min(value);
        self.most = self.most.max(value);
        self.today.0.add(value);
        self.today.1 += 1;
        let step = step.filter(|step| (1..=self.max_gap_ms).contains(step));
        Some((value, step.unwrap_or(self.every_ms)))
    }

    fn end_day(&mut self) {
        let (sum, n) = std::mem::take(&mut self.today);
        self.days.push(finite_ratio(sum.value(), count_as_f64(n)));
    }

    /// Mean, minimum and maximum as figures with these ids.
    fn figures(&self, read: &AssetReadings<'_>, [mean, least, most]: [&str; 3]) -> Vec<Indicator> {
        let share = self.completeness(read);
        let any = self.n > 0;
        let all = [
            (mean, finite_ratio(self.sum.value(), count_as_f64(self.n))),
            (least, any.then_some(self.least)),
            (most, any.then_some(self.most)),
        ];
        let figure = |(id, value)| {
            let inputs = self
                .lane
                .map(|lane| formula_input("T", None, "degC", point_source(read.tracks, lane)));
            let value = value_or_status(value, FormulaStatus::NoData);
            let inputs = inputs.into_iter().collect();
            read.desk.figure(id, value, inputs).with_completeness(share)
        };
        all.into_iter().map(figure).collect()
    }

    fn completeness(&self, read: &AssetReadings<'_>) -> CompletenessShares {
        let lane = self
            .lane
            .map(|lane| read.tracks[lane].completeness(read.desk.span));
        lane.unwrap_or_default()
    }

    fn daily_means(&self, read: &AssetReadings<'_>, id: &str) -> Option<DailyValues> {
        let track = &read.tracks[self.lane?];
        let days = self.days.iter().enumerate();
        let days = days.map(|(day, mean)| (*mean, track.completeness_of_day(read.desk.span, day)));
        Some(read.desk.daily_values(id, days.collect()))
    }
}

/// Accumulator of a BSF bin.
#[derive(Debug)]
pub(super) struct BsfSums<'a> {
    bin: &'a BsfAsset,
    core: TemperatureStats,
    /// Time in each band, ms, coldest first.
    bands: [i64; 6],
    degrees: DegreeDaySum,
}

impl<'a> BsfSums<'a> {
    pub(super) fn new(config: &Config, bin: &'a BsfAsset) -> (Vec<InputSeries>, Self) {
        let mut lanes = InputSeriesList::new(config);
        let probes: Vec<_> = bin
            .temperatures
            .iter()
            .map(|point| lanes.add_level(Some(point)))
            .collect();
        let lanes = lanes.all;
        let sums = Self {
            bin,
            core: TemperatureStats::new(&lanes, probes.first().copied().flatten()),
            bands: [0; 6],
            degrees: DegreeDaySum::new(DEVELOPMENT_MIN_C, DEVELOPMENT_CAP_C),
        };
        (lanes, sums)
    }
}

/// Temperature band of METHODS E.1, with the limits configured for the bin.
fn temperature_band(t: f64, limits: &BsfTemperatureBands) -> LarvaeTemperatureBand {
    match t {
        t if t < limits.slow => LarvaeTemperatureBand::NoDevelopment,
        t if t < limits.optimal => LarvaeTemperatureBand::Slow,
        t if t <= limits.warm => LarvaeTemperatureBand::Optimal,
        t if t < limits.critical => LarvaeTemperatureBand::Warm,
        t if t < limits.lethal => LarvaeTemperatureBand::Critical,
        _ => LarvaeTemperatureBand::Lethal,
    }
}

impl ReadingSums for BsfSums<'_> {
    fn add_reading(&mut self, tick: &InputReading) {
        if let Some((t, step)) = self.core.add_reading(tick) {
            let found = temperature_band(t, &self.bin.bands);
            let place = LarvaeTemperatureBand::ALL
                .iter()
                .position(|band| *band == found);
            self.bands[place.unwrap_or_default()] += step;
            self.degrees.push(Some(t), millis_to_f64(step) / 1000.0);
        }
    }

    fn end_day(&mut self) {
        self.core.end_day();
    }
}

impl AssetSums for BsfSums<'_> {
    fn build_indicators(&self, read: &AssetReadings<'_>) -> AssetIndicators {
        let ids = [
            "bsf.temperature_mean",
            "bsf.temperature_min",
            "bsf.temperature_max",
        ];
        let mut figures = self.core.figures(read, ids);
        let share = self.core.completeness(read);
        let any = self.core.n > 0;
        let probe = self.bin.probe.is_empty();
        let inputs = || {
            let lane = self
                .core
                .lane
                .map(|lane| formula_input("T", None, "degC", point_source(read.tracks, lane)));
            lane.into_iter().collect::<Vec<_>>()
        };
        let limits = &self.bin.bands;
        let own = *limits != BsfTemperatureBands::default();
        for (id, ms) in BAND_HOUR_IDS.iter().zip(self.bands) {
            let hours = any.then(|| millis_to_f64(ms) / HOUR_MS);
            let figure =
                read.desk
                    .figure(id, value_or_status(hours, FormulaStatus::NoData), inputs());
            let figure = figure
                .with_completeness(share)
                .with_remark_if(probe, "account-no-probe");
            figures.push(if own {
                figure.with_remark(custom_bands_remark(limits))
            } else {
                figure
            });
        }
        let degrees = value_or_status(self.degrees.finish().dd, FormulaStatus::NoData);
        let figure = read.desk.figure("bsf.degree_days", degrees, inputs());
        figures.push(
            figure
                .with_completeness(share)
                .with_remark_if(probe, "account-no-probe"),
        );
        AssetIndicators {
            figures,
            daily: self
                .core
                .daily_means(read, "bsf.temperature_mean")
                .into_iter()
                .collect(),
            events: read.data_events(&[]),
        }
    }
}

fn custom_bands_remark(limits: &BsfTemperatureBands) -> IndicatorRemark {
    let all = [
        limits.slow,
        limits.optimal,
        limits.warm,
        limits.critical,
        limits.lethal,
    ];
    let text = all.map(|limit| limit.to_string()).join(" / ");
    IndicatorRemark::new("account-own-bands").with_arg("limits", text)
}

/// Accumulator of a compost heap.
#[derive(Debug)]
pub(super) struct CompostSums {
    core: TemperatureStats,
    probes: Vec<HeldReading>,
    last_probe: Option<usize>,
    before: Option<i64>,
    hot: HotRunTracker,
    turning: Option<Totaliser>,
    energy: Option<Totaliser>,
}

impl CompostSums {
    pub(super) fn new(config: &Config, heap: &CompostAsset) -> (Vec<InputSeries>, Self) {
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
        let known = step.min(self.core.max_gap_ms);
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

impl AssetSums for CompostSums {
    fn build_indicators(&self, read: &AssetReadings<'_>) -> AssetIndicators {
        let ids = [
            "compost.temperature_mean",
            "compost.temperature_min",
            "compost.temperature_max",
        ];
        let mut figures = Vec::new();
        if self.core.lane.is_some() {
            figures.extend(self.core.figures(read, ids));
            let inputs = (0..self.probes.len())
                .map(|lane| formula_input("T", None, "degC", point_source(read.tracks, lane)));
            let inputs = inputs.chain([constant_input("T_hot", 55.0, "degC", "hygiene")]);
            let covered =
                (0..self.probes.len()).map(|lane| read.tracks[lane].completeness(read.desk.span));
            let hours = (self.core.n > 0).then(|| self.hot.longest_h());
            let value = value_or_status(hours, FormulaStatus::NoData);
            let figure = read
                .desk
                .figure("compost.hot_hours", value, inputs.collect());
            figures.push(figure.with_completeness(lowest_completeness(covered)));
        }
        if let Some(turning) = &self.turning {
            figures.push(read.total_figure(
                "compost.turnings",
                "n",
                Some(turning),
                FormulaStatus::NoData,
            ));
        }
        if let Some(energy) = &self.energy {
            figures.push(read.total_figure(
                "compost.energy",
                "E",
                Some(energy),
                FormulaStatus::NoEnergy,
            ));
        }
        AssetIndicators {
            figures,
            daily: self
                .core
                .daily_means(read, "compost.temperature_mean")
                .into_iter()
                .collect(),
            events: read.data_events(&[self.turning.as_ref(), self.energy.as_ref()]),
        }
    }
}

/// Hygienisation figure (METHODS E.4), after turnings are known from a counter or from the ledger.
pub(super) fn hygienised_figure(
    desk: &FigureContext<'_>,
    heap: &CompostAsset,
    known: &[&Indicator],
) -> Option<Indicator> {
    let find = |id: &str| known.iter().copied().find(|one| &*one.id == id);
    let run = find("compost.hot_hours")?;
    let turnings = find("compost.turnings");
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
    let mut inputs = vec![figure_input("run", run)];
    inputs.extend(turnings.map(|one| figure_input("n", one)));
    let figure = desk.figure("compost.hygienised", value, inputs);
    Some(figure.with_completeness(run.completeness))
}
