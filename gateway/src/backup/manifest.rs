//! [`BackupManifest`]: what one backup consists of. Its file ends with the SHA-256 of its text.

use super::backup_error::{BackupError, InFile as _};
use super::disk_files::{read_from_disk, sync, write_file};
use super::piece_store::{PieceName, hash_name};
use crate::domain::UtcMs;
use crate::limits::BACKUP_MANIFEST_BYTES_MAX;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Version of the form that this program writes.
const FORMAT: u32 = 1;
/// Folder of all backups in a directory or on a stick.
pub(super) const BACKUP_FOLDER: &str = "pantau-backup";
/// Folder of the manifests.
const GENERATIONS: &str = "generations";

/// One backup.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct BackupManifest {
    format: u32,
    /// Number among the backups of the site; later ones have greater ones.
    pub number: u64,
    /// Time at which the store was held, by the clock of the gateway, ms since 1970.
    pub at_ms: i64,
    /// Id of the site.
    pub site: String,
    /// Id of the store; empty for one that has none yet.
    pub store: String,
    /// Version of the program that made it.
    pub program: String,
    /// Number of the last reading in it.
    pub durable: u64,
    /// Path of the configuration among the files of its folder.
    pub configuration: String,
    /// Files of the site.
    pub files: Vec<BackupFile>,
}

/// File of a backup.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct BackupFile {
    /// Where it belongs.
    pub place: FilePlace,
    /// Path from there.
    pub path: String,
    /// Size, bytes.
    pub bytes: u64,
    /// Permissions of the file, octal.
    pub mode: u32,
    /// SHA-256 of the whole file.
    pub sha256: String,
    /// Its pieces, by their SHA-256, in order.
    pub pieces: Vec<PieceName>,
}

/// Folder to which a path belongs.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FilePlace {
    /// Directory of the store.
    Store,
    /// Folder of the configuration.
    Config,
    /// Root of the file system.
    Root,
}

/// Ending of the name of a manifest until it is whole.
const UNFINISHED: &str = "unfinished";

impl BackupManifest {
    /// A backup without files.
    pub(super) fn new(number: u64, at: UtcMs, site: &str, store: &str, durable: u64) -> Self {
        Self {
            format: FORMAT,
            number,
            at_ms: at.0,
            site: site.to_owned(),
            store: store.to_owned(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
            durable,
            configuration: String::new(),
            files: Vec::new(),
        }
    }

    /// Time at which the store was held.
    pub const fn at(&self) -> UtcMs {
        UtcMs(self.at_ms)
    }

    /// Size of all files, bytes.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Finds a file by its path in the directory of the store.
    pub(super) fn store_file(&self, path: &str) -> Option<&BackupFile> {
        let mut files = self.files.iter();
        files.find(|file| file.place == FilePlace::Store && file.path == path)
    }

    fn file_name(&self) -> String {
        let time = jiff::Timestamp::from_millisecond(self.at_ms).unwrap_or_default();
        let time = time.strftime("%Y%m%dT%H%M%SZ");
        format!("{:06}-{time}-{}.json", self.number, self.store)
    }

    /// Writes the manifest, reads it back and gives it its name. Returns its path.
    pub(super) fn write(&self, folder: &Path) -> Result<PathBuf, BackupError> {
        let folder = generations(folder);
        let file = folder.join(self.file_name());
        let text = serde_json::to_string_pretty(self).map_err(std::io::Error::other);
        let text = text.of_file(&file)?;
        let text = format!("{text}\n{}\n", hash_name(text.as_bytes()));
        let half = file.with_extension(UNFINISHED);
        let written = write_file(&half, text.as_bytes())
            .and_then(|()| sync(&half))
            .and_then(|()| Self::read(&half))
            .and_then(|_| std::fs::rename(&half, &file).of_file(&file));
        if written.is_err() {
            // On a full stick, an empty file would be left of it.
            drop(std::fs::remove_file(&half));
        }
        written?;
        sync(&folder)?;
        Ok(file)
    }

    /// Reads and checks a manifest.
    pub(super) fn read(file: &Path) -> Result<Self, BackupError> {
        let damaged = || BackupError::Damaged {
            file: file.to_owned(),
            part_of: String::new(),
        };
        let bytes = read_from_disk(file, BACKUP_MANIFEST_BYTES_MAX).of_file(file)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| damaged())?;
        let (text, sum) = text
            .strip_suffix('\n')
            .and_then(|text| text.rsplit_once('\n'))
            .ok_or_else(damaged)?;
        if hash_name(text.as_bytes()) != sum {
            return Err(damaged());
        }
        let found: FormatOnly = serde_json::from_str(text).map_err(|_| damaged())?;
        if found.format > FORMAT {
            return Err(BackupError::Newer(found.program));
        }
        serde_json::from_str(text).map_err(|_| damaged())
    }
}

/// The part of a manifest that every version has.
#[derive(Deserialize)]
struct FormatOnly {
    format: u32,
    program: String,
}

/// Removes manifests that a power cut or a pulled stick left half written.
pub(super) fn remove_unfinished(folder: &Path) {
    let entries = std::fs::read_dir(generations(folder)).into_iter().flatten();
    for entry in entries.flatten() {
        let file = entry.path();
        if file.extension().is_some_and(|ending| ending == UNFINISHED) {
            drop(std::fs::remove_file(file));
        }
    }
}

/// Folder of the manifests of a site's backups.
pub(super) fn generations(folder: &Path) -> PathBuf {
    folder.join(GENERATIONS)
}

/// Number of the backup whose manifest has this path; `None` for a name of somebody else.
pub(super) fn number_of_file(manifest: &Path) -> Option<u64> {
    let name = manifest.file_name()?.to_str()?;
    name.split('-').next()?.parse().ok()
}

/// Manifests of a site's backups with their paths, the oldest first; and the paths of those that
/// cannot be read.
#[derive(Debug, Default)]
pub(super) struct FoundManifests {
    pub(super) good: Vec<(PathBuf, BackupManifest)>,
    pub(super) damaged: Vec<(PathBuf, BackupError)>,
}

/// Reads all manifests of a folder.
pub(super) fn find_manifests(folder: &Path) -> Result<FoundManifests, BackupError> {
    let mut found = FoundManifests::default();
    let folder = generations(folder);
    if !folder.exists() {
        return Ok(found);
    }
    for entry in std::fs::read_dir(&folder).of_file(&folder)? {
        let file = entry.of_file(&folder)?.path();
        if file.extension().is_none_or(|ending| ending != "json") {
            continue;
        }
        match BackupManifest::read(&file) {
            Ok(manifest) => found.good.push((file, manifest)),
            Err(fault) => found.damaged.push((file, fault)),
        }
    }
    found.good.sort_by_key(|(_, manifest)| manifest.number);
    Ok(found)
}
