//! [`number_range`]: the range of each number that a site declares
//! (`config/number_ranges.toml`).
//!
//! ```text
//! litres_per_kwh = 40       surely wrong: refused
//! litres_per_kwh = 1.2      may be wrong: a warning, and what is computed from it is to be checked
//! ```

use crate::domain::factor::Factor;
use serde::Deserialize;
use std::sync::LazyLock;

/// Use of the ranges of prices.
const PRICE_USE: &str = "price";

static TEXT: &str = include_str!("../../../config/number_ranges.toml");

/// Range of a number by its key, or of a factor by its use.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NumberRange {
    /// Keys of the configuration; empty for a factor.
    #[serde(default)]
    keys: Vec<String>,
    /// Use of a factor; empty for a key and for ids.
    #[serde(default, rename = "use")]
    purpose: String,
    /// Ids of factors, or how they begin; empty for a key and for a use.
    #[serde(default)]
    ids: Vec<String>,
    /// Beginnings of the ids of the figures that use the numbers without naming them as an input;
    /// empty: all figures of the asset.
    #[serde(default)]
    figures: Vec<String>,
    /// Whether formulas hold the value of these factors themselves.
    #[serde(default)]
    pub(crate) fixed: bool,
    /// Unit of both ranges.
    pub(crate) unit: String,
    /// Range outside which the number is surely wrong.
    pub(crate) refused: (f64, f64),
    /// Range outside which the number may be wrong.
    pub(crate) usual: (f64, f64),
    /// Where the ranges come from.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "for whoever reads or changes the table")
    )]
    source: String,
}

/// Number of an asset of which `check` has warned that it may be wrong.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct UnusualNumber {
    /// Key of its range.
    pub(crate) key: &'static str,
    /// The number, in the unit of the range.
    pub(crate) value: f64,
}

/// Tables of `number_ranges.toml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct NumberRanges {
    range: Vec<NumberRange>,
    factor: Vec<NumberRange>,
}

// A test shows that the text is read.
static RANGES: LazyLock<NumberRanges> = LazyLock::new(|| toml::from_str(TEXT).unwrap_or_default());

impl NumberRange {
    /// Whether the number is surely wrong.
    pub(crate) fn refuses(&self, value: f64) -> bool {
        !(self.refused.0..=self.refused.1).contains(&value)
    }

    /// Whether the number may be wrong.
    pub(crate) fn is_unusual(&self, value: f64) -> bool {
        !(self.usual.0..=self.usual.1).contains(&value)
    }

    /// Whether a figure of the asset uses the number without naming it as an input.
    pub(crate) fn is_behind(&self, figure: &str) -> bool {
        let mut all = self.figures.iter();
        self.figures.is_empty() || all.any(|begin| figure.starts_with(&**begin))
    }

    /// The usual range.
    #[cfg(test)]
    pub(crate) fn usual(&self) -> (f64, f64) {
        self.usual
    }

    /// The range outside which the number is refused, without its unit.
    pub(crate) fn refused_text(&self) -> String {
        format!("{}..={}", self.refused.0, self.refused.1)
    }

    /// The usual range, with its unit.
    pub(crate) fn usual_text(&self) -> String {
        let text = format!("{}..={} {}", self.usual.0, self.usual.1, self.unit);
        text.trim_end().to_owned()
    }
}

/// All keys that have a range.
#[cfg(test)]
pub(crate) fn all_number_keys() -> impl Iterator<Item = &'static str> {
    RANGES
        .range
        .iter()
        .flat_map(|one| &one.keys)
        .map(|key| &**key)
}

/// The number under a key, where it is possible and unusual.
pub(crate) fn unusual_number(key: &str, value: f64) -> Option<UnusualNumber> {
    let range = number_range(key).filter(|range| range.is_unusual(value))?;
    let key = range.keys.iter().find(|known| *known == key)?;
    Some(UnusualNumber { key, value })
}

/// The range of the numbers of a key, such as `litres_per_kwh`.
pub(crate) fn number_range(key: &str) -> Option<&'static NumberRange> {
    let mut all = RANGES.range.iter();
    all.find(|one| one.keys.iter().any(|known| known == key))
}

/// The range of factors for this use: `GRID`, `GENSET`, `fuel_factor`; or by their unit:
/// `electricity`, `heat`, `litre`, `calorific`.
pub(crate) fn factor_range(purpose: &str) -> Option<&'static NumberRange> {
    let mut all = RANGES.factor.iter();
    all.find(|one| one.purpose == purpose)
}

