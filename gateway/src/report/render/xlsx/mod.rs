//! Workbook renderer: one sheet for each section, real numbers and dates, totals as formulas with
//! their result, native plots.
//!
//! Entry function: `render`, for one document.
//!
//! ```text
//! front sheet (properties, list of sheets) -> one sheet a section: rows -> cells, formulas, plots
//! ```
//!
//! Sheets are held in memory. The temporary files of the library's constant-memory mode would need
//! a writable directory, and 10 000 rows cost some megabytes. The content of a report:
//! `docs/reports.md`.

mod calculation_sheets;
mod cell_formats;
mod excel_dates;
mod excel_formula;
mod native_chart;
mod sheet_layout;
mod sheet_writer;

use crate::report::render::chart::ReportChart;
use crate::report::render::document::{ReportBlock, ReportSection};
use crate::report::render::photo::ReportPhoto;
use crate::report::render::render_context::RenderContext;
use crate::report::render::sheet_rows;
use calculation_sheets::{CalculationSheets, SheetNames};
use cell_formats::CellFormats;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, XlsxError};
use sheet_writer::SheetPictures;

/// Chapters that are printed; each takes one page, and the front sheet one more.
const PRINTED_CHAPTERS_MAX: usize = 11;
/// Largest length of a sheet name, characters (limit of Excel).
const SHEET_NAME_MAX: usize = 31;

/// Renders the whole report as a workbook.
pub(crate) fn render_xlsx(show: &RenderContext<'_>) -> Result<Vec<u8>, XlsxError> {
    let document = show.document;
    let mut book = Workbook::new();
    let issued = ExcelDateTime::from_timestamp(document.issued.0.div_euclid(1000))?;
    let properties = DocProperties::new()
        .set_title(&document.title)
        .set_subject(format!("{}, {}", document.site.name, document.period.name))
        .set_author("Pantau")
        // Time of issue and not the clock, so that the same report has the same bytes.
        .set_creation_datetime(&issued);
    book.set_properties(&properties);
    let names = sheet_names(show);
    write_front_sheet(&mut book, show, &names)?;
    for (index, section) in document.sections.iter().enumerate() {
        let worksheet = book.add_worksheet();
        worksheet.set_name(&names[index + 1])?;
        let pictures = SheetPictures {
            charts: section_charts(section),
            photos: section_photos(section),
        };
        let rows = sheet_rows::section_rows(show, index);
        let is_printed = !section.annex && index < PRINTED_CHAPTERS_MAX;
        let look = (&pictures, is_printed);
        sheet_writer::write_sheet(worksheet, show, &names[index + 1], &rows, look)?;
    }
    write_calculations(&mut book, show, &names)?;
    book.save_to_buffer()
}

/// Writes the sheets with the calculations of the figures, and names their values.
fn write_calculations(
    book: &mut Workbook,
    show: &RenderContext<'_>,
    names: &[String],
) -> Result<(), XlsxError> {
    let all = &show.document.calculations;
    let [.., calculations, parts] = names else {
        return Ok(());
    };
    if all.is_empty() {
        return Ok(());
    }
    let own = SheetNames {
        calculations,
        parts,
    };
    let mut sheets = CalculationSheets::new(show, own, all)?;
    for one in all {
        sheets.write_figure(one)?;
    }
    for (name, cell) in sheets.defined_names(all) {
        book.define_name(name, &cell)?;
    }
    for mut sheet in sheets.finish() {
        cell_formats::set_print_page(&mut sheet);
        cell_formats::print_nothing(&mut sheet)?;
        book.push_worksheet(sheet);
    }
    Ok(())
}

fn section_photos(section: &ReportSection) -> Vec<&ReportPhoto> {
    let mut photos = Vec::new();
    for block in &section.blocks {
        if let ReportBlock::Photo(photo) = block {
            photos.push(photo);
        }
    }
    photos
}

fn section_charts(section: &ReportSection) -> Vec<&ReportChart> {
    let mut charts = Vec::new();
    for block in &section.blocks {
        if let ReportBlock::Chart(chart) = block {
            charts.push(chart);
        }
    }
    charts
}

/// Writes the first sheet: properties of the report and a list of its sheets.
fn write_front_sheet(
    book: &mut Workbook,
    show: &RenderContext<'_>,
    names: &[String],
) -> Result<(), XlsxError> {
    let worksheet = book.add_worksheet();
    worksheet.set_name(&names[0])?;
    worksheet.set_column_width(0, 26.0)?;
    worksheet.set_column_width(1, 80.0)?;
    worksheet.write_with_format(0, 0, &show.document.title, &CellFormats::title())?;
    let mut row = 2;
    for (word, value) in sheet_rows::report_properties(show) {
        worksheet.write_with_format(row, 0, &word, &CellFormats::faint())?;
        worksheet.write_with_format(row, 1, &value, &CellFormats::text())?;
        row += 1;
    }
    row += 1;
    worksheet.write_with_format(
        row,
        0,
        show.translate("report-contents"),
        &CellFormats::heading(),
    )?;
    let sections = names.iter().skip(1).take(show.document.sections.len());
    for (index, name) in sections.enumerate() {
        row += 1;
        worksheet.write_with_format(row, 0, name, &CellFormats::text())?;
        worksheet.write_with_format(
            row,
            1,
            show.document.section_heading(index),
            &CellFormats::text(),
        )?;
    }
    cell_formats::set_print_page(worksheet);
    Ok(())
}

/// Returns the sheet names, the front sheet first: short, allowed and unique.
fn sheet_names(show: &RenderContext<'_>) -> Vec<String> {
    let mut names = vec![allowed_sheet_name(&show.translate("report-tab"))];
    let sections = show
        .document
        .sections
        .iter()
        .map(|section| match &*section.tab {
            "" => section.title.clone(),
            tab => tab.to_owned(),
        });
    let own = ["calculations", "parts"];
    let own = own.map(|one| show.translate(&format!("report-sheet-{one}")));
    let own = own
        .into_iter()
        .filter(|_| !show.document.calculations.is_empty());
    for (index, wish) in sections.chain(own).enumerate() {
        let wish = &wish;
        let mut name = allowed_sheet_name(wish);
        let taken = |name: &str| {
            names
                .iter()
                // Excel compares sheet names without regard to case.
                .any(|n| n.to_lowercase() == name.to_lowercase())
        };
        if name.is_empty() || taken(&name) {
            let number = format!(" {}", index + 1);
            let room = SHEET_NAME_MAX - number.len();
            // A number of its own makes the name unique, also after it was cut.
            name = name.chars().take(room).collect::<String>() + &number;
        }
        names.push(name);
    }
    names
}

fn allowed_sheet_name(wish: &str) -> String {
    // Excel refuses to open a workbook with these characters in a sheet name.
    let forbidden = ['[', ']', ':', '*', '?', '/', '\\', '\''];
    let safe = |c: char| {
        if forbidden.contains(&c) || c.is_control() {
            ' '
        } else {
            c
        }
    };
    let name: String = wish.chars().map(safe).take(SHEET_NAME_MAX).collect();
    name.trim().to_owned()
}
