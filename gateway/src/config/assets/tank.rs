//! `tank`: a water tank (METHODS D.1, D.2, D.4, D.5).

use super::point::{self, CELSIUS, LENGTH, PRESSURE, PointUse, VOLUME_OR_FLOW};
use super::tank_shape::{RawShape, TankShape, shape};
use super::{Around, one_of};
use crate::config::check::DURATION;
use crate::config::notes::Notes;
use crate::config::raw::{At, Number, Text};
use crate::config::values;
use jiff::civil::{Time, time};
use schemars::JsonSchema;
use serde::Deserialize;
use std::ops::Range;
use std::time::Duration;

/// Water of 28 degC, kg/m3, when the density is not said.
const WARM_WATER: &str = "water.rho.28C";
/// Leak that is suspected, L/h, when nothing is said (D.5).
const LEAK_L_H: f64 = 5.0;
/// Dry time before a night counts, when nothing is said (D.5).
const RAIN_FREE: Duration = Duration::from_hours(2);

/// A water tank.
#[derive(Clone, Debug, PartialEq)]
pub struct Tank {
    /// How its level is measured; `None` only beside a fault.
    pub level: Option<Level>,
    /// Its inside; `None` only beside a fault.
    pub shape: Option<TankShape>,
    /// Added to every level, m: how high the sensor's zero lies above the bottom.
    pub offset_m: f64,
    /// Level at which it overflows, m; the shape's height when nothing is said.
    pub full_m: f64,
    /// Level below which nothing can be drawn, m.
    pub outlet_m: f64,
    /// Density of the water, kg/m3.
    pub density_kg_m3: f64,
    /// Water that comes in, m3 or m3/h.
    pub inflow: Option<PointUse>,
    /// Water that goes out, m3 or m3/h.
    pub outflow: Option<PointUse>,
    /// Temperature of the water, degC.
    pub temperature: Option<PointUse>,
    /// Least change of volume that counts as flow, m3; `None`: from the nights' noise.
    pub deadband_m3: Option<f64>,
    /// When a leak is looked for.
    pub leak_night: LeakNight,
}

/// How a level is measured.
#[derive(Clone, Debug, PartialEq)]
pub enum Level {
    /// As a level, m.
    Level(PointUse),
    /// By the pressure of the water, Pa.
    Pressure {
        /// The pressure.
        point: PointUse,
        /// Of the air, for an absolute sensor, Pa.
        barometer: Option<PointUse>,
    },
    /// By the distance from a sensor above, m.
    Distance {
        /// The distance.
        point: PointUse,
        /// Height of the sensor above the bottom, m.
        height_m: f64,
        /// Distance below which it is blind, m.
        blanking_m: f64,
        /// Air in the headspace, degC, where the sensor does not correct for it.
        air: Option<PointUse>,
    },
}

/// When a leak is looked for, and how large one is.
#[derive(Clone, Debug, PartialEq)]
pub struct LeakNight {
    /// Local time at which the window opens.
    pub from: Time,
    /// Local time at which it closes.
    pub to: Time,
    /// Time without rain before it.
    pub rain_free: Duration,
    /// Loss that is suspected, m3/h.
    pub threshold_m3_h: f64,
}

/// `tank` as typed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawTank {
    /// Letters, digits, `-` and `_`.
    #[schemars(required)]
    pub(crate) id: Text,
    /// Name for people.
    pub(crate) name: Text,
    /// Point of the level.
    pub(crate) level: Text,
    /// Point of the pressure at the sensor.
    pub(crate) pressure: Text,
    /// Point of the distance from a sensor above to the water.
    pub(crate) distance: Text,
    /// Its inside.
    #[schemars(required)]
    pub(crate) shape: Option<At<RawShape>>,
    /// How the sensor is mounted.
    pub(crate) sensor: Option<At<RawSensor>>,
    /// Level at which it overflows, m; the shape's height when left out.
    pub(crate) full_m: Number,
    /// From the top of the shape to the overflow, m; instead of `full_m`.
    pub(crate) freeboard_m: Number,
    /// Level below which nothing can be drawn, 0 m when left out.
    pub(crate) outlet_m: Number,
    /// Density of the water, kg/m3; water of 28 degC when left out.
    pub(crate) density_kg_m3: Number,
    /// Point of the water that comes in: a counter, or a flow.
    pub(crate) inflow: Text,
    /// Point of the water that goes out: a counter, or a flow.
    pub(crate) outflow: Text,
    /// Point of the water's temperature.
    pub(crate) temperature: Text,
    /// Least change that counts as flow, L; three times the nights' noise when left out.
    pub(crate) deadband_l: Number,
    /// When a leak is looked for.
    pub(crate) leak_night: Option<At<RawLeakNight>>,
}

