//! A water pump: METHODS B.

use crate::account::amount::{Amount, Held, Running, better, is_passed_over};
use crate::account::asset::{Kind, Made, Read};
use crate::account::figure::{
    Build, Desk, Value, because, constant, from_figure, input, or_status, setting,
};
use crate::account::gather::{Sums, Tick};
use crate::account::lane::{Lane, Lanes, source};
use crate::account::span::{HOUR_MS, millis, seconds};
use crate::account::track::least;
use crate::account::wide::Wide;
use crate::analyse::pipe::{Head as Parts, head_loss_hazen_williams, tdh};
use crate::analyse::pump::{
    DryLimits, DryRun, PumpInput, hydraulic_energy, pump_specific, pv_to_water, wire_to_water,
};
use crate::analyse::{GRAVITY, Status, Sum, WATER, ratio};
use crate::config::Config;
use crate::config::assets::{AssetKind, Head, Pump};
use crate::model::indicator::{Indicator, Origin, Remark};
use std::f64::consts::PI;

/// Share of its rating from which a pump counts as running; where no rating is known, W.
const RUN_SHARE: f64 = 0.10;
/// See `RUN_SHARE`.
const RUN_W: f64 = 20.0;
/// A pump gives at most this many times its rating.
const OVER_RATING: f64 = 2.0;
/// The greatest pump of a village where no rating is known: kW and m3/h.
const UNRATED: (f64, f64) = (50.0, 200.0);
/// Density of water of 28 degC, a factor.
const WARM_WATER: &str = "water.rho.28C";

/// The readings of a pump as they come.
#[derive(Debug)]
pub(super) struct PumpSums<'a> {
    config: &'a Config,
    pump: &'a Pump,
    rho: f64,
    energy: Option<Amount>,
    power: Option<Amount>,
    volume: Option<Amount>,
    flow: Option<Amount>,
    hours: Option<Running>,
    dry: Option<Dry>,
    lift: Lift,
}

/// Dry runs.
#[derive(Debug)]
struct Dry {
    run: DryRun,
    power: Held,
    flow: usize,
    last: Option<i64>,
    running: bool,
    after_ms: f64,
    runs: u64,
    ms: f64,
}

/// The head, weighted with the water.
#[derive(Debug)]
struct Lift {
    flow: Option<usize>,
    max_gap_ms: i64,
    last: Option<i64>,
    depth: Held,
    outlet: Held,
    inlet: Held,
    water: Sum,
    head_water: Sum,
}

/// Density of the water that is pumped, kg/m3.
pub(super) fn density(config: &Config) -> f64 {
    config
        .factors
        .find(WARM_WATER)
        .map_or(WATER, |warm| warm.value)
}

impl<'a> PumpSums<'a> {
    pub(super) fn new(config: &'a Config, pump: &'a Pump) -> (Vec<Lane>, Self) {
        let mut lanes = Lanes::new(config);
        let head = pump.head.as_ref();
        let depth = lanes.level(head.and_then(|head| head.well_depth.as_ref()));
        let outlet = lanes.level(head.and_then(|head| head.outlet_pressure.as_ref()));
        let inlet = lanes.level(head.and_then(|head| head.inlet_pressure.as_ref()));
        let power = lanes.level(pump.power.as_ref());
        let energy = lanes.total(pump.energy.as_ref());
        let volume = lanes.total(pump.volume.as_ref());
        let flow = lanes.level(pump.flow.as_ref());
        let kw = pump
            .rated_power_w
            .map_or(UNRATED.0, |w| w / 1000.0 * OVER_RATING);
        let m3 = pump
            .rated_flow_m3_h
            .map_or(UNRATED.1, |rated| rated * OVER_RATING);
        lanes.rated(power, kw * 1000.0);
        lanes.rated(flow, m3);
        let lanes = lanes.all;
        let run_w = pump.rated_power_w.map_or(RUN_W, |w| w * RUN_SHARE);
        let run_m3 = pump.rated_flow_m3_h.unwrap_or(0.0) * RUN_SHARE;
        let by_power = power.map(|at| Running::new(&lanes, at, run_w));
        let by_flow = || flow.map(|at| Running::new(&lanes, at, run_m3.max(f64::MIN_POSITIVE)));
        let sums = Self {
            config,
            pump,
            rho: density(config),
            energy: energy.map(|at| Amount::counter(&lanes, at, kw)),
            power: power.map(|at| Amount::integral(&lanes, at)),
            volume: volume.map(|at| Amount::counter(&lanes, at, m3)),
            flow: flow.map(|at| Amount::integral(&lanes, at)),
            hours: by_power.or_else(by_flow),
            dry: Dry::new(pump, &lanes, power, flow),
            lift: Lift {
                flow,
                max_gap_ms: flow.map_or(0, |at| lanes[at].max_gap_ms()),
                last: None,
                depth: Held::new(&lanes, depth),
                outlet: Held::new(&lanes, outlet),
                inlet: Held::new(&lanes, inlet),
                water: Sum::default(),
                head_water: Sum::default(),
            },
        };
        (lanes, sums)
    }
}

