//! `PumpSums`: sums that the readings of a pump make.

use crate::assets::PumpAsset;
use crate::assets::pump::formulas::{DryRunDetector, DryRunLimits};
use crate::assets::pump::head_sums::{HeadSums, water_density};
use crate::config::Config;
use crate::formulas::saved_state::saved_fields;
use crate::indicators::held_reading::HeldReading;
use crate::indicators::input_reading::{InputReading, ReadingSums};
use crate::indicators::input_series::{InputSeries, InputSeriesList};
use crate::indicators::period_days::{HOUR_MS, millis_to_f64, millis_to_seconds};
use crate::indicators::running_hours::RunningHours;
use crate::indicators::totaliser::Totaliser;

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
    pub(super) config: &'a Config,
    pub(super) pump: &'a PumpAsset,
    pub(super) rho: f64,
    pub(super) energy: Option<Totaliser>,
    pub(super) power: Option<Totaliser>,
    pub(super) volume: Option<Totaliser>,
    pub(super) flow: Option<Totaliser>,
    pub(super) hours: Option<RunningHours>,
    pub(super) dry: Option<DryRunSums>,
    pub(super) lift: HeadSums,
}

saved_fields!(PumpSums<'_> {
    rho,
    lift,
} parts { energy, power, volume, flow, hours, dry } fixed { config, pump });

/// Number and duration of dry runs (METHODS B.8).
#[derive(Debug)]
pub(super) struct DryRunSums {
    run: DryRunDetector,
    power: HeldReading,
    pub(super) flow: usize,
    last: Option<i64>,
    running: bool,
    after_ms: f64,
    pub(super) runs: u64,
    pub(super) ms: f64,
    /// Hours so far at the end of each day.
    pub(super) days: Vec<f64>,
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
    days,
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
        // The series of power is in W; the counter of energy is limited in kW.
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
            // Power first, since a pump that runs dry has no flow.
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
        // Shares of an unknown rating mean nothing: without both ratings there is no rule (B.8).
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
            days: Vec::new(),
        })
    }

    fn add_reading(&mut self, tick: &InputReading) {
        self.power.add_reading(tick);
        // Decided at each reading of the flow, with the power that was read last.
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
        if let Some(hours) = &mut self.hours {
            hours.end_day();
        }
        if let Some(dry) = &mut self.dry {
            dry.days.push(dry.ms / HOUR_MS);
        }
        self.lift.end_day();
    }
}
