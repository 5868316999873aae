//! Events of the store's file, kept in table `meta`: the page shows them until newer ones take
//! their place.

use super::schema::disk_error;
use super::store_error::StoreError;
use super::store_handle::Store;
use super::store_request::{DamageRequest, StoreRequest};
use super::writer::StoreWriter;
use crate::domain::UtcMs;
use crate::domain::store_event::{StoreEvent, StoreEventKind};
use crate::limits::STORE_EVENTS_MAX;
use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};

/// Key in table `meta`.
const EVENTS_KEY: &str = "store_events";

/// Event as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct KeptEvent {
    at: i64,
    kind: String,
    #[serde(default)]
    store: String,
    #[serde(default)]
    files: Vec<String>,
    #[serde(default)]
    missing: Option<(i64, i64)>,
    #[serde(default)]
    lines: usize,
    #[serde(default)]
    why: String,
}

impl From<&StoreEvent> for KeptEvent {
    fn from(event: &StoreEvent) -> Self {
        Self {
            at: event.at.0,
            kind: event.kind.word().to_owned(),
            store: event.store.clone(),
            files: event.files.clone(),
            missing: event.missing.map(|(first, last)| (first.0, last.0)),
            lines: event.lines,
            why: event.why.clone(),
        }
    }
}

impl KeptEvent {
    /// Returns the event; `None` for a kind of a later program.
    fn event(self) -> Option<StoreEvent> {
        Some(StoreEvent {
            at: UtcMs(self.at),
            kind: StoreEventKind::parse(&self.kind)?,
            store: self.store,
            files: self.files,
            missing: self
                .missing
                .map(|(first, last)| (UtcMs(first), UtcMs(last))),
            lines: self.lines,
            why: self.why,
        })
    }
}

fn read_kept(db: &Connection) -> Result<Vec<KeptEvent>, rusqlite::Error> {
    let find = "SELECT value FROM meta WHERE key = ?";
    let text: Option<String> = db
        .query_row(find, [EVENTS_KEY], |row| row.get(0))
        .optional()?;
    let kept = text.and_then(|text| serde_json::from_str(&text).ok());
    Ok(kept.unwrap_or_default())
}

/// Reads the events, the oldest first; what cannot be read is none.
pub(super) fn read_events(db: &Connection) -> Result<Vec<StoreEvent>, rusqlite::Error> {
    let kept = read_kept(db)?.into_iter();
    Ok(kept.filter_map(KeptEvent::event).collect())
}

/// Within a transaction: adds events; of more than `STORE_EVENTS_MAX` the oldest go.
pub(super) fn add_events(db: &Connection, new: &[StoreEvent]) -> Result<(), rusqlite::Error> {
    if new.is_empty() {
        return Ok(());
    }
    let mut kept = read_kept(db)?;
    kept.extend(new.iter().map(KeptEvent::from));
    kept.drain(..kept.len().saturating_sub(STORE_EVENTS_MAX));
    let text = serde_json::to_string(&kept).unwrap_or_default();
    db.execute(
        "INSERT OR REPLACE INTO meta(key, value) VALUES (?, ?)",
        [EVENTS_KEY, &text],
    )?;
    Ok(())
}

impl Store {
    /// Keeps what was found about a file beside the store, for the page and the audit log.
    pub async fn keep_event(&self, event: StoreEvent) -> Result<(), StoreError> {
        self.ask(|reply| StoreRequest::Damage(DamageRequest::Keep(event, reply)))
            .await
    }
}

impl StoreWriter {
    /// Keeps an event that another part of the program found.
    pub(super) fn keep_event(&mut self, event: StoreEvent) -> Result<(), StoreError> {
        self.change_file(|db, now| {
            let transaction = db.transaction();
            let kept = transaction.and_then(|transaction| {
                super::audit::append_audit(&transaction, now, "repair", &event.to_string())?;
                add_events(&transaction, std::slice::from_ref(&event))?;
                transaction.commit()
            });
            kept.map_err(|fault| disk_error("keeping an event", &fault))
        })?;
        self.health.events.push(event);
        self.publish_health();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_events_are_kept_as_they_were() {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch("CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID")
            .unwrap();
        assert_eq!(read_events(&db).unwrap(), []);
        let events: Vec<StoreEvent> = (0..)
            .zip(StoreEventKind::ALL.iter().cycle())
            .take(STORE_EVENTS_MAX + 7)
            .map(|(at, kind)| StoreEvent {
                store: "k3f9q2".to_owned(),
                files: vec!["pantau.db.damaged-1".to_owned()],
                missing: Some((UtcMs(at - 9), UtcMs(at))),
                lines: 3,
                ..StoreEvent::new(*kind, UtcMs(at), "why")
            })
            .collect();
        for one in &events {
            add_events(&db, std::slice::from_ref(one)).unwrap();
        }
        assert_eq!(read_events(&db).unwrap(), events[7..]);
    }
}