impl Dry {
    /// Both ratings and both measurements are needed.
    fn new(pump: &Pump, lanes: &[Lane], power: Option<usize>, flow: Option<usize>) -> Option<Self> {
        let after_s = pump.dry_run.after.as_secs_f64();
        let limits = DryLimits {
            p_min_w: pump.rated_power_w? * pump.dry_run.power_share,
            q_min_l_min: pump.rated_flow_m3_h? * pump.dry_run.flow_share * 1000.0 / 60.0,
            t_dry_s: after_s,
        };
        power?;
        Some(Self {
            run: DryRun::new(limits),
            power: Held::new(lanes, power),
            flow: flow?,
            last: None,
            running: false,
            after_ms: after_s * 1000.0,
            runs: 0,
            ms: 0.0,
        })
    }

    fn take(&mut self, tick: &Tick) {
        self.power.take(tick);
        if tick.lane != self.flow || !tick.inside {
            return;
        }
        let litres = tick.value.map(|m3_h| m3_h * 1000.0 / 60.0);
        let dry = self
            .run
            .push(seconds(tick.at), self.power.now(tick.at), litres);
        match (dry, self.running) {
            (true, false) => {
                self.runs += 1;
                self.ms += self.after_ms;
            }
            (true, true) => self.ms += self.last.map_or(0.0, |last| millis(tick.at - last)),
            _ => {}
        }
        self.running = dry;
        self.last = Some(tick.at);
    }
}

impl Lift {
    fn take(&mut self, tick: &Tick, head: Option<&Head>, rho: f64) {
        self.depth.take(tick);
        self.outlet.take(tick);
        self.inlet.take(tick);
        let Some(head) = head.filter(|_| Some(tick.lane) == self.flow) else {
            return;
        };
        let step = self.last.map(|last| tick.at - last);
        self.last = tick.value.map(|_| tick.at);
        let step = step.filter(|step| tick.inside && (1..=self.max_gap_ms).contains(step));
        if let (Some(step), Some(q)) = (step, tick.value.filter(|q| *q > 0.0))
            && let Some(height) = self.height(tick.at, q, head, rho)
        {
            let water = q * millis(step);
            self.water.add(water);
            self.head_water.add(water * height);
        }
    }

    /// B.6 at one flow, m3/h.
    fn height(&self, at: i64, flow: f64, head: &Head, rho: f64) -> Option<f64> {
        let q = flow / 3600.0;
        let pipe = head.pipe;
        let friction = pipe
            .and_then(|(length, d)| head_loss_hazen_williams(length, q, d, head.hazen_williams_c));
        tdh(&Parts {
            static_m: head.static_m,
            drawdown_m: self.depth.now(at).or(head.drawdown_m).unwrap_or(0.0),
            h_friction_m: friction.unwrap_or(0.0),
            p_out_pa: self.outlet.now(at).unwrap_or(0.0),
            p_in_pa: self.inlet.now(at).unwrap_or(0.0),
            v_out_m_s: pipe.map_or(0.0, |(_, d)| q / (PI * d * d / 4.0)),
            sum_k: head.sum_k,
            rho,
        })
    }

    /// The mean head by water; without a flow, what needs none.
    fn mean(&self, head: &Head) -> Option<f64> {
        let mean = ratio(self.head_water.value(), self.water.value());
        mean.or_else(|| match self.flow {
            Some(_) => None,
            None => Some(head.static_m + head.drawdown_m.unwrap_or(0.0)),
        })
    }
}

