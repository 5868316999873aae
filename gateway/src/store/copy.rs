//! A checked copy of the whole file while it is in use.

use super::handle::StoreError;
use super::keeper::Keeper;
use super::schema::disk;
use rusqlite::Connection;
use std::path::Path;

impl Keeper {
    /// Copies the file to `to`, checks the copy, and only then gives it its name.
    pub(super) fn backup(&mut self, to: &Path) -> Result<(), StoreError> {
        self.flush()?;
        let half = to.with_extension("unfinished");
        let copied = self
            .db
            .backup("main", &half, None::<fn(rusqlite::backup::Progress)>)
            .and_then(|()| check(&half))
            .map_err(|fault| disk("copying the file", &fault))?;
        if copied != "ok" {
            return Err(StoreError::Disk {
                what: "checking the copy",
                why: copied,
            });
        }
        std::fs::rename(&half, to).map_err(|fault| StoreError::Disk {
            what: "naming the copy",
            why: fault.to_string(),
        })
    }
}

fn check(copy: &Path) -> Result<String, rusqlite::Error> {
    let copy = Connection::open(copy)?;
    copy.pragma_query_value(None, "quick_check", |row| row.get(0))
}
