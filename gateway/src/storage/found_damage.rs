//! Damage of the file that SQLite reports while the store is open.

use rusqlite::ErrorCode;
use std::cell::RefCell;

thread_local! {
    /// First damage that this thread was told of, and that nobody has taken yet.
    // Statements are in many files; all of them run on the thread of the store, and their errors
    // pass through few functions.
    static FOUND: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Returns whether SQLite says that the content of the file is garbled.
pub(super) fn is_damage(fault: &rusqlite::Error) -> bool {
    matches!(
        fault.sqlite_error_code(),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
    )
}

/// Keeps an error in mind when it means damage.
pub(super) fn look_at(fault: &rusqlite::Error) {
    if is_damage(fault) {
        FOUND.with_borrow_mut(|found| {
            found.get_or_insert_with(|| fault.to_string());
        });
    }
}

/// Takes the damage that was found.
pub(super) fn take() -> Option<String> {
    FOUND.take()
}
