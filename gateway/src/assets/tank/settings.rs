//! [`TankAsset`]: kind `tank`, a water tank (METHODS D.1, D.2, D.4, D.5).

use crate::assets::asset_point::{
    AssetPoint, LENGTH_UNITS, PRESSURE_UNITS, TEMPERATURE_UNITS, VOLUME_OR_FLOW_UNITS,
};
use crate::assets::tank::shape_settings::{RawTankShape, TankShape, check_shape};
use crate::assets::{
    AssetKindSettings, CheckContext, OUTDOOR_RANGE_C, RatedLimit, RawAssetTable, require_one_of,
};
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::{RawDate, RawNumber, RawText, SpannedValue};
use crate::config::value_syntax;
use crate::config::value_syntax::EXPECT_DURATION;
use jiff::civil::{Time, time};
use schemars::JsonSchema;
use serde::Deserialize;
use std::ops::Range;
use std::time::Duration;

/// Factor of the default density: water of 28 degC, kg/m3.
// 996.24 kg/m3; 1000 would overstate energies by 0.4 % (METHODS B).
const WATER_DENSITY_FACTOR: &str = "water.rho.28C";
/// Default leak threshold, L/h (METHODS D.5).
const LEAK_THRESHOLD_L_H: f64 = 5.0;
/// Default dry time before a night counts (METHODS D.5).
const RAIN_FREE_DEFAULT: Duration = Duration::from_hours(2);
/// Margin beyond bottom and top of a tank, m, in addition to its height.
// A level that is not calibrated yet may be far off.
const LEVEL_MARGIN_M: f64 = 1.0;
/// Standard gravity, m/s2.
const GRAVITY: f64 = 9.806_65;
/// Upper bound of the air pressure, Pa; an absolute sensor measures it on top of the water.
const AIR_PRESSURE_MAX_PA: f64 = 120_000.0;

/// Water tank.
#[derive(Clone, Debug, PartialEq)]
pub struct TankAsset {
    /// Measurement of the level; `None` only after an error.
    pub level: Option<LevelMeasurement>,
    /// Inner shape; `None` only after an error.
    pub shape: Option<TankShape>,
    /// Height of the sensor's zero above the bottom, m; added to every level.
    pub offset_m: f64,
    /// Level of the overflow, m; the height of the shape by default.
    pub full_m: f64,
    /// Level of the outlet, m: below it nothing can be drawn.
    pub outlet_m: f64,
    /// Density of the water, kg/m3.
    pub density_kg_m3: f64,
    /// Inflow, m3 or m3/h.
    pub inflow: Option<AssetPoint>,
    /// Outflow, m3 or m3/h.
    pub outflow: Option<AssetPoint>,
    /// Temperature of the water, degC.
    pub temperature: Option<AssetPoint>,
    /// Minimum volume change that counts as flow, m3; `None`: from the noise at night.
    pub deadband_m3: Option<f64>,
    /// Settings of the leak test at night.
    pub leak_night: LeakNightSettings,
}

/// Measurement of a water level.
#[derive(Clone, Debug, PartialEq)]
pub enum LevelMeasurement {
    /// Level, m.
    Level(AssetPoint),
    /// Pressure of the water column, Pa.
    Pressure {
        /// Point of the pressure, Pa.
        point: AssetPoint,
        /// Air pressure, Pa, for an absolute sensor.
        barometer: Option<AssetPoint>,
    },
    /// Distance from a sensor above the water, m.
    Distance {
        /// Point of the distance, m.
        point: AssetPoint,
        /// Height of the sensor above the bottom, m.
        height_m: f64,
        /// Blanking distance, m: below it the sensor measures nothing.
        blanking_m: f64,
        /// Air temperature in the headspace, degC, when the sensor does not compensate for it.
        air: Option<AssetPoint>,
    },
}

impl LevelMeasurement {
    /// Point that is measured.
    pub(crate) fn point(&self) -> &AssetPoint {
        match self {
            Self::Level(point) | Self::Pressure { point, .. } | Self::Distance { point, .. } => {
                point
            }
        }
    }
}

/// Settings of the leak test at night.
#[derive(Clone, Debug, PartialEq)]
pub struct LeakNightSettings {
    /// Local time at which the window starts.
    pub from: Time,
    /// Local time at which the window ends.
    pub to: Time,
    /// Time without rain before the window.
    pub rain_free: Duration,
    /// Leak threshold, m3/h.
    pub threshold_m3_h: f64,
}

