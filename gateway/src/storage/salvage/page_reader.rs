//! Reader of the pages of an SQLite file of which parts may be garbled: tables by their trees, and
//! leaf pages that no tree reaches any more. Without SQLite, since that gives up at the first page
//! that does not fit.

use rusqlite::types::Value;
use std::collections::BTreeSet;

/// Deepest tree that is followed.
// A tree of pages of 1 KiB with more levels would not fit into any file.
const TREE_LEVELS_MAX: usize = 20;
/// Longest row that is put together, bytes.
const ROW_BYTES_MAX: usize = 16 << 20;
/// Length of the header of the file, which is on the first page, bytes.
const FILE_HEADER: usize = 100;

/// Pages of a file.
pub(super) trait PageSource {
    /// Returns the length of a page, bytes.
    fn page_bytes(&self) -> usize;
    /// Returns the number of pages.
    fn pages(&self) -> u32;
    /// Returns a page by its number, from 1; `None` beyond the end and when it cannot be read.
    fn page(&self, number: u32) -> Option<Vec<u8>>;
    /// Returns whether the log has a newer page than the file.
    fn is_in_log(&self, number: u32) -> bool;
}

/// Row of a table, or entry of an index.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FoundRow {
    /// Number of the row; 0 for a row of an index and of a table without such numbers.
    pub(super) id: i64,
    /// Values as stored; that of the column which repeats the number is null.
    pub(super) values: Vec<Value>,
    /// The end of the row is not on its pages; it was filled with zeros.
    pub(super) is_cut: bool,
}

/// Pages of a tree.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct TreePages {
    /// Leaves and, of an index, pages with entries between them.
    pub(super) with_rows: Vec<u32>,
    /// All pages of the tree that were recognised.
    pub(super) seen: BTreeSet<u32>,
    /// Pages that should belong to the tree and are of no kind that it has.
    pub(super) garbled: u32,
    /// The last leaf, when the way to it is whole.
    pub(super) last_leaf: Option<u32>,
}

/// Kind of a page, by its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PageKind {
    TableLeaf,
    TableInner,
    IndexLeaf,
    IndexInner,
}

impl PageKind {
    /// Returns the kind of a page; `None` for overflow, free and garbled ones.
    pub(super) fn of(page: &[u8], number: u32) -> Option<Self> {
        match page.get(header_offset(number))? {
            0x0d => Some(Self::TableLeaf),
            0x05 => Some(Self::TableInner),
            0x0a => Some(Self::IndexLeaf),
            0x02 => Some(Self::IndexInner),
            _ => None,
        }
    }

    fn is_of_table(self) -> bool {
        matches!(self, Self::TableLeaf | Self::TableInner)
    }

    fn has_children(self) -> bool {
        matches!(self, Self::TableInner | Self::IndexInner)
    }
}

/// Walks the tree from its first page.
pub(super) fn walk_tree(pages: &impl PageSource, root: u32) -> TreePages {
    let mut tree = TreePages::default();
    let mut kind = None;
    let mut open = vec![(root, 0)];
    while let Some((number, level)) = open.pop() {
        let page = pages.page(number).unwrap_or_default();
        let here = PageKind::of(&page, number);
        let fits = here.filter(|here| {
            let first = *kind.get_or_insert(here.is_of_table());
            first == here.is_of_table() && level < TREE_LEVELS_MAX
        });
        let Some(here) = fits.filter(|_| !tree.seen.contains(&number)) else {
            tree.garbled += 1;
            tree.last_leaf = None;
            continue;
        };
        tree.seen.insert(number);
        // What is on the right of everything else is looked at last.
        tree.last_leaf = (!here.has_children()).then_some(number);
        if here != PageKind::TableInner {
            tree.with_rows.push(number);
        }
        if here.has_children() {
            // The first child is on top of the stack: rows come out in order.
            let children = children_of(&page, number);
            open.extend(children.into_iter().rev().map(|child| (child, level + 1)));
        }
    }
    tree
}

