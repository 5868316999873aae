//! Irradiance and the quantities compared with it for each interval (METHODS A.2, A.5, A.8, A.9,
//! A.12).

use crate::assets::PvPlantAsset;
use crate::assets::solar::formulas::{
    CorrectedPrSums, DAYLIGHT_W_M2, G_MIN, PlaneInsolationSum, PrIntervalRecord, SAPM_OPEN_RACK,
    cell_temp_noct, cell_temp_sapm,
};
use crate::formulas::CompensatedSum;
use crate::formulas::saved_state::saved_fields;
use crate::indicators::held_reading::HeldReading;
use crate::indicators::input_reading::InputReading;
use crate::indicators::input_series::InputSeries;
use crate::indicators::period_days::millis_to_f64;

/// Insolation, performance ratio sums and availability, from irradiance readings.
#[derive(Debug)]
pub(crate) struct Irradiance {
    pub(crate) lane: Option<usize>,
    every_s: f64,
    max_gap_ms: i64,
    last_at: Option<i64>,
    pub(crate) insolation: PlaneInsolationSum,
    /// Insolation in kWh/m2 and energy in kWh, over the intervals for which both are known.
    // The performance ratio must not divide energy of a whole day by irradiance of half of it.
    pub(crate) matched: (CompensatedSum, CompensatedSum),
    /// The same so far at the end of each day.
    pub(crate) matched_days: (Vec<f64>, Vec<f64>),
    /// Energy, hours and warm hours of the corrected ratio so far at the end of each day.
    pub(crate) corrected_days: [Vec<f64>; 3],
    energy_before: Option<f64>,
    pub(crate) corrected: CorrectedPrSums,
    pub(crate) day_ms: i64,
    pub(crate) down_ms: i64,
    pub(crate) days: Vec<f64>,
    power: HeldReading,
    energy: HeldReading,
    module: HeldReading,
    air: HeldReading,
    wind: HeldReading,
}

saved_fields!(Irradiance {
    lane,
    every_s,
    max_gap_ms,
    last_at,
    insolation,
    matched,
    matched_days,
    corrected_days,
    energy_before,
    corrected,
    day_ms,
    down_ms,
    days,
    power,
    energy,
    module,
    air,
    wind,
});

impl Irradiance {
    /// State for irradiance of the series `light`, with the series of energy, power, module
    /// temperature, air temperature and wind.
    pub(crate) fn new(
        lanes: &[InputSeries],
        [energy, power, module, air, wind]: [Option<usize>; 5],
        light: Option<usize>,
    ) -> Self {
        Self {
            lane: light,
            every_s: light.map_or(0.0, |at| millis_to_f64(lanes[at].every_ms) / 1000.0),
            max_gap_ms: light.map_or(0, |at| lanes[at].max_gap_ms()),
            last_at: None,
            insolation: PlaneInsolationSum::default(),
            matched: (CompensatedSum::default(), CompensatedSum::default()),
            matched_days: (Vec::new(), Vec::new()),
            corrected_days: Default::default(),
            energy_before: None,
            corrected: CorrectedPrSums::default(),
            day_ms: 0,
            down_ms: 0,
            days: Vec::new(),
            power: HeldReading::new(lanes, power),
            energy: HeldReading::new(lanes, energy),
            module: HeldReading::new(lanes, module),
            air: HeldReading::new(lanes, air),
            wind: HeldReading::new(lanes, wind),
        }
    }

    /// Adds a reading of any series; `energy_kwh` is the running total of the energy.
    pub(crate) fn add_reading(
        &mut self,
        tick: &InputReading,
        energy_kwh: Option<f64>,
        plant: &PvPlantAsset,
    ) {
        self.power.add_reading(tick);
        self.energy.add_reading(tick);
        self.module.add_reading(tick);
        self.air.add_reading(tick);
        self.wind.add_reading(tick);
        if Some(tick.lane) != self.lane {
            return;
        }
        // The total of a silent meter does not grow: that would count as light without energy.
        let energy = energy_kwh.filter(|_| self.energy.value_at(tick.at).is_some());
        if tick.inside {
            let before = self.last_at.map(|last| tick.at - last);
            let step =
                before.filter(|step| (1..=self.max_gap_ms.max(tick.reach_ms)).contains(step));
            // The first reading after a gap stands for one nominal interval and not for the gap.
            let covers_s = step.map_or(self.every_s, |step| millis_to_f64(step) / 1000.0);
            self.insolation.push(tick.value, covers_s);
            if let (Some(g), Some(step)) = (tick.value, step) {
                self.record_interval(tick.at, g, step, energy, plant);
            }
        }
        self.last_at = tick.value.map(|_| tick.at);
        self.energy_before = energy;
    }

    /// Closes a day of which the insolation is `kwh_m2` so far.
    pub(crate) fn end_day(&mut self, kwh_m2: f64) {
        self.days.push(kwh_m2);
        self.matched_days.0.push(self.matched.0.value());
        self.matched_days.1.push(self.matched.1.value());
        let sums = self.corrected.sums();
        let sums = [sums.energy, sums.hours, sums.warm_hours];
        for (days, sum) in self.corrected_days.iter_mut().zip(sums) {
            days.push(sum);
        }
    }

    /// Adds an interval of known irradiance: `g` in W/m2, `length` in ms.
    fn record_interval(
        &mut self,
        at: i64,
        g: f64,
        length: i64,
        energy: Option<f64>,
        plant: &PvPlantAsset,
    ) {
        let step_s = millis_to_f64(length) / 1000.0;
        let grown = energy
            .zip(self.energy_before)
            .map(|(now, before)| now - before);
        if let Some(grown) = grown {
            self.matched.0.add(g.max(0.0) * step_s / 3600.0 / 1000.0);
            self.matched.1.add(grown);
        }
        let estimated = self.air.value_at(at).and_then(|air| {
            let by_noct = plant.noct_c.map(|noct| cell_temp_noct(air, g, noct));
            let wind = self.wind.value_at(at);
            by_noct.or(wind.map(|wind| cell_temp_sapm(air, g, wind, SAPM_OPEN_RACK)))
        });
        let record = PrIntervalRecord {
            e_kwh: grown,
            g_w_m2: Some(g),
            t_cell_c: self.module.value_at(at).or(estimated),
            step_s,
        };
        self.corrected.push(&record, G_MIN);
        if g < DAYLIGHT_W_M2 {
            return;
        }
        // An inverter that is on gives more than 1 W/kWp in any daylight (G at least 50 W/m2,
        // METHODS A.12).
        if let Some(power) = self.power.value_at(at) {
            self.day_ms += length;
            self.down_ms += if power <= plant.highest_kwp() {
                length
            } else {
                0
            };
        }
    }
}
