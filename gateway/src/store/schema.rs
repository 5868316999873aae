//! The file: its tables, its settings, and what happens when it cannot be read.

use super::access::Access;
use super::fault::StoreError;
use super::private;
use crate::model::UtcMs;
use rusqlite::{Connection, ErrorCode};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The file within the store's directory.
pub(super) const FILE: &str = "pantau.db";
/// Length that the write-ahead log is given once, so that no commit changes it: a changed length
/// makes the file system write its own journal as well.
const WAL_BYTES: u64 = 4 << 20;
/// Pages of 1 KiB after which the log is copied back; a commit of a thousand more still fits.
const CHECKPOINT_PAGES: u32 = 3000;
/// What the tables below look like; a later one adds a step to `MIGRATIONS`.
pub(super) const MIGRATIONS: [&str; 3] = [TABLES, EVIDENCE, CALIBRATIONS];

/// What is written down stays: a second lock behind the code, which has no path that changes or
/// deletes a row. `REPLACE` deletes without asking a delete trigger, so inserts are held as well.
/// Made at every start, so that a file that lost them gets them back; so is the view through which
/// evidence reads calibrations, each row as it stands.
const LOCKS: &str = "
CREATE TRIGGER IF NOT EXISTS ledger_update BEFORE UPDATE ON ledger
  BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
CREATE TRIGGER IF NOT EXISTS ledger_delete BEFORE DELETE ON ledger
  BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
CREATE TRIGGER IF NOT EXISTS ledger_replace BEFORE INSERT ON ledger
  WHEN EXISTS (SELECT 1 FROM ledger WHERE id = NEW.id OR supersedes = NEW.supersedes)
  BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
CREATE TRIGGER IF NOT EXISTS ledger_file_update BEFORE UPDATE ON ledger_file
  BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
CREATE TRIGGER IF NOT EXISTS ledger_file_delete BEFORE DELETE ON ledger_file
  BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
CREATE TRIGGER IF NOT EXISTS ledger_file_replace BEFORE INSERT ON ledger_file
  WHEN EXISTS (SELECT 1 FROM ledger_file WHERE entry = NEW.entry AND place = NEW.place)
  BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
CREATE TRIGGER IF NOT EXISTS digest_update BEFORE UPDATE ON digest
  BEGIN SELECT RAISE(ABORT, 'the chain only grows'); END;
CREATE TRIGGER IF NOT EXISTS digest_delete BEFORE DELETE ON digest
  BEGIN SELECT RAISE(ABORT, 'the chain only grows'); END;
CREATE TRIGGER IF NOT EXISTS digest_replace BEFORE INSERT ON digest
  WHEN EXISTS (SELECT 1 FROM digest WHERE number >= NEW.number
    OR (day = NEW.day AND revision = NEW.revision))
  BEGIN SELECT RAISE(ABORT, 'the chain only grows'); END;
CREATE TRIGGER IF NOT EXISTS revision_update BEFORE UPDATE ON revision
  BEGIN SELECT RAISE(ABORT, 'revisions stay'); END;
CREATE TRIGGER IF NOT EXISTS revision_delete BEFORE DELETE ON revision
  BEGIN SELECT RAISE(ABORT, 'revisions stay'); END;
CREATE TRIGGER IF NOT EXISTS factors_update BEFORE UPDATE ON factors
  BEGIN SELECT RAISE(ABORT, 'revisions stay'); END;
CREATE TRIGGER IF NOT EXISTS factors_delete BEFORE DELETE ON factors
  BEGIN SELECT RAISE(ABORT, 'revisions stay'); END;
CREATE TRIGGER IF NOT EXISTS calibration_update BEFORE UPDATE ON calibration
  BEGIN SELECT RAISE(ABORT, 'calibrations only grow'); END;
CREATE TRIGGER IF NOT EXISTS calibration_delete BEFORE DELETE ON calibration
  BEGIN SELECT RAISE(ABORT, 'calibrations only grow'); END;
CREATE TRIGGER IF NOT EXISTS calibration_replace BEFORE INSERT ON calibration
  WHEN EXISTS (SELECT 1 FROM calibration WHERE id = NEW.id OR withdraws = NEW.withdraws)
  BEGIN SELECT RAISE(ABORT, 'calibrations only grow'); END;
CREATE VIEW IF NOT EXISTS calibration_text AS SELECT id, recorded_at AS since,
  json_array(id, kind, targets, pairs, since, withdraws, who, note, recorded_at, recorded_by)
  AS text FROM calibration;
CREATE TRIGGER IF NOT EXISTS audit_update BEFORE UPDATE ON audit
  BEGIN SELECT RAISE(ABORT, 'the audit only grows'); END;
