//! Units of values: what the heading or the call says, converted into the unit of the point.

use crate::domain::ExactNumber;
use crate::ledger::has_multiplier;
use crate::samples_csv::{HeadingUnit, UnitSource, find_heading_unit};
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
    /// Units of a column beside the values and of lines above the heading.
    pub(super) beside: &'a [(UnitSource, HeadingUnit)],
    /// Heading of the column.
    pub(super) heading: &'a str,
    /// Texts below the heading.
    pub(super) below: &'a [String],
}

/// Unit that a place says, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StatedUnit {
    pub(super) source: UnitSource,
    pub(super) text: String,
}

/// Result of a conversion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct UnitConversion {
    /// Units from and to which the values were converted; `None` when they are the same.
    pub(super) units: Option<(String, String)>,
    /// Units of the file that the option counted more than.
    pub(super) overridden: Vec<StatedUnit>,
}

/// Reasons why values cannot get the unit of the point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum UnitError {
    /// Nothing says the unit, and the quantity has several of different size.
    Unsaid,
    /// This unit cannot be converted.
    Unfit(String),
    /// A place of the file has what looks like a unit, but is none that is converted.
    Unknown(StatedUnit),
    /// Two places of the file say different units.
    Differ(StatedUnit, StatedUnit),
}

/// Converts values into the unit of the point. With a unit of the call, that one counts.
pub(super) fn convert_rows(
    rows: &mut [ImportRow],
    texts: UnitTexts<'_>,
    wanted: &str,
) -> Result<UnitConversion, UnitError> {
    let Some(to) = units::find_unit(wanted) else {
        return check_unconverted(texts, wanted);
    };
    let (from, overridden) = find_source_unit(texts, to)?;
    let Some(from) = from else {
        // A wrong guess would be a figure that is 1000 times too large or too small.
        let is_other =
            |unit: &UnitOfMeasure| unit.quantity == to.quantity && !is_same_unit(unit, to);
        let has_others = units::ALL_UNITS.iter().any(is_other);
        return if has_others {
            Err(UnitError::Unsaid)
        } else {
            Ok(UnitConversion::default())
        };
    };
    if from.symbol == to.symbol {
        let units = None;
        return Ok(UnitConversion { units, overridden });
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
    Ok(UnitConversion {
        units: Some((from.symbol.to_owned(), to.symbol.to_owned())),
        overridden,
    })
}

/// Check of values for a point whose unit is none that can be converted: another unit that the file
/// surely says contradicts it.
fn check_unconverted(texts: UnitTexts<'_>, wanted: &str) -> Result<UnitConversion, UnitError> {
    let is_wanted = |text: &str| text.trim().eq_ignore_ascii_case(wanted.trim());
    if let Some(said) = texts.said.filter(|said| !is_wanted(said)) {
        return Err(UnitError::Unfit(said.to_owned()));
    }
    let stated = texts.stated().into_iter();
    let mut others = stated.filter(|(_, unit)| match unit {
        HeadingUnit::Known { unit, is_certain } => *is_certain && !is_wanted(unit.symbol),
        // In brackets beside a value without a unit stands a part of its name.
        HeadingUnit::Unknown(text) => {
            (!wanted.is_empty() || has_multiplier(text)) && !is_wanted(text)
        }
        HeadingUnit::Unsaid => false,
    });
    if texts.said.is_some() {
        let overridden = others.map(|(source, unit)| stated_unit(source, &unit));
        return Ok(UnitConversion {
            units: None,
            overridden: overridden.collect(),
        });
    }
    match others.next() {
        Some((source, HeadingUnit::Unknown(text))) => {
            Err(UnitError::Unknown(StatedUnit { source, text }))
        }
        Some((source, unit)) => Err(UnitError::Unfit(stated_unit(source, &unit).text)),
        None => Ok(UnitConversion::default()),
    }
}

impl UnitTexts<'_> {
    /// Units that the file says, the closest to the values first.
    fn stated(&self) -> Vec<(UnitSource, HeadingUnit)> {
        let known = |unit| HeadingUnit::Known {
            unit,
            is_certain: true,
        };
        let values = self.values.and_then(units::find_unit);
        let values = values.map(|unit| (UnitSource::Values, known(unit)));
        let heading = (UnitSource::Heading, find_heading_unit(self.heading));
        let below = self.below.iter();
        // Some loggers write the unit in a row below the names.
        let below = below.map(|text| (UnitSource::Below, find_heading_unit(text)));
        let beside = self.beside.iter().cloned();
        let of_file = values.into_iter().chain(beside);
        of_file.chain([heading]).chain(below).collect()
    }
}

