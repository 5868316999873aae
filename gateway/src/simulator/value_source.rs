//! Value source of a simulated point, chosen by its unit, its name and its device.
//!
//! The unit decides the kind of quantity, the names which value of that kind. A point that matches
//! nothing in the plant varies slowly between its `min` and `max`, or grows when it is a counter.

use super::plant::PlantSnapshot;
use crate::config::{ChipSignal, Point};
use crate::domain::{DeviceInfo, UtcMs};
use drivers::units;

/// 2025-01-01T00:00:00Z, start of counters that follow no part of the plant.
const COMMISSIONED_MS: i64 = 1_735_689_600_000;

/// 0 degC in kelvin.
const ZERO_CELSIUS: f64 = 273.15;
/// Share of the tank at which a float switch closes.
const FLOAT_CLOSES_AT: f64 = 0.9;
/// Greatest range between `min` and `max` that is used as it is.
const WALK_RANGE_MAX: f64 = 5000.0;

/// Function that reads one value of a snapshot.
type SnapshotReader = fn(&PlantSnapshot) -> f64;

/// Source of a point's value.
#[derive(Clone, Copy, Debug)]
pub enum SimulatedValueSource {
    /// Value of the plant; times a factor, plus an offset, for the point's unit.
    Plant(SnapshotReader, f64, f64),
    /// Constant value.
    Fixed(f64),
    /// Slow variation between two bounds.
    Walk {
        /// Lower bound.
        low: f64,
        /// Upper bound.
        high: f64,
        /// Phase, 0..1; keeps points apart.
        phase: f64,
    },
    /// Counter that grows by this amount an hour since 2025.
    Count(f64),
}

/// Kind of quantity of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SimulatedQuantityKind {
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

impl SimulatedValueSource {
    /// Returns the value source of a device's point.
    pub fn for_point(device: &DeviceInfo, point: &Point, seed: u64) -> Self {
        let (kind, factor, offset) = quantity_of_unit(&point.unit);
        // No grid is at the input of a converter.
        if let (SimulatedQuantityKind::Voltage, Some(high)) = (kind, converter_maximum(point)) {
            let phase = seeded_random(device, point, seed).f64();
            return Self::Walk {
                low: 0.0,
                high,
                phase,
            };
        }
        let words = PointWords::new(device, point);
        match match_source(kind, &words) {
            Some(MatchedSource::Look(look)) => Self::Plant(look, factor, offset),
            Some(MatchedSource::Fixed(value)) => Self::Fixed(value),
            None => fallback_source(device, point, kind, seed),
        }
    }

    /// Returns the value in the point's unit.
    pub fn value(&self, now: &PlantSnapshot) -> f64 {
        match *self {
            Self::Plant(look, factor, offset) => look(now) * factor + offset,
            Self::Fixed(value) => value,
            Self::Walk { low, high, phase } => slow_wave(now.at, low, high, phase),
            Self::Count(rate) => hours_since_commissioned(now.at) * rate,
        }
    }
}

impl SimulatedValueSource {
    /// Returns the value in the point's unit, within the limits of the point.
    pub fn limited_value(&self, point: &Point, now: &PlantSnapshot) -> f64 {
        let value = self.value(now);
        let value = point.wraps_at.map_or(value, |wrap| value.rem_euclid(wrap));
        value
            .max(point.min.unwrap_or(f64::NEG_INFINITY))
            .min(point.max.unwrap_or(f64::INFINITY))
    }
}

/// Value source that matched by name.
enum MatchedSource {
    Look(SnapshotReader),
    Fixed(f64),
}

/// Lower-case texts that name a point and its device.
struct PointWords {
    name: String,
    device: String,
}

impl PointWords {
    fn new(device: &DeviceInfo, point: &Point) -> Self {
        Self {
            name: format!("{} {}", point.name, point.quantity).to_lowercase(),
            device: format!("{} {}", device.id, device.kind).to_lowercase(),
        }
    }

    /// Returns whether the point's name contains one of the words.
    fn name_contains(&self, any: &[&str]) -> bool {
        any.iter().any(|word| self.name.contains(word))
    }

