//! Units of an import, with the questions and sentences about them.

use super::import_args::ImportArgs;
use super::import_questions;
use super::value_units::{StatedUnit, UnitConversion, UnitError, UnitTexts, convert_rows};
use crate::cli::backend::print_stderr;
use crate::i18n::Language;
use crate::ledger::{has_multiplier, is_factor_label};
use crate::samples_csv::{DetectedTableFormat, UnitSource, is_scaled_unit};
use crate::storage::ImportRow;

/// Converts the values into the unit of the point (id, unit), and asks for theirs where the file
/// leaves it open; `None` after the reason was printed.
pub(super) fn convert_values(
    options: &ImportArgs,
    (point, unit): (&str, &str),
    (rows, format): (&mut [ImportRow], &DetectedTableFormat),
    lang: Language,
) -> Option<UnitConversion> {
    let texts = UnitTexts {
        said: options.unit.as_deref(),
        values: format.value_unit,
        beside: &format.stated_units,
        heading: &format.column_name,
        below: &format.column_texts,
    };
    let mut converted = convert_rows(rows, texts, unit);
    // The headings of the exchange format, whose values are in the unit of the point.
    let is_exchange = (&*format.time_column.1, &*format.column_name) == ("time", "value");
    if converted == Err(UnitError::Unsaid) && is_exchange {
        converted = Ok(UnitConversion::default());
    }
    let is_open = |why: &UnitError| !matches!(why, UnitError::Unfit(_));
    if let Err(why) = converted.as_ref()
        && is_open(why)
        && options.may_ask()
    {
        print_unit_error(why, format, (point, unit), lang);
        let said = import_questions::ask_unit(unit, lang)?;
        let said = Some(&*said);
        converted = convert_rows(rows, UnitTexts { said, ..texts }, unit);
    }
    let refused = |why: &UnitError| print_unit_error(why, format, (point, unit), lang);
    converted.inspect_err(refused).ok()
}

/// Prints what was done with the units: a conversion, and what an option counted more than.
pub(super) fn print_conversion(
    converted: &UnitConversion,
    said: Option<&str>,
    column: &str,
    lang: Language,
) {
    let Some((from, to)) = &converted.units else {
        return print_overridden(converted, said.unwrap_or_default(), column, lang);
    };
    print_overridden(converted, said.unwrap_or(from), column, lang);
    print_stderr(&lang.text_with("cli-import-converted", &[("from", from), ("to", to)]));
}

fn print_overridden(converted: &UnitConversion, said: &str, column: &str, lang: Language) {
    for one in &converted.overridden {
        let args = [
            (
                "source",
                &*import_questions::source_text(&one.source.message_key(), lang),
            ),
            ("found", &*one.text),
            ("unit", said),
            ("column", column),
        ];
        print_stderr(&lang.text_with("exchange-unit-overrides", &args));
    }
}

/// Whether what the file says multiplies the values.
fn is_multiplied(stated: &StatedUnit) -> bool {
    let label = stated.text.split([':', '=']).next().unwrap_or_default();
    stated.source == UnitSource::Factor
        || has_multiplier(&stated.text)
        || is_scaled_unit(&stated.text)
        || is_factor_label(label)
}

fn print_unit_error(
    why: &UnitError,
    format: &DetectedTableFormat,
    (point, unit): (&str, &str),
    lang: Language,
) {
    let name = |source: UnitSource| import_questions::source_text(&source.message_key(), lang);
    let (key, found, more) = match why {
        UnitError::Unsaid => ("exchange-unit-unsaid", "", None),
        UnitError::Unfit(found) => ("exchange-unit", &**found, None),
        UnitError::Unknown(one) if is_multiplied(one) => {
            ("exchange-unit-multiplied", &*one.text, Some((one, one)))
        }
        UnitError::Unknown(one) => ("exchange-unit-unknown", &*one.text, Some((one, one))),
        UnitError::Differ(one, other) => ("exchange-units-differ", &*one.text, Some((one, other))),
    };
    let number = format.column.to_string();
    let column = Some(&*format.column_name).filter(|name| !name.is_empty());
    let none = lang.text("exchange-no-unit");
    let unit = if unit.is_empty() { &*none } else { unit };
    let (source, second) = more.map_or_else(Default::default, |(one, other)| {
        (name(one.source), name(other.source))
    });
    let args = [
        ("column", column.unwrap_or(&number)),
        ("found", found),
        ("point", point),
        ("unit", unit),
        ("source", &source),
        ("second", &second),
        ("also", more.map_or("", |(_, other)| &other.text)),
    ];
    print_stderr(&lang.text_with(key, &args));
}
