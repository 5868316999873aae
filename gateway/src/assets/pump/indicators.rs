//! Water pump (METHODS B).

use crate::assets::pump::formulas::{
    DryRunDetector, DryRunLimits, PumpedWaterInput, pump_specific,
};
use crate::assets::pump::lift_indicators::{self as lift, HeadSums, water_density};
use crate::assets::solar::yield_indicators::INSOLATION;
use crate::assets::{AssetKind, PumpAsset};
use crate::carbon::avoided_emissions::find_indicator;
use crate::config::Config;
use crate::domain::indicator::{Indicator, IndicatorRemark, IndicatorSpec};
use crate::formulas::FormulaStatus;
use crate::formulas::saved_state::saved_fields;
use crate::indicators::asset_figures::{AssetFigures, SeriesAndSums, SumsRequest, boxed_sums};
use crate::indicators::asset_sums::{AssetIndicators, AssetReadings, AssetSums};
use crate::indicators::coverage::lowest_completeness;
use crate::indicators::figure_context::{
    FigureBuilder, FigureContext, constant_input, figure_input, formula_input, setting_input,
    status_remark, value_or_status,
};
use crate::indicators::input_series::{InputSeries, InputSeriesList, point_source};
use crate::indicators::period_days::{HOUR_MS, millis_to_f64, millis_to_seconds};
use crate::indicators::sample_merge::{InputReading, ReadingSums};
use crate::indicators::totaliser::{
    HeldReading, RunningHours, Totaliser, is_counter_rejected, prefer_counter,
};
use crate::indicators::uncertainty::RelativeUncertainty;

pub(crate) const VOLUME: IndicatorSpec = IndicatorSpec::new("pump.volume", "m3", "G.5", "V = ΣΔV");
pub(crate) const ENERGY: IndicatorSpec = IndicatorSpec::new("pump.energy", "kWh", "G.5", "E = ΣΔE");
pub(crate) const SPECIFIC: IndicatorSpec =
    IndicatorSpec::new("pump.specific", "m3/kWh", "B.4", "V / E");
pub(crate) const ENERGY_PER_M3: IndicatorSpec =
    IndicatorSpec::new("pump.energy_per_m3", "kWh/m3", "B.4", "E / V");
pub(crate) const M3_PER_KWP_DAY: IndicatorSpec =
    IndicatorSpec::new("pump.m3_per_kwp_day", "m3/kWp/d", "B.4", "V / (P0 · d)");
pub(crate) const HOURS: IndicatorSpec =
    IndicatorSpec::new("pump.hours", "h", "B.8", "Σ τ, P ≥ P_run");
pub(crate) const DRY_RUNS: IndicatorSpec =
    IndicatorSpec::new("pump.dry_runs", "", "B.8", "n, P ≥ P_min, Q < Q_min");
pub(crate) const DRY_HOURS: IndicatorSpec =
    IndicatorSpec::new("pump.dry_hours", "h", "B.8", "Σ τ, P ≥ P_min, Q < Q_min");

/// Figures of a pump, in report order.
pub(crate) const INDICATORS: &[&IndicatorSpec] = &[
    &VOLUME,
    &ENERGY,
    &SPECIFIC,
    &ENERGY_PER_M3,
    &lift::HEAD,
    &lift::HYDRAULIC_ENERGY,
    &lift::EFFICIENCY,
    &M3_PER_KWP_DAY,
    &lift::PV_TO_WATER,
    &HOURS,
    &DRY_RUNS,
    &DRY_HOURS,
];

/// Share of the rated power or flow from which a pump counts as running.
const PUMP_RUN_SHARE: f64 = 0.10;
/// Power from which a pump of unknown rating counts as running, W.
const PUMP_RUN_W: f64 = 20.0;
/// Factor on the rating above which power or flow is implausible.
const PUMP_OVER_RATING: f64 = 2.0;
/// Limits for a pump of unknown rating, above the largest village pump: kW, m3/h.
const UNRATED_PUMP_MAX: (f64, f64) = (50.0, 200.0);
/// Accumulator of a pump.
#[derive(Debug)]
pub(crate) struct PumpSums<'a> {
    config: &'a Config,
    pub(super) pump: &'a PumpAsset,
    pub(super) rho: f64,
    energy: Option<Totaliser>,
    power: Option<Totaliser>,
    volume: Option<Totaliser>,
    flow: Option<Totaliser>,
    hours: Option<RunningHours>,
    dry: Option<DryRunSums>,
    pub(super) lift: HeadSums,
}

