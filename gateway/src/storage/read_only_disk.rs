//! A disk that can only be read, as a worn card and a file system with errors are: the gateway
//! shows what is stored, and readings wait in memory until the disk can be written again.
//!
//! The file is open as for a command that only reads, so that what a start writes is in tables in
//! memory. They go into the file, before any reading, once it can be written.

use super::access::{COPIED_TABLES, open_read_only};
use super::disk_room;
use super::file_presence::{FilePresence, observe_files};
use super::held_file::HeldFile;
use super::schema::{connect_database, connect_memory, disk_error};
use super::store_error::StoreError;
use super::writer::StoreWriter;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use std::path::Path;

/// Tables of which a start changes rows, beside those that it adds.
const CHANGED_TABLES: [&str; 4] = ["meta", "device", "point", "identity"];

/// Rows of a start that are not in the file yet.
struct StartedRows {
    tables: Vec<(&'static str, Vec<Vec<Value>>)>,
    /// Time, kind and text of entries of the audit log.
    audit: Vec<Vec<Value>>,
}

impl StoreWriter {
    /// Error while the disk can only be read.
    pub(super) fn read_only_error(&self) -> StoreError {
        StoreError::ReadOnly(self.settings.path.clone())
    }

    /// Goes on with the file once its disk can be written.
    #[expect(
        clippy::used_underscore_binding,
        reason = "the lock gives way to that of the new connection"
    )]
    pub(super) fn end_read_only(&mut self) -> Result<(), StoreError> {
        if !self.is_read_only {
            return Ok(());
        }
        let folder = self.file.parent().unwrap_or(Path::new(".")).to_owned();
        if disk_room::is_read_only(&folder) {
            return Err(self.read_only_error());
        }
        let failed = |fault: rusqlite::Error| disk_error("writing on", &fault);
        let started = StartedRows::read(&self.db).map_err(failed)?;
        // A handle that is closed later would give up the lock of the new connection.
        let (memory, _) = connect_memory().map_err(failed)?;
        started.write(&memory).map_err(failed)?;
        self.db = memory;
        self._lock = None;
        let opened = connect_database(&self.file).and_then(|(db, _)| {
            started.write(&db)?;
            Ok(db)
        });
        match opened {
            Ok(db) => self.db = db,
            Err(fault) => {
                self.show_file_again(&folder, &started);
                return Err(failed(fault));
            }
        }
        self.is_read_only = false;
        self.follow_progress().map_err(failed)?;
        self.open_files = observe_files(self.access, &self.file);
        if self.held.reader.is_none() {
            self.held = HeldFile::open(self.access, &self.file);
        }
        if let Some(floor) = &mut self.floor {
            floor.raise(&self.db, self.next).map_err(failed)?;
        }
        tracing::info!("the disk can be written again: readings are written to it");
        Ok(())
    }

    /// Shows what is stored again, where the disk cannot be written after all.
    #[expect(
        clippy::used_underscore_binding,
        reason = "the file is held against another writer again"
    )]
    fn show_file_again(&mut self, folder: &Path, started: &StartedRows) {
        let Ok(opened) = open_read_only(folder) else {
            return;
        };
        if started.write(&opened.db).is_ok() {
            (self.db, self._lock) = (opened.db, opened.lock);
        }
    }

    /// Identity of the file that is shown, so that another one in its place is not written.
    pub(super) fn observe_read_only(&mut self) {
        if self.is_read_only {
            self.open_files = FilePresence::observe([self.file.clone()]).ok();
        }
    }
}

impl StartedRows {
    /// Reads the rows; a name means the table in memory.
    fn read(db: &Connection) -> Result<Self, rusqlite::Error> {
        let tables = COPIED_TABLES.iter().map(|table| {
            let rows = read_rows(db, &format!("SELECT * FROM {table}"))?;
            Ok((*table, rows))
        });
        Ok(Self {
            tables: tables.collect::<Result<_, rusqlite::Error>>()?,
            audit: read_rows(db, "SELECT at, kind, what FROM audit ORDER BY id")?,
        })
    }

    /// Writes the rows, all or none.
    fn write(&self, db: &Connection) -> Result<(), rusqlite::Error> {
        let transaction = db.unchecked_transaction()?;
        for (table, rows) in &self.tables {
            let is_changed = CHANGED_TABLES.contains(table);
            let conflict = if is_changed { "REPLACE" } else { "IGNORE" };
            for row in rows {
                let marks = vec!["?"; row.len()].join(", ");
                let put = format!("INSERT OR {conflict} INTO {table} VALUES ({marks})");
                transaction
                    .prepare_cached(&put)?
                    .execute(params_from_iter(row))?;
            }
        }
        for row in &self.audit {
            transaction
                .prepare_cached("INSERT INTO audit(at, kind, what) VALUES (?, ?, ?)")?
                .execute(params_from_iter(row))?;
        }
        transaction.commit()
    }
}

fn read_rows(db: &Connection, query: &str) -> Result<Vec<Vec<Value>>, rusqlite::Error> {
    let mut find = db.prepare(query)?;
    let columns = find.column_count();
    let rows = find.query_map([], |row| (0..columns).map(|at| row.get(at)).collect())?;
    rows.collect()
}
