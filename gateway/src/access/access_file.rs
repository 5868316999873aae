//! `access.json`: reading, writing as a whole, and setting a damaged file aside.

use super::access_record::{ACCESS_VERSION, AccessRecord};
use crate::domain::UtcMs;
use crate::file_replacement::{FileRights, replace_file};
use crate::limits::ACCESS_FILE_BYTES_MAX;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Name of the file in the store's directory.
pub(super) const ACCESS_FILE: &str = "access.json";

/// Handling of a damaged file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DamageHandling {
    /// It is renamed, and there is no user: for the gateway.
    SetAside,
    /// It stays, and nothing can be changed: for a command.
    Refuse,
}

/// Result of reading the file.
#[derive(Debug)]
pub(super) enum LoadedAccess {
    /// There is none.
    Missing,
    /// It was read.
    Read(AccessRecord),
    /// It is damaged; path under which it was set aside.
    SetAside(PathBuf),
    /// It is damaged, and was left as it is.
    Damaged,
    /// It cannot be used and was left as it is; the reason.
    Locked(String),
}

/// Reads the file of the store's directory. A damaged one is renamed by the gateway, and left as it
/// is by a command; it is never deleted.
pub(super) fn load_access(directory: &Path, now: UtcMs, damage: DamageHandling) -> LoadedAccess {
    let path = directory.join(ACCESS_FILE);
    let text = match read_bounded(&path) {
        Ok(text) => text,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return LoadedAccess::Missing,
        // A file of another owner, or a card that fails, is not damage: it may be whole.
        Err(fault) => return LoadedAccess::Locked(fault.to_string()),
    };
    match parse_record(&text) {
        Ok(record) => LoadedAccess::Read(record),
        Err(RecordFault::Newer(version)) => {
            LoadedAccess::Locked(format!("it was written by a newer pantau (form {version})"))
        }
        Err(RecordFault::Damaged) if damage == DamageHandling::Refuse => LoadedAccess::Damaged,
        Err(RecordFault::Damaged) => match set_aside(&path, now) {
            Ok(aside) => LoadedAccess::SetAside(aside),
            Err(fault) => LoadedAccess::Locked(format!("it is damaged, and stays: {fault}")),
        },
    }
}

fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    use io::Read as _;
    let mut text = Vec::new();
    // One byte more: a file above the limit is told from one that just fits.
    let most = ACCESS_FILE_BYTES_MAX + 1;
    File::open(path)?.take(most).read_to_end(&mut text)?;
    Ok(text)
}

enum RecordFault {
    Newer(u64),
    Damaged,
}

fn parse_record(text: &[u8]) -> Result<AccessRecord, RecordFault> {
    if text.len() as u64 > ACCESS_FILE_BYTES_MAX {
        return Err(RecordFault::Damaged);
    }
    let json: serde_json::Value = serde_json::from_slice(text).map_err(|_| RecordFault::Damaged)?;
    // Before the fields: those of a newer form may be of other types, and that is no damage.
    let version = json.get("version").and_then(serde_json::Value::as_u64);
    match version {
        Some(version) if version > u64::from(ACCESS_VERSION) => Err(RecordFault::Newer(version)),
        Some(version) if version == u64::from(ACCESS_VERSION) => {
            serde_json::from_value(json).map_err(|_| RecordFault::Damaged)
        }
        _ => Err(RecordFault::Damaged),
    }
}

/// Renames the damaged file, to a name that is not taken.
fn set_aside(path: &Path, now: UtcMs) -> io::Result<PathBuf> {
    let stamp = jiff::Timestamp::from_millisecond(now.0).unwrap_or_default();
    let stamp = stamp.strftime("%Y%m%dT%H%M%SZ").to_string();
    let name = |number: u32| {
        let again = if number == 0 {
            String::new()
        } else {
            format!("-{number}")
        };
        path.with_file_name(format!("{ACCESS_FILE}.damaged-{stamp}{again}"))
    };
    // A clock that is not set can give the same second again; no older file is overwritten.
    let free = (0..1000).map(name).find(|aside| !aside.exists());
    let aside = free.ok_or_else(|| io::Error::other("too many damaged files"))?;
    std::fs::rename(path, &aside)?;
    Ok(aside)
}

/// Writes the whole content, for the owner of the directory alone.
pub(super) fn save_access(directory: &Path, record: &AccessRecord) -> io::Result<()> {
    let text = serde_json::to_vec_pretty(record).map_err(io::Error::other)?;
    if text.len() as u64 > ACCESS_FILE_BYTES_MAX {
        // The next start would take it for damaged.
        return Err(io::Error::other("access.json would be too large"));
    }
    replace_file(&directory.join(ACCESS_FILE), &text, FileRights::OwnerAlone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file_replacement::new_name;
    use std::os::unix::fs::PermissionsExt as _;

    fn record() -> AccessRecord {
        AccessRecord {
            version: ACCESS_VERSION,
            latest: 7,
            ..AccessRecord::default()
        }
    }

    #[test]
    fn what_is_written_is_read_again_and_is_for_the_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(
            load_access(dir.path(), UtcMs(0), DamageHandling::SetAside),
            LoadedAccess::Missing
        ));
        save_access(dir.path(), &record()).unwrap();
        let path = dir.path().join(ACCESS_FILE);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        match load_access(dir.path(), UtcMs(0), DamageHandling::SetAside) {
            LoadedAccess::Read(read) => assert_eq!(read, record()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_power_cut_at_any_byte_of_the_new_file_leaves_the_old_one() {
        let dir = tempfile::tempdir().unwrap();
        save_access(dir.path(), &record()).unwrap();
        let whole = std::fs::read(dir.path().join(ACCESS_FILE)).unwrap();
        for cut in 0..whole.len() {
            std::fs::write(new_name(&dir.path().join(ACCESS_FILE)), &whole[..cut]).unwrap();
            let LoadedAccess::Read(read) =
                load_access(dir.path(), UtcMs(0), DamageHandling::SetAside)
            else {
                panic!("cut at {cut}");
            };
            assert_eq!(read, record());
        }
        // The next change goes over the rest of the one before.
        let later = AccessRecord {
            latest: 8,
            ..record()
        };
        save_access(dir.path(), &later).unwrap();
        assert!(!new_name(&dir.path().join(ACCESS_FILE)).exists());
        let again = load_access(dir.path(), UtcMs(0), DamageHandling::SetAside);
        assert!(matches!(again, LoadedAccess::Read(read) if read == later));
    }

    #[test]
    fn a_damaged_file_is_set_aside_and_a_newer_one_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(ACCESS_FILE);
        for text in [
            "",
            "{",
            "[]",
            "{\"version\":1,\"users\":7}",
            "{\"version\":0}",
        ] {
            std::fs::write(&path, text).unwrap();
            let LoadedAccess::SetAside(aside) =
                load_access(dir.path(), UtcMs(0), DamageHandling::SetAside)
            else {
                panic!("{text}");
            };
            assert_eq!(std::fs::read_to_string(aside).unwrap(), text);
            assert!(!path.exists());
        }
        std::fs::write(&path, "{\"version\":2}").unwrap();
        assert!(matches!(
            load_access(dir.path(), UtcMs(0), DamageHandling::SetAside),
            LoadedAccess::Locked(_)
        ));
        assert!(path.exists());
    }
}