/// `tank` as typed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawTank {
    /// Letters, digits, `-` and `_`.
    #[schemars(required)]
    pub(crate) id: RawText,
    /// Name for people.
    pub(crate) name: RawText,
    /// First day of operation.
    #[schemars(with = "Option<serde_json::Value>")]
    pub(crate) since: Option<RawDate>,
    /// Last day of operation.
    #[schemars(with = "Option<serde_json::Value>")]
    pub(crate) until: Option<RawDate>,
    /// Point of the level.
    pub(crate) level: RawText,
    /// Point of the pressure at the sensor.
    pub(crate) pressure: RawText,
    /// Point of the distance from a sensor above to the water.
    pub(crate) distance: RawText,
    /// Inner shape.
    #[schemars(required)]
    pub(crate) shape: Option<SpannedValue<RawTankShape>>,
    /// Mounting of the sensor.
    pub(crate) sensor: Option<SpannedValue<RawLevelSensor>>,
    /// Level of the overflow, m; the height of the shape by default.
    pub(crate) full_m: RawNumber,
    /// Distance from the top of the shape to the overflow, m; instead of `full_m`.
    pub(crate) freeboard_m: RawNumber,
    /// Level of the outlet, m, 0 by default: below it nothing can be drawn.
    pub(crate) outlet_m: RawNumber,
    /// Density of the water, kg/m3; water of 28 degC by default.
    pub(crate) density_kg_m3: RawNumber,
    /// Point of the inflow: a counter or a flow.
    pub(crate) inflow: RawText,
    /// Point of the outflow: a counter or a flow.
    pub(crate) outflow: RawText,
    /// Point of the water's temperature.
    pub(crate) temperature: RawText,
    /// Minimum volume change that counts as flow, L; three times the noise at night by default.
    pub(crate) deadband_l: RawNumber,
    /// Settings of the leak test at night.
    pub(crate) leak_night: Option<SpannedValue<RawLeakNight>>,
}

/// `sensor` as typed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawLevelSensor {
    /// Height of the zero of a level or pressure sensor above the bottom, m.
    pub(crate) offset_m: RawNumber,
    /// Height of a distance sensor above the bottom, m.
    pub(crate) height_m: RawNumber,
    /// Blanking distance, m: below it the sensor measures nothing.
    pub(crate) blanking_m: RawNumber,
    /// Point of the air temperature in the headspace, when the sensor does not compensate for it.
    pub(crate) air_temperature: RawText,
    /// Point of the air pressure, for a sensor that measures absolute pressure.
    pub(crate) barometer: RawText,
}

/// `leak_night` as typed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawLeakNight {
    /// Local time at which the window starts, `"00:00"` by default.
    pub(crate) from: RawText,
    /// Local time at which the window ends, `"04:00"` by default.
    pub(crate) to: RawText,
    /// Time without rain before the window, `"2h"` by default.
    pub(crate) rain_free: RawText,
    /// Leak threshold, L/h, 5 by default.
    pub(crate) threshold_l_h: RawNumber,
}

impl AssetKindSettings for TankAsset {
    fn report_chapter(&self) -> &'static str {
        "tanks"
    }

    fn rated_limits(&self) -> Vec<RatedLimit<'_>> {
        let mut all: Vec<RatedLimit<'_>> = Vec::new();
        all.extend(self.temperature.iter().map(|used| (used, OUTDOOR_RANGE_C)));
        let (Some(level), Some(shape)) = (&self.level, &self.shape) else {
            return all;
        };
        let (bottom, top) = shape.level_range();
        let margin = (top - bottom) + LEVEL_MARGIN_M;
        let (low, high) = (
            bottom - self.offset_m - margin,
            top - self.offset_m + margin,
        );
        match level {
            LevelMeasurement::Level(used) => all.push((used, (low, high))),
            LevelMeasurement::Pressure { point, barometer } => {
                let air = barometer.as_ref().map_or(0.0, |_| AIR_PRESSURE_MAX_PA);
                let pascals = self.density_kg_m3 * GRAVITY;
                all.push((point, (low * pascals, high * pascals + air)));
            }
            LevelMeasurement::Distance {
                point,
                height_m,
                air,
                ..
            } => {
                let range = (-LEVEL_MARGIN_M, 2.0 * height_m + LEVEL_MARGIN_M);
                all.push((point, range));
                all.extend(air.iter().map(|used| (used, OUTDOOR_RANGE_C)));
            }
        }
        all
    }
}

impl RawAssetTable for RawTank {}