fn stated_unit(source: UnitSource, unit: &HeadingUnit) -> StatedUnit {
    let text = match unit {
        HeadingUnit::Known { unit, .. } => unit.symbol.to_owned(),
        HeadingUnit::Unknown(text) => text.clone(),
        HeadingUnit::Unsaid => String::new(),
    };
    StatedUnit { source, text }
}

/// Unit of the values, `None` when nothing says it, and the units that the option overrides.
fn find_source_unit(
    texts: UnitTexts<'_>,
    to: &UnitOfMeasure,
) -> Result<(Option<&'static UnitOfMeasure>, Vec<StatedUnit>), UnitError> {
    // A name that is a unit of another quantity is a name: `d` may be a channel.
    let is_unit = |unit: &HeadingUnit| match unit {
        HeadingUnit::Known { unit, is_certain } => *is_certain || unit.quantity == to.quantity,
        HeadingUnit::Unknown(_) => true,
        HeadingUnit::Unsaid => false,
    };
    let stated = texts.stated().into_iter();
    let stated: Vec<_> = stated.filter(|(_, unit)| is_unit(unit)).collect();
    if let Some(said) = texts.said {
        let unknown = || UnitError::Unfit(said.to_owned());
        let said = units::find_unit(said.trim()).ok_or_else(unknown)?;
        let said = fitting_unit(said, to)?;
        let differs = |unit: &HeadingUnit| match unit {
            HeadingUnit::Known { unit, .. } => !is_same_unit(unit, said),
            _ => true,
        };
        let others = stated.iter().filter(|(_, unit)| differs(unit));
        let overridden = others.map(|(source, unit)| stated_unit(*source, unit));
        return Ok((Some(said), overridden.collect()));
    }
    let Some((source, closest)) = stated.first() else {
        return Ok((None, Vec::new()));
    };
    let HeadingUnit::Known { unit, .. } = closest else {
        return Err(UnitError::Unknown(stated_unit(*source, closest)));
    };
    let differs = |other: &HeadingUnit| match other {
        HeadingUnit::Known { unit: other, .. } => !is_same_unit(unit, other),
        _ => true,
    };
    if let Some((other, text)) = stated[1..].iter().find(|(_, other)| differs(other)) {
        return Err(UnitError::Differ(
            stated_unit(*other, text),
            stated_unit(*source, closest),
        ));
    }
    fitting_unit(unit, to).map(|unit| (Some(unit), Vec::new()))
}

