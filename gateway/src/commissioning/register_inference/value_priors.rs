//! Prior distributions: values that a quantity has on a site of the programme, as densities over
//! its base unit (`drivers::units`). Data in a table; nothing here depends on registers.

use drivers::units::{self, UnitOfMeasure};

/// Distribution of values over a range.
#[derive(Clone, Copy, Debug)]
enum ValueSpread {
    /// Uniform.
    Even,
    /// Log-uniform; for both signs when the quantity has negative values.
    Decades,
}

/// Part of a quantity's distribution.
#[derive(Clone, Copy, Debug)]
struct DensityPart {
    /// Share of values in it, 0..=1.
    share: f64,
    spread: ValueSpread,
    low: f64,
    high: f64,
}

/// Distribution of one quantity.
#[derive(Clone, Copy, Debug)]
pub(crate) struct QuantityPrior {
    name: &'static str,
    /// Share of negative values, 0..=1.
    negative: f64,
    /// Share of exact zeros, 0..=1.
    zero: f64,
    parts: &'static [DensityPart],
    /// Usual range of the value in its base unit; named to the technician as a reason.
    pub(crate) usual: (f64, f64),
}

const fn even_part(share: f64, low: f64, high: f64) -> DensityPart {
    let spread = ValueSpread::Even;
    DensityPart {
        share,
        spread,
        low,
        high,
    }
}

const fn decades_part(share: f64, low: f64, high: f64) -> DensityPart {
    let spread = ValueSpread::Decades;
    DensityPart {
        share,
        spread,
        low,
        high,
    }
}

const fn quantity_prior(
    name: &'static str,
    zero: f64,
    negative: f64,
    usual: (f64, f64),
    parts: &'static [DensityPart],
) -> QuantityPrior {
    QuantityPrior {
        name,
        negative,
        zero,
        parts,
        usual,
    }
}

/// Distributions of all known quantities, the commonest range first: mains of 230/400 V and 50 Hz,
/// batteries of 12 to 48 V, strings of modules, tropical weather, compost, tanks. Base units:
/// temperature in kelvin, energy in watt-hours.
const QUANTITY_PRIORS: &[QuantityPrior] = &[
    quantity_prior(
        "voltage",
        0.02,
        0.0,
        (180.0, 260.0),
        &[
            even_part(0.50, 200.0, 250.0),
            even_part(0.15, 180.0, 260.0),
            even_part(0.10, 350.0, 440.0),
            even_part(0.12, 10.0, 60.0),
            even_part(0.08, 60.0, 900.0),
            decades_part(0.03, 0.5, 1500.0),
        ],
    ),
    quantity_prior(
        "frequency",
        0.02,
        0.0,
        (49.0, 51.0),
        &[
            even_part(0.85, 49.0, 51.0),
            even_part(0.08, 45.0, 65.0),
            even_part(0.05, 0.0, 60.0),
        ],
    ),
    quantity_prior(
        "temperature",
        0.0,
        0.0,
        (268.15, 353.15),
        &[
            even_part(0.75, 288.15, 318.15),
            even_part(0.22, 268.15, 353.15),
            even_part(0.03, 233.15, 423.15),
        ],
    ),
    quantity_prior(
        "humidity",
        0.0,
        0.0,
        (0.2, 1.0),
        &[even_part(0.95, 0.3, 1.0), even_part(0.05, 0.0, 1.0)],
    ),
    quantity_prior(
        "ratio",
        0.03,
        0.0,
        (0.0, 1.0),
        &[even_part(0.95, 0.0, 1.0), even_part(0.02, 0.0, 1.1)],
    ),
    quantity_prior(
        "power",
        0.05,
        0.1,
        (1.0, 1e6),
        &[decades_part(0.9, 10.0, 1e5), decades_part(0.05, 0.1, 1e7)],
    ),
    quantity_prior(
        "apparent_power",
        0.05,
        0.0,
        (1.0, 1e6),
        &[decades_part(0.95, 1.0, 1e6)],
    ),
    quantity_prior(
        "reactive_power",
        0.05,
        0.3,
        (1.0, 1e6),
        &[decades_part(0.95, 0.1, 1e6)],
    ),
    quantity_prior(
        "energy",
        0.02,
        0.0,
        (1.0, 1e10),
        &[decades_part(0.9, 1e3, 1e9), decades_part(0.08, 1.0, 1e12)],
    ),
    quantity_prior(
        "current",
        0.05,
        0.1,
        (0.01, 1000.0),
        &[
            decades_part(0.85, 0.05, 200.0),
            decades_part(0.1, 1e-3, 1e4),
        ],
    ),
    quantity_prior(
        "length",
        0.02,
        0.0,
        (0.01, 10.0),
        &[
            decades_part(0.9, 0.05, 10.0),
            decades_part(0.08, 1e-3, 500.0),
        ],
    ),
    quantity_prior(
        "volume",
        0.02,
        0.0,
        (1e-3, 1e6),
        &[decades_part(0.98, 1e-3, 1e7)],
    ),
    quantity_prior(
        "flow",
        0.1,
        0.02,
        (0.01, 200.0),
        &[decades_part(0.88, 0.01, 500.0)],
    ),
    quantity_prior(
        "irradiance",
        0.1,
        0.0,
        (0.0, 1400.0),
        &[even_part(0.85, 0.0, 1200.0), even_part(0.05, 0.0, 1600.0)],
    ),
    quantity_prior(
        "pressure",
        0.02,
        0.02,
        (1e3, 1e6),
        &[even_part(0.4, 8e4, 1.1e5), decades_part(0.56, 100.0, 2e6)],
    ),
    quantity_prior(
        "concentration",
        0.1,
        0.0,
        (0.0, 5000.0),
        &[decades_part(0.9, 0.1, 1e4)],
    ),
    quantity_prior(
        "acidity",
        0.0,
        0.0,
        (3.0, 11.0),
        &[even_part(0.95, 4.0, 10.0), even_part(0.05, 0.0, 14.0)],
    ),
    quantity_prior(
        "rotation",
        0.1,
        0.02,
        (100.0, 3600.0),
        &[even_part(0.7, 500.0, 3000.0), even_part(0.18, 0.0, 6000.0)],
    ),
    quantity_prior(
        "speed",
        0.05,
        0.0,
        (0.0, 20.0),
        &[decades_part(0.95, 0.1, 40.0)],
    ),
    quantity_prior(
        "mass",
        0.05,
        0.0,
        (0.01, 1000.0),
        &[decades_part(0.95, 0.01, 1e5)],
    ),
];

