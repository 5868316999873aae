//! Start with a file that is another one than that of the last start: finds out what is missing,
//! and keeps for people what happened.

use super::audit::append_audit;
use super::data_damage::note_missing;
use super::floor_slot::OtherStore;
use super::found_events::FoundEvents;
use super::salvage::{FoundLosses, StoreSalvage, find_lost_store, find_newer};
use super::sequence_floor::SequenceFloor;
use super::store_events::{add_events, read_events};
use super::store_extent::StoreExtent;
use super::writer::StoreWriter;
use crate::domain::store_event::{StoreEvent, StoreEventKind};
use crate::domain::{Site, UtcMs};
use rusqlite::Connection;
use std::path::Path;

/// Within a transaction: keeps what a start found, and lists the losses.
pub(super) fn record_found(
    found: &FoundEvents,
    db: &Connection,
    now: UtcMs,
) -> Result<(), rusqlite::Error> {
    for event in &found.events {
        append_audit(db, now, "repair", &event.to_string())?;
    }
    add_events(db, &found.events)?;
    if !found.missing.is_empty() {
        note_missing(db, now, &found.missing)?;
    }
    Ok(())
}

impl StoreWriter {
    /// Finds out what is missing when the file is another one than that of the last start.
    pub(super) fn note_other_store(&mut self, site: &Site) -> Result<(), rusqlite::Error> {
        let floor = self.floor.as_mut();
        let Some(other) = floor.and_then(SequenceFloor::take_other_store) else {
            return Ok(());
        };
        let mut events = self.found.events.iter();
        if events.any(|event| event.kind.is_other_store()) {
            return Ok(());
        }
        let salvage = StoreSalvage {
            directory: self.file.parent().unwrap_or(Path::new(".")),
            site,
            now: self.recording_time(),
        };
        let losses = self.losses_of(&other, &salvage)?;
        let why = match other.kind {
            StoreEventKind::Replaced => self.floor.as_ref().map_or("", SequenceFloor::store_id),
            _ => "it is missing or empty",
        };
        let mut found = self.found.events.iter_mut();
        let unread = found.find(|event| event.kind == StoreEventKind::LogLost);
        let is_of_log = matches!(other.kind, StoreEventKind::Older | StoreEventKind::LogLost);
        if let Some(event) = unread.filter(|_| is_of_log) {
            // The log itself was found unreadable: what it held is known now.
            (event.missing, event.lines) = (losses.stretch, losses.rows.len());
            event.store.clone_from(&other.known.id);
            self.found.missing = losses.rows;
            return Ok(());
        }
        let event = StoreEvent {
            store: other.known.id.clone(),
            missing: losses.stretch,
            lines: losses.rows.len(),
            ..StoreEvent::new(other.kind, salvage.now, why)
        };
        let event = salvage.with_rescued(event);
        self.found.missing = losses.rows;
        self.found.events.push(event);
        Ok(())
    }

    fn losses_of(
        &self,
        other: &OtherStore,
        salvage: &StoreSalvage<'_>,
    ) -> Result<FoundLosses, rusqlite::Error> {
        let (place, known) = ((salvage.site, salvage.now), &other.known);
        match other.kind {
            StoreEventKind::Older | StoreEventKind::LogLost => {
                find_newer(&self.db, place, known, self.latest.newest_dated())
            }
            // What the other file lacks of it is all: the readings of two stores are not compared.
            StoreEventKind::Replaced => Ok(FoundLosses {
                stretch: known.extent.and_then(StoreExtent::times),
                ..FoundLosses::default()
            }),
            _ => find_lost_store(&self.db, place, Some(known)),
        }
    }

    /// Shows the events of this start and of those before.
    pub(super) fn show_events(&mut self) -> Result<(), rusqlite::Error> {
        self.health.events = read_events(&self.db)?;
        self.health.events.extend(self.found.events.iter().cloned());
        let found = self.found.events.iter();
        self.health.repairs = found.map(ToString::to_string).collect();
        Ok(())
    }
}
