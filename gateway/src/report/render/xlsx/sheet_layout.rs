//! Layout of a sheet: widths of columns, heights of rows, places of plots, and the page on which it
//! is printed.

use super::native_chart::{PLOT_HEIGHT, PLOT_WIDTH, PLOT_WIDTH_MIN};
use super::print_page::{PageShape, PrintedPart};
use crate::report::render::cell_value::{CellValue, ValueKind};
use crate::report::render::csv::with_footnote_mark;
use crate::report::render::font_metrics::{FontFace, text_width};
use crate::report::render::render_context::RenderContext;
use crate::report::render::sheet_rows::{PlotPlace, ReportCell, SheetRow, TotalCell};
use crate::report::render::table::count_as_f64;

/// Width of a digit as a share of the type size: the unit of widths, "characters".
const DIGIT_WIDTH: f64 = 0.572;
/// Least width of a column, characters.
const WIDTH_MIN: f64 = 6.0;
/// Width up to which a text stays on one line, characters.
const LINE_WIDTH_MAX: f64 = 42.0;
/// Width of a word up to which it is not broken, characters.
const WORD_WIDTH_MAX: f64 = 18.0;
/// Width of a column that nothing sets, characters.
pub(super) const DEFAULT_WIDTH: f64 = 8.43;
/// Least width of running texts, characters; columns are added for it.
const TEXT_WIDTH_MIN: f64 = 96.0;
/// Height of a line of text, points.
pub(super) const LINE_HEIGHT: f64 = 12.75;
/// Height of an empty row, points.
const BLANK_HEIGHT: f64 = 7.0;
const TITLE_HEIGHT: f64 = 22.0;
const HEADING_HEIGHT: f64 = 17.0;
/// Space below the words of a head, points.
const HEAD_SPACE: f64 = 3.0;
/// Most lines of a row; a spreadsheet shows no higher one.
const TEXT_LINES_MAX: usize = 31;
/// Longer side of a photo, pixels.
pub(super) const PHOTO_SIDE: u32 = 480;
/// Points of a pixel.
const PIXEL: f64 = 0.75;

/// Layout of a sheet.
pub(super) struct SheetPlan {
    /// Width of each column, characters.
    pub(super) widths: Vec<f64>,
    /// First row on the sheet of each row of the section.
    pub(super) starts: Vec<u32>,
    /// Height of each row on the sheet, points.
    pub(super) heights: Vec<f64>,
    /// Columns over which running texts go.
    pub(super) text_columns: u16,
    /// Places of the plots, in the order of their rows.
    pub(super) plots: Vec<PlotSpot>,
    /// The part that is printed.
    pub(super) printed: PrintedPart,
}

/// Place of a plot on the sheet.
pub(super) struct PlotSpot {
    /// Row at which the plot begins.
    pub(super) at: u32,
    /// Column right of the table.
    pub(super) column: u16,
    /// Width, pixels.
    pub(super) width: u32,
}

/// Texts of the last column of a narrow table from which on they go over the free columns,
/// characters.
const SPANNING_WIDTH: f64 = 24.0;

/// Number of columns of the widest table.
fn columns_of(rows: &[SheetRow]) -> usize {
    let columns = rows.iter().map(|row| match row {
        SheetRow::Head(heads, _) => heads.len(),
        _ => 0,
    });
    columns.max().unwrap_or(0)
}

/// For each row whether its last cell goes over the columns that its table does not have: long
/// texts of a table that is narrower than another one of the sheet.
pub(super) fn spanning_rows(rows: &[SheetRow]) -> Vec<bool> {
    let all = columns_of(rows);
    let is_long = |row: &SheetRow| match row {
        SheetRow::Data(cells) => cells.last().is_some_and(|cell| match &cell.value {
            CellValue::Text(text) if is_wrapped(&cell.kind) => {
                characters(FontFace::Regular, text) > SPANNING_WIDTH
            }
            _ => false,
        }),
        _ => false,
    };
    let mut spans = vec![false; rows.len()];
    for (at, row) in rows.iter().enumerate() {
        let SheetRow::Head(heads, count) = row else {
            continue;
        };
        let end = (at + 1 + count).min(rows.len());
        if heads.len() < all && rows[at + 1..end].iter().any(is_long) {
            spans[at..end].fill(true);
        }
    }
    spans
}

/// Width needs of a column, characters.
#[derive(Clone, Copy)]
struct ColumnNeed {
    readable: f64,
    one_line: f64,
}

