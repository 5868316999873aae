//! [`BackupWriter`]: writes one backup of a site.

use super::backup_error::{BackupError, InFile as _};
use super::backup_source::BackupSource;
use super::disk_files::{disk_of, lock_file, make_own_folder, own_like, sync};
use super::manifest::{
    BACKUP_FOLDER, BackupFile, BackupManifest, FilePlace, FoundManifests, find_manifests,
    generations, remove_unfinished,
};
use super::piece_store::PieceStore;
use crate::domain::UtcMs;
use crate::domain::hex_text::to_hex;
use crate::limits::BACKUP_PIECE_BYTES;
use crate::storage::StoreSnapshot;
use ring::digest::{Context, SHA256};
use std::collections::BTreeSet;
use std::fs::{File, TryLockError};
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// File that a writer locks.
const LOCK_FILE: &str = "lock";
/// Permissions of the store's file.
const STORE_MODE: u32 = 0o640;

/// Facts about a backup besides its files.
#[derive(Clone, Debug)]
pub struct BackupFacts {
    /// Id of the site.
    pub site: String,
    /// Id of the store.
    pub store: String,
    /// Time at which the store was held.
    pub at: UtcMs,
    /// Number of the last reading in it.
    pub durable: u64,
}

/// Backup that was written.
#[derive(Clone, Debug)]
pub struct WrittenBackup {
    /// File of its manifest.
    pub manifest: PathBuf,
    /// Size of the files of the site, bytes.
    pub bytes: u64,
    /// Part of them that was new and had to be written, bytes.
    pub new_bytes: u64,
    /// Number of backups of this store that are kept, with this one.
    pub generations: usize,
    /// Receipts and photos that no longer have their hash; they are in it as they are.
    pub damaged: Vec<String>,
}

/// Backup that is being written. Dropped before [`BackupWriter::finish`], it leaves nothing.
#[derive(Debug)]
pub struct BackupWriter {
    folder: PathBuf,
    /// Number of the file system on which the backup was begun.
    disk: u64,
    /// Path whose owner gets what is written.
    owner: PathBuf,
    _lock: File,
    pieces: PieceStore,
    manifest: BackupManifest,
    open: Option<OpenFile>,
    new_bytes: u64,
    damaged: Vec<String>,
}

/// File that is being written.
struct OpenFile {
    file: BackupFile,
    hash: Context,
    /// Bytes that do not fill a piece yet.
    rest: Vec<u8>,
}

impl std::fmt::Debug for OpenFile {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("OpenFile").field(&self.file).finish()
    }
}

impl BackupWriter {
    /// Begins a backup in a directory. The folders that it makes there belong to the owner of
    /// `store`, so that the gateway can go on with them by itself.
    pub fn begin(directory: &Path, facts: &BackupFacts, store: &Path) -> Result<Self, BackupError> {
        let above = directory.join(BACKUP_FOLDER);
        let folder = above.join(&facts.site);
        for made in [&above, &folder, &generations(&folder)] {
            make_own_folder(made, store)?;
        }
        for made in [&above, &folder, &generations(&folder)] {
            own_like(made, store);
        }
        let lock = lock_folder(&folder)?;
        own_like(&folder.join(LOCK_FILE), store);
        let found = find_manifests(&folder)?;
        // What a power cut or a pulled stick left half done makes room for this one.
        remove_unfinished(&folder);
        remove_unneeded(&folder, &found)?;
        let last = found.good.last().map_or(0, |(_, last)| last.number);
        let (at, durable) = (facts.at, facts.durable);
        Ok(Self {
            disk: disk_of(&folder).of_file(&folder)?,
            pieces: PieceStore::new(&folder, store),
            owner: store.to_owned(),
            manifest: BackupManifest::new(last + 1, at, &facts.site, &facts.store, durable),
            folder,
            _lock: lock,
            open: None,
            new_bytes: 0,
            damaged: Vec::new(),
        })
    }

    /// Begins the file of the store, whose bytes follow in parts.
    pub fn begin_store_file(&mut self) {
        self.begin_file(FilePlace::Store, StoreSnapshot::FILE, STORE_MODE);
    }

    /// Begins a file, whose bytes follow in parts.
    fn begin_file(&mut self, place: FilePlace, path: &str, mode: u32) {
        self.open = Some(OpenFile {
            file: BackupFile {
                place,
                path: path.to_owned(),
                bytes: 0,
                mode,
                sha256: String::new(),
                pieces: Vec::new(),
            },
            hash: Context::new(&SHA256),
            rest: Vec::with_capacity(BACKUP_PIECE_BYTES),
        });
    }

