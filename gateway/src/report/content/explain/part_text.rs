//! Parts of an input in words: days, readings, entries of the ledger.

use crate::domain::input_part::{InputPart, PartSource};
use crate::report::content::context::ReportContext;
use crate::report::content::display_names;
use crate::report::render::number_format;

/// Origin of a part: a day, the time of a reading, an entry with the quantity that was written.
pub(crate) fn part_label(book: &ReportContext<'_>, part: &InputPart) -> String {
    let message = |key: &str, args: &[(&str, &str)]| {
        book.format_message(&format!("chapters-explain-part-{key}"), args)
    };
    match &part.of {
        PartSource::Day(day) => number_format::date(book.lang, *day),
        PartSource::Reading(at) => number_format::time(book.lang, *at, &book.zone),
        PartSource::Entry(entry) => {
            let quantity = display_names::format_quantity(book.lang, entry.quantity, &entry.unit);
            let (id, when) = (entry.id.to_string(), entry.when.to_string());
            message(
                "entry",
                &[("id", &id), ("when", &when), ("quantity", &quantity)],
            )
        }
        PartSource::Event(number) => message("event", &[("number", &number.to_string())]),
        PartSource::Rest(count) => message("rest", &[("count", &count.to_string())]),
    }
}
