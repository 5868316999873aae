//! The place for the daily copy: the configured one, else a disk on which somebody has made the
//! folder of backups.

use super::disk_files::disk_of;
use super::manifest::BACKUP_FOLDER;
use std::path::{Path, PathBuf};

/// Place that counts when it is on another disk than the store, without a folder of backups in it.
const USUAL_PLACE: &str = "/var/backups/pantau";
/// Folders below which sticks and other disks are mounted.
const MOUNT_FOLDERS: [&str; 3] = ["/media/", "/run/media/", "/mnt/"];
/// Table of what is mounted.
const MOUNTS: &str = "/proc/self/mounts";

/// Finds a place on another disk than the store; `None` without one.
pub(super) fn find_second_place(store: &Path) -> Option<PathBuf> {
    let mounts = std::fs::read_to_string(MOUNTS).unwrap_or_default();
    let usual = PathBuf::from(USUAL_PLACE);
    let usual = Some(usual).filter(|place| place.is_dir());
    let prepared = mount_points(&mounts).into_iter();
    // A stick with anybody's photos is left alone: the folder is how people say "this one".
    let prepared = prepared.filter(|place| place.join(BACKUP_FOLDER).is_dir());
    let mut places = usual.into_iter().chain(prepared);
    places.find(|place| !is_same_disk(place, store))
}

/// Returns whether two paths are on one disk; a path that is not there yet counts as its parent.
pub fn is_same_disk(one: &Path, other: &Path) -> bool {
    let disk = |path: &Path| path.ancestors().find_map(|above| disk_of(above).ok());
    disk(one).is_some() && disk(one) == disk(other)
}

/// Places of a table of mounts that are below the folders for sticks and disks, in order.
fn mount_points(table: &str) -> Vec<PathBuf> {
    let places = table.lines().filter_map(|line| line.split(' ').nth(1));
    let places = places.map(unescape);
    let is_below = |place: &String| MOUNT_FOLDERS.iter().any(|above| place.starts_with(above));
    let mut found: Vec<PathBuf> = places.filter(is_below).map(PathBuf::from).collect();
    found.sort();
    found.dedup();
    found
}

/// A path as the table of mounts writes it: a space is `\\040`.
fn unescape(text: &str) -> String {
    let signs = [
        ("\\040", " "),
        ("\\011", "\t"),
        ("\\012", "\n"),
        ("\\134", "\\"),
    ];
    signs.iter().fold(text.to_owned(), |text, (code, sign)| {
        text.replace(code, sign)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sticks_and_disks_are_found_by_where_they_are_mounted() {
        let table = [
            "/dev/root / ext4 rw 0 0",
            "proc /proc proc rw 0 0",
            "/dev/sda1 /media/petugas/STIK\\040BESAR vfat rw 0 0",
            "/dev/sdb1 /mnt/salinan ext4 rw 0 0",
            "/dev/sdc1 /mntx ext4 rw 0 0",
        ];
        let found = mount_points(&table.join("\n"));
        assert_eq!(
            found,
            [
                PathBuf::from("/media/petugas/STIK BESAR"),
                "/mnt/salinan".into()
            ]
        );
    }

    #[test]
    fn a_folder_that_is_not_there_yet_is_on_the_disk_of_its_parent() {
        let dir = tempfile::tempdir().unwrap();
        assert!(is_same_disk(&dir.path().join("a/b"), dir.path()));
        assert!(!is_same_disk(Path::new("/proc"), dir.path()));
    }
}
