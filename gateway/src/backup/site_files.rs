//! Files of a site besides the store's own: receipts, people, numbers, certificates, the
//! configuration and what it names.

use super::backup_error::{BackupError, InFile as _};
use super::backup_writer::BackupWriter;
use super::disk_files::folder_of;
use super::manifest::FilePlace;
use crate::limits::BACKUP_NAMED_BYTES_MAX;
use std::io;
use std::path::{Path, PathBuf};

/// Files beside the store that are small and belong to it.
const STORE_FILES: [&str; 2] = ["access.json", "pantau.seq"];
/// Folder of the page's own certificates beside the store.
const TLS_FOLDER: &str = "tls";
/// Folder of receipts and photos, each named by its SHA-256.
pub(super) const ATTACHMENTS: &str = "attachments";
/// Ending of a name that a file has until it is whole.
const UNFINISHED: &str = "unfinished";

/// Adds everything but the store's own file. `config` is the file of the configuration, `store` the
/// directory of the store. A receipt that no longer has its hash is added and noted.
pub fn add_site_files(
    writer: &mut BackupWriter,
    config: &Path,
    store: &Path,
) -> Result<(), BackupError> {
    for name in STORE_FILES {
        let file = store.join(name);
        if file.is_file() {
            writer.add_file(FilePlace::Store, name, &file)?;
        }
    }
    for (name, file) in files_of(&store.join(TLS_FOLDER))? {
        writer.add_file(FilePlace::Store, &format!("{TLS_FOLDER}/{name}"), &file)?;
    }
    for (name, file) in files_of(&store.join(ATTACHMENTS))? {
        let is_whole = file.extension().is_none_or(|ending| ending != UNFINISHED);
        if is_whole {
            let path = format!("{ATTACHMENTS}/{name}");
            let found = writer.add_file(FilePlace::Store, &path, &file)?;
            if found != name {
                writer.note_damaged(&path);
            }
        }
    }
    add_configuration(writer, config)
}

/// Adds the configuration, and every file that one of its values names.
// Looked at by value and not by key: a key that is new takes part without a list.
fn add_configuration(writer: &mut BackupWriter, config: &Path) -> Result<(), BackupError> {
    let name = config.file_name().unwrap_or(config.as_os_str());
    let name = name.to_string_lossy().into_owned();
    writer.add_file(FilePlace::Config, &name, config)?;
    writer.set_configuration(&name);
    let text = std::fs::read_to_string(config).of_file(config)?;
    let Ok(table) = text.parse::<toml::Table>() else {
        // A file that cannot be parsed is kept as it is.
        return Ok(());
    };
    let folder = folder_of(config);
    let mut named = Vec::new();
    collect_files(&toml::Value::Table(table), folder, &mut named);
    for file in named {
        let (place, path) = place_of(&file, folder);
        if !writer.has_file(place, &path) {
            writer.add_file(place, &path, &file)?;
        }
    }
    Ok(())
}

/// Collects the files that texts in a value name; of a folder, the TOML files in it (profiles).
fn collect_files(value: &toml::Value, folder: &Path, files: &mut Vec<PathBuf>) {
    match value {
        toml::Value::String(text) => {
            let path = folder.join(text);
            if is_small_file(&path) {
                files.push(path);
            } else if path.is_dir() {
                let inside = files_of(&path).unwrap_or_default();
                let inside = inside.into_iter().map(|(_, file)| file);
                let is_toml = |file: &PathBuf| file.extension().is_some_and(|end| end == "toml");
                files.extend(inside.filter(is_toml));
            }
        }
        toml::Value::Array(all) => {
            for one in all {
                collect_files(one, folder, files);
            }
        }
        toml::Value::Table(table) => {
            for one in table.values() {
                collect_files(one, folder, files);
            }
        }
        _ => {}
    }
}

/// Whether a path is a file of a site: no device, and not endless.
fn is_small_file(path: &Path) -> bool {
    let about = std::fs::metadata(path);
    about.is_ok_and(|about| about.is_file() && about.len() <= BACKUP_NAMED_BYTES_MAX)
}

/// Place of a file: in the folder of the configuration, else by its whole path.
fn place_of(file: &Path, folder: &Path) -> (FilePlace, String) {
    let whole = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let (file, folder) = (whole(file), whole(folder));
    if let Ok(inside) = file.strip_prefix(&folder) {
        return (FilePlace::Config, inside.to_string_lossy().into_owned());
    }
    let path = file.to_string_lossy();
    (FilePlace::Root, path.trim_start_matches('/').to_owned())
}

/// Names and paths of the files in a folder, in order; none when it is not there.
fn files_of(folder: &Path) -> Result<Vec<(String, PathBuf)>, BackupError> {
    let entries = match std::fs::read_dir(folder) {
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.of_file(folder)?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.of_file(folder)?.path();
        if path.is_file() {
            let name = path.file_name().unwrap_or_default();
            files.push((name.to_string_lossy().into_owned(), path));
        }
    }
    files.sort();
    Ok(files)
}
