//! Yields, performance ratios, capacity factors and availability of a plant (METHODS A).

use crate::assets::solar::formulas::{
    CorrectedPr, PvYieldInput, T_REF_C, availability_time, capacity_factor, pv_yields,
    specific_yield,
};
use crate::assets::solar::plts_sums::PltsSums;
use crate::assets::{IrradiancePlane, PvSystemType};
use crate::domain::claim_verdict::{ClaimVerdict, NotClaimedReason};
use crate::domain::indicator::{
    Indicator, IndicatorInput, IndicatorRemark, IndicatorSpec, InputSource, ValueOrigin,
};
use crate::domain::input_part::day_parts;
use crate::formulas::FormulaStatus;
use crate::indicators::asset_sums::AssetReadings;
use crate::indicators::coverage::{lowest_completeness, point_source};
use crate::indicators::figure_context::{
    FigureBuilder, constant_input, figure_input, figure_source, formula_input, measured_input,
    setting_input, status_remark, value_or_status, with_days,
};
use crate::indicators::period_days::{HOUR_MS, PeriodDays, growth_by_day, millis_to_f64};
use crate::indicators::uncertainty::RelativeUncertainty;

pub(crate) const DC_ENERGY: IndicatorSpec =
    IndicatorSpec::new("plts.dc_energy", "kWh", "G.5", "E_DC = Σ (c₂ − c₁)");
pub(crate) const SPECIFIC_YIELD: IndicatorSpec =
    IndicatorSpec::new("plts.specific_yield", "kWh/kWp", "A.10", "E / P0");
pub(crate) const INSOLATION: IndicatorSpec =
    IndicatorSpec::new("plts.insolation", "kWh/m2", "A.2", "H");
pub(crate) const REFERENCE_YIELD: IndicatorSpec =
    IndicatorSpec::new("plts.reference_yield", "h", "A.3", "Y_r = H · 1000 / G_ref");
pub(crate) const ARRAY_YIELD: IndicatorSpec =
    IndicatorSpec::new("plts.array_yield", "h", "A.4", "Y_A = E_DC / P0");
pub(crate) const FINAL_YIELD: IndicatorSpec =
    IndicatorSpec::new("plts.final_yield", "h", "A.4", "Y_f = E / P0");
pub(crate) const PR: IndicatorSpec =
    IndicatorSpec::new("plts.pr", "%", "A.5", "100 · (E / P0) / (H · 1000 / G_ref)");
pub(crate) const CAPTURE_LOSS: IndicatorSpec = IndicatorSpec::new(
    "plts.capture_loss",
    "h",
    "A.6",
    "H · 1000 / G_ref − E_DC / P0",
);
pub(crate) const SYSTEM_LOSS: IndicatorSpec =
    IndicatorSpec::new("plts.system_loss", "h", "A.6", "E_DC / P0 − E / P0");
pub(crate) const PR_TEMPERATURE: IndicatorSpec = IndicatorSpec::new(
    "plts.pr_temperature",
    "%",
    "A.8",
    "100 · E / (P0 · (h + γ · (w − T_ref · h)))",
);
pub(crate) const PR_WEATHER: IndicatorSpec = IndicatorSpec::new(
    "plts.pr_weather",
    "%",
    "A.9",
    "100 · E / (P0 · (h + γ · (w − T_ref · h)))",
);
pub(crate) const CAPACITY_FACTOR: IndicatorSpec =
    IndicatorSpec::new("plts.capacity_factor", "%", "A.11", "100 · E / (P0 · t)");
pub(crate) const CAPACITY_FACTOR_AC: IndicatorSpec = IndicatorSpec::new(
    "plts.capacity_factor_ac",
    "%",
    "A.11",
    "100 · E / (P_AC · t)",
);
pub(crate) const AVAILABILITY: IndicatorSpec = IndicatorSpec::new(
    "plts.availability",
    "%",
    "A.12",
    "100 · (t_day − t_down) / t_day",
);

