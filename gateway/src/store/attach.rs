//! Receipts and photos beside the file, each under its hash: `attachments/SHA256`.

use super::fault::StoreError;
use super::private;
use crate::limits::ATTACHMENT_BYTES_MAX;
use crate::model::ledger::Attachment;
use ring::digest::{SHA256, digest};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Directory within the store's.
pub(super) const FOLDER: &str = "attachments";
/// Letters of a kept file name.
const NAME_MAX: usize = 120;

/// SHA-256 in small hexadecimal digits.
fn hash(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(64);
    for byte in digest(&SHA256, bytes).as_ref() {
        // Writing into a text cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn place(directory: &Path, sha256: &str) -> Result<PathBuf, StoreError> {
    if Attachment::is_hash(sha256) {
        return Ok(directory.join(FOLDER).join(sha256));
    }
    Err(StoreError::Invalid(format!("`{sha256}` is no SHA-256")))
}

fn failed(fault: &io::Error) -> StoreError {
    StoreError::Disk {
        what: "keeping an attachment",
        why: fault.to_string(),
    }
}

/// Writes the bytes, reads them back, and only then gives them their name.
pub(super) fn keep(directory: &Path, name: &str, bytes: &[u8]) -> Result<Attachment, StoreError> {
    if bytes.is_empty() || bytes.len() > ATTACHMENT_BYTES_MAX {
        return Err(StoreError::Invalid(format!(
            "an attachment has 1 to {ATTACHMENT_BYTES_MAX} bytes, not {}",
            bytes.len()
        )));
    }
    let sha256 = hash(bytes);
    let file = place(directory, &sha256)?;
    if std::fs::read(&file).is_ok_and(|kept| kept == bytes) {
        return Ok(attachment(name, sha256, bytes));
    }
    write(&file, bytes).map_err(|fault| failed(&fault))?;
    Ok(attachment(name, sha256, bytes))
}

fn write(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    private::folder(folder)?;
    let mut half = tempfile_in(folder, file)?;
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
    File::open(folder)?.sync_all()
}

/// A file of our own to write into; two that keep the same bytes at once do not meet.
fn tempfile_in(folder: &Path, file: &Path) -> io::Result<(PathBuf, File)> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let path = folder.join(format!("{name}.{:08x}.unfinished", fastrand::u32(..)));
    let open = private::file(&path)?;
    Ok((path, open))
}

fn attachment(name: &str, sha256: String, bytes: &[u8]) -> Attachment {
    // What a browser or a shell hands in may be a path.
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = name
        .chars()
        .filter(|c| !c.is_control())
        .take(NAME_MAX)
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

/// The bytes of a kept file, checked against its hash.
pub(super) fn read(directory: &Path, sha256: &str) -> Result<Vec<u8>, StoreError> {
    let file = place(directory, sha256)?;
    let bytes = std::fs::read(&file).map_err(|fault| failed(&fault))?;
    if hash(&bytes) == sha256 {
        return Ok(bytes);
    }
    Err(StoreError::Disk {
        what: "reading an attachment",
        why: format!("{} no longer has its hash", file.display()),
    })
}

/// Copies all kept files into `to`, each held against its hash; one that is there already, whole,
/// is left alone. What cannot be copied is said at the end, when the rest is.
pub(super) fn copy_all(directory: &Path, to: &Path) -> Result<(), StoreError> {
    let kept = match std::fs::read_dir(directory.join(FOLDER)) {
        Ok(kept) => kept,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(fault) => return Err(not_copied(fault.to_string())),
    };
    let (mut missing, mut first) = (0, String::new());
    for entry in kept {
        let entry = entry.map_err(|fault| not_copied(fault.to_string()))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // What a power cut left half written has another name.
        if let Err(fault) = copy(directory, &name, to)
            && Attachment::is_hash(&name)
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
        count => Err(not_copied(format!("{count} are missing: {first}"))),
    }
}

fn copy(directory: &Path, sha256: &str, to: &Path) -> Result<(), StoreError> {
    let bytes = read(directory, sha256)?;
    let copy = to.join(sha256);
    if std::fs::read(&copy).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    write(&copy, &bytes).map_err(|fault| failed(&fault))
}

fn not_copied(why: String) -> StoreError {
    StoreError::Disk {
        what: "copying the receipts",
        why,
    }
}

/// The file is there with that length.
pub(super) fn is_kept(directory: &Path, file: &Attachment) -> bool {
    let path = place(directory, &file.sha256).ok();
    let about = path.and_then(|path| std::fs::metadata(path).ok());
    about.is_some_and(|about| about.len() == file.bytes)
}
