//! Which part of the plant a point shows, told from its unit, its name and its device.
//!
//! The unit decides what kind of quantity it is, the names which one of that kind. What nothing in
//! the plant answers to wanders slowly between the point's `min` and `max`, or grows when it is a
//! counter.

use super::plant::Snapshot;
use super::tank;
use crate::config::Point;
use crate::model::{DeviceInfo, UtcMs};
use drivers::units;

/// 2025-01-01T00:00:00Z, where counters that nothing drives began.
const COMMISSIONED: i64 = 1_735_689_600_000;

/// 0 degC in kelvin.
const ZERO_CELSIUS: f64 = 273.15;
/// A point wanders between its limits when they are no farther apart.
const WALK_MAX: f64 = 5000.0;

type Look = fn(&Snapshot) -> f64;

/// Where a point's value comes from.
#[derive(Clone, Copy, Debug)]
pub enum Role {
    /// Part of the plant; times a factor, plus an offset, for the point's unit.
    Plant(Look, f64, f64),
    /// The same for ever.
    Fixed(f64),
    /// Wanders between two bounds; `phase` (0..1) keeps points apart.
    Walk {
        /// Least.
        low: f64,
        /// Greatest.
        high: f64,
        /// 0..1.
        phase: f64,
    },
    /// Grows by so much an hour since 2025.
    Count(f64),
}

/// What a unit measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Power,
    Apparent,
    Reactive,
    Energy,
    Voltage,
    Current,
    Frequency,
    Length,
    Volume,
    Flow,
    Temperature,
    Percent,
    Irradiance,
    Bare,
    Other,
}

impl Role {
    /// The role of a device's point.
    pub fn of(device: &DeviceInfo, point: &Point, seed: u64) -> Self {
        let (kind, factor, offset) = kind_of(&point.unit);
        let words = Words::new(device, point);
        match look(kind, &words) {
            Some(Found::Look(look)) => Self::Plant(look, factor, offset),
            Some(Found::Fixed(value)) => Self::Fixed(value),
            None => fallback(device, point, kind, seed),
        }
    }

    /// Its value in the point's unit.
    pub fn value(&self, now: &Snapshot) -> f64 {
        match *self {
            Self::Plant(look, factor, offset) => look(now) * factor + offset,
            Self::Fixed(value) => value,
            Self::Walk { low, high, phase } => walk(now.at, low, high, phase),
            Self::Count(rate) => hours_since_commissioned(now.at) * rate,
        }
    }
}

enum Found {
    Look(Look),
    Fixed(f64),
}

/// Everything that names the point, in one lower-case text.
struct Words {
    name: String,
    device: String,
}

impl Words {
    fn new(device: &DeviceInfo, point: &Point) -> Self {
        Self {
            name: format!("{} {}", point.name, point.quantity).to_lowercase(),
            device: format!("{} {}", device.id, device.kind).to_lowercase(),
        }
    }

    fn says(&self, any: &[&str]) -> bool {
        any.iter().any(|word| self.name.contains(word))
    }

    /// A word of the device's name begins or ends so: `solarpump-2` is a pump, a `combiner` no bin.
    fn is(&self, any: &[&str]) -> bool {
        let mut parts = self.device.split(|c: char| !c.is_alphanumeric());
        parts.any(|part| {
            any.iter()
                .any(|word| part.starts_with(word) || part.ends_with(word))
        })
    }
}

/// Kind of quantity, and what makes one of the point's unit out of ours (W, Wh, V, A, Hz, m, m3,
/// m3/h, degC, %): a factor and an offset.
fn kind_of(symbol: &str) -> (Kind, f64, f64) {
    if symbol.is_empty() {
        return (Kind::Bare, 1.0, 0.0);
    }
    let Some(unit) = units::find(symbol) else {
        return (Kind::Other, 1.0, 0.0);
    };
    let kind = match unit.quantity {
        "power" => Kind::Power,
        "apparent_power" => Kind::Apparent,
        "reactive_power" => Kind::Reactive,
        "energy" => Kind::Energy,
        "voltage" => Kind::Voltage,
        "current" => Kind::Current,
        "frequency" => Kind::Frequency,
        "length" => Kind::Length,
        "volume" => Kind::Volume,
        "flow" => Kind::Flow,
        "temperature" => Kind::Temperature,
        "ratio" | "humidity" => Kind::Percent,
        "irradiance" => Kind::Irradiance,
        _ => Kind::Other,
    };
    match kind {
        Kind::Percent => (kind, 0.01 / unit.factor, 0.0),
        Kind::Temperature => (
            kind,
            1.0 / unit.factor,
            (ZERO_CELSIUS - unit.offset) / unit.factor,
        ),
        _ => (kind, 1.0 / unit.factor, 0.0),
    }
}