/// Returns the pages below an inner page, in order.
fn children_of(page: &[u8], number: u32) -> Vec<u32> {
    let cells = cell_offsets(page, number).into_iter();
    let mut children: Vec<u32> = cells.filter_map(|at| word(page, at)).collect();
    children.extend(word(page, header_offset(number) + 8));
    children
}

/// Returns the free pages, which hold rows that were deleted.
pub(super) fn free_pages(pages: &impl PageSource) -> BTreeSet<u32> {
    let mut free = BTreeSet::new();
    let first = pages.page(1).unwrap_or_default();
    let mut trunk = word(&first, 32).unwrap_or(0);
    while trunk > 0 && free.insert(trunk) {
        let Some(page) = pages.page(trunk) else {
            break;
        };
        let count = word(&page, 4).unwrap_or(0) as usize;
        let listed = (0..count.min(page.len() / 4)).filter_map(|place| word(&page, 8 + place * 4));
        free.extend(listed.filter(|page| (2..=pages.pages()).contains(page)));
        trunk = word(&page, 0).unwrap_or(0);
    }
    free
}

/// Returns the rows of a page that can be read.
pub(super) fn page_rows(pages: &impl PageSource, number: u32) -> Vec<FoundRow> {
    let Some(page) = pages.page(number) else {
        return Vec::new();
    };
    let Some(kind) = PageKind::of(&page, number) else {
        return Vec::new();
    };
    let cells = cell_offsets(&page, number).into_iter();
    cells
        .filter_map(|at| read_cell(pages, &page, kind, at))
        .collect()
}

/// Returns whether a page says that it has so many rows.
pub(super) fn has_rows(pages: &impl PageSource, number: u32, rows: usize) -> bool {
    let page = pages.page(number).unwrap_or_default();
    let said = page.get(header_offset(number) + 3..header_offset(number) + 5);
    let said = said.and_then(|two| two.try_into().ok());
    said.is_some_and(|two| usize::from(u16::from_be_bytes(two)) == rows)
}

/// Reads one cell; `None` when it makes no sense.
fn read_cell(pages: &impl PageSource, page: &[u8], kind: PageKind, at: usize) -> Option<FoundRow> {
    let mut rest = page.get(at..)?;
    match kind {
        PageKind::TableInner => return None,
        PageKind::IndexInner => rest = rest.get(4..)?,
        PageKind::TableLeaf | PageKind::IndexLeaf => {}
    }
    let length = usize::try_from(take_varint(&mut rest)?).ok()?;
    let id = match kind {
        PageKind::TableLeaf => take_varint(&mut rest)?.cast_signed(),
        _ => 0,
    };
    let in_file = (pages.pages() as usize).saturating_mul(page.len());
    if length > ROW_BYTES_MAX.min(in_file) {
        return None;
    }
    let local = local_bytes(page.len(), length, kind);
    let mut payload = rest.get(..local)?.to_vec();
    if local < length {
        add_overflow(pages, word(rest, local)?, length, &mut payload);
    }
    let is_cut = payload.len() < length;
    payload.resize(length, 0);
    Some(FoundRow {
        id,
        values: decode_record(&payload)?,
        is_cut,
    })
}

/// Returns how many bytes of a row are on its own page (file format, 1.6).
fn local_bytes(usable: usize, length: usize, kind: PageKind) -> usize {
    let share = |of_255: usize| (usable.saturating_sub(12) * of_255 / 255).saturating_sub(23);
    let most = match kind {
        PageKind::TableLeaf | PageKind::TableInner => usable.saturating_sub(35),
        PageKind::IndexLeaf | PageKind::IndexInner => share(64),
    };
    if length <= most {
        return length;
    }
    let least = share(32);
    let fitting = least + (length - least) % (usable - 4);
    if fitting <= most { fitting } else { least }
}

