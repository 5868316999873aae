//! Units of values: what the heading or the call says, converted into the unit of the point.

use crate::domain::ExactNumber;
use crate::samples_csv::{HeadingUnit, find_heading_unit};
use crate::storage::ImportRow;
use drivers::units::{self, UnitOfMeasure};

/// Greatest power of ten between two units, with its sign: from mL to thousands of m3.
const POWERS: std::ops::RangeInclusive<i8> = -12..=12;

/// Texts that may say the unit of the values.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct UnitTexts<'a> {
    /// Unit of the call.
    pub(super) said: Option<&'a str>,
    /// Unit behind each value.
    pub(super) values: Option<&'a str>,
    /// Heading of the column.
    pub(super) heading: &'a str,
    /// Texts below the heading.
    pub(super) below: &'a [String],
}

/// Reasons why values cannot get the unit of the point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum UnitError {
    /// Nothing says the unit, and the quantity has several of different size.
    Unsaid,
    /// This unit cannot be converted, or contradicts the one of the values.
    Unfit(String),
    /// The heading has what looks like a unit, but is none that is converted.
    Unknown(String),
}

/// Converts values into the unit of the point. Returns both units when they differ, `None` when
/// nothing was to be done.
pub(super) fn convert_rows(
    rows: &mut [ImportRow],
    texts: UnitTexts<'_>,
    wanted: &str,
) -> Result<Option<(String, String)>, UnitError> {
    let Some(to) = units::find_unit(wanted) else {
        return Ok(None);
    };
    let Some(from) = find_source_unit(texts, to)? else {
        // A wrong guess would be a figure that is 1000 times too large or too small.
        let is_other = |unit: &&UnitOfMeasure| {
            unit.quantity == to.quantity && unit.factor.to_bits() != to.factor.to_bits()
        };
        let has_others = units::ALL_UNITS
            .iter()
            .filter(is_other)
            .any(|unit| unit.offset.to_bits() == to.offset.to_bits());
        return if has_others {
            Err(UnitError::Unsaid)
        } else {
            Ok(None)
        };
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
            let unfit = || UnitError::Unfit(from.symbol.to_owned());
            let value = value.ok_or_else(unfit)?;
            let is_shifted = from.offset.to_bits() != to.offset.to_bits();
            ExactNumber::Float(if is_shifted {
                round_noise(value)
            } else {
                value
            })
        };
    }
    Ok(Some((from.symbol.to_owned(), to.symbol.to_owned())))
}

/// Unit of the values from all that may say it; `None` when nothing does.
fn find_source_unit(
    texts: UnitTexts<'_>,
    to: &UnitOfMeasure,
) -> Result<Option<&'static UnitOfMeasure>, UnitError> {
    if let Some(values) = texts.values {
        let from = source_unit(Some(values), "", to)?;
        let said = source_unit(texts.said, "", to)?.or(from);
        let is_same = from.map(|unit| unit.symbol) == said.map(|unit| unit.symbol);
        return if is_same {
            Ok(from)
        } else {
            Err(UnitError::Unfit(values.to_owned()))
        };
    }
    let mut from = source_unit(texts.said, texts.heading, to)?;
    // Some loggers write the unit in a row below the names.
    for text in texts.below {
        if from.is_none() {
            from = source_unit(None, text, to)?;
        }
    }
    Ok(from)
}

/// Unit that the call or a text says; `None` when neither does.
fn source_unit(
    said: Option<&str>,
    heading: &str,
    to: &UnitOfMeasure,
) -> Result<Option<&'static UnitOfMeasure>, UnitError> {
    if let Some(said) = said {
        let unknown = || UnitError::Unfit(said.to_owned());
        let found = units::find_unit(said.trim()).ok_or_else(unknown)?;
        return fitting_unit(found, to).map(Some);
    }
    match find_heading_unit(heading) {
        HeadingUnit::Unknown(found) => Err(UnitError::Unknown(found)),
        HeadingUnit::Known { unit, is_certain } if is_certain => fitting_unit(unit, to).map(Some),
        // A name that is a unit of another quantity is a name: `d` may be a channel.
        HeadingUnit::Known { unit, .. } => Ok(Some(unit).filter(|u| u.quantity == to.quantity)),
        HeadingUnit::Unsaid => Ok(None),
    }
}

