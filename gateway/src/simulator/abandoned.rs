//! [`remove_abandoned_folders`]: removes what a simulation left behind that was killed.

use std::path::Path;

/// Folder in which Linux shows each running process.
const PROCESSES: &str = "/proc";
/// Entries of a folder that are looked at.
const ENTRIES_MAX: usize = 10_000;

/// Removes the folders in `parent` whose name is `prefix` and the id of a process that runs no
/// more; another name may follow the id after a `-`. What cannot be removed stays.
pub fn remove_abandoned_folders(parent: &Path, prefix: &str) {
    let processes = Path::new(PROCESSES);
    // Without this folder every process would seem to have ended.
    if !processes.join("self").exists() {
        return;
    }
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    for entry in entries.take(ENTRIES_MAX) {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| owner_id(name, prefix));
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if let (Some(owner), true) = (owner, is_folder)
            && !processes.join(owner.to_string()).exists()
        {
            // Another person's folder cannot be removed.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Id of the process in the name of its folder; `None` for another name.
fn owner_id(name: &str, prefix: &str) -> Option<u32> {
    let rest = name.strip_prefix(prefix)?;
    let digits = rest.split_once('-').map_or(rest, |(digits, _)| digits);
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_folders_of_ended_processes_are_removed() {
        let parent = tempfile::tempdir().unwrap();
        let own = format!("pantau-x-{}", std::process::id());
        // Linux has no process with so great an id.
        let names = ["pantau-x-4294967295", "pantau-x-4294967295-a1b2", &own];
        let others = ["pantau-x-", "pantau-x-notes", "pantau-y-4294967295"];
        for name in names.iter().chain(&others) {
            std::fs::create_dir(parent.path().join(name)).unwrap();
            std::fs::write(parent.path().join(name).join("file"), "x").unwrap();
        }
        remove_abandoned_folders(parent.path(), "pantau-x-");
        let is_left = |name: &str| parent.path().join(name).exists();
        assert_eq!(names.map(is_left), [false, false, true]);
        assert_eq!(others.map(is_left), [true; 3]);
    }
}
