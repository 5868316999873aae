//! Quantities of ledger entries in the unit of a figure.

use crate::config::Config;
use crate::domain::ExactNumber;
use crate::domain::indicator::IndicatorRemark;
use crate::domain::input_part::{EntryPart, InputPart, PartSource};
use crate::domain::ledger::LedgerEntry;
use crate::indicators::figure_context::FigureValue;
use crate::ledger::LedgerDimension;
use std::sync::Arc;

/// Quantity of an entry in the unit `to`.
// An entry keeps its unit when the site later changes the unit of the indicator.
pub(crate) fn entry_quantity(config: &Config, entry: &LedgerEntry, to: &str) -> FigureValue {
    let said = &entry.statement;
    let quantity = said.quantity.map_or(0.0, ExactNumber::to_f64);
    quantity_in_unit(config, &said.indicator, (quantity, &said.unit), to)
}

/// Entries as parts of a sum in the unit `to`; without those that do not convert.
pub(crate) fn entry_parts<'a>(
    config: &Config,
    entries: impl Iterator<Item = &'a LedgerEntry>,
    to: &str,
) -> Vec<InputPart> {
    let part = |entry: &LedgerEntry| {
        let said = &entry.statement;
        Some(InputPart {
            value: entry_quantity(config, entry, to).ok()?,
            of: PartSource::Entry(EntryPart {
                id: entry.id,
                when: said.when,
                quantity: said.quantity.map_or(0.0, ExactNumber::to_f64),
                unit: Arc::from(&*said.unit),
            }),
        })
    };
    entries.filter_map(part).collect()
}

/// Quantity of an indicator in the unit `to`, or the remark that the two units do not convert.
pub(crate) fn quantity_in_unit(
    config: &Config,
    indicator: &str,
    (quantity, unit): (f64, &str),
    to: &str,
) -> FigureValue {
    let definitions = &config.definitions;
    let converted = definitions.convert_quantity(quantity, unit, to);
    converted.ok_or_else(|| {
        let fitting = match to {
            "" => definitions.units_measuring(LedgerDimension::Count),
            to => definitions.convertible_units(to),
        };
        IndicatorRemark::new("account-unit-unfit")
            .with_arg("indicator", indicator)
            .with_arg("unit", unit)
            .with_arg("units", fitting)
    })
}
