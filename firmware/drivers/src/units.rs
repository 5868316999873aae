//! Units and quantities: the only place where a unit is spelled.

/// One unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unit {
    /// How it is written, in files, messages and on pages.
    pub symbol: &'static str,
    /// What it measures.
    pub quantity: &'static str,
    /// value in the quantity's base unit = value x `factor` + `offset`.
    pub factor: f64,
    /// See `factor`; 0 for all but temperatures.
    pub offset: f64,
}

const fn unit(symbol: &'static str, quantity: &'static str, factor: f64) -> Unit {
    Unit {
        symbol,
        quantity,
        factor,
        offset: 0.0,
    }
}

/// Every unit. The base of a quantity is the one with factor 1 and offset 0: W, VA, var, Wh (J
/// would be SI, but every meter counts hours), K, m, m3, kg, s, Pa, ...
pub const ALL: &[Unit] = &[
    unit("W", "power", 1.0),
    unit("kW", "power", 1e3),
    unit("MW", "power", 1e6),
    unit("kWp", "peak_power", 1.0),
    unit("VA", "apparent_power", 1.0),
    unit("kVA", "apparent_power", 1e3),
    unit("var", "reactive_power", 1.0),
    unit("kvar", "reactive_power", 1e3),
    unit("Wh", "energy", 1.0),
    unit("kWh", "energy", 1e3),
    unit("MWh", "energy", 1e6),
    unit("J", "energy", 1.0 / 3600.0),
    unit("MJ", "energy", 1e6 / 3600.0),
    unit("GJ", "energy", 1e9 / 3600.0),
    unit("TJ", "energy", 1e12 / 3600.0),
    unit("VAh", "apparent_energy", 1.0),
    unit("kVAh", "apparent_energy", 1e3),
    unit("varh", "reactive_energy", 1.0),
    unit("kvarh", "reactive_energy", 1e3),
    unit("V", "voltage", 1.0),
    unit("mV", "voltage", 1e-3),
    unit("kV", "voltage", 1e3),
    unit("A", "current", 1.0),
    unit("mA", "current", 1e-3),
    unit("Ah", "charge", 1.0),
    unit("ohm", "resistance", 1.0),
    unit("kohm", "resistance", 1e3),
    unit("Mohm", "resistance", 1e6),
    unit("Hz", "frequency", 1.0),
    unit("rpm", "rotation", 1.0),
    unit("%", "ratio", 0.01),
    unit("%RH", "humidity", 0.01),
    unit("ppm", "concentration", 1.0),
    unit("ppb", "concentration", 1e-3),
    unit("mg/L", "mass_concentration", 1.0),
    unit("ug/m3", "mass_concentration", 1e-6),
    unit("mg/kg", "mass_fraction", 1.0),
    unit("pH", "acidity", 1.0),
    unit("uS/cm", "conductivity", 1.0),
    unit("mS/cm", "conductivity", 1e3),
    unit("NTU", "turbidity", 1.0),
    unit("K", "temperature", 1.0),
    Unit {
        symbol: "degC",
        quantity: "temperature",
        factor: 1.0,
        offset: 273.15,
    },
    unit("degC d", "degree_days", 1.0),
    unit("deg", "angle", 1.0),
    unit("m", "length", 1.0),
    unit("cm", "length", 1e-2),
    unit("mm", "length", 1e-3),
    unit("km", "length", 1e3),
    unit("m2", "area", 1.0),
    unit("m3", "volume", 1.0),
    unit("L", "volume", 1e-3),
    unit("mL", "volume", 1e-6),
    unit("m3/h", "flow", 1.0),
    unit("m3/s", "flow", 3600.0),
    unit("L/min", "flow", 0.06),
    unit("L/h", "flow", 1e-3),
    unit("L/s", "flow", 3.6),
    unit("m/s", "speed", 1.0),
    unit("km/h", "speed", 1.0 / 3.6),
    unit("m/s2", "acceleration", 1.0),
    unit("W/m2", "irradiance", 1.0),
    unit("kWh/m2", "irradiation", 1.0),
    unit("Wh/m2", "irradiation", 1e-3),
    unit("lx", "illuminance", 1.0),
    unit("kg", "mass", 1.0),
    unit("g", "mass", 1e-3),
    unit("t", "mass", 1e3),
    unit("s", "time", 1.0),
    unit("ms", "time", 1e-3),
    unit("min", "time", 60.0),
    unit("h", "time", 3600.0),
    unit("d", "time", 86_400.0),
    unit("yr", "time", 365.25 * 86_400.0),
    unit("Pa", "pressure", 1.0),
    unit("hPa", "pressure", 1e2),
    unit("kPa", "pressure", 1e3),
    unit("MPa", "pressure", 1e6),
    unit("bar", "pressure", 1e5),
    unit("mbar", "pressure", 1e2),
    unit("IDR", "money", 1.0),
    unit("pcs", "pieces", 1.0),
];

/// Other spellings that people and data sheets use.
const ALIASES: &[(&str, &str)] = &[
    ("°C", "degC"),
    ("℃", "degC"),
    ("C", "degC"),
    ("celsius", "degC"),
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
];

/// The unit with this symbol or alias.
pub fn find(text: &str) -> Option<&'static Unit> {
    let alias = ALIASES.iter().find(|(alias, _)| *alias == text);
    let symbol = alias.map_or(text, |(_, symbol)| symbol);
    ALL.iter().find(|unit| unit.symbol == symbol)
}

impl Unit {
    /// A value of this unit in another unit of the same quantity; `None` when they measure
    /// different things.
    pub fn convert(&self, value: f64, to: &Self) -> Option<f64> {
        let base = value * self.factor + self.offset;
        (self.quantity == to.quantity).then(|| (base - to.offset) / to.factor)
    }

    /// What a difference in this unit is multiplied with to be one in another unit of the same
    /// quantity.
    pub fn scale_to(&self, to: &Self) -> Option<f64> {
        (self.quantity == to.quantity).then(|| self.factor / to.factor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_alias_leads_to_a_unit_and_no_symbol_is_there_twice() {
        for (alias, symbol) in ALIASES {
            assert!(ALL.iter().any(|unit| unit.symbol == *symbol), "{alias}");
        }
        for (index, unit) in ALL.iter().enumerate() {
            assert!(!ALL[..index].iter().any(|other| other.symbol == unit.symbol));
        }
    }

    #[test]
    fn a_value_moves_between_units_of_its_quantity_only() {
        let unit = |symbol| find(symbol).unwrap();
        assert_eq!(unit("kWh").convert(1.5, unit("Wh")), Some(1500.0));
        assert_eq!(unit("°C").convert(26.85, unit("K")), Some(300.0));
        assert_eq!(unit("kPa").convert(1.0, unit("m")), None);
    }
}
