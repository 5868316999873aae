//! An empty table to fill in, with the headings of a language and one example a programme.

use super::check::Field;
use super::definitions::{Definition, Definitions};
use super::table::COLUMNS;
use crate::words::Lang;
use jiff::civil::Date;
use rust_xlsxwriter::{Format, Workbook, XlsxError};
use std::collections::BTreeSet;

/// A column's width in the spreadsheet, characters.
const WIDTH: f64 = 22.0;

/// The example rows: the first indicator of each programme.
fn examples(definitions: &Definitions) -> Vec<&Definition> {
    let mut seen = BTreeSet::new();
    let all = definitions.all().iter();
    all.filter(|one| seen.insert(&one.programme)).collect()
}

fn heading(field: Field, lang: Lang) -> String {
    lang.text(&format!("ledger-column-{}", field.word()))
}

/// The cell of an example as text; dates and quantities have their own kind in a spreadsheet.
fn cell(field: Field, one: &Definition, lang: Lang) -> String {
    match field {
        Field::Indicator => one.id.to_string(),
        Field::What => one.name.text(lang).to_owned(),
        Field::Unit => one.unit.to_string(),
        Field::How => {
            let known = one.known.first().map_or("declared", |known| known.word());
            lang.text(&format!("ledger-word-{known}"))
        }
        Field::Kind => lang.text("ledger-word-record"),
        Field::Note => lang.text("ledger-example"),
        Field::Who => lang.text("ledger-example-who"),
        _ => String::new(),
    }
}

/// CSV as a spreadsheet of that language opens it: `;` and a decimal comma in Indonesian.
pub fn csv(definitions: &Definitions, lang: Lang, day: Date) -> String {
    let sign = match lang {
        Lang::Id => ';',
        Lang::En => ',',
    };
    let join = |cells: Vec<String>| {
        let cells: Vec<String> = cells.iter().map(|cell| quoted(cell, sign)).collect();
        cells.join(&sign.to_string()) + "\n"
    };
    // A byte order mark: without it spreadsheets take the text for Latin-1.
    let mut out = String::from("\u{feff}");
    out += &join(COLUMNS.map(|field| heading(field, lang)).to_vec());
    for one in examples(definitions) {
        let row = COLUMNS.map(|field| match (field, lang) {
            (Field::When, Lang::Id) => day.strftime("%d/%m/%Y").to_string(),
            (Field::When, Lang::En) => day.to_string(),
            (Field::Quantity, Lang::Id) => one.example.to_string().replace('.', ","),
            (Field::Quantity, Lang::En) => one.example.to_string(),
            _ => cell(field, one, lang),
        });
        out += &join(row.to_vec());
    }
    out
}

fn quoted(cell: &str, sign: char) -> String {
    if cell.contains([sign, '"', '\n']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

/// XLSX with real dates and numbers, and a second sheet that lists every indicator.
pub fn xlsx(definitions: &Definitions, lang: Lang, day: Date) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let bold = Format::new().set_bold();
    let date = Format::new().set_num_format("yyyy-mm-dd");
    let sheet = book.add_worksheet().set_name(lang.text("ledger-sheet"))?;
    sheet.set_freeze_panes(1, 0)?;
    for (column, field) in (0u16..).zip(COLUMNS) {
        sheet.set_column_width(column, WIDTH)?;
        sheet.write_with_format(0, column, heading(field, lang), &bold)?;
    }
    for (row, one) in (1u32..).zip(examples(definitions)) {
        for (column, field) in (0u16..).zip(COLUMNS) {
            match field {
                Field::When => sheet.write_with_format(row, column, serial(day), &date)?,
                Field::Quantity => sheet.write(row, column, one.example.to_f64())?,
                _ => sheet.write(row, column, cell(field, one, lang))?,
            };
        }
    }
    indicators(&mut book, definitions, lang)?;
    book.save_to_buffer()
}

/// Every indicator with what may and may not be printed of it.
fn indicators(book: &mut Workbook, definitions: &Definitions, lang: Lang) -> Result<(), XlsxError> {
    let bold = Format::new().set_bold();
    let sheet = book
        .add_worksheet()
        .set_name(lang.text("ledger-sheet-indicators"))?;
    let keys = ["indicator", "name", "unit", "print", "needs", "never"];
    for (column, key) in (0u16..).zip(keys) {
        sheet.set_column_width(column, WIDTH)?;
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

/// A day as spreadsheets count it, from 30 December 1899.
fn serial(day: Date) -> i32 {
    let origin = Date::constant(1899, 12, 30);
    day.since(origin).map_or(0, |span| span.get_days())
}
