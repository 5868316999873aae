//! What a quantity can be at all: the limits of every point that sets none of its own.
//!
//! They are wide: no true value of a community site of some megawatts lies outside. What lies
//! outside is a register that says "no value" in a way that nobody wrote down, a wrong type or a
//! wrong word order.

use drivers::units::{self, Unit};

/// Limits of one quantity, in one of its units.
#[derive(Debug)]
struct PhysicalLimits {
    /// The point's `quantity`; that of the unit when the point names none of this table.
    quantity: &'static str,
    /// Unit of the numbers; empty for a bare number.
    unit: &'static str,
    min: f64,
    max: f64,
    /// The most that a counter of it can have counted, either way; `None`: no such limit.
    total: Option<f64>,
    below_zero: BelowZero,
}

/// Whether values below zero occur.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BelowZero {
    /// They mean nothing.
    Never,
    /// With a few devices.
    Seldom,
    /// They are part of what is measured.
    Usual,
}

use BelowZero::{Never, Seldom, Usual};

const fn limits_of(
    quantity: &'static str,
    unit: &'static str,
    (min, max): (f64, f64),
    total: Option<f64>,
    below_zero: BelowZero,
) -> PhysicalLimits {
    PhysicalLimits {
        quantity,
        unit,
        min,
        max,
        total,
        below_zero,
    }
}

/// A plant of 5 MW makes this in 27 years; a grid of 1 MW sells it in 22 years day and night.
const ENERGY_KWH: f64 = 2e8;
/// 2500 m3/h day and night for a century.
const WATER_M3: f64 = 2e9;

/// All limits; a quantity that stands behind a point's `quantity` goes before that of its unit.
const TABLE: &[PhysicalLimits] = &[
    // Twice the largest community plant; what reads more is 0x7FFFFFFF in tenths or hundredths.
    limits_of("power", "W", (-1e7, 1e7), None, Usual),
    limits_of("apparent_power", "VA", (-1e7, 1e7), None, Never),
    limits_of("reactive_power", "var", (-1e7, 1e7), None, Usual),
    limits_of("peak_power", "kWp", (0.0, 1e5), None, Never),
    limits_of(
        "energy",
        "kWh",
        (-ENERGY_KWH, ENERGY_KWH),
        Some(ENERGY_KWH),
        Never,
    ),
    // 10 MW for a day, and for a year.
    limits_of(
        "energy_today",
        "kWh",
        (-2.4e5, 2.4e5),
        Some(ENERGY_KWH),
        Never,
    ),
    limits_of(
        "energy_of_period",
        "kWh",
        (-8.8e7, 8.8e7),
        Some(ENERGY_KWH),
        Never,
    ),
    limits_of(
        "apparent_energy",
        "kVAh",
        (-ENERGY_KWH, ENERGY_KWH),
        Some(ENERGY_KWH),
        Never,
    ),
    limits_of(
        "reactive_energy",
        "kvarh",
        (-ENERGY_KWH, ENERGY_KWH),
        Some(ENERGY_KWH),
        Never,
    ),
    // Lines of 20 kV, measured through a transformer; a DC voltage may be turned round.
    limits_of("voltage", "V", (-5e4, 5e4), None, Seldom),
    // 10 MW at 400 V are 14 kA.
    limits_of("current", "A", (-2e4, 2e4), None, Usual),
    // A battery of 10 MWh at 48 V has 0.2 MAh; its counter fills it each hour for 25 years.
    limits_of("charge", "Ah", (-1e6, 1e6), Some(5e10), Usual),
    // Testers of insulation end at some teraohms.
    limits_of("resistance", "ohm", (0.0, 1e13), None, Never),
    // Pulses of a flow meter or an anemometer; 0 when nothing turns.
    limits_of("frequency", "Hz", (0.0, 1e5), None, Never),
    // A grid or a generator has some 50 Hz or none; 0 is what an inverter says that sees no grid.
    limits_of("grid_frequency", "Hz", (20.0, 100.0), None, Never),
    // Of a drive: 0 when the pump stands still, below zero when it turns the other way.
    limits_of("output_frequency", "Hz", (-1000.0, 1000.0), None, Seldom),
    // The fastest drives turn 100 000 times a minute.
    limits_of("rotation", "rpm", (-1e5, 1e5), None, Seldom),
    // Torque and load of a drive reach some hundreds.
    limits_of("ratio", "%", (-1000.0, 1000.0), None, Seldom),
    limits_of("state_of_charge", "%", (-5.0, 120.0), None, Never),
    limits_of("efficiency", "%", (-5.0, 150.0), None, Never),
    limits_of("fill", "%", (-50.0, 200.0), None, Seldom),
    // Sensors that are wet show a little more than 100.
    limits_of("humidity", "%RH", (-5.0, 120.0), None, Never),
    // All of the air; a zero that drifts may lie a little below.
    limits_of("concentration", "ppm", (-1000.0, 1e6), None, Never),
    // Twice the weight of water.
    limits_of("mass_concentration", "mg/L", (-1000.0, 2e6), None, Never),
    limits_of("mass_fraction", "mg/kg", (-1000.0, 1e6), None, Never),
    limits_of("acidity", "pH", (-2.0, 16.0), None, Never),
    // Brine has 0.25 S/cm.
    limits_of("conductivity", "uS/cm", (-1000.0, 1e6), None, Never),
    limits_of("turbidity", "NTU", (-100.0, 1e5), None, Never),
    // From liquid-nitrogen cold to a flare or an incinerator.
    limits_of("temperature", "degC", (-200.0, 1300.0), None, Usual),
    limits_of("angle", "deg", (-720.0, 720.0), None, Usual),
    // A pipe of 100 km, in both directions.
    limits_of("length", "m", (-1e5, 1e5), Some(1e7), Usual),
    // The deepest wells have some hundred metres.
    limits_of("level", "m", (-1000.0, 1000.0), None, Usual),
    limits_of("head", "m", (-5000.0, 5000.0), None, Seldom),
    // The wettest place has 27 m in its wettest year.
    limits_of("rain", "mm", (0.0, 1e6), Some(1e7), Never),
    limits_of("area", "m2", (0.0, 1e9), None, Never),
    // A reservoir, and what flows through in a century.
    limits_of("volume", "m3", (-1e6, 1e7), Some(WATER_M3), Never),
    // A river of 30 m3/s; water may run back.
    limits_of("flow", "m3/h", (-1e5, 1e5), None, Usual),
    // No wind was ever above 115 m/s.
    limits_of("speed", "m/s", (-150.0, 150.0), None, Seldom),
    limits_of("acceleration", "m/s2", (-1e5, 1e5), None, Usual),
    // Edges of clouds add up to some 1800; a sensor that looks at the night sky shows less than 0.
    limits_of("irradiance", "W/m2", (-500.0, 2500.0), None, Usual),
    // Ten a day, and a century of them.
    limits_of("irradiation", "kWh/m2", (0.0, 1e4), Some(1e6), Never),
    // The sun overhead gives 130 000.
    limits_of("illuminance", "lx", (-100.0, 3e5), None, Never),
    // A heap of 10 000 t; a scale that was tared shows less than 0.
    limits_of("mass", "kg", (-1e7, 1e7), Some(1e11), Usual),
    // Three centuries, and a date counted from 1970.
    limits_of("time", "s", (-1e10, 1e10), Some(1e10), Never),
    // Vacuum against the air, and the strongest hydraulics.
    limits_of("pressure", "Pa", (-2e5, 1e8), None, Usual),
    limits_of("power_factor", "", (-1.1, 1.1), None, Usual),
];

