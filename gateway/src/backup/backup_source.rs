//! [`BackupSource`]: the backups of one site in a directory, for reading.

use super::backup_error::BackupError;
use super::manifest::{
    BACKUP_FOLDER, BackupFile, BackupManifest, FilePlace, find_manifests, generations,
    number_of_file,
};
use super::piece_store::PieceStore;
use crate::domain::UtcMs;
use crate::domain::hex_text::to_hex;
use ring::digest::{Context, SHA256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Backups of a site.
#[derive(Debug)]
pub struct BackupSource {
    folder: PathBuf,
    pieces: PieceStore,
    /// The oldest first.
    manifests: Vec<BackupManifest>,
    /// Manifests that cannot be read, with their numbers as far as their names tell them.
    pub damaged: Vec<(Option<u64>, BackupError)>,
}

impl BackupSource {
    /// Opens the backups in a directory: that of a stick, its folder of backups, or that of one
    /// site in it. `site` says which one where there are several.
    pub fn open(directory: &Path, site: Option<&str>) -> Result<Self, BackupError> {
        let folder = find_site_folder(directory, site)?;
        let found = find_manifests(&folder)?;
        if found.good.is_empty() && found.damaged.is_empty() {
            return Err(BackupError::Nothing(directory.to_owned()));
        }
        let damaged = found.damaged.into_iter();
        let damaged = damaged.map(|(file, fault)| (number_of_file(&file), fault));
        Ok(Self {
            pieces: PieceStore::new(&folder, &folder),
            folder,
            manifests: found.good.into_iter().map(|(_, one)| one).collect(),
            damaged: damaged.collect(),
        })
    }

    /// Folder of the backups of the site.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// All backups, the oldest first.
    pub fn manifests(&self) -> &[BackupManifest] {
        &self.manifests
    }

    /// The last backup; with a time, the last one that is not later.
    pub fn choose(&self, at: Option<UtcMs>) -> Result<&BackupManifest, BackupError> {
        let fits = |one: &&BackupManifest| at.is_none_or(|at| one.at() <= at);
        let found = self.manifests.iter().rev().find(fits);
        found.ok_or_else(|| {
            if self.manifests.is_empty() {
                return BackupError::Nothing(self.folder.clone());
            }
            let there = self.manifests.iter().map(BackupManifest::at);
            BackupError::NotThen {
                there: there.collect(),
            }
        })
    }

    /// Text of the configuration in a backup; empty when it has none.
    pub fn configuration_text(&self, manifest: &BackupManifest) -> Result<String, BackupError> {
        let mut files = manifest.files.iter();
        let is_it = |file: &&BackupFile| {
            file.place == FilePlace::Config && file.path == manifest.configuration
        };
        let mut text = Vec::new();
        if let Some(file) = files.find(is_it) {
            self.read_file(file, &mut |bytes| {
                text.extend_from_slice(bytes);
                Ok(())
            })?;
        }
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// Reads every piece of a backup and compares it with its SHA-256, and each file with its own.
    /// `tell` gets the bytes that were read since the last call.
    pub fn verify(
        &self,
        manifest: &BackupManifest,
        tell: &mut dyn FnMut(u64),
    ) -> Result<(), BackupError> {
        let mut files = manifest.files.iter();
        files.try_for_each(|file| {
            self.read_file(file, &mut |bytes| {
                tell(bytes.len() as u64);
                Ok(())
            })
        })
    }

    /// Hands the bytes of a file over in parts, each of which was verified. The error names the
    /// damaged piece.
    pub(super) fn read_file(
        &self,
        file: &BackupFile,
        take: &mut dyn FnMut(&[u8]) -> Result<(), BackupError>,
    ) -> Result<(), BackupError> {
        let damaged = |place: PathBuf| BackupError::Damaged {
            file: place,
            part_of: file.path.clone(),
        };
        let mut hash = Context::new(&SHA256);
        for name in &file.pieces {
            let bytes = self.pieces.read(name);
            let bytes = bytes.ok_or_else(|| damaged(self.pieces.path(name)))?;
            hash.update(&bytes);
            take(&bytes)?;
        }
        if to_hex(hash.finish().as_ref()) != file.sha256 {
            return Err(damaged(generations(&self.folder)));
        }
        Ok(())
    }
}

/// Finds the folder of a site's backups.
fn find_site_folder(directory: &Path, site: Option<&str>) -> Result<PathBuf, BackupError> {
    if generations(directory).is_dir() {
        return Ok(directory.to_owned());
    }
    let below = [directory.join(BACKUP_FOLDER), directory.to_owned()];
    let mut sites = BTreeMap::new();
    for above in below {
        for entry in std::fs::read_dir(above).into_iter().flatten().flatten() {
            if generations(&entry.path()).is_dir() {
                let name = entry.file_name().to_string_lossy().into_owned();
                sites.insert(name, entry.path());
            }
        }
    }
    if let Some(found) = site.and_then(|site| sites.remove(site)) {
        return Ok(found);
    }
    match (sites.len(), site) {
        (1, None) => sites.into_values().next(),
        (0, _) | (_, Some(_)) => None,
        _ => {
            let sites = sites.into_keys().collect::<Vec<_>>().join(", ");
            let place = directory.to_owned();
            return Err(BackupError::Several { place, sites });
        }
    }
    .ok_or_else(|| BackupError::Nothing(directory.to_owned()))
}
