//! What values a quantity has on a programme site, as densities over its base unit
//! (`drivers::units`). Facts in a table; nothing here knows registers.

use drivers::units::{self, Unit};

/// How values spread over a range.
#[derive(Clone, Copy, Debug)]
enum Spread {
    /// Every value alike.
    Even,
    /// Every order of magnitude alike; of both signs when the quantity has them.
    Decades,
}

/// A part of a quantity's values.
#[derive(Clone, Copy, Debug)]
struct Part {
    /// Share of values in it.
    share: f64,
    spread: Spread,
    low: f64,
    high: f64,
}

/// What is expected of a quantity.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quantity {
    name: &'static str,
    /// Share of negative values.
    negative: f64,
    /// Share of exact zeros.
    zero: f64,
    parts: &'static [Part],
    /// The usual range of the first part is shown as a reason.
    pub(super) usual: (f64, f64),
}

const fn even(share: f64, low: f64, high: f64) -> Part {
    let spread = Spread::Even;
    Part {
        share,
        spread,
        low,
        high,
    }
}

const fn decades(share: f64, low: f64, high: f64) -> Part {
    let spread = Spread::Decades;
    Part {
        share,
        spread,
        low,
        high,
    }
}

const fn quantity(
    name: &'static str,
    zero: f64,
    negative: f64,
    usual: (f64, f64),
    parts: &'static [Part],
) -> Quantity {
    Quantity {
        name,
        negative,
        zero,
        parts,
        usual,
    }
}

/// The commonest of a site first: mains of 230/400 V and 50 Hz, batteries of 12 to 48 V, strings of
/// modules, tropical weather, compost, tanks. Temperatures in kelvin, energies in watt-hours.
const QUANTITIES: &[Quantity] = &[
    quantity(
        "voltage",
        0.02,
        0.0,
        (180.0, 260.0),
        &[
            even(0.50, 200.0, 250.0),
            even(0.15, 180.0, 260.0),
            even(0.10, 350.0, 440.0),
            even(0.12, 10.0, 60.0),
            even(0.08, 60.0, 900.0),
            decades(0.03, 0.5, 1500.0),
        ],
    ),
    quantity(
        "frequency",
        0.02,
        0.0,
        (49.0, 51.0),
        &[
            even(0.85, 49.0, 51.0),
            even(0.08, 45.0, 65.0),
            even(0.05, 0.0, 60.0),
        ],
    ),
    quantity(
        "temperature",
        0.0,
        0.0,
        (268.15, 353.15),
        &[
            even(0.75, 288.15, 318.15),
            even(0.22, 268.15, 353.15),
            even(0.03, 233.15, 423.15),
        ],
    ),
    quantity(
        "humidity",
        0.0,
        0.0,
        (0.2, 1.0),
        &[even(0.95, 0.3, 1.0), even(0.05, 0.0, 1.0)],
    ),
    quantity(
        "ratio",
        0.03,
        0.0,
        (0.0, 1.0),
        &[even(0.95, 0.0, 1.0), even(0.02, 0.0, 1.1)],
    ),
    quantity(
        "power",
        0.05,
        0.1,
        (1.0, 1e6),
        &[decades(0.9, 10.0, 1e5), decades(0.05, 0.1, 1e7)],
    ),
    quantity(
        "apparent_power",
        0.05,
        0.0,
        (1.0, 1e6),
        &[decades(0.95, 1.0, 1e6)],
    ),
    quantity(
        "reactive_power",
        0.05,
        0.3,
        (1.0, 1e6),
        &[decades(0.95, 0.1, 1e6)],
    ),
    quantity(
        "energy",
        0.02,
        0.0,
        (1.0, 1e10),
        &[decades(0.9, 1e3, 1e9), decades(0.08, 1.0, 1e12)],
    ),
    quantity(
        "current",
        0.05,
        0.1,
        (0.01, 1000.0),
        &[decades(0.85, 0.05, 200.0), decades(0.1, 1e-3, 1e4)],
    ),
    quantity(
        "length",
        0.02,
        0.0,
        (0.01, 10.0),
        &[decades(0.9, 0.05, 10.0), decades(0.08, 1e-3, 500.0)],
    ),
    quantity(
        "volume",
        0.02,
        0.0,
        (1e-3, 1e6),
        &[decades(0.98, 1e-3, 1e7)],
    ),
    quantity(
        "flow",
        0.1,
        0.02,
        (0.01, 200.0),
        &[decades(0.88, 0.01, 500.0)],
    ),
    quantity(
        "irradiance",
        0.1,
        0.0,
        (0.0, 1400.0),
        &[even(0.85, 0.0, 1200.0), even(0.05, 0.0, 1600.0)],
    ),
    quantity(
        "pressure",
        0.02,
        0.02,
        (1e3, 1e6),
        &[even(0.4, 8e4, 1.1e5), decades(0.56, 100.0, 2e6)],
    ),
    quantity(
        "concentration",
        0.1,
        0.0,
        (0.0, 5000.0),
        &[decades(0.9, 0.1, 1e4)],
    ),
    quantity(
        "acidity",
        0.0,
        0.0,
        (3.0, 11.0),
        &[even(0.95, 4.0, 10.0), even(0.05, 0.0, 14.0)],
    ),
    quantity(
        "rotation",
        0.1,
        0.02,
        (100.0, 3600.0),
        &[even(0.7, 500.0, 3000.0), even(0.18, 0.0, 6000.0)],
    ),
    quantity("speed", 0.05, 0.0, (0.0, 20.0), &[decades(0.95, 0.1, 40.0)]),
    quantity(
        "mass",
        0.05,
        0.0,
        (0.01, 1000.0),
        &[decades(0.95, 0.01, 1e5)],
    ),
];