    /// Writes the next bytes of the begun file.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), BackupError> {
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        open.hash.update(bytes);
        open.file.bytes += bytes.len() as u64;
        let mut bytes = bytes;
        while !bytes.is_empty() {
            let (now, later) =
                bytes.split_at(bytes.len().min(BACKUP_PIECE_BYTES - open.rest.len()));
            open.rest.extend_from_slice(now);
            bytes = later;
            if open.rest.len() == BACKUP_PIECE_BYTES {
                self.new_bytes += open.keep_rest(&mut self.pieces)?;
            }
        }
        Ok(())
    }

    /// Ends the begun file; returns its SHA-256.
    pub fn end_file(&mut self) -> Result<String, BackupError> {
        let Some(mut open) = self.open.take() else {
            return Ok(String::new());
        };
        if !open.rest.is_empty() {
            self.new_bytes += open.keep_rest(&mut self.pieces)?;
        }
        let sha256 = to_hex(open.hash.finish().as_ref());
        open.file.sha256.clone_from(&sha256);
        self.manifest.files.push(open.file);
        Ok(sha256)
    }

    /// Adds a file of the disk; returns its SHA-256.
    pub(super) fn add_file(
        &mut self,
        place: FilePlace,
        path: &str,
        source: &Path,
    ) -> Result<String, BackupError> {
        let mut opened = File::open(source).of_file(source)?;
        let mode = opened.metadata().of_file(source)?.permissions().mode() & 0o777;
        self.begin_file(place, path, mode);
        let mut bytes = vec![0; BACKUP_PIECE_BYTES];
        loop {
            match opened.read(&mut bytes).of_file(source)? {
                0 => return self.end_file(),
                count => self.write(&bytes[..count])?,
            }
        }
    }

    /// Says which of the files is the configuration.
    pub(super) fn set_configuration(&mut self, path: &str) {
        path.clone_into(&mut self.manifest.configuration);
    }

    /// Notes a receipt that no longer has its hash.
    pub(super) fn note_damaged(&mut self, name: &str) {
        self.damaged.push(name.to_owned());
    }

    /// Returns whether a file is in the backup already.
    pub(super) fn has_file(&self, place: FilePlace, path: &str) -> bool {
        let mut files = self.manifest.files.iter();
        files.any(|file| file.place == place && file.path == path)
    }

    /// Removes the backups of this store beyond `keep`, the oldest first, once the newest of them
    /// has been read as a whole: a disk that is full has room then. Returns how many were removed.
    pub fn make_room(
        directory: &Path,
        facts: &BackupFacts,
        keep: usize,
    ) -> Result<usize, BackupError> {
        let folder = directory.join(BACKUP_FOLDER).join(&facts.site);
        let _lock = lock_folder(&folder)?;
        let found = find_manifests(&folder)?;
        let own = found
            .good
            .iter()
            .filter(|(_, one)| one.store == facts.store);
        let own: Vec<_> = own.collect();
        let beyond = own.len().saturating_sub(keep.max(1));
        let Some((_, newest)) = own
            .last()
            .filter(|_| beyond > 0 && found.damaged.is_empty())
        else {
            return Ok(0);
        };
        BackupSource::open(&folder, None)?.verify(newest, &mut |_| ())?;
        for (old, _) in &own[..beyond] {
            std::fs::remove_file(old).of_file(old)?;
        }
        remove_unneeded(&folder, &find_manifests(&folder)?)?;
        sync(&generations(&folder))?;
        Ok(beyond)
    }

    /// Completes the backup, and removes the oldest ones of this store beyond `keep`.
    pub fn finish(mut self, keep: usize) -> Result<WrittenBackup, BackupError> {
        self.pieces.settle()?;
        // A stick that was pulled out leaves its folder, on the disk of the gateway.
        if disk_of(&self.folder).ok() != Some(self.disk) {
            return Err(BackupError::Moved(self.folder.clone()));
        }
        let manifest = self.manifest.write(&self.folder)?;
        own_like(&manifest, &self.owner);
        self.pieces.adopt_new();
        let found = find_manifests(&self.folder)?;
        let own = found.good.iter();
        let own = own.filter(|(_, one)| one.store == self.manifest.store);
        let own: Vec<&PathBuf> = own.map(|(file, _)| file).collect();
        // Those of another store stay: it may be the one that was lost.
        let beyond = own.len().saturating_sub(keep.max(1));
        for old in &own[..beyond] {
            std::fs::remove_file(old).of_file(old)?;
        }
        let left = find_manifests(&self.folder)?;
        remove_unneeded(&self.folder, &left)?;
        sync(&generations(&self.folder))?;
        Ok(WrittenBackup {
            manifest,
            bytes: self.manifest.bytes(),
            new_bytes: self.new_bytes,
            generations: own.len() - beyond,
            damaged: std::mem::take(&mut self.damaged),
        })
    }
}

impl Drop for BackupWriter {
    fn drop(&mut self) {
        self.pieces.remove_new();
    }
}

impl OpenFile {
    /// Keeps the bytes that wait as a piece; returns how many were written.
    fn keep_rest(&mut self, pieces: &mut PieceStore) -> Result<u64, BackupError> {
        let (name, written) = pieces.keep(&self.rest)?;
        self.file.pieces.push(name);
        self.rest.clear();
        Ok(written)
    }
}

/// Keeps other writers away while the file is open.
fn lock_folder(folder: &Path) -> Result<File, BackupError> {
    let file = lock_file(&folder.join(LOCK_FILE))?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(BackupError::Busy(folder.to_owned())),
        // A file system without locks is written without one.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(file),
    }
}

/// Removes pieces that no backup needs. Where a manifest is damaged, all stay: nobody knows what it
/// needs.
fn remove_unneeded(folder: &Path, found: &FoundManifests) -> Result<(), BackupError> {
    if !found.damaged.is_empty() {
        return Ok(());
    }
    let files = found.good.iter().flat_map(|(_, one)| &one.files);
    let needed: BTreeSet<String> = files.flat_map(|file| file.pieces.clone()).collect();
    PieceStore::new(folder, folder)
        .remove_others(&needed)
        .map(drop)
}
