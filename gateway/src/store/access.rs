//! Who opens the store, and what may be done to it then.
//!
//! Only the gateway mends. A command that adds something changes nothing in a damaged file, and one
//! that only reads changes nothing at all: it opens the file without writing, keeps what a start
//! writes down in tables of its own in memory, and needs no more than the right to read.

use super::fault::StoreError;
use super::schema::{self, FILE, MIGRATIONS, Opened, is_damage};
use rusqlite::{Connection, OpenFlags};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Who opens the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// The gateway: makes what is missing, and sets aside what cannot be read.
    Gateway,
    /// A command that adds something: refuses a damaged file.
    Write,
    /// A command that only reads: nothing on disk changes.
    Read,
}

/// Tables that a start writes into, small enough to be copied.
const COPIED: [&str; 8] = [
    "meta",
    "boot",
    "device",
    "point",
    "layout",
    "revision",
    "factors",
    "digest_due",
];
/// The same, but nobody asks what stood there before.
const EMPTY: [&str; 1] = ["audit"];
/// SQLite's lock that says "somebody reads": offset and length in the file.
const READ_LOCK: (i64, i64) = (0x4000_0002, 510);

/// Opens the file for reading alone.
pub(super) fn open_to_read(directory: &Path) -> Result<Opened, StoreError> {
    let file = directory.join(FILE);
    let lock = lock(&file)?;
    let opened = connect(&file).and_then(|db| {
        let version = check_tables(&db)?;
        Ok((db, version))
    });
    let (db, version) = opened.map_err(|fault| refused(&file, &fault))?;
    match version {
        0 => return Err(StoreError::Missing(file)),
        now if now < MIGRATIONS.len() => return Err(StoreError::Older(file)),
        now if now > MIGRATIONS.len() => return Err(schema::newer(&file, now)),
        _ => {}
    }
    private_tables(&db).map_err(|fault| refused(&file, &fault))?;
    Ok(Opened {
        db,
        file,
        repairs: Vec::new(),
        lock: Some(lock),
    })
}

/// Looks a file over before a command writes into it; one that is not there is none to look over.
pub(super) fn look_over(directory: &Path) -> Result<(), StoreError> {
    match open_to_read(directory) {
        Ok(_) | Err(StoreError::Missing(_) | StoreError::Older(_)) => Ok(()),
        Err(fault) => Err(fault),
    }
}

/// SQLite's fault in the store's words, when nothing is to be mended.
pub(super) fn refused(file: &Path, fault: &rusqlite::Error) -> StoreError {
    if is_damage(fault) {
        return StoreError::Damaged {
            file: file.to_owned(),
            why: fault.to_string(),
        };
    }
    schema::told(file, "opening the file", fault)
}

/// A fault that says that content makes no sense.
pub(super) fn damage(why: String) -> rusqlite::Error {
    let garbled = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
    rusqlite::Error::SqliteFailure(garbled, Some(why))
}

/// Takes the lock of a reader, so that no gateway writes meanwhile; `Busy` when one does already.
fn lock(path: &Path) -> Result<File, StoreError> {
    let file = File::open(path).map_err(|fault| match fault.kind() {
        io::ErrorKind::NotFound => StoreError::Missing(path.to_owned()),
        _ => StoreError::Disk {
            what: "opening the file",
            why: format!("{}: {fault}", path.display()),
        },
    })?;
    if read_lock(&file) {
        return Ok(file);
    }
    Err(StoreError::Busy(path.to_owned()))
}

#[expect(
    unsafe_code,
    reason = "fcntl has no safe wrapper in our tree; it reads one plain struct"
)]
fn read_lock(file: &File) -> bool {
    // SAFETY: `flock` is plain data for which all zeros is valid; the descriptor is open.
    let answer = unsafe {
        let mut lock: libc::flock = std::mem::zeroed();
        lock.l_type = i16::try_from(libc::F_RDLCK).unwrap_or_default();
        lock.l_whence = i16::try_from(libc::SEEK_SET).unwrap_or_default();
        lock.l_start = READ_LOCK.0;
        lock.l_len = READ_LOCK.1;
        libc::fcntl(file.as_raw_fd(), libc::F_OFD_SETLK, &raw const lock)
    };
    // A file system without such locks (a network's) is read without one.
    answer == 0 || io::Error::last_os_error().raw_os_error() == Some(libc::EINVAL)
}