/// Whether two units give the same numbers.
fn is_same_unit(one: &UnitOfMeasure, other: &UnitOfMeasure) -> bool {
    one.quantity == other.quantity
        && one.factor.to_bits() == other.factor.to_bits()
        && one.offset.to_bits() == other.offset.to_bits()
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
    use proptest::prelude::*;
    use std::collections::BTreeSet;

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
            beside: &[],
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
            ("45.2 kWh", None, "Energi (kWh)", "Wh", "45200"),
            ("45.2 kWh", Some("kWh"), "Energi (Wh)", "Wh", "45200"),
            ("1 kWh", Some("Wh"), "Energi", "kWh", "0.001"),
            ("28", Some("degC"), "Suhu", "degC", "28"),
            ("5", None, "Suhu_C", "degC", "5"),
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
            let found = UnitError::Unknown(StatedUnit {
                source: UnitSource::Heading,
                text: found.to_owned(),
            });
            assert_eq!(refused, Err(found), "{heading}");
        }
    }

    /// The symbol of a unit, or nothing.
    fn any_unit() -> impl Strategy<Value = Option<&'static str>> {
        prop::sample::select(vec![None, Some("Wh"), Some("kWh"), Some("MWh"), Some("kW")])
    }

    proptest! {
        #[test]
        fn two_places_with_different_units_are_refused_or_told(
            said in any_unit(), values in any_unit(), heading in any_unit(), below in any_unit(),
            beside in any_unit(), above in any_unit(),
        ) {
            let mut rows = [(UtcMs(0), ExactNumber::parse("1").unwrap())];
            let name = heading.map_or("Energi".to_owned(), |unit| format!("Energi ({unit})"));
            let lower = below.map_or(String::new(), |unit| format!("[{unit}]"));
            let unit = |source, unit: Option<&str>| {
                let unit = drivers::units::find_unit(unit?)?;
                Some((source, HeadingUnit::Known { unit, is_certain: true }))
            };
            let more = [unit(UnitSource::Column, beside), unit(UnitSource::Above(1), above)];
            let more: Vec<_> = more.into_iter().flatten().collect();
            let texts = UnitTexts { said, values, beside: &more, heading: &name, below: &[lower] };
            let done = convert_rows(&mut rows, texts, "kWh");
            let file = [values, heading, below, beside, above].into_iter().flatten();
            let file: BTreeSet<&str> = file.collect();
            match (done, said) {
                (Ok(done), Some(said)) => {
                    let told: BTreeSet<&str> =
                        done.overridden.iter().map(|one| &*one.text).collect();
                    let other = file.iter().copied().filter(|unit| *unit != said);
                    prop_assert_eq!(told, other.collect());
                }
                (Ok(done), None) => {
                    prop_assert_eq!(file.len(), 1);
                    prop_assert!(done.overridden.is_empty());
                }
                (Err(UnitError::Differ(..)), None) => prop_assert!(file.len() > 1),
                (Err(UnitError::Unsaid), None) => prop_assert!(file.is_empty()),
                (Err(UnitError::Unfit(found)), _) => prop_assert_eq!(found, "kW"),
                (Err(error), _) => prop_assert!(false, "{:?}", error),
            }
        }
    }

    #[test]
    fn a_point_in_a_unit_of_its_own_takes_no_values_of_another_one() {
        for (said, heading, to, is_taken) in [
            (None, "Kekeruhan", "NTU", true),
            (None, "Kekeruhan (NTU)", "NTU", true),
            (None, "Kekeruhan (kWh)", "NTU", false),
            (Some("NTU"), "Kekeruhan (kWh)", "NTU", true),
            (Some("kW"), "Kekeruhan", "NTU", false),
            (None, "Kekeruhan (kolam)", "NTU", false),
            (Some("NTU"), "Kekeruhan (kolam)", "NTU", true),
            (None, "Kanal", "", true),
            (None, "Keasaman (kolam)", "", true),
            (None, "Daya (kW)", "", false),
        ] {
            let done = convert("1", said, heading, to);
            assert_eq!(done.is_ok(), is_taken, "{heading}: {done:?}");
        }
    }

    #[test]
    fn a_unit_of_another_quantity_is_refused() {
        for (value, said, heading, to, found) in [
            ("1", None, "Tegangan (V)", "kWh", "V"),
            ("1", Some("kg"), "Daya", "W", "kg"),
            ("1", Some("elang"), "Daya", "W", "elang"),
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
            // 85 may be degrees Fahrenheit, and 301 kelvin.
            ("T", "degC"),
            ("Suhu", "degC"),
        ] {
            assert_eq!(
                convert("7", None, heading, to),
                Err(UnitError::Unsaid),
                "{heading}"
            );
        }
    }
}