saved_fields!(PumpSums<'_> {
    rho,
    lift,
} parts { energy, power, volume, flow, hours, dry } fixed { config, pump });

/// Number and duration of dry runs (METHODS B.8).
#[derive(Debug)]
struct DryRunSums {
    run: DryRunDetector,
    power: HeldReading,
    flow: usize,
    last: Option<i64>,
    running: bool,
    after_ms: f64,
    runs: u64,
    ms: f64,
}

saved_fields!(DryRunSums {
    run,
    power,
    flow,
    last,
    running,
    after_ms,
    runs,
    ms,
});

impl<'a> PumpSums<'a> {
    pub(crate) fn new(config: &'a Config, pump: &'a PumpAsset) -> (Vec<InputSeries>, Self) {
        let mut lanes = InputSeriesList::new(config);
        let head = pump.head.as_ref();
        let depth = lanes.add_level(head.and_then(|head| head.well_depth.as_ref()));
        let outlet = lanes.add_level(head.and_then(|head| head.outlet_pressure.as_ref()));
        let inlet = lanes.add_level(head.and_then(|head| head.inlet_pressure.as_ref()));
        let power = lanes.add_level(pump.power.as_ref());
        let energy = lanes.add_total(pump.energy.as_ref());
        let volume = lanes.add_total(pump.volume.as_ref());
        let flow = lanes.add_level(pump.flow.as_ref());
        let kw = pump
            .rated_power_w
            .map_or(UNRATED_PUMP_MAX.0, |w| w / 1000.0 * PUMP_OVER_RATING);
        let m3 = pump
            .rated_flow_m3_h
            .map_or(UNRATED_PUMP_MAX.1, |rated| rated * PUMP_OVER_RATING);
        lanes.limit_by_rating(power, kw * 1000.0);
        lanes.limit_by_rating(flow, m3);
        let lanes = lanes.all;
        let run_w = pump
            .rated_power_w
            .map_or(PUMP_RUN_W, |w| w * PUMP_RUN_SHARE);
        let run_m3 = pump.rated_flow_m3_h.unwrap_or(0.0) * PUMP_RUN_SHARE;
        let by_power = power.map(|at| RunningHours::new(&lanes, at, run_w));
        // Without a rated flow any flow above zero counts as running.
        let by_flow =
            || flow.map(|at| RunningHours::new(&lanes, at, run_m3.max(f64::MIN_POSITIVE)));
        let sums = Self {
            config,
            pump,
            rho: water_density(config),
            energy: energy.map(|at| Totaliser::from_counter(&lanes, at, kw)),
            power: power.map(|at| Totaliser::from_integral(&lanes, at)),
            volume: volume.map(|at| Totaliser::from_counter(&lanes, at, m3)),
            flow: flow.map(|at| Totaliser::from_integral(&lanes, at)),
            hours: by_power.or_else(by_flow),
            dry: DryRunSums::new(pump, &lanes, power, flow),
            lift: HeadSums::new(&lanes, flow, [depth, outlet, inlet]),
        };
        (lanes, sums)
    }
}

impl DryRunSums {
    /// Needs ratings and measurements of both power and flow; `None` without them.
    fn new(
        pump: &PumpAsset,
        lanes: &[InputSeries],
        power: Option<usize>,
        flow: Option<usize>,
    ) -> Option<Self> {
        let after_s = pump.dry_run.after.as_secs_f64();
        let limits = DryRunLimits {
            p_min_w: pump.rated_power_w? * pump.dry_run.power_share,
            q_min_l_min: pump.rated_flow_m3_h? * pump.dry_run.flow_share * 1000.0 / 60.0,
            t_dry_s: after_s,
        };
        power?;
        Some(Self {
            run: DryRunDetector::new(limits),
            power: HeldReading::new(lanes, power),
            flow: flow?,
            last: None,
            running: false,
            after_ms: after_s * 1000.0,
            runs: 0,
            ms: 0.0,
        })
    }

