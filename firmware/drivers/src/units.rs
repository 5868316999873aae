//! Units of measure and their conversion. The only place where unit symbols are written.

/// A unit of measure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UnitOfMeasure {
    /// Symbol as written in files, messages and pages.
    pub symbol: &'static str,
    /// Quantity measured: `power`, `energy`, `volume`, ...
    pub quantity: &'static str,
    /// Factor to the base unit: base value = value x `factor` + `offset`.
    pub factor: f64,
    /// Offset to the base unit, see `factor`; 0 for all but temperatures.
    pub offset: f64,
}

const fn linear_unit(symbol: &'static str, quantity: &'static str, factor: f64) -> UnitOfMeasure {
    UnitOfMeasure {
        symbol,
        quantity,
        factor,
        offset: 0.0,
    }
}

/// All units. The base unit of a quantity has factor 1 and offset 0: W, VA, var, Wh, K, m, m3, kg,
/// s, Pa, ...
// Energy counts in Wh and not in J (SI), since every meter counts in watt-hours.
pub const ALL_UNITS: &[UnitOfMeasure] = &[
    linear_unit("W", "power", 1.0),
    linear_unit("kW", "power", 1e3),
    linear_unit("MW", "power", 1e6),
    // A rating and not a power: not convertible into W.
    linear_unit("kWp", "peak_power", 1.0),
    linear_unit("VA", "apparent_power", 1.0),
    linear_unit("kVA", "apparent_power", 1e3),
    linear_unit("var", "reactive_power", 1.0),
    linear_unit("kvar", "reactive_power", 1e3),
    linear_unit("Wh", "energy", 1.0),
    linear_unit("kWh", "energy", 1e3),
    linear_unit("MWh", "energy", 1e6),
    linear_unit("J", "energy", 1.0 / 3600.0),
    linear_unit("MJ", "energy", 1e6 / 3600.0),
    linear_unit("GJ", "energy", 1e9 / 3600.0),
    linear_unit("TJ", "energy", 1e12 / 3600.0),
    linear_unit("VAh", "apparent_energy", 1.0),
    linear_unit("kVAh", "apparent_energy", 1e3),
    linear_unit("varh", "reactive_energy", 1.0),
    linear_unit("kvarh", "reactive_energy", 1e3),
    linear_unit("V", "voltage", 1.0),
    linear_unit("mV", "voltage", 1e-3),
    linear_unit("kV", "voltage", 1e3),
    linear_unit("A", "current", 1.0),
    linear_unit("mA", "current", 1e-3),
    linear_unit("Ah", "charge", 1.0),
    linear_unit("ohm", "resistance", 1.0),
    linear_unit("kohm", "resistance", 1e3),
    linear_unit("Mohm", "resistance", 1e6),
    linear_unit("Hz", "frequency", 1.0),
    linear_unit("rpm", "rotation", 1.0),
    linear_unit("%", "ratio", 0.01),
    linear_unit("%RH", "humidity", 0.01),
    linear_unit("ppm", "concentration", 1.0),
    linear_unit("ppb", "concentration", 1e-3),
    linear_unit("mg/L", "mass_concentration", 1.0),
    linear_unit("ug/m3", "mass_concentration", 1e-6),
    linear_unit("mg/kg", "mass_fraction", 1.0),
    linear_unit("pH", "acidity", 1.0),
    linear_unit("uS/cm", "conductivity", 1.0),
    linear_unit("mS/cm", "conductivity", 1e3),
    linear_unit("NTU", "turbidity", 1.0),
    linear_unit("K", "temperature", 1.0),
    UnitOfMeasure {
        symbol: "degC",
        quantity: "temperature",
        factor: 1.0,
        offset: 273.15,
    },
    UnitOfMeasure {
        symbol: "degF",
        quantity: "temperature",
        factor: 5.0 / 9.0,
        offset: 273.15 - 32.0 * 5.0 / 9.0,
    },
    linear_unit("degC d", "degree_days", 1.0),
    linear_unit("deg", "angle", 1.0),
    linear_unit("m", "length", 1.0),
    linear_unit("cm", "length", 1e-2),
    linear_unit("mm", "length", 1e-3),
    linear_unit("km", "length", 1e3),
    linear_unit("m2", "area", 1.0),
    linear_unit("m3", "volume", 1.0),
    linear_unit("L", "volume", 1e-3),
    linear_unit("mL", "volume", 1e-6),
    linear_unit("m3/h", "flow", 1.0),
    linear_unit("m3/s", "flow", 3600.0),
    linear_unit("L/min", "flow", 0.06),
    linear_unit("L/h", "flow", 1e-3),
    linear_unit("L/s", "flow", 3.6),
    linear_unit("m/s", "speed", 1.0),
    linear_unit("km/h", "speed", 1.0 / 3.6),
    linear_unit("m/s2", "acceleration", 1.0),
    linear_unit("W/m2", "irradiance", 1.0),
    linear_unit("kWh/m2", "irradiation", 1.0),
    linear_unit("Wh/m2", "irradiation", 1e-3),
    linear_unit("lx", "illuminance", 1.0),
    linear_unit("kg", "mass", 1.0),
    linear_unit("g", "mass", 1e-3),
    linear_unit("t", "mass", 1e3),
    linear_unit("s", "time", 1.0),
    linear_unit("ms", "time", 1e-3),
    linear_unit("min", "time", 60.0),
    linear_unit("h", "time", 3600.0),
    linear_unit("d", "time", 86_400.0),
    linear_unit("yr", "time", 365.25 * 86_400.0),
    linear_unit("Pa", "pressure", 1.0),
    linear_unit("hPa", "pressure", 1e2),
    linear_unit("kPa", "pressure", 1e3),
    linear_unit("MPa", "pressure", 1e6),
    linear_unit("bar", "pressure", 1e5),
    linear_unit("mbar", "pressure", 1e2),
    linear_unit("IDR", "money", 1.0),
    linear_unit("pcs", "pieces", 1.0),
];