fn look(kind: Kind, words: &Words) -> Option<Found> {
    let look: Look = match kind {
        Kind::Power => power(words),
        Kind::Apparent => apparent(words),
        Kind::Reactive => |now| now.pump_power * 0.33 + 18.0,
        Kind::Energy => energy(words),
        Kind::Voltage => voltage(words),
        Kind::Current => current(words),
        Kind::Frequency => |now| now.frequency,
        Kind::Length => return length(words).map(Found::Look),
        Kind::Volume => volume(words),
        Kind::Flow if words.says(&["use", "village", "out"]) => |now| now.village_flow,
        Kind::Flow => |now| now.pump_flow,
        Kind::Temperature => temperature(words),
        Kind::Percent => return percent(words).map(Found::Look),
        Kind::Irradiance => |now| now.irradiance,
        Kind::Bare => return bare(words),
        Kind::Other => return None,
    };
    Some(Found::Look(look))
}

const DIRECT: &[&str] = &["dc_", "pv", "string", "mppt"];
const SECOND: &[&str] = &["_2", "_3", "_4", "l2", "l3"];
const INVERTER: &[&str] = &["inverter", "plts", "solar"];
const PUMP: &[&str] = &["pump", "pompa"];
const BIN: &[&str] = &["bsf", "bin", "maggot", "compost"];

/// A device without a part in the plant: a meter of the whole site, positive when it draws from the
/// grid.
fn power(words: &Words) -> Look {
    if words.says(SECOND) {
        |_| 0.0
    } else if words.says(DIRECT) {
        |now| now.dc_power
    } else if words.is(PUMP) {
        |now| now.pump_power
    } else if words.is(INVERTER) {
        |now| now.ac_power
    } else if words.says(&["import"]) {
        |now| now.grid_power.max(0.0)
    } else if words.says(&["export"]) {
        |now| (-now.grid_power).max(0.0)
    } else {
        |now| now.grid_power
    }
}

fn apparent(words: &Words) -> Look {
    if words.is(PUMP) {
        |now| now.pump_power / 0.95
    } else if words.is(INVERTER) {
        |now| now.ac_power
    } else {
        |now| now.grid_power.abs() / 0.97
    }
}

fn energy(words: &Words) -> Look {
    if words.says(SECOND) {
        |_| 0.0
    } else if words.says(&["today", "daily", "day"]) {
        |now| now.solar_today
    } else if words.is(PUMP) {
        |now| now.pump_energy
    } else if words.is(INVERTER) && words.says(DIRECT) {
        |now| now.solar_total / 0.96
    } else if words.is(INVERTER) {
        |now| now.solar_total
    } else if words.says(&["export"]) {
        |now| now.grid_export
    } else if words.says(&["total", "sum"]) {
        |now| now.grid_import + now.grid_export
    } else {
        |now| now.grid_import
    }
}

fn voltage(words: &Words) -> Look {
    match (words.says(DIRECT), words.says(SECOND)) {
        (true, true) => |_| 0.0,
        (true, false) => |now| now.dc_voltage,
        _ => |now| now.voltage,
    }
}

fn current(words: &Words) -> Look {
    if words.says(SECOND) {
        |_| 0.0
    } else if words.says(DIRECT) {
        |now| {
            if now.dc_voltage > 1.0 {
                now.dc_power / now.dc_voltage
            } else {
                0.0
            }
        }
    } else if words.is(PUMP) {
        |now| now.pump_power / 0.95 / now.voltage.max(1.0)
    } else if words.is(INVERTER) {
        |now| now.ac_power / now.voltage.max(1.0)
    } else {
        |now| now.grid_power.abs() / 0.97 / now.voltage.max(1.0)
    }
}