impl PumpSums<'_> {
    fn amounts(&mut self) -> impl Iterator<Item = &mut Amount> {
        let all = [
            &mut self.energy,
            &mut self.power,
            &mut self.volume,
            &mut self.flow,
        ];
        all.into_iter().flatten()
    }
}

impl Sums for PumpSums<'_> {
    fn take(&mut self, tick: &Tick) {
        self.amounts().for_each(|amount| amount.take(tick));
        if let Some(hours) = &mut self.hours {
            hours.take(tick);
        }
        if let Some(dry) = &mut self.dry {
            dry.take(tick);
        }
        self.lift.take(tick, self.pump.head.as_ref(), self.rho);
    }

    fn day_ends(&mut self) {
        self.amounts().for_each(Amount::day_ends);
    }
}

impl Kind for PumpSums<'_> {
    fn make(&self, read: &Read<'_>) -> Made {
        let water = better(self.volume.as_ref(), self.flow.as_ref());
        let energy = better(self.energy.as_ref(), self.power.as_ref());
        let passed = |counter: &Option<Amount>, chosen| is_passed_over(counter.as_ref(), chosen);
        let volume = read
            .amount("pump.volume", "V", water, Status::NoData)
            .remark_if(passed(&self.volume, water), "account-counter-refused");
        let electric = read
            .amount("pump.energy", "E", energy, Status::NoEnergy)
            .remark_if(passed(&self.energy, energy), "account-counter-refused");
        let mut figures = self.specific(read, &volume, &electric);
        figures.extend(self.lifted(read, &volume, &electric));
        figures.extend(self.operation(read));
        let mut daily = Vec::new();
        daily.extend(read.daily("pump.volume", water));
        daily.extend(read.daily("pump.energy", energy));
        figures.splice(0..0, [volume, electric]);
        let counters = [self.energy.as_ref(), self.volume.as_ref()];
        Made {
            figures,
            daily,
            events: read.events(&counters),
        }
    }
}