/// Other spellings used by people and data sheets, each with its symbol.
const UNIT_ALIASES: &[(&str, &str)] = &[
    ("°C", "degC"),
    ("℃", "degC"),
    ("C", "degC"),
    ("celsius", "degC"),
    ("°F", "degF"),
    ("℉", "degF"),
    ("F", "degF"),
    ("fahrenheit", "degF"),
    ("Fahrenheit", "degF"),
    ("Celsius", "degC"),
    ("Watt", "W"),
    ("watt", "W"),
    ("Volt", "V"),
    ("volt", "V"),
    ("°", "deg"),
    ("m²", "m2"),
    ("m³", "m3"),
    ("m³/h", "m3/h"),
    ("m³/s", "m3/s"),
    ("W/m²", "W/m2"),
    ("kWh/m²", "kWh/m2"),
    ("Wh/m²", "Wh/m2"),
    ("l", "L"),
    ("l/min", "L/min"),
    ("lpm", "L/min"),
    ("l/h", "L/h"),
    ("l/s", "L/s"),
    ("VAr", "var"),
    ("kVAr", "kvar"),
    ("VArh", "varh"),
    ("kVArh", "kvarh"),
    ("Ω", "ohm"),
    ("kΩ", "kohm"),
    ("MΩ", "Mohm"),
    ("µS/cm", "uS/cm"),
    ("lux", "lx"),
    ("%rH", "%RH"),
    ("RPM", "rpm"),
    ("1/min", "rpm"),
    ("liter", "L"),
    ("Liter", "L"),
    ("litre", "L"),
    ("ltr", "L"),
    ("M3", "m3"),
    ("M³", "m3"),
    ("m^3", "m3"),
    ("LPM", "L/min"),
    ("lps", "L/s"),
    ("LPS", "L/s"),
];

/// Words for the time of a rate (`m3/jam`), in lower case, each with its symbol. No unit here has
/// a month or a year.
const RATE_TIMES: &[(&str, &str)] = &[
    ("s", "s"),
    ("sec", "s"),
    ("second", "s"),
    ("detik", "s"),
    ("dtk", "s"),
    ("dt", "s"),
    ("min", "min"),
    ("minute", "min"),
    ("menit", "min"),
    ("mnt", "min"),
    ("h", "h"),
    ("hr", "h"),
    ("hour", "h"),
    ("jam", "h"),
    ("d", "d"),
    ("day", "d"),
    ("hari", "d"),
    ("week", "week"),
    ("minggu", "week"),
    ("month", "month"),
    ("bulan", "month"),
    ("bln", "month"),
    ("year", "yr"),
    ("tahun", "yr"),
    ("thn", "yr"),
];

/// Symbols of units that are not converted, in lower case: which of several it is, is not known
/// (`gal`, `hp`), or no point has it.
const UNCONVERTED_UNITS: &[&str] = &[
    "hp", "ps", "btu", "ft", "feet", "inch", "inches", "yd", "gal", "gallon", "gallons", "psi",
    "cfm", "gpm", "lb", "lbs", "oz", "cal", "kcal", "kkal", "mmhg", "inhg", "mmh2o", "mh2o", "atm",
    "torr", "knot", "knots", "mph", "mw", "acre", "ha", "ton", "kgf",
];

/// Whether a text, in either case, is a unit that is not converted, such as a rate that no point
/// has (`kWh/hari`).
pub fn is_unconverted_unit(text: &str) -> bool {
    let is_listed = |text: &str| {
        let mut units = UNCONVERTED_UNITS.iter();
        units.any(|unit| unit.eq_ignore_ascii_case(text))
    };
    let is_amount = |text: &str| {
        let mut units = ALL_UNITS.iter();
        find_plain_unit(text).is_some()
            || units.any(|unit| unit.symbol.eq_ignore_ascii_case(text))
            || is_listed(text)
    };
    let is_rate = || split_rate(text).is_some_and(|(amount, _)| is_amount(amount));
    find_unit(text).is_none() && (is_listed(text) || is_rate())
}

