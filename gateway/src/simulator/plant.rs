//! Physical model of the whole site, stepped through time: the same seed and start give the same
//! history.
//!
//! The state moves in fixed steps of 10 s from a local midnight, so that a month takes a fraction
//! of a second and an energy counter is exactly the sum of the power that was shown.

use super::clear_sky::{self, GeoLocation};
use super::incident::{IncidentKind, IncidentList};
use super::weather::{RandomDrift, WeatherState};
use crate::assets::bsf::simulation::LarvaeBin;
use crate::assets::pump::simulation as solar_pump;
use crate::assets::solar::simulation as pv;
use crate::assets::tank::simulation::{SimulatedTankShape, WaterTank};
use crate::domain::UtcMs;
use crate::domain::site_zone::SiteZone;
use crate::limits::SIM_STEPS_MAX;
use fastrand::Rng;

/// Length of a step, ms.
pub const STEP_MS: i64 = 10_000;
const STEP_HOURS: f64 = 10.0 / 3600.0;
const DAY_MS: i64 = 86_400_000;
/// Roof that feeds the tank, m2, and the share of the rain that reaches it.
const ROOF_AREA_M2: f64 = 80.0;
const ROOF_RUNOFF: f64 = 0.8;
/// Stand of a new meter of the grid, Wh: what the maker used for its test.
const NEW_METER_WH: f64 = 1_300.0;
/// 2025-01-01T00:00:00Z, when the counters of all simulated sites stood at 0.
const COMMISSIONED_MS: i64 = 1_735_689_600_000;

/// All measurable values of the site at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PlantSnapshot {
    /// Time of the snapshot.
    pub at: UtcMs,
    /// Global horizontal irradiance, W/m2.
    pub irradiance: f64,
    /// DC power of the panels, W.
    pub dc_power: f64,
    /// String voltage, V.
    pub dc_voltage: f64,
    /// AC power of the inverter, W.
    pub ac_power: f64,
    /// Energy of the inverter since local midnight, Wh.
    pub solar_today: f64,
    /// Energy of the inverter since its installation, Wh.
    pub solar_total: f64,
    /// Temperature of the inverter's heat sink, degC.
    pub inverter_temp: f64,
    /// Grid voltage, V.
    pub voltage: f64,
    /// Grid frequency, Hz.
    pub frequency: f64,
    /// Power drawn from the grid, W; negative when fed in.
    pub grid_power: f64,
    /// Energy drawn from the grid, total, Wh.
    pub grid_import: f64,
    /// Energy fed into the grid, total, Wh.
    pub grid_export: f64,
    /// Power of the pump motor, W.
    pub pump_power: f64,
    /// Energy of the pump motor, total, Wh.
    pub pump_energy: f64,
    /// Flow of the pump, m3/h.
    pub pump_flow: f64,
    /// Total head of the pump, m.
    pub pump_head: f64,
    /// Water pumped, total, m3.
    pub pumped: f64,
    /// Flow to the village, m3/h.
    pub village_flow: f64,
    /// Water delivered to the village, total, m3.
    pub used: f64,
    /// Water level of the tank above the zero of its sensor, m.
    pub level: f64,
    /// Distance from a sensor above the tank to the water, m.
    pub distance: f64,
    /// Share of the tank that is full, 0 to 1.
    pub tank_fill: f64,
    /// Water volume of the tank, m3.
    pub volume: f64,
    /// Rain rate, mm/h.
    pub rain: f64,
    /// Rain, total, mm.
    pub rain_total: f64,
    /// Air temperature, degC.
    pub air: f64,
    /// Relative humidity of the air, %.
    pub humidity: f64,
    /// Core temperature of the larvae bin, degC.
    pub bin_core: f64,
    /// Rim temperature of the larvae bin, degC.
    pub bin_rim: f64,
    /// Water content of the larvae bin, %.
    pub bin_moisture: f64,
}

