//! [`PieceStore`]: pieces of files, each under the name of its SHA-256. The same piece is written
//! once, whichever files and backups need it.

use super::backup_error::{BackupError, InFile as _};
use super::disk_files::{make_own_folder, own_like, read_from_disk, sync, write_file};
use crate::domain::hex_text::to_hex;
use crate::limits::BACKUP_PIECE_BYTES;
use ring::digest::{SHA256, digest};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Name of a piece: its SHA-256 in hexadecimal digits.
pub(super) type PieceName = String;

/// Folder of the pieces.
const PIECES: &str = "pieces";
/// Characters of a name that say its folder.
const FOLDER_CHARS: usize = 2;

/// Pieces in a folder.
#[derive(Debug)]
pub(super) struct PieceStore {
    folder: PathBuf,
    /// Path whose owner gets what is written.
    owner: PathBuf,
    /// Pieces that are known to be right.
    seen: BTreeSet<PieceName>,
    /// Pieces that were written, and are not part of a backup yet.
    new: Vec<PieceName>,
}

/// SHA-256 in hexadecimal digits.
pub(super) fn hash_name(bytes: &[u8]) -> String {
    to_hex(digest(&SHA256, bytes).as_ref())
}

impl PieceStore {
    /// Pieces of the backups in `folder`; what is written belongs to the owner of `owner`.
    pub(super) fn new(folder: &Path, owner: &Path) -> Self {
        Self {
            folder: folder.join(PIECES),
            owner: owner.to_owned(),
            seen: BTreeSet::new(),
            new: Vec::new(),
        }
    }

    /// Path of a piece; a name that is none gives a path at which there is nothing.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        let is_name = name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        match name.get(..FOLDER_CHARS).filter(|_| is_name) {
            Some(head) => self.folder.join(head).join(name),
            None => self.folder.join("no-name"),
        }
    }

    /// Keeps a piece. One that is there is read and compared, and written again when it is damaged.
    /// Returns its name, and the number of bytes that were written.
    pub(super) fn keep(&mut self, bytes: &[u8]) -> Result<(PieceName, u64), BackupError> {
        let name = hash_name(bytes);
        if self.seen.contains(&name) || self.read(&name).is_some() {
            self.seen.insert(name.clone());
            return Ok((name, 0));
        }
        let path = self.path(&name);
        let folder = path.parent().unwrap_or(&self.folder);
        // The folder of all pieces is new or was looked at; those in it are made below it.
        make_own_folder(&self.folder, &self.owner)?;
        make_own_folder(folder, &self.owner)?;
        // Noted first: what fails half way is removed with the rest.
        self.new.push(name.clone());
        write_file(&path, bytes)?;
        for made in [&self.folder, folder, &path] {
            own_like(made, &self.owner);
        }
        self.seen.insert(name.clone());
        Ok((name, bytes.len() as u64))
    }

    /// Reads a piece from the disk; `None` when it is missing or damaged.
    pub(super) fn read(&self, name: &str) -> Option<Vec<u8>> {
        let bytes = read_from_disk(&self.path(name), BACKUP_PIECE_BYTES as u64).ok()?;
        (hash_name(&bytes) == name).then_some(bytes)
    }

    /// Waits until all new pieces are on the disk, and reads them back.
    pub(super) fn settle(&mut self) -> Result<(), BackupError> {
        let mut folders = BTreeSet::from([self.folder.clone()]);
        for name in &self.new {
            let path = self.path(name);
            sync(&path)?;
            folders.extend(path.parent().map(Path::to_owned));
        }
        let mut folders = folders.iter().filter(|folder| folder.exists());
        folders.try_for_each(|folder| sync(folder))?;
        for name in &self.new {
            if self.read(name).is_none() {
                return Err(BackupError::Damaged {
                    file: self.path(name),
                    part_of: String::new(),
                });
            }
        }
        Ok(())
    }

    /// Makes the new pieces part of a backup: they stay.
    pub(super) fn adopt_new(&mut self) {
        self.new.clear();
    }

    /// Removes new pieces again.
    pub(super) fn remove_new(&mut self) {
        for name in std::mem::take(&mut self.new) {
            // A stick that was pulled out takes them along.
            drop(std::fs::remove_file(self.path(&name)));
        }
    }

    /// Removes every piece that is not needed; returns how many.
    pub(super) fn remove_others(&self, needed: &BTreeSet<PieceName>) -> Result<u64, BackupError> {
        let mut removed = 0;
        if !self.folder.exists() {
            return Ok(0);
        }
        for folder in std::fs::read_dir(&self.folder).of_file(&self.folder)? {
            let folder = folder.of_file(&self.folder)?.path();
            for piece in std::fs::read_dir(&folder).of_file(&folder)? {
                let piece = piece.of_file(&folder)?;
                let name = piece.file_name().to_string_lossy().into_owned();
                if !needed.contains(&name) {
                    std::fs::remove_file(piece.path()).of_file(&piece.path())?;
                    removed += 1;
                }
            }
        }
        Ok(removed)
    }
}