/// `sensor` as typed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawSensor {
    /// How high the zero of a level or pressure sensor lies above the bottom, m.
    pub(crate) offset_m: Number,
    /// Height of a distance sensor above the bottom, m.
    pub(crate) height_m: Number,
    /// Distance below which a distance sensor is blind, m.
    pub(crate) blanking_m: Number,
    /// Point of the air temperature in the headspace, when the sensor does not correct for it.
    pub(crate) air_temperature: Text,
    /// Point of the air pressure, for a sensor that measures absolute pressure.
    pub(crate) barometer: Text,
}

/// `leak_night` as typed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawLeakNight {
    /// Local time at which the window opens, `"00:00"` when left out.
    pub(crate) from: Text,
    /// Local time at which it closes, `"04:00"` when left out.
    pub(crate) to: Text,
    /// Time without rain before it, `"2h"` when left out.
    pub(crate) rain_free: Text,
    /// Loss that is suspected, 5 L/h when left out.
    pub(crate) threshold_l_h: Number,
}

pub(super) fn tank(
    notes: &mut Notes<'_>,
    span: &Range<usize>,
    raw: &RawTank,
    around: &mut Around<'_>,
) -> Tank {
    let shape = raw.shape.as_ref().map(|at| shape(notes, at.get()));
    let top = shape.as_ref().map_or(f64::MAX, |shape| shape.levels().1);
    let full_m = full(notes, raw, top);
    let warm = around
        .factors
        .find(WARM_WATER)
        .map_or(1000.0, |factor| factor.value);
    let density = notes.within(&raw.density_kg_m3, "density_kg_m3", 900.0..=1300.0);
    let deadband = notes.positive(&raw.deadband_l, "deadband_l");
    let sensor = raw.sensor.as_ref().map(At::get);
    let offset = sensor.and_then(|raw| notes.within(&raw.offset_m, "offset_m", -50.0..=50.0));
    Tank {
        level: level(notes, span, raw, around),
        shape,
        offset_m: offset.unwrap_or(0.0),
        full_m,
        outlet_m: notes
            .within(&raw.outlet_m, "outlet_m", 0.0..=full_m.max(0.0))
            .unwrap_or(0.0),
        density_kg_m3: density.unwrap_or(warm),
        inflow: point::total(notes, around, &raw.inflow, "inflow", VOLUME_OR_FLOW),
        outflow: point::total(notes, around, &raw.outflow, "outflow", VOLUME_OR_FLOW),
        temperature: point::point(notes, around, &raw.temperature, "temperature", CELSIUS),
        deadband_m3: deadband.map(|litres| litres / 1000.0),
        leak_night: leak_night(notes, raw.leak_night.as_ref()),
    }
}

/// The level at which it overflows, given as such or as freeboard.
fn full(notes: &mut Notes<'_>, raw: &RawTank, top: f64) -> f64 {
    if let (Some(at), Some(_)) = (&raw.freeboard_m, &raw.full_m) {
        notes.fault(
            at.span(),
            "freeboard_m",
            "fault-only-one",
            "",
            "full_m, freeboard_m",
        );
    }
    let full = notes.positive(&raw.full_m, "full_m");
    if let (Some(full), Some(at)) = (full.filter(|full| *full > top), &raw.full_m) {
        notes.fault(
            at.span(),
            "full_m",
            "fault-range",
            &full.to_string(),
            &format!("0..={top}"),
        );
    }
    let freeboard = notes.within(&raw.freeboard_m, "freeboard_m", 0.0..=top.max(0.0));
    full.unwrap_or(top - freeboard.unwrap_or(0.0))
}

