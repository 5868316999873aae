//! Database file: schema, migrations, SQLite settings, and handling of a file that cannot be read.

pub(super) use super::database_faults::{disk_error, is_corruption, is_disk_full, to_store_error};
use super::file_permissions;
use super::store_error::StoreError;
use crate::domain::store_event::StoreEvent;
use rusqlite::Connection;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// File name within the store's directory.
pub(super) const DATABASE_FILE: &str = "pantau.db";
/// Preallocated length of the write-ahead log, bytes.
// With a fixed length no commit changes the size of the log: a changed size makes the file system
// write its own journal as well, and wear on an SD card is commits times cost per commit.
const WAL_BYTES: u64 = 4 << 20;
/// Pages of 1 KiB after which the log is copied back into the file.
// A commit of a thousand pages more still fits into the preallocated log.
pub(super) const CHECKPOINT_PAGES: u32 = 3000;
/// Schema steps, one a version; a later version appends a step.
pub(super) const MIGRATIONS: [&str; 15] = [
    BASE_SCHEMA,
    EVIDENCE_SCHEMA,
    CALIBRATION_SCHEMA,
    SNAPSHOT_SCHEMA,
    ENTRY_KEY_SCHEMA,
    ISSUED_REPORT_SCHEMA,
    SAMPLE_IMPORT_SCHEMA,
    ISSUED_FILE_SCHEMA,
    REDATED_AND_STAMP_SCHEMA,
    CLOCK_AND_DAMAGE_SCHEMA,
    SINGLE_DIGITS_SCHEMA,
    ALARM_SCHEMA,
    ALARM_QUEUE_SCHEMA,
    DEVICE_KIND_SCHEMA,
    COMMISSIONING_SCHEMA,
];

/// Table whose rows are never changed or deleted.
struct AppendOnlyTable {
    name: &'static str,
    /// Message of the error for a statement that would change it.
    refusal: &'static str,
    /// Rows that an insert would replace; `None` for tables with no key that an insert names.
    replaced: Option<&'static str>,
}

// A second barrier behind the code, which has no statement that changes such a row. `REPLACE`
// deletes without firing a delete trigger, so inserts are guarded as well.
const APPEND_ONLY_TABLES: [AppendOnlyTable; 15] = [
    append_only(
        "ledger",
        "the ledger only grows",
        Some("id = NEW.id OR supersedes = NEW.supersedes"),
    ),
    append_only(
        "ledger_file",
        "the ledger only grows",
        Some("entry = NEW.entry AND place = NEW.place"),
    ),
    append_only(
        "digest",
        "the chain only grows",
        Some("number >= NEW.number OR (day = NEW.day AND revision = NEW.revision)"),
    ),
    append_only("revision", "revisions stay", None),
    append_only("factors", "revisions stay", None),
    append_only(
        "calibration",
        "calibrations only grow",
        Some("id = NEW.id OR withdraws = NEW.withdraws"),
    ),
    append_only(
        "issued_report",
        "issued reports only grow",
        Some("id = NEW.id"),
    ),
    append_only("sample_import", "imports only grow", Some("id = NEW.id")),
    append_only("import_stretch", "imports only grow", Some("id = NEW.id")),
    append_only("replaced_samples", "imports only grow", Some("id = NEW.id")),
    append_only(
        "issued_file",
        "issued reports only grow",
        Some("id = NEW.id OR sha256 = NEW.sha256"),
    ),
    append_only(
        "redated_stretch",
        "re-dated stretches only grow",
        Some("id = NEW.id"),
    ),
    append_only("time_stamp", "time stamps only grow", Some("id = NEW.id")),
    append_only("audit", "the audit only grows", None),
    append_only(
        "handover_record",
        "signed records only grow",
        Some("id = NEW.id"),
    ),
];

const fn append_only(
    name: &'static str,
    refusal: &'static str,
    replaced: Option<&'static str>,
) -> AppendOnlyTable {
    AppendOnlyTable {
        name,
        refusal,
        replaced,
    }
}