impl PltsSums<'_> {
    /// Yields and losses (METHODS A.2 to A.6, A.10).
    pub(super) fn yield_figures(
        &self,
        read: &AssetReadings<'_>,
        generation: &Indicator,
    ) -> Vec<Indicator> {
        let desk = read.desk;
        let p0 = self.yield_kwp(read);
        let per_kwp = |spec: &IndicatorSpec<'_>| {
            let value = generation
                .value
                .clone()
                .and_then(|e| value_or_status(specific_yield(e, p0), FormulaStatus::NoEnergy));
            desk.figure(
                spec,
                value,
                vec![figure_input("E", generation), nameplate_input(p0)],
            )
            .with_completeness(generation.completeness)
            .with_origin(generation.origin)
            .with_uncertainty(RelativeUncertainty::from_indicator(generation))
        };
        let per_kwp = |spec: &IndicatorSpec<'_>| self.with_changes(desk.span, per_kwp(spec));
        // One quotient under both ids of METHODS, A.10 and A.4.
        let mut all = vec![per_kwp(&SPECIFIC_YIELD), per_kwp(&FINAL_YIELD)];
        if let Some(lane) = self.sun.lane {
            all.extend(self.irradiance_figures(read, generation, lane));
        } else {
            let none = Err(status_remark(FormulaStatus::NoIrradiance));
            all.push(desk.figure(&PR, none, Vec::new()));
        }
        all
    }

    /// Figures that need the irradiance: insolation, reference yield, losses, performance ratio.
    fn irradiance_figures(
        &self,
        read: &AssetReadings<'_>,
        generation: &Indicator,
        lane: usize,
    ) -> Vec<Indicator> {
        let desk = read.desk;
        let h = self.sun.insolation.finish().kwh_m2;
        let share = read.tracks[lane].completeness(desk.span);
        let width = RelativeUncertainty::from_percent(read.lanes[lane].accuracy_pct);
        let from = point_source(read.tracks, lane);
        let mut light = measured_input(("H", "Σ max(0, G) · τ / 1000"), h, "kWh/m2", from);
        light.parts = day_parts(growth_by_day(&self.sun.days, desk.span));
        let insolation = desk
            .figure(
                &INSOLATION,
                value_or_status(h, FormulaStatus::NoIrradiance),
                vec![light],
            )
            .with_completeness(share)
            .with_uncertainty(width);
        let dc = self.dc.as_ref().and_then(|dc| dc.total().ok());
        let yields = pv_yields(&PvYieldInput {
            e_dc_kwh: dc,
            e_out_kwh: generation.value.as_ref().ok().copied(),
            p0_kwp: self.yield_kwp(read),
            h_poa_kwh_m2: h,
        });
        let both = lowest_completeness([share, generation.completeness]);
        let reference = value_or_status(yields.reference_h, FormulaStatus::NoIrradiance);
        let from_h = || figure_input("H", &insolation);
        let g_ref = || constant_input("G_ref", 1000.0, "W/m2", "stc");
        let mut all = vec![
            desk.figure(&REFERENCE_YIELD, reference, vec![from_h(), g_ref()])
                .with_completeness(share)
                .with_uncertainty(width),
        ];
        if self.dc.is_some() {
            let losses = [
                (&ARRAY_YIELD, yields.array_h),
                (&CAPTURE_LOSS, yields.capture_loss_h),
                (&SYSTEM_LOSS, yields.system_loss_h),
            ];
            for (spec, value) in losses {
                let inputs = vec![
                    from_h(),
                    g_ref(),
                    dc_energy_input(read, dc),
                    figure_input("E", generation),
                    nameplate_input(self.yield_kwp(read)),
                ];
                let value = value_or_status(value, FormulaStatus::NoEnergy);
                all.push(desk.figure(spec, value, inputs).with_completeness(both));
            }
        }
        all.push(
            self.performance_ratio(read, generation, &insolation)
                .with_completeness(both),
        );
        all.insert(0, insolation);
        all
    }

    /// The figure with a remark on each change of the capacity within the period.
    fn with_changes(&self, span: &PeriodDays, figure: Indicator) -> Indicator {
        self.changes_within(span).fold(figure, |figure, day| {
            let remark = IndicatorRemark::new("account-capacity-changed").with_arg("date", day);
            figure.with_remark(remark)
        })
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
            p0_kwp: self.yield_kwp(read),
            h_poa_kwh_m2: Some(light).filter(|_| !none),
        });
        // Irradiance was measured but never together with energy: the energy is what is missing.
        let status = match (none, sun.value.is_ok()) {
            (true, true) => FormulaStatus::NoEnergy,
            _ => yields.status,
        };
        let value = value_or_status(yields.pr.map(|pr| 100.0 * pr), status);
        // A thousandth is left for rounding; more was light without readings of energy.
        let whole = sun.value.as_ref().is_ok_and(|h| (light / h) > 0.999);
        let matched = |symbol, rule, value, of: &Indicator| {
            let value = Some(value).filter(|_| !none);
            measured_input((symbol, rule), value, &of.unit, figure_source(of))
        };
        let days = &self.sun.matched_days;
        let by_day = |input, ends: &[f64]| with_days(input, ends, read.desk.span);
        let inputs = vec![
            by_day(matched("E", "Σ ΔE, G", energy, generation), &days.1),
            nameplate_input(self.yield_kwp(read)),
            by_day(
                matched("H", "Σ max(0, G) · τ / 1000, E", light, sun),
                &days.0,
            ),
            constant_input("G_ref", 1000.0, "W/m2", "stc"),
        ];
        let figure = read
            .desk
            .figure(&PR, value, inputs)
            .with_uncertainty(RelativeUncertainty::of_product(&[
                RelativeUncertainty::from_indicator(generation),
                RelativeUncertainty::from_indicator(sun),
            ]))
            .with_remark_if(status == FormulaStatus::PrTooHigh, &status.words_key())
            .with_verdict(if status == FormulaStatus::PrTooHigh {
                ClaimVerdict::NotClaimed(NotClaimedReason::Implausible)
            } else {
                ClaimVerdict::Claimable
            })
            .with_remark_if(!whole && !none, "account-pr-matched");
        self.with_changes(read.desk.span, self.with_pr_labels(figure))
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
    pub(super) fn corrected_pr_figures(
        &self,
        read: &AssetReadings<'_>,
        generation: &Indicator,
    ) -> Vec<Indicator> {
        let (Some(gamma), Some(lane)) = (self.plant.gamma, self.sun.lane) else {
            return Vec::new();
        };
        let p0 = self.yield_kwp(read);
        let measured = self.plant.module_temperature.is_some();
        let share = read.tracks[lane].completeness(read.desk.span);
        let make = |spec: &IndicatorSpec<'_>, found: CorrectedPr| {
            let value = value_or_status(found.pr.map(|pr| 100.0 * pr), found.status);
            let sums = self.sun.corrected.sums();
            let from = || point_source(read.tracks, lane);
            let any = sums.hours > 0.0;
            let summed = |of, value, unit: &str, from, days: &[f64]| {
                let input = measured_input(of, Some(value).filter(|_| any), unit, from);
                with_days(input, days, read.desk.span)
            };
            let rules = ("Σ ΔE, G, T", "Σ G / G_ref · τ", "Σ T · G / G_ref · τ");
            let of_energy = figure_source(generation);
            let [energy, hours, warm] = &self.sun.corrected_days;
            let t_ref = found.t_ref_c.unwrap_or(T_REF_C);
            let inputs = vec![
                summed(("E", rules.0), sums.energy, "kWh", of_energy, energy),
                nameplate_input(p0),
                summed(("h", rules.1), sums.hours, "h", from(), hours),
                setting_input("γ", gamma, "1/degC", "gamma"),
                summed(("w", rules.2), sums.warm_hours, "degC h", from(), warm),
                constant_input("T_ref", t_ref, "degC", "stc"),
            ];
            let figure = read
                .desk
                .figure(spec, value, inputs)
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
                &PR_TEMPERATURE,
                self.sun.corrected.temp_corrected(p0, gamma, T_REF_C),
            ),
            make(&PR_WEATHER, self.sun.corrected.weather_corrected(p0, gamma)),
        ]
    }

    /// Capacity factor and availability (METHODS A.11, A.12).
    pub(super) fn utilisation_figures(
        &self,
        read: &AssetReadings<'_>,
        generation: &Indicator,
    ) -> Vec<Indicator> {
        let span = read.desk.span;
        let total = self.generation_total();
        let hours = total.map_or(0.0, |total| match self.plant.system {
            PvSystemType::GridTied | PvSystemType::PumpOnly => read.measured_solar_hours(total),
            // A battery inverter also works at night.
            PvSystemType::OffGrid => read.measured_hours(total),
        });
        let factor = |spec: &IndicatorSpec<'_>, symbol, rating: f64, key: &str| {
            let value = generation.value.clone().and_then(|e| {
                let share = capacity_factor(e, rating, hours);
                value_or_status(
                    share.map(|share| 100.0 * share),
                    FormulaStatus::Insufficient,
                )
            });
            let inputs = vec![
                figure_input("E", generation),
                setting_input(symbol, rating, "kW", key),
                constant_input("t", hours, "h", "measured"),
            ];
            read.desk
                .figure(spec, value, inputs)
                .with_completeness(generation.completeness)
                .with_uncertainty(RelativeUncertainty::from_indicator(generation))
        };
        let factor = |spec: &IndicatorSpec<'_>, symbol, rating: f64, key: &str| {
            self.with_changes(span, factor(spec, symbol, rating, key))
        };
        let p0 = span.mean_by_day(|day| Some(self.plant.capacity_on(day)));
        let p0 = p0.unwrap_or(self.plant.capacity_kwp);
        let mut all = vec![factor(&CAPACITY_FACTOR, "P0", p0, "capacity_kwp")];
        if let Some(rating) = span.mean_by_day(|day| self.plant.ac_rating_on(day)) {
            all.push(factor(&CAPACITY_FACTOR_AC, "P_AC", rating, "ac_rating_kw"));
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
        let light = point_source(read.tracks, lane);
        let mut inputs = vec![formula_input("t_day", Some(day_h), "h", light)];
        inputs.extend(self.power.as_ref().map(|power| {
            let from = point_source(read.tracks, power.lane);
            formula_input("t_down", Some(down_h), "h", from)
        }));
        let value = value_or_status(share.map(|share| 100.0 * share), status);
        let covered = lowest_completeness(
            [lane]
                .into_iter()
                .chain(self.power.as_ref().map(|one| one.lane))
                .map(|lane| read.tracks[lane].completeness(read.desk.span)),
        );
        read.desk
            .figure(&AVAILABILITY, value, inputs)
            .with_completeness(covered)
    }
}

fn nameplate_input(kwp: f64) -> IndicatorInput {
    setting_input("P0", kwp, "kWp", "capacity_kwp")
}

fn millis_to_hours(ms: i64) -> f64 {
    millis_to_f64(ms) / HOUR_MS
}

fn dc_energy_input(read: &AssetReadings<'_>, dc: Option<f64>) -> IndicatorInput {
    let from = InputSource::Indicator {
        id: DC_ENERGY.id.into(),
        asset: read.desk.asset.clone(),
    };
    formula_input("E_DC", dc, "kWh", from)
}
