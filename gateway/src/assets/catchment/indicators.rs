//! Rain catchment of a roof (METHODS D.3).

use crate::assets::CatchmentAsset;
use crate::assets::catchment::formulas::{RainCapture, RoofRainInput, rain_capture};
use crate::assets::catchment::rain_plausibility_indicators::judge_rain;
use crate::config::Config;
use crate::domain::indicator::{Indicator, IndicatorSpec, ValueOrigin};
use crate::domain::input_part::{InputPart, PartSource};
use crate::formulas::saved_state::saved_fields;
use crate::formulas::{FormulaStatus, finite_ratio};
use crate::indicators::asset_figures::{AssetFigures, SeriesAndSums, SumsRequest, boxed_sums};
use crate::indicators::asset_sums::{AssetIndicators, AssetReadings, AssetSums};
use crate::indicators::coverage::lowest_completeness;
use crate::indicators::figure_context::{
    FigureBuilder, FigureValue, factor_input, figure_input, figure_source, measured_input,
    setting_input, value_or_status,
};
use crate::indicators::input_reading::{InputReading, ReadingSums};
use crate::indicators::input_series::{InputSeries, InputSeriesList};
use crate::indicators::totaliser::Totaliser;
use crate::indicators::uncertainty::RelativeUncertainty;
use crate::limits::{INPUT_PARTS_MAX, RAIN_EVENTS_MAX};

pub(crate) const RAIN: IndicatorSpec =
    IndicatorSpec::new("catchment.rain", "mm", "G.5", "P = Σ (c₂ − c₁)");
pub(crate) const GROSS: IndicatorSpec =
    IndicatorSpec::new("catchment.gross", "m3", "D.3", "A · P / 1000");
pub(crate) const CAPTURED: IndicatorSpec = IndicatorSpec::new(
    "catchment.captured",
    "m3",
    "D.3",
    "Σ max(0, A · (C · P − ff)) / 1000",
);
pub(crate) const INFLOW: IndicatorSpec =
    IndicatorSpec::new("catchment.inflow", "m3", "G.5", "V_in = Σ (c₂ − c₁)");
pub(crate) const EFFICIENCY: IndicatorSpec =
    IndicatorSpec::new("catchment.efficiency", "%", "D.3", "100 · V_in / V_roof");

/// Figures of a catchment, in report order.
pub(crate) const INDICATORS: &[&IndicatorSpec] = &[&RAIN, &GROSS, &CAPTURED, &INFLOW, &EFFICIENCY];

/// Upper bound of rain intensity, mm/h, above the heaviest cloudbursts.
pub(crate) const RAIN_MAX_MM_H: f64 = 600.0;

/// Accumulator of a catchment.
#[derive(Debug)]
pub(crate) struct RoofSums<'a> {
    config: &'a Config,
    roof: &'a CatchmentAsset,
    rain: Option<Totaliser>,
    inflow: Option<Totaliser>,
    showers: RainEvents,
}

saved_fields!(RoofSums<'_> { showers } parts { rain, inflow } fixed { config, roof });

/// Rain events: rain separated by a dry time of at least `gap_ms`.
#[derive(Debug, Default)]
pub(crate) struct RainEvents {
    gap_ms: i64,
    /// Rain of each event, mm, at most `RAIN_EVENTS_MAX`.
    // First flush is lost once for each event, so rain must be split into events before it is added
    // up.
    all: Vec<f64>,
    before: f64,
    /// Time of the last rain, ms.
    pub(crate) last: Option<i64>,
}

saved_fields!(RainEvents {
    gap_ms,
    all,
    before,
    last
});

impl RainEvents {
    pub(crate) fn new(gap_ms: i64) -> Self {
        Self {
            gap_ms,
            ..Self::default()
        }
    }

    /// Adds the running total of rain, mm, at the time `at`.
    pub(crate) fn add_total(&mut self, at: i64, total: f64) {
        let grown = total - self.before;
        self.before = total;
        if grown <= 0.0 {
            return;
        }
        let dry = self.last.is_none_or(|last| at - last >= self.gap_ms);
        self.last = Some(at);
        // Beyond the bound, rain is added to the last event: the first flush is then taken off too
        // rarely, the rain itself is not lost.
        let joins = !dry || self.all.len() >= RAIN_EVENTS_MAX;
        match self.all.last_mut() {
            Some(event) if joins => *event += grown,
            _ => self.all.push(grown),
        }
    }
}

impl<'a> RoofSums<'a> {
    pub(crate) fn new(config: &'a Config, roof: &'a CatchmentAsset) -> (Vec<InputSeries>, Self) {
        let mut lanes = InputSeriesList::new(config);
        let rain = lanes.add_total(roof.rain.as_ref());
        let inflow = lanes.add_total(roof.inflow.as_ref());
        let lanes = lanes.all;
        let most = roof.area_m2 * RAIN_MAX_MM_H / 1000.0;
        let gap_ms = i64::try_from(roof.event_gap.as_millis()).unwrap_or(i64::MAX);
        let sums = Self {
            config,
            roof,
            rain: rain.map(|at| Totaliser::from_counter(&lanes, at, RAIN_MAX_MM_H)),
            inflow: inflow.map(|at| Totaliser::from_counter(&lanes, at, most)),
            showers: RainEvents::new(gap_ms),
        };
        (lanes, sums)
    }
}

impl ReadingSums for RoofSums<'_> {
    fn add_reading(&mut self, tick: &InputReading) {
        if let Some(rain) = &mut self.rain {
            rain.add_reading(tick);
            if tick.lane == rain.lane {
                self.showers.add_total(tick.at, rain.running_total());
            }
        }
        if let Some(inflow) = &mut self.inflow {
            inflow.add_reading(tick);
        }
    }

    fn end_day(&mut self) {
        let both = self.rain.iter_mut().chain(&mut self.inflow);
        both.for_each(Totaliser::end_day);
    }
}