    /// Returns whether a word of the device's name begins or ends with one of these: `solarpump-2`
    /// is a pump, a `combiner` is no bin.
    fn device_matches(&self, any: &[&str]) -> bool {
        let mut parts = self.device.split(|c: char| !c.is_alphanumeric());
        parts.any(|part| {
            any.iter()
                .any(|word| part.starts_with(word) || part.ends_with(word))
        })
    }
}

/// Returns the kind of quantity, and the factor and offset from the plant's unit (W, Wh, V, A, Hz,
/// m, m3, m3/h, degC, %) to the point's unit.
fn quantity_of_unit(symbol: &str) -> (SimulatedQuantityKind, f64, f64) {
    if symbol.is_empty() {
        return (SimulatedQuantityKind::Bare, 1.0, 0.0);
    }
    let Some(unit) = units::find_unit(symbol) else {
        return (SimulatedQuantityKind::Other, 1.0, 0.0);
    };
    let kind = match unit.quantity {
        "power" => SimulatedQuantityKind::Power,
        "apparent_power" => SimulatedQuantityKind::Apparent,
        "reactive_power" => SimulatedQuantityKind::Reactive,
        "energy" => SimulatedQuantityKind::Energy,
        "voltage" => SimulatedQuantityKind::Voltage,
        "current" => SimulatedQuantityKind::Current,
        "frequency" => SimulatedQuantityKind::Frequency,
        "length" => SimulatedQuantityKind::Length,
        "volume" => SimulatedQuantityKind::Volume,
        "flow" => SimulatedQuantityKind::Flow,
        "temperature" => SimulatedQuantityKind::Temperature,
        "ratio" | "humidity" => SimulatedQuantityKind::Percent,
        "irradiance" => SimulatedQuantityKind::Irradiance,
        _ => SimulatedQuantityKind::Other,
    };
    match kind {
        // The plant counts in per cent, the unit table in ratios.
        SimulatedQuantityKind::Percent => (kind, 0.01 / unit.factor, 0.0),
        SimulatedQuantityKind::Temperature => (
            kind,
            1.0 / unit.factor,
            (ZERO_CELSIUS - unit.offset) / unit.factor,
        ),
        _ => (kind, 1.0 / unit.factor, 0.0),
    }
}

/// Returns the value source that matches by unit and name.
fn match_source(kind: SimulatedQuantityKind, words: &PointWords) -> Option<MatchedSource> {
    let look: SnapshotReader = match kind {
        SimulatedQuantityKind::Power => power_source(words),
        SimulatedQuantityKind::Apparent => apparent_power_source(words),
        SimulatedQuantityKind::Reactive => |now| now.pump_power * 0.33 + 18.0,
        SimulatedQuantityKind::Energy => energy_source(words),
        SimulatedQuantityKind::Voltage => voltage_source(words),
        SimulatedQuantityKind::Current => current_source(words),
        SimulatedQuantityKind::Frequency => |now| now.frequency,
        SimulatedQuantityKind::Length => return length_source(words).map(MatchedSource::Look),
        SimulatedQuantityKind::Volume => volume_source(words),
        SimulatedQuantityKind::Flow if words.name_contains(&["use", "village", "out"]) => {
            |now| now.village_flow
        }
        SimulatedQuantityKind::Flow => |now| now.pump_flow,
        SimulatedQuantityKind::Temperature => temperature_source(words),
        SimulatedQuantityKind::Percent => return percent_source(words).map(MatchedSource::Look),
        SimulatedQuantityKind::Irradiance => |now| now.irradiance,
        SimulatedQuantityKind::Bare => return unitless_source(words),
        SimulatedQuantityKind::Other => return None,
    };
    Some(MatchedSource::Look(look))
}

/// Words of the DC side.
const DC_WORDS: &[&str] = &["dc_", "pv", "string", "mppt"];
/// Words of second and further strings or phases.
// The simulated site has one string and one phase: further ones are 0.
const EXTRA_PHASE_WORDS: &[&str] = &["_2", "_3", "_4", "l2", "l3"];
/// Words of an inverter.
const INVERTER_WORDS: &[&str] = &["inverter", "plts", "solar"];
/// Words of a pump.
const PUMP_WORDS: &[&str] = &["pump", "pompa"];
/// Words of a larvae bin.
const BIN_WORDS: &[&str] = &["bsf", "bin", "maggot", "compost"];

