//! Bins with larvae (BSF) by temperature (METHODS E.1, E.2).

use crate::assets::bsf::formulas::{
    DEVELOPMENT_CAP_C, DEVELOPMENT_MIN_C, DegreeDaySum, LarvaeTemperatureBand,
};
use crate::assets::bsf::rearing_indicators as rearing;
use crate::assets::{BsfAsset, BsfTemperatureBands};
use crate::config::Config;
use crate::domain::indicator::{IndicatorInput, IndicatorRemark, IndicatorSpec};
use crate::formulas::FormulaStatus;
use crate::formulas::saved_state::saved_fields;
use crate::indicators::asset_figures::{AssetFigures, SeriesAndSums, SumsRequest, boxed_sums};
use crate::indicators::asset_sums::{AssetIndicators, AssetReadings, AssetSums};
use crate::indicators::coverage::point_source;
use crate::indicators::figure_context::{
    FigureBuilder, measured_input, setting_input, value_or_status, with_days,
};
use crate::indicators::input_reading::{InputReading, ReadingSums};
use crate::indicators::input_series::{InputSeries, InputSeriesList};
use crate::indicators::period_days::{HOUR_MS, millis_to_f64};
use crate::indicators::temperature_stats::TemperatureStats;

pub(crate) const TEMPERATURE_MEAN: IndicatorSpec =
    IndicatorSpec::new("bsf.temperature_mean", "degC", "E.1", "S / n");
pub(crate) const TEMPERATURE_MIN: IndicatorSpec =
    IndicatorSpec::new("bsf.temperature_min", "degC", "E.1", "T_min");
pub(crate) const TEMPERATURE_MAX: IndicatorSpec =
    IndicatorSpec::new("bsf.temperature_max", "degC", "E.1", "T_max");
pub(crate) const HOURS_NO_DEVELOPMENT: IndicatorSpec =
    IndicatorSpec::new("bsf.hours_no_development", "h", "E.1", "t");
pub(crate) const HOURS_SLOW: IndicatorSpec = IndicatorSpec::new("bsf.hours_slow", "h", "E.1", "t");
pub(crate) const HOURS_OPTIMAL: IndicatorSpec =
    IndicatorSpec::new("bsf.hours_optimal", "h", "E.1", "t");
pub(crate) const HOURS_WARM: IndicatorSpec = IndicatorSpec::new("bsf.hours_warm", "h", "E.1", "t");
pub(crate) const HOURS_CRITICAL: IndicatorSpec =
    IndicatorSpec::new("bsf.hours_critical", "h", "E.1", "t");
pub(crate) const HOURS_LETHAL: IndicatorSpec =
    IndicatorSpec::new("bsf.hours_lethal", "h", "E.1", "t");
pub(crate) const DEGREE_DAYS: IndicatorSpec =
    IndicatorSpec::new("bsf.degree_days", "degC d", "E.2", "D");
/// Hours in each temperature band, coldest first.
const BAND_HOURS: [&IndicatorSpec; 6] = [
    &HOURS_NO_DEVELOPMENT,
    &HOURS_SLOW,
    &HOURS_OPTIMAL,
    &HOURS_WARM,
    &HOURS_CRITICAL,
    &HOURS_LETHAL,
];

/// Rules by which the hours of the bands come from readings, coldest first.
const BAND_RULES: [&str; 6] = [
    "Σ τ, T < T₁",
    "Σ τ, T₁ ≤ T < T₂",
    "Σ τ, T₂ ≤ T ≤ T₃",
    "Σ τ, T₃ < T < T₄",
    "Σ τ, T₄ ≤ T < T₅",
    "Σ τ, T ≥ T₅",
];
/// Rule by which degree days come from readings.
const DEGREE_DAY_RULE: &str = "Σ τ / 24 h · max(0, min(T, 36) − 12.3)";

/// Figures of a bin, in report order.
pub(crate) const INDICATORS: &[&IndicatorSpec] = &[
    &TEMPERATURE_MEAN,
    &TEMPERATURE_MIN,
    &TEMPERATURE_MAX,
    &HOURS_NO_DEVELOPMENT,
    &HOURS_SLOW,
    &HOURS_OPTIMAL,
    &HOURS_WARM,
    &HOURS_CRITICAL,
    &HOURS_LETHAL,
    &DEGREE_DAYS,
    &rearing::FED,
    &rearing::LARVAE,
    &rearing::RESIDUE,
    &rearing::REDUCTION,
    &rearing::WRI,
    &rearing::BIOCONVERSION,
    &rearing::FEED_CONVERSION,
    &rearing::EFFICIENCY,
    &rearing::LOSS,
];

