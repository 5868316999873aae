//! Ledger table: rows are added, never changed or deleted.

use super::audit::append_audit;
use super::entry_keys::{find_keyed_entries, insert_entry_key};
use super::schema::{disk_error, sql_int};
use super::store_error::StoreError;
use super::store_values::{EntryKey, LedgerQuery, RecordedEntries};
use crate::domain::ExactNumber;
use crate::domain::UtcMs;
use crate::domain::ledger::{Attachment, EntryId, EntryKind, EntryStatement, LedgerEntry};
use crate::limits::{LEDGER_PAGE_MAX, LEDGER_ROWS_MAX};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::path::Path;
use std::str::FromStr;

/// Columns of an entry, in the order that `entry` reads.
const ENTRY_COLUMNS: &str = "one.id, one.sort, one.indicator, one.what, one.mantissa, one.places, \
    one.unit, one.moment, one.known, one.who, one.note, one.supersedes, one.recorded_at, \
    one.recorded_by, later.id";
/// Entry joined with the entry that supersedes it.
const ENTRY_JOIN: &str = "FROM ledger one LEFT JOIN ledger later ON later.supersedes = one.id";

/// Statements to append together.
#[derive(Debug)]
pub(crate) struct LedgerAddition {
    pub(super) statements: Vec<EntryStatement>,
    /// User or script that records them.
    pub(super) by: String,
    /// Key of the request; one that was used before appends nothing.
    pub(super) key: Option<EntryKey>,
}

/// Appends statements, all or none; returns their numbers. `directory` is that of the store, with
/// the attachments.
pub(super) fn append_ledger(
    db: &mut Connection,
    directory: &Path,
    now: UtcMs,
    addition: &LedgerAddition,
) -> Result<RecordedEntries, StoreError> {
    let (statements, key) = (&addition.statements, addition.key.as_ref());
    let failed = |fault: rusqlite::Error| disk_error("keeping ledger entries", &fault);
    if statements.len() > LEDGER_ROWS_MAX {
        let why = format!(
            "{} entries at once, at most {LEDGER_ROWS_MAX}",
            statements.len()
        );
        return Err(StoreError::Invalid(why));
    }
    let transaction = db.transaction().map_err(failed)?;
    if let Some(key) = key
        && let Some(earlier) = find_keyed_entries(&transaction, key)?
    {
        return Ok(earlier);
    }
    let mut ids = Vec::with_capacity(statements.len());
    for statement in statements {
        check_statement(&transaction, directory, statement)?;
        ids.push(insert_entry(&transaction, statement, now, &addition.by).map_err(failed)?);
    }
    if let Some(key) = key {
        insert_entry_key(&transaction, key, &ids).map_err(failed)?;
    }
    transaction.commit().map_err(failed)?;
    let note = key.map(|key| key.note.clone()).unwrap_or_default();
    Ok(RecordedEntries { ids, note })
}

/// Returns one page of entries, in the order of their numbers.
pub(super) fn ledger_page(
    db: &Connection,
    query: &LedgerQuery,
) -> Result<Vec<LedgerEntry>, StoreError> {
    let order = if query.newest.is_some() {
        "DESC"
    } else {
        "ASC"
    };
    let text = format!(
        "SELECT {ENTRY_COLUMNS} {ENTRY_JOIN} WHERE one.id > ?1 AND (?2 IS NULL OR one.last >= ?2)
             AND (?3 IS NULL OR one.first <= ?3) AND (?4 IS NULL OR one.indicator = ?4)
             AND (?7 IS NULL OR one.sort = ?7)
             AND (?5 OR (later.id IS NULL AND one.mantissa IS NOT NULL))
             ORDER BY one.id {order} LIMIT ?6"
    );
    let day = |day: Option<jiff::civil::Date>| day.map(|day| day.to_string());
    let values = params![
        query.after.cast_signed(),
        day(query.from),
        day(query.to),
        query.indicator,
        query.superseded,
        sql_int(query.newest.unwrap_or(LEDGER_PAGE_MAX).min(LEDGER_PAGE_MAX)),
        query.sort.map(EntryKind::word),
    ];
    let mut found = read_entries(db, &text, values)
        .map_err(|fault| disk_error("reading the ledger", &fault))?;
    found.sort_by_key(|entry| entry.id);
    Ok(found)
}

