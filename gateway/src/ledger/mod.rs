//! Ledger of manual entries: definitions of indicators and units, parsing of tables, checks, and
//! JSON forms.
//!
//! Entry points: [`read_table`] parses a file, [`EntryBatch`] checks its rows, `check_entry` checks
//! a single entry. All of it is pure: no store and no clock.
//!
//! ```text
//! date;indicator;quantity;unit;how;who
//! 21/11/2026;bsf-maggot;12,5;kg;weighed;Siti
//! -> record of bsf-maggot, 12.5 kg on 2026-11-21, weighed, by Siti
//! ```
//!
//! The indicators are data in `config/indicators.toml`; reports of the entries: `docs/reports.md`.

mod amount_range;
mod calibration_json;
mod entry_batch;
mod entry_bounds;
mod entry_check;
mod entry_field;
mod entry_json;
mod hidden_parts;
mod indicator_definition;
mod indicator_definitions;
mod measured_figure;
mod period_target;
mod quantity_unit;
mod sheet_rows;
#[cfg(test)]
mod silent_table_tests;
mod skipped_rows;
mod table_headings;
mod table_reader;
mod table_template;
mod template_examples;
#[cfg(test)]
mod tests;
mod value_parser;
mod written_multiplier;
mod xlsx_formats;
mod xlsx_parts;
mod xlsx_reader;

pub use amount_range::{AmountDoubt, AmountRange};
pub(crate) use amount_range::{PersonRange, person_range};
pub use calibration_json::{CalibrationJson, CalibrationRequest};
pub use entry_batch::{EntryBatch, RowRemark};
pub use entry_check::{CheckedStatement, EntryRules, check_entry};
pub use entry_field::{EntryField, FieldRemark, QuantityText, RawEntry};
pub use entry_json::{
    AttachmentJson, EntriesAddedJson, EntriesRefusedJson, EntryBatchRequest, EntryJson,
    EntryRequest, FaultJson, IndicatorDefinitionJson,
};
pub use hidden_parts::HiddenParts;
pub use indicator_definition::{BilingualText, IndicatorDefinition, TotalRule};
pub use indicator_definitions::{IndicatorDefinitions, LedgerDimension};
pub use measured_figure::MeasuredFigure;
pub(crate) use period_target::{PartsRule, period_target};
pub use sheet_rows::{MissingHeadings, TableError, UnstoredFormulas};
pub(crate) use sheet_rows::{SheetCell, SheetRows, cell_name, is_summary_formula, sums_own_column};
pub use skipped_rows::SkippedRow;
pub(crate) use skipped_rows::starts_with_summary;
pub use table_headings::NamedColumn;
pub(crate) use table_reader::record_line;
pub use table_reader::{
    EntryRow, EntryTable, parse_named_table as read_named_table, parse_table as read_table,
};
pub use table_template::{render_csv as csv_template, render_xlsx as xlsx_template};
pub use value_parser::DecimalMark;
pub(crate) use written_multiplier::{
    LineStatement, has_bare_power, has_multiplier, is_factor_label, is_factor_of_one,
    labelled_texts, line_statements, starts_with_digit,
};
pub(crate) use xlsx_parts::WorkbookForm;
pub(crate) use xlsx_reader::XlsxWorkbook;
