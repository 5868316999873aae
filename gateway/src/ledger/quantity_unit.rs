//! Unit of a quantity: that of its column, or the one that is written at the number.

use super::indicator_definitions::IndicatorDefinitions;
use super::value_parser::RUPIAH;

/// Unit of a quantity, of the unit column or `beside` the number; `None` without any. Errors: both,
/// when they contradict each other.
pub(super) fn quantity_unit<'a>(
    column: Option<&'a str>,
    beside: Option<&'a str>,
    definitions: &IndicatorDefinitions,
) -> Result<Option<&'a str>, (&'a str, &'a str)> {
    let (Some(said), Some(written)) = (column, beside) else {
        return Ok(column.or(beside));
    };
    // `70,7 juta` in a table in rupiah: the word multiplies the unit of the column.
    let is_rupiah = definitions.unit_id(said) == Some(RUPIAH);
    let power = definitions.power_between(written, RUPIAH);
    if is_rupiah && power.is_some_and(|power| power > 0) {
        return Ok(beside);
    }
    if definitions.unit_id(said) == definitions.unit_id(written) {
        Ok(column)
    } else {
        Err((said, written))
    }
}
