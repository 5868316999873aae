//! Water tank (METHODS D.1, D.2, D.4, D.5).

use crate::assets::TankAsset;
use crate::assets::tank::flow_indicators as flow;
use crate::assets::tank::geometry::tank_volume;
use crate::assets::tank::tank_sums::TankSums;
use crate::assets::tank::volume_inputs::volume_inputs;
use crate::domain::indicator::{CompletenessShares, Indicator, IndicatorRemark, IndicatorSpec};
use crate::formulas::{FormulaStatus, count_as_f64, finite_ratio};
use crate::indicators::asset_figures::{AssetFigures, SeriesAndSums, SumsRequest, boxed_sums};
use crate::indicators::asset_sums::{AssetIndicators, AssetReadings, AssetSums};
use crate::indicators::coverage::point_source;
use crate::indicators::figure_context::{
    FigureBuilder, FigureValue, figure_input, measured_input, setting_input, status_remark,
    value_or_status, with_days,
};
use crate::indicators::period_days::{HOUR_MS, millis_to_f64};
use crate::indicators::uncertainty::RelativeUncertainty;

pub(crate) const VOLUME_LAST: IndicatorSpec =
    IndicatorSpec::new("tank.volume_last", "m3", "D.1", "V");
pub(crate) const VOLUME_MIN: IndicatorSpec =
    IndicatorSpec::new("tank.volume_min", "m3", "D.1", "V");
pub(crate) const VOLUME_MAX: IndicatorSpec =
    IndicatorSpec::new("tank.volume_max", "m3", "D.1", "V");
pub(crate) const FILL_LAST: IndicatorSpec =
    IndicatorSpec::new("tank.fill_last", "%", "D.1", "100 · V / V_full");
pub(crate) const OVERFLOW_HOURS: IndicatorSpec =
    IndicatorSpec::new("tank.overflow_hours", "h", "D.1", "t");
pub(crate) const LEAK_NIGHTS: IndicatorSpec =
    IndicatorSpec::new("tank.leak_nights", "", "D.5", "n");

/// Figures of a tank, in report order.
pub(crate) const INDICATORS: &[&IndicatorSpec] = &[
    &VOLUME_LAST,
    &VOLUME_MIN,
    &VOLUME_MAX,
    &FILL_LAST,
    &flow::INFLOW,
    &flow::OUTFLOW,
    &flow::DAYS_LEFT,
    &OVERFLOW_HOURS,
    &LEAK_NIGHTS,
];

impl AssetFigures for TankAsset {
    fn sums<'a>(&'a self, request: &SumsRequest<'a>) -> SeriesAndSums<'a> {
        boxed_sums(TankSums::new(
            request.config,
            (&request.asset.id, self),
            request.span,
            request.calibrations,
        ))
    }
}

impl AssetSums for TankSums<'_> {
    fn build_indicators(&self, read: &AssetReadings<'_>) -> AssetIndicators {
        let Some(level) = self.level else {
            return AssetIndicators::default();
        };
        let mut figures = self.volume_figures(read, level);
        let balance = self.flow_figures(read, level, &figures[0]);
        figures.extend(balance);
        figures.push(self.overflow_figure(read, level));
        figures.push(self.leak_figure(read, level));
        let track = &read.tracks[level];
        let days = self.stock.days.iter().enumerate();
        let days = days.map(|(day, last)| (*last, track.completeness_of_day(read.desk.span, day)));
        let daily = read.desk.daily_values(&VOLUME_LAST, days.collect());
        let mut all = vec![daily];
        all.extend(read.daily_totals(&flow::INFLOW, self.inflow.as_ref()));
        all.extend(read.daily_totals(&flow::OUTFLOW, self.outflow.as_ref()));
        let nights = self.nights.leaks_by_day().enumerate();
        let nights =
            nights.map(|(day, leaks)| (leaks, track.completeness_of_day(read.desk.span, day)));
        all.push(read.desk.daily_values(&LEAK_NIGHTS, nights.collect()));
        AssetIndicators {
            figures,
            daily: all,
            events: read.data_events(&[self.inflow.as_ref(), self.outflow.as_ref()]),
        }
    }
}

