//! Putting a backup back: a plan of what happens to each file, and doing it.
//!
//! The store's file takes the place of the present one, which is set aside. Everything else is put
//! where it is missing; a file that is there and differs stays, and that of the backup is put
//! beside it.

use super::backup_error::{BackupError, InFile as _};
use super::backup_source::BackupSource;
use super::disk_files::{folder_of, own_like, sync};
use super::manifest::{BackupFile, BackupManifest, FilePlace};
use super::site_files::ATTACHMENTS;
use crate::domain::UtcMs;
use crate::storage::{StoreReplacement, StoreSnapshot, hash_file};
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Ending of a file that is put beside one that stays.
const BESIDE: &str = "from-backup";
/// File of the numbers, which has a rule of its own.
const NUMBERS: &str = "pantau.seq";

/// Places to which a backup is put back.
#[derive(Clone, Debug)]
pub struct RestoreTarget {
    /// File of the configuration.
    pub config: PathBuf,
    /// Directory of the store.
    pub store: PathBuf,
}

/// Action on a file when a backup is put back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RestoreAction {
    /// It is missing, and put there.
    Put,
    /// It is there, with the same content.
    Same,
    /// It differs and stays; that of the backup is put beside it, under this name.
    Beside(PathBuf),
    /// It takes the place of the present one, which is set aside.
    Replace,
}

/// Plan of putting a backup back: each file and the action on it.
#[derive(Debug)]
pub struct RestorePlan<'a> {
    source: &'a BackupSource,
    manifest: &'a BackupManifest,
    target: RestoreTarget,
    /// Each file with its place and what happens to it.
    pub files: Vec<(PathBuf, RestoreAction)>,
}

impl<'a> RestorePlan<'a> {
    /// Looks at what is there; changes nothing.
    pub fn new(
        source: &'a BackupSource,
        manifest: &'a BackupManifest,
        target: RestoreTarget,
    ) -> Self {
        let files = manifest.files.iter().filter(|file| !is_numbers(file));
        let files = files.map(|file| {
            let place = target.path_of(manifest, file);
            let action = match (is_store(file), place.exists()) {
                (true, true) => RestoreAction::Replace,
                (_, false) => RestoreAction::Put,
                (false, true) => match hash_file(&place) {
                    Ok(sha256) if sha256 == file.sha256 => RestoreAction::Same,
                    _ => RestoreAction::Beside(beside(&place)),
                },
            };
            (place, action)
        });
        Self {
            files: files.collect(),
            source,
            manifest,
            target,
        }
    }

    /// Directory of the store.
    pub fn store(&self) -> &Path {
        &self.target.store
    }

    /// Puts everything back. `note` is kept in the store: where the backup came from, and who put
    /// it back. Returns the name under which the present file of the store is kept; empty when
    /// there was none.
    pub fn run(
        &self,
        note: &str,
        now: UtcMs,
        tell: &mut dyn FnMut(u64),
    ) -> Result<String, BackupError> {
        let file = self.manifest.store_file(StoreSnapshot::FILE);
        let Some(file) = file else {
            return Err(BackupError::Nothing(self.source.folder().to_owned()));
        };
        let is_new = !self.target.store.exists();
        let new_store = StoreReplacement::begin(&self.target.store, now)?;
        let mut into = new_store.create_file()?;
        self.source.read_file(file, &mut |bytes| {
            tell(bytes.len() as u64);
            into.write_all(bytes).of_file(&self.target.store)
        })?;
        into.sync_all().of_file(&self.target.store)?;
        drop(into);
        new_store.prepare(note, now)?;
        let others = self.manifest.files.iter();
        let others = others.filter(|file| !is_store(file) && !is_numbers(file));
        for file in others {
            self.put_file(file, tell)?;
        }
        // Last of all: until here the store is as it was.
        let old = new_store.finish(now)?;
        if is_new {
            self.give_to_owner();
        }
        own_like(
            &self.target.store.join(StoreSnapshot::FILE),
            &self.target.store,
        );
        Ok(old)
    }

    /// Puts one file where it belongs, or beside what is there.
    fn put_file(&self, file: &BackupFile, tell: &mut dyn FnMut(u64)) -> Result<(), BackupError> {
        let place = self.target.path_of(self.manifest, file);
        let place = if place.exists() {
            if hash_file(&place).is_ok_and(|sha256| sha256 == file.sha256) {
                return Ok(());
            }
            beside(&place)
        } else {
            place
        };
        let folder = folder_of(&place);
        let is_missing = !folder.exists();
        std::fs::create_dir_all(folder).of_file(folder)?;
        if is_missing {
            let mode = std::fs::Permissions::from_mode(0o750);
            std::fs::set_permissions(folder, mode).of_file(folder)?;
            own_like(folder, folder.parent().unwrap_or(folder));
        }
        let half = place.with_file_name(format!("{}.unfinished", file_name(&place)));
        let mut options = OpenOptions::new();
        let options = options.write(true).create(true).truncate(true);
        let mut into: File = options.mode(file.mode & 0o777).open(&half).of_file(&half)?;
        self.source.read_file(file, &mut |bytes| {
            tell(bytes.len() as u64);
            into.write_all(bytes).of_file(&half)
        })?;
        into.sync_all().of_file(&half)?;
        std::fs::rename(&half, &place).of_file(&place)?;
        own_like(&place, folder);
        sync(folder)
    }

    /// Gives a directory that was made to the owner of the folder above, as far as this process
    /// may.
    fn give_to_owner(&self) {
        let store = &self.target.store;
        own_like(store, folder_of(store));
    }
}

impl RestoreTarget {
    /// Place of a file of a backup.
    fn path_of(&self, manifest: &BackupManifest, file: &BackupFile) -> PathBuf {
        // A path of a manifest never leaves its folder, whoever wrote it.
        let parts = Path::new(&file.path).components();
        let inside = parts.filter(|part| matches!(part, std::path::Component::Normal(_)));
        let inside: PathBuf = inside.collect();
        let folder = folder_of(&self.config);
        match file.place {
            FilePlace::Store => self.store.join(inside),
            FilePlace::Config if file.path == manifest.configuration => self.config.clone(),
            FilePlace::Config => folder.join(inside),
            FilePlace::Root => Path::new("/").join(inside),
        }
    }
}

impl BackupManifest {
    /// Number of receipts and photos.
    pub fn attachments(&self) -> usize {
        let above = format!("{ATTACHMENTS}/");
        let files = self.files.iter();
        files
            .filter(|file| file.place == FilePlace::Store && file.path.starts_with(&above))
            .count()
    }
}

fn is_store(file: &BackupFile) -> bool {
    file.place == FilePlace::Store && file.path == StoreSnapshot::FILE
}

fn is_numbers(file: &BackupFile) -> bool {
    file.place == FilePlace::Store && file.path == NUMBERS
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn beside(place: &Path) -> PathBuf {
    place.with_file_name(format!("{}.{BESIDE}", file_name(place)))
}