/// Accumulator of a BSF bin.
#[derive(Debug)]
pub(crate) struct BsfSums<'a> {
    bin: &'a BsfAsset,
    core: TemperatureStats,
    /// Time in each band, ms, coldest first.
    bands: [i64; 6],
    degrees: DegreeDaySum,
    /// Hours of each band, then degree days, so far at the end of each day.
    days: [Vec<f64>; 7],
}

saved_fields!(BsfSums<'_> { core, bands, degrees, days } fixed { bin });

impl<'a> BsfSums<'a> {
    pub(crate) fn new(config: &Config, bin: &'a BsfAsset) -> (Vec<InputSeries>, Self) {
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
            days: Default::default(),
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
        let hours = self.bands.map(|ms| millis_to_f64(ms) / HOUR_MS);
        let degrees = self.degrees.finish().dd.unwrap_or_default();
        for (days, sum) in self.days.iter_mut().zip(hours.into_iter().chain([degrees])) {
            days.push(sum);
        }
    }
}

impl AssetFigures for BsfAsset {
    fn sums<'a>(&'a self, request: &SumsRequest<'a>) -> SeriesAndSums<'a> {
        boxed_sums(BsfSums::new(request.config, self))
    }
}

impl AssetSums for BsfSums<'_> {
    fn build_indicators(&self, read: &AssetReadings<'_>) -> AssetIndicators {
        let ids = [&TEMPERATURE_MEAN, &TEMPERATURE_MIN, &TEMPERATURE_MAX];
        let mut figures = self.core.figures(read, ids);
        let share = self.core.completeness(read);
        let any = self.core.n > 0;
        let probe = self.bin.probe.is_empty();
        let measured = |symbol, rule, value, unit| {
            let lane = self.core.lane?;
            let from = point_source(read.tracks, lane);
            Some(measured_input((symbol, rule), value, unit, from))
        };
        let limits = &self.bin.bands;
        let own = *limits != BsfTemperatureBands::default();
        for (at, (spec, ms)) in BAND_HOURS.into_iter().zip(self.bands).enumerate() {
            let hours = any.then(|| millis_to_f64(ms) / HOUR_MS);
            let counted = measured("t", BAND_RULES[at], hours, "h");
            let counted = counted.map(|input| with_days(input, &self.days[at], read.desk.span));
            let mut inputs: Vec<IndicatorInput> = counted.into_iter().collect();
            inputs.extend(band_limits(limits, at));
            let value = value_or_status(hours, FormulaStatus::NoData);
            let figure = read.desk.figure(spec, value, inputs);
            let figure = figure
                .with_completeness(share)
                .with_remark_if(probe, "account-no-probe");
            figures.push(if own {
                figure.with_remark(custom_bands_remark(limits))
            } else {
                figure
            });
        }
        let degrees = self.degrees.finish().dd;
        let inputs = measured("D", DEGREE_DAY_RULE, degrees, DEGREE_DAYS.unit);
        let inputs = inputs.map(|input| with_days(input, &self.days[6], read.desk.span));
        let degrees = value_or_status(degrees, FormulaStatus::NoData);
        let inputs = inputs.into_iter().collect();
        let figure = read.desk.figure(&DEGREE_DAYS, degrees, inputs);
        figures.push(
            figure
                .with_completeness(share)
                .with_remark_if(probe, "account-no-probe"),
        );
        AssetIndicators {
            figures,
            daily: self
                .core
                .daily_means(read, &TEMPERATURE_MEAN)
                .into_iter()
                .collect(),
            events: read.data_events(&[]),
        }
    }
}

/// Limits of a band, coldest band first.
fn band_limits(limits: &BsfTemperatureBands, band: usize) -> Vec<IndicatorInput> {
    let all = [
        ("T₁", limits.slow, "bands.slow"),
        ("T₂", limits.optimal, "bands.optimal"),
        ("T₃", limits.warm, "bands.warm"),
        ("T₄", limits.critical, "bands.critical"),
        ("T₅", limits.lethal, "bands.lethal"),
    ];
    let own = all
        .iter()
        .enumerate()
        .filter(|(at, _)| *at == band || at + 1 == band);
    own.map(|(_, (symbol, limit, key))| setting_input(symbol, *limit, "degC", key))
        .collect()
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