    fn add_reading(&mut self, tick: &InputReading) {
        self.power.add_reading(tick);
        if tick.lane != self.flow || !tick.inside {
            return;
        }
        let litres = tick.value.map(|m3_h| m3_h * 1000.0 / 60.0);
        let dry = self.run.push(
            millis_to_seconds(tick.at),
            self.power.value_at(tick.at),
            litres,
        );
        match (dry, self.running) {
            (true, false) => {
                // The detector reports a dry run only after `after_ms`; that time was dry as well.
                self.runs += 1;
                self.ms += self.after_ms;
            }
            (true, true) => self.ms += self.last.map_or(0.0, |last| millis_to_f64(tick.at - last)),
            _ => {}
        }
        self.running = dry;
        self.last = Some(tick.at);
    }
}

impl PumpSums<'_> {
    fn totalisers(&mut self) -> impl Iterator<Item = &mut Totaliser> {
        let all = [
            &mut self.energy,
            &mut self.power,
            &mut self.volume,
            &mut self.flow,
        ];
        all.into_iter().flatten()
    }
}

impl ReadingSums for PumpSums<'_> {
    fn add_reading(&mut self, tick: &InputReading) {
        self.totalisers()
            .for_each(|amount| amount.add_reading(tick));
        if let Some(hours) = &mut self.hours {
            hours.add_reading(tick);
        }
        if let Some(dry) = &mut self.dry {
            dry.add_reading(tick);
        }
        self.lift
            .add_reading(tick, self.pump.head.as_ref(), self.rho);
    }

    fn end_day(&mut self) {
        self.totalisers().for_each(Totaliser::end_day);
    }
}

impl AssetFigures for PumpAsset {
    fn sums<'a>(&'a self, request: &SumsRequest<'a>) -> SeriesAndSums<'a> {
        boxed_sums(PumpSums::new(request.config, self))
    }

    fn dependent_figures(&self, desk: &FigureContext<'_>, known: &[Indicator]) -> Vec<Indicator> {
        let water = self.plts.as_deref().and_then(|id| {
            let mut assets = desk.config.assets.iter();
            let area = match &assets.find(|one| *one.id == *id)?.kind {
                AssetKind::Plts(plant) => plant.module_area_m2?,
                _ => return None,
            };
            let sun = find_indicator(known, &INSOLATION, id)?;
            let lifted = find_indicator(known, &lift::HYDRAULIC_ENERGY, desk.asset.as_deref()?)?;
            Some(lift::pv_to_water_figure(desk, (lifted, area), sun))
        });
        water.into_iter().collect()
    }
}

impl AssetSums for PumpSums<'_> {
    fn build_indicators(&self, read: &AssetReadings<'_>) -> AssetIndicators {
        let water = prefer_counter(self.volume.as_ref(), self.flow.as_ref());
        let energy = prefer_counter(self.energy.as_ref(), self.power.as_ref());
        let passed =
            |counter: &Option<Totaliser>, chosen| is_counter_rejected(counter.as_ref(), chosen);
        let volume = read
            .total_figure(&VOLUME, "V", water, FormulaStatus::NoData)
            .with_remark_if(passed(&self.volume, water), "account-counter-refused");
        let electric = read
            .total_figure(&ENERGY, "E", energy, FormulaStatus::NoEnergy)
            .with_remark_if(passed(&self.energy, energy), "account-counter-refused");
        let mut figures = self.specific_figures(read, &volume, &electric);
        figures.extend(self.lift_figures(read, &volume, &electric));
        figures.extend(self.operation_figures(read));
        let mut daily = Vec::new();
        daily.extend(read.daily_totals(&VOLUME, water));
        daily.extend(read.daily_totals(&ENERGY, energy));
        figures.splice(0..0, [volume, electric]);
        let counters = [self.energy.as_ref(), self.volume.as_ref()];
        AssetIndicators {
            figures,
            daily,
            events: read.data_events(&counters),
        }
    }
}