/// What to expect when nobody says what is measured: the unit that devices count in, and how often
/// it is that.
const UNSAID: &[(&str, f64)] = &[
    ("V", 0.22),
    ("Hz", 0.1),
    ("degC", 0.13),
    ("%RH", 0.07),
    ("A", 0.1),
    ("W", 0.15),
    ("kWh", 0.15),
    ("m", 0.08),
];

/// Values of one quantity in one unit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    pub(super) quantity: &'static Quantity,
    unit: Option<&'static Unit>,
    /// How often it is that.
    pub(super) share: f64,
}

/// What is expected for a quantity or unit; every common quantity when nothing is known of it.
pub(super) fn expected(quantity: &str, unit: &str) -> Vec<Expected> {
    let unit = units::find(unit);
    let name = unit.map_or(quantity, |unit| unit.quantity);
    let of = |name: &str, unit, share| {
        let quantity = QUANTITIES.iter().find(|known| known.name == name)?;
        Some(Expected {
            quantity,
            unit,
            share,
        })
    };
    if let Some(found) = of(name, unit, 1.0) {
        return vec![found];
    }
    let common = UNSAID.iter().filter_map(|(symbol, share)| {
        let unit = units::find(symbol)?;
        of(unit.quantity, Some(unit), *share)
    });
    common.collect()
}

impl Expected {
    /// How dense values lie at `value`, per unit; `None` for an exact zero stands in `zero`.
    pub(super) fn density(&self, value: f64) -> f64 {
        let (factor, offset) = self
            .unit
            .map_or((1.0, 0.0), |unit| (unit.factor, unit.offset));
        let base = value * factor + offset;
        let (sign, size) = match self.quantity.negative {
            negative if negative > 0.0 && base < 0.0 => (negative, -base),
            negative => (1.0 - negative, base),
        };
        let parts = self.quantity.parts.iter();
        let sum: f64 = parts.map(|part| part.share * part.at(size)).sum();
        self.share * sign * sum * factor
    }

    /// Share of exact zeros; none where zero is nothing special (temperature).
    pub(super) fn zero(&self) -> f64 {
        self.share * self.quantity.zero
    }

    /// The value is within what the quantity usually has.
    pub(super) fn is_usual(&self, value: f64) -> bool {
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

impl Quantity {
    /// The catalogue's word for it, and `drivers::units`'.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }
}

impl Part {
    fn at(&self, value: f64) -> f64 {
        if !(self.low..=self.high).contains(&value) {
            return 0.0;
        }
        match self.spread {
            Spread::Even => 1.0 / (self.high - self.low),
            Spread::Decades => 1.0 / (value * (self.high / self.low).ln()),
        }
    }
}