/// A connection that cannot write. The log is read through an index in memory, which SQLite makes
/// for an exclusive owner only; our own lock stands for the ownership.
fn connect(file: &Path) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    // Without a log, SQLite would begin one.
    let log = std::fs::metadata(schema::wal(file)).is_ok_and(|log| log.len() > 0);
    let how = if log { "vfs=unix-none" } else { "immutable=1" };
    let db = Connection::open_with_flags(format!("file:{}?mode=ro&{how}", escaped(file)), flags)?;
    db.set_db_config(
        rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
        true,
    )?;
    db.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    db.pragma_update(None, "cache_size", -1024)?;
    db.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(db)
}

/// A path as a URI takes it.
fn escaped(path: &Path) -> String {
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

/// Each table of the file is as this program makes it, and has a place of its own. The version of
/// the tables; 0 when there are none.
fn check_tables(db: &Connection) -> Result<usize, rusqlite::Error> {
    let found = tables(db)?;
    let version = schema::version(db)?;
    if found.is_empty() && version == 0 {
        return Ok(0);
    }
    if version > MIGRATIONS.len() {
        let is_newer = schema::is_said(db, version);
        return is_newer
            .then_some(version)
            .ok_or_else(|| damage(format!("format {version} is said in one place only")));
    }
    let model = Connection::open_in_memory()?;
    for tables in &MIGRATIONS[..version] {
        model.execute_batch(tables)?;
    }
    for (name, text) in &tables(&model)? {
        match found.get(name) {
            None => return Err(damage(format!("table {name} is missing"))),
            Some(other) if words(other) != words(text) => {
                return Err(damage(format!("table {name} is not as it was made")));
            }
            Some(_) => {}
        }
    }
    check_places(db)?;
    Ok(version)
}

/// Each table and index has a first page of its own, inside the file.
fn check_places(db: &Connection) -> Result<(), rusqlite::Error> {
    let pages: i64 = db.pragma_query_value(None, "page_count", |row| row.get(0))?;
    let find = "SELECT rootpage FROM main.sqlite_master WHERE type IN ('table', 'index')
        ORDER BY rootpage";
    let mut rows = db.prepare(find)?;
    let places: Vec<i64> = rows
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let is_apart = places.windows(2).all(|pair| pair[0] < pair[1]);
    let is_inside = places.iter().all(|page| (2..=pages).contains(page));
    if is_apart && is_inside {
        return Ok(());
    }
    Err(damage("the list of tables is garbled".to_owned()))
}

/// The text of each table, by its name.
fn tables(db: &Connection) -> Result<BTreeMap<String, String>, rusqlite::Error> {
    let find = "SELECT name, sql FROM main.sqlite_master
        WHERE type = 'table' AND sql IS NOT NULL AND substr(name, 1, 7) <> 'sqlite_'";
    let mut rows = db.prepare(find)?;
    rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

/// What a start writes goes into tables in memory, which stand before those of the file.
fn private_tables(db: &Connection) -> Result<(), rusqlite::Error> {
    let texts = tables(db)?;
    for name in COPIED.iter().chain(&EMPTY) {
        let text = texts.get(*name);
        let rest = text.and_then(|text| text.strip_prefix("CREATE TABLE "));
        let rest = rest.ok_or_else(|| damage(format!("table {name} is missing")))?;
        db.execute_batch(&format!("CREATE TEMP TABLE {rest}"))?;
    }
    for name in COPIED {
        db.execute_batch(&format!(
            "INSERT INTO temp.{name} SELECT * FROM main.{name}"
        ))?;
    }
    Ok(())
}

/// Reads the whole file and holds it against its own structure.
pub(super) fn check_pages(db: &Connection, file: &Path) -> Result<(), StoreError> {
    let said = db.query_row("PRAGMA main.quick_check(1)", [], |row| {
        row.get::<_, String>(0)
    });
    match said {
        Ok(said) if said == "ok" => Ok(()),
        Ok(said) => Err(refused(file, &damage(said))),
        Err(fault) => Err(refused(file, &fault)),
    }
}
