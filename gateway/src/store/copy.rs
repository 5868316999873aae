//! A checked copy of the whole file while it is in use.

use super::fault::StoreError;
use super::keeper::Keeper;
use super::private;
use super::schema::disk;
use rusqlite::Connection;
use std::path::Path;

impl Keeper {
    /// Copies the file to `to`, checks the copy, and only then gives it its name.
    pub(super) fn backup(&mut self, to: &Path) -> Result<(), StoreError> {
        match self.flush() {
            // What a removed file holds is to be had from here alone.
            Err(_) if self.still_there().is_err() => {}
            flushed => drop(flushed?),
        }
        self.copy(to)?;
        if let Some(floor) = &mut self.floor {
            floor
                .raise(&self.db, self.next)
                .map_err(|fault| disk("keeping the bound of numbers", &fault))?;
        }
        Ok(())
    }

    /// The file as it is open.
    pub(super) fn copy(&self, to: &Path) -> Result<(), StoreError> {
        let half = to.with_extension("unfinished");
        // A copy that was cut short is begun again, with the permissions of a new file.
        let _ = std::fs::remove_file(&half);
        private::file(&half).map_err(|fault| StoreError::Disk {
            what: "copying the file",
            why: format!("{}: {fault}", half.display()),
        })?;
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