/// Adds what the chain of overflow pages holds.
fn add_overflow(pages: &impl PageSource, first: u32, length: usize, payload: &mut Vec<u8>) {
    let mut next = first;
    let mut seen = BTreeSet::new();
    while payload.len() < length && next > 0 && seen.insert(next) {
        let Some(page) = pages.page(next) else {
            return;
        };
        let Some(content) = page.get(4..) else {
            return;
        };
        let wanted = (length - payload.len()).min(content.len());
        payload.extend_from_slice(&content[..wanted]);
        next = word(&page, 0).unwrap_or(0);
    }
}

/// Decodes a record into its values; `None` when its header and its length do not agree, or a text
/// is not UTF-8.
fn decode_record(payload: &[u8]) -> Option<Vec<Value>> {
    let mut head = payload;
    let length = usize::try_from(take_varint(&mut head)?).ok()?;
    let used = payload.len() - head.len();
    let mut head = payload.get(used..length)?;
    let mut body = payload.get(length..)?;
    let mut values = Vec::new();
    while !head.is_empty() {
        values.push(take_value(take_varint(&mut head)?, &mut body)?);
    }
    body.is_empty().then_some(values)
}

/// Takes a value of this serial type.
fn take_value(serial: u64, body: &mut &[u8]) -> Option<Value> {
    let integer = |bytes: &[u8]| {
        let start = if bytes.first()? & 0x80 == 0 { 0 } else { -1 };
        Some(
            bytes
                .iter()
                .fold(start, |value: i64, byte| value << 8 | i64::from(*byte)),
        )
    };
    let mut take = |length: usize| {
        let (here, rest) = body.split_at_checked(length)?;
        *body = rest;
        Some(here)
    };
    Some(match serial {
        0 => Value::Null,
        1..=4 => Value::Integer(integer(take(usize::try_from(serial).ok()?)?)?),
        5 => Value::Integer(integer(take(6)?)?),
        6 => Value::Integer(integer(take(8)?)?),
        7 => Value::Real(f64::from_be_bytes(take(8)?.try_into().ok()?)),
        8 => Value::Integer(0),
        9 => Value::Integer(1),
        10 | 11 => return None,
        _ => {
            let bytes = take(usize::try_from((serial - 12) / 2).ok()?)?.to_vec();
            match serial % 2 {
                0 => Value::Blob(bytes),
                _ => Value::Text(String::from_utf8(bytes).ok()?),
            }
        }
    })
}

/// Returns the places of the cells of a page, as far as they are on it.
fn cell_offsets(page: &[u8], number: u32) -> Vec<usize> {
    let start = header_offset(number);
    let pair = |at: usize| {
        let two = page.get(at..at + 2)?.try_into().ok()?;
        Some(usize::from(u16::from_be_bytes(two)))
    };
    let inner = PageKind::of(page, number).is_some_and(PageKind::has_children);
    let list = start + if inner { 12 } else { 8 };
    // A cell takes at least two bytes beside its place in the list.
    let count = pair(start + 3).unwrap_or(0).min(page.len() / 4);
    let places = (0..count).filter_map(|cell| pair(list + cell * 2));
    places
        .filter(|place| (list + count * 2..page.len()).contains(place))
        .collect()
}

/// Returns the place of the header of a page; the first page begins with that of the file.
fn header_offset(number: u32) -> usize {
    if number == 1 { FILE_HEADER } else { 0 }
}

/// Takes a number of SQLite's variable length, of at most nine bytes.
fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for place in 0..9 {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        if place == 8 {
            return Some(value << 8 | u64::from(*byte));
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            break;
        }
    }
    Some(value)
}

/// Returns the number of four bytes at a place.
fn word(page: &[u8], at: usize) -> Option<u32> {
    let four = page.get(at..at.checked_add(4)?)?.try_into().ok()?;
    Some(u32::from_be_bytes(four))
}
