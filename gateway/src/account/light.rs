//! Irradiance, and what is held against it interval by interval: METHODS A.2, A.5, A.8, A.9, A.12.

use crate::account::amount::Held;
use crate::account::gather::Tick;
use crate::account::lane::Lane;
use crate::account::span::millis;
use crate::analyse::Sum;
use crate::analyse::pv::{DAYLIGHT_W_M2, G_MIN, PoaInsolation, PrRecord, PrSums, cell_temp_noct};
use crate::config::assets::Plts;

/// Irradiance and what goes with it.
#[derive(Debug)]
pub(super) struct Sun {
    pub(super) lane: Option<usize>,
    every_s: f64,
    max_gap_ms: i64,
    last_at: Option<i64>,
    pub(super) insolation: PoaInsolation,
    /// Insolation of the intervals of which the energy is known too, and that energy.
    pub(super) matched: (Sum, Sum),
    energy_before: Option<f64>,
    pub(super) corrected: PrSums,
    pub(super) day_ms: i64,
    pub(super) down_ms: i64,
    pub(super) days: Vec<f64>,
    power: Held,
    energy: Held,
    module: Held,
    air: Held,
}

impl Sun {
    /// Irradiance of that lane, beside the energy, power, module and air of these.
    pub(super) fn new(
        lanes: &[Lane],
        [energy, power, module, air]: [Option<usize>; 4],
        light: Option<usize>,
    ) -> Self {
        Self {
            lane: light,
            every_s: light.map_or(0.0, |at| millis(lanes[at].every_ms) / 1000.0),
            max_gap_ms: light.map_or(0, |at| lanes[at].max_gap_ms()),
            last_at: None,
            insolation: PoaInsolation::default(),
            matched: (Sum::default(), Sum::default()),
            energy_before: None,
            corrected: PrSums::default(),
            day_ms: 0,
            down_ms: 0,
            days: Vec::new(),
            power: Held::new(lanes, power),
            energy: Held::new(lanes, energy),
            module: Held::new(lanes, module),
            air: Held::new(lanes, air),
        }
    }

    /// The next reading of any lane; of the energy, what was made so far.
    pub(super) fn take(&mut self, tick: &Tick, energy_kwh: Option<f64>, plant: &Plts) {
        self.power.take(tick);
        self.energy.take(tick);
        self.module.take(tick);
        self.air.take(tick);
        if Some(tick.lane) != self.lane {
            return;
        }
        let energy = energy_kwh.filter(|_| self.energy.now(tick.at).is_some());
        if tick.inside {
            let before = self.last_at.map(|last| tick.at - last);
            let step = before.filter(|step| (1..=self.max_gap_ms).contains(step));
            let covers_s = step.map_or(self.every_s, |step| millis(step) / 1000.0);
            self.insolation.push(tick.value, covers_s);
            if let (Some(g), Some(step)) = (tick.value, step) {
                self.record(tick.at, g, step, energy, plant);
            }
        }
        self.last_at = tick.value.map(|_| tick.at);
        self.energy_before = energy;
    }

    /// An interval with known irradiance.
    fn record(&mut self, at: i64, g: f64, length: i64, energy: Option<f64>, plant: &Plts) {
        let step_s = millis(length) / 1000.0;
        let grown = energy
            .zip(self.energy_before)
            .map(|(now, before)| now - before);
        if let Some(grown) = grown {
            self.matched.0.add(g.max(0.0) * step_s / 3600.0 / 1000.0);
            self.matched.1.add(grown);
        }
        let estimated = self.air.now(at).zip(plant.noct_c);
        let estimated = estimated.map(|(air, noct)| cell_temp_noct(air, g, noct));
        let record = PrRecord {
            e_kwh: grown,
            g_w_m2: Some(g),
            t_cell_c: self.module.now(at).or(estimated),
            step_s,
        };
        self.corrected.push(&record, G_MIN);
        if g < DAYLIGHT_W_M2 {
            return;
        }
        // A watt for each kilowatt-peak: an inverter that is on gives more, in any daylight.
        if let Some(power) = self.power.now(at) {
            self.day_ms += length;
            self.down_ms += if power <= plant.capacity_kwp {
                length
            } else {
                0
            };
        }
    }
}