/// Exactly one of level, pressure and distance.
fn level(
    notes: &mut Notes<'_>,
    span: &Range<usize>,
    raw: &RawTank,
    around: &mut Around<'_>,
) -> Option<Level> {
    let ways = [
        ("level", &raw.level),
        ("pressure", &raw.pressure),
        ("distance", &raw.distance),
    ];
    one_of(
        notes,
        span,
        &ways.map(|(key, typed)| (key, typed.is_some())),
    );
    let mut given = ways
        .iter()
        .filter_map(|(key, typed)| Some((*key, typed.as_ref()?)));
    if let (Some(_), Some((key, at))) = (given.next(), given.next()) {
        notes.fault(
            at.span(),
            key,
            "fault-only-one",
            "",
            "level, pressure, distance",
        );
    }
    let level = point::point(notes, around, &raw.level, "level", LENGTH);
    let pressure = point::point(notes, around, &raw.pressure, "pressure", PRESSURE);
    let distance = point::point(notes, around, &raw.distance, "distance", LENGTH);
    let empty = RawSensor::default();
    let sensor = raw.sensor.as_ref().map_or(&empty, At::get);
    let barometer = point::point(notes, around, &sensor.barometer, "barometer", PRESSURE);
    let air = point::point(
        notes,
        around,
        &sensor.air_temperature,
        "air_temperature",
        CELSIUS,
    );
    let height = notes.positive(&sensor.height_m, "height_m");
    let blanking = notes.within(&sensor.blanking_m, "blanking_m", 0.0..=10.0);
    if raw.distance.is_some() && sensor.height_m.is_none() {
        let span = raw.sensor.as_ref().map_or(span.clone(), At::span);
        notes.fault(span, "sensor.height_m", "fault-missing", "", "");
    }
    stray(notes, raw, sensor);
    if let Some(point) = level {
        return Some(Level::Level(point));
    }
    if let Some(point) = pressure {
        return Some(Level::Pressure { point, barometer });
    }
    Some(Level::Distance {
        point: distance?,
        height_m: height?,
        blanking_m: blanking.unwrap_or(0.0),
        air,
    })
}

/// Keys of a sensor that another way of measuring would need.
fn stray(notes: &mut Notes<'_>, raw: &RawTank, sensor: &RawSensor) {
    let (pressure, distance) = (raw.pressure.is_some(), raw.distance.is_some());
    let numbers = [
        ("height_m", &sensor.height_m, distance),
        ("blanking_m", &sensor.blanking_m, distance),
        ("offset_m", &sensor.offset_m, !distance),
    ];
    for (key, typed, fits) in numbers {
        if let Some(at) = typed.as_ref().filter(|_| !fits) {
            notes.fault(at.span(), key, "fault-other-sensor", key, "");
        }
    }
    let points = [
        ("barometer", &sensor.barometer, pressure),
        ("air_temperature", &sensor.air_temperature, distance),
    ];
    for (key, typed, fits) in points {
        if let Some(at) = typed.as_ref().filter(|_| !fits) {
            notes.fault(at.span(), key, "fault-other-sensor", key, "");
        }
    }
}

fn leak_night(notes: &mut Notes<'_>, typed: Option<&At<RawLeakNight>>) -> LeakNight {
    let empty = RawLeakNight::default();
    let raw = typed.map_or(&empty, At::get);
    let clock = |text: &str| {
        let (hour, minute) = text.split_once(':')?;
        let short = hour.len() == 2 && minute.len() == 2;
        Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0)
            .ok()
            .filter(|_| short)
    };
    let from = notes.parsed(&raw.from, "from", clock, "fault-expect-clock");
    let to = notes.parsed(&raw.to, "to", clock, "fault-expect-clock");
    let unread = (raw.from.is_some() && from.is_none()) || (raw.to.is_some() && to.is_none());
    let from = from.unwrap_or(time(0, 0, 0, 0));
    let to = to.unwrap_or(time(4, 0, 0, 0));
    if let Some(at) = typed.filter(|_| to <= from && !unread) {
        let (found, expected) = (to.strftime("%H:%M"), from.strftime("> %H:%M"));
        let (found, expected) = (found.to_string(), expected.to_string());
        notes.fault(at.span(), "to", "fault-range", &found, &expected);
    }
    let rain_free = notes.parsed(&raw.rain_free, "rain_free", values::duration, DURATION);
    let threshold = notes.positive(&raw.threshold_l_h, "threshold_l_h");
    LeakNight {
        from,
        to,
        rain_free: rain_free.unwrap_or(RAIN_FREE),
        threshold_m3_h: threshold.unwrap_or(LEAK_L_H) / 1000.0,
    }
}