impl PumpSums<'_> {
    /// B.4.
    fn specific(&self, read: &Read<'_>, v: &Indicator, e: &Indicator) -> Vec<Indicator> {
        let desk = read.desk;
        let mut all = Vec::new();
        let kwp = self.driver_kwp();
        let days = desk.span.days_passed();
        let number = |one: &Indicator| one.value.as_ref().ok().copied();
        let found = number(v).map(|v_m3| {
            pump_specific(&PumpInput {
                v_m3,
                e_kwh: number(e),
                p0_kwp: kwp,
                days,
                h_m: None,
            })
        });
        let still = match (number(v), number(e)) {
            (Some(_), Some(_)) => Status::NoOperation,
            (None, _) => Status::NoData,
            _ => Status::NoEnergy,
        };
        let both = least([v.completeness, e.completeness]);
        let width = Wide::product(&[Wide::from(v), Wide::from(e)]);
        let per_kwh = found.and_then(|one| one.m3_per_kwh);
        let per_m3 = found.and_then(|one| one.kwh_per_m3);
        for (id, value) in [("pump.specific", per_kwh), ("pump.energy_per_m3", per_m3)] {
            let inputs = vec![from_figure("V", v), from_figure("E", e)];
            let figure = desk.figure(id, or_status(value, still), inputs);
            all.push(figure.covered(both).wide(width));
        }
        if let Some(kwp) = kwp {
            let value = or_status(found.and_then(|one| one.m3_per_kwp_day), still);
            let inputs = vec![
                from_figure("V", v),
                setting("P0", kwp, "kWp", "capacity_kwp"),
                constant("d", days, "d", "period"),
            ];
            let figure = desk.figure("pump.m3_per_kwp_day", value, inputs);
            all.push(figure.covered(v.completeness).wide(Wide::from(v)));
        }
        all
    }

    /// Nameplate of the plant that drives it.
    fn driver_kwp(&self) -> Option<f64> {
        let id = self.pump.plts.as_ref()?;
        let mut assets = self.config.assets.iter();
        match &assets.find(|asset| asset.id == *id)?.kind {
            AssetKind::Plts(plant) => Some(plant.capacity_kwp),
            _ => None,
        }
    }

    /// B.1, B.2, B.6.
    fn lifted(&self, read: &Read<'_>, v: &Indicator, e: &Indicator) -> Vec<Indicator> {
        let Some(head) = &self.pump.head else {
            let none = Err(Remark::new("account-no-head"));
            return vec![read.desk.figure("pump.efficiency", none, Vec::new())];
        };
        let rho = self.rho;
        let known = head.drawdown_m.is_some() || head.well_depth.is_some();
        let bound = head.pipe.is_none() || self.lift.flow.is_none() || !known;
        let said = "account-head-lower-bound";
        let mut inputs = vec![setting("h_static", head.static_m, "m", "head.static_m")];
        if let Some(lane) = self.lift.flow {
            inputs.push(input("Q", None, "m3/h", source(read.tracks, lane)));
        }
        let mean = or_status(self.lift.mean(head), Status::NoOperation);
        let height = read
            .desk
            .figure("pump.head", mean, inputs)
            .covered(v.completeness)
            .origin(Origin::Estimated)
            .remark_if(bound, said);
        let both = v.value.clone().and_then(|v| Ok((v, height.value.clone()?)));
        let found = both.map(|(v, h)| (wire_to_water(v, h, e.value.clone().ok(), rho), v, h));
        let water = found.clone().map(|(_, v, h)| hydraulic_energy(v, h, rho));
        let of_water = |id: &str, value: Value| {
            let inputs = vec![
                from_figure("V", v),
                from_figure("H", &height),
                constant("ρ", rho, "kg/m3", "water"),
                constant("g", GRAVITY, "m/s2", "gravity"),
            ];
            let figure = read.desk.figure(id, value, inputs);
            figure
                .covered(v.completeness)
                .origin(Origin::Estimated)
                .remark_if(bound, said)
        };
        let hydraulic = of_water("pump.hydraulic_energy", water);
        let eta = found.and_then(|(found, _, _)| {
            let percent = or_status(found.eta.map(|eta| 100.0 * eta), found.status)?;
            Ok((percent, found.status))
        });
        let odd = matches!(&eta, Ok((_, Status::EtaTooHigh)));
        let inputs = vec![from_figure("E_hyd", &hydraulic), from_figure("E", e)];
        let efficiency = read
            .desk
            .figure("pump.efficiency", eta.map(|(eta, _)| eta), inputs)
            .covered(least([v.completeness, e.completeness]))
            .origin(Origin::Estimated)
            .remark_if(odd, &Status::EtaTooHigh.words_key())
            .remark_if(bound, said);
        vec![height, hydraulic, efficiency]
    }

    /// Hours and dry runs (B.8).
    fn operation(&self, read: &Read<'_>) -> Vec<Indicator> {
        let mut all = Vec::new();
        if let Some(hours) = &self.hours {
            all.push(hours.figure(read, "pump.hours"));
        }
        let Some(dry) = &self.dry else {
            let none = Err(Remark::new("account-no-rating"));
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
            let inputs = lanes
                .into_iter()
                .chain([flow])
                .map(|(symbol, unit, lane)| input(symbol, None, unit, source(read.tracks, lane)));
            let value = if any {
                Ok(value)
            } else {
                Err(because(Status::NoData))
            };
            let figure = read.desk.figure(id, value, inputs.collect());
            all.push(figure.covered(share));
        }
        all
    }
}

/// B.3: from the sun to the water, once the insolation of the plant is known.
pub(super) fn sun_to_water(
    desk: &Desk<'_>,
    (pump, area_m2): (&Indicator, f64),
    sun: &Indicator,
) -> Indicator {
    let both = pump.value.clone().and_then(|e| Ok((e, sun.value.clone()?)));
    let value = both.and_then(|(e, h)| {
        let share = pv_to_water(e, h, area_m2);
        or_status(share.map(|share| 100.0 * share), Status::NoIrradiance)
    });
    let inputs = vec![
        from_figure("E_hyd", pump),
        from_figure("H_poa", sun),
        setting("A", area_m2, "m2", "module_area_m2"),
    ];
    let figure = desk.figure("pump.pv_to_water", value, inputs);
    let share = least([pump.completeness, sun.completeness]);
    let figure = figure.covered(share).origin(Origin::Estimated);
    pump.remarks.iter().cloned().fold(figure, Build::remark)
}
