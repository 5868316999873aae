//! A section's rows on a sheet.

use super::look::{self, Look};
use super::plot::{self, Area};
use super::{day, moment};
use crate::report::chart::Chart;
use crate::report::csv::marked;
use crate::report::format;
use crate::report::photo::Photo;
use crate::report::rows::{Cell, Row, Sum};
use crate::report::show::Show;
use crate::report::table::Total;
use crate::report::value::{Kind, Value};
use rust_xlsxwriter::{Formula, Image, Worksheet, XlsxError, utility};

/// Characters of a cell at most; a workbook with more does not open.
const CELL_CHARS_MAX: usize = 32_767;
/// The longer side of a photo, pixels.
const PHOTO_SIDE: u32 = 480;
const WIDTH_MIN: usize = 9;
const WIDTH_MAX: usize = 46;

/// What is drawn on a sheet, in reading order.
pub(super) struct Pictures<'a> {
    pub(super) charts: Vec<&'a Chart>,
    pub(super) photos: Vec<&'a Photo>,
}

struct Sheet<'a, 'b> {
    worksheet: &'a mut Worksheet,
    show: &'a Show<'b>,
    look: Look,
    row: u32,
    /// Where the last head stands, and how many columns it has.
    head: (u32, u16),
    /// First free row beside the tables for the next plot.
    free: u32,
}

/// Writes `rows` of the sheet `name`, and plots beside their numbers.
pub(super) fn write(
    worksheet: &mut Worksheet,
    show: &Show<'_>,
    name: &str,
    rows: &[Row],
    pictures: &Pictures<'_>,
) -> Result<(), XlsxError> {
    for (column, width) in widths(show, rows).into_iter().enumerate() {
        worksheet.set_column_width(number(column), f64::from(width))?;
    }
    freeze(worksheet, rows)?;
    look::page(worksheet);
    let mut sheet = Sheet {
        worksheet,
        show,
        look: Look::new(show.lang()),
        row: 0,
        head: (0, 0),
        free: 0,
    };
    for row in rows {
        sheet.write(name, row, pictures)?;
    }
    Ok(())
}

impl Sheet<'_, '_> {
    fn write(&mut self, name: &str, row: &Row, pictures: &Pictures<'_>) -> Result<(), XlsxError> {
        match row {
            Row::Title(text) => self.words(0, text, &Look::title())?,
            Row::Heading(text) => self.words(0, text, &Look::heading())?,
            Row::Text(text) => self.words(0, text, &Look::text())?,
            Row::Callout(title, text) => {
                self.words(0, title, &Look::heading())?;
                self.row += 1;
                self.words(0, text, &Look::text())?;
            }
            Row::Note(number, text) => {
                self.words(0, &format!("[{number}] {text}"), &Look::faint())?;
            }
            Row::Head(heads, _) => self.heads(heads)?,
            Row::Data(cells) => self.cells(cells)?,
            Row::Total(sums) => self.sums(sums)?,
            Row::Plot(index) => {
                if let Some(chart) = pictures.charts.get(*index) {
                    self.plot(name, chart)?;
                }
                return Ok(());
            }
            Row::Photo(index, name, hash) => {
                self.words(0, name, &Look::heading())?;
                self.row += 1;
                self.words(0, hash, &Look::faint())?;
                self.row += 1;
                if let Some(photo) = pictures.photos.get(*index) {
                    self.photo(photo)?;
                }
            }
            Row::Blank => {}
        }
        self.row += 1;
        Ok(())
    }

    fn words(
        &mut self,
        column: u16,
        text: &str,
        format: &rust_xlsxwriter::Format,
    ) -> Result<(), XlsxError> {
        let cut: String = text.chars().take(CELL_CHARS_MAX).collect();
        self.worksheet
            .write_string_with_format(self.row, column, &cut, format)?;
        Ok(())
    }

    fn heads(&mut self, heads: &[String]) -> Result<(), XlsxError> {
        self.head = (self.row, number(heads.len()));
        for (column, head) in heads.iter().enumerate() {
            self.words(number(column), head, &Look::head())?;
        }
        Ok(())
    }

    fn cells(&mut self, cells: &[Cell]) -> Result<(), XlsxError> {
        for (column, cell) in cells.iter().enumerate() {
            self.cell(number(column), cell)?;
        }
        Ok(())
    }

    fn cell(&mut self, column: u16, cell: &Cell) -> Result<(), XlsxError> {
        let format = self.look.cell(&cell.kind);
        let row = self.row;
        match &cell.value {
            Value::Number(value) => {
                let value = cell.kind.settle(*value);
                self.worksheet
                    .write_number_with_format(row, column, value, &format)?;
            }
            Value::Date(date) => {
                self.worksheet
                    .write_datetime_with_format(row, column, day(*date)?, &format)?;
            }
            Value::Time(at) => {
                let at = moment(self.show, *at)?;
                self.worksheet
                    .write_datetime_with_format(row, column, at, &format)?;
            }
            Value::Text(text) => self.words(column, text, &format)?,
            Value::Missing(_) => {
                let shown = self.show.cell(&cell.value, &cell.kind);
                let text = marked(&shown.text, shown.note);
                self.words(column, &text, &Look::missing())?;
            }
            Value::Empty => {}
        }
        Ok(())
    }

