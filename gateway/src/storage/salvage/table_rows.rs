//! Copies the rows of a damaged file into a new one: along the tree of each table, then from leaf
//! pages that no tree reaches any more.

use super::page_reader::{self, FoundRow, PageKind, PageSource};
use super::table_shape::{TableShape, model_database};
use crate::storage::key_registry::PointKey;
use crate::storage::local_calendar::LocalDay;
use crate::storage::meta_table::read_meta;
use crate::storage::pack_rows::keep_whole_pieces;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use std::collections::{BTreeMap, BTreeSet};

/// Rows written in one transaction.
const ROWS_AT_ONCE: usize = 500;
/// Table whose rows can be computed again.
const COMPUTED_TABLE: &str = "figure_snapshot";

/// Row of table `pack` as its index names it: day, first and last point, number of the row.
pub(super) type PackPlace = (LocalDay, PointKey, PointKey, i64);

/// Copied rows, and what tells which rows there should be.
#[derive(Clone, Debug, Default)]
pub(super) struct CopiedRows {
    /// Tables of which pages could not be read.
    pub(super) incomplete: BTreeSet<String>,
    /// Tables whose last page was read whole, so that no row was behind those that are there.
    pub(super) ended: BTreeSet<String>,
    /// Rows of samples that the index of the file names.
    pub(super) pack_index: Vec<PackPlace>,
    /// Rows of samples that were copied.
    pub(super) packs: BTreeSet<i64>,
    /// Garbled chunks: day, point, and whether its time is known.
    pub(super) garbled: BTreeSet<(LocalDay, PointKey)>,
    /// Number of copied rows.
    pub(super) rows: u64,
}

/// Copies all rows that can be read into the new file `db`, whose tables are empty. `is_stale`:
/// some pages are older than others, and may not lead to all of them.
pub(super) fn copy_rows(
    pages: &impl PageSource,
    db: &Connection,
    is_stale: bool,
) -> Result<CopiedRows, rusqlite::Error> {
    let mut copier = RowCopier {
        pages,
        db,
        copied: CopiedRows::default(),
        claimed: BTreeSet::from([1]),
        waiting: 0,
        empty: BTreeSet::new(),
    };
    let shapes = TableShape::read_all(db)?;
    let roots = copier.find_roots()?;
    // A row whose other row is lost, or comes later, is kept all the same: what a correction says
    // does not depend on what it corrects. The setting cannot be changed within a transaction.
    let was_checked: bool = db.query_row("PRAGMA foreign_keys", [], |row| row.get(0))?;
    db.pragma_update(None, "foreign_keys", false)?;
    db.execute_batch("BEGIN")?;
    copier.read_indexes(&roots)?;
    let shapes: Vec<TableShape> = shapes
        .into_iter()
        .filter(|shape| shape.name != COMPUTED_TABLE)
        .collect();
    for shape in &shapes {
        copier.copy_table(shape, roots.get(&shape.name).copied())?;
    }
    copier.copy_orphans(&shapes, is_stale)?;
    if is_stale {
        // A newer last page may be among the lost ones.
        copier.copied.ended.clear();
    }
    copier.restore_names(&roots)?;
    copier.raise_sequences(&roots)?;
    // A lane that lost a row would pass undelivered readings: each sink goes on at its cursor.
    db.execute_batch("DELETE FROM sink_lane; COMMIT")?;
    db.pragma_update(None, "foreign_keys", was_checked)?;
    Ok(copier.copied)
}

/// Table to which the rows of a page belong.
enum PageOwner<'a> {
    None,
    Table(&'a TableShape),
    /// More than one table: what may belong to two belongs to none.
    Several,
}

/// Finds the table that has such rows.
fn find_owner<'a>(tables: &[&'a TableShape], rows: &[FoundRow], is_keyed: bool) -> PageOwner<'a> {
    let mut fitting = tables.iter().filter(|shape| {
        let fitting = rows.iter().filter(|row| shape.fits(row)).count();
        shape.is_keyed == is_keyed && fitting * 2 > rows.len()
    });
    match (fitting.next(), fitting.next()) {
        (None, _) => PageOwner::None,
        (Some(shape), None) => PageOwner::Table(shape),
        _ => PageOwner::Several,
    }
}