/// The site, at the end of its last step.
#[derive(Clone, Debug)]
pub struct SimulatedPlant {
    place: GeoLocation,
    zone: SiteZone,
    seed: u64,
    incidents: IncidentList,
    random: Rng,
    weather: WeatherState,
    tank: WaterTank,
    bin: LarvaeBin,
    pump_runs: bool,
    ration: f64,
    voltage: RandomDrift,
    frequency: RandomDrift,
    load: RandomDrift,
    midnight: UtcMs,
    next_midnight: UtcMs,
    now: PlantSnapshot,
}

impl SimulatedPlant {
    /// A site at the local midnight before `start`, with a tank of the usual shape.
    pub fn new(place: GeoLocation, zone: SiteZone, seed: u64, start: UtcMs) -> Self {
        Self::with_tank(place, zone, (seed, start), SimulatedTankShape::default())
    }

    /// The same with a tank of this shape; random values follow the seed.
    pub fn with_tank(
        place: GeoLocation,
        zone: SiteZone,
        (seed, start): (u64, UtcMs),
        shape: SimulatedTankShape,
    ) -> Self {
        let midnight = zone.midnight(zone.date(start));
        #[expect(clippy::cast_precision_loss, reason = "days since 2025 are few")]
        let days = (midnight.0 - COMMISSIONED_MS).max(0) as f64 / DAY_MS as f64;
        // Counters start with more than they could have counted since 2025, so that a plant started
        // later never stands below one started earlier.
        let now = PlantSnapshot {
            at: midnight,
            solar_total: days * 12_000.0,
            grid_import: days * 9_000.0,
            grid_export: days * 10_000.0,
            pump_energy: days * 9_000.0,
            rain_total: days * 20.0,
            inverter_temp: 26.0,
            voltage: 222.0,
            frequency: 50.0,
            ..PlantSnapshot::default()
        };
        let mut tank = WaterTank::new(shape, 0.6);
        tank.pumped = days * 30.0;
        tank.used = days * 20.0;
        let mut plant = Self {
            place,
            zone,
            seed,
            incidents: IncidentList::default(),
            random: Rng::with_seed(seed),
            weather: WeatherState::mild_morning(),
            tank,
            bin: LarvaeBin::new(25.0),
            pump_runs: false,
            ration: 1.0,
            voltage: RandomDrift::default(),
            frequency: RandomDrift::default(),
            load: RandomDrift::default(),
            midnight,
            next_midnight: midnight,
            now,
        };
        plant.step();
        plant
    }

    /// The plant with what happens at it.
    #[must_use]
    pub fn with_incidents(mut self, incidents: IncidentList) -> Self {
        self.incidents = incidents;
        self
    }

    /// Returns what happens at the plant.
    pub fn incidents(&self) -> &IncidentList {
        &self.incidents
    }

    /// Steps on to `to`; an earlier time changes nothing.
    pub fn advance(&mut self, to: UtcMs) -> &PlantSnapshot {
        let steps = (to.0 - self.now.at.0) / STEP_MS;
        // A leap of more than a year starts a new plant with the same seed instead of stepping
        // through it.
        if steps > SIM_STEPS_MAX {
            let start = UtcMs(to.0 - DAY_MS);
            let (incidents, shape) = (self.incidents.clone(), self.tank.shape().clone());
            *self = Self::with_tank(self.place, self.zone.clone(), (self.seed, start), shape)
                .with_incidents(incidents);
        }
        for _ in 0..((to.0 - self.now.at.0) / STEP_MS).max(0) {
            self.step();
        }
        &self.now
    }

    /// Returns the snapshot of the last step.
    pub fn now(&self) -> &PlantSnapshot {
        &self.now
    }

    /// Advances by one step.
    fn step(&mut self) {
        let at = UtcMs(self.now.at.0 + STEP_MS);
        if at >= self.next_midnight {
            self.begin_day(at);
        }
        self.restart_counters(at);
        self.now.at = at;
        let hour = ms_to_hours(at.0 - self.midnight.0);
        self.weather.step(&mut self.random, hour);
        self.step_sun();
        self.step_water(hour);
        self.step_grid(hour);
        let WeatherState {
            air,
            humidity,
            rain,
            ..
        } = self.weather;
        let heat = self.incidents.bin_heat_c(at);
        self.bin
            .step(STEP_HOURS, hour, air + 2.0 * heat, self.ration);
        self.now.air = air;
        self.now.humidity = humidity;
        self.now.rain = rain;
        self.now.rain_total += rain * STEP_HOURS;
        self.now.bin_core = self.bin.core;
        self.now.bin_rim = self.bin.rim_temp(air);
        self.now.bin_moisture = self.bin.moisture();
    }

