//! Notes on totals over a part of the rows of a table.

use crate::i18n::Language;
use crate::report::render::table::{ColumnTotal, ReportTable};

/// Returns the note on a total over a part of its rows; `None` if all rows have a value.
pub(crate) fn partial_total_note(lang: Language, total: ColumnTotal) -> Option<String> {
    let (present, rows) = (total.present.to_string(), total.rows.to_string());
    let args = [("present", present.as_str()), ("rows", rows.as_str())];
    (total.present < total.rows).then(|| lang.text_with("report-total-partial", &args))
}

/// Returns the notes on partial totals of a table.
pub(crate) fn partial_total_notes(lang: Language, table: &ReportTable) -> Vec<String> {
    let totals = (0..table.columns.len()).filter_map(|index| table.total(index));
    totals
        .filter_map(|total| partial_total_note(lang, total))
        .collect()
}