fn length(words: &Words) -> Option<Look> {
    if words.says(&["rain", "hujan"]) || words.is(&["rain", "hujan"]) {
        // Lengths are in metres here, rain in millimetres.
        Some(|now| now.rain_total / 1000.0)
    } else if words.says(&["head"]) {
        Some(|now| now.pump_head)
    } else if words.says(&["level", "depth", "height"]) || words.is(&["level", "tank"]) {
        Some(|now| now.level)
    } else {
        None
    }
}

fn volume(words: &Words) -> Look {
    if words.says(&["used", "consum", "village", "out"]) {
        |now| now.used
    } else if words.says(&["tank", "content"]) || words.is(&["tank", "level"]) {
        |now| now.volume
    } else {
        |now| now.pumped
    }
}

fn temperature(words: &Words) -> Look {
    if words.is(BIN) && words.says(&["core", "middle", "_1"]) {
        |now| now.bin_core
    } else if words.is(BIN) || words.says(BIN) {
        |now| now.bin_rim
    } else if words.is(INVERTER) {
        |now| now.inverter_temp
    } else if words.is(&["level", "tank"]) {
        |now| 0.4 * now.air + 16.0
    } else {
        |now| now.air
    }
}

fn percent(words: &Words) -> Option<Look> {
    if words.is(BIN) || words.says(&["moisture"]) {
        Some(|now| now.bin_moisture)
    } else if words.says(&["fill", "level"]) {
        Some(|now| now.volume / tank::capacity() * 100.0)
    } else if words.says(&["humid"]) {
        Some(|now| now.humidity)
    } else {
        None
    }
}

/// Codes and ratios.
fn bare(words: &Words) -> Option<Found> {
    if words.says(&["power_factor", "cos_phi"]) {
        let look: Look = if words.is(PUMP) {
            |now| if now.pump_power > 0.0 { 0.95 } else { 0.0 }
        } else {
            |_| 0.97
        };
        Some(Found::Look(look))
    } else if words.says(&["alarm", "fault", "error", "warning"]) {
        Some(Found::Fixed(0.0))
    } else if words.is(PUMP) && words.says(&["run", "state", "status"]) {
        Some(Found::Look(|now| f64::from(now.pump_power > 0.0)))
    } else if words.is(INVERTER) && words.says(&["status", "state"]) {
        Some(Found::Look(|now| f64::from(now.ac_power > 0.0)))
    } else {
        None
    }
}

fn fallback(device: &DeviceInfo, point: &Point, kind: Kind, seed: u64) -> Role {
    let mut random = fastrand::Rng::with_seed(seed ^ name_hash(&device.id, &point.name));
    if point.counter {
        return Role::Count(0.5 + random.f64());
    }
    if kind == Kind::Bare && point.max.is_none() {
        return Role::Fixed(0.0);
    }
    let (low, high) = match (point.min, point.max) {
        (Some(low), Some(high)) if high - low <= WALK_MAX => (low, high),
        // Limits of the quantity say nothing about this device.
        (low, _) => {
            let low = low.filter(|low| low.abs() <= WALK_MAX).unwrap_or(0.0);
            (low, low + 100.0)
        }
    };
    Role::Walk {
        low,
        high,
        phase: random.f64(),
    }
}

/// The same for ever and on every machine, unlike a `Hasher`'s: FNV-1a.
fn name_hash(device: &str, point: &str) -> u64 {
    device
        .bytes()
        .chain([0])
        .chain(point.bytes())
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
}

/// Two slow waves that never quite repeat; stays within the middle 80 % of the range.
fn walk(at: UtcMs, low: f64, high: f64, phase: f64) -> f64 {
    let hours = hours_since_commissioned(at);
    let wave = |period: f64, share: f64| {
        share * ((hours / period + phase * period) * std::f64::consts::TAU).sin()
    };
    let middle = f64::midpoint(low, high);
    middle + (high - low) * 0.4 * (wave(3.1, 0.6) + wave(0.47, 0.4))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds of decades fit a double"
)]
fn hours_since_commissioned(at: UtcMs) -> f64 {
    (at.0 - COMMISSIONED).max(0) as f64 / 3_600_000.0
}
