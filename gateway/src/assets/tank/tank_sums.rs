//! `TankSums`: sums that the readings of a tank make.

use crate::assets::catchment::indicators::{RAIN_MAX_MM_H, RainEvents};
use crate::assets::tank::geometry::{OVERFULL_RATIO, OVERFULL_S, TankGeometry, tank_volume};
use crate::assets::tank::level_balance::{DeadbandBalances, NightVolumes};
use crate::assets::tank::level_sensor::{level_from_pressure, sound_speed};
use crate::assets::{AssetKind, LevelMeasurement, TankAsset, TankShape};
use crate::config::Config;
use crate::domain::calibration::CalibrationHistory;
use crate::formulas::saved_state::saved_fields;
use crate::indicators::calibration_corrections::TankShapeHistory;
use crate::indicators::held_reading::HeldReading;
use crate::indicators::input_reading::{InputReading, ReadingSums};
use crate::indicators::input_series::{InputSeries, InputSeriesList};
use crate::indicators::period_days::{HOUR_MS, PeriodDays, millis_to_f64};
use crate::indicators::totaliser::Totaliser;

/// Air temperature assumed by a distance sensor without temperature correction, degC.
const ECHO_AIR_C: f64 = 20.0;

/// Shortest time to fill or empty a tank, h; limits the plausible rate of its meters.
const FILL_TIME_MIN_H: f64 = 0.25;

/// Accumulator of a tank.
#[derive(Debug)]
pub(crate) struct TankSums<'a> {
    pub(super) tank: &'a TankAsset,
    pub(super) shapes: TankShapeHistory,
    /// Number of the shape that gave the last volume.
    shape_of_last: Option<usize>,
    pub(super) level: Option<usize>,
    max_gap_ms: i64,
    barometer: HeldReading,
    air: HeldReading,
    pub(super) inflow: Option<Totaliser>,
    pub(super) outflow: Option<Totaliser>,
    pub(super) rain: Option<(Totaliser, RainEvents)>,
    pub(super) stock: TankStock,
    pub(super) balances: DeadbandBalances,
    pub(super) nights: NightVolumes,
}

saved_fields!(TankSums<'_> {
    shape_of_last,
    level,
    max_gap_ms,
    barometer,
    air,
    stock,
    balances,
    nights,
} parts { inflow, outflow, rain } fixed { tank, shapes });

/// Volume in the tank: last, minimum, maximum, by day, and time at full level.
#[derive(Debug, Default)]
pub(super) struct TankStock {
    last_at: Option<i64>,
    pub(super) last: Option<f64>,
    pub(super) least: Option<f64>,
    pub(super) most: Option<f64>,
    /// Levels at which the tank had the last, the least and the most volume, m.
    pub(super) levels: (f64, (f64, f64)),
    pub(super) full_ms: i64,
    /// Hours at full level so far at the end of each day.
    pub(super) full_days: Vec<f64>,
    /// Time since which the level is above any possible water level.
    above_since: Option<i64>,
    pub(super) overfull: bool,
    pub(super) days: Vec<Option<f64>>,
    today: Option<f64>,
}

saved_fields!(TankStock {
    last_at,
    last,
    least,
    most,
    levels,
    full_ms,
    full_days,
    above_since,
    overfull,
    days,
    today,
});

