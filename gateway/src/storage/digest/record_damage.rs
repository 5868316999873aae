//! Search for day records whose text no longer has its digest, and for entries of the ledger that
//! are none.

use crate::domain::data_damage::DamagedContent;
use crate::evidence::hash;
use crate::storage::data_damage::note_missing;
use crate::storage::ledger::find_garbled_entries;
use crate::storage::missing_list::{MissingRows, add_missing};
use crate::storage::schema::is_corruption;
use crate::storage::store_values::StoreAccess;
use crate::storage::writer::StoreWriter;
use rusqlite::Connection;

impl StoreWriter {
    /// Lists the damaged records of the chain and of the ledger, at a start of the gateway. SQLite
    /// sees no damage in a text that has only other letters.
    pub(in crate::storage) fn note_damaged_records(&mut self) -> Result<(), rusqlite::Error> {
        if self.access != StoreAccess::Gateway {
            return Ok(());
        }
        let mut damaged = find_damaged_records(&self.db)?;
        for (id, recorded_at) in find_garbled_entries(&self.db)? {
            let key = (
                DamagedContent::Ledger,
                self.calendar.day(recorded_at),
                "".into(),
            );
            add_missing(&mut damaged, key, (id, id, 1));
        }
        if damaged.is_empty() {
            return Ok(());
        }
        let now = self.clock.now().at;
        let lock = self.db.transaction()?;
        note_missing(&lock, now, &damaged)?;
        match lock.commit() {
            // The next start finds them again.
            Err(fault) if !is_corruption(&fault) => {
                tracing::warn!(%fault, "the damaged records could not be listed");
                Ok(())
            }
            noted => noted,
        }
    }
}

/// Finds the records whose text does not have the digest beside it, row by row.
fn find_damaged_records(db: &Connection) -> Result<MissingRows, rusqlite::Error> {
    let mut find = db.prepare("SELECT number, day, sha256, record FROM digest ORDER BY number")?;
    let mut rows = find.query([])?;
    let mut damaged = MissingRows::new();
    while let Some(row) = rows.next()? {
        let (number, day) = (row.get::<_, i64>(0)?, row.get(1)?);
        let said = row.get_ref(2)?.as_bytes().unwrap_or_default();
        let text = row.get_ref(3)?.as_bytes().unwrap_or_default();
        if hash(text).as_bytes() != said {
            let key = (DamagedContent::Records, day, "".into());
            add_missing(&mut damaged, key, (number, number, 1));
        }
    }
    Ok(damaged)
}