/// Returns the chain of corrections that contains an entry, oldest first.
pub(super) fn correction_chain(
    db: &Connection,
    entry: EntryId,
) -> Result<Vec<LedgerEntry>, StoreError> {
    let text = format!(
            // First back to the original entry, then forward over all replacements.
            "WITH RECURSIVE older(id) AS (VALUES (?1) UNION
               SELECT supersedes FROM ledger JOIN older USING (id) WHERE supersedes IS NOT NULL),
             chain(id) AS (SELECT id FROM older UNION
               SELECT ledger.id FROM ledger JOIN chain ON ledger.supersedes = chain.id)
             SELECT {ENTRY_COLUMNS} {ENTRY_JOIN} WHERE one.id IN (SELECT id FROM chain) ORDER BY one.id"
        );
    let chain = read_entries(db, &text, params![entry.cast_signed()])
        .map_err(|fault| disk_error("reading the ledger", &fault))?;
    if chain.is_empty() {
        return Err(StoreError::UnknownEntry(entry));
    }
    Ok(chain)
}

/// Checks that the superseded entry exists, is of the same sort and is current, and that all
/// attachments are stored.
fn check_statement(
    db: &Connection,
    directory: &Path,
    statement: &EntryStatement,
) -> Result<(), StoreError> {
    for file in &statement.attachments {
        if !super::attachments::is_stored(directory, file) {
            let why = format!(
                "attachment {} ({}) has not been kept",
                file.name, file.sha256
            );
            return Err(StoreError::Invalid(why));
        }
    }
    let Some(old) = statement.supersedes else {
        return match statement.quantity {
            Some(_) => Ok(()),
            None => Err(StoreError::Invalid(
                "an entry without a quantity".to_owned(),
            )),
        };
    };
    let failed = |fault: rusqlite::Error| disk_error("reading the ledger", &fault);
    let sort: Option<String> = db
        .query_row(
            "SELECT sort FROM ledger WHERE id = ?",
            [old.cast_signed()],
            |row| row.get(0),
        )
        .optional()
        .map_err(failed)?;
    let sort = sort.ok_or(StoreError::UnknownEntry(old))?;
    if sort != statement.sort.word() {
        let new = statement.sort.word();
        let why = format!("entry {old} is a {sort}; a {new} cannot replace it");
        return Err(StoreError::Invalid(why));
    }
    match current_entry(db, old).map_err(failed)? {
        same if same == old => Ok(()),
        current => Err(StoreError::Superseded {
            entry: old,
            current,
        }),
    }
}

/// Returns the last entry of a chain.
fn current_entry(db: &Connection, entry: EntryId) -> Result<EntryId, rusqlite::Error> {
    // A replacement has a greater number than the entry it replaces, so the recursion ends.
    let later = "WITH RECURSIVE chain(id) AS (VALUES (?) UNION
        SELECT ledger.id FROM ledger JOIN chain ON ledger.supersedes = chain.id)
        SELECT max(id) FROM chain";
    db.query_row(later, [entry.cast_signed()], |row| entry_id(row, 0))
}

/// Inserts one statement with its attachments and an audit entry; returns its number.
fn insert_entry(
    db: &Connection,
    statement: &EntryStatement,
    now: UtcMs,
    by: &str,
) -> Result<EntryId, rusqlite::Error> {
    let when = statement.when;
    // A quantity is stored as decimal digits and places: it comes back as it was written, without
    // binary rounding. A withdrawal has none.
    let (mantissa, places) = match statement.quantity {
        Some(quantity) => {
            let inexact = || rusqlite::Error::ToSqlConversionFailure("not a decimal".into());
            let (mantissa, places) = quantity.decimal_parts().ok_or_else(inexact)?;
            (Some(mantissa), places)
        }
        None => (None, 0),
    };
    db.prepare(
        "INSERT INTO ledger(sort, indicator, what, mantissa, places, unit, moment, first, last,
         known, who, note, supersedes, recorded_at, recorded_by)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![
        statement.sort.word(),
        statement.indicator,
        statement.what,
        mantissa,
        places,
        statement.unit,
        when.to_string(),
        when.first().to_string(),
        when.last().to_string(),
        statement.known.word(),
        statement.who,
        statement.note,
        statement.supersedes.map(EntryId::cast_signed),
        now.0,
        by,
    ])?;
    let id = db.last_insert_rowid();
    for (file, place) in statement.attachments.iter().zip(0i64..) {
        db.execute(
            "INSERT INTO ledger_file(entry, place, name, sha256, bytes) VALUES (?, ?, ?, ?, ?)",
            params![id, place, file.name, file.sha256, file.bytes.cast_signed()],
        )?;
    }
    let replaced = statement.supersedes.map(|old| format!(", replaces {old}"));
    let what = format!("entry {id} by {by}{}", replaced.unwrap_or_default());
    append_audit(db, now, "ledger", &what)?;
    Ok(id.cast_unsigned())
}