impl AssetFigures for CatchmentAsset {
    fn sums<'a>(&'a self, request: &SumsRequest<'a>) -> SeriesAndSums<'a> {
        boxed_sums(RoofSums::new(request.config, self))
    }
}

impl AssetSums for RoofSums<'_> {
    fn build_indicators(&self, read: &AssetReadings<'_>) -> AssetIndicators {
        let rain = read.total_figure(&RAIN, "P", self.rain.as_ref(), FormulaStatus::NoData);
        let rain = judge_rain(rain, self.rain.as_ref());
        let inflow = self.inflow.as_ref();
        let inflow =
            inflow.map(|one| read.total_figure(&INFLOW, "V_in", Some(one), FormulaStatus::NoData));
        let known = |one: &Indicator| one.value.as_ref().ok().copied();
        let found = rain_capture(&RoofRainInput {
            area_m2: self.roof.area_m2,
            runoff_c: self.roof.runoff,
            events_mm: &self.showers.all,
            first_flush_mm: self.roof.first_flush_mm,
            v_in_measured_m3: inflow.as_ref().and_then(known),
            // The free capacity of the tank during an event is unknown, so spill is not subtracted;
            // a remark says so.
            free_capacity_m3: None,
        });
        let mut figures = self.runoff_figures(read, &rain, found);
        if let Some(inflow) = inflow {
            // By the rain of the period: rain before a dip of the gauge is in two showers.
            let on_roof = figures[0].value.as_ref().ok();
            let share = known(&inflow).zip(on_roof);
            let percent = share.and_then(|(v, gross)| finite_ratio(100.0 * v, *gross));
            let inputs = vec![
                figure_input("V_in", &inflow),
                figure_input("V_roof", &figures[0]),
            ];
            let both = [
                RelativeUncertainty::from_indicator(&inflow),
                RelativeUncertainty::from_indicator(&figures[0]),
            ];
            let share = lowest_completeness([inflow.completeness, rain.completeness]);
            let value = value_or_status(percent, FormulaStatus::NoData);
            let efficiency = read.desk.figure(&EFFICIENCY, value, inputs);
            figures.push(
                efficiency
                    .with_completeness(share)
                    .with_uncertainty(RelativeUncertainty::of_product(&both)),
            );
            figures.push(inflow);
        }
        figures.insert(0, rain);
        let daily = read.daily_totals(&RAIN, self.rain.as_ref());
        AssetIndicators {
            figures,
            daily: daily.into_iter().collect(),
            events: read.data_events(&[self.rain.as_ref(), self.inflow.as_ref()]),
        }
    }
}

impl RoofSums<'_> {
    fn runoff_figures(
        &self,
        read: &AssetReadings<'_>,
        rain: &Indicator,
        found: RainCapture,
    ) -> Vec<Indicator> {
        let roof = self.roof;
        let area = || setting_input("A", roof.area_m2, "m2", "area_m2");
        let of = |m3: f64| -> FigureValue { rain.value.clone().map(|_| m3) };
        let gross = read
            .desk
            .figure(
                &GROSS,
                rain.value.clone().map(|mm| roof.area_m2 * mm / 1000.0),
                vec![area(), figure_input("P", rain)],
            )
            .with_origin(ValueOrigin::Estimated)
            .with_completeness(rain.completeness)
            .with_uncertainty(RelativeUncertainty::from_indicator(rain));
        let runoff = match &roof.runoff_factor {
            Some(factor) => factor_input("C", roof.runoff, "", factor),
            None => setting_input("C", roof.runoff, "", "runoff"),
        };
        let flush = setting_input("ff", roof.first_flush_mm, "mm", "first_flush_mm");
        let showers = self.showers.all.iter().enumerate();
        let showers = showers.map(|(at, mm)| InputPart {
            value: *mm,
            of: PartSource::Event(at + 1),
        });
        let mut of_events = figure_input("P", rain);
        (of_events.value, of_events.parts) = (None, showers.collect());
        // Beyond the bound of a list, the sum over showers comes from readings as one number.
        let (spec, inputs) = if (1..=INPUT_PARTS_MAX).contains(&self.showers.all.len()) {
            (CAPTURED, vec![area(), runoff, of_events, flush])
        } else {
            let from = figure_source(rain);
            let net = measured_input(("V", CAPTURED.equation), Some(found.net_m3), "m3", from);
            let spec = CAPTURED.computed_by(CAPTURED.method, "V");
            (spec, vec![net, area(), runoff, flush])
        };
        let mut caught = read
            .desk
            .figure(&spec, of(found.net_m3), inputs)
            .with_origin(ValueOrigin::Estimated)
            .with_completeness(rain.completeness)
            .with_remark_if(roof.inflow.is_none(), "account-rain-no-spill")
            .with_remark_if(roof.runoff_factor.is_some(), "account-runoff-handbook");
        if let Some(factor) = &roof.runoff_factor {
            caught = caught.with_factor(self.config, factor);
        }
        vec![gross, caught]
    }
}
