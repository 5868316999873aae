//! Queue of messages of alarms: one row a message and recipient, what is kept of each channel, and
//! the bytes of each month. The bodies are texts of the room `alarm_delivery`.

use super::schema::sql_int;
use super::store_error::StoreError;
use super::store_handle::Store;
use super::store_request::{AlarmRequest, StoreRequest};
use super::store_values::{AlarmQueueRows, KeptAlarmQueue};
use crate::limits::ALARM_MONTHS_MAX;
use rusqlite::{Connection, OptionalExtension, params};

impl Store {
    /// Changes the queue of a channel in one transaction: a change of an alarm that counts as taken
    /// is in the queue.
    pub async fn change_alarm_queue(&self, rows: AlarmQueueRows) -> Result<(), StoreError> {
        self.ask(|reply| StoreRequest::Alarm(AlarmRequest::Enqueue(rows, reply)))
            .await
    }

    /// Returns the queue of a channel.
    pub async fn alarm_queue(&self, channel: &str) -> Result<KeptAlarmQueue, StoreError> {
        let channel = channel.to_owned();
        self.ask(|reply| StoreRequest::Alarm(AlarmRequest::Queue(channel, reply)))
            .await
    }

    /// Returns the bytes that messages of alarms have taken in a month, such as `2026-11`.
    pub async fn alarm_traffic(&self, month: &str) -> Result<u64, StoreError> {
        let month = month.to_owned();
        self.ask(|reply| StoreRequest::Alarm(AlarmRequest::Traffic(month, reply)))
            .await
    }
}

/// Notes how far a channel is; a late acknowledgement takes nothing back.
pub(super) fn set_delivered(
    db: &Connection,
    channel: &str,
    id: u64,
) -> Result<(), rusqlite::Error> {
    let set = "UPDATE alarm_delivery SET after = max(after, ?) WHERE channel = ?";
    let changed = db.execute(set, params![id.cast_signed(), channel]);
    changed.map(drop)
}

pub(super) fn change_queue(db: &Connection, rows: &AlarmQueueRows) -> Result<(), rusqlite::Error> {
    if let Some(taken) = rows.taken {
        set_delivered(db, &rows.channel, taken)?;
    }
    for body in &rows.added {
        db.execute(
            "INSERT INTO alarm_message(channel, body) VALUES (?, ?)",
            params![rows.channel, body],
        )?;
    }
    for (id, body) in &rows.changed {
        let id = id.cast_signed();
        match body {
            Some(body) => db.execute(
                "UPDATE alarm_message SET body = ? WHERE id = ?",
                params![body, id],
            )?,
            None => db.execute("DELETE FROM alarm_message WHERE id = ?", [id])?,
        };
    }
    if let Some(body) = &rows.state {
        db.execute(
            "INSERT OR REPLACE INTO alarm_channel(name, body) VALUES (?, ?)",
            params![rows.channel, body],
        )?;
    }
    if let Some((month, bytes)) = &rows.traffic {
        add_traffic(db, month, *bytes)?;
    }
    Ok(())
}

fn add_traffic(db: &Connection, month: &str, bytes: u64) -> Result<(), rusqlite::Error> {
    db.execute(
        "INSERT INTO alarm_traffic(month, bytes) VALUES (?1, ?2)
         ON CONFLICT(month) DO UPDATE SET bytes = bytes + ?2",
        params![month, bytes.cast_signed()],
    )?;
    // Months that a wrong clock has made are among them: only the number is bounded.
    db.execute(
        "DELETE FROM alarm_traffic WHERE month <> ?1 AND month NOT IN
         (SELECT month FROM alarm_traffic ORDER BY month DESC LIMIT ?2)",
        params![month, sql_int(ALARM_MONTHS_MAX)],
    )?;
    Ok(())
}

pub(super) fn read_queue(
    db: &Connection,
    channel: &str,
) -> Result<KeptAlarmQueue, rusqlite::Error> {
    let mut find =
        db.prepare_cached("SELECT id, body FROM alarm_message WHERE channel = ? ORDER BY id")?;
    let rows = find.query_map([channel], |row| {
        Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?))
    })?;
    let messages = rows.collect::<Result<Vec<_>, _>>()?;
    let find = "SELECT body FROM alarm_channel WHERE name = ?";
    let state = db.query_row(find, [channel], |row| row.get(0));
    Ok(KeptAlarmQueue {
        messages,
        state: state.optional()?,
    })
}

pub(super) fn read_traffic(db: &Connection, month: &str) -> Result<u64, rusqlite::Error> {
    let find = "SELECT bytes FROM alarm_traffic WHERE month = ?";
    let found = db.query_row(find, [month], |row| row.get::<_, i64>(0));
    Ok(found.optional()?.map_or(0, i64::cast_unsigned))
}

/// Forgets the messages of a channel that is no longer configured.
pub(super) fn forget_queue(db: &Connection, channel: &str) -> Result<(), rusqlite::Error> {
    db.execute("DELETE FROM alarm_message WHERE channel = ?", [channel])?;
    db.execute("DELETE FROM alarm_channel WHERE name = ?", [channel])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{open as open_store, site};
    use super::*;
    use crate::storage::AlarmRows;

    #[tokio::test]
    async fn a_change_is_taken_and_queued_at_once_and_survives_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let open = || open_store(dir.path(), &site(&["p"]));
        let store = open();
        let channel = "messages/staff".to_owned();
        store
            .set_alarm_channels(vec![channel.clone()])
            .await
            .unwrap();
        let rows = AlarmRows {
            states: Vec::new(),
            changes: vec!["{}".to_owned()],
        };
        store.keep_alarms(rows).await.unwrap();
        let next = store.next_alarm_change(&channel).await.unwrap().unwrap();
        let queued = AlarmQueueRows {
            channel: channel.clone(),
            taken: Some(next.id),
            added: vec!["a".to_owned(), "b".to_owned()],
            state: Some("s".to_owned()),
            traffic: Some(("2026-11".to_owned(), 700)),
            ..AlarmQueueRows::default()
        };
        store.change_alarm_queue(queued).await.unwrap();
        store.stop().await;

        let store = open();
        assert_eq!(store.next_alarm_change(&channel).await.unwrap(), None);
        let kept = store.alarm_queue(&channel).await.unwrap();
        let bodies: Vec<&str> = kept.messages.iter().map(|(_, body)| &**body).collect();
        assert_eq!((bodies, kept.state.as_deref()), (vec!["a", "b"], Some("s")));
        let sent = AlarmQueueRows {
            channel: channel.clone(),
            changed: vec![
                (kept.messages[0].0, None),
                (kept.messages[1].0, Some("c".to_owned())),
            ],
            traffic: Some(("2026-11".to_owned(), 50)),
            ..AlarmQueueRows::default()
        };
        store.change_alarm_queue(sent).await.unwrap();
        let kept = store.alarm_queue(&channel).await.unwrap();
        assert_eq!(kept.messages.len(), 1);
        assert_eq!(kept.messages[0].1, "c");
        assert_eq!(store.alarm_traffic("2026-11").await.unwrap(), 750);
        // A channel that is no longer configured leaves nothing behind.
        store.set_alarm_channels(Vec::new()).await.unwrap();
        let kept = store.alarm_queue(&channel).await.unwrap();
        assert_eq!(kept, KeptAlarmQueue::default());
        store.stop().await;
    }
}
