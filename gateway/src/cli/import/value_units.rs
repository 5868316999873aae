//! Units of values: what the heading or the call says, converted into the unit of the point.

use crate::domain::ExactNumber;
use crate::storage::ImportRow;
use drivers::units::{self, UnitOfMeasure};

/// Greatest power of ten between two units, with its sign: from mL to thousands of m3.
const POWERS: std::ops::RangeInclusive<i8> = -12..=12;

/// Converts values into the unit of the point. Returns both units when they differ, `None` when
/// nothing was to be done. Errors: the unit of the file, when it cannot be converted.
pub(super) fn convert_rows(
    rows: &mut [ImportRow],
    said: Option<&str>,
    (heading, below): (&str, &[String]),
    wanted: &str,
) -> Result<Option<(String, String)>, String> {
    let Some(to) = units::find_unit(wanted) else {
        return Ok(None);
    };
    let mut from = source_unit(said, heading, to)?;
    // Some loggers write the unit in a row below the names.
    for text in below {
        if from.is_none() {
            let bare = text.trim().trim_matches(['(', ')', '[', ']']);
            from = source_unit(None, bare, to)?;
        }
    }
    let Some(from) = from else {
        return Ok(None);
    };
    if from.symbol == to.symbol {
        return Ok(None);
    }
    let power = power_of_ten(from, to);
    for (_, number) in rows.iter_mut() {
        let exact = power.and_then(|power| number.times_power_of_ten(power));
        *number = if let Some(exact) = exact {
            exact
        } else {
            let value = from.convert(number.to_f64(), to);
            ExactNumber::Float(value.ok_or_else(|| from.symbol.to_owned())?)
        };
    }
    Ok(Some((from.symbol.to_owned(), to.symbol.to_owned())))
}

/// Unit of the values; `None` when nothing says it.
fn source_unit(
    said: Option<&str>,
    heading: &str,
    to: &UnitOfMeasure,
) -> Result<Option<&'static UnitOfMeasure>, String> {
    if let Some(said) = said {
        let found = units::find_unit(said.trim()).ok_or_else(|| said.to_owned())?;
        return fitting_unit(found, to).map(Some);
    }
    // A name that is a unit of another quantity is a name: `d` may be a channel.
    if let Some(found) = units::find_unit(heading.trim()) {
        return Ok(Some(found).filter(|found| found.quantity == to.quantity));
    }
    let inside = heading.rsplit_once(['(', '[']).map(|(_, rest)| rest);
    let inside = inside.and_then(|rest| rest.split([')', ']']).next());
    match inside.and_then(|unit| units::find_unit(unit.trim())) {
        Some(found) => fitting_unit(found, to).map(Some),
        None => Ok(None),
    }
}

fn fitting_unit(
    found: &'static UnitOfMeasure,
    to: &UnitOfMeasure,
) -> Result<&'static UnitOfMeasure, String> {
    if found.quantity == to.quantity {
        Ok(found)
    } else {
        Err(found.symbol.to_owned())
    }
}

/// Power of ten between two units, if it is one.
fn power_of_ten(from: &UnitOfMeasure, to: &UnitOfMeasure) -> Option<i8> {
    let is_plain = from.offset.to_bits() == to.offset.to_bits();
    let scale = from.scale_to(to).filter(|_| is_plain)?;
    let is_power = |power: &i8| (10f64.powi(i32::from(*power)) / scale - 1.0).abs() < 1e-12;
    POWERS.into_iter().find(is_power)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::UtcMs;

    fn convert(value: &str, said: Option<&str>, heading: &str, to: &str) -> Result<String, String> {
        let mut rows = [(UtcMs(0), ExactNumber::parse(value).unwrap())];
        let (heading, below) = heading.split_once('/').unwrap_or((heading, ""));
        convert_rows(&mut rows, said, (heading, &[below.to_owned()]), to)?;
        Ok(rows[0].1.to_string())
    }

    #[test]
    fn values_get_the_unit_of_the_point_digit_by_digit_where_it_is_a_power_of_ten() {
        for (value, said, heading, to, right) in [
            ("1.234", None, "Power (kW)", "W", "1234"),
            ("1234", None, "P [W]", "kW", "1.234"),
            ("0.1", None, "kWh", "kWh", "0.1"),
            ("12.5", None, "Suhu (°C)", "degC", "12.5"),
            ("5", None, "Level (cm)", "m", "0.05"),
            ("7", None, "Kanal 3", "m", "7"),
            // Behind the stroke: the row below the name.
            ("7", None, "PV power/kW", "W", "7000"),
            ("7", None, "PV power/[kW]", "W", "7000"),
            ("7", None, "PV power/Avg", "W", "7"),
            ("7", None, "d", "m", "7"),
            ("7", Some("mm"), "Level (cm)", "m", "0.007"),
            ("7", None, "Nilai", "", "7"),
        ] {
            let found = convert(value, said, heading, to).unwrap();
            assert_eq!(found.parse::<f64>(), right.parse(), "{heading}");
        }
        let warm = convert("300", None, "T (K)", "degC").unwrap();
        assert!((warm.parse::<f64>().unwrap() - 26.85).abs() < 1e-9);
    }

    #[test]
    fn a_unit_of_another_quantity_is_refused() {
        assert_eq!(
            convert("1", None, "Tegangan (V)", "kWh"),
            Err("V".to_owned())
        );
        assert_eq!(convert("1", Some("kg"), "Daya", "W"), Err("kg".to_owned()));
        assert_eq!(
            convert("1", Some("elang"), "Daya", "W"),
            Err("elang".to_owned())
        );
    }
}