/// Active power. Without a match: a meter of the whole site, positive when drawing from the grid.
fn power_source(words: &PointWords) -> SnapshotReader {
    if words.name_contains(EXTRA_PHASE_WORDS) {
        |_| 0.0
    } else if words.name_contains(DC_WORDS) {
        |now| now.dc_power
    } else if words.device_matches(PUMP_WORDS) {
        |now| now.pump_power
    } else if words.device_matches(INVERTER_WORDS) {
        |now| now.ac_power
    } else if words.name_contains(&["import"]) {
        |now| now.grid_power.max(0.0)
    } else if words.name_contains(&["export"]) {
        |now| (-now.grid_power).max(0.0)
    } else {
        |now| now.grid_power
    }
}

/// Apparent power.
fn apparent_power_source(words: &PointWords) -> SnapshotReader {
    if words.device_matches(PUMP_WORDS) {
        |now| now.pump_power / 0.95
    } else if words.device_matches(INVERTER_WORDS) {
        |now| now.ac_power
    } else {
        |now| now.grid_power.abs() / 0.97
    }
}

/// Energy counters.
fn energy_source(words: &PointWords) -> SnapshotReader {
    if words.name_contains(EXTRA_PHASE_WORDS) {
        |_| 0.0
    } else if words.name_contains(&["today", "daily", "day"]) {
        |now| now.solar_today
    } else if words.device_matches(PUMP_WORDS) {
        |now| now.pump_energy
    } else if words.device_matches(INVERTER_WORDS) && words.name_contains(DC_WORDS) {
        // DC energy: the inverter's losses are added again.
        |now| now.solar_total / 0.96
    } else if words.device_matches(INVERTER_WORDS) {
        |now| now.solar_total
    } else if words.name_contains(&["export"]) {
        |now| now.grid_export
    } else if words.name_contains(&["total", "sum"]) {
        |now| now.grid_import + now.grid_export
    } else {
        |now| now.grid_import
    }
}

/// Voltage.
fn voltage_source(words: &PointWords) -> SnapshotReader {
    match (
        words.name_contains(DC_WORDS),
        words.name_contains(EXTRA_PHASE_WORDS),
    ) {
        (true, true) => |_| 0.0,
        (true, false) => |now| now.dc_voltage,
        _ => |now| now.voltage,
    }
}

/// Current.
fn current_source(words: &PointWords) -> SnapshotReader {
    if words.name_contains(EXTRA_PHASE_WORDS) {
        |_| 0.0
    } else if words.name_contains(DC_WORDS) {
        |now| {
            if now.dc_voltage > 1.0 {
                now.dc_power / now.dc_voltage
            } else {
                0.0
            }
        }
    } else if words.device_matches(PUMP_WORDS) {
        |now| now.pump_power / 0.95 / now.voltage.max(1.0)
    } else if words.device_matches(INVERTER_WORDS) {
        |now| now.ac_power / now.voltage.max(1.0)
    } else {
        |now| now.grid_power.abs() / 0.97 / now.voltage.max(1.0)
    }
}

/// Rain, pump head and water level.
fn length_source(words: &PointWords) -> Option<SnapshotReader> {
    if words.name_contains(&["rain", "hujan"]) || words.device_matches(&["rain", "hujan"]) {
        // Lengths are in metres here, rain in millimetres.
        Some(|now| now.rain_total / 1000.0)
    } else if words.name_contains(&["head"]) {
        Some(|now| now.pump_head)
    } else if words.name_contains(&["distance"]) {
        // Of a sensor above the tank to the water.
        Some(|now| now.distance)
    } else if words.name_contains(&["level", "depth", "height"])
        || words.device_matches(&["level", "tank"])
    {
        Some(|now| now.level)
    } else {
        None
    }
}

/// Water volumes.
fn volume_source(words: &PointWords) -> SnapshotReader {
    if words.name_contains(&["used", "consum", "village", "out"]) {
        |now| now.used
    } else if words.name_contains(&["tank", "content"]) || words.device_matches(&["tank", "level"])
    {
        |now| now.volume
    } else {
        |now| now.pumped
    }
}

/// Temperature.
fn temperature_source(words: &PointWords) -> SnapshotReader {
    if words.device_matches(BIN_WORDS) && words.name_contains(&["core", "middle", "_1"]) {
        |now| now.bin_core
    } else if words.device_matches(BIN_WORDS) || words.name_contains(BIN_WORDS) {
        |now| now.bin_rim
    } else if words.device_matches(INVERTER_WORDS) {
        |now| now.inverter_temp
    } else if words.device_matches(&["level", "tank"]) {
        |now| 0.4 * now.air + 16.0
    } else {
        |now| now.air
    }
}