/// Checks the table by itself.
pub(crate) fn check_table(
    notes: &mut DiagnosticCollector<'_>,
    span: &Range<usize>,
    raw: &RawTank,
    around: &mut CheckContext<'_>,
) -> TankAsset {
    let shape = raw.shape.as_ref().map(|at| check_shape(notes, at.get()));
    // Without a shape, which is an error already, any level is accepted.
    let top = shape
        .as_ref()
        .map_or(f64::MAX, |shape| shape.level_range().1);
    let full_m = check_full_level(notes, raw, top);
    check_table_height(notes, raw, shape.as_ref());
    let warm = around
        .factors
        .find(WATER_DENSITY_FACTOR)
        .map_or(1000.0, |factor| factor.value);
    let density = notes.ranged_number(&raw.density_kg_m3, "density_kg_m3");
    let deadband = notes.ranged_number(&raw.deadband_l, "deadband_l");
    let sensor = raw.sensor.as_ref().map(SpannedValue::get);
    let offset = sensor.and_then(|raw| notes.ranged_number(&raw.offset_m, "offset_m"));
    TankAsset {
        level: check_level_measurement(notes, span, raw, around),
        shape,
        offset_m: offset.unwrap_or(0.0),
        full_m,
        outlet_m: notes
            .number_in_range(&raw.outlet_m, "outlet_m", 0.0..=full_m.max(0.0))
            .unwrap_or(0.0),
        density_kg_m3: density.unwrap_or(warm),
        inflow: around.counter_point(notes, &raw.inflow, "inflow", VOLUME_OR_FLOW_UNITS),
        outflow: around.counter_point(notes, &raw.outflow, "outflow", VOLUME_OR_FLOW_UNITS),
        temperature: around.measured_point(
            notes,
            &raw.temperature,
            "temperature",
            TEMPERATURE_UNITS,
        ),
        deadband_m3: deadband.map(|litres| litres / 1000.0),
        leak_night: check_leak_night(notes, raw.leak_night.as_ref()),
    }
}

/// Checks the overflow level, given as level or as freeboard.
fn check_full_level(notes: &mut DiagnosticCollector<'_>, raw: &RawTank, top: f64) -> f64 {
    if let (Some(at), Some(_)) = (&raw.freeboard_m, &raw.full_m) {
        notes.add_error(
            at.span(),
            "freeboard_m",
            "fault-only-one",
            "",
            "full_m, freeboard_m",
        );
    }
    let full = notes.ranged_number(&raw.full_m, "full_m");
    if let (Some(full), Some(at)) = (full.filter(|full| *full > top), &raw.full_m) {
        let (found, top) = (full.to_string(), top.to_string());
        let is_table =
            |at: &SpannedValue<RawTankShape>| matches!(at.get(), RawTankShape::StrappingTable(_));
        if raw.shape.as_ref().is_some_and(is_table) {
            notes.add_error(at.span(), "full_m", "fault-strapping-full", &found, &top);
        } else {
            notes.add_error(
                at.span(),
                "full_m",
                "fault-range",
                &found,
                &format!("0..={top}"),
            );
        }
    }
    let freeboard = notes.number_in_range(&raw.freeboard_m, "freeboard_m", 0.0..=top.max(0.0));
    full.unwrap_or(top - freeboard.unwrap_or(0.0))
}

/// Room between the highest water that a distance sensor sees and the rim of the tank, m.
const SENSOR_ROOM_M: f64 = 0.5;

/// Warns about a strapping table that ends far below the highest water that the sensor can see:
/// there the table has no volume.
fn check_table_height(
    notes: &mut DiagnosticCollector<'_>,
    raw: &RawTank,
    shape: Option<&TankShape>,
) {
    let number = |typed: &RawNumber| typed.as_ref().map(|at| *at.get());
    let Some(TankShape::StrappingTable(rows)) = shape else {
        return;
    };
    let sensor = raw.sensor.as_ref().map(SpannedValue::get);
    let seen = sensor.and_then(|sensor| {
        let blanking = number(&sensor.blanking_m).unwrap_or(0.0);
        Some(number(&sensor.height_m)? - blanking)
    });
    if let (Some(seen), Some((last, _)), Some(at)) = (seen, rows.last(), &raw.shape)
        && *last + SENSOR_ROOM_M < seen
    {
        let (found, expected) = (format!("{last} m"), format!("{seen} m"));
        notes.add_warning(
            at.span(),
            "shape",
            "fault-strapping-short",
            &found,
            &expected,
        );
    }
}

