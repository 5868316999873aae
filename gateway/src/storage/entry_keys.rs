//! Keys of requests with ledger entries: a request that is repeated after a lost answer is recorded
//! once, and gets the first answer.

use super::schema::{disk_error, sql_int};
use super::store_error::StoreError;
use super::store_values::{EntryKey, RecordedEntries};
use crate::domain::ledger::EntryId;
use crate::limits::ENTRY_KEYS_MAX;
use ring::digest::{SHA256, digest};
use rusqlite::{Connection, OptionalExtension, params};

/// Returns the entries that were recorded with this key; `KeyUsed` when their content differs.
pub(super) fn find_keyed_entries(
    db: &Connection,
    key: &EntryKey,
) -> Result<Option<RecordedEntries>, StoreError> {
    let found: Option<(Vec<u8>, i64, i64, String)> = db
        .query_row(
            "SELECT content, first, entries, note FROM entry_key WHERE key = ?",
            [&key.key],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )
        .optional()
        .map_err(|fault| disk_error("reading the keys of ledger entries", &fault))?;
    let Some((content, first, entries, note)) = found else {
        return Ok(None);
    };
    if content != content_hash(key) {
        return Err(StoreError::KeyUsed(key.key.clone()));
    }
    let ids = (first..first.saturating_add(entries)).map(i64::cast_unsigned);
    Ok(Some(RecordedEntries {
        ids: ids.collect(),
        note,
    }))
}

/// Keeps the key of entries that were just inserted, and deletes the oldest keys beyond
/// `ENTRY_KEYS_MAX`.
pub(super) fn insert_entry_key(
    db: &Connection,
    key: &EntryKey,
    ids: &[EntryId],
) -> Result<(), rusqlite::Error> {
    // The entries of one transaction have consecutive numbers.
    let first = ids.first().map_or(0, |id| id.cast_signed());
    db.execute(
        "INSERT INTO entry_key(key, content, first, entries, note) VALUES (?, ?, ?, ?, ?)",
        params![
            key.key,
            content_hash(key),
            first,
            sql_int(ids.len()),
            key.note
        ],
    )?;
    let newest = db.last_insert_rowid();
    db.execute(
        "DELETE FROM entry_key WHERE id <= ?",
        [newest - sql_int(ENTRY_KEYS_MAX)],
    )?;
    Ok(())
}

fn content_hash(key: &EntryKey) -> Vec<u8> {
    digest(&SHA256, key.content.as_bytes()).as_ref().to_vec()
}