impl TankSums<'_> {
    /// Volume at the end, minimum, maximum and fill level (METHODS D.1).
    fn volume_figures(&self, read: &AssetReadings<'_>, level: usize) -> Vec<Indicator> {
        let desk = read.desk;
        let share = read.tracks[level].completeness(desk.span);
        let geometry = self.shapes.last_shape();
        let (newest, (lowest, highest)) = self.stock.levels;
        let volume = |spec: &IndicatorSpec<'_>, rule, (h, value): (f64, Option<f64>)| {
            let from = || point_source(read.tracks, level);
            let by_shape = value.and_then(|v| volume_inputs(geometry, (h, v), (rule, from())));
            // A volume of another shape has no equation of its own here.
            let (equation, inputs) = by_shape.unwrap_or_else(|| {
                let read = measured_input(("V", rule), value, spec.unit, from());
                ("V", vec![read])
            });
            let value = value_or_status(value, FormulaStatus::NoData);
            desk.figure(&spec.computed_by(spec.method, equation), value, inputs)
                .with_completeness(share)
                .with_remark_if(self.stock.overfull, "account-tank-overfull")
        };
        let last = volume(&VOLUME_LAST, "h_last", (newest, self.stock.last));
        let capacity = tank_volume(self.shapes.last_shape(), Some(self.tank.full_m)).v_m3;
        let percent = self
            .stock
            .last
            .zip(capacity)
            .map(|(v, full)| 100.0 * v / full);
        let percent = percent.filter(|percent| percent.is_finite());
        let mut inputs = vec![figure_input("V", &last)];
        inputs.extend(capacity.map(|full| setting_input("V_full", full, "m3", "full_m")));
        let filled = desk
            .figure(
                &FILL_LAST,
                value_or_status(percent, FormulaStatus::NoData),
                inputs,
            )
            .with_completeness(share);
        vec![
            last,
            volume(&VOLUME_MIN, "h, min V(h)", (lowest, self.stock.least)),
            volume(&VOLUME_MAX, "h, max V(h)", (highest, self.stock.most)),
            filled,
        ]
    }

    fn overflow_figure(&self, read: &AssetReadings<'_>, level: usize) -> Indicator {
        let hours = self
            .stock
            .last
            .map(|_| millis_to_f64(self.stock.full_ms) / HOUR_MS);
        let from = point_source(read.tracks, level);
        let counted = measured_input(("t", "Σ τ, h ≥ h_full"), hours, "h", from);
        let inputs = vec![
            with_days(counted, &self.stock.full_days, read.desk.span),
            setting_input("h_full", self.tank.full_m, "m", "full_m"),
        ];
        let value = value_or_status(hours, FormulaStatus::NoData);
        read.desk
            .figure(&OVERFLOW_HOURS, value, inputs)
            .with_completeness(read.tracks[level].completeness(read.desk.span))
    }

    /// Nights with a leak (METHODS D.5).
    fn leak_figure(&self, read: &AssetReadings<'_>, level: usize) -> Indicator {
        let (leaking, verdicts, suspected) = self.nights.leak_verdict();
        let value: FigureValue = match verdicts {
            0 => Err(status_remark(FormulaStatus::Insufficient)),
            _ => Ok(leaking),
        };
        let threshold = self.tank.leak_night.threshold_m3_h;
        let from = point_source(read.tracks, level);
        let nights = Some(leaking).filter(|_| verdicts > 0);
        let inputs = vec![
            measured_input(("n", "n, dV/dt ≤ −q"), nights, "", from),
            setting_input("q", threshold, "m3/h", "leak_night.threshold_l_h"),
        ];
        let share = CompletenessShares {
            all: finite_ratio(count_as_f64(verdicts), count_as_f64(self.stock.days.len())),
            daylight: None,
        };
        let said = IndicatorRemark::new("account-leak-nights").with_arg("nights", verdicts);
        read.desk
            .figure(&LEAK_NIGHTS, value, inputs)
            .with_completeness(share)
            .with_uncertainty(RelativeUncertainty::default())
            .with_remark(said)
            .with_remark_if(suspected == Some(true), "account-leak-suspected")
            .with_remark_if(self.rain.is_none(), "account-leak-no-rain-gauge")
    }
}
