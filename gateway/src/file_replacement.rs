//! [`replace_file`]: a new content for a file, whole or not at all.
//!
//! ```text
//! .pantau.toml.new   written, with its rights and its owner, and on the disk
//! pantau.toml        has the new content from the moment of the rename on
//! ```
//!
//! After a power cut at any moment there is the old or the new content, never a part.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Mode of a file that is for its owner alone.
const OWNER_MODE: u32 = 0o600;
/// Bits of a mode without the kind of the file.
const MODE_BITS: u32 = 0o7777;

/// Rights and owner of the new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileRights {
    /// For its owner alone, who is that of its directory: what root writes must not lock the
    /// gateway out of its file.
    OwnerAlone,
    /// Those of the file that it replaces. A link stays a link, and the file that it names is
    /// replaced.
    AsBefore,
}

/// Writes the content beside the file and gives it the name of the file once it is on the disk.
///
/// # Errors
///
/// The fault of the file system; the file is then as it was. With [`FileRights::AsBefore`] also
/// `NotFound` when there is no file.
pub(crate) fn replace_file(file: &Path, content: &[u8], rights: FileRights) -> io::Result<()> {
    let file = match rights {
        FileRights::OwnerAlone => file.to_owned(),
        FileRights::AsBefore => std::fs::canonicalize(file)?,
    };
    let folder = folder_of(&file);
    let (mode, like) = match rights {
        FileRights::OwnerAlone => (OWNER_MODE, std::fs::metadata(folder)?),
        FileRights::AsBefore => {
            let old = std::fs::metadata(&file)?;
            (old.mode() & MODE_BITS, old)
        }
    };
    let new = new_name(&file);
    // What a power cut left behind; a link in its place is removed, not followed.
    match std::fs::remove_file(&new) {
        Err(fault) if fault.kind() != io::ErrorKind::NotFound => return Err(fault),
        _ => {}
    }
    let mut options = OpenOptions::new();
    let mut out = options.write(true).create_new(true).mode(mode).open(&new)?;
    let written = out.write_all(content).and_then(|()| {
        // Before the rename: under its name the file must be the owner's from the first moment.
        keep_owner(&out, (like.uid(), like.gid()));
        out.sync_all()?;
        std::fs::rename(&new, &file)
    });
    if written.is_err() {
        // On a full disk, a part of it would be left.
        let _ = std::fs::remove_file(&new);
    }
    written?;
    // A rename survives a power cut only when its directory is on disk.
    File::open(folder)?.sync_all()
}

/// Name under which a new content is written before it takes the place of the old one.
pub(crate) fn new_name(file: &Path) -> PathBuf {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    file.with_file_name(format!(".{name}.new"))
}

fn folder_of(file: &Path) -> &Path {
    let folder = file.parent().filter(|folder| *folder != Path::new(""));
    folder.unwrap_or(Path::new("."))
}

/// Gives the file to this user and group, where it is another one's.
fn keep_owner(file: &File, (user, group): (u32, u32)) {
    let is_theirs = file
        .metadata()
        .is_ok_and(|own| (own.uid(), own.gid()) == (user, group));
    if !is_theirs {
        // Only root may give a file away; for others it is theirs already, or the group is enough.
        let _ = std::os::unix::fs::fchown(file, Some(user), Some(group));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn mode_of(file: &Path) -> u32 {
        std::fs::metadata(file).unwrap().permissions().mode() & MODE_BITS
    }

    #[test]
    fn a_new_file_is_for_its_owner_and_a_replaced_one_keeps_its_rights() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.json");
        replace_file(&file, b"one", FileRights::OwnerAlone).unwrap();
        assert_eq!(mode_of(&file), OWNER_MODE);
        for mode in [0o640, 0o600, 0o644] {
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
            replace_file(&file, b"two", FileRights::AsBefore).unwrap();
            assert_eq!(std::fs::read(&file).unwrap(), b"two");
            assert_eq!(mode_of(&file), mode);
        }
        let missing = replace_file(&folder.path().join("b"), b"", FileRights::AsBefore);
        assert_eq!(missing.unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_link_stays_a_link_and_one_in_the_place_of_the_new_file_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let [file, link, other] = ["file", "link", "other"].map(|name| folder.path().join(name));
        for path in [&file, &other] {
            std::fs::write(path, "old").unwrap();
        }
        std::os::unix::fs::symlink(&file, &link).unwrap();
        std::os::unix::fs::symlink(&other, new_name(&file)).unwrap();
        replace_file(&link, b"new", FileRights::AsBefore).unwrap();
        assert!(link.is_symlink());
        assert_eq!(std::fs::read(&file).unwrap(), b"new");
        assert_eq!(std::fs::read(&other).unwrap(), b"old");
        assert!(!new_name(&file).exists());
    }

    #[test]
    fn a_failure_leaves_the_old_content_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("folder");
        std::fs::create_dir(&place).unwrap();
        std::fs::write(place.join("inside"), "").unwrap();
        // A folder that is not empty cannot be replaced by a file.
        assert!(replace_file(&place, b"new", FileRights::OwnerAlone).is_err());
        assert!(place.join("inside").exists());
        assert!(!new_name(&place).exists());
    }
}