/// Value without the last digits, which a conversion between temperatures leaves (25 and not
/// 24.999999999999943).
fn round_noise(value: f64) -> f64 {
    const STEPS: f64 = 1e9;
    let rounded = (value * STEPS).round() / STEPS;
    if (rounded - value).abs() <= value.abs().max(1.0) * 1e-12 {
        rounded
    } else {
        value
    }
}

fn fitting_unit(
    found: &'static UnitOfMeasure,
    to: &UnitOfMeasure,
) -> Result<&'static UnitOfMeasure, UnitError> {
    if found.quantity == to.quantity {
        Ok(found)
    } else {
        Err(UnitError::Unfit(found.symbol.to_owned()))
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

    fn convert(
        value: &str,
        said: Option<&str>,
        heading: &str,
        to: &str,
    ) -> Result<String, UnitError> {
        let (value, unit) = value.split_once(' ').unwrap_or((value, ""));
        let mut rows = [(UtcMs(0), ExactNumber::parse(value).unwrap())];
        let (heading, below) = heading.split_once('/').unwrap_or((heading, ""));
        let texts = UnitTexts {
            said,
            values: Some(unit).filter(|unit| !unit.is_empty()),
            heading,
            below: &[below.to_owned()],
        };
        convert_rows(&mut rows, texts, to)?;
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
            ("7", Some("m"), "Kanal 3", "m", "7"),
            ("45.2 kWh", None, "Energi", "kWh", "45.2"),
            ("45.2 kWh", None, "Energi (Wh)", "Wh", "45200"),
            ("28", None, "Suhu", "degC", "28"),
            ("77", None, "Suhu (°F)", "degC", "25"),
            ("77", None, "Temp F", "degC", "25"),
            ("2", None, "Daya kW", "W", "2000"),
            ("2", None, "Daya_kW", "W", "2000"),
            ("2", Some("kW"), "Power (hp)", "W", "2000"),
            // Behind the stroke: the row below the name.
            ("7", None, "PV power/kW", "W", "7000"),
            ("7", None, "PV power/[kW]", "W", "7000"),
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
    fn a_unit_of_a_heading_that_is_not_converted_is_refused() {
        for (heading, to, found) in [
            ("Power (hp)", "W", "hp"),
            ("Level (ft)", "m", "ft"),
            ("Suhu (Re)", "degC", "Re"),
            ("Volume gal", "m3", "gal"),
            ("Level (mm H2O)", "m", "mm H2O"),
        ] {
            let refused = convert("2", None, heading, to);
            let found = UnitError::Unknown(found.to_owned());
            assert_eq!(refused, Err(found), "{heading}");
        }
    }

    #[test]
    fn a_unit_of_another_quantity_is_refused() {
        for (value, said, heading, to, found) in [
            ("1", None, "Tegangan (V)", "kWh", "V"),
            ("1", Some("kg"), "Daya", "W", "kg"),
            ("1", Some("elang"), "Daya", "W", "elang"),
            ("1 kWh", Some("Wh"), "Energi", "kWh", "kWh"),
            ("1 V", None, "Energi", "kWh", "V"),
        ] {
            let refused = convert(value, said, heading, to);
            assert_eq!(
                refused,
                Err(UnitError::Unfit(found.to_owned())),
                "{value} {heading}"
            );
        }
    }

    #[test]
    fn a_unit_that_nothing_says_is_asked_for_where_another_size_is_usual() {
        for (heading, to) in [
            ("Daya", "W"),
            ("Daya", "kW"),
            ("Tinggi air", "m"),
            ("Energi", "kWh"),
            ("PV power/Avg", "W"),
            ("d", "m"),
        ] {
            assert_eq!(
                convert("7", None, heading, to),
                Err(UnitError::Unsaid),
                "{heading}"
            );
        }
    }
}