/// Least and greatest value that a point of this quantity and unit can have, in its own unit;
/// `None` where nothing is known.
pub(crate) fn limits(
    quantity: &str,
    unit: Option<&'static Unit>,
    counter: bool,
) -> Option<(f64, f64)> {
    let row = row(quantity, unit)?;
    let (min, max) = if counter {
        row.total.map(|total| (-total, total))?
    } else {
        (row.min, row.max)
    };
    let Some((own, row)) = unit.zip(units::find(row.unit)) else {
        return Some((min, max));
    };
    row.convert(min, own).zip(row.convert(max, own))
}

/// Whether values below zero occur with this quantity; seldom where nothing is known of it.
pub(crate) fn below_zero(quantity: &str, unit: Option<&'static Unit>) -> BelowZero {
    row(quantity, unit).map_or(Seldom, |row| row.below_zero)
}

fn row(quantity: &str, unit: Option<&'static Unit>) -> Option<&'static PhysicalLimits> {
    let measures = unit.map(|unit| unit.quantity);
    let fits = |row: &PhysicalLimits| units::find(row.unit).map(|unit| unit.quantity) == measures;
    let named = |name: &str| TABLE.iter().find(|row| row.quantity == name && fits(row));
    named(quantity).or_else(|| named(measures?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Quantities of units without limits: nothing can be said of money, pieces and degree-days.
    const UNLIMITED: [&str; 3] = ["money", "pieces", "degree_days"];

    fn of(quantity: &str, unit: &str, counter: bool) -> Option<(f64, f64)> {
        limits(quantity, units::find(unit), counter)
    }

    #[test]
    fn every_unit_has_limits_or_is_known_to_have_none() {
        for unit in units::ALL {
            let none = UNLIMITED.contains(&unit.quantity);
            assert_eq!(of("", unit.symbol, false).is_none(), none, "{unit:?}");
        }
        let mut seen = BTreeSet::new();
        for row in TABLE {
            assert!(row.min < row.max, "{row:?}");
            assert!(row.unit.is_empty() || units::find(row.unit).is_some());
            assert!(row.total.is_none_or(|total| total >= row.max), "{row:?}");
            assert!(seen.insert(row.quantity), "{row:?}");
        }
    }

    #[test]
    fn limits_come_in_the_points_own_unit_and_by_its_own_quantity() {
        assert_eq!(of("power", "kW", false), Some((-1e4, 1e4)));
        assert_eq!(of("", "K", false).map(|(_, max)| max), Some(1573.15));
        assert_eq!(of("state_of_charge", "%", false), Some((-5.0, 120.0)));
        assert_eq!(of("ratio", "%", false), Some((-1000.0, 1000.0)));
        assert_eq!(of("power_factor", "", false), Some((-1.1, 1.1)));
        // A word of another quantity says nothing about this unit.
        assert_eq!(of("power_factor", "V", false), of("voltage", "V", false));
        assert_eq!(of("status", "", false), None);
        assert_eq!(of("ratio", "", false), None);
    }

    #[test]
    fn a_counter_has_the_limit_of_what_it_counts_or_none() {
        assert_eq!(of("energy", "Wh", true), Some((-2e11, 2e11)));
        assert_eq!(of("pulses", "", true), None);
        assert_eq!(of("power", "W", true), None);
    }

    #[test]
    fn a_drive_may_stand_still_and_a_grid_may_not() {
        let least = |quantity| of(quantity, "Hz", false).map(|(min, _)| min);
        assert!(least("output_frequency") < Some(0.0));
        assert_eq!(least("frequency"), Some(0.0));
        assert!(least("grid_frequency") > Some(0.0));
    }
}
