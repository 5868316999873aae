//! Attachments (receipts and photos) beside the database, each under its hash:
//! `attachments/SHA256`. They pass through memory in small pieces only.

use super::file_permissions;
use super::store_error::StoreError;
use crate::domain::hex_text::to_hex;
use crate::domain::ledger::Attachment;
use crate::limits::ATTACHMENT_BYTES_MAX;
use bytes::Bytes;
use ring::digest::{Context, SHA256};
use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

/// Directory name within the store's directory.
pub(super) const ATTACHMENTS_FOLDER: &str = "attachments";
/// Characters of a stored file name.
const FILE_NAME_CHARS_MAX: usize = 120;
/// Bytes that are read at once.
const PIECE_BYTES: usize = 64 << 10;

/// Receipt or photo on its way into the store. Dropped before [`AttachmentUpload::finish`], it
/// leaves nothing.
#[derive(Debug)]
pub struct AttachmentUpload(Option<HalfFile>);

/// Unfinished file; removed when dropped.
#[derive(Debug)]
struct HalfFile {
    folder: PathBuf,
    path: PathBuf,
    file: File,
    hash: HashContext,
    bytes: u64,
}

/// Hash of the bytes so far.
struct HashContext(Context);

/// Stored receipt or photo whose hash was verified, open for reading.
#[derive(Debug)]
pub struct AttachmentFile {
    file: Option<File>,
    bytes: u64,
}

impl std::fmt::Debug for HashContext {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("HashContext")
    }
}

impl HashContext {
    fn new() -> Self {
        Self(Context::new(&SHA256))
    }

    /// Returns the SHA-256 in lower-case hexadecimal digits.
    fn finish(&self) -> String {
        to_hex(self.0.clone().finish().as_ref())
    }
}

impl AttachmentUpload {
    /// Creates the unfinished file.
    pub(super) fn begin(directory: &Path) -> Result<Self, StoreError> {
        let half = HalfFile::create(&directory.join(ATTACHMENTS_FOLDER));
        half.map(|half| Self(Some(half)))
            .map_err(|fault| attachment_error(&fault))
    }

    /// Writes the next bytes. `TooLarge` when the whole would have more than
    /// `ATTACHMENT_BYTES_MAX`.
    pub async fn write(&mut self, piece: Bytes) -> Result<(), StoreError> {
        let mut moved = Self(self.0.take());
        let (moved, result) = run_blocking(move || {
            let result = moved.write_bytes(&piece);
            Ok((moved, result))
        })
        .await?;
        *self = moved;
        result
    }

    /// Verifies the file by reading it back and gives it its name; the same bytes are stored once.
    pub async fn finish(self, name: &str) -> Result<Attachment, StoreError> {
        let name = name.to_owned();
        run_blocking(move || self.keep(&name)).await
    }

    pub(super) fn write_bytes(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let half = self.0.as_mut().ok_or(StoreError::Stopped)?;
        if half.bytes + bytes.len() as u64 > ATTACHMENT_BYTES_MAX as u64 {
            return Err(StoreError::TooLarge);
        }
        half.write(bytes).map_err(|fault| attachment_error(&fault))
    }

    pub(super) fn keep(mut self, name: &str) -> Result<Attachment, StoreError> {
        let half = self.0.take().ok_or(StoreError::Stopped)?;
        if half.bytes == 0 {
            let why = format!("an attachment has 1 to {ATTACHMENT_BYTES_MAX} bytes, not 0");
            return Err(StoreError::Invalid(why));
        }
        let (sha256, bytes) = (half.hash.finish(), half.bytes);
        let kept = half.keep_as(&sha256);
        kept.map_err(|fault| attachment_error(&fault))?;
        Ok(describe_attachment(name, sha256, bytes))
    }
}

