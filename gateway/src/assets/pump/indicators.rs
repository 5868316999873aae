//! Water pump (METHODS B).

use crate::assets::pump::formulas::{
    DryRunDetector, DryRunLimits, PumpedWaterInput, hydraulic_energy, pump_specific, pv_to_water,
    wire_to_water,
};
use crate::assets::pump::pipe_friction::{
    DynamicHeadTerms as Parts, head_loss_hazen_williams, total_dynamic_head,
};
use crate::assets::{AssetKind, HeadComponents, PumpAsset};
use crate::config::Config;
use crate::domain::indicator::{Indicator, IndicatorRemark, ValueOrigin};
use crate::formulas::{CompensatedSum, FormulaStatus, GRAVITY_M_S2, WATER_KG_M3, finite_ratio};
use crate::indicators::asset_sums::{AssetIndicators, AssetReadings, AssetSums};
use crate::indicators::coverage::lowest_completeness;
use crate::indicators::figure_context::{
    FigureBuilder, FigureContext, FigureValue, constant_input, figure_input, formula_input,
    setting_input, status_remark, value_or_status,
};
use crate::indicators::input_series::{InputSeries, InputSeriesList, point_source};
use crate::indicators::period_days::{HOUR_MS, millis_to_f64, millis_to_seconds};
use crate::indicators::sample_merge::{InputReading, ReadingSums};
use crate::indicators::totaliser::{
    HeldReading, RunningHours, Totaliser, is_counter_rejected, prefer_counter,
};
use crate::indicators::uncertainty::RelativeUncertainty;
use std::f64::consts::PI;

/// Share of the rated power or flow from which a pump counts as running.
const PUMP_RUN_SHARE: f64 = 0.10;
/// Power from which a pump of unknown rating counts as running, W.
const PUMP_RUN_W: f64 = 20.0;
/// Factor on the rating above which power or flow is implausible.
const PUMP_OVER_RATING: f64 = 2.0;
/// Limits for a pump of unknown rating, above the largest village pump: kW, m3/h.
const UNRATED_PUMP_MAX: (f64, f64) = (50.0, 200.0);
/// Id of the factor for the density of water at 28 degC.
// Using 1000 kg/m3 instead would overstate the energy by 0.4 % (METHODS B).
const WARM_WATER_FACTOR: &str = "water.rho.28C";

/// Accumulator of a pump.
#[derive(Debug)]
pub(crate) struct PumpSums<'a> {
    config: &'a Config,
    pump: &'a PumpAsset,
    rho: f64,
    energy: Option<Totaliser>,
    power: Option<Totaliser>,
    volume: Option<Totaliser>,
    flow: Option<Totaliser>,
    hours: Option<RunningHours>,
    dry: Option<DryRunSums>,
    lift: HeadSums,
}

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

/// Mean head, weighted by the pumped volume.
#[derive(Debug)]
struct HeadSums {
    flow: Option<usize>,
    max_gap_ms: i64,
    last: Option<i64>,
    depth: HeldReading,
    outlet: HeldReading,
    inlet: HeldReading,
    water: CompensatedSum,
    head_water: CompensatedSum,
}

/// Density of the pumped water, kg/m3.
pub(crate) fn water_density(config: &Config) -> f64 {
    config
        .factors
        .find(WARM_WATER_FACTOR)
        .map_or(WATER_KG_M3, |warm| warm.value)
}

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
            lift: HeadSums {
                flow,
                max_gap_ms: flow.map_or(0, |at| lanes[at].max_gap_ms()),
                last: None,
                depth: HeldReading::new(&lanes, depth),
                outlet: HeldReading::new(&lanes, outlet),
                inlet: HeldReading::new(&lanes, inlet),
                water: CompensatedSum::default(),
                head_water: CompensatedSum::default(),
            },
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

impl HeadSums {
    fn add_reading(&mut self, tick: &InputReading, head: Option<&HeadComponents>, rho: f64) {
        self.depth.add_reading(tick);
        self.outlet.add_reading(tick);
        self.inlet.add_reading(tick);
        let Some(head) = head.filter(|_| Some(tick.lane) == self.flow) else {
            return;
        };
        let step = self.last.map(|last| tick.at - last);
        self.last = tick.value.map(|_| tick.at);
        let step = step.filter(|step| tick.inside && (1..=self.max_gap_ms).contains(step));
        if let (Some(step), Some(q)) = (step, tick.value.filter(|q| *q > 0.0))
            && let Some(height) = self.head_at_flow(tick.at, q, head, rho)
        {
            let water = q * millis_to_f64(step);
            self.water.add(water);
            self.head_water.add(water * height);
        }
    }