    /// Starts a local day: weather and feeding.
    fn begin_day(&mut self, at: UtcMs) {
        (self.midnight, self.next_midnight) = self.zone.day_bounds(self.zone.date(at));
        let day = self.midnight.0.div_euclid(DAY_MS).unsigned_abs();
        // Each day has its own random stream, so that two runs agree again at every midnight.
        self.random = Rng::with_seed(self.seed ^ day.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let season = wet_season_index(at, self.place.latitude);
        self.weather.begin_day(&mut self.random, season);
        self.ration = 0.8 + 0.5 * self.random.f64();
        self.now.solar_today = 0.0;
    }

    /// Counters of an inverter that was reset, and of a meter that was replaced.
    fn restart_counters(&mut self, at: UtcMs) {
        let before = self.now.at;
        let has_started = |kind: &IncidentKind| self.incidents.has_started(kind, before, at);
        if has_started(&IncidentKind::InverterReset) {
            self.now.solar_total = 0.0;
        }
        if has_started(&IncidentKind::MeterSwap) {
            (self.now.grid_import, self.now.grid_export) = (NEW_METER_WH, 0.0);
        }
    }

    /// Irradiance, panels and inverter.
    fn step_sun(&mut self) {
        let sine = clear_sky::solar_elevation_sine(self.now.at, self.place);
        self.now.irradiance =
            clear_sky::clear_sky_ghi(sine) * clear_sky::cloud_transmission(self.weather.cover);
        self.now.dc_power = pv::dc_power(self.now.irradiance, self.weather.air);
        self.now.dc_voltage = pv::dc_voltage(self.now.dc_power, self.now.irradiance);
        self.now.ac_power = pv::ac_power(self.now.dc_power);
        let energy = self.now.ac_power * STEP_HOURS;
        self.now.solar_today += energy;
        self.now.solar_total += energy;
        let warm = self.weather.air + 2.0 + self.now.ac_power * 0.011;
        self.now.inverter_temp += (warm - self.now.inverter_temp) / 90.0;
    }

    /// Pump, rain catchment, village and tank.
    fn step_water(&mut self, hour: f64) {
        // At most 80 % of the inverter's power is available to the pump.
        let sun = self.now.ac_power * 0.8;
        self.pump_runs = solar_pump::should_run(self.pump_runs, sun, self.tank.fill_ratio());
        self.now.pump_power = if self.pump_runs {
            sun.min(solar_pump::MOTOR_RATED_W)
        } else {
            0.0
        };
        self.now.pump_energy += self.now.pump_power * STEP_HOURS;
        self.now.pump_flow = solar_pump::flow_at_power(self.now.pump_power);
        self.now.pump_head = if self.pump_runs {
            solar_pump::head_at_flow(self.now.pump_flow)
        } else {
            0.0
        };
        let pumped = self.now.pump_flow * STEP_HOURS;
        let caught = self.weather.rain / 1000.0 * ROOF_AREA_M2 * ROOF_RUNOFF * STEP_HOURS;
        let leak = self.incidents.leak_m3_h(self.now.at) * STEP_HOURS;
        self.tank.leak(leak);
        let wanted = self.tank.demand(hour) * STEP_HOURS;
        let given = self.tank.step(pumped, caught, wanted);
        self.now.village_flow = given / STEP_HOURS;
        self.now.pumped = self.tank.pumped;
        self.now.used = self.tank.used;
        self.now.level = self.tank.level_reading_m();
        self.now.distance = self.tank.distance_m();
        self.now.tank_fill = self.tank.fill_ratio();
        self.now.volume = self.tank.volume;
    }

    /// Grid voltage, frequency and energy meters.
    fn step_grid(&mut self, hour: f64) {
        let evening = (-((hour - 19.0) / 2.2).powi(2)).exp();
        let wander = self.voltage.step(&mut self.random, 60.0, 1.6);
        self.now.voltage = 223.0 - 7.0 * evening + wander + self.now.ac_power * 0.001;
        self.now.frequency = 50.0 + self.frequency.step(&mut self.random, 12.0, 0.03);
        let load = 170.0 + 260.0 * evening + self.load.step(&mut self.random, 40.0, 35.0);
        let net = load.max(40.0) + self.now.pump_power - self.now.ac_power;
        self.now.grid_power = net;
        self.now.grid_import += net.max(0.0) * STEP_HOURS;
        self.now.grid_export += (-net).max(0.0) * STEP_HOURS;
    }
}

/// Season of rain: 0 in the driest week, 1 in the wettest.
fn wet_season_index(at: UtcMs, latitude: f64) -> f64 {
    // Rain follows the sun over the equator: in southern Indonesia the wet season is December to
    // February.
    #[expect(clippy::cast_precision_loss, reason = "days since 1970 are few")]
    let year = (at.0 as f64 / DAY_MS as f64 - 15.0).rem_euclid(365.2425) / 365.2425;
    let wet = 0.5 + 0.5 * (year * std::f64::consts::TAU).cos();
    if latitude > 0.0 { 1.0 - wet } else { wet }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds of a day are small"
)]
fn ms_to_hours(ms: i64) -> f64 {
    ms as f64 / 3_600_000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::incident::SimulatedIncident;

    const DESA: GeoLocation = GeoLocation {
        latitude: -3.76,
        longitude: 103.78,
    };
    /// 2026-07-01T00:00:00+07:00.
    const JULY: UtcMs = UtcMs(1_782_838_800_000);

    fn simulate_month(seed: u64) -> Vec<PlantSnapshot> {
        let mut plant = SimulatedPlant::new(DESA, SiteZone::default(), seed, JULY);
        (1..30 * 1440)
            .map(|minute| *plant.advance(UtcMs(JULY.0 + minute * 60_000)))
            .collect()
    }

    #[test]
    fn a_seed_is_a_history_and_another_seed_another() {
        assert_eq!(simulate_month(1), simulate_month(1));
        assert_ne!(simulate_month(1), simulate_month(2));
    }

    #[test]
    fn nights_are_dark_and_counters_never_fall() {
        let all = simulate_month(3);
        for pair in all.windows(2) {
            let [before, after] = pair else { continue };
            assert!(after.solar_total >= before.solar_total);
            assert!(after.grid_import >= before.grid_import);
            assert!(after.grid_export >= before.grid_export);
            assert!(after.pump_energy >= before.pump_energy);
            assert!(after.pumped >= before.pumped && after.used >= before.used);
            assert!(after.rain_total >= before.rain_total);
            let hour = ms_to_hours((after.at.0 - JULY.0).rem_euclid(DAY_MS));
            if !(5.0..=19.0).contains(&hour) {
                assert!(after.ac_power.abs() < f64::EPSILON, "{after:?}");
            }
        }
    }

    #[test]
    fn the_energy_counter_is_the_sum_of_the_power_shown() {
        let mut plant = SimulatedPlant::new(DESA, SiteZone::default(), 4, JULY);
        let first = plant.now().solar_total;
        let mut sum = 0.0;
        for slot in 2..3 * 8640 {
            let now = plant.advance(UtcMs(JULY.0 + slot * STEP_MS));
            sum += now.ac_power * STEP_HOURS;
            assert!((now.solar_total - first - sum).abs() < 1e-3);
        }
        assert!(sum > 9000.0, "{sum} Wh in three days");
    }

    #[test]
    fn a_month_stays_within_what_a_site_can_be() {
        let all = simulate_month(5);
        let days: Vec<f64> = all
            .chunks(1440)
            .map(|day| day.iter().map(|s| s.solar_today).fold(0.0, f64::max))
            .collect();
        assert!(
            days.iter().all(|wh| (800.0..12_000.0).contains(wh)),
            "{days:?}"
        );
        assert!(days.iter().any(|wh| *wh > 5000.0), "{days:?}");
        for s in &all {
            assert!((0.0..=2.6 + 1e-9).contains(&s.level), "{s:?}");
            assert!((s.level + s.distance - 2.8).abs() < 1e-9, "{s:?}");
            assert!(
                (20.0..36.0).contains(&s.air) && (40.0..=99.0).contains(&s.humidity),
                "{s:?}"
            );
            assert!((27.0..=45.0).contains(&s.bin_core), "{s:?}");
            assert!((200.0..240.0).contains(&s.voltage) && (49.7..50.3).contains(&s.frequency));
        }
        assert!(
            all.iter().any(|s| s.pump_power > 300.0),
            "the pump must run"
        );
        assert!(all.iter().any(|s| s.rain > 1.0), "a month has rain");
        // The tank holds some days: its level moves by a day's use, after the first filling.
        let levels = all.iter().skip(3 * 1440).map(|s| s.level);
        let (low, high) = levels.fold((f64::MAX, 0.0_f64), |(low, high), level| {
            (low.min(level), high.max(level))
        });
        assert!(high - low > 0.3 && low > 0.5, "{low} to {high} m");
    }

    #[test]
    fn a_plant_started_later_counts_on_from_higher_values() {
        let early = *SimulatedPlant::new(DESA, SiteZone::default(), 6, JULY)
            .advance(UtcMs(JULY.0 + 10 * DAY_MS));
        let late =
            *SimulatedPlant::new(DESA, SiteZone::default(), 6, UtcMs(JULY.0 + 10 * DAY_MS)).now();
        assert!(late.solar_total >= early.solar_total && late.pumped >= early.pumped);
        assert!(late.grid_import >= early.grid_import && late.rain_total >= early.rain_total);
    }

    #[test]
    fn incidents_happen_once_and_leave_the_rest_of_the_history_as_it_is() {
        let at = |hours: i64| UtcMs(JULY.0 + hours * 3_600_000);
        let incident = |from: i64, to: i64, kind| SimulatedIncident {
            from: at(from),
            to: at(to),
            kind,
        };
        let story = IncidentList::new(vec![
            incident(0, 4, IncidentKind::TankLeak(0.1)),
            incident(36, 37, IncidentKind::InverterReset),
            incident(59, 63, IncidentKind::HotBin(9.0)),
            incident(80, 81, IncidentKind::MeterSwap),
        ]);
        let calm = || SimulatedPlant::new(DESA, SiteZone::default(), 8, JULY);
        let mut plant = calm().with_incidents(story);
        let mut other = calm();
        let mut pair = |hours: i64| (*plant.advance(at(hours)), *other.advance(at(hours)));
        let (leaking, tight) = pair(4);
        assert!(
            (tight.volume - leaking.volume - 0.4).abs() < 0.01,
            "{leaking:?}"
        );
        assert!((pair(35).0.solar_total - pair(35).1.solar_total).abs() < 1e-6);
        let (reset, going_on) = pair(37);
        assert!(reset.solar_total < 2500.0 && going_on.solar_total > 100_000.0);
        assert!((reset.ac_power - going_on.ac_power).abs() < 1e-9);
        let (hot, usual) = pair(63);
        assert!(hot.bin_core > 36.0 && usual.bin_core < 36.0, "{hot:?}");
        let (swapped, kept) = pair(81);
        assert!(swapped.grid_import < 3000.0 && kept.grid_import > 100_000.0);
    }

    #[test]
    fn a_leap_of_years_starts_anew_instead_of_stepping_for_ever() {
        let mut plant = SimulatedPlant::new(DESA, SiteZone::default(), 7, JULY);
        let to = UtcMs(JULY.0 + 30 * 366 * DAY_MS);
        assert!(to.0 - plant.advance(to).at.0 < STEP_MS);
    }
}