impl PumpSums<'_> {
    /// Specific volume and energy (METHODS B.4).
    fn specific_figures(
        &self,
        read: &AssetReadings<'_>,
        v: &Indicator,
        e: &Indicator,
    ) -> Vec<Indicator> {
        let desk = read.desk;
        let mut all = Vec::new();
        let kwp = self.driver_kwp();
        let days = desk.span.days_passed();
        let number = |one: &Indicator| one.value.as_ref().ok().copied();
        let found = number(v).map(|v_m3| {
            pump_specific(&PumpedWaterInput {
                v_m3,
                e_kwh: number(e),
                p0_kwp: kwp,
                days,
                h_m: None,
            })
        });
        let still = match (number(v), number(e)) {
            (Some(_), Some(_)) => FormulaStatus::NoOperation,
            (None, _) => FormulaStatus::NoData,
            _ => FormulaStatus::NoEnergy,
        };
        let both = lowest_completeness([v.completeness, e.completeness]);
        let width = RelativeUncertainty::of_product(&[
            RelativeUncertainty::from_indicator(v),
            RelativeUncertainty::from_indicator(e),
        ]);
        let per_kwh = found.and_then(|one| one.m3_per_kwh);
        let per_m3 = found.and_then(|one| one.kwh_per_m3);
        for (spec, value) in [(&SPECIFIC, per_kwh), (&ENERGY_PER_M3, per_m3)] {
            let inputs = vec![figure_input("V", v), figure_input("E", e)];
            let figure = desk.figure(spec, value_or_status(value, still), inputs);
            all.push(figure.with_completeness(both).with_uncertainty(width));
        }
        if let Some(kwp) = kwp {
            let value = value_or_status(found.and_then(|one| one.m3_per_kwp_day), still);
            let inputs = vec![
                figure_input("V", v),
                setting_input("P0", kwp, "kWp", "capacity_kwp"),
                constant_input("d", days, "d", "period"),
            ];
            let figure = desk.figure(&M3_PER_KWP_DAY, value, inputs);
            all.push(
                figure
                    .with_completeness(v.completeness)
                    .with_uncertainty(RelativeUncertainty::from_indicator(v)),
            );
        }
        all
    }

    /// Nameplate of the plant that drives the pump, kWp.
    fn driver_kwp(&self) -> Option<f64> {
        let id = self.pump.plts.as_ref()?;
        let mut assets = self.config.assets.iter();
        match &assets.find(|asset| asset.id == *id)?.kind {
            AssetKind::Plts(plant) => Some(plant.capacity_kwp),
            _ => None,
        }
    }

    /// Running hours and dry runs (METHODS B.8).
    fn operation_figures(&self, read: &AssetReadings<'_>) -> Vec<Indicator> {
        let mut all = Vec::new();
        if let Some(hours) = &self.hours {
            all.push(hours.figure(read, &HOURS));
        }
        let Some(dry) = &self.dry else {
            let none = Err(IndicatorRemark::new("account-no-rating"));
            all.push(read.desk.figure(&DRY_RUNS, none, Vec::new()));
            return all;
        };
        let share = read.tracks[dry.flow].completeness(read.desk.span);
        let lanes = self.power.as_ref().map(|power| ("P", "W", power.lane));
        let flow = ("Q", "m3/h", dry.flow);
        let any = share.all.is_some_and(|share| share > 0.0);
        #[expect(clippy::cast_precision_loss, reason = "a count of events")]
        let figures = [(&DRY_RUNS, dry.runs as f64), (&DRY_HOURS, dry.ms / HOUR_MS)];
        for (spec, value) in figures {
            let inputs = lanes.into_iter().chain([flow]).map(|(symbol, unit, lane)| {
                formula_input(symbol, None, unit, point_source(read.tracks, lane))
            });
            let value = if any {
                Ok(value)
            } else {
                Err(status_remark(FormulaStatus::NoData))
            };
            let figure = read.desk.figure(spec, value, inputs.collect());
            all.push(figure.with_completeness(share));
        }
        all
    }
}
