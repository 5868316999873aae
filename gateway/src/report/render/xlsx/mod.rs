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
mod print_page;
mod sheet_layout;
mod sheet_writer;
mod workbook_rows;

use crate::report::render::chart::ReportChart;
use crate::report::render::document::{ReportBlock, ReportSection};
use crate::report::render::font_metrics::FontFace;
use crate::report::render::photo::ReportPhoto;
use crate::report::render::render_context::RenderContext;
use crate::report::render::sheet_rows;
use crate::report::render::table::count_as_f64;
use calculation_sheets::{CalculationSheets, SheetNames};
use cell_formats::CellFormats;
use print_page::PageShape;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, FormatAlign, Workbook, XlsxError};
use sheet_layout::{LINE_HEIGHT, characters, wrapped_lines};
use sheet_writer::SheetPictures;

/// Chapters that are printed; each takes one page, and the front sheet one more.
const PRINTED_CHAPTERS_MAX: usize = 11;
/// Largest width of the labels of the first sheet, characters.
const FRONT_LABEL_MAX: f64 = 44.0;
/// Height of a row and width of a column that nothing sets, pixels.
const ROW_PIXELS: u32 = 17;
const COLUMN_PIXELS: u32 = 64;
/// Largest length of a sheet name, characters (limit of Excel).
const SHEET_NAME_MAX: usize = 31;

/// Renders the whole report as a workbook.
pub(crate) fn render_xlsx(show: &RenderContext<'_>) -> Result<Vec<u8>, XlsxError> {
    let document = show.document;
    let mut book = Workbook::new();
    // Columns are measured in digits of this font.
    book.set_default_format(&CellFormats::text(), ROW_PIXELS, COLUMN_PIXELS)?;
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
        let rows = workbook_rows::workbook_rows(show, index);
        let look = (&pictures, is_printed(section, index));
        sheet_writer::write_sheet(worksheet, show, &names[index + 1], &rows, look)?;
    }
    write_calculations(&mut book, show, &names)?;
    book.save_to_buffer()
}

fn is_printed(section: &ReportSection, index: usize) -> bool {
    !section.annex && index < PRINTED_CHAPTERS_MAX
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
        print_page::set_page(&mut sheet, PageShape::Lying, "");
        print_page::print_nothing(&mut sheet)?;
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
    let properties = sheet_rows::report_properties(show);
    let own = names.iter().skip(1).take(show.document.sections.len());
    let contents = own.enumerate().map(|(index, name)| {
        let heading = show.document.section_heading(index);
        let sections = &show.document.sections;
        let printed = sections
            .get(index)
            .is_some_and(|one| is_printed(one, index));
        let said = if printed {
            heading
        } else {
            format!("{heading} ({})", show.translate("report-not-printed"))
        };
        (name.clone(), said)
    });
    let contents: Vec<(String, String)> = contents.collect();
    let labels = properties.iter().chain(&contents).map(|(label, _)| label);
    let wide = labels.map(|label| characters(FontFace::Regular, label));
    let first = wide.fold(0.0, f64::max).min(FRONT_LABEL_MAX) + 1.5;
    let second = PageShape::Upright.characters(2) - first;
    let worksheet = book.add_worksheet();
    worksheet.set_name(&names[0])?;
    worksheet.set_column_width(0, first)?;
    worksheet.set_column_width(1, second)?;
    worksheet.write_with_format(0, 0, &show.document.title, &CellFormats::title())?;
    let mut row = 2;
    let mut write_pair = |row: u32, pair: &(String, String), label: &Format| {
        let lines = [(&pair.0, first), (&pair.1, second)]
            .map(|(text, width)| wrapped_lines(FontFace::Regular, text, width));
        let height = count_as_f64(lines[0].max(lines[1])) * LINE_HEIGHT;
        worksheet.set_row_height(row, height)?;
        let wrapped = |format: &Format| format.clone().set_text_wrap().set_align(FormatAlign::Top);
        // As strings: a name such as `=1+1` stays a text.
        worksheet.write_string_with_format(row, 0, &pair.0, &wrapped(label))?;
        let text = wrapped(&CellFormats::text());
        worksheet.write_string_with_format(row, 1, &pair.1, &text)?;
        Ok::<(), XlsxError>(())
    };
    for pair in &properties {
        write_pair(row, pair, &CellFormats::faint())?;
        row += 1;
    }
    row += 1;
    let head = row;
    for pair in &contents {
        row += 1;
        write_pair(row, pair, &CellFormats::text())?;
    }
    let title = show.translate("report-contents");
    worksheet.write_with_format(head, 0, title, &CellFormats::heading())?;
    print_page::set_page(worksheet, PageShape::Upright, "");
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