/// Checks that exactly one of level, pressure and distance is configured.
fn check_level_measurement(
    notes: &mut DiagnosticCollector<'_>,
    span: &Range<usize>,
    raw: &RawTank,
    around: &mut CheckContext<'_>,
) -> Option<LevelMeasurement> {
    let ways = [
        ("level", &raw.level),
        ("pressure", &raw.pressure),
        ("distance", &raw.distance),
    ];
    require_one_of(
        notes,
        span,
        &ways.map(|(key, typed)| (key, typed.is_some())),
    );
    let mut given = ways
        .iter()
        .filter_map(|(key, typed)| Some((*key, typed.as_ref()?)));
    if let (Some(_), Some((key, at))) = (given.next(), given.next()) {
        notes.add_error(
            at.span(),
            key,
            "fault-only-one",
            "",
            "level, pressure, distance",
        );
    }
    let level = around.measured_point(notes, &raw.level, "level", LENGTH_UNITS);
    let pressure = around.measured_point(notes, &raw.pressure, "pressure", PRESSURE_UNITS);
    let distance = around.measured_point(notes, &raw.distance, "distance", LENGTH_UNITS);
    let empty = RawLevelSensor::default();
    let sensor = raw.sensor.as_ref().map_or(&empty, SpannedValue::get);
    let barometer = around.measured_point(notes, &sensor.barometer, "barometer", PRESSURE_UNITS);
    let air = around.measured_point(
        notes,
        &sensor.air_temperature,
        "air_temperature",
        TEMPERATURE_UNITS,
    );
    let height = notes.ranged_number(&sensor.height_m, "height_m");
    let blanking = notes.ranged_number(&sensor.blanking_m, "blanking_m");
    // The level is `height_m` minus the distance: without it there is no level (METHODS D.2).
    if raw.distance.is_some() && sensor.height_m.is_none() {
        let span = raw.sensor.as_ref().map_or(span.clone(), SpannedValue::span);
        notes.add_error(span, "sensor.height_m", "fault-missing", "", "");
    }
    report_stray_keys(notes, raw, sensor);
    if let Some(point) = level {
        return Some(LevelMeasurement::Level(point));
    }
    if let Some(point) = pressure {
        return Some(LevelMeasurement::Pressure { point, barometer });
    }
    Some(LevelMeasurement::Distance {
        point: distance?,
        height_m: height?,
        blanking_m: blanking.unwrap_or(0.0),
        air,
    })
}

/// Reports sensor keys of another kind of measurement.
fn report_stray_keys(notes: &mut DiagnosticCollector<'_>, raw: &RawTank, sensor: &RawLevelSensor) {
    let (pressure, distance) = (raw.pressure.is_some(), raw.distance.is_some());
    let numbers = [
        ("height_m", &sensor.height_m, distance),
        ("blanking_m", &sensor.blanking_m, distance),
        // `height_m` fixes the zero of a distance sensor; an offset would be a second zero.
        ("offset_m", &sensor.offset_m, !distance),
    ];
    for (key, typed, fits) in numbers {
        if let Some(at) = typed.as_ref().filter(|_| !fits) {
            notes.add_error(at.span(), key, "fault-other-sensor", key, "");
        }
    }
    let points = [
        ("barometer", &sensor.barometer, pressure),
        ("air_temperature", &sensor.air_temperature, distance),
    ];
    for (key, typed, fits) in points {
        if let Some(at) = typed.as_ref().filter(|_| !fits) {
            notes.add_error(at.span(), key, "fault-other-sensor", key, "");
        }
    }
}

fn check_leak_night(
    notes: &mut DiagnosticCollector<'_>,
    typed: Option<&SpannedValue<RawLeakNight>>,
) -> LeakNightSettings {
    let empty = RawLeakNight::default();
    let raw = typed.map_or(&empty, SpannedValue::get);
    let clock = |text: &str| {
        // Two digits each, so that `1:5` is not taken for 01:05.
        let (hour, minute) = text.split_once(':')?;
        let short = hour.len() == 2 && minute.len() == 2;
        Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0)
            .ok()
            .filter(|_| short)
    };
    let from = notes.parsed_text(&raw.from, "from", clock, "fault-expect-clock");
    let to = notes.parsed_text(&raw.to, "to", clock, "fault-expect-clock");
    let unread = (raw.from.is_some() && from.is_none()) || (raw.to.is_some() && to.is_none());
    let from = from.unwrap_or(time(0, 0, 0, 0));
    let to = to.unwrap_or(time(4, 0, 0, 0));
    // A time that could not be read has its error; its default would add a misleading one.
    if let Some(at) = typed.filter(|_| to <= from && !unread) {
        let (found, expected) = (to.strftime("%H:%M"), from.strftime("> %H:%M"));
        let (found, expected) = (found.to_string(), expected.to_string());
        notes.add_error(at.span(), "to", "fault-range", &found, &expected);
    }
    let rain_free = notes.parsed_text(
        &raw.rain_free,
        "rain_free",
        value_syntax::parse_duration,
        EXPECT_DURATION,
    );
    let threshold = notes.ranged_number(&raw.threshold_l_h, "threshold_l_h");
    LeakNightSettings {
        from,
        to,
        rain_free: rain_free.unwrap_or(RAIN_FREE_DEFAULT),
        threshold_m3_h: threshold.unwrap_or(LEAK_THRESHOLD_L_H) / 1000.0,
    }
}
