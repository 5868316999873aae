//! Numbers that the store keeps by name.

use rusqlite::{Connection, OptionalExtension, params};

/// Returns a number from table `meta`.
pub(super) fn read_meta(db: &Connection, key: &str) -> Result<Option<i64>, rusqlite::Error> {
    db.query_row("SELECT value FROM meta WHERE key = ?", [key], |row| {
        row.get(0)
    })
    .optional()
}

/// Stores a number in table `meta`.
pub(super) fn write_meta(db: &Connection, key: &str, value: i64) -> Result<(), rusqlite::Error> {
    db.execute(
        "INSERT INTO meta(key, value) VALUES (?1, ?2) ON CONFLICT(key) DO UPDATE SET value = ?2",
        params![key, value],
    )?;
    Ok(())
}