/// Lays out a sheet upright, or lying where that prints more of it.
pub(super) fn plan_sheet(
    show: &RenderContext<'_>,
    rows: &[SheetRow],
    is_coloured: &dyn Fn(usize) -> bool,
) -> SheetPlan {
    let spans = spanning_rows(rows);
    let needs = column_needs(show, rows, &spans);
    let [upright, lying] = [PageShape::Upright, PageShape::Lying]
        .map(|page| plan_for((rows, &spans), &needs, (page, is_coloured)));
    if upright.printed.share() >= lying.printed.share() {
        upright
    } else {
        lying
    }
}

fn plan_for(
    (rows, spans): (&[SheetRow], &[bool]),
    needs: &[ColumnNeed],
    (page, is_coloured): (PageShape, &dyn Fn(usize) -> bool),
) -> SheetPlan {
    let mut widths = share_width(needs, page.characters(needs.len()));
    let text_columns = add_text_columns(&mut widths);
    let mut plan = RowPlan {
        widths: &widths,
        text_width: widths.iter().sum(),
        spans: false,
        heights: Vec::new(),
        starts: Vec::new(),
        plots: Vec::new(),
        head: (0, 0),
        free: 0,
        right: text_columns,
    };
    for (row, spans) in rows.iter().zip(spans) {
        plan.spans = *spans;
        match row {
            // Numbers with a colour scale need no place beside them.
            SheetRow::Plot(plot) if is_coloured(plot.chart) => plan.start(row),
            row => {
                plan.start(row);
                plan.add(row);
            }
        }
    }
    let rows_used = plan.free.max(plan.next_row());
    plan.fill_to(rows_used);
    let RowPlan {
        heights,
        starts,
        plots,
        right,
        ..
    } = plan;
    let columns = (0..right).map(|column| widths.get(usize::from(column)).copied());
    let columns: Vec<f64> = columns
        .map(|width| width.unwrap_or(DEFAULT_WIDTH))
        .collect();
    let printed = page.printed_part(&columns, &heights);
    SheetPlan {
        widths,
        starts,
        heights,
        text_columns,
        plots,
        printed,
    }
}

/// Adds columns up to the least width of running texts; returns the number of columns.
fn add_text_columns(widths: &mut Vec<f64>) -> u16 {
    while widths.iter().sum::<f64>() < TEXT_WIDTH_MIN {
        widths.push(DEFAULT_WIDTH);
    }
    column_number(widths.len())
}

/// Rows of a sheet that are laid out so far.
struct RowPlan<'a> {
    widths: &'a [f64],
    text_width: f64,
    /// The last cell of the row goes over the free columns.
    spans: bool,
    heights: Vec<f64>,
    starts: Vec<u32>,
    plots: Vec<PlotSpot>,
    /// Row of the last table head, and its number of columns.
    head: (u32, usize),
    /// First free row below the plots.
    free: u32,
    /// Number of columns up to the right end of texts and plots.
    right: u16,
}

