//! [`AmountRange`]: amounts that one entry of an indicator can have (`config/amount_ranges.toml`).
//!
//! ```text
//! bsf-maggot 999999999 kg      surely wrong: refused
//! bsf-maggot 12000 kg          may be wrong: asked about, and to be checked on the report
//! ```

use serde::Deserialize;
use std::sync::LazyLock;

static TEXT: &str = include_str!("../../../config/amount_ranges.toml");

/// Amounts that one entry can have, in the unit of the indicator.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AmountRange {
    /// Amount above which the entry is surely wrong.
    pub most: f64,
    /// Range outside which the entry may be wrong.
    pub usual: (f64, f64),
}

/// Reason to look at the amount of an entry again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AmountDoubt {
    /// Nothing was recorded, or less than is worth it.
    Little,
    /// More than is usual.
    Unusual,
    /// More than is possible.
    Impossible,
}

/// Row of `amount_ranges.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AmountRow {
    /// Ids of indicators; empty for a kind of unit.
    #[serde(default)]
    indicators: Vec<String>,
    /// Kind of unit; empty for indicators.
    #[serde(default)]
    kind: String,
    /// Unit of the numbers.
    pub(super) unit: String,
    most: f64,
    usual: (f64, f64),
    /// Where the numbers come from.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "for whoever reads or changes the table")
    )]
    source: String,
}

/// Most that people can have of a kind of amount, each day.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PersonRange {
    /// Kind of unit.
    kind: String,
    /// Unit of the number.
    pub(crate) unit: String,
    /// Amount for each person and day above which it may be wrong.
    pub(crate) usual: f64,
    /// Where the number comes from.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "for whoever reads or changes the table")
    )]
    source: String,
}

/// All rows.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct AmountTable {
    amount: Vec<AmountRow>,
    per_person: Vec<PersonRange>,
}

// A test shows that the text is read.
static TABLE: LazyLock<AmountTable> = LazyLock::new(|| toml::from_str(TEXT).unwrap_or_default());

impl AmountRange {
    /// Reason to look again at the amount of an entry; `None` for a usual one.
    pub fn doubt(&self, amount: f64) -> Option<AmountDoubt> {
        if amount > self.most {
            Some(AmountDoubt::Impossible)
        } else if amount > self.usual.1 {
            Some(AmountDoubt::Unusual)
        } else {
            (amount < self.usual.0).then_some(AmountDoubt::Little)
        }
    }

    /// The range in a unit that is `scale` of its own: 0.001 from kg to t.
    pub(super) fn scaled(self, scale: f64) -> Self {
        Self {
            most: self.most * scale,
            usual: (self.usual.0 * scale, self.usual.1 * scale),
        }
    }

    /// The range of what two ranges allow together.
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            most: self.most + other.most,
            usual: (self.usual.0, self.usual.1 + other.usual.1),
        }
    }

    /// The narrower of two ranges.
    pub(super) fn narrowed(self, other: Self) -> Self {
        let most = self.most.min(other.most);
        Self {
            most,
            usual: (self.usual.0, self.usual.1.min(other.usual.1).min(most)),
        }
    }
}

impl AmountRow {
    pub(super) fn range(&self) -> AmountRange {
        AmountRange {
            most: self.most,
            usual: self.usual,
        }
    }
}

/// The row of an indicator by its id.
pub(super) fn row_of_indicator(id: &str) -> Option<&'static AmountRow> {
    let mut all = TABLE.amount.iter();
    all.find(|row| row.indicators.iter().any(|known| known == id))
}

/// Range of a kind of amount for each person.
pub(crate) fn person_range(kind: &str) -> Option<&'static PersonRange> {
    TABLE.per_person.iter().find(|row| row.kind == kind)
}

/// The row of a kind of unit.
pub(super) fn row_of_kind(kind: &str) -> Option<&'static AmountRow> {
    let mut all = TABLE.amount.iter();
    all.find(|row| row.indicators.is_empty() && row.kind == kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::IndicatorDefinitions;

    #[test]
    fn every_row_has_a_source_and_the_usual_lies_within_the_possible() {
        let table: AmountTable = toml::from_str(TEXT).unwrap();
        for row in &table.amount {
            let name = format!("{:?} {}", row.indicators, row.kind);
            assert!(row.indicators.is_empty() != row.kind.is_empty(), "{name}");
            assert!(!row.source.is_empty(), "{name}");
            assert!(0.0 < row.usual.0 && row.usual.0 < row.usual.1, "{name}");
            // Twice the usual is possible.
            assert!(row.usual.1 * 2.0 <= row.most, "{name}");
        }
        for row in &table.per_person {
            assert!(row_of_kind(&row.kind).is_some(), "{}", row.kind);
            assert!(row.usual > 0.0 && !row.source.is_empty(), "{}", row.kind);
        }
    }

    #[test]
    fn every_indicator_and_every_unit_has_a_range_that_holds_its_example() {
        let definitions = IndicatorDefinitions::built_in();
        for definition in definitions.all() {
            let range = definitions.amount_range(&definition.id).unwrap();
            let doubt = range.doubt(definition.example.to_f64());
            assert_eq!(doubt, None, "{} {range:?}", definition.id);
        }
        for row in TABLE.amount.iter().flat_map(|row| &row.indicators) {
            assert!(definitions.find(row).is_some(), "{row}");
        }
        for unit in definitions.units() {
            assert!(definitions.range_of_unit(unit).is_some(), "{unit}");
        }
    }
}
