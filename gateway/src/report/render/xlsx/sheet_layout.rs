//! Widths of columns and lines of texts of a sheet.

use crate::report::render::cell_value::{CellValue, ValueKind};
use crate::report::render::render_context::RenderContext;
use crate::report::render::sheet_rows::{SheetRow, TotalCell};
use crate::report::render::table::count_as_f64;

/// Fewest columns of the printed area: plots stand beside narrow tables.
pub(super) const PRINT_COLUMNS_MIN: u16 = 8;
const WIDTH_MIN: usize = 9;
const WIDTH_MAX: usize = 46;
/// Width of a column that nothing sets, characters.
pub(super) const DEFAULT_WIDTH: f64 = 8.43;

/// Columns over which running texts go, and their width in characters. Plots stand right of the
/// tables, so texts end there; without plots they go over the printed columns.
pub(super) fn text_place(widths: &[u16], has_plots: bool) -> (u16, f64) {
    let own = column_number(widths.len());
    let columns = if has_plots {
        own.max(1)
    } else {
        own.max(PRINT_COLUMNS_MIN)
    };
    let known: f64 = widths.iter().map(|width| f64::from(*width)).sum();
    let others = f64::from(columns.saturating_sub(own)) * DEFAULT_WIDTH;
    (columns, known + others)
}

/// Lines of a text that is broken at spaces, in a width of so many characters.
pub(super) fn wrapped_lines(text: &str, width: f64) -> usize {
    let mut lines = 0;
    for paragraph in text.split('\n') {
        lines += 1;
        let mut filled = 0.0;
        for word in paragraph.split(' ') {
            let wide = count_as_f64(word.chars().count());
            if filled > 0.0 && filled + 1.0 + wide > width {
                lines += 1;
                filled = 0.0;
            }
            filled += wide + if filled > 0.0 { 1.0 } else { 0.0 };
            // A word that is wider than the column is broken by itself.
            while filled > width.max(1.0) {
                lines += 1;
                filled -= width.max(1.0);
            }
        }
    }
    lines
}

/// Returns the width of each column, characters: that of the widest cell, within limits.
pub(super) fn column_widths(show: &RenderContext<'_>, rows: &[SheetRow]) -> Vec<u16> {
    let mut widths: Vec<usize> = Vec::new();
    let mut widen = |column: usize, chars: usize| {
        if widths.len() <= column {
            widths.resize(column + 1, WIDTH_MIN);
        }
        widths[column] = widths[column].max(chars.min(WIDTH_MAX));
    };
    for row in rows {
        match row {
            SheetRow::Head(heads, _) => {
                for (column, head) in heads.iter().enumerate() {
                    let words = head.split(' ').map(|word| word.chars().count());
                    widen(column, words.max().unwrap_or(0) + 2);
                }
            }
            SheetRow::Data(cells) => {
                for (column, cell) in cells.iter().enumerate() {
                    // A date may be shown longer in the language of the program that opens the
                    // workbook.
                    let spare = if cell.kind == ValueKind::Date { 8 } else { 3 };
                    let shown = show.cell_text(&cell.value, &cell.kind);
                    widen(column, shown.text.chars().count() + spare);
                }
            }
            SheetRow::Total(sums) => {
                for (column, sum) in sums.iter().enumerate() {
                    if let TotalCell::Total {
                        value: Some(value),
                        kind,
                        ..
                    } = sum
                    {
                        let shown = show.cell_text(&CellValue::Number(*value), kind);
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
            ("Ketidakpastian (±)", 15.0, 2),
            ("satu dua tiga empat", 9.0, 3),
            ("aaaaaaaaaaaaaaaaaaaa", 9.0, 3),
            ("a\nb", 9.0, 2),
        ] {
            assert_eq!(wrapped_lines(text, width), lines, "{text}");
        }
    }
}
