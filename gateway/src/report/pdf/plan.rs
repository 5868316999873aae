//! How a table fits onto paper: type size, upright or landscape, widths, and bands of columns when
//! it is wider than any page.

use super::page::{MARGIN, Page};
use super::wrap;
use crate::report::face::{Face, width};
use crate::report::table::Table;
use crate::report::value::Kind;

/// Space beside a cell's text, both sides together, points.
pub(super) const PAD: f64 = 8.0;
const WORD_MAX: f64 = 120.0;
const TEXT_MAX: f64 = 240.0;

/// A table's cells as words.
pub(super) struct Words {
    pub(super) heads: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
    pub(super) total: Option<Vec<String>>,
}

/// How a table is set.
pub(super) struct Plan {
    pub(super) size: f64,
    pub(super) landscape: bool,
    /// Columns that are shown together, with their widths in points.
    pub(super) bands: Vec<Vec<(usize, f64)>>,
}

/// What a column would like.
#[derive(Clone, Copy)]
struct Wish {
    /// Readable from here on, points.
    ease: f64,
    /// Everything on one line, points.
    want: f64,
}

/// The first arrangement that is readable.
pub(super) fn plan(table: &Table, words: &Words) -> Plan {
    for (landscape, size) in [(false, 8.2), (false, 7.4), (true, 8.2), (true, 7.4)] {
        let wishes = wishes(table, words, size);
        let room = room(landscape);
        let ease: f64 = wishes.iter().map(|wish| wish.ease).sum();
        if ease <= room {
            let all: Vec<usize> = (0..wishes.len()).collect();
            return Plan {
                size,
                landscape,
                bands: vec![share(&all, &wishes, room)],
            };
        }
    }
    banded(table, &wishes(table, words, 7.4))
}

fn room(landscape: bool) -> f64 {
    Page::new(landscape).width() - 2.0 * MARGIN
}

fn wishes(table: &Table, words: &Words, size: f64) -> Vec<Wish> {
    let column = |index: usize| {
        let is_text = matches!(table.columns[index].kind, Kind::Text | Kind::Note);
        let head = &words.heads[index];
        let mut word = wrap::widest_word(head, Face::Bold, size, WORD_MAX);
        let mut whole = width(Face::Bold, size, head).min(word.max(70.0));
        let rows = words.rows.iter().map(|row| (Face::Regular, &row[index]));
        let total = words.total.iter().map(|row| (Face::Bold, &row[index]));
        for (face, text) in rows.chain(total) {
            let wide = width(face, size, text);
            let wraps = is_text && wide > 60.0;
            let least = if wraps {
                wrap::widest_word(text, face, size, WORD_MAX)
            } else {
                wide
            };
            word = word.max(least.min(WORD_MAX));
            whole = whole.max(wide.min(TEXT_MAX));
        }
        let ease = word.max(whole.min(150.0) * 0.62) + PAD;
        let want = whole.max(word) + PAD;
        Wish { ease, want }
    };
    (0..table.columns.len()).map(column).collect()
}

/// Widths of `columns` that fill `room`.
fn share(columns: &[usize], wishes: &[Wish], room: f64) -> Vec<(usize, f64)> {
    let chosen = || columns.iter().map(|index| wishes[*index]);
    let ease: f64 = chosen().map(|wish| wish.ease).sum();
    let want: f64 = chosen().map(|wish| wish.want).sum();
    let width = |wish: Wish| {
        if want <= room {
            // A narrow table stays narrow enough to follow a row with the eye.
            wish.want * (room / want).min(1.9)
        } else {
            wish.ease + (wish.want - wish.ease) * (room - ease) / (want - ease)
        }
    };
    let widths = columns.iter().map(|index| (*index, width(wishes[*index])));
    widths.collect()
}

/// Landscape, as many columns as fit at once, the key columns repeated.
fn banded(table: &Table, wishes: &[Wish]) -> Plan {
    let room = room(true);
    let keys: Vec<usize> = (0..table.keys.min(wishes.len())).collect();
    let mut keys_wide: f64 = keys.iter().map(|index| wishes[*index].ease).sum();
    let mut keys = keys;
    // Keys that leave no room for anything else are not repeated.
    if keys_wide > room * 0.5 {
        keys.clear();
        keys_wide = 0.0;
    }
    let mut bands: Vec<Vec<usize>> = Vec::new();
    let mut wide = f64::INFINITY;
    for (index, wish) in wishes.iter().enumerate().skip(keys.len()) {
        let ease = wish.ease.min(room - keys_wide);
        if wide + ease > room {
            bands.push(keys.clone());
            wide = keys_wide;
        }
        if let Some(band) = bands.last_mut() {
            band.push(index);
        }
        wide += ease;
    }
    let bands = bands.iter().map(|band| share(band, wishes, room));
    Plan {
        size: 7.4,
        landscape: true,
        bands: bands.collect(),
    }
}
