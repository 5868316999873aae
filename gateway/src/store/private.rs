//! Files and folders of the store: for their owner and its group alone, whatever the umask is.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// The owner reads and writes, its group reads.
const FILE: u32 = 0o640;
/// The same for a folder.
const FOLDER: u32 = 0o750;

/// Makes a folder that is not there yet; one that is there keeps its permissions.
pub(super) fn folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    DirBuilder::new()
        .recursive(true)
        .mode(FOLDER)
        .create(path)?;
    std::fs::set_permissions(path, Permissions::from_mode(FOLDER))
}

/// Makes a new, empty file; `AlreadyExists` when there is one.
pub(super) fn file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let file = options.write(true).create_new(true).mode(FILE).open(path)?;
    file.set_permissions(Permissions::from_mode(FILE))?;
    Ok(file)
}

/// Takes away what a file or folder of an earlier version allows others. That it is somebody
/// else's is said and stops nothing.
pub(super) fn tighten(path: &Path) {
    let Ok(about) = std::fs::symlink_metadata(path) else {
        return;
    };
    let most = match (about.is_dir(), about.is_file()) {
        (true, _) => FOLDER,
        (_, true) => FILE,
        _ => return,
    };
    let mode = about.permissions().mode() & 0o7777;
    if mode & !most == 0 {
        return;
    }
    let tightened = Permissions::from_mode(mode & most);
    if let Err(fault) = std::fs::set_permissions(path, tightened) {
        tracing::warn!(path = %path.display(), %fault, "others may read this file");
    }
}

/// Tightens what is in a folder of ours, and the folder.
pub(super) fn tighten_all(folder: &Path) {
    tighten(folder);
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        tighten(&entry.path());
    }
}

#[cfg(test)]
mod tests {
    use crate::store::tests::{MIDNIGHT, decimal, open, reading, site};
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;
    use std::path::{Path, PathBuf};

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn files(folder: &Path) -> Vec<PathBuf> {
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
        store.attach("a.jpg", b"receipt".to_vec()).await.unwrap();
        let copy = scratch.path().join("copy.db");
        store.backup(copy.clone()).await.unwrap();
        assert_eq!(mode(&home), 0o750);
        let mut kept = files(&home);
        assert!(kept.len() >= 3, "{kept:?}");
        kept.extend(files(&home.join("attachments")));
        kept.extend(files(&scratch.path().join("copy.db.attachments")));
        kept.push(copy);
        for path in kept {
            let wanted = if path.is_dir() { 0o750 } else { 0o640 };
            assert_eq!(mode(&path), wanted, "{}", path.display());
        }
    }

    #[tokio::test]
    async fn what_an_earlier_version_left_open_to_all_is_tightened_at_the_start() {
        let scratch = tempfile::tempdir().unwrap();
        let home = scratch.path();
        let store = open(home, &site(&["power"]));
        let kept = store.attach("a.jpg", b"receipt".to_vec()).await.unwrap();
        store.stop().await;
        let receipt = home.join("attachments").join(kept.sha256);
        let all = [home.join("pantau.db"), home.join("pantau.db-wal"), receipt];
        for path in &all {
            std::fs::set_permissions(path, Permissions::from_mode(0o644)).unwrap();
        }
        // What somebody made tighter stays so.
        let seq = home.join("pantau.seq");
        std::fs::set_permissions(&seq, Permissions::from_mode(0o600)).unwrap();
        let store = open(home, &site(&["power"]));
        for path in &all {
            assert_eq!(mode(path), 0o640, "{}", path.display());
        }
        assert_eq!(mode(&seq), 0o600);
        store.stop().await;
    }
}