struct RowCopier<'a, P> {
    pages: &'a P,
    db: &'a Connection,
    copied: CopiedRows,
    /// Pages whose content is known.
    claimed: BTreeSet<u32>,
    waiting: usize,
    /// Tables without rows: another page may be in the place of their first one.
    empty: BTreeSet<String>,
}

impl<P: PageSource> RowCopier<'_, P> {
    /// Returns the first page of each table and index, by name.
    fn find_roots(&mut self) -> Result<BTreeMap<String, u32>, rusqlite::Error> {
        let tree = page_reader::walk_tree(self.pages, 1);
        let mut roots = BTreeMap::new();
        self.add_roots(tree.with_rows.iter().copied(), &mut roots);
        self.claimed.extend(tree.seen);
        let model = model_database(self.pages.page_bytes())?;
        let mut find = model
            .prepare("SELECT name, rootpage FROM sqlite_master WHERE type IN ('table', 'index')")?;
        let expected: BTreeMap<String, u32> = find
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        if expected.keys().all(|name| roots.contains_key(name)) {
            return Ok(roots);
        }
        // Part of the list of tables is lost, or the page that leads to its parts.
        self.add_roots(2..=self.pages.pages(), &mut roots);
        let used: BTreeSet<u32> = roots.values().copied().collect();
        for (name, page) in expected {
            // Every file was begun with the same statements, so its first tables have the same
            // places.
            if !used.contains(&page) {
                roots.entry(name).or_insert(page);
            }
        }
        Ok(roots)
    }

    /// Adds what the list of tables on these pages says.
    fn add_roots(&self, list: impl Iterator<Item = u32>, roots: &mut BTreeMap<String, u32>) {
        for row in list.flat_map(|page| page_reader::page_rows(self.pages, page)) {
            let [
                Value::Text(sort),
                Value::Text(name),
                Value::Text(_),
                Value::Integer(root),
                Value::Text(_) | Value::Null,
            ] = &*row.values
            else {
                continue;
            };
            let root = u32::try_from(*root).unwrap_or(0);
            let is_place = (2..=self.pages.pages()).contains(&root);
            if matches!(&**sort, "table" | "index") && is_place {
                roots.entry(name.clone()).or_insert(root);
            }
        }
    }

    /// Walks the indexes: their pages are no rows of tables, and that of samples names each row.
    fn read_indexes(&mut self, roots: &BTreeMap<String, u32>) -> Result<(), rusqlite::Error> {
        let mut find = self.db.prepare(
            "SELECT name FROM sqlite_master WHERE type = 'index'
               AND tbl_name NOT IN (SELECT name FROM pragma_table_list WHERE wr = 1)",
        )?;
        let names: Vec<String> = find
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for name in names {
            let Some(root) = roots.get(&name) else {
                continue;
            };
            let tree = page_reader::walk_tree(self.pages, *root);
            for page in tree.with_rows {
                let rows = page_reader::page_rows(self.pages, page);
                if name == "pack_day" {
                    self.copied
                        .pack_index
                        .extend(rows.iter().filter_map(pack_place));
                }
                if rows.iter().all(|row| is_entry(&name, row)) {
                    self.claimed.insert(page);
                }
            }
            if name == "pack_day" && tree.garbled > 0 {
                self.copied.incomplete.insert(name);
            }
        }
        Ok(())
    }

    /// Copies the rows along the tree of a table.
    fn copy_table(&mut self, shape: &TableShape, root: Option<u32>) -> Result<(), rusqlite::Error> {
        let Some(root) = root else {
            self.copied.incomplete.insert(shape.name.clone());
            return Ok(());
        };
        let tree = page_reader::walk_tree(self.pages, root);
        let mut is_whole = tree.garbled == 0;
        let mut is_empty = true;
        let with_rows: BTreeSet<u32> = tree.with_rows.iter().copied().collect();
        self.claimed.extend(tree.seen.difference(&with_rows));
        for page in tree.with_rows {
            let rows = page_reader::page_rows(self.pages, page);
            let (fitting, others): (Vec<_>, Vec<_>) =
                rows.into_iter().partition(|row| shape.fits(row));
            is_whole &= others.is_empty();
            let rows_there = fitting.len();
            is_empty &= fitting.is_empty();
            let is_last = tree.last_leaf == Some(page) && others.is_empty();
            if is_last && page_reader::has_rows(self.pages, page, rows_there) {
                self.copied.ended.insert(shape.name.clone());
            }
            // A page of another table in this place is left for that table.
            if !fitting.is_empty() || others.is_empty() {
                self.claimed.insert(page);
            }
            for row in fitting {
                self.copy_row(shape, row)?;
            }
        }
        if !is_whole {
            self.copied.incomplete.insert(shape.name.clone());
        } else if is_empty {
            self.empty.insert(shape.name.clone());
        }
        Ok(())
    }

    /// Copies leaf pages that no tree reached into the tables that miss pages.
    fn copy_orphans(
        &mut self,
        shapes: &[TableShape],
        is_stale: bool,
    ) -> Result<(), rusqlite::Error> {
        let missing =
            |shape: &&TableShape| is_stale || self.copied.incomplete.contains(&shape.name);
        let open: Vec<&TableShape> = shapes.iter().filter(missing).collect();
        if open.is_empty() {
            return Ok(());
        }
        let is_empty = |shape: &&TableShape| self.empty.contains(&shape.name);
        let empty: Vec<&TableShape> = shapes.iter().filter(is_empty).collect();
        let free = page_reader::free_pages(self.pages);
        let passed = needed_after(self.db)?;
        let listed: BTreeSet<i64> = self.copied.pack_index.iter().map(|place| place.3).collect();
        let is_index_whole = !is_stale && !self.copied.incomplete.contains("pack_day");
        for number in 2..=self.pages.pages() {
            // A page that was written later than the list of free ones is in use again.
            let is_free = free.contains(&number) && !(is_stale && self.pages.is_in_log(number));
            if self.claimed.contains(&number) || is_free {
                continue;
            }
            let kind = self.pages.page(number);
            let kind = kind.and_then(|page| PageKind::of(&page, number));
            let is_keyed = match kind {
                Some(PageKind::TableLeaf) => false,
                Some(PageKind::IndexLeaf | PageKind::IndexInner) => true,
                Some(PageKind::TableInner) | None => continue,
            };
            let rows = page_reader::page_rows(self.pages, number);
            let shape = match find_owner(&open, &rows, is_keyed) {
                PageOwner::None => find_owner(&empty, &rows, is_keyed),
                found => found,
            };
            let PageOwner::Table(shape) = shape else {
                continue;
            };
            for row in rows.into_iter().filter(|row| shape.fits(row)) {
                // Rows that were deleted may still be on a page that lost its tree.
                let is_alive = match &*shape.name {
                    "pack" => !is_index_whole || listed.contains(&row.id),
                    "journal" => journal_end(&row) > passed,
                    _ => true,
                };
                if is_alive {
                    self.copy_row(shape, row)?;
                }
            }
        }
        Ok(())
    }

    fn copy_row(&mut self, shape: &TableShape, row: FoundRow) -> Result<(), rusqlite::Error> {
        let id = row.id;
        let mut values = shape.values_of(row);
        if shape.name == "pack" {
            if !self.keep_whole_chunks(&mut values) {
                return Ok(());
            }
            self.copied.packs.insert(id);
        }
        let mut insert = self.db.prepare_cached(&shape.insert_statement())?;
        match insert.execute(params_from_iter(values)) {
            Ok(written) => self.copied.rows += written as u64,
            Err(fault) => {
                tracing::warn!(%fault, table = %shape.name, id, "a damaged row was left out");
                self.copied.incomplete.insert(shape.name.clone());
            }
        }
        self.waiting += 1;
        if self.waiting >= ROWS_AT_ONCE {
            self.waiting = 0;
            self.db.execute_batch("COMMIT; BEGIN")?;
        }
        Ok(())
    }

    /// Takes the garbled chunks out of a row; false when none is whole.
    fn keep_whole_chunks(&mut self, values: &mut [Value]) -> bool {
        let [
            _,
            _,
            Value::Integer(day),
            _,
            Value::Integer(low),
            Value::Integer(high),
            Value::Blob(parts),
            Value::Blob(body),
        ] = values
        else {
            return false;
        };
        let day = LocalDay::try_from(*day).unwrap_or_default();
        let key = |key: i64| PointKey::try_from(key).unwrap_or(0);
        let kept = keep_whole_pieces((parts, body), (key(*low), key(*high)));
        let garbled = kept.garbled.iter().map(|point| (day, *point));
        self.copied.garbled.extend(garbled);
        (*parts, *body) = (kept.parts, kept.body);
        !parts.is_empty()
    }

    /// Adds names of boots, devices and points that only their indexes have, and keeps the numbers
    /// of lost ones from being given to others.
    fn restore_names(&mut self, roots: &BTreeMap<String, u32>) -> Result<(), rusqlite::Error> {
        for (table, more) in [
            ("boot", ""),
            ("device", ""),
            ("point", ", unit, quantity, counter"),
        ] {
            let index = roots.get(&format!("sqlite_autoindex_{table}_1"));
            let tree = index.map(|root| page_reader::walk_tree(self.pages, *root));
            let pages = tree.map(|tree| tree.with_rows).unwrap_or_default();
            for row in pages
                .iter()
                .flat_map(|page| page_reader::page_rows(self.pages, *page))
            {
                if let [Value::Text(name), Value::Integer(id)] = &*row.values {
                    let values = if more.is_empty() { "" } else { ", '', '', 0" };
                    self.db.execute(
                        &format!(
                            "INSERT OR IGNORE INTO {table}(id, name{more}) VALUES (?, ?{values})"
                        ),
                        (id, name),
                    )?;
                }
            }
        }
        // A new name would get the number of a lost one, and with it the samples of another point.
        let beyond = "coalesce(max(id), 0) + 1000";
        for (table, columns, values) in [
            ("boot", "name", "'?'"),
            ("device", "name", "'?'"),
            ("point", "name, unit, quantity, counter", "'?', '', '', 0"),
            ("layout", "device, points", "0, x''"),
        ] {
            if self.copied.incomplete.contains(table) {
                self.db.execute_batch(&format!(
                    "INSERT OR IGNORE INTO {table}(id, {columns})
                     SELECT {beyond}, {values} FROM {table}"
                ))?;
            }
        }
        Ok(())
    }

    /// Takes over the last numbers given out by tables that never use one again.
    fn raise_sequences(&self, roots: &BTreeMap<String, u32>) -> Result<(), rusqlite::Error> {
        let Some(root) = roots.get("sqlite_sequence") else {
            return Ok(());
        };
        let tree = page_reader::walk_tree(self.pages, *root);
        for row in tree
            .with_rows
            .iter()
            .flat_map(|page| page_reader::page_rows(self.pages, *page))
        {
            if let [Value::Text(table), Value::Integer(last)] = &*row.values
                && (0..=i64::from(u32::MAX)).contains(last)
            {
                self.db.execute(
                    "INSERT INTO sqlite_sequence(name, seq) SELECT ?1, ?2
                     WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = ?1)
                       AND EXISTS (SELECT 1 FROM sqlite_master WHERE name = ?1)",
                    (table, last),
                )?;
                self.db.execute(
                    "UPDATE sqlite_sequence SET seq = max(seq, ?2) WHERE name = ?1",
                    (table, last),
                )?;
            }
        }
        Ok(())
    }
}