CREATE TRIGGER IF NOT EXISTS audit_delete BEFORE DELETE ON audit
  BEGIN SELECT RAISE(ABORT, 'the audit only grows'); END;
";

const TABLES: &str = "
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

/// The chain of day records, the days that need a new one and why, and the factors that came with
/// each version of the program.
const EVIDENCE: &str = "
CREATE TABLE digest(number INTEGER PRIMARY KEY, day INTEGER NOT NULL, revision INTEGER NOT NULL,
  sha256 TEXT NOT NULL, record TEXT NOT NULL, UNIQUE(day, revision));
CREATE TABLE digest_due(day INTEGER NOT NULL, why TEXT NOT NULL, PRIMARY KEY(day, why))
  WITHOUT ROWID;
CREATE TABLE factors(id INTEGER PRIMARY KEY, since INTEGER NOT NULL, text TEXT NOT NULL);
CREATE INDEX ledger_recorded ON ledger(recorded_at);
";

/// `targets` and `pairs` are JSON lists: their lengths differ from kind to kind.
const CALIBRATIONS: &str = "
CREATE TABLE calibration(id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL,
  targets TEXT NOT NULL, pairs TEXT NOT NULL, since TEXT NOT NULL,
  withdraws INTEGER UNIQUE REFERENCES calibration(id), who TEXT NOT NULL, note TEXT NOT NULL,
  recorded_at INTEGER NOT NULL, recorded_by TEXT NOT NULL);
";

/// What was found at start.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) db: Connection,
    pub(super) file: PathBuf,
    /// What was set aside, in words.
    pub(super) repairs: Vec<String>,
    /// The lock of a command that only reads.
    pub(super) lock: Option<File>,
}

/// Opens the file of the directory. The gateway starts a new one beside what cannot be read.
pub(super) fn open(directory: &Path, now: UtcMs, access: Access) -> Result<Opened, StoreError> {
    match access {
        Access::Read => return super::access::open_to_read(directory),
        Access::Write => super::access::look_over(directory)?,
        Access::Gateway => {}
    }
    private::folder(directory).map_err(|fault| StoreError::Disk {
        what: "creating the store's directory",
        why: format!("{}: {fault}", directory.display()),
    })?;
    let file = directory.join(FILE);
    let mut repairs = Vec::new();
    if !file.exists() && wal(&file).exists() {
        // SQLite would delete the log of a file that is new.
        let alone = super::access::damage("it is missing, its log is there".to_owned());
        if access == Access::Write {
            return Err(super::access::refused(&file, &alone));
        }
        repairs.push(set_aside(&file, now, &alone)?);
    }
    if access == Access::Gateway {
        tighten(&file);
    }
    match connect(&file) {
        Ok((_, version)) if version > MIGRATIONS.len() => Err(newer(&file, version)),
        Ok((db, _)) => Ok(Opened {
            db,
            file,
            repairs,
            lock: None,
        }),
        Err(fault) if is_damage(&fault) && access == Access::Write => {
            Err(super::access::refused(&file, &fault))
        }
        Err(fault) if is_damage(&fault) => {
            let repair = set_aside(&file, now, &fault)?;
            let (db, _) =
                connect(&file).map_err(|fault| told(&file, "opening the file", &fault))?;
            Ok(Opened {
                db,
                file,
                repairs: vec![repair],
                lock: None,
            })
        }
        Err(fault) => Err(told(&file, "opening the file", &fault)),
    }
}

/// What an earlier version made readable for all is so no more.
fn tighten(file: &Path) {
    let directory = file.parent().unwrap_or(Path::new("."));
    for own in [file, &wal(file), &directory.join(super::floor::FILE)] {
        private::tighten(own);
    }
    private::tighten_all(&directory.join(super::attach::FOLDER));
}

/// A file of a later version is left alone.
pub(super) fn newer(file: &Path, version: usize) -> StoreError {
    let file = file.display();
    StoreError::Invalid(format!(
        "{file} was written by a newer pantau (format {version})"
    ))
}

/// Gives the damaged file another name; nothing is deleted.
pub(super) fn set_aside(
    file: &Path,
    now: UtcMs,
    fault: &rusqlite::Error,
) -> Result<String, StoreError> {
    let stamp = jiff::Timestamp::from_millisecond(now.0).unwrap_or_default();
    let name = format!("{FILE}.damaged-{}", stamp.strftime("%Y%m%dT%H%M%SZ"));
    let moved = |suffix: &str| {
        let from = file.with_file_name(format!("{FILE}{suffix}"));
        let to = file.with_file_name(format!("{name}{suffix}"));
        if from.exists() {
            std::fs::rename(from, to)
        } else {
            Ok(())
        }
    };
    moved("")
        .and_then(|()| moved("-wal"))
        .map_err(|fault| StoreError::Disk {
            what: "setting the damaged file aside",
            why: fault.to_string(),
        })?;
    Ok(format!(
        "{FILE} could not be read ({fault}); kept as {name}, a new one begun"
    ))
}