/// The view through which evidence reads calibrations, each row as stored.
const CALIBRATION_VIEW: &str = "
CREATE VIEW IF NOT EXISTS calibration_text AS SELECT id, recorded_at AS since,
  json_array(id, kind, targets, pairs, since, withdraws, who, note, recorded_at, recorded_by)
  AS text FROM calibration;
";

/// Triggers that refuse to change or delete rows of append-only tables. Created at every start: a
/// file that lost its triggers gets them back.
fn append_only_triggers() -> String {
    let triggers = |table: &AppendOnlyTable| {
        let name = table.name;
        let trigger = |word: &str, event: &str, condition: &str| {
            format!(
                "CREATE TRIGGER IF NOT EXISTS {name}_{word} BEFORE {event} ON {name}{condition}\n  \
                 BEGIN SELECT RAISE(ABORT, '{}'); END;\n",
                table.refusal
            )
        };
        let replace = table.replaced.map(|rows| {
            let condition = format!("\n  WHEN EXISTS (SELECT 1 FROM {name} WHERE {rows})");
            trigger("replace", "INSERT", &condition)
        });
        [
            trigger("update", "UPDATE", ""),
            trigger("delete", "DELETE", ""),
        ]
        .into_iter()
        .chain(replace)
        .collect::<String>()
    };
    APPEND_ONLY_TABLES.iter().map(triggers).collect()
}

