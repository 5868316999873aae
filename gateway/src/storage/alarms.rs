//! Tables of alarms: their states, the changes of the last time, and how far each channel has
//! delivered these. The bodies are texts of the room `alarms`.

use super::alarm_queue;
use super::schema::{disk_error, sql_int};
use super::store_error::StoreError;
use super::store_handle::Store;
use super::store_request::{AlarmRequest, StoreRequest};
use super::store_values::{AlarmRows, KeptAlarmChange};
use super::writer::StoreWriter;
use crate::domain::UtcMs;
use crate::limits::{ALARM_CHANGES_MAX, ALARM_PAGE_MAX};
use rusqlite::{Connection, OptionalExtension, Row, params};

impl Store {
    /// Keeps states and changes of alarms in one transaction: a change that was told is on disk.
    pub async fn keep_alarms(&self, rows: AlarmRows) -> Result<(), StoreError> {
        self.ask(|reply| StoreRequest::Alarm(AlarmRequest::Keep(rows, reply)))
            .await
    }

    /// Returns the states of all alarms, by key.
    pub async fn alarm_states(&self) -> Result<Vec<(String, String)>, StoreError> {
        self.ask(|reply| StoreRequest::Alarm(AlarmRequest::States(reply)))
            .await
    }

    /// Returns the last changes before a number, the newest first.
    pub async fn alarm_changes(
        &self,
        before: Option<u64>,
    ) -> Result<Vec<KeptAlarmChange>, StoreError> {
        self.ask(|reply| StoreRequest::Alarm(AlarmRequest::Changes(before, reply)))
            .await
    }

    /// Notes the channels to which changes are delivered. A new channel begins with the next
    /// change; one that is no longer there is forgotten.
    pub async fn set_alarm_channels(&self, names: Vec<String>) -> Result<(), StoreError> {
        self.ask(|reply| StoreRequest::Alarm(AlarmRequest::Channels(names, reply)))
            .await
    }

    /// Returns the oldest change that a channel has not delivered.
    pub async fn next_alarm_change(
        &self,
        channel: &str,
    ) -> Result<Option<KeptAlarmChange>, StoreError> {
        let channel = channel.to_owned();
        self.ask(|reply| StoreRequest::Alarm(AlarmRequest::Next(channel, reply)))
            .await
    }

    /// Notes that a channel has delivered the changes up to a number.
    pub async fn alarm_delivered(&self, channel: &str, id: u64) -> Result<(), StoreError> {
        let channel = channel.to_owned();
        self.ask(|reply| StoreRequest::Alarm(AlarmRequest::Delivered(channel, id, reply)))
            .await
    }
}

impl StoreWriter {
    /// Serves a request about alarms.
    pub(super) fn serve_alarm_request(&mut self, request: AlarmRequest) {
        let failed = |fault: rusqlite::Error| disk_error("alarms", &fault);
        // A send fails when the caller has gone; there is nobody to report that to.
        match request {
            AlarmRequest::Keep(rows, reply) => {
                let kept = self.change_small_tables("alarms", |db, now| keep_rows(db, now, &rows));
                drop(reply.send(kept));
            }
            AlarmRequest::States(reply) => {
                drop(reply.send(read_states(&self.db).map_err(failed)));
            }
            AlarmRequest::Changes(before, reply) => {
                let before = before.map_or(i64::MAX, u64::cast_signed);
                drop(reply.send(read_changes(&self.db, before).map_err(failed)));
            }
            AlarmRequest::Channels(names, reply) => {
                let kept = self.change_small_tables("alarms", |db, _| set_channels(db, &names));
                drop(reply.send(kept));
            }
            AlarmRequest::Next(channel, reply) => {
                let find = "SELECT id, at, body FROM alarm_change WHERE id > \
                     (SELECT after FROM alarm_delivery WHERE channel = ?) ORDER BY id LIMIT 1";
                let found = self.db.query_row(find, [channel], parse_change);
                drop(reply.send(found.optional().map_err(failed)));
            }
            AlarmRequest::Delivered(channel, id, reply) => {
                let kept = self.change_small_tables("alarms", |db, _| {
                    alarm_queue::set_delivered(db, &channel, id)
                });
                drop(reply.send(kept));
            }
            AlarmRequest::Enqueue(rows, reply) => {
                let kept = self
                    .change_small_tables("alarms", |db, _| alarm_queue::change_queue(db, &rows));
                drop(reply.send(kept));
            }
            AlarmRequest::Queue(channel, reply) => {
                let found = alarm_queue::read_queue(&self.db, &channel);
                drop(reply.send(found.map_err(failed)));
            }
            AlarmRequest::Traffic(month, reply) => {
                let found = alarm_queue::read_traffic(&self.db, &month);
                drop(reply.send(found.map_err(failed)));
            }
        }
    }

    /// Changes tables on which no figure depends.
    pub(super) fn change_small_tables(
        &mut self,
        what: &'static str,
        change: impl FnOnce(&Connection, UtcMs) -> Result<(), rusqlite::Error>,
    ) -> Result<(), StoreError> {
        // A commit into a removed file would be gone at exit.
        self.check_files()?;
        let now = self.recording_time();
        let failed = |fault: rusqlite::Error| disk_error(what, &fault);
        let lock = self.db.transaction().map_err(failed)?;
        change(&lock, now).map_err(failed)?;
        lock.commit().map_err(failed)
    }
}

