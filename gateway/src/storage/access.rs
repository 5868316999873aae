//! Access rights of the process that opens the store.
//!
//! Only the gateway repairs. A command that adds data changes nothing in a damaged file. A command
//! that only reads opens the file read-only: the tables that a start writes are copied into memory,
//! and the right to read the file is enough.

use super::schema::{self, DATABASE_FILE, FileState, MIGRATIONS, OpenedDatabase, is_corruption};
use super::store_error::StoreError;
use rusqlite::{Connection, OpenFlags};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Tables that a start writes, copied into memory for a read-only command.
// All of them are small; samples and journal are read from the file.
pub(super) const COPIED_TABLES: [&str; 11] = [
    "meta",
    "boot",
    "device",
    "point",
    "layout",
    "revision",
    "factors",
    "digest_due",
    "clock_pair",
    "identity",
    "data_damage",
];
/// Tables that a start writes and nobody reads: empty in memory.
const EMPTY_TABLES: [&str; 1] = ["audit"];
/// Byte range of SQLite's shared lock: offset and length in the file. Its type has 32 bits on a
/// 32-bit system.
const READ_LOCK: (libc::off_t, libc::off_t) = (0x4000_0002, 510);

/// Opens the file read-only.
pub(super) fn open_read_only(directory: &Path) -> Result<OpenedDatabase, StoreError> {
    let file = directory.join(DATABASE_FILE);
    let lock = lock_for_reading(&file)?;
    // The lock is taken before SQLite opens the file, so that no start of the gateway comes
    // between.
    let opened = connect_read_only(&file).and_then(|db| {
        let version = check_tables(&db)?;
        Ok((db, version))
    });
    let (db, version) = opened.map_err(|fault| open_error(&file, &fault))?;
    match version {
        // A file without tables holds nothing yet, as after a first start that was cut short.
        0 => return Err(StoreError::Missing(file)),
        now if now < MIGRATIONS.len() => return Err(StoreError::Older(file)),
        now if now > MIGRATIONS.len() => return Err(schema::newer_version_error(&file, now)),
        _ => {}
    }
    shadow_tables_in_memory(&db).map_err(|fault| open_error(&file, &fault))?;
    Ok(OpenedDatabase {
        db,
        file,
        events: Vec::new(),
        lock: Some(lock),
        state: FileState::Kept,
    })
}

/// Checks a file before a command writes into it; a missing or older file passes.
pub(super) fn check_before_write(directory: &Path) -> Result<(), StoreError> {
    match open_read_only(directory) {
        Ok(_) | Err(StoreError::Missing(_) | StoreError::Older(_)) => Ok(()),
        Err(fault) => Err(fault),
    }
}

/// Converts an SQLite error for a caller without the right to repair: `Damaged` when the content is
/// inconsistent.
pub(super) fn open_error(file: &Path, fault: &rusqlite::Error) -> StoreError {
    if is_corruption(fault) {
        return StoreError::Damaged {
            file: file.to_owned(),
            why: fault.to_string(),
        };
    }
    schema::to_store_error(file, "opening the file", fault)
}

/// Returns an SQLite error that stands for corrupt content.
pub(super) fn corruption_error(why: String) -> rusqlite::Error {
    let garbled = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
    rusqlite::Error::SqliteFailure(garbled, Some(why))
}

/// Takes the shared lock, so that no gateway writes meanwhile; `Busy` when one does already.
pub(super) fn lock_for_reading(path: &Path) -> Result<File, StoreError> {
    let file = File::open(path).map_err(|fault| match fault.kind() {
        io::ErrorKind::NotFound => StoreError::Missing(path.to_owned()),
        _ => StoreError::Disk {
            what: "opening the file",
            why: format!("{}: {fault}", path.display()),
        },
    })?;
    if try_read_lock(&file) {
        return Ok(file);
    }
    Err(StoreError::Busy(path.to_owned()))
}

/// Takes SQLite's shared lock as an open file description lock; returns whether it is held.
#[expect(
    unsafe_code,
    reason = "fcntl has no safe wrapper in our tree; it reads one plain struct"
)]
fn try_read_lock(file: &File) -> bool {
    // SAFETY: `flock` is plain data for which all zeros is valid; the descriptor is open.
    let answer = unsafe {
        let mut lock: libc::flock = std::mem::zeroed();
        lock.l_type = i16::try_from(libc::F_RDLCK).unwrap_or_default();
        lock.l_whence = i16::try_from(libc::SEEK_SET).unwrap_or_default();
        lock.l_start = READ_LOCK.0;
        lock.l_len = READ_LOCK.1;
        libc::fcntl(file.as_raw_fd(), libc::F_OFD_SETLK, &raw const lock)
    };
    // A file system without such locks (a network share) is read without one.
    answer == 0 || io::Error::last_os_error().raw_os_error() == Some(libc::EINVAL)
}

