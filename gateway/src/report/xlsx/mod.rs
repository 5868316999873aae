//! The report as a workbook: a sheet a section, real numbers and dates, totals as formulas with
//! their result, the workbook's own plots.
//!
//! Sheets are held in memory: the temporary files of the library's constant-memory mode would need
//! a writable directory, and 10 000 rows cost some megabytes.

mod look;
mod plot;
mod sheet;

use crate::report::chart::Chart;
use crate::report::document::{Block, Section};
use crate::report::format;
use crate::report::photo::Photo;
use crate::report::rows;
use crate::report::show::Show;
use look::Look;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, XlsxError};
use sheet::Pictures;

/// Characters of a sheet's name at most.
const NAME_MAX: usize = 31;

/// The whole report.
pub(crate) fn render(show: &Show<'_>) -> Result<Vec<u8>, XlsxError> {
    let document = show.document;
    let mut book = Workbook::new();
    let issued = ExcelDateTime::from_timestamp(document.issued.0.div_euclid(1000))?;
    let properties = DocProperties::new()
        .set_title(&document.title)
        .set_subject(format!("{}, {}", document.site.name, document.period.name))
        .set_author("Pantau")
        .set_creation_datetime(&issued);
    book.set_properties(&properties);
    let names = names(show);
    front(&mut book, show, &names)?;
    for (index, section) in document.sections.iter().enumerate() {
        let worksheet = book.add_worksheet();
        worksheet.set_name(&names[index + 1])?;
        let pictures = Pictures {
            charts: charts(section),
            photos: photos(section),
        };
        let rows = rows::of(show, index);
        sheet::write(worksheet, show, &names[index + 1], &rows, &pictures)?;
    }
    book.save_to_buffer()
}

fn photos(section: &Section) -> Vec<&Photo> {
    let mut photos = Vec::new();
    for block in &section.blocks {
        if let Block::Photo(photo) = block {
            photos.push(photo);
        }
    }
    photos
}

fn charts(section: &Section) -> Vec<&Chart> {
    let mut charts = Vec::new();
    for block in &section.blocks {
        if let Block::Chart(chart) = block {
            charts.push(chart);
        }
    }
    charts
}

/// What the report is, and a list of its sheets.
fn front(book: &mut Workbook, show: &Show<'_>, names: &[String]) -> Result<(), XlsxError> {
    let worksheet = book.add_worksheet();
    worksheet.set_name(&names[0])?;
    worksheet.set_column_width(0, 26.0)?;
    worksheet.set_column_width(1, 80.0)?;
    worksheet.write_with_format(0, 0, &show.document.title, &Look::title())?;
    let mut row = 2;
    for (word, value) in rows::about(show) {
        worksheet.write_with_format(row, 0, &word, &Look::faint())?;
        worksheet.write_with_format(row, 1, &value, &Look::text())?;
        row += 1;
    }
    row += 1;
    worksheet.write_with_format(row, 0, show.word("report-contents"), &Look::heading())?;
    for (index, name) in names.iter().skip(1).enumerate() {
        row += 1;
        worksheet.write_with_format(row, 0, name, &Look::text())?;
        worksheet.write_with_format(row, 1, show.document.heading(index), &Look::text())?;
    }
    look::page(worksheet);
    Ok(())
}

/// The sheets' names: the front first, then a section each; short, allowed and different.
fn names(show: &Show<'_>) -> Vec<String> {
    let mut names = vec![allowed(&show.word("report-tab"))];
    for (index, section) in show.document.sections.iter().enumerate() {
        let wish = if section.tab.is_empty() {
            &section.title
        } else {
            &section.tab
        };
        let mut name = allowed(wish);
        let taken = |name: &str| {
            names
                .iter()
                .any(|n| n.to_lowercase() == name.to_lowercase())
        };
        if name.is_empty() || taken(&name) {
            let number = format!(" {}", index + 1);
            let room = NAME_MAX - number.len();
            name = name.chars().take(room).collect::<String>() + &number;
        }
        names.push(name);
    }
    names
}

fn allowed(wish: &str) -> String {
    let forbidden = ['[', ']', ':', '*', '?', '/', '\\', '\''];
    let safe = |c: char| {
        if forbidden.contains(&c) || c.is_control() {
            ' '
        } else {
            c
        }
    };
    let name: String = wish.chars().map(safe).take(NAME_MAX).collect();
    name.trim().to_owned()
}

/// A local moment as a workbook holds it.
fn moment(show: &Show<'_>, at: crate::model::UtcMs) -> Result<ExcelDateTime, XlsxError> {
    let (local, _) = format::local(at, &show.document.zone);
    day(local.date())?.and_hms(
        u16::from(local.hour().unsigned_abs()),
        local.minute().unsigned_abs(),
        f64::from(local.second()),
    )
}

/// A day as a workbook holds it.
fn day(date: jiff::civil::Date) -> Result<ExcelDateTime, XlsxError> {
    let (year, month, day) = (date.year(), date.month(), date.day());
    ExcelDateTime::from_ymd(
        year.unsigned_abs(),
        month.unsigned_abs(),
        day.unsigned_abs(),
    )
}
