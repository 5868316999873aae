//! Attachments (receipts and photos) beside the database, each under its hash:
//! `attachments/SHA256`.

use super::file_permissions;
use super::store_error::StoreError;
use crate::domain::hex_text::to_hex;
use crate::domain::ledger::Attachment;
use crate::limits::ATTACHMENT_BYTES_MAX;
use ring::digest::{SHA256, digest};
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Directory name within the store's directory.
pub(super) const ATTACHMENTS_FOLDER: &str = "attachments";
/// Characters of a stored file name.
const FILE_NAME_CHARS_MAX: usize = 120;

/// Returns the SHA-256 in lower-case hexadecimal digits.
fn sha256_of(bytes: &[u8]) -> String {
    to_hex(digest(&SHA256, bytes).as_ref())
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

/// Stores an attachment; the file gets its name only after the bytes were read back.
pub(super) fn save_attachment(
    directory: &Path,
    name: &str,
    bytes: &[u8],
) -> Result<Attachment, StoreError> {
    if bytes.is_empty() || bytes.len() > ATTACHMENT_BYTES_MAX {
        return Err(StoreError::Invalid(format!(
            "an attachment has 1 to {ATTACHMENT_BYTES_MAX} bytes, not {}",
            bytes.len()
        )));
    }
    let sha256 = sha256_of(bytes);
    let file = attachment_path(directory, &sha256)?;
    // The same receipt twice is one file; a damaged one is written again.
    if std::fs::read(&file).is_ok_and(|kept| kept == bytes) {
        return Ok(describe_attachment(name, sha256, bytes));
    }
    write_verified(&file, bytes).map_err(|fault| attachment_error(&fault))?;
    Ok(describe_attachment(name, sha256, bytes))
}

/// Writes a file under a temporary name, verifies it, renames it, and syncs the directory.
fn write_verified(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    file_permissions::create_folder(folder)?;
    let mut half = create_temp_file(folder, file)?;
    half.1.write_all(bytes)?;
    half.1.sync_all()?;
    drop(half.1);
    if std::fs::read(&half.0)? != bytes {
        std::fs::remove_file(&half.0)?;
        return Err(io::Error::other(
            "what was read back is not what was written",
        ));
    }
    std::fs::rename(&half.0, file)?;
    // A rename is durable only when the directory is synced.
    File::open(folder)?.sync_all()
}

/// Creates a temporary file.
fn create_temp_file(folder: &Path, file: &Path) -> io::Result<(PathBuf, File)> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    // A random suffix: two calls that store the same bytes at once do not share a file.
    let path = folder.join(format!("{name}.{:08x}.unfinished", fastrand::u32(..)));
    let open = file_permissions::file(&path)?;
    Ok((path, open))
}

/// Returns the description of an attachment, with a safe file name.
fn describe_attachment(name: &str, sha256: String, bytes: &[u8]) -> Attachment {
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
        bytes: bytes.len() as u64,
    }
}

/// Returns the bytes of an attachment, checked against its SHA-256.
pub(super) fn read_attachment(directory: &Path, sha256: &str) -> Result<Vec<u8>, StoreError> {
    let file = attachment_path(directory, sha256)?;
    let bytes = std::fs::read(&file).map_err(|fault| attachment_error(&fault))?;
    if sha256_of(&bytes) == sha256 {
        return Ok(bytes);
    }
    Err(StoreError::Disk {
        what: "reading an attachment",
        why: format!("{} no longer has its hash", file.display()),
    })
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
    let bytes = read_attachment(directory, sha256)?;
    let copy = to.join(sha256);
    if std::fs::read(&copy).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    write_verified(&copy, &bytes).map_err(|fault| attachment_error(&fault))
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
