//! Permissions of the store's files and directories: owner and group only, whatever the umask is.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Mode of a file: owner reads and writes, group reads.
const FILE_MODE: u32 = 0o640;
/// Mode of a directory.
const FOLDER_MODE: u32 = 0o750;

/// Creates a directory with its parents; an existing one keeps its permissions.
pub(super) fn create_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    DirBuilder::new()
        .recursive(true)
        .mode(FOLDER_MODE)
        .create(path)?;
    // The mode above is reduced by the umask.
    std::fs::set_permissions(path, Permissions::from_mode(FOLDER_MODE))
}

/// Creates an empty file; `AlreadyExists` when there is one.
pub(super) fn file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let file = options
        .write(true)
        .create_new(true)
        .mode(FILE_MODE)
        .open(path)?;
    file.set_permissions(Permissions::from_mode(FILE_MODE))?;
    Ok(file)
}

/// Removes permissions beyond the mode. A failure, such as a file of another owner, is only logged.
pub(super) fn tighten_permissions(path: &Path) {
    let Ok(about) = std::fs::symlink_metadata(path) else {
        return;
    };
    let most = match (about.is_dir(), about.is_file()) {
        (true, _) => FOLDER_MODE,
        (_, true) => FILE_MODE,
        _ => return,
    };
    let mode = about.permissions().mode() & 0o7777;
    if mode & !most == 0 {
        return;
    }
    // Bits are removed, never added: a stricter mode set by an administrator stays.
    let tightened = Permissions::from_mode(mode & most);
    if let Err(fault) = std::fs::set_permissions(path, tightened) {
        tracing::warn!(path = %path.display(), %fault, "others may read this file");
    }
}

/// Tightens a directory and its entries.
pub(super) fn tighten_folder(folder: &Path) {
    tighten_permissions(folder);
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        tighten_permissions(&entry.path());
    }
}

#[cfg(test)]
mod tests {
    use crate::storage::tests::{MIDNIGHT, decimal, open, reading, site};
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;
    use std::path::{Path, PathBuf};

    fn mode_bits(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn list_files(folder: &Path) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    #[tokio::test]
    async fn what_the_store_makes_is_for_its_owner_and_group() {
        let scratch = tempfile::tempdir().unwrap();
        let home = scratch.path().join("deep/store");
        let store = open(&home, &site(&["power"]));
        store
            .append(reading(MIDNIGHT, &[decimal(1)]))
            .await
            .unwrap();
        store.flush().await.unwrap();
        store
            .save_attachment("a.jpg", b"receipt".to_vec())
            .await
            .unwrap();
        let copy = scratch.path().join("copy.db");
        store.backup(copy.clone()).await.unwrap();
        assert_eq!(mode_bits(&home), 0o750);
        let mut kept = list_files(&home);
        assert!(kept.len() >= 3, "{kept:?}");
        kept.extend(list_files(&home.join("attachments")));
        kept.extend(list_files(&scratch.path().join("copy.db.attachments")));
        kept.push(copy);
        for path in kept {
            let wanted = if path.is_dir() { 0o750 } else { 0o640 };
            assert_eq!(mode_bits(&path), wanted, "{}", path.display());
        }
    }

    #[tokio::test]
    async fn what_an_earlier_version_left_open_to_all_is_tightened_at_the_start() {
        let scratch = tempfile::tempdir().unwrap();
        let home = scratch.path();
        let store = open(home, &site(&["power"]));
        let kept = store
            .save_attachment("a.jpg", b"receipt".to_vec())
            .await
            .unwrap();
        store.stop().await;
        let receipt = home.join("attachments").join(kept.sha256);
        let all = [home.join("pantau.db"), home.join("pantau.db-wal"), receipt];
        for path in &all {
            std::fs::set_permissions(path, Permissions::from_mode(0o644)).unwrap();
        }
        // A stricter mode set by an administrator is kept.
        let seq = home.join("pantau.seq");
        std::fs::set_permissions(&seq, Permissions::from_mode(0o600)).unwrap();
        let store = open(home, &site(&["power"]));
        for path in &all {
            assert_eq!(mode_bits(path), 0o640, "{}", path.display());
        }
        assert_eq!(mode_bits(&seq), 0o600);
        store.stop().await;
    }
}
