//! Bins with larvae (BSF) by temperature (METHODS E.1, E.2).

use crate::assets::bsf::formulas::{
    DEVELOPMENT_CAP_C, DEVELOPMENT_MIN_C, DegreeDaySum, LarvaeTemperatureBand,
};
use crate::assets::{BsfAsset, BsfTemperatureBands};
use crate::config::Config;
use crate::domain::indicator::IndicatorRemark;
use crate::formulas::FormulaStatus;
use crate::indicators::asset_sums::{AssetIndicators, AssetReadings, AssetSums};
use crate::indicators::figure_context::{FigureBuilder, formula_input, value_or_status};
use crate::indicators::input_series::{InputSeries, InputSeriesList, point_source};
use crate::indicators::period_days::{HOUR_MS, millis_to_f64};
use crate::indicators::sample_merge::{InputReading, ReadingSums};
use crate::indicators::temperature_stats::TemperatureStats;

/// Ids of the hours in each temperature band, coldest first.
const BAND_HOUR_IDS: [&str; 6] = [
    "bsf.hours_no_development",
    "bsf.hours_slow",
    "bsf.hours_optimal",
    "bsf.hours_warm",
    "bsf.hours_critical",
    "bsf.hours_lethal",
];

/// Accumulator of a BSF bin.
#[derive(Debug)]
pub(crate) struct BsfSums<'a> {
    bin: &'a BsfAsset,
    core: TemperatureStats,
    /// Time in each band, ms, coldest first.
    bands: [i64; 6],
    degrees: DegreeDaySum,
}

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