fn keep_rows(db: &Connection, now: UtcMs, rows: &AlarmRows) -> Result<(), rusqlite::Error> {
    for (key, body) in &rows.states {
        match body {
            Some(body) => db.execute(
                "INSERT OR REPLACE INTO alarm_state(key, body) VALUES (?, ?)",
                params![key, body],
            )?,
            None => db.execute("DELETE FROM alarm_state WHERE key = ?", [key])?,
        };
    }
    for body in &rows.changes {
        db.execute(
            "INSERT INTO alarm_change(at, body) VALUES (?, ?)",
            params![now.0, body],
        )?;
    }
    if !rows.changes.is_empty() {
        // What no channel has taken within so many changes is no news any more.
        db.execute(
            "DELETE FROM alarm_change WHERE id <= (SELECT max(id) FROM alarm_change) - ?",
            [sql_int(ALARM_CHANGES_MAX)],
        )?;
    }
    Ok(())
}

fn read_states(db: &Connection) -> Result<Vec<(String, String)>, rusqlite::Error> {
    let mut find = db.prepare_cached("SELECT key, body FROM alarm_state ORDER BY key")?;
    let rows = find.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

fn read_changes(db: &Connection, before: i64) -> Result<Vec<KeptAlarmChange>, rusqlite::Error> {
    let mut find = db.prepare_cached(
        "SELECT id, at, body FROM alarm_change WHERE id < ? ORDER BY id DESC LIMIT ?",
    )?;
    let rows = find.query_map([before, sql_int(ALARM_PAGE_MAX)], parse_change)?;
    rows.collect()
}

fn set_channels(db: &Connection, names: &[String]) -> Result<(), rusqlite::Error> {
    let known = {
        let mut find = db.prepare("SELECT channel FROM alarm_delivery")?;
        let rows = find.query_map([], |row| row.get::<_, String>(0))?;
        rows.collect::<Result<Vec<_>, _>>()?
    };
    for gone in known.iter().filter(|one| !names.contains(one)) {
        db.execute("DELETE FROM alarm_delivery WHERE channel = ?", [gone])?;
        alarm_queue::forget_queue(db, gone)?;
    }
    for name in names {
        db.execute(
            "INSERT OR IGNORE INTO alarm_delivery(channel, after)
             VALUES (?, (SELECT coalesce(max(id), 0) FROM alarm_change))",
            [name],
        )?;
    }
    Ok(())
}

fn parse_change(row: &Row<'_>) -> Result<KeptAlarmChange, rusqlite::Error> {
    Ok(KeptAlarmChange {
        id: row.get::<_, i64>(0)?.cast_unsigned(),
        at: UtcMs(row.get(1)?),
        body: row.get(2)?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{open as open_store, site};
    use super::*;
    use std::path::Path;

    fn open(directory: &Path) -> Store {
        open_store(directory, &site(&["p"]))
    }

    fn change(number: usize) -> AlarmRows {
        AlarmRows {
            states: vec![("tank-low/t".to_owned(), Some(number.to_string()))],
            changes: vec![format!("{{\"n\":{number}}}")],
        }
    }

    #[tokio::test]
    async fn states_and_changes_survive_a_restart_and_each_channel_has_its_own_place() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        store.keep_alarms(change(1)).await.unwrap();
        // A channel begins with the next change: nobody wants to hear of last month.
        store
            .set_alarm_channels(vec!["mqtt".to_owned()])
            .await
            .unwrap();
        assert_eq!(store.next_alarm_change("mqtt").await.unwrap(), None);
        for number in 2..=3 {
            store.keep_alarms(change(number)).await.unwrap();
        }
        store.stop().await;

        let store = open(dir.path());
        store
            .set_alarm_channels(vec!["mqtt".to_owned(), "other".to_owned()])
            .await
            .unwrap();
        let states = store.alarm_states().await.unwrap();
        assert_eq!(states, [("tank-low/t".to_owned(), "3".to_owned())]);
        let next = store.next_alarm_change("mqtt").await.unwrap().unwrap();
        assert_eq!((next.id, &*next.body), (2, "{\"n\":2}"));
        store.alarm_delivered("mqtt", 2).await.unwrap();
        let next = store.next_alarm_change("mqtt").await.unwrap().unwrap();
        assert_eq!(next.id, 3);
        // A late acknowledgement takes nothing back.
        store.alarm_delivered("mqtt", 3).await.unwrap();
        store.alarm_delivered("mqtt", 2).await.unwrap();
        assert_eq!(store.next_alarm_change("mqtt").await.unwrap(), None);
        assert_eq!(store.next_alarm_change("other").await.unwrap(), None);
        let page = store.alarm_changes(Some(3)).await.unwrap();
        let ids: Vec<u64> = page.iter().map(|one| one.id).collect();
        assert_eq!(ids, [2, 1]);
        store.stop().await;
    }

    #[tokio::test]
    async fn the_history_is_bounded() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        let many = |count: usize| AlarmRows {
            states: Vec::new(),
            changes: vec!["{}".to_owned(); count],
        };
        store.keep_alarms(many(ALARM_CHANGES_MAX)).await.unwrap();
        store.keep_alarms(many(5)).await.unwrap();
        let page = store.alarm_changes(Some(7)).await.unwrap();
        assert_eq!(page.last().map(|one| one.id), Some(6));
        store.stop().await;
    }
}