/// The range of prices per unit of something, with the price in its unit: that of this very unit
/// (`IDR/L` of a fuel is no `IDR/m3` of water), else one to which it converts.
pub(crate) fn price_range(factor: &Factor) -> Option<(f64, &'static NumberRange)> {
    let prices = || RANGES.factor.iter().filter(|one| one.purpose == PRICE_USE);
    let own = prices().find(|one| one.unit == factor.unit.text());
    let converted = || prices().find(|one| factor.value_in(&one.unit).is_some());
    let range = own.or_else(converted)?;
    Some((factor.value_in(&range.unit)?, range))
}

/// The range of a factor by its id: that of the longest beginning; `None` for an id of a site.
pub(crate) fn factor_id_range(id: &str) -> Option<&'static NumberRange> {
    let begins = |one: &NumberRange| {
        let known = one.ids.iter().filter(|known| id.starts_with(&***known));
        known.map(String::len).max()
    };
    let all = RANGES.factor.iter();
    let all = all.filter_map(|one| Some((begins(one)?, one)));
    all.max_by_key(|(length, _)| *length).map(|(_, one)| one)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::config_schema;
    use crate::config::factors::Factors;
    use crate::domain::factor::FactorUnit;
    use crate::sinks::SINK_KINDS;
    use serde_json::Value;
    use std::collections::BTreeSet;

    #[test]
    fn every_range_has_a_source_and_the_usual_lies_within_the_possible() {
        let read: NumberRanges = toml::from_str(TEXT).unwrap();
        for one in read.range.iter().chain(&read.factor) {
            let name = format!("{:?} {:?} {}", one.keys, one.ids, one.purpose);
            let ends = one.refused;
            assert!(!one.source.is_empty(), "{name}");
            assert!(ends.0 <= one.usual.0 && one.usual.1 <= ends.1, "{name}");
            assert!(one.usual.0 < one.usual.1, "{name}");
        }
    }

    #[test]
    fn a_price_has_the_range_of_its_own_unit_before_one_that_it_converts_to() {
        let built_in = Factors::built_in();
        let any = &built_in.all()[0];
        let range_of = |unit: &str| {
            let price = Factor {
                id: "t.1".into(),
                value: 5000.0,
                unit: FactorUnit::parse(unit)?,
                ..Factor::clone(any)
            };
            price_range(&price).map(|(value, range)| (value, &*range.unit))
        };
        for (unit, wanted) in [
            ("IDR/kWh", Some((5000.0, "IDR/kWh"))),
            ("IDR/MWh", Some((5.0, "IDR/kWh"))),
            ("IDR/m3", Some((5000.0, "IDR/m3"))),
            ("IDR/L", Some((5000.0, "IDR/L"))),
            ("IDR/kg", Some((5000.0, "IDR/kg"))),
            ("kgCO2/kWh", None),
        ] {
            assert_eq!(range_of(unit), wanted, "{unit}");
        }
    }

    /// Keys below a schema whose value is a number.
    fn number_keys(
        root: &Value,
        at: &Value,
        seen: &mut BTreeSet<String>,
        all: &mut BTreeSet<String>,
    ) {
        if let Some(path) = at["$ref"].as_str() {
            if seen.insert(path.to_owned()) {
                let place = root.pointer(path.trim_start_matches('#')).unwrap();
                number_keys(root, place, seen, all);
            }
            return;
        }
        if let Some(keys) = at["properties"].as_object() {
            for (key, value) in keys {
                let types = value["type"].to_string();
                if types.contains("\"number\"") {
                    all.insert(key.clone());
                }
            }
        }
        match at {
            Value::Object(parts) => {
                for part in parts.values() {
                    number_keys(root, part, seen, all);
                }
            }
            Value::Array(parts) => {
                for part in parts {
                    number_keys(root, part, seen, all);
                }
            }
            _ => {}
        }
    }

    #[test]
    fn every_number_of_an_asset_or_a_baseline_has_a_range() {
        let schema = config_schema::config_schema(SINK_KINDS);
        let (mut seen, mut all) = (BTreeSet::new(), BTreeSet::new());
        number_keys(&schema, &schema["properties"]["asset"], &mut seen, &mut all);
        for expected in [
            "capacity_kwp",
            "litres_per_kwh",
            "height_m",
            "gas_captured",
            "share",
        ] {
            assert!(all.contains(expected), "{expected} is not among {all:?}");
        }
        let without: Vec<&String> = all
            .iter()
            .filter(|key| number_range(key).is_none())
            .collect();
        assert!(
            without.is_empty(),
            "no range in config/number_ranges.toml: {without:?}"
        );
        let unused = RANGES.range.iter().flat_map(|one| &one.keys);
        let unused: Vec<&String> = unused.filter(|key| !all.contains(*key)).collect();
        assert!(unused.is_empty(), "no such key: {unused:?}");
    }
}