/// Tables of version 1.
const BASE_SCHEMA: &str = "
CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE boot(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE device(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE point(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, unit TEXT NOT NULL,
  quantity TEXT NOT NULL, counter INTEGER NOT NULL);
CREATE TABLE layout(id INTEGER PRIMARY KEY, device INTEGER NOT NULL, points BLOB NOT NULL);
CREATE TABLE revision(id INTEGER PRIMARY KEY, since INTEGER NOT NULL, crc INTEGER NOT NULL,
  text TEXT NOT NULL);
CREATE TABLE journal(first INTEGER PRIMARY KEY, n INTEGER NOT NULL, boot INTEGER NOT NULL,
  undated INTEGER NOT NULL, crc INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE pack(id INTEGER PRIMARY KEY, content INTEGER NOT NULL, day INTEGER NOT NULL,
  boot INTEGER NOT NULL, low INTEGER NOT NULL, high INTEGER NOT NULL, parts BLOB NOT NULL,
  body BLOB NOT NULL);
CREATE INDEX pack_day ON pack(day, low, high);
CREATE INDEX pack_parts ON pack(content) WHERE content = 1;
CREATE TABLE daily(point INTEGER NOT NULL, day INTEGER NOT NULL, roll BLOB NOT NULL,
  PRIMARY KEY(point, day)) WITHOUT ROWID;
CREATE TABLE cursor(sink TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE refused(id INTEGER PRIMARY KEY, sink TEXT NOT NULL, seq INTEGER NOT NULL,
  at INTEGER NOT NULL, why TEXT NOT NULL, what TEXT NOT NULL);
CREATE INDEX refused_sink ON refused(sink);
CREATE TABLE refused_count(sink TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE ledger(id INTEGER PRIMARY KEY AUTOINCREMENT, sort TEXT NOT NULL,
  indicator TEXT NOT NULL, what TEXT NOT NULL, mantissa INTEGER, places INTEGER NOT NULL,
  unit TEXT NOT NULL, moment TEXT NOT NULL, first TEXT NOT NULL, last TEXT NOT NULL,
  known TEXT NOT NULL, who TEXT NOT NULL, note TEXT NOT NULL,
  supersedes INTEGER UNIQUE REFERENCES ledger(id), recorded_at INTEGER NOT NULL,
  recorded_by TEXT NOT NULL);
CREATE INDEX ledger_first ON ledger(first, indicator);
CREATE TABLE ledger_file(entry INTEGER NOT NULL REFERENCES ledger(id), place INTEGER NOT NULL,
  name TEXT NOT NULL, sha256 TEXT NOT NULL, bytes INTEGER NOT NULL,
  PRIMARY KEY(entry, place)) WITHOUT ROWID;
CREATE TABLE audit(id INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL,
  what TEXT NOT NULL);
CREATE TABLE damaged(id INTEGER PRIMARY KEY, at INTEGER NOT NULL, origin TEXT NOT NULL,
  body BLOB NOT NULL);
";

/// Tables of version 2: chain of day records, closed days that need a further record with the
/// reason, and the built-in factors of each program version.
const EVIDENCE_SCHEMA: &str = "
CREATE TABLE digest(number INTEGER PRIMARY KEY, day INTEGER NOT NULL, revision INTEGER NOT NULL,
  sha256 TEXT NOT NULL, record TEXT NOT NULL, UNIQUE(day, revision));
CREATE TABLE digest_due(day INTEGER NOT NULL, why TEXT NOT NULL, PRIMARY KEY(day, why))
  WITHOUT ROWID;
CREATE TABLE factors(id INTEGER PRIMARY KEY, since INTEGER NOT NULL, text TEXT NOT NULL);
CREATE INDEX ledger_recorded ON ledger(recorded_at);
";

/// Table of version 3; `targets` and `pairs` are JSON lists, since their lengths differ by kind.
const CALIBRATION_SCHEMA: &str = "
CREATE TABLE calibration(id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL,
  targets TEXT NOT NULL, pairs TEXT NOT NULL, since TEXT NOT NULL,
  withdraws INTEGER UNIQUE REFERENCES calibration(id), who TEXT NOT NULL, note TEXT NOT NULL,
  recorded_at INTEGER NOT NULL, recorded_by TEXT NOT NULL);
";

/// Table of version 4: sums at the end of closed days, which can be computed again at any time.
const SNAPSHOT_SCHEMA: &str = "
CREATE TABLE figure_snapshot(id INTEGER PRIMARY KEY, asset TEXT NOT NULL, first TEXT NOT NULL,
  kind INTEGER NOT NULL, basis BLOB NOT NULL, until INTEGER NOT NULL, reads_from INTEGER NOT NULL,
  looks_from INTEGER NOT NULL, epoch INTEGER NOT NULL, used_at INTEGER NOT NULL,
  crc INTEGER NOT NULL, state BLOB NOT NULL, UNIQUE(asset, first, kind));
";

/// Table of version 5: keys that clients gave their requests with ledger entries, and what was
/// answered.
const ENTRY_KEY_SCHEMA: &str = "
CREATE TABLE entry_key(id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE,
  content BLOB NOT NULL, first INTEGER NOT NULL, entries INTEGER NOT NULL, note TEXT NOT NULL);
";

/// Table of version 6: issued reports; `headlines` is a JSON list.
const ISSUED_REPORT_SCHEMA: &str = "
CREATE TABLE issued_report(id INTEGER PRIMARY KEY AUTOINCREMENT, issued_at INTEGER NOT NULL,
  period TEXT NOT NULL, asset TEXT NOT NULL, content TEXT NOT NULL, revision TEXT NOT NULL,
  digest TEXT NOT NULL, headlines TEXT NOT NULL, via TEXT NOT NULL, issued_by TEXT NOT NULL);
CREATE INDEX issued_report_content ON issued_report(content);
";

/// Tables of version 7: files from which samples came, the stretches of time that they fill, and
/// the samples in whose place they stand.
const SAMPLE_IMPORT_SCHEMA: &str = "
CREATE TABLE sample_import(id INTEGER PRIMARY KEY AUTOINCREMENT, point TEXT NOT NULL,
  file TEXT NOT NULL, sha256 TEXT NOT NULL, by TEXT NOT NULL, at INTEGER NOT NULL,
  interval_ms INTEGER NOT NULL);
CREATE INDEX sample_import_sha256 ON sample_import(sha256);
CREATE TABLE import_stretch(id INTEGER PRIMARY KEY AUTOINCREMENT,
  import INTEGER NOT NULL REFERENCES sample_import(id), at INTEGER NOT NULL,
  first INTEGER NOT NULL, last INTEGER NOT NULL, samples INTEGER NOT NULL,
  replaced INTEGER NOT NULL);
CREATE INDEX import_stretch_last ON import_stretch(last);
CREATE TABLE replaced_samples(id INTEGER PRIMARY KEY AUTOINCREMENT,
  import INTEGER NOT NULL REFERENCES sample_import(id), at INTEGER NOT NULL, body BLOB NOT NULL);
";

/// Table of version 8: the files in which issued reports were handed out.
const ISSUED_FILE_SCHEMA: &str = "
CREATE TABLE issued_file(id INTEGER PRIMARY KEY AUTOINCREMENT, report INTEGER NOT NULL,
  issued_at INTEGER NOT NULL, format TEXT NOT NULL, language TEXT NOT NULL,
  sha256 TEXT NOT NULL UNIQUE);
";

/// Tables of version 9: stretches of samples that got their true time afterwards, and time stamps
/// of digests.
const REDATED_AND_STAMP_SCHEMA: &str = "
CREATE TABLE redated_stretch(id INTEGER PRIMARY KEY AUTOINCREMENT, point TEXT NOT NULL,
  era TEXT NOT NULL, at INTEGER NOT NULL, shift_ms INTEGER NOT NULL, first INTEGER NOT NULL,
  last INTEGER NOT NULL, samples INTEGER NOT NULL);
CREATE INDEX redated_stretch_last ON redated_stretch(last);
CREATE TABLE time_stamp(id INTEGER PRIMARY KEY AUTOINCREMENT, number INTEGER NOT NULL,
  sha256 TEXT NOT NULL, at INTEGER NOT NULL, url TEXT NOT NULL, token BLOB NOT NULL);
";

/// Tables of version 10: what both clocks showed at moments of each start of the computer and who
/// vouched for it; the id of the store; what each sink has still to deliver besides the newest
/// readings; and what was lost by damage, until somebody has seen it.
const CLOCK_AND_DAMAGE_SCHEMA: &str = "
CREATE TABLE clock_pair(id INTEGER PRIMARY KEY, boot TEXT NOT NULL, mono INTEGER NOT NULL,
  at INTEGER NOT NULL, source TEXT NOT NULL, bound_ms INTEGER NOT NULL);
CREATE INDEX clock_pair_boot ON clock_pair(boot, mono);
CREATE TABLE identity(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE sink_lane(sink TEXT NOT NULL, after INTEGER NOT NULL, until INTEGER NOT NULL,
  PRIMARY KEY(sink, after)) WITHOUT ROWID;
CREATE TABLE data_damage(id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL,
  what TEXT NOT NULL, day INTEGER NOT NULL, device TEXT NOT NULL, first INTEGER NOT NULL,
  last INTEGER NOT NULL, rows INTEGER NOT NULL, seen_by TEXT, seen_at INTEGER);
CREATE INDEX data_damage_day ON data_damage(day, device);
";

/// Version 11 changes no table: numbers in the digits of a single have a code of their own in
/// journal rows and chunks, which an earlier program would take for damage.
const SINGLE_DIGITS_SCHEMA: &str = "";

/// Tables of version 12: states of alarms by rule and subject, their last changes, and the number
/// up to which each channel has delivered these.
const ALARM_SCHEMA: &str = "
CREATE TABLE alarm_state(key TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE alarm_change(id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL,
  body TEXT NOT NULL);
CREATE TABLE alarm_delivery(channel TEXT PRIMARY KEY, after INTEGER NOT NULL) WITHOUT ROWID;
";

/// Tables of version 13: messages of alarms that wait for their recipients, what is kept of each
/// channel, and the bytes of each month.
const ALARM_QUEUE_SCHEMA: &str = "
CREATE TABLE alarm_message(id INTEGER PRIMARY KEY AUTOINCREMENT, channel TEXT NOT NULL,
  body TEXT NOT NULL);
CREATE INDEX alarm_message_channel ON alarm_message(channel);
CREATE TABLE alarm_channel(name TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE alarm_traffic(month TEXT PRIMARY KEY, bytes INTEGER NOT NULL) WITHOUT ROWID;
";

/// Column of version 14: kind of a device, for readings that wait for a sink when the device is no
/// longer configured.
const DEVICE_KIND_SCHEMA: &str = "
ALTER TABLE device ADD COLUMN kind TEXT NOT NULL DEFAULT '';
";

/// Tables of version 15: what a technician has begun and not finished, by name, and the signed
/// records of hand-overs.
const COMMISSIONING_SCHEMA: &str = "
CREATE TABLE technician_note(name TEXT PRIMARY KEY, at INTEGER NOT NULL, body TEXT NOT NULL)
  WITHOUT ROWID;
CREATE TABLE handover_record(id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL,
  body TEXT NOT NULL);
";

/// Opened database.
#[derive(Debug)]
pub(super) struct OpenedDatabase {
    pub(super) db: Connection,
    pub(super) file: PathBuf,
    /// Findings about the file, and the actions on them.
    pub(super) events: Vec<StoreEvent>,
    /// Lock of a read-only command.
    pub(super) lock: Option<File>,
    pub(super) state: FileState,
}

/// State in which the file was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileState {
    /// It was there.
    Kept,
    /// It is new, and has only its tables.
    New,
    /// There was no room to begin it: it waits in memory.
    Waiting,
    /// Its disk can only be read: what a start writes is in memory.
    ReadOnly,
}

/// Error for a file of a later version, which is left unchanged.
pub(super) fn newer_version_error(file: &Path, version: usize) -> StoreError {
    let file = file.display();
    StoreError::Invalid(format!(
        "{file} was written by a newer pantau (format {version})"
    ))
}

/// Converts a count into an SQLite integer.
pub(super) fn sql_int(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Returns the size of the file and its log, bytes.
pub(super) fn bytes_on_disk(file: &Path) -> u64 {
    let size = |path: &Path| std::fs::metadata(path).map_or(0, |meta| meta.len());
    size(file) + size(&wal_path(file))
}

/// Opens the connection with its settings; returns it with the schema version that was found.
pub(super) fn connect_database(file: &Path) -> Result<(Connection, usize), rusqlite::Error> {
    // SQLite gives its log the permissions of the file, so the file is created first. An existing
    // file, or a failure, is seen by the next line.
    drop(file_permissions::file(file));
    let mut db = Connection::open(file)?;
    // Another process holds the file for good: waiting for it is of no use.
    db.busy_timeout(std::time::Duration::ZERO)?;
    // 1 KiB pages write a fifth less than 4 KiB pages: a 4 KiB frame with its header takes two
    // pages of the file system.
    db.pragma_update(None, "page_size", 1024)?;
    // Exclusive mode keeps the index of the log in memory: a shared `-shm` file is written back by
    // the kernel and doubles the traffic.
    db.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    db.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    // FULL: a commit that was reported is on the card. NORMAL loses what came since the last
    // checkpoint at a power cut.
    db.pragma_update(None, "synchronous", "FULL")?;
    // A negative size is in KiB: 1 MB, so that the whole program stays small.
    db.pragma_update(None, "cache_size", -1024)?;
    db.pragma_update(None, "temp_store", "MEMORY")?;
    // No limit: SQLite must not cut the preallocated log.
    db.pragma_update_and_check(None, "journal_size_limit", -1, |_| Ok(()))?;
    db.pragma_update_and_check(None, "wal_autocheckpoint", CHECKPOINT_PAGES, |_| Ok(()))?;
    // A checkpoint at close would delete the preallocated log.
    db.set_db_config(
        rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
        true,
    )?;
    // A statement keeps its plan. Otherwise SQLite plans it anew for each bound value (STAT4),
    // which takes ten times as long as reading a short table, although there are no statistics.
    db.set_db_config(
        rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG,
        true,
    )?;
    let version = migrate_schema(&mut db)?;
    // Neither is fatal: a short log costs wear, not data, and the log keeps what it holds.
    match preallocate_wal(&wal_path(file)) {
        Err(fault) => {
            tracing::warn!(%fault, "the write-ahead log could not be given its length");
        }
        // With room for the whole log there is room for the tables.
        Ok(()) if version < MIGRATIONS.len() => {
            if let Err(fault) = copy_log_into_file(&db) {
                tracing::warn!(%fault, "the new tables are in the write-ahead log alone");
            }
        }
        Ok(()) => {}
    }
    Ok((db, version))
}

/// Makes an empty database in memory, with the tables and the page size of a file.
pub(super) fn connect_memory() -> Result<(Connection, usize), rusqlite::Error> {
    let mut db = Connection::open_in_memory()?;
    db.pragma_update(None, "page_size", 1024)?;
    let version = migrate_schema(&mut db)?;
    Ok((db, version))
}

/// Copies what the log holds into the file, and keeps the preallocated log.
// Done every hour, at a stop and after tables were made: a log that is lost then costs no more than
// the last hour, and never the tables.
pub(super) fn copy_log_into_file(db: &Connection) -> Result<(), rusqlite::Error> {
    db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
}

/// Brings an older file to the current schema, in one transaction; returns the version that was
/// found.
fn migrate_schema(db: &mut Connection) -> Result<usize, rusqlite::Error> {
    let lock = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let version = schema_version(&lock)?;
    // A garbled version number must not pass for a newer program's file, which would never be
    // repaired.
    if version > MIGRATIONS.len() && !is_version_confirmed(&lock, version) {
        let garbled = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
        return Err(rusqlite::Error::SqliteFailure(garbled, None));
    }
    for (step, tables) in MIGRATIONS.iter().enumerate().skip(version) {
        lock.execute_batch(tables)?;
        lock.pragma_update(None, "user_version", sql_int(step + 1))?;
        lock.execute(
            "INSERT OR REPLACE INTO meta(key, value) VALUES ('tables', ?)",
            [sql_int(step + 1)],
        )?;
    }
    lock.execute_batch(&append_only_triggers())?;
    lock.execute_batch(CALIBRATION_VIEW)?;
    lock.commit()?;
    Ok(version)
}

/// Returns the schema version of the file.
pub(super) fn schema_version(db: &Connection) -> Result<usize, rusqlite::Error> {
    db.query_row("PRAGMA user_version", [], |row| {
        Ok(usize::try_from(row.get::<_, i64>(0)?).unwrap_or(usize::MAX))
    })
}

/// Returns whether table `meta` confirms the version.
pub(super) fn is_version_confirmed(db: &Connection, version: usize) -> bool {
    let said = db.query_row("SELECT value FROM meta WHERE key = 'tables'", [], |row| {
        row.get::<_, i64>(0)
    });
    said.is_ok_and(|said| said == sql_int(version))
}

/// Extends the log with zeros to `WAL_BYTES`.
fn preallocate_wal(wal: &Path) -> std::io::Result<()> {
    // Zeros behind the last frame mean nothing to SQLite.
    let block = vec![0; 64 << 10];
    let mut log = std::fs::OpenOptions::new().append(true).open(wal)?;
    let mut length = log.metadata()?.len();
    while length < WAL_BYTES {
        log.write_all(&block)?;
        length += block.len() as u64;
    }
    log.sync_all()
}

/// Returns the path of the write-ahead log.
pub(super) fn wal_path(file: &Path) -> PathBuf {
    file.with_file_name(format!("{DATABASE_FILE}-wal"))
}