/// Returns the number after which the journal must have every reading: those before are packed and
/// delivered.
pub(super) fn needed_after(db: &Connection) -> Result<i64, rusqlite::Error> {
    let sealed = read_meta(db, "sealed_seq")?.unwrap_or(0);
    let slowest = "SELECT coalesce(min(seq), ?) FROM cursor";
    let slowest: i64 = db.query_row(slowest, [i64::MAX], |row| row.get(0))?;
    Ok(sealed.min(slowest))
}

/// Entry of the index of samples.
fn pack_place(row: &FoundRow) -> Option<PackPlace> {
    let [
        Value::Integer(day),
        Value::Integer(low),
        Value::Integer(high),
        Value::Integer(id),
    ] = &*row.values
    else {
        return None;
    };
    Some((
        LocalDay::try_from(*day).ok()?,
        PointKey::try_from(*low).ok()?,
        PointKey::try_from(*high).ok()?,
        *id,
    ))
}

/// Returns whether a row can be an entry of an index: it ends with the number of a row.
fn is_entry(index: &str, row: &FoundRow) -> bool {
    match index {
        "pack_day" => pack_place(row).is_some(),
        _ => matches!(row.values.last(), Some(Value::Integer(_))),
    }
}

/// Returns the last sequence number of a row of the journal.
fn journal_end(row: &FoundRow) -> i64 {
    match row.values.get(1) {
        Some(Value::Integer(count)) => row.id.saturating_add(*count).saturating_sub(1),
        _ => 0,
    }
}
