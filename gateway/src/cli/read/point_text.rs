//! Lines about the points of a read: register, value, quality, limits.

use crate::buses::AdhocReading;
use crate::buses::modbus::decode;
use crate::commissioning::display_comparison::compare_with_display;
use crate::config::{Device, FactConfidence, ModbusPoint, Point, ValueWords};
use crate::domain::{ExactNumber, QualityReason, SampleOutcome};
use crate::i18n::Language;
use std::fmt::Write as _;

/// Place that was read for a configured point, its outcome, and its registers.
pub(in crate::cli) type PointReadParts<'a> =
    (Option<&'a Point>, Option<SampleOutcome>, Option<&'a [u16]>);

pub(in crate::cli) fn point_reads<'a>(
    device: &'a Device,
    once: &'a AdhocReading,
) -> impl Iterator<Item = PointReadParts<'a>> {
    (0..device.points.len()).map(|i| {
        let words = once.details.registers.get(i).and_then(Option::as_deref);
        let place = once.details.points.get(i).and_then(Option::as_ref);
        (place, once.outcomes.get(i).copied(), words)
    })
}

pub(super) fn register_text(place: Option<&Point>) -> Option<String> {
    let place = place?;
    let register = place.modbus().map(ModbusPoint::register_text);
    // Of a message the place in it, else its topic.
    register.or_else(|| {
        let message = place.access.mqtt()?;
        let field = message.field.as_ref().map(ToString::to_string);
        Some(field.unwrap_or_else(|| message.topic.to_string()))
    })
}

pub(in crate::cli) fn point_line(
    point: &Point,
    place: Option<&Point>,
    outcome: Option<SampleOutcome>,
    words: Option<&[u16]>,
    lang: Language,
) -> String {
    let read_as = place.unwrap_or(point);
    let place = register_text(place).unwrap_or_else(|| "-".to_owned());
    let value = match outcome.map(|outcome| (outcome, outcome.number())) {
        Some((outcome, Some(number))) => {
            let name = value_text(read_as, number, lang);
            let name = name.map_or(String::new(), |name| format!(" = {name}"));
            let number = lang.locale().plain_digits(&number.short_digits());
            let unit = match &*point.unit {
                "" => String::new(),
                unit => format!(" {unit}"),
            };
            format!("{number}{unit}{name} ({})", quality_text(outcome, lang))
        }
        Some((outcome, None)) => {
            let word = outcome.reason().map_or("missing", QualityReason::word);
            format!(
                "- ({}: {})",
                quality_text(outcome, lang),
                lang.text(&format!("reason-{word}"))
            )
        }
        None => "-".to_owned(),
    };
    let doubt = match point.about.confidence {
        FactConfidence::Low => format!("  {}", lang.text("cli-read-doubt")),
        FactConfidence::Medium | FactConfidence::High => String::new(),
    };
    let mut line = format!("{:<20} {place:<16} {value}{doubt}\n", point.name);
    for word in words.unwrap_or_default() {
        let _ = writeln!(
            line,
            "{:>25}0x{word:04x} u16 {word} i16 {}",
            "",
            word.cast_signed()
        );
    }
    line
}

/// Line about the limit that an implausible value violates.
pub(super) fn limit_line(point: &Point, refused: ExactNumber, lang: Language) -> String {
    let below = point.min.filter(|min| refused.to_f64() < *min);
    let (key, limit) = match below {
        Some(min) => ("cli-read-below", min),
        None => ("cli-read-above", point.max.unwrap_or_default()),
    };
    let (value, limit) = (refused.short_digits(), limit.to_string());
    let [value, limit] = [value, limit].map(|text| lang.locale().plain_digits(&text));
    let args = [("value", &*value), ("limit", &limit), ("unit", &point.unit)];
    format!("{:>22} {}\n", "", lang.text_with(key, &args))
}

/// Line about a value that has no registers to be compared, beside that of the display; empty when
/// none was given.
pub(super) fn display_line(
    point: &Point,
    value: ExactNumber,
    display: &[(String, ExactNumber)],
    lang: Language,
) -> String {
    let shown = display.iter().find(|(name, _)| **name == *point.name);
    let compared = shown.and_then(|(_, shown)| {
        let shown = shown.to_string();
        Some((compare_with_display(value.to_f64(), &shown)?, shown))
    });
    let Some((compared, shown)) = compared else {
        return String::new();
    };
    let key = if compared.agrees() {
        "cli-read-display-agrees"
    } else {
        "cli-read-display-differs"
    };
    let shown = lang.locale().plain_digits(&shown);
    let args = [("display", shown.as_str()), ("unit", &point.unit)];
    format!("{:>22} {}\n", "", lang.text_with(key, &args).trim_end())
}

fn quality_text(outcome: SampleOutcome, lang: Language) -> String {
    lang.text(&format!("quality-{}", outcome.quality().word()))
}

/// Words for a value, in the reader's language; `None` for a measured number and an unknown code.
fn value_text(point: &Point, number: ExactNumber, lang: Language) -> Option<String> {
    let words = ValueWords::new(point, &point.about, lang)?;
    let text = words.text(number);
    (text != words.code_text(&number.to_string())).then_some(text)
}

/// Name of this raw value in the profile.
pub(super) fn value_name(point: &Point, words: &[u16]) -> Option<String> {
    let raw = decode::raw_integer(point, words)?;
    point.about.describe_raw(raw)
}
