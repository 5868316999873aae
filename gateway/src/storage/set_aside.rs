//! Damaged files under another name: nothing is ever deleted.

use super::schema::DATABASE_FILE;
use super::store_error::StoreError;
use crate::domain::UtcMs;
use crate::domain::store_event::{StoreEvent, StoreEventKind};
use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Word in the name of a copy that was saved when the file was gone from under the program.
pub(super) const RESCUED_WORD: &str = "rescued";

/// Renames the damaged file and its log; nothing is deleted. Returns what is told of it.
pub(super) fn quarantine_file(
    file: &Path,
    now: UtcMs,
    fault: &rusqlite::Error,
) -> Result<StoreEvent, StoreError> {
    let name = set_aside(file, "damaged", now).map_err(|fault| StoreError::Disk {
        what: "setting the damaged file aside",
        why: fault.to_string(),
    })?;
    let mut event = StoreEvent::new(StoreEventKind::Begun, now, fault.to_string());
    event.files.extend((!name.is_empty()).then_some(name));
    Ok(event)
}

/// Renames the file and its log, as far as they are there, to a name with `word`; returns the new
/// name: that of the log when there is no file, and an empty one when there is neither.
pub(super) fn set_aside(file: &Path, word: &str, now: UtcMs) -> std::io::Result<String> {
    let is_there = |suffix: &str| {
        file.with_file_name(format!("{DATABASE_FILE}{suffix}"))
            .exists()
    };
    if !is_there("") && !is_there("-wal") {
        return Ok(String::new());
    }
    // The one before was stopped between file and log: they stay together.
    if !is_there("")
        && let Some(name) = newest_without_log(file, word)?
    {
        let log = file.with_file_name(format!("{DATABASE_FILE}-wal"));
        std::fs::rename(log, file.with_file_name(format!("{name}-wal")))?;
        return Ok(name);
    }
    let is_log_alone = !is_there("");
    let name = free_name(file, word, now)?;
    for suffix in ["", "-wal"] {
        let from = file.with_file_name(format!("{DATABASE_FILE}{suffix}"));
        if from.exists() {
            std::fs::rename(from, file.with_file_name(format!("{name}{suffix}")))?;
        }
    }
    // People look for the name that they are told.
    Ok(if is_log_alone {
        format!("{name}-wal")
    } else {
        name
    })
}

/// Renames a log of which nothing can be read, and which would be overwritten; returns its new
/// name.
pub(super) fn set_log_aside(file: &Path, now: UtcMs) -> std::io::Result<String> {
    let name = format!("{}-wal", free_name(file, "damaged", now)?);
    let log = file.with_file_name(format!("{DATABASE_FILE}-wal"));
    std::fs::rename(log, file.with_file_name(&name))?;
    Ok(name)
}

/// Returns a name with `word` and the time that neither a file nor a log has.
fn free_name(file: &Path, word: &str, now: UtcMs) -> std::io::Result<String> {
    let stamp = jiff::Timestamp::from_millisecond(now.0).unwrap_or_default();
    let stamp = stamp.strftime("%Y%m%dT%H%M%SZ");
    // A second damage within a second, or by a clock that was set back, gets a name of its own.
    let names = (1..).map(|count| match count {
        1 => format!("{DATABASE_FILE}.{word}-{stamp}"),
        _ => format!("{DATABASE_FILE}.{word}-{stamp}-{count}"),
    });
    let is_free = |name: &String| {
        let taken = |suffix: &str| file.with_file_name(format!("{name}{suffix}")).exists();
        !taken("") && !taken("-wal")
    };
    let name = names.take(1000).find(is_free);
    name.ok_or_else(|| std::io::Error::other("1000 such files of this second"))
}

/// Returns the names of the files that were set aside with `word`, in order; a log has no name of
/// its own beside its file.
pub(super) fn list_set_aside(directory: &Path, word: &str) -> Vec<String> {
    let begin = format!("{DATABASE_FILE}.{word}-");
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let all: BTreeSet<String> = names.filter(|name| name.starts_with(&begin)).collect();
    let is_one = |name: &&String| {
        let of_file = name.strip_suffix("-wal");
        of_file.is_none_or(|file| !all.contains(file))
    };
    all.iter().filter(is_one).cloned().collect()
}

/// Returns the name of the file that was set aside last with `word`, if its log is missing.
fn newest_without_log(file: &Path, word: &str) -> std::io::Result<Option<String>> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let begin = format!("{DATABASE_FILE}.{word}-");
    let mut newest = None;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(&begin) && !name.ends_with("-wal") {
            // The time of the renaming, whatever clock has made the name.
            let about = entry.metadata()?;
            newest = newest.max(Some(((about.ctime(), about.ctime_nsec()), name)));
        }
    }
    let newest = newest.map(|(_, name)| name);
    Ok(newest.filter(|name| !file.with_file_name(format!("{name}-wal")).exists()))
}
