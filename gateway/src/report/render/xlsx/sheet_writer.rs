//! Writer of a section's rows onto a sheet.

use super::cell_formats::CellFormats;
use super::excel_dates::{excel_date, excel_datetime};
use super::native_chart::{self, ChartRange};
use super::print_page;
use super::sheet_layout::{PHOTO_SIDE, SheetPlan, column_number, plan_sheet, spanning_rows};
use crate::report::render::calculation::calculation_of;
use crate::report::render::cell_value::{CellValue, NumberFormat, RoundingMode, ValueKind};
use crate::report::render::chart::ReportChart;
use crate::report::render::csv::with_footnote_mark;
use crate::report::render::number_format;
use crate::report::render::photo::ReportPhoto;
use crate::report::render::render_context::RenderContext;
use crate::report::render::sheet_rows::{PlotPlace, ReportCell, SheetRow, TotalCell};
use crate::report::render::table::ColumnTotalKind;
use rust_xlsxwriter::{FormatAlign, Formula, Image, Worksheet, XlsxError, utility};

/// Largest length of a text in a cell, characters; Excel does not open a workbook with more.
const CELL_CHARS_MAX: usize = 32_767;
/// Most zeros at the end of a rounded whole number.
const ROUNDED_ZEROS_MAX: i32 = 9;

/// Plots and photos of a sheet, in reading order.
pub(crate) struct SheetPictures<'a> {
    pub(crate) charts: Vec<&'a ReportChart>,
    pub(crate) photos: Vec<&'a ReportPhoto>,
}

struct SheetWriter<'a, 'b> {
    worksheet: &'a mut Worksheet,
    show: &'a RenderContext<'b>,
    look: CellFormats,
    plan: &'a SheetPlan,
    row: u32,
    /// The last cell of the row goes over the free columns.
    spans: bool,
    /// Row of the last table head.
    head: u32,
    /// Plots that are placed so far.
    plots: usize,
}