/// Opens a connection that cannot write.
pub(super) fn connect_read_only(file: &Path) -> Result<Connection, rusqlite::Error> {
    // SQLite reads the log through an index in memory for an exclusive owner only; our own lock
    // stands for the ownership.
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    // Without a log SQLite would create one; `immutable=1` prevents that.
    let log = std::fs::metadata(schema::wal_path(file)).is_ok_and(|log| log.len() > 0);
    let how = if log { "vfs=unix-none" } else { "immutable=1" };
    let db = Connection::open_with_flags(
        format!("file:{}?mode=ro&{how}", escape_uri_path(file)),
        flags,
    )?;
    db.set_db_config(
        rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
        true,
    )?;
    db.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    db.pragma_update(None, "cache_size", -1024)?;
    // Temporary tables would otherwise go into a file, and a reader changes nothing on disk.
    db.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(db)
}

/// Percent-encodes a path for an SQLite URI.
fn escape_uri_path(path: &Path) -> String {
    let mut text = String::new();
    for byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(byte) {
            text.push(char::from(*byte));
        } else {
            // Writing into a text cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

/// Compares each table of the file with this program's schema; returns the version, 0 without
/// tables.
fn check_tables(db: &Connection) -> Result<usize, rusqlite::Error> {
    let found = table_definitions(db)?;
    let version = schema::schema_version(db)?;
    if found.is_empty() && version == 0 {
        return Ok(0);
    }
    if version > MIGRATIONS.len() {
        let is_newer = schema::is_version_confirmed(db, version);
        return is_newer.then_some(version).ok_or_else(|| {
            corruption_error(format!("format {version} is said in one place only"))
        });
    }
    // The schema is built from the same statements in memory: the expected texts cannot differ from
    // what the gateway creates.
    let model = Connection::open_in_memory()?;
    for tables in &MIGRATIONS[..version] {
        model.execute_batch(tables)?;
    }
    for (name, text) in &table_definitions(&model)? {
        match found.get(name) {
            None => return Err(corruption_error(format!("table {name} is missing"))),
            Some(other) if split_words(other) != split_words(text) => {
                return Err(corruption_error(format!(
                    "table {name} is not as it was made"
                )));
            }
            Some(_) => {}
        }
    }
    check_root_pages(db)?;
    Ok(version)
}

/// Checks that each table and index has a first page of its own, inside the file.
fn check_root_pages(db: &Connection) -> Result<(), rusqlite::Error> {
    let pages: i64 = db.pragma_query_value(None, "page_count", |row| row.get(0))?;
    let find = "SELECT rootpage FROM main.sqlite_master WHERE type IN ('table', 'index')
        ORDER BY rootpage";
    let mut rows = db.prepare_cached(find)?;
    let places: Vec<i64> = rows
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let is_apart = places.windows(2).all(|pair| pair[0] < pair[1]);
    let is_inside = places.iter().all(|page| (2..=pages).contains(page));
    if is_apart && is_inside {
        return Ok(());
    }
    Err(corruption_error("the list of tables is garbled".to_owned()))
}

/// Returns the SQL text of each table, by name.
fn table_definitions(db: &Connection) -> Result<BTreeMap<String, String>, rusqlite::Error> {
    let find = "SELECT name, sql FROM main.sqlite_master
        WHERE type = 'table' AND sql IS NOT NULL AND substr(name, 1, 7) <> 'sqlite_'";
    let mut rows = db.prepare_cached(find)?;
    rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

fn split_words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

/// Creates tables in memory that hide those of the file which a start writes.
fn shadow_tables_in_memory(db: &Connection) -> Result<(), rusqlite::Error> {
    let texts = table_definitions(db)?;
    for name in COPIED_TABLES.iter().chain(&EMPTY_TABLES) {
        let text = texts.get(*name);
        let rest = text.and_then(|text| text.strip_prefix("CREATE TABLE "));
        let rest = rest.ok_or_else(|| corruption_error(format!("table {name} is missing")))?;
        // SQLite resolves a name in the temporary schema first: the code above needs no second
        // path.
        db.execute_batch(&format!("CREATE TEMP TABLE {rest}"))?;
    }
    for name in COPIED_TABLES {
        db.execute_batch(&format!(
            "INSERT INTO temp.{name} SELECT * FROM main.{name}"
        ))?;
    }
    Ok(())
}

/// Runs SQLite's quick check over the whole file.
pub(super) fn check_integrity(db: &Connection, file: &Path) -> Result<(), StoreError> {
    let said = db.query_row("PRAGMA main.quick_check(1)", [], |row| {
        row.get::<_, String>(0)
    });
    match said {
        Ok(said) if said == "ok" => Ok(()),
        Ok(said) => Err(open_error(file, &corruption_error(said))),
        Err(fault) => Err(open_error(file, &fault)),
    }
}