impl<'a> TankSums<'a> {
    pub(crate) fn new(
        config: &'a Config,
        (id, tank): (&str, &'a TankAsset),
        span: &PeriodDays,
        calibrations: &CalibrationHistory,
    ) -> (Vec<InputSeries>, Self) {
        let mut lanes = InputSeriesList::new(config);
        let (barometer, air) = match &tank.level {
            Some(LevelMeasurement::Pressure { barometer, .. }) => (barometer.as_ref(), None),
            Some(LevelMeasurement::Distance { air, .. }) => (None, air.as_ref()),
            _ => (None, None),
        };
        let (barometer, air) = (lanes.add_level(barometer), lanes.add_level(air));
        let inflow = lanes.add_total(tank.inflow.as_ref());
        let outflow = lanes.add_total(tank.outflow.as_ref());
        let roof = config.assets.iter().find_map(|asset| match &asset.kind {
            AssetKind::Catchment(roof) if roof.tank.as_deref() == Some(id) => Some(roof),
            _ => None,
        });
        let rain = lanes.add_total(roof.and_then(|roof| roof.rain.as_ref()));
        let level = lanes.add_level(tank.level.as_ref().map(|level| match level {
            LevelMeasurement::Level(point)
            | LevelMeasurement::Pressure { point, .. }
            | LevelMeasurement::Distance { point, .. } => point,
        }));
        let configured = tank.shape.as_ref().map(tank_geometry);
        let configured = configured.unwrap_or(TankGeometry::Strapping(Vec::new()));
        let shapes = TankShapeHistory::new(configured, calibrations, id, span);
        let capacity = shapes.last_shape().capacity_m3().unwrap_or(0.0);
        let most = capacity / FILL_TIME_MIN_H;
        // Level comes last: it is evaluated with the latest barometer, air temperature and meters.
        lanes.limit_by_rating(inflow, most);
        lanes.limit_by_rating(outflow, most);
        let lanes = lanes.all;
        let sums = Self {
            level,
            max_gap_ms: level.map_or(0, |at| lanes[at].max_gap_ms()),
            barometer: HeldReading::new(&lanes, barometer),
            air: HeldReading::new(&lanes, air),
            inflow: inflow.map(|at| Totaliser::from_counter_or_flow(&lanes, at, most)),
            outflow: outflow.map(|at| Totaliser::from_counter_or_flow(&lanes, at, most)),
            // Only the time of the last rain is needed here, so events are not separated.
            rain: rain.map(|at| {
                (
                    Totaliser::from_counter(&lanes, at, RAIN_MAX_MM_H),
                    RainEvents::new(0),
                )
            }),
            stock: TankStock::default(),
            balances: DeadbandBalances::new(tank.deadband_m3, capacity),
            nights: NightVolumes::new(&tank.leak_night, span),
            shapes,
            shape_of_last: None,
            tank,
        };
        (lanes, sums)
    }

    /// Level of the water from a reading, m (METHODS D.2).
    fn level_m(&self, tick: &InputReading) -> Option<f64> {
        let value = tick.value?;
        match self.tank.level.as_ref()? {
            LevelMeasurement::Level(_) => Some(value + self.tank.offset_m),
            LevelMeasurement::Pressure { barometer, .. } => {
                let air = match barometer {
                    // No level while the barometer is silent: 10 hPa are 10 cm of water (D.2).
                    Some(_) => self.barometer.value_at(tick.at)?,
                    // A gauge sensor measures against the air (METHODS D.2: p_atm = 0).
                    None => 0.0,
                };
                let (rho, offset) = (self.tank.density_kg_m3, self.tank.offset_m);
                level_from_pressure(value, air, rho, offset)
            }
            LevelMeasurement::Distance {
                height_m,
                blanking_m,
                air,
                ..
            } => {
                // The sensor computes distance with a fixed speed of sound. A difference of 10 degC
                // in air temperature is 1.7 % of the distance (METHODS D.2).
                let stretch = match air {
                    Some(_) => sound_speed(self.air.value_at(tick.at)?)? / sound_speed(ECHO_AIR_C)?,
                    None => 1.0,
                };
                let distance = value * stretch;
                // A distance within the blanking distance of the sensor is not valid (METHODS D.2).
                (distance >= *blanking_m).then_some(height_m - distance)
            }
        }
    }
}

impl TankStock {
    fn add_volume(&mut self, at: i64, (level, volume): (f64, f64)) {
        let (newest, (lowest, highest)) = &mut self.levels;
        *newest = level;
        if self.least.is_none_or(|known| volume < known) {
            self.least = Some(volume);
            *lowest = level;
        }
        if self.most.is_none_or(|known| volume > known) {
            self.most = Some(volume);
            *highest = level;
        }
        self.last = Some(volume);
        self.today = Some(volume);
        self.last_at = Some(at);
    }