/// Writes `rows` onto the sheet `name`, with plots beside their numbers. The sheet is printed on
/// one page, or not at all.
pub(crate) fn write_sheet(
    worksheet: &mut Worksheet,
    show: &RenderContext<'_>,
    name: &str,
    rows: &[SheetRow],
    (pictures, is_printed): (&SheetPictures<'_>, bool),
) -> Result<(), XlsxError> {
    let is_coloured = |plot: usize| {
        let chart = pictures.charts.get(plot);
        chart.is_none_or(|chart| native_chart::is_coloured(chart.form))
    };
    let plan = plan_sheet(show, rows, &is_coloured);
    for (column, width) in plan.widths.iter().enumerate() {
        worksheet.set_column_width(column_number(column), *width)?;
    }
    // Every row: programs measure a row otherwise, and draw what does not fit over the next one.
    for (row, height) in (0..).zip(&plan.heights) {
        worksheet.set_row_height(row, *height)?;
    }
    freeze_panes(worksheet, rows)?;
    let mut sheet = SheetWriter {
        worksheet,
        show,
        look: CellFormats::new(show.lang()),
        plan: &plan,
        row: 0,
        spans: false,
        head: 0,
        plots: 0,
    };
    let spans = spanning_rows(rows);
    for ((row, start), spans) in rows.iter().zip(&plan.starts).zip(spans) {
        sheet.row = *start;
        sheet.spans = spans;
        sheet.write_row(name, row, pictures)?;
    }
    print_page::set_page(worksheet, plan.printed.page, &cut_text(show, &plan));
    if is_printed {
        print_page::print_part(worksheet, &plan.printed)
    } else {
        print_page::print_nothing(worksheet)
    }
}

/// Sentence on the rows and columns of a sheet that are not printed; empty when all are.
fn cut_text(show: &RenderContext<'_>, plan: &SheetPlan) -> String {
    let (rows, columns) = (plan.printed.cut_rows(), plan.printed.cut_columns());
    let rows = rows.map(|(last, all)| [last, all].map(|row| row.to_string()));
    let key = match (&rows, &columns) {
        (Some(_), Some(_)) => "report-printed-both",
        (Some(_), None) => "report-printed-rows",
        (None, Some(_)) => "report-printed-columns",
        (None, None) => return String::new(),
    };
    let [last, count] = rows.unwrap_or_default();
    let (letters, end) = columns.unwrap_or_default();
    let args = [
        ("row", &*last),
        ("rows", &*count),
        ("column", &*letters),
        ("columns", &*end),
    ];
    show.lang().text_with(key, &args)
}

impl SheetWriter<'_, '_> {
    fn write_row(
        &mut self,
        name: &str,
        row: &SheetRow,
        pictures: &SheetPictures<'_>,
    ) -> Result<(), XlsxError> {
        match row {
            SheetRow::Title(text) => self.write_text(0, text, &CellFormats::title())?,
            SheetRow::Heading(text) => self.write_text(0, text, &CellFormats::heading())?,
            SheetRow::Text(text) => self.write_running_text(text, &CellFormats::text())?,
            SheetRow::Callout(title, text) => {
                self.write_text(0, title, &CellFormats::heading())?;
                self.row += 1;
                self.write_running_text(text, &CellFormats::text())?;
            }
            SheetRow::Note(number, text) => {
                self.write_running_text(&format!("[{number}] {text}"), &CellFormats::faint())?;
            }
            SheetRow::Head(heads, _) => self.write_heads(heads)?,
            SheetRow::Data(cells) => self.write_cells(cells)?,
            SheetRow::Total(sums) => self.write_totals(sums)?,
            SheetRow::Plot(plot) => {
                if let Some(chart) = pictures.charts.get(plot.chart) {
                    self.insert_plot(name, chart, plot)?;
                }
            }
            SheetRow::Photo(index, name, hash) => {
                self.write_text(0, name, &CellFormats::heading())?;
                self.row += 1;
                self.write_text(0, hash, &CellFormats::faint())?;
                self.row += 1;
                if let Some(photo) = pictures.photos.get(*index) {
                    self.insert_photo(photo)?;
                }
            }
            SheetRow::Blank => {}
        }
        Ok(())
    }

    fn write_text(
        &mut self,
        column: u16,
        text: &str,
        format: &rust_xlsxwriter::Format,
    ) -> Result<(), XlsxError> {
        let cut: String = text.chars().take(CELL_CHARS_MAX).collect();
        self.worksheet
            // As a string and never by guessing: a text such as `=1+1` must stay a text.
            .write_string_with_format(self.row, column, &cut, format)?;
        Ok(())
    }

    /// Writes a text over several columns and as many lines as it needs, so that it neither runs
    /// below a plot nor out of the printed page.
    fn write_running_text(
        &mut self,
        text: &str,
        format: &rust_xlsxwriter::Format,
    ) -> Result<(), XlsxError> {
        let columns = self.plan.text_columns;
        if columns < 2 {
            return self.write_text(0, text, format);
        }
        let cut: String = text.chars().take(CELL_CHARS_MAX).collect();
        let format = format.clone().set_text_wrap().set_align(FormatAlign::Top);
        let (row, last) = (self.row, columns - 1);
        self.worksheet
            .merge_range(row, 0, row, last, &cut, &format)?;
        Ok(())
    }

    /// Lets the last of so many cells go over the columns that its table does not have.
    fn span_last(
        &mut self,
        cells: usize,
        text: &str,
        format: &rust_xlsxwriter::Format,
    ) -> Result<(), XlsxError> {
        let (column, end) = (
            column_number(cells.saturating_sub(1)),
            self.plan.text_columns,
        );
        if self.spans && column + 1 < end {
            let cut: String = text.chars().take(CELL_CHARS_MAX).collect();
            let row = self.row;
            self.worksheet
                .merge_range(row, column, row, end - 1, &cut, format)?;
        }
        Ok(())
    }

    fn write_heads(&mut self, heads: &[String]) -> Result<(), XlsxError> {
        self.head = self.row;
        for (column, head) in heads.iter().enumerate() {
            self.write_text(column_number(column), head, &CellFormats::head())?;
        }
        match heads.last() {
            Some(head) => self.span_last(heads.len(), head, &CellFormats::head()),
            None => Ok(()),
        }
    }

    fn write_cells(&mut self, cells: &[ReportCell]) -> Result<(), XlsxError> {
        for (column, cell) in cells.iter().enumerate() {
            self.write_cell(column_number(column), cell)?;
        }
        match cells.last() {
            Some(cell) => match &cell.value {
                CellValue::Text(text) => {
                    let format = self.look.cell(&cell.kind);
                    self.span_last(cells.len(), text, &format)
                }
                _ => Ok(()),
            },
            None => Ok(()),
        }
    }

    fn write_cell(&mut self, column: u16, cell: &ReportCell) -> Result<(), XlsxError> {
        let format = self.look.cell(&cell.kind);
        let row = self.row;
        match &cell.value {
            CellValue::Number(value) if self.write_figure(column, *value, cell)? => {}
            CellValue::Number(value) => {
                // A claim is stored as rounded, so that the formula adds up the printed numbers.
                let value = cell.kind.settle(*value);
                self.worksheet
                    .write_number_with_format(row, column, value, &format)?;
            }
            CellValue::Date(date) => {
                self.worksheet.write_datetime_with_format(
                    row,
                    column,
                    excel_date(*date)?,
                    &format,
                )?;
            }
            CellValue::Time(at) => {
                let at = excel_datetime(self.show, *at)?;
                self.worksheet
                    .write_datetime_with_format(row, column, at, &format)?;
            }
            CellValue::Text(text) => self.write_text(column, text, &format)?,
            CellValue::Missing(_) => {
                let shown = self.show.cell_text(&cell.value, &cell.kind);
                // A text and not 0: SUM and AVERAGE leave it out.
                let text = with_footnote_mark(&shown.text, shown.note);
                self.write_text(column, &text, &CellFormats::missing())?;
            }
            CellValue::Empty => {}
        }
        Ok(())
    }

    /// Writes the value of a figure as a formula over its calculation, with its result; `false`
    /// where it has none.
    fn write_figure(
        &mut self,
        column: u16,
        value: f64,
        cell: &ReportCell,
    ) -> Result<bool, XlsxError> {
        let all = &self.show.document.calculations;
        let key = cell.figure.as_deref();
        let found = key.and_then(|key| calculation_of(all, key));
        let Some(found) = found else {
            return Ok(false);
        };
        let (name, settled) = (found.defined_name(), cell.kind.settle(value));
        let formula = if found.value.to_bits() == value.to_bits() {
            rounded_formula(&name, &cell.kind, value, settled)
        } else {
            printed_formula(&name, found.value, settled)
        };
        let Some(formula) = formula else {
            return Ok(false);
        };
        let formula = Formula::new(formula).set_result(settled.to_string());
        let format = self.look.cell(&cell.kind);
        self.worksheet
            .write_formula_with_format(self.row, column, formula, &format)?;
        Ok(true)
    }

    fn write_totals(&mut self, sums: &[TotalCell]) -> Result<(), XlsxError> {
        for (column, sum) in sums.iter().enumerate() {
            let column = column_number(column);
            match sum {
                TotalCell::Label(text) => {
                    self.write_text(column, text, &self.look.total(&ValueKind::Text))?;
                }
                TotalCell::None => {
                    let format = self.look.total(&ValueKind::Text);
                    self.worksheet.write_blank(self.row, column, &format)?;
                }
                TotalCell::Total {
                    total,
                    value: Some(value),
                    kind,
                    rows,
                    ..
                } => self.write_formula(column, *total, *value, kind, *rows)?,
                TotalCell::Total { note, .. } => {
                    let text = with_footnote_mark(number_format::NO_VALUE, *note);
                    self.write_text(column, &text, &CellFormats::missing())?;
                }
            }
        }
        Ok(())
    }

    /// Writes a total as a formula, with the result that the other formats print.
    fn write_formula(
        &mut self,
        column: u16,
        total: ColumnTotalKind,
        value: f64,
        kind: &ValueKind,
        rows: usize,
    ) -> Result<(), XlsxError> {
        let first = self.row - u32::try_from(rows).unwrap_or(self.row);
        // Viewers that do not compute formulas show the stored result.
        let name = match total {
            ColumnTotalKind::Sum => "SUM",
            ColumnTotalKind::Mean => "AVERAGE",
        };
        let range = utility::cell_range(first, column, self.row - 1, column);
        let formula = Formula::new(format!("={name}({range})")).set_result(value.to_string());
        let format = self.look.total(kind);
        self.worksheet
            .write_formula_with_format(self.row, column, formula, &format)?;
        Ok(())
    }

    /// Inserts a photo below its name, as stored (not rotated).
    fn insert_photo(&mut self, photo: &ReportPhoto) -> Result<(), XlsxError> {
        let image = Image::new_from_buffer(&photo.picture.bytes)?
            .set_scale_to_size(PHOTO_SIDE, PHOTO_SIDE, true)
            .set_alt_text(&photo.name);
        self.worksheet.insert_image(self.row, 0, &image)?;
        Ok(())
    }

    fn insert_plot(
        &mut self,
        name: &str,
        chart: &ReportChart,
        plot: &PlotPlace,
    ) -> Result<(), XlsxError> {
        let columns: Vec<u16> = plot.columns.iter().copied().map(column_number).collect();
        let area = ChartRange {
            sheet: name,
            head: self.head,
            last: self.head + u32::try_from(plot.steps).unwrap_or(0),
            columns: &columns,
        };
        if area.last <= area.head || native_chart::colour_numbers(self.worksheet, chart, &area)? {
            return Ok(());
        }
        let Some(spot) = self.plan.plots.get(self.plots) else {
            return Ok(());
        };
        self.plots += 1;
        let spot = (spot.at, spot.column, spot.width);
        native_chart::place_plot(self.worksheet, chart, &area, spot)
    }
}

/// Formula that gives the settled value of a figure; `None` where a spreadsheet rounds otherwise.
fn rounded_formula(name: &str, kind: &ValueKind, value: f64, settled: f64) -> Option<String> {
    let ValueKind::Number(measure) = kind else {
        return Some(format!("={name}"));
    };
    let last_digit = 10_f64.powi(-i32::from(measure.decimals));
    let (function, cut) = match measure.rounding {
        RoundingMode::Nearest => return Some(format!("={name}")),
        RoundingMode::Down => ("ROUNDDOWN", value - settled),
        RoundingMode::Up => ("ROUNDUP", settled - value),
    };
    // Both functions go by the distance from zero, and know no tolerance for binary fractions.
    let is_same = value >= 0.0 && (0.0..last_digit).contains(&cut);
    is_same.then(|| format!("={function}({name},{})", measure.decimals))
}

/// Formula that rounds the exact value of a figure to the printed one; `None` where no rounding to
/// a decimal place gives it.
fn printed_formula(name: &str, exact: f64, printed: f64) -> Option<String> {
    let text = printed.to_string();
    let (_, part) = text.split_once('.').unwrap_or((&text, ""));
    let most = i32::try_from(part.len()).ok()?;
    // Whole numbers may be rounded to tens and more.
    let least = if most == 0 { -ROUNDED_ZEROS_MAX } else { most };
    (least..=most).rev().find_map(|places| {
        let rounded = |rounding| {
            let unit = String::new();
            let decimals = i8::try_from(places).unwrap_or(0);
            let measure = NumberFormat {
                unit,
                decimals,
                rounding,
            };
            measure.round(exact)
        };
        // Next to a whole number of steps, the binary fraction decides and not the number. Both
        // functions go by the distance from zero.
        let step = 10_f64.powi(-places);
        let is_clear = (exact - rounded(RoundingMode::Nearest)).abs() > 1e-6 * step;
        let functions = [
            ("ROUND", RoundingMode::Nearest),
            ("ROUNDDOWN", RoundingMode::Down),
            ("ROUNDUP", RoundingMode::Up),
        ];
        let fitting = functions.into_iter().find(|(_, rounding)| {
            let is_exact = *rounding == RoundingMode::Nearest || (is_clear && exact >= 0.0);
            is_exact && (rounded(*rounding) - printed).abs() <= 1e-9 * printed.abs().max(1.0)
        });
        // A half is one in decimal digits, not in the binary fraction that a program computes.
        let is_half = (rounded(RoundingMode::Nearest) - exact).abs() > (0.5 - 1e-6) * step;
        fitting.map(|(function, _)| match function {
            "ROUND" if is_half => format!("=ROUND(ROUND({name},{}),{places})", places + 6),
            _ => format!("={function}({name},{places})"),
        })
    })
}

/// Freezes the head of the only table of a sheet, or the title of a sheet with several.
fn freeze_panes(worksheet: &mut Worksheet, rows: &[SheetRow]) -> Result<(), XlsxError> {
    let is_head = |row: &&SheetRow| matches!(row, SheetRow::Head(..));
    let heads = rows.iter().filter(is_head).count();
    let before = rows.iter().take_while(|row| !is_head(row));
    let above: usize = before
        .map(|row| 1 + usize::from(matches!(row, SheetRow::Callout(..))))
        .sum();
    let row = if heads == 1 { above + 1 } else { 1 };
    // A head far down would leave no room to scroll.
    let row = if row > 12 { 1 } else { row };
    worksheet.set_freeze_panes(u32::try_from(row).unwrap_or(1), 0)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_value_is_the_exact_one_rounded_to_a_place() {
        for (exact, printed, formula) in [
            (91.04, 91.0, Some("=ROUND(x,0)")),
            (1234.4, 1230.0, Some("=ROUND(x,-1)")),
            (2.468, 2.4, Some("=ROUNDDOWN(x,1)")),
            (2.412, 2.5, Some("=ROUNDUP(x,1)")),
            (1279.0, 1200.0, Some("=ROUNDDOWN(x,-2)")),
            (71.9, 71.9, Some("=ROUND(x,1)")),
            (69.15, 69.2, Some("=ROUND(ROUND(x,7),1)")),
            (5.0, 7.0, None),
        ] {
            assert_eq!(
                printed_formula("x", exact, printed).as_deref(),
                formula,
                "{exact}"
            );
        }
    }
}