/// Moisture, fill level and relative humidity.
fn percent_source(words: &PointWords) -> Option<SnapshotReader> {
    if words.device_matches(BIN_WORDS) || words.name_contains(&["moisture"]) {
        Some(|now| now.bin_moisture)
    } else if words.name_contains(&["fill", "level"]) {
        Some(|now| now.tank_fill * 100.0)
    } else if words.name_contains(&["humid"]) {
        Some(|now| now.humidity)
    } else {
        None
    }
}

/// Status codes and ratios without a unit.
fn unitless_source(words: &PointWords) -> Option<MatchedSource> {
    if words.name_contains(&["power_factor", "cos_phi"]) {
        let look: SnapshotReader = if words.device_matches(PUMP_WORDS) {
            |now| if now.pump_power > 0.0 { 0.95 } else { 0.0 }
        } else {
            |_| 0.97
        };
        Some(MatchedSource::Look(look))
    } else if words.name_contains(&["alarm", "fault", "error", "warning"]) {
        Some(MatchedSource::Fixed(0.0))
    } else if words.name_contains(&["closed", "full", "float"]) {
        Some(MatchedSource::Look(|now| {
            f64::from(now.tank_fill > FLOAT_CLOSES_AT)
        }))
    } else if words.device_matches(PUMP_WORDS) && words.name_contains(&["run", "state", "status"]) {
        Some(MatchedSource::Look(|now| f64::from(now.pump_power > 0.0)))
    } else if words.device_matches(INVERTER_WORDS) && words.name_contains(&["status", "state"]) {
        Some(MatchedSource::Look(|now| f64::from(now.ac_power > 0.0)))
    } else {
        None
    }
}

/// Greatest value that the converter of a point can measure; `None` without a converter of
/// voltages.
fn converter_maximum(point: &Point) -> Option<f64> {
    let chip = point.access.chip()?;
    let is_voltage = matches!(chip.signal, ChipSignal::Voltage(_));
    let most = chip.meaning.sound_volts();
    let most = chip.meaning.value(most).ok().filter(|_| is_voltage)?;
    let (factor, offset) = point.scale.as_floats(0);
    Some(most * factor + offset)
}

/// Random numbers of one point. Seeded by the names: a value does not depend on the order of
/// devices in the configuration.
fn seeded_random(device: &DeviceInfo, point: &Point, seed: u64) -> fastrand::Rng {
    fastrand::Rng::with_seed(seed ^ name_hash(&device.id, &point.name))
}

/// Value source of a point that nothing matches.
fn fallback_source(
    device: &DeviceInfo,
    point: &Point,
    kind: SimulatedQuantityKind,
    seed: u64,
) -> SimulatedValueSource {
    let mut random = seeded_random(device, point, seed);
    if point.counter {
        return SimulatedValueSource::Count(0.5 + random.f64());
    }
    // A unitless point without a limit is usually a status code, for which 0 is normal.
    if kind == SimulatedQuantityKind::Bare && point.max.is_none() {
        return SimulatedValueSource::Fixed(0.0);
    }
    let (low, high) = match (point.min, point.max) {
        (Some(low), Some(high)) if high - low <= WALK_RANGE_MAX => (low, high),
        // Wide limits are those of the quantity, and say nothing about this device.
        (low, _) => {
            let low = low.filter(|low| low.abs() <= WALK_RANGE_MAX).unwrap_or(0.0);
            (low, low + 100.0)
        }
    };
    SimulatedValueSource::Walk {
        low,
        high,
        phase: random.f64(),
    }
}

/// FNV-1a hash of device and point.
fn name_hash(device: &str, point: &str) -> u64 {
    device
        .bytes()
        .chain([0])
        .chain(point.bytes())
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
}

/// Sum of two slow waves that hardly repeat; stays within the middle 80 % of the range.
fn slow_wave(at: UtcMs, low: f64, high: f64, phase: f64) -> f64 {
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
    (at.0 - COMMISSIONED_MS).max(0) as f64 / 3_600_000.0
}