/// Returns the unit with this symbol or alias; a rate also with the words of its amount and its
/// time (`liter/menit`).
pub fn find_unit(text: &str) -> Option<&'static UnitOfMeasure> {
    let rate = || {
        let (amount, time) = split_rate(text)?;
        let amount = find_plain_unit(amount)?.symbol;
        let is_same = |unit: &&UnitOfMeasure| unit.symbol.split_once('/') == Some((amount, time));
        ALL_UNITS.iter().find(is_same)
    };
    find_plain_unit(text).or_else(rate)
}

/// Returns every spelling of every unit, with its symbol: the symbols first.
pub fn unit_spellings() -> impl Iterator<Item = (&'static str, &'static str)> {
    let symbols = ALL_UNITS.iter().map(|unit| (unit.symbol, unit.symbol));
    symbols.chain(UNIT_ALIASES.iter().copied())
}

fn find_plain_unit(text: &str) -> Option<&'static UnitOfMeasure> {
    let alias = UNIT_ALIASES.iter().find(|(alias, _)| *alias == text);
    let symbol = alias.map_or(text, |(_, symbol)| symbol);
    ALL_UNITS.iter().find(|unit| unit.symbol == symbol)
}

/// Amount of a rate as it is written, and the symbol of its time: `m³` and `h` of `m³/jam`.
fn split_rate(text: &str) -> Option<(&str, &'static str)> {
    let (amount, time) = text.split_once('/')?;
    let (amount, time) = (amount.trim(), time.trim());
    let mut times = RATE_TIMES.iter();
    let time = times.find(|(word, _)| word.eq_ignore_ascii_case(time));
    time.map(|(_, symbol)| (amount, *symbol))
}

impl UnitOfMeasure {
    /// Converts a value of this unit into another unit of the same quantity; `None` if the
    /// quantities differ.
    pub fn convert(&self, value: f64, to: &Self) -> Option<f64> {
        let base = value * self.factor + self.offset;
        (self.quantity == to.quantity).then(|| (base - to.offset) / to.factor)
    }

    /// Returns the factor that converts a difference of values (no offset applied) into another
    /// unit of the same quantity; `None` if the quantities differ.
    pub fn scale_to(&self, to: &Self) -> Option<f64> {
        (self.quantity == to.quantity).then(|| self.factor / to.factor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_alias_leads_to_a_unit_and_no_symbol_is_there_twice() {
        for (alias, symbol) in UNIT_ALIASES {
            assert!(
                ALL_UNITS.iter().any(|unit| unit.symbol == *symbol),
                "{alias}"
            );
        }
        for (index, unit) in ALL_UNITS.iter().enumerate() {
            assert!(
                !ALL_UNITS[..index]
                    .iter()
                    .any(|other| other.symbol == unit.symbol)
            );
        }
    }

    #[test]
    fn a_value_moves_between_units_of_its_quantity_only() {
        let unit = |symbol| find_unit(symbol).unwrap();
        assert_eq!(unit("kWh").convert(1.5, unit("Wh")), Some(1500.0));
        assert_eq!(unit("°C").convert(26.85, unit("K")), Some(300.0));
        let body = unit("°F").convert(98.6, unit("degC")).unwrap();
        assert!((body - 37.0).abs() < 1e-9);
        assert!(is_unconverted_unit("HP") && !is_unconverted_unit("MW"));
        assert_eq!(unit("kPa").convert(1.0, unit("m")), None);
    }

    #[test]
    fn a_rate_is_known_by_its_words_in_every_language_or_refused_as_a_unit() {
        for (text, symbol) in [
            ("m³/jam", "m3/h"),
            ("m3/h", "m3/h"),
            ("M3/Jam", "m3/h"),
            ("m³/detik", "m3/s"),
            ("L/menit", "L/min"),
            ("liter/menit", "L/min"),
            ("Liter / detik", "L/s"),
            ("l/jam", "L/h"),
            ("lps", "L/s"),
            ("km/jam", "km/h"),
        ] {
            assert_eq!(
                find_unit(text).map(|unit| unit.symbol),
                Some(symbol),
                "{text}"
            );
        }
        for text in [
            "kWh/hari", "kWh/day", "m3/bulan", "gal/jam", "KWH/hari", "m3/menit",
        ] {
            assert!(
                find_unit(text).is_none() && is_unconverted_unit(text),
                "{text}"
            );
        }
        assert!(!is_unconverted_unit("pompa/jam") && !is_unconverted_unit("W/m2"));
    }
}