/// Quantities assumed when the technician names none: the unit that devices count in, and its
/// share.
const UNHINTED_UNITS: &[(&str, f64)] = &[
    ("V", 0.22),
    ("Hz", 0.1),
    ("degC", 0.13),
    ("%RH", 0.07),
    ("A", 0.1),
    ("W", 0.15),
    ("kWh", 0.15),
    ("m", 0.08),
];

/// Distribution of one quantity in one unit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExpectedQuantity {
    pub(crate) quantity: &'static QuantityPrior,
    unit: Option<&'static UnitOfMeasure>,
    /// Share among the assumed quantities.
    pub(crate) share: f64,
}

/// Returns the distribution of a quantity or unit; those of all common quantities when neither is
/// known.
pub(crate) fn expected_quantities(quantity: &str, unit: &str) -> Vec<ExpectedQuantity> {
    // The unit decides when both are given: it names its quantity.
    let unit = units::find_unit(unit);
    let name = unit.map_or(quantity, |unit| unit.quantity);
    let of = |name: &str, unit, share| {
        let quantity = QUANTITY_PRIORS.iter().find(|known| known.name == name)?;
        Some(ExpectedQuantity {
            quantity,
            unit,
            share,
        })
    };
    // A quantity that is not in the table is treated as unknown.
    if let Some(found) = of(name, unit, 1.0) {
        return vec![found];
    }
    let common = UNHINTED_UNITS.iter().filter_map(|(symbol, share)| {
        let unit = units::find_unit(symbol)?;
        of(unit.quantity, Some(unit), *share)
    });
    common.collect()
}

impl ExpectedQuantity {
    /// Returns the probability density at `value`, per unit; exact zeros are in `zero`.
    pub(crate) fn density(&self, value: f64) -> f64 {
        // Prior ranges are in base units; the reads are in the unit of the point.
        let (factor, offset) = self
            .unit
            .map_or((1.0, 0.0), |unit| (unit.factor, unit.offset));
        let base = value * factor + offset;
        let (sign, size) = match self.quantity.negative {
            negative if negative > 0.0 && base < 0.0 => (negative, -base),
            negative => (1.0 - negative, base),
        };
        let parts = self.quantity.parts.iter();
        let sum: f64 = parts.map(|part| part.share * part.density_at(size)).sum();
        // Density per unit of the point: hence the factor.
        self.share * sign * sum * factor
    }

    /// Returns the share of exact zeros; 0 where zero is an ordinary value (temperature).
    pub(crate) fn zero_share(&self) -> f64 {
        self.share * self.quantity.zero
    }

    /// True when the value lies in the usual range of its quantity.
    pub(crate) fn is_usual_value(&self, value: f64) -> bool {
        let (factor, offset) = self
            .unit
            .map_or((1.0, 0.0), |unit| (unit.factor, unit.offset));
        let (low, high) = self.quantity.usual;
        let base = value * factor + offset;
        let size = if self.quantity.negative > 0.0 {
            base.abs()
        } else {
            base
        };
        (low..=high).contains(&size) || (base == 0.0 && self.quantity.zero > 0.0)
    }
}

impl QuantityPrior {
    /// Returns the name of the quantity in `drivers::units` and in the message catalogue.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }
}

impl DensityPart {
    fn density_at(&self, value: f64) -> f64 {
        if !(self.low..=self.high).contains(&value) {
            return 0.0;
        }
        match self.spread {
            ValueSpread::Even => 1.0 / (self.high - self.low),
            ValueSpread::Decades => 1.0 / (value * (self.high / self.low).ln()),
        }
    }
}