impl RowPlan<'_> {
    fn next_row(&self) -> u32 {
        u32::try_from(self.heights.len()).unwrap_or(u32::MAX)
    }

    fn fill_to(&mut self, row: u32) {
        while self.next_row() < row {
            self.heights.push(LINE_HEIGHT);
        }
    }

    fn start(&mut self, row: &SheetRow) {
        let beside = matches!(
            row,
            SheetRow::Data(_) | SheetRow::Total(_) | SheetRow::Plot(_)
        );
        if !beside {
            // Nothing stands below a plot that is longer than its table.
            self.fill_to(self.free);
        }
        self.starts.push(self.next_row());
    }

    fn add(&mut self, row: &SheetRow) {
        match row {
            SheetRow::Title(_) => self.heights.push(TITLE_HEIGHT),
            SheetRow::Heading(_) => self.heights.push(HEADING_HEIGHT),
            SheetRow::Text(text) => self.add_text(text),
            SheetRow::Callout(_, text) => {
                self.heights.push(HEADING_HEIGHT);
                self.add_text(text);
            }
            SheetRow::Note(number, text) => self.add_text(&format!("[{number}] {text}")),
            SheetRow::Head(heads, _) => {
                self.head = (self.next_row(), heads.len());
                let lines = heads.iter().zip(self.cell_widths(heads.len()));
                let lines = lines.map(|(head, width)| wrapped_lines(FontFace::Bold, head, width));
                let height = lines_height(lines.max().unwrap_or(1)) + HEAD_SPACE;
                self.heights.push(height);
            }
            SheetRow::Data(cells) => {
                let lines = cells.iter().zip(self.cell_widths(cells.len()));
                let lines = lines.map(|(cell, width)| cell_lines(cell, width));
                self.heights.push(lines_height(lines.max().unwrap_or(1)));
            }
            SheetRow::Total(_) => self.heights.push(LINE_HEIGHT + 1.0),
            SheetRow::Plot(plot) => self.add_plot(plot),
            SheetRow::Photo(..) => {
                self.heights.extend([HEADING_HEIGHT, LINE_HEIGHT]);
                self.add_height(f64::from(PHOTO_SIDE) * PIXEL);
            }
            SheetRow::Blank => self.heights.push(BLANK_HEIGHT),
        }
    }

    /// Widths of so many cells of the row, characters.
    fn cell_widths(&self, cells: usize) -> impl Iterator<Item = f64> {
        let own = self.widths.iter().take(cells).copied();
        let mut widths: Vec<f64> = own.collect();
        if let (true, Some(last)) = (self.spans, widths.last_mut()) {
            *last += self.widths.iter().skip(cells).sum::<f64>();
        }
        widths.into_iter()
    }

    fn add_text(&mut self, text: &str) {
        let lines = wrapped_lines(FontFace::Regular, text, self.text_width);
        self.heights.push(lines_height(lines));
    }

    /// Adds as many rows as are so high.
    fn add_height(&mut self, height: f64) {
        let mut left = height;
        while left > 0.0 {
            self.heights.push(LINE_HEIGHT);
            left -= LINE_HEIGHT;
        }
    }

    fn add_plot(&mut self, plot: &PlotPlace) {
        if plot.columns.is_empty() || plot.steps == 0 {
            return;
        }
        let (head, columns) = self.head;
        let at = self.free.max(head);
        let pixels = |widths: &[f64]| {
            widths
                .iter()
                .map(|width| column_pixels(*width))
                .sum::<f64>()
        };
        let left = pixels(self.widths.get(..columns).unwrap_or_default());
        let room = pixels(self.widths) - left - 10.0;
        let width = room.clamp(f64::from(PLOT_WIDTH_MIN), f64::from(PLOT_WIDTH));
        // Rows that the plot covers: those of the table, and then lines.
        let (mut row, mut high) = (at, f64::from(PLOT_HEIGHT) * PIXEL + 4.0);
        while high > 0.0 {
            let known = usize::try_from(row)
                .ok()
                .and_then(|row| self.heights.get(row));
            high -= known.copied().unwrap_or(LINE_HEIGHT);
            row += 1;
        }
        self.free = row;
        self.right = self.right.max(self.plot_end(columns, width));
        self.plots.push(PlotSpot {
            at,
            column: column_number(columns),
            width: whole(width),
        });
    }

    /// Number of columns up to the right end of a plot that begins in this column.
    fn plot_end(&self, first: usize, width: f64) -> u16 {
        let (mut column, mut left) = (first, width + 10.0);
        // Half a pixel is an error of rounding.
        while left > 0.5 {
            let own = self.widths.get(column).copied();
            left -= column_pixels(own.unwrap_or(DEFAULT_WIDTH));
            column += 1;
        }
        column_number(column)
    }
}

/// Pixels of a column: a digit is 7 wide, and a cell has a margin of 5.
fn column_pixels(width: f64) -> f64 {
    width * 7.0 + 5.0
}

/// Whole number of pixels; a plot has some hundreds.
fn whole(pixels: f64) -> u32 {
    let mut whole = 0;
    while f64::from(whole + 1) <= pixels && whole < PLOT_WIDTH {
        whole += 1;
    }
    whole
}

fn lines_height(lines: usize) -> f64 {
    count_as_f64(lines.min(TEXT_LINES_MAX)) * LINE_HEIGHT
}

fn cell_lines(cell: &ReportCell, width: f64) -> usize {
    match &cell.value {
        CellValue::Text(text) if is_wrapped(&cell.kind) => {
            wrapped_lines(FontFace::Regular, text, width)
        }
        _ => 1,
    }
}

fn is_wrapped(kind: &ValueKind) -> bool {
    matches!(kind, ValueKind::Text | ValueKind::Note)
}

/// Width of a text in characters.
pub(super) fn characters(face: FontFace, text: &str) -> f64 {
    text_width(face, 1.0 / DIGIT_WIDTH, text)
}

/// Lines of a text that is broken at spaces, in a width of so many characters.
pub(super) fn wrapped_lines(face: FontFace, text: &str, width: f64) -> usize {
    let (width, space) = (width.max(1.0), characters(face, " "));
    let mut lines = 0;
    for paragraph in text.split('\n') {
        lines += 1;
        let mut filled = 0.0;
        for word in paragraph.split(' ') {
            let wide = characters(face, word);
            if filled > 0.0 && filled + space + wide > width {
                lines += 1;
                filled = 0.0;
            }
            filled += wide + if filled > 0.0 { space } else { 0.0 };
            // A word that is wider than the column is broken by itself.
            while filled > width {
                lines += 1;
                filled -= width;
            }
        }
    }
    lines
}