    /// Adds the time at full level, and detects a level that stays above the top of the tank.
    fn add_full_time(&mut self, at: i64, level: f64, (full, top): (f64, f64), max_gap_ms: i64) {
        let step = self.last_at.map(|last| at - last);
        let step = step.filter(|step| (1..=max_gap_ms).contains(step));
        if level >= full {
            self.full_ms += step.unwrap_or(0);
        }
        // More than 3 % above the top for 10 minutes is a sensor fault (METHODS D.1).
        if level <= top * OVERFULL_RATIO {
            self.above_since = None;
            return;
        }
        let since = *self.above_since.get_or_insert(at);
        self.overfull |= millis_to_f64(at - since) / 1000.0 >= OVERFULL_S;
    }
}

impl ReadingSums for TankSums<'_> {
    fn add_reading(&mut self, tick: &InputReading) {
        self.barometer.add_reading(tick);
        self.air.add_reading(tick);
        for meter in self.inflow.iter_mut().chain(&mut self.outflow) {
            let before = meter.running_total();
            meter.add_reading(tick);
            // A leak can be seen only while no water is metered in or out (METHODS D.5).
            if meter.running_total() > before {
                self.nights.set_disturbed(tick.at);
            }
        }
        if let Some((rain, showers)) = &mut self.rain {
            rain.add_reading(tick);
            if tick.lane == rain.lane {
                showers.add_total(tick.at, rain.running_total());
                self.nights.set_last_rain(showers.last);
            }
        }
        if Some(tick.lane) != self.level || !tick.inside {
            return;
        }
        let level = self.level_m(tick);
        let number = self.shapes.shape_number_at(tick.at);
        let before = self.shape_of_last.replace(number);
        if tick.rebased || before.is_some_and(|before| before != number) {
            // The step in volume caused by another calibration is not water that flowed.
            self.balances.rebase();
        }
        let shape = self.shapes.shape_at(tick.at);
        let volume = tank_volume(shape, level).v_m3;
        if let (Some(level), Some(volume)) = (level, volume) {
            // `add_full_time` comes first: `add_volume` replaces the time of the last reading.
            let top = shape.levels().map_or(0.0, |(_, top)| top);
            let longest = self.max_gap_ms.max(tick.reach_ms);
            self.stock
                .add_full_time(tick.at, level, (self.tank.full_m, top), longest);
            self.stock.add_volume(tick.at, (level, volume));
            self.nights.add_volume(tick.at, volume);
        }
        self.balances.add_volume(volume);
    }

    fn end_day(&mut self) {
        let meters = self.inflow.iter_mut().chain(&mut self.outflow);
        meters.for_each(Totaliser::end_day);
        if let Some((rain, _)) = &mut self.rain {
            rain.end_day();
        }
        // Taken, so that a day without a reading does not get the volume of the day before.
        let today = self.stock.today.take();
        self.stock.days.push(today);
        let full_hours = millis_to_f64(self.stock.full_ms) / HOUR_MS;
        self.stock.full_days.push(full_hours);
        self.nights.end_day();
    }
}

/// Shape of a tank as the formulas take it.
pub fn tank_geometry(config: &TankShape) -> TankGeometry {
    match config {
        TankShape::Box {
            length_m,
            width_m,
            height_m,
        } => TankGeometry::Box {
            length: *length_m,
            width: *width_m,
            height: *height_m,
        },
        TankShape::VerticalCylinder {
            diameter_m,
            height_m,
        } => TankGeometry::VerticalCylinder {
            radius: diameter_m / 2.0,
            height: *height_m,
        },
        TankShape::HorizontalCylinder {
            diameter_m,
            length_m,
        } => TankGeometry::HorizontalCylinder {
            radius: diameter_m / 2.0,
            length: *length_m,
        },
        TankShape::CylinderOnCone {
            diameter_m,
            bottom_diameter_m,
            cone_height_m,
            cylinder_height_m,
        } => TankGeometry::CylinderOnCone {
            radius: diameter_m / 2.0,
            bottom: bottom_diameter_m / 2.0,
            cone: *cone_height_m,
            cylinder: *cylinder_height_m,
        },
        TankShape::Ibc {
            area_m2,
            height_m,
            nominal_m3,
        } => TankGeometry::Ibc {
            area_m2: *area_m2,
            height: *height_m,
            nominal_m3: *nominal_m3,
        },
        TankShape::StrappingTable(rows) => TankGeometry::Strapping(rows.clone()),
    }
}
