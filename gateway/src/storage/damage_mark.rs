//! File by which a running gateway tells the next start that SQLite has found damage.

use std::fs;
use std::path::Path;

/// Name of the file.
const MARK_FILE: &str = "pantau.damaged";

/// Tells the next start that the file is damaged.
pub(super) fn set_mark(directory: &Path, what: &str) {
    if let Err(fault) = fs::write(directory.join(MARK_FILE), what) {
        tracing::warn!(%fault, "the next start cannot be told that the file is damaged");
    }
}

/// Returns whether the program that ran before has found damage.
pub(super) fn has_mark(directory: &Path) -> bool {
    directory.join(MARK_FILE).exists()
}

/// Removes the mark.
pub(super) fn clear_mark(directory: &Path) {
    let _ = fs::remove_file(directory.join(MARK_FILE));
}