fn column_needs(show: &RenderContext<'_>, rows: &[SheetRow], spans: &[bool]) -> Vec<ColumnNeed> {
    let mut needs: Vec<ColumnNeed> = Vec::new();
    let mut widen = |column: usize, readable: f64, one_line: f64| {
        if needs.len() <= column {
            let least = ColumnNeed {
                readable: WIDTH_MIN,
                one_line: WIDTH_MIN,
            };
            needs.resize(column + 1, least);
        }
        let need = &mut needs[column];
        need.readable = need.readable.max(readable);
        need.one_line = need.one_line.max(one_line.max(readable));
    };
    for (row, spans) in rows.iter().zip(spans) {
        match row {
            SheetRow::Head(heads, _) => {
                for (column, head) in heads.iter().enumerate() {
                    let word = widest_word(FontFace::Bold, head) + 0.6;
                    widen(column, word, word);
                }
            }
            SheetRow::Data(cells) => {
                for (column, cell) in cells.iter().enumerate() {
                    let (readable, one_line) = cell_need(show, cell);
                    let is_spanning = *spans && column + 1 == cells.len();
                    widen(
                        column,
                        readable,
                        if is_spanning { readable } else { one_line },
                    );
                }
            }
            SheetRow::Total(sums) => {
                for (column, sum) in sums.iter().enumerate() {
                    let wide = total_width(show, sum);
                    widen(column, wide, wide);
                }
            }
            _ => {}
        }
    }
    needs
}

/// Least readable width of a cell, and that on one line.
fn cell_need(show: &RenderContext<'_>, cell: &ReportCell) -> (f64, f64) {
    let shown = show.cell_text(&cell.value, &cell.kind);
    let text = match cell.value {
        CellValue::Missing(_) => with_footnote_mark(&shown.text, shown.note),
        _ => shown.text,
    };
    let wide = characters(FontFace::Regular, &text) + 1.0;
    if is_wrapped(&cell.kind) {
        let word = widest_word(FontFace::Regular, &text) + 0.6;
        return (word, wide.min(LINE_WIDTH_MAX));
    }
    // A date may be longer in the language of the program that opens the workbook.
    let spare = match cell.kind {
        ValueKind::Date | ValueKind::Time => 1.5,
        _ => 0.5,
    };
    (wide + spare, wide + spare)
}

fn total_width(show: &RenderContext<'_>, sum: &TotalCell) -> f64 {
    match sum {
        TotalCell::Total {
            value: Some(value),
            kind,
            ..
        } => {
            let shown = show.cell_text(&CellValue::Number(*value), kind);
            characters(FontFace::Bold, &shown.text) + 1.5
        }
        _ => WIDTH_MIN,
    }
}

/// Width of the widest word, as far as it is not broken.
fn widest_word(face: FontFace, text: &str) -> f64 {
    let words = text.split([' ', '\n']);
    let widths = words.map(|word| characters(face, word));
    widths.fold(0.0, f64::max).min(WORD_WIDTH_MAX)
}

/// Widths of columns within `room` characters: texts on one line where there is room, else broken.
fn share_width(needs: &[ColumnNeed], room: f64) -> Vec<f64> {
    let readable: f64 = needs.iter().map(|need| need.readable).sum();
    let one_line: f64 = needs.iter().map(|need| need.one_line).sum();
    let share = if one_line <= room {
        1.0
    } else {
        ((room - readable) / (one_line - readable)).clamp(0.0, 1.0)
    };
    let width = |need: &ColumnNeed| need.readable + (need.one_line - need.readable) * share;
    needs.iter().map(width).collect()
}

/// Converts a column index; a report has far fewer columns than a workbook can hold.
pub(super) fn column_number(column: usize) -> u16 {
    u16::try_from(column).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_at_spaces_and_within_long_words() {
        for (text, width, lines) in [
            ("", 10.0, 1),
            ("kata", 10.0, 1),
            ("satu dua tiga empat", 10.0, 2),
            ("00000000000000000000", 9.0, 3),
            ("a\nb", 9.0, 2),
        ] {
            let found = wrapped_lines(FontFace::Regular, text, width);
            assert_eq!(found, lines, "{text}");
        }
    }

    #[test]
    fn texts_are_broken_only_where_there_is_no_room() {
        let need = |readable, one_line| ColumnNeed { readable, one_line };
        let needs = [need(8.0, 40.0), need(10.0, 10.0)];
        assert_eq!(share_width(&needs, 60.0), [40.0, 10.0]);
        assert_eq!(share_width(&needs, 34.0), [24.0, 10.0]);
        assert_eq!(share_width(&needs, 5.0), [8.0, 10.0]);
    }
}
