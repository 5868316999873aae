//! [`limits`]: value limits of each physical quantity, for points that set none of their own.
//!
//! ```text
//! physical_range("grid_frequency", units::find("Hz"), false)    // Some((20.0, 100.0))
//! ```
//!
//! The limits are wide: no true value of a community site of a few megawatts lies outside. A value
//! outside comes from an undocumented "no value" pattern, a wrong type or a wrong word order. The
//! table is also in `docs/configuration.md`.

use drivers::units::{self, UnitOfMeasure};

/// Limits of one quantity, in one of its units.
#[derive(Debug)]
struct PhysicalLimits {
    /// Quantity of the point; that of its unit when the point's own is not in the table.
    quantity: &'static str,
    /// Unit of the limits; empty for a number without a unit.
    unit: &'static str,
    min: f64,
    max: f64,
    /// Maximum total of a counter, in both directions; `None`: no limit.
    total: Option<f64>,
    below_zero: NegativeValues,
}

/// Sign of the values of a quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NegativeValues {
    /// Negative values have no meaning.
    Never,
    /// A few devices report negative values.
    Seldom,
    /// Negative values are normal.
    Usual,
}

use NegativeValues::{Never, Seldom, Usual};

const fn quantity_limits(
    quantity: &'static str,
    unit: &'static str,
    (min, max): (f64, f64),
    total: Option<f64>,
    below_zero: NegativeValues,
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

/// Maximum of an energy counter, kWh.
// A plant of 5 MW generates this in 27 years; a grid of 1 MW delivers it in 22 years.
const ENERGY_KWH: f64 = 2e8;
/// Maximum of a water counter, m3: 2500 m3/h for a century.
const WATER_M3: f64 = 2e9;

/// Limits of all quantities; a row of the point's own quantity precedes that of its unit.
const QUANTITY_LIMITS: &[PhysicalLimits] = &[
    // Twice the largest community plant. 0x7FFFFFFF in tenths or hundredths lies above.
    quantity_limits("power", "W", (-1e7, 1e7), None, Usual),
    quantity_limits("apparent_power", "VA", (-1e7, 1e7), None, Never),
    quantity_limits("reactive_power", "var", (-1e7, 1e7), None, Usual),
    quantity_limits("peak_power", "kWp", (0.0, 1e5), None, Never),
    quantity_limits(
        "energy",
        "kWh",
        (-ENERGY_KWH, ENERGY_KWH),
        Some(ENERGY_KWH),
        Never,
    ),
    // 10 MW for one day, and for one year.
    quantity_limits(
        "energy_today",
        "kWh",
        (-2.4e5, 2.4e5),
        Some(ENERGY_KWH),
        Never,
    ),
    quantity_limits(
        "energy_of_period",
        "kWh",
        (-8.8e7, 8.8e7),
        Some(ENERGY_KWH),
        Never,
    ),
    quantity_limits(
        "apparent_energy",
        "kVAh",
        (-ENERGY_KWH, ENERGY_KWH),
        Some(ENERGY_KWH),
        Never,
    ),
    quantity_limits(
        "reactive_energy",
        "kvarh",
        (-ENERGY_KWH, ENERGY_KWH),
        Some(ENERGY_KWH),
        Never,
    ),
    // 20 kV lines, measured through a transformer; DC voltage may have reversed polarity.
    quantity_limits("voltage", "V", (-5e4, 5e4), None, Seldom),
    // 10 MW at 400 V are 14 kA.
    quantity_limits("current", "A", (-2e4, 2e4), None, Usual),
    // A battery of 10 MWh at 48 V has 0.2 MAh; one such charge an hour for 25 years.
    quantity_limits("charge", "Ah", (-1e6, 1e6), Some(5e10), Usual),
    // Insulation testers measure up to a few teraohms.
    quantity_limits("resistance", "ohm", (0.0, 1e13), None, Never),
    // Pulses of a flow meter or an anemometer; 0 at standstill.
    quantity_limits("frequency", "Hz", (0.0, 1e5), None, Never),
    // About 50 Hz or no grid. An inverter that sees no grid reports 0: not a frequency.
    quantity_limits("grid_frequency", "Hz", (20.0, 100.0), None, Never),
    // Output of a drive: 0 at standstill, negative in reverse.
    quantity_limits("output_frequency", "Hz", (-1000.0, 1000.0), None, Seldom),
    // The fastest drives reach 100 000 rpm.
    quantity_limits("rotation", "rpm", (-1e5, 1e5), None, Seldom),
    // Torque and load of a drive reach several hundred percent.
    quantity_limits("ratio", "%", (-1000.0, 1000.0), None, Seldom),
    quantity_limits("state_of_charge", "%", (-5.0, 120.0), None, Never),
    quantity_limits("efficiency", "%", (-5.0, 150.0), None, Never),
    quantity_limits("fill", "%", (-50.0, 200.0), None, Seldom),
    // Wet sensors read slightly above 100.
    quantity_limits("humidity", "%RH", (-5.0, 120.0), None, Never),
    // Pure gas is 1e6 ppm; zero drift gives slightly negative values.
    quantity_limits("concentration", "ppm", (-1000.0, 1e6), None, Never),
    // Twice the density of water.
    quantity_limits("mass_concentration", "mg/L", (-1000.0, 2e6), None, Never),
    quantity_limits("mass_fraction", "mg/kg", (-1000.0, 1e6), None, Never),
    quantity_limits("acidity", "pH", (-2.0, 16.0), None, Never),
    // Brine has 0.25 S/cm.
    quantity_limits("conductivity", "uS/cm", (-1000.0, 1e6), None, Never),
    quantity_limits("turbidity", "NTU", (-100.0, 1e5), None, Never),
    // From cryogenic temperatures to a flare or an incinerator.
    quantity_limits("temperature", "degC", (-200.0, 1300.0), None, Usual),
    quantity_limits("angle", "deg", (-720.0, 720.0), None, Usual),
    // A pipe of 100 km, in both directions.
    quantity_limits("length", "m", (-1e5, 1e5), Some(1e7), Usual),
    // The deepest wells have a few hundred metres.
    quantity_limits("level", "m", (-1000.0, 1000.0), None, Usual),
    quantity_limits("head", "m", (-5000.0, 5000.0), None, Seldom),
    // The wettest place on earth had 27 m in its wettest year.
    quantity_limits("rain", "mm", (0.0, 1e6), Some(1e7), Never),
    quantity_limits("area", "m2", (0.0, 1e9), None, Never),
    // A reservoir; the counter for a century of flow.
    quantity_limits("volume", "m3", (-1e6, 1e7), Some(WATER_M3), Never),
    // A river of 30 m3/s; reverse flow is possible.
    quantity_limits("flow", "m3/h", (-1e5, 1e5), None, Usual),
    // No wind above 115 m/s was ever measured.
    quantity_limits("speed", "m/s", (-150.0, 150.0), None, Seldom),
    quantity_limits("acceleration", "m/s2", (-1e5, 1e5), None, Usual),
    // Cloud edges reach about 1800; a thermal sensor under the night sky reads below 0.
    quantity_limits("irradiance", "W/m2", (-500.0, 2500.0), None, Usual),
    // Ten a day, for a century.
    quantity_limits("irradiation", "kWh/m2", (0.0, 1e4), Some(1e6), Never),
    // Direct sun gives 130 000 lx.
    quantity_limits("illuminance", "lx", (-100.0, 3e5), None, Never),
    // A heap of 10 000 t; a tared scale reads below 0.
    quantity_limits("mass", "kg", (-1e7, 1e7), Some(1e11), Usual),
    // Three centuries in seconds; also a date counted from 1970.
    quantity_limits("time", "s", (-1e10, 1e10), Some(1e10), Never),
    // Vacuum against the atmosphere; high-pressure hydraulics.
    quantity_limits("pressure", "Pa", (-2e5, 1e8), None, Usual),
    quantity_limits("power_factor", "", (-1.1, 1.1), None, Usual),
];

/// Returns the minimum and maximum of a point with this quantity and unit, in its own unit.
///
/// For a counter the limits of its total. `None` where no limit is known.
pub(crate) fn physical_range(
    quantity: &str,
    unit: Option<&'static UnitOfMeasure>,
    counter: bool,
) -> Option<(f64, f64)> {
    let row = find_quantity(quantity, unit)?;
    let (min, max) = if counter {
        row.total.map(|total| (-total, total))?
    } else {
        (row.min, row.max)
    };
    let Some((own, row)) = unit.zip(units::find_unit(row.unit)) else {
        return Some((min, max));
    };
    row.convert(min, own).zip(row.convert(max, own))
}

/// Returns whether negative values occur with this quantity; `Seldom` when it is unknown.
pub(crate) fn negative_values(
    quantity: &str,
    unit: Option<&'static UnitOfMeasure>,
) -> NegativeValues {
    find_quantity(quantity, unit).map_or(Seldom, |row| row.below_zero)
}

fn find_quantity(
    quantity: &str,
    unit: Option<&'static UnitOfMeasure>,
) -> Option<&'static PhysicalLimits> {
    let measures = unit.map(|unit| unit.quantity);
    let fits =
        |row: &PhysicalLimits| units::find_unit(row.unit).map(|unit| unit.quantity) == measures;
    let named = |name: &str| {
        QUANTITY_LIMITS
            .iter()
            .find(|row| row.quantity == name && fits(row))
    };
    named(quantity).or_else(|| named(measures?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Quantities of units without limits: money, pieces and degree-days can have any value.
    const UNLIMITED: [&str; 3] = ["money", "pieces", "degree_days"];

    fn range_of(quantity: &str, unit: &str, counter: bool) -> Option<(f64, f64)> {
        physical_range(quantity, units::find_unit(unit), counter)
    }

    #[test]
    fn every_unit_has_limits_or_is_known_to_have_none() {
        for unit in units::ALL_UNITS {
            let none = UNLIMITED.contains(&unit.quantity);
            assert_eq!(range_of("", unit.symbol, false).is_none(), none, "{unit:?}");
        }
        let mut seen = BTreeSet::new();
        for row in QUANTITY_LIMITS {
            assert!(row.min < row.max, "{row:?}");
            assert!(row.unit.is_empty() || units::find_unit(row.unit).is_some());
            assert!(row.total.is_none_or(|total| total >= row.max), "{row:?}");
            assert!(seen.insert(row.quantity), "{row:?}");
        }
    }

    #[test]
    fn limits_come_in_the_points_own_unit_and_by_its_own_quantity() {
        assert_eq!(range_of("power", "kW", false), Some((-1e4, 1e4)));
        assert_eq!(range_of("", "K", false).map(|(_, max)| max), Some(1573.15));
        assert_eq!(range_of("state_of_charge", "%", false), Some((-5.0, 120.0)));
        assert_eq!(range_of("ratio", "%", false), Some((-1000.0, 1000.0)));
        assert_eq!(range_of("power_factor", "", false), Some((-1.1, 1.1)));
        // A quantity that does not fit the unit is ignored.
        assert_eq!(
            range_of("power_factor", "V", false),
            range_of("voltage", "V", false)
        );
        assert_eq!(range_of("status", "", false), None);
        assert_eq!(range_of("ratio", "", false), None);
    }

    #[test]
    fn a_counter_has_the_limit_of_what_it_counts_or_none() {
        assert_eq!(range_of("energy", "Wh", true), Some((-2e11, 2e11)));
        assert_eq!(range_of("pulses", "", true), None);
        assert_eq!(range_of("power", "W", true), None);
    }

    #[test]
    fn a_drive_may_stand_still_and_a_grid_may_not() {
        let least = |quantity| range_of(quantity, "Hz", false).map(|(min, _)| min);
        assert!(least("output_frequency") < Some(0.0));
        assert_eq!(least("frequency"), Some(0.0));
        assert!(least("grid_frequency") > Some(0.0));
    }
}