    fn sums(&mut self, sums: &[Sum]) -> Result<(), XlsxError> {
        for (column, sum) in sums.iter().enumerate() {
            let column = number(column);
            match sum {
                Sum::Label(text) => self.words(column, text, &self.look.total(&Kind::Text))?,
                Sum::None => {
                    let format = self.look.total(&Kind::Text);
                    self.worksheet.write_blank(self.row, column, &format)?;
                }
                Sum::Of {
                    total,
                    value: Some(value),
                    kind,
                    rows,
                    ..
                } => self.formula(column, *total, *value, kind, *rows)?,
                Sum::Of { note, .. } => {
                    let text = marked(format::NONE, *note);
                    self.words(column, &text, &Look::missing())?;
                }
            }
        }
        Ok(())
    }

    /// A total that a reader can follow, with the result that the other formats print.
    fn formula(
        &mut self,
        column: u16,
        total: Total,
        value: f64,
        kind: &Kind,
        rows: usize,
    ) -> Result<(), XlsxError> {
        let first = self.row - u32::try_from(rows).unwrap_or(self.row);
        let name = match total {
            Total::Sum => "SUM",
            Total::Mean => "AVERAGE",
        };
        let range = utility::cell_range(first, column, self.row - 1, column);
        let formula = Formula::new(format!("={name}({range})")).set_result(value.to_string());
        let format = self.look.total(kind);
        self.worksheet
            .write_formula_with_format(self.row, column, formula, &format)?;
        Ok(())
    }

    /// A photo below its name; a cell is 20 pixels high. A workbook shows it as it is stored.
    fn photo(&mut self, photo: &Photo) -> Result<(), XlsxError> {
        let image = Image::new_from_buffer(&photo.picture.bytes)?
            .set_scale_to_size(PHOTO_SIDE, PHOTO_SIDE, true)
            .set_alt_text(&photo.name);
        self.worksheet.insert_image(self.row, 0, &image)?;
        self.row += PHOTO_SIDE / 20;
        Ok(())
    }

    fn plot(&mut self, name: &str, chart: &Chart) -> Result<(), XlsxError> {
        let (head, columns) = self.head;
        let area = Area {
            sheet: name,
            head,
            last: self.row.saturating_sub(1),
            columns,
        };
        if area.last <= head {
            return Ok(());
        }
        let at = self.free.max(head);
        self.free = plot::insert(self.worksheet, chart, &area, at)?;
        Ok(())
    }
}

/// A sheet with one table keeps its head in view, another one its title.
fn freeze(worksheet: &mut Worksheet, rows: &[Row]) -> Result<(), XlsxError> {
    let is_head = |row: &&Row| matches!(row, Row::Head(..));
    let heads = rows.iter().filter(is_head).count();
    let before = rows.iter().take_while(|row| !is_head(row));
    let above: usize = before
        .map(|row| 1 + usize::from(matches!(row, Row::Callout(..))))
        .sum();
    let row = if heads == 1 { above + 1 } else { 1 };
    // A head far down would leave no room to scroll.
    let row = if row > 12 { 1 } else { row };
    worksheet.set_freeze_panes(u32::try_from(row).unwrap_or(1), 0)?;
    Ok(())
}

/// Characters of the widest cell of each column, within reason.
fn widths(show: &Show<'_>, rows: &[Row]) -> Vec<u16> {
    let mut widths: Vec<usize> = Vec::new();
    let mut widen = |column: usize, chars: usize| {
        if widths.len() <= column {
            widths.resize(column + 1, WIDTH_MIN);
        }
        widths[column] = widths[column].max(chars.min(WIDTH_MAX));
    };
    for row in rows {
        match row {
            Row::Head(heads, _) => {
                for (column, head) in heads.iter().enumerate() {
                    let words = head.split(' ').map(|word| word.chars().count());
                    widen(column, words.max().unwrap_or(0) + 2);
                }
            }
            Row::Data(cells) => {
                for (column, cell) in cells.iter().enumerate() {
                    let spare = if cell.kind == Kind::Date { 8 } else { 3 };
                    let shown = show.cell(&cell.value, &cell.kind);
                    widen(column, shown.text.chars().count() + spare);
                }
            }
            Row::Total(sums) => {
                for (column, sum) in sums.iter().enumerate() {
                    if let Sum::Of {
                        value: Some(value),
                        kind,
                        ..
                    } = sum
                    {
                        let shown = show.cell(&Value::Number(*value), kind);
                        widen(column, shown.text.chars().count() + 3);
                    }
                }
            }
            _ => {}
        }
    }
    let width = |width: usize| u16::try_from(width).unwrap_or(9);
    widths.into_iter().map(width).collect()
}

/// A column's number; a report has far fewer than a workbook can hold.
fn number(column: usize) -> u16 {
    u16::try_from(column).unwrap_or(u16::MAX)
}
