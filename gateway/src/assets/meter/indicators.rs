//! Electricity meters (METHODS G.5).

use crate::assets::MeterAsset;
use crate::assets::solar::plts_sums::GRID_KW_MAX;
use crate::config::Config;
use crate::domain::claim_verdict::{ClaimVerdict, NotClaimedReason};
use crate::domain::indicator::IndicatorSpec;
use crate::formulas::FormulaStatus;
use crate::formulas::saved_state::{SavedState, StateArchive};
use crate::indicators::asset_figures::{AssetFigures, SeriesAndSums, SumsRequest, boxed_sums};
use crate::indicators::asset_sums::{AssetIndicators, AssetReadings, AssetSums};
use crate::indicators::figure_context::FigureBuilder;
use crate::indicators::input_reading::{InputReading, ReadingSums};
use crate::indicators::input_series::{InputSeries, InputSeriesList};
use crate::indicators::totaliser::Totaliser;

pub(crate) const ENERGY: IndicatorSpec =
    IndicatorSpec::new("meter.energy", "kWh", "G.5", "E = Σ (c₂ − c₁)");
pub(crate) const IMPORT: IndicatorSpec =
    IndicatorSpec::new("meter.import", "kWh", "G.5", "E_import = Σ (c₂ − c₁)");
pub(crate) const EXPORT: IndicatorSpec =
    IndicatorSpec::new("meter.export", "kWh", "G.5", "E_export = Σ (c₂ − c₁)");

/// Figures of a meter, in report order.
pub(crate) const INDICATORS: &[&IndicatorSpec] = &[&ENERGY, &IMPORT, &EXPORT];

/// Accumulator of a meter.
#[derive(Debug)]
pub(crate) struct MeterSums {
    /// Counters as (figure, symbol, totaliser). Power is used only when there is no counter.
    // Integrated power beside a counter would show the same energy twice.
    counters: Vec<(IndicatorSpec<'static>, &'static str, Totaliser)>,
    power: Option<Totaliser>,
    /// A certificate was issued for its energy.
    certified: bool,
}

impl SavedState for MeterSums {
    fn exchange(&mut self, archive: &mut StateArchive) {
        self.totalisers()
            .for_each(|amount| amount.exchange(archive));
    }
}

impl MeterSums {
    pub(crate) fn new(config: &Config, meter: &MeterAsset) -> (Vec<InputSeries>, Self) {
        let mut lanes = InputSeriesList::new(config);
        let all = [
            (ENERGY, "E", lanes.add_total(meter.energy.as_ref())),
            (IMPORT, "E_import", lanes.add_total(meter.import.as_ref())),
            (EXPORT, "E_export", lanes.add_total(meter.export.as_ref())),
        ];
        let power = lanes.add_level(meter.power.as_ref());
        lanes.limit_by_rating(power, GRID_KW_MAX * 1000.0);
        let lanes = lanes.all;
        let counters = all.into_iter().filter_map(|(spec, symbol, lane)| {
            Some((
                spec,
                symbol,
                Totaliser::from_counter(&lanes, lane?, GRID_KW_MAX),
            ))
        });
        let counters: Vec<_> = counters.collect();
        let power = power.filter(|_| counters.is_empty());
        let power = power.map(|at| Totaliser::from_integral(&lanes, at));
        let sums = Self {
            counters,
            power,
            certified: meter.claim.as_ref().is_some_and(|claim| claim.rec),
        };
        (lanes, sums)
    }

    fn totalisers(&mut self) -> impl Iterator<Item = &mut Totaliser> {
        let counters = self.counters.iter_mut().map(|(_, _, amount)| amount);
        counters.chain(&mut self.power)
    }
}

impl ReadingSums for MeterSums {
    fn add_reading(&mut self, tick: &InputReading) {
        self.totalisers()
            .for_each(|amount| amount.add_reading(tick));
    }

    fn end_day(&mut self) {
        self.totalisers().for_each(Totaliser::end_day);
    }
}

impl AssetFigures for MeterAsset {
    fn sums<'a>(&'a self, request: &SumsRequest<'a>) -> SeriesAndSums<'a> {
        boxed_sums(MeterSums::new(request.config, self))
    }
}

impl AssetSums for MeterSums {
    fn build_indicators(&self, read: &AssetReadings<'_>) -> AssetIndicators {
        let power = self.power.iter().map(|power| (&ENERGY, "E", power));
        let counters = self
            .counters
            .iter()
            .map(|(spec, symbol, one)| (spec, *symbol, one));
        let mut made = AssetIndicators::default();
        for (spec, symbol, amount) in counters.chain(power) {
            let figure = read.total_figure(spec, symbol, Some(amount), FormulaStatus::NoData);
            made.figures.push(if self.certified {
                figure.with_verdict(ClaimVerdict::NotClaimed(NotClaimedReason::Certified))
            } else {
                figure
            });
            made.daily.extend(read.daily_totals(spec, Some(amount)));
        }
        let all: Vec<_> = self.counters.iter().map(|(_, _, one)| Some(one)).collect();
        made.events = read.data_events(&all);
        made
    }
}
