//! Extent of the open store, as it is written down beside its file.

use super::local_calendar::LocalDay;
use super::memtable::ColumnKey;
use super::sequence_floor::SequenceFloor;
use super::store_extent::StoreExtent;
use super::store_values::StoreAccess;
use super::writer::StoreWriter;
use crate::domain::UtcMs;
use rusqlite::Connection;

impl StoreWriter {
    /// Writes down beside the file from when to when it holds readings.
    pub(super) fn keep_extent(&mut self) {
        if self.access != StoreAccess::Gateway {
            return;
        }
        match self.extent() {
            Ok(extent) => {
                if let Some(floor) = &mut self.floor {
                    floor.keep_extent(extent, self.durable);
                }
            }
            Err(fault) => tracing::warn!(%fault, "the extent of the store cannot be told"),
        }
    }

    /// Whether nothing is written down yet of readings that are there, or nothing of the newest.
    pub(super) fn lacks_extent(&self) -> bool {
        let is_lacking =
            |floor: &SequenceFloor| !floor.has_readings() || floor.is_old(self.durable);
        self.latest.newest_dated().is_some() && self.floor.as_ref().is_some_and(is_lacking)
    }

    /// Returns the extent; `None` while there are readings and no date is known.
    fn extent(&mut self) -> Result<Option<StoreExtent>, rusqlite::Error> {
        let in_memory: Vec<ColumnKey> = self.memtable.keys().collect();
        let Some(last) = self.latest.newest_dated() else {
            let is_empty = in_memory.is_empty() && self.durable == 0 && self.pending.is_empty();
            return Ok(is_empty.then_some(StoreExtent::EMPTY));
        };
        let dated = in_memory.iter().filter(|key| key.boot == 0);
        let waiting = self.pending.iter().filter(|one| one.reading.dated);
        let waiting: Vec<UtcMs> = waiting.map(|one| one.reading.at).collect();
        let before = self.floor.as_ref().and_then(SequenceFloor::checked_first);
        let kept = first_day(&self.db, before.is_none())?;
        let days = dated.map(|key| key.day).chain(kept);
        let days: Vec<LocalDay> = days
            .chain(waiting.iter().map(|at| self.calendar.day(*at)))
            .collect();
        let first = days.into_iter().min();
        let first = first.map_or(last, |day| self.calendar.day_start(day).min(last));
        Ok(Some(StoreExtent {
            last: last.0,
            first: first.0.min(before.unwrap_or(i64::MAX)),
        }))
    }
}

/// Returns the first day of which a file has samples, or sums of them where those are asked for.
fn first_day(db: &Connection, with_sums: bool) -> Result<Option<LocalDay>, rusqlite::Error> {
    let raw = "SELECT min(day) FROM pack WHERE boot = 0";
    let raw: Option<LocalDay> = db.query_row(raw, [], |row| row.get(0))?;
    if !with_sums {
        return Ok(raw);
    }
    // Years of sums are no index of their days: they are looked through once a start.
    let summed = "SELECT min(day) FROM daily";
    let summed: Option<LocalDay> = db.query_row(summed, [], |row| row.get(0))?;
    Ok(raw.into_iter().chain(summed).min())
}