/// Runs a query and reads all its rows as entries.
fn read_entries(
    db: &Connection,
    text: &str,
    values: impl rusqlite::Params,
) -> Result<Vec<LedgerEntry>, rusqlite::Error> {
    let mut rows = db.prepare_cached(text)?;
    let mut rows = rows.query(values)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        match parse_entry(row, db) {
            // Listed as damage at the start; it hides no other entry.
            Err(fault) if is_garbled(&fault) => {}
            entry => found.push(entry?),
        }
    }
    Ok(found)
}

/// Finds the entries that no ledger has written: number, and when they were recorded. SQLite sees
/// no damage in a text that has only other letters.
pub(super) fn find_garbled_entries(db: &Connection) -> Result<Vec<(i64, UtcMs)>, rusqlite::Error> {
    let mut rows = db.prepare(&format!(
        "SELECT {ENTRY_COLUMNS} {ENTRY_JOIN} ORDER BY one.id"
    ))?;
    let mut rows = rows.query([])?;
    let mut garbled = Vec::new();
    while let Some(row) = rows.next()? {
        match parse_entry(row, db) {
            Err(fault) if is_garbled(&fault) => {
                garbled.push((row.get(0)?, UtcMs(row.get(12).unwrap_or_default())));
            }
            entry => drop(entry?),
        }
    }
    Ok(garbled)
}

/// Returns whether a column has a value that the ledger never writes.
fn is_garbled(fault: &rusqlite::Error) -> bool {
    matches!(
        fault,
        rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::Utf8Error(..)
    )
}

/// Reads an entry from a row in the order of `COLUMNS`.
fn parse_entry(row: &Row<'_>, db: &Connection) -> Result<LedgerEntry, rusqlite::Error> {
    let mantissa: Option<i64> = row.get(4)?;
    let places: u8 = row.get(5)?;
    let quantity = match mantissa {
        Some(mantissa) => {
            let number = ExactNumber::with_places(mantissa, places);
            Some(number.ok_or_else(|| garbled_column(4))?)
        }
        None => None,
    };
    let id = entry_id(row, 0)?;
    Ok(LedgerEntry {
        id,
        statement: EntryStatement {
            sort: parse_column(row, 1)?,
            indicator: row.get::<_, String>(2)?.into(),
            what: row.get(3)?,
            quantity,
            unit: row.get::<_, String>(6)?.into(),
            when: parse_column(row, 7)?,
            known: parse_column(row, 8)?,
            who: row.get(9)?,
            note: row.get(10)?,
            attachments: read_entry_files(db, id)?,
            supersedes: row.get::<_, Option<i64>>(11)?.map(i64::cast_unsigned),
        },
        recorded_at: UtcMs(row.get(12)?),
        recorded_by: row.get(13)?,
        superseded_by: row.get::<_, Option<i64>>(14)?.map(i64::cast_unsigned),
    })
}

/// Returns the attachments of an entry, in their order.
fn read_entry_files(db: &Connection, entry: EntryId) -> Result<Vec<Attachment>, rusqlite::Error> {
    let mut rows = db.prepare_cached(
        "SELECT name, sha256, bytes FROM ledger_file WHERE entry = ? ORDER BY place",
    )?;
    let file = |row: &Row<'_>| {
        Ok(Attachment {
            name: row.get(0)?,
            sha256: row.get(1)?,
            bytes: row.get::<_, i64>(2)?.cast_unsigned(),
        })
    };
    rows.query_map([entry.cast_signed()], file)?.collect()
}

fn entry_id(row: &Row<'_>, column: usize) -> Result<EntryId, rusqlite::Error> {
    row.get::<_, i64>(column).map(i64::cast_unsigned)
}

/// Parses a text column.
fn parse_column<T: FromStr>(row: &Row<'_>, column: usize) -> Result<T, rusqlite::Error> {
    let text: String = row.get(column)?;
    text.parse().map_err(|_| garbled_column(column))
}

/// Error for a column with a value that the ledger never writes.
fn garbled_column(column: usize) -> rusqlite::Error {
    let why = "not what the ledger writes";
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, why.into())
}