impl HalfFile {
    fn create(folder: &Path) -> io::Result<Self> {
        file_permissions::create_folder(folder)?;
        // A random name: the hash is known only at the end.
        let path = folder.join(format!("{:016x}.unfinished", fastrand::u64(..)));
        let file = file_permissions::file(&path)?;
        Ok(Self {
            folder: folder.to_owned(),
            path,
            file,
            hash: HashContext::new(),
            bytes: 0,
        })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.hash.0.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// Gives the file its name after reading it back, and syncs the directory.
    fn keep_as(self, sha256: &str) -> io::Result<()> {
        let target = self.folder.join(sha256);
        // The same receipt twice is one file; a damaged one is written again.
        if hash_of_file(&target).is_ok_and(|kept| kept == sha256) {
            return Ok(());
        }
        self.file.sync_all()?;
        if hash_of_file(&self.path)? != sha256 {
            let why = "what was read back is not what was written";
            return Err(io::Error::other(why));
        }
        std::fs::rename(&self.path, target)?;
        // A rename is durable only when the directory is synced.
        File::open(&self.folder)?.sync_all()
    }
}

impl Drop for HalfFile {
    fn drop(&mut self) {
        // After the rename there is nothing to remove.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl AttachmentFile {
    /// Opens a file and checks it against its SHA-256.
    pub(super) fn open(directory: &Path, sha256: &str) -> Result<Self, StoreError> {
        let path = attachment_path(directory, sha256)?;
        let mut file = File::open(&path).map_err(|fault| match fault.kind() {
            io::ErrorKind::NotFound => StoreError::UnknownAttachment(sha256.to_owned()),
            _ => attachment_error(&fault),
        })?;
        let checked = hash_of(&mut file).and_then(|found| {
            file.rewind()?;
            Ok((found, file.metadata()?.len()))
        });
        let (found, bytes) = checked.map_err(|fault| attachment_error(&fault))?;
        if found != sha256 {
            return Err(StoreError::Disk {
                what: "reading an attachment",
                why: format!("{} no longer has its hash", path.display()),
            });
        }
        let file = Some(file);
        Ok(Self { file, bytes })
    }

    /// Size of the file.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns the next bytes; `None` at the end.
    pub async fn next_piece(&mut self) -> Result<Option<Bytes>, StoreError> {
        let Some(mut file) = self.file.take() else {
            return Ok(None);
        };
        let (file, piece) = run_blocking(move || {
            let mut piece = vec![0; PIECE_BYTES];
            let count = file.read(&mut piece);
            let count = count.map_err(|fault| attachment_error(&fault))?;
            piece.truncate(count);
            Ok((file, piece))
        })
        .await?;
        if piece.is_empty() {
            return Ok(None);
        }
        self.file = Some(file);
        Ok(Some(piece.into()))
    }
}

/// Runs work with files outside of the reactor's thread.
pub(super) async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| StoreError::Stopped)?
}

/// Returns the SHA-256 of the rest of a file.
fn hash_of(file: &mut File) -> io::Result<String> {
    let mut hash = HashContext::new();
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hash.finish()),
            count => hash.0.update(&piece[..count]),
        }
    }
}

fn hash_of_file(path: &Path) -> io::Result<String> {
    hash_of(&mut File::open(path)?)
}

/// Returns the path of an attachment; `Invalid` when the text is no SHA-256.
fn attachment_path(directory: &Path, sha256: &str) -> Result<PathBuf, StoreError> {
    if Attachment::is_sha256_hex(sha256) {
        return Ok(directory.join(ATTACHMENTS_FOLDER).join(sha256));
    }
    Err(StoreError::Invalid(format!("`{sha256}` is no SHA-256")))
}

fn attachment_error(fault: &io::Error) -> StoreError {
    StoreError::Disk {
        what: "keeping an attachment",
        why: fault.to_string(),
    }
}

/// Returns the description of an attachment, with a safe file name.
fn describe_attachment(name: &str, sha256: String, bytes: u64) -> Attachment {
    // A browser or shell may hand in a whole path.
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = name
        .chars()
        .filter(|c| !c.is_control())
        .take(FILE_NAME_CHARS_MAX)
        .collect();
    Attachment {
        name: if name.is_empty() {
            "file".to_owned()
        } else {
            name
        },
        sha256,
        bytes,
    }
}

/// Copies all attachments into `to`, each checked against its SHA-256. Files that cannot be copied
/// are reported after the rest is done.
pub(super) fn copy_attachments(directory: &Path, to: &Path) -> Result<(), StoreError> {
    let kept = match std::fs::read_dir(directory.join(ATTACHMENTS_FOLDER)) {
        Ok(kept) => kept,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(fault) => return Err(copy_error(fault.to_string())),
    };
    let (mut missing, mut first) = (0, String::new());
    for entry in kept {
        let entry = entry.map_err(|fault| copy_error(fault.to_string()))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // A file left half-written by a power cut has a name that is no hash, and is skipped.
        if let Err(fault) = copy_attachment(directory, &name, to)
            && Attachment::is_sha256_hex(&name)
        {
            missing += 1;
            first = if first.is_empty() {
                fault.to_string()
            } else {
                first
            };
        }
    }
    match missing {
        0 => Ok(()),
        count => Err(copy_error(format!("{count} are missing: {first}"))),
    }
}

/// Copies one attachment; an intact copy that exists is left alone.
fn copy_attachment(directory: &Path, sha256: &str, to: &Path) -> Result<(), StoreError> {
    let source = AttachmentFile::open(directory, sha256)?;
    let copy = |mut source: File| {
        let mut half = HalfFile::create(to)?;
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            match source.read(&mut piece)? {
                0 => return half.keep_as(sha256),
                count => half.write(&piece[..count])?,
            }
        }
    };
    if hash_of_file(&to.join(sha256)).is_ok_and(|there| there == sha256) {
        return Ok(());
    }
    let copied = source.file.map_or(Ok(()), copy);
    copied.map_err(|fault| attachment_error(&fault))
}

fn copy_error(why: String) -> StoreError {
    StoreError::Disk {
        what: "copying the receipts",
        why,
    }
}

/// Returns whether the file exists with the expected length.
pub(super) fn is_stored(directory: &Path, file: &Attachment) -> bool {
    let path = attachment_path(directory, &file.sha256).ok();
    let about = path.and_then(|path| std::fs::metadata(path).ok());
    about.is_some_and(|about| about.len() == file.bytes)
}
