//! Table to fill in, with headings in one language and one example row for each programme. The
//! examples are marked, so that they never become entries.

use super::entry_field::EntryField;
use super::indicator_definition::IndicatorDefinition;
use super::indicator_definitions::IndicatorDefinitions;
use super::table_headings::{TABLE_COLUMNS, heading_text};
use crate::i18n::Language;
use jiff::civil::Date;
use rust_xlsxwriter::{Format, Workbook, XlsxError};
use std::collections::BTreeSet;

/// Column width in the spreadsheet, characters.
const COLUMN_WIDTH: f64 = 22.0;

/// Example rows: the first indicator of each programme.
fn example_definitions(definitions: &IndicatorDefinitions) -> Vec<&IndicatorDefinition> {
    let mut seen = BTreeSet::new();
    let all = definitions.all().iter();
    all.filter(|one| seen.insert(&one.programme)).collect()
}

/// Example cell as text; dates and quantities have types of their own in a spreadsheet.
fn example_cell(field: EntryField, one: &IndicatorDefinition, lang: Language) -> String {
    match field {
        EntryField::Indicator => one.id.to_string(),
        EntryField::What => one.name.text(lang).to_owned(),
        EntryField::Unit => one.unit.to_string(),
        EntryField::How => {
            let known = one.known.first().map_or("declared", |known| known.word());
            lang.text(&format!("ledger-word-{known}"))
        }
        EntryField::Kind => lang.text("ledger-word-record"),
        EntryField::Note => lang.text("ledger-example"),
        EntryField::Who => lang.text("ledger-example-who"),
        _ => String::new(),
    }
}

/// Day of an example with the mark before it, by which the reader knows the row.
fn example_day(day: Date, lang: Language) -> String {
    let mark = lang.text("ledger-example-mark");
    format!("{mark} {}", lang.locale().format_numeric_date(day))
}

/// CSV in the form that a spreadsheet of that language opens: `;` and decimal comma in Indonesian.
pub fn render_csv(definitions: &IndicatorDefinitions, lang: Language, day: Date) -> String {
    let locale = lang.locale();
    let sign = locale.list_separator;
    let join = |cells: Vec<String>| {
        let cells: Vec<String> = cells.iter().map(|cell| quote_cell(cell, sign)).collect();
        cells.join(&sign.to_string()) + "\n"
    };
    // Without a byte order mark spreadsheets read the text as Latin-1.
    let mut out = String::from("\u{feff}");
    out += &join(
        TABLE_COLUMNS
            .map(|field| heading_text(field, lang))
            .to_vec(),
    );
    for one in example_definitions(definitions) {
        let row = TABLE_COLUMNS.map(|field| match field {
            EntryField::EntryTime => example_day(day, lang),
            EntryField::Quantity => locale.plain_digits(&one.example.to_string()),
            _ => example_cell(field, one, lang),
        });
        out += &join(row.to_vec());
    }
    out
}

fn quote_cell(cell: &str, sign: char) -> String {
    if cell.contains([sign, '"', '\n']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

/// XLSX with typed numbers, and a second sheet that lists all indicators.
pub fn render_xlsx(
    definitions: &IndicatorDefinitions,
    lang: Language,
    day: Date,
) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let bold = Format::new().set_bold();
    let sheet = book.add_worksheet().set_name(lang.text("ledger-sheet"))?;
    // The headings stay in sight below many rows.
    sheet.set_freeze_panes(1, 0)?;
    for (column, field) in (0u16..).zip(TABLE_COLUMNS) {
        sheet.set_column_width(column, COLUMN_WIDTH)?;
        sheet.write_with_format(0, column, heading_text(field, lang), &bold)?;
    }
    for (row, one) in (1u32..).zip(example_definitions(definitions)) {
        for (column, field) in (0u16..).zip(TABLE_COLUMNS) {
            match field {
                EntryField::EntryTime => sheet.write(row, column, example_day(day, lang))?,
                EntryField::Quantity => sheet.write(row, column, one.example.to_f64())?,
                _ => sheet.write(row, column, example_cell(field, one, lang))?,
            };
        }
    }
    write_indicator_sheet(&mut book, definitions, lang)?;
    book.save_to_buffer()
}

/// Writes the sheet with all indicators and what may and may not be printed of each.
fn write_indicator_sheet(
    book: &mut Workbook,
    definitions: &IndicatorDefinitions,
    lang: Language,
) -> Result<(), XlsxError> {
    let bold = Format::new().set_bold();
    let sheet = book
        .add_worksheet()
        .set_name(lang.text("ledger-sheet-indicators"))?;
    let keys = ["indicator", "name", "unit", "print", "needs", "never"];
    for (column, key) in (0u16..).zip(keys) {
        sheet.set_column_width(column, COLUMN_WIDTH)?;
        let text = lang.text(&format!("ledger-list-{key}"));
        sheet.write_with_format(0, column, text, &bold)?;
    }
    for (row, one) in (1u32..).zip(definitions.all()) {
        let [name, print, needs, never] =
            [&one.name, &one.print, &one.needs, &one.never].map(|both| both.text(lang));
        let cells = [&*one.id, name, &*one.unit, print, needs, never];
        for (column, text) in (0u16..).zip(cells) {
            sheet.write(row, column, text)?;
        }
    }
    Ok(())
}