    /// Total dynamic head at a flow in m3/h (METHODS B.6), m. Unknown parts count as 0.
    fn head_at_flow(&self, at: i64, flow: f64, head: &HeadComponents, rho: f64) -> Option<f64> {
        let q = flow / 3600.0;
        let pipe = head.pipe;
        let friction = pipe
            .and_then(|(length, d)| head_loss_hazen_williams(length, q, d, head.hazen_williams_c));
        total_dynamic_head(&Parts {
            static_m: head.static_m,
            drawdown_m: self.depth.value_at(at).or(head.drawdown_m).unwrap_or(0.0),
            h_friction_m: friction.unwrap_or(0.0),
            p_out_pa: self.outlet.value_at(at).unwrap_or(0.0),
            p_in_pa: self.inlet.value_at(at).unwrap_or(0.0),
            v_out_m_s: pipe.map_or(0.0, |(_, d)| q / (PI * d * d / 4.0)),
            sum_k: head.sum_k,
            rho,
        })
    }

    /// Mean head, m. Without a flow, static head plus drawdown, which need no flow.
    fn mean_head(&self, head: &HeadComponents) -> Option<f64> {
        let mean = finite_ratio(self.head_water.value(), self.water.value());
        mean.or_else(|| match self.flow {
            Some(_) => None,
            None => Some(head.static_m + head.drawdown_m.unwrap_or(0.0)),
        })
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

impl AssetSums for PumpSums<'_> {
    fn build_indicators(&self, read: &AssetReadings<'_>) -> AssetIndicators {
        let water = prefer_counter(self.volume.as_ref(), self.flow.as_ref());
        let energy = prefer_counter(self.energy.as_ref(), self.power.as_ref());
        let passed =
            |counter: &Option<Totaliser>, chosen| is_counter_rejected(counter.as_ref(), chosen);
        let volume = read
            .total_figure("pump.volume", "V", water, FormulaStatus::NoData)
            .with_remark_if(passed(&self.volume, water), "account-counter-refused");
        let electric = read
            .total_figure("pump.energy", "E", energy, FormulaStatus::NoEnergy)
            .with_remark_if(passed(&self.energy, energy), "account-counter-refused");
        let mut figures = self.specific_figures(read, &volume, &electric);
        figures.extend(self.lift_figures(read, &volume, &electric));
        figures.extend(self.operation_figures(read));
        let mut daily = Vec::new();
        daily.extend(read.daily_totals("pump.volume", water));
        daily.extend(read.daily_totals("pump.energy", energy));
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
        for (id, value) in [("pump.specific", per_kwh), ("pump.energy_per_m3", per_m3)] {
            let inputs = vec![figure_input("V", v), figure_input("E", e)];
            let figure = desk.figure(id, value_or_status(value, still), inputs);
            all.push(figure.with_completeness(both).with_uncertainty(width));
        }
        if let Some(kwp) = kwp {
            let value = value_or_status(found.and_then(|one| one.m3_per_kwp_day), still);
            let inputs = vec![
                figure_input("V", v),
                setting_input("P0", kwp, "kWp", "capacity_kwp"),
                constant_input("d", days, "d", "period"),
            ];
            let figure = desk.figure("pump.m3_per_kwp_day", value, inputs);
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

    /// Head, hydraulic energy and efficiency (METHODS B.1, B.2, B.6).
    fn lift_figures(
        &self,
        read: &AssetReadings<'_>,
        v: &Indicator,
        e: &Indicator,
    ) -> Vec<Indicator> {
        let Some(head) = &self.pump.head else {
            let none = Err(IndicatorRemark::new("account-no-head"));
            return vec![read.desk.figure("pump.efficiency", none, Vec::new())];
        };
        let rho = self.rho;
        let known = head.drawdown_m.is_some() || head.well_depth.is_some();
        // Without pipe, flow or drawdown the head lacks a part: it and all that follows from it are
        // lower bounds, which is the safe side for a claim (METHODS B.6).
        let bound = head.pipe.is_none() || self.lift.flow.is_none() || !known;
        let said = "account-head-lower-bound";
        let mut inputs = vec![setting_input(
            "h_static",
            head.static_m,
            "m",
            "head.static_m",
        )];
        if let Some(lane) = self.lift.flow {
            inputs.push(formula_input(
                "Q",
                None,
                "m3/h",
                point_source(read.tracks, lane),
            ));
        }
        let mean = value_or_status(self.lift.mean_head(head), FormulaStatus::NoOperation);
        let height = read
            .desk
            .figure("pump.head", mean, inputs)
            .with_completeness(v.completeness)
            .with_origin(ValueOrigin::Estimated)
            .with_remark_if(bound, said);
        let both = v.value.clone().and_then(|v| Ok((v, height.value.clone()?)));
        let found = both.map(|(v, h)| (wire_to_water(v, h, e.value.clone().ok(), rho), v, h));
        let water = found.clone().map(|(_, v, h)| hydraulic_energy(v, h, rho));
        let of_water = |id: &str, value: FigureValue| {
            let inputs = vec![
                figure_input("V", v),
                figure_input("H", &height),
                constant_input("ρ", rho, "kg/m3", "water"),
                constant_input("g", GRAVITY_M_S2, "m/s2", "gravity"),
            ];
            let figure = read.desk.figure(id, value, inputs);
            figure
                .with_completeness(v.completeness)
                .with_origin(ValueOrigin::Estimated)
                .with_remark_if(bound, said)
        };
        let hydraulic = of_water("pump.hydraulic_energy", water);
        let eta = found.and_then(|(found, _, _)| {
            let percent = value_or_status(found.eta.map(|eta| 100.0 * eta), found.status)?;
            Ok((percent, found.status))
        });
        // Implausible efficiencies stay visible, with a warning (METHODS B.2).
        let odd = matches!(&eta, Ok((_, FormulaStatus::EtaTooHigh)));
        let inputs = vec![figure_input("E_hyd", &hydraulic), figure_input("E", e)];
        let efficiency = read
            .desk
            .figure("pump.efficiency", eta.map(|(eta, _)| eta), inputs)
            .with_completeness(lowest_completeness([v.completeness, e.completeness]))
            .with_origin(ValueOrigin::Estimated)
            .with_remark_if(odd, &FormulaStatus::EtaTooHigh.words_key())
            .with_remark_if(bound, said);
        vec![height, hydraulic, efficiency]
    }

    /// Running hours and dry runs (METHODS B.8).
    fn operation_figures(&self, read: &AssetReadings<'_>) -> Vec<Indicator> {
        let mut all = Vec::new();
        if let Some(hours) = &self.hours {
            all.push(hours.figure(read, "pump.hours"));
        }
        let Some(dry) = &self.dry else {
            let none = Err(IndicatorRemark::new("account-no-rating"));
            all.push(read.desk.figure("pump.dry_runs", none, Vec::new()));
            return all;
        };
        let share = read.tracks[dry.flow].completeness(read.desk.span);
        let lanes = self.power.as_ref().map(|power| ("P", "W", power.lane));
        let flow = ("Q", "m3/h", dry.flow);
        let any = share.all.is_some_and(|share| share > 0.0);
        #[expect(clippy::cast_precision_loss, reason = "a count of events")]
        let figures = [
            ("pump.dry_runs", dry.runs as f64),
            ("pump.dry_hours", dry.ms / HOUR_MS),
        ];
        for (id, value) in figures {
            let inputs = lanes.into_iter().chain([flow]).map(|(symbol, unit, lane)| {
                formula_input(symbol, None, unit, point_source(read.tracks, lane))
            });
            let value = if any {
                Ok(value)
            } else {
                Err(status_remark(FormulaStatus::NoData))
            };
            let figure = read.desk.figure(id, value, inputs.collect());
            all.push(figure.with_completeness(share));
        }
        all
    }
}

/// PV-to-water efficiency (METHODS B.3), after the insolation of the plant is known.
pub(crate) fn pv_to_water_figure(
    desk: &FigureContext<'_>,
    (pump, area_m2): (&Indicator, f64),
    sun: &Indicator,
) -> Indicator {
    let both = pump.value.clone().and_then(|e| Ok((e, sun.value.clone()?)));
    let value = both.and_then(|(e, h)| {
        let share = pv_to_water(e, h, area_m2);
        value_or_status(
            share.map(|share| 100.0 * share),
            FormulaStatus::NoIrradiance,
        )
    });
    let inputs = vec![
        figure_input("E_hyd", pump),
        figure_input("H_poa", sun),
        setting_input("A", area_m2, "m2", "module_area_m2"),
    ];
    let figure = desk.figure("pump.pv_to_water", value, inputs);
    let share = lowest_completeness([pump.completeness, sun.completeness]);
    let figure = figure
        .with_completeness(share)
        .with_origin(ValueOrigin::Estimated);
    pump.remarks
        .iter()
        .cloned()
        .fold(figure, FigureBuilder::with_remark)
}