/// The file's content makes no sense, as opposed to the card or a lock saying no.
pub(super) fn is_damage(fault: &rusqlite::Error) -> bool {
    // At start our own statements are known to be right: a missing table or a value of the wrong
    // type is as much damage as what SQLite itself calls corrupt.
    !matches!(
        fault.sqlite_error_code(),
        Some(
            ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::DiskFull
                | ErrorCode::CannotOpen
                | ErrorCode::SystemIoFailure
                | ErrorCode::ReadOnly
                | ErrorCode::PermissionDenied
                | ErrorCode::OutOfMemory
                | ErrorCode::NoLargeFileSupport
        )
    )
}

/// SQLite's fault in the store's words.
pub(super) fn told(file: &Path, what: &'static str, fault: &rusqlite::Error) -> StoreError {
    match fault.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            StoreError::Busy(file.to_owned())
        }
        _ => disk(what, fault),
    }
}

/// A step that the disk refused.
pub(super) fn disk(what: &'static str, fault: &rusqlite::Error) -> StoreError {
    StoreError::Disk {
        what,
        why: fault.to_string(),
    }
}

/// A count as SQLite takes it.
pub(super) fn int(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Bytes of the file and its log.
pub(super) fn bytes_on_disk(file: &Path) -> u64 {
    let size = |path: &Path| std::fs::metadata(path).map_or(0, |meta| meta.len());
    size(file) + size(&wal(file))
}

/// The connection and the version of the tables that were there.
fn connect(file: &Path) -> Result<(Connection, usize), rusqlite::Error> {
    // SQLite gives its log the permissions of the file. That the file is there, or cannot be made,
    // is seen a line later.
    drop(private::file(file));
    let mut db = Connection::open(file)?;
    db.busy_timeout(std::time::Duration::ZERO)?;
    db.pragma_update(None, "page_size", 1024)?;
    db.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    db.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "cache_size", -1024)?;
    db.pragma_update(None, "temp_store", "MEMORY")?;
    db.pragma_update_and_check(None, "journal_size_limit", -1, |_| Ok(()))?;
    db.pragma_update_and_check(None, "wal_autocheckpoint", CHECKPOINT_PAGES, |_| Ok(()))?;
    db.set_db_config(
        rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
        true,
    )?;
    let version = migrate(&mut db)?;
    // Not fatal: a short log costs wear, not data.
    if let Err(fault) = grow(&wal(file)) {
        tracing::warn!(%fault, "the write-ahead log could not be given its length");
    }
    Ok((db, version))
}

/// Brings an older file to today's tables, a step a version, each in a transaction.
fn migrate(db: &mut Connection) -> Result<usize, rusqlite::Error> {
    let lock = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let version = version(&lock)?;
    if version > MIGRATIONS.len() && !is_said(&lock, version) {
        let garbled = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
        return Err(rusqlite::Error::SqliteFailure(garbled, None));
    }
    for (step, tables) in MIGRATIONS.iter().enumerate().skip(version) {
        lock.execute_batch(tables)?;
        lock.pragma_update(None, "user_version", int(step + 1))?;
        lock.execute(
            "INSERT OR REPLACE INTO meta(key, value) VALUES ('tables', ?)",
            [int(step + 1)],
        )?;
    }
    lock.execute_batch(LOCKS)?;
    lock.commit()?;
    Ok(version)
}

/// The version of the tables that are there.
pub(super) fn version(db: &Connection) -> Result<usize, rusqlite::Error> {
    db.query_row("PRAGMA user_version", [], |row| {
        Ok(usize::try_from(row.get::<_, i64>(0)?).unwrap_or(usize::MAX))
    })
}

/// The version stands in two places, so that a garbled one is not taken for a newer program's.
pub(super) fn is_said(db: &Connection, version: usize) -> bool {
    let said = db.query_row("SELECT value FROM meta WHERE key = 'tables'", [], |row| {
        row.get::<_, i64>(0)
    });
    said.is_ok_and(|said| said == int(version))
}

/// Zeros behind the last frame mean nothing to SQLite and take their place on the card once.
fn grow(wal: &Path) -> std::io::Result<()> {
    let block = vec![0; 64 << 10];
    let mut log = std::fs::OpenOptions::new().append(true).open(wal)?;
    let mut length = log.metadata()?.len();
    while length < WAL_BYTES {
        log.write_all(&block)?;
        length += block.len() as u64;
    }
    log.sync_all()
}

/// The log beside the file.
pub(super) fn wal(file: &Path) -> PathBuf {
    file.with_file_name(format!("{FILE}-wal"))
}
