//! Layout of a table on paper: type size, portrait or landscape, column widths, and groups of
//! columns if it is wider than any page.

use super::line_wrap;
use super::pdf_page::{MARGIN, PdfPage};
use crate::report::render::cell_value::ValueKind;
use crate::report::render::font_metrics::{FontFace, text_width};
use crate::report::render::table::ReportTable;

/// Padding left and right of a cell's text together, points.
pub(crate) const CELL_PADDING: f64 = 8.0;
const WORD_WIDTH_MAX: f64 = 120.0;
const TEXT_WIDTH_MAX: f64 = 240.0;

/// Texts of a table's cells.
pub(crate) struct TableTexts {
    pub(crate) heads: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
    pub(crate) total: Option<Vec<String>>,
}

/// Layout of a table.
pub(crate) struct TableLayout {
    pub(crate) size: f64,
    pub(crate) landscape: bool,
    /// Groups of columns shown together, each with the width in points.
    pub(crate) bands: Vec<Vec<(usize, f64)>>,
}

/// Width needs of a column.
#[derive(Clone, Copy)]
struct ColumnWidthNeed {
    /// Smallest readable width, points.
    readable: f64,
    /// Width with every text on one line, points.
    one_line: f64,
}

/// Returns the first readable layout: portrait before landscape, large type before small.
pub(crate) fn plan_table(table: &ReportTable, words: &TableTexts) -> TableLayout {
    // A page that must be turned is read worse than small type, so type is made smaller first.
    for (landscape, size) in [(false, 8.2), (false, 7.4), (true, 8.2), (true, 7.4)] {
        let wishes = column_width_needs(table, words, size);
        let room = width_between_margins(landscape);
        let ease: f64 = wishes.iter().map(|wish| wish.readable).sum();
        if ease <= room {
            let all: Vec<usize> = (0..wishes.len()).collect();
            return TableLayout {
                size,
                landscape,
                bands: vec![share_width(&all, &wishes, room)],
            };
        }
    }
    plan_column_bands(table, &column_width_needs(table, words, 7.4))
}

fn width_between_margins(landscape: bool) -> f64 {
    PdfPage::new(landscape).width() - 2.0 * MARGIN
}

fn column_width_needs(table: &ReportTable, words: &TableTexts, size: f64) -> Vec<ColumnWidthNeed> {
    let column = |index: usize| {
        let is_text = matches!(table.columns[index].kind, ValueKind::Text | ValueKind::Note);
        let head = &words.heads[index];
        let mut word = line_wrap::widest_word(head, FontFace::Bold, size, WORD_WIDTH_MAX);
        let mut whole = text_width(FontFace::Bold, size, head).min(word.max(70.0));
        let rows = words
            .rows
            .iter()
            .map(|row| (FontFace::Regular, &row[index]));
        let total = words.total.iter().map(|row| (FontFace::Bold, &row[index]));
        for (face, text) in rows.chain(total) {
            let wide = text_width(face, size, text);
            let wraps = is_text && wide > 60.0;
            let least = if wraps {
                line_wrap::widest_word(text, face, size, WORD_WIDTH_MAX)
            } else {
                wide
            };
            word = word.max(least.min(WORD_WIDTH_MAX));
            whole = whole.max(wide.min(TEXT_WIDTH_MAX));
        }
        let ease = word.max(whole.min(150.0) * 0.62) + CELL_PADDING;
        let want = whole.max(word) + CELL_PADDING;
        ColumnWidthNeed {
            readable: ease,
            one_line: want,
        }
    };
    (0..table.columns.len()).map(column).collect()
}

/// Distributes `room` points over `columns`.
fn share_width(columns: &[usize], wishes: &[ColumnWidthNeed], room: f64) -> Vec<(usize, f64)> {
    let chosen = || columns.iter().map(|index| wishes[*index]);
    let ease: f64 = chosen().map(|wish| wish.readable).sum();
    let want: f64 = chosen().map(|wish| wish.one_line).sum();
    let width = |wish: ColumnWidthNeed| {
        if want <= room {
            // A narrow table is not stretched further, so that the eye can follow a row.
            wish.one_line * (room / want).min(1.9)
        } else {
            wish.readable + (wish.one_line - wish.readable) * (room - ease) / (want - ease)
        }
    };
    let widths = columns.iter().map(|index| (*index, width(wishes[*index])));
    widths.collect()
}

/// Lays out a table in landscape, as many columns as fit at once, with the key columns repeated.
fn plan_column_bands(table: &ReportTable, wishes: &[ColumnWidthNeed]) -> TableLayout {
    let room = width_between_margins(true);
    let keys: Vec<usize> = (0..table.keys.min(wishes.len())).collect();
    let mut keys_wide: f64 = keys.iter().map(|index| wishes[*index].readable).sum();
    let mut keys = keys;
    // Key columns that leave no room for others are not repeated.
    if keys_wide > room * 0.5 {
        keys.clear();
        keys_wide = 0.0;
    }
    let mut bands: Vec<Vec<usize>> = Vec::new();
    let mut wide = f64::INFINITY;
    for (index, wish) in wishes.iter().enumerate().skip(keys.len()) {
        let ease = wish.readable.min(room - keys_wide);
        if wide + ease > room {
            bands.push(keys.clone());
            wide = keys_wide;
        }
        if let Some(band) = bands.last_mut() {
            band.push(index);
        }
        wide += ease;
    }
    let bands = bands.iter().map(|band| share_width(band, wishes, room));
    TableLayout {
        size: 7.4,
        landscape: true,
        bands: bands.collect(),
    }
}
