//! Tables of technicians: notes of work that is not finished, by name, and signed records of
//! hand-overs, which only grow. The bodies are texts of the room `api`.

use super::audit::append_audit;
use super::schema::{disk_error, sql_int};
use super::store_error::StoreError;
use super::store_handle::Store;
use super::store_request::{StoreRequest, TechnicianRequest};
use super::store_values::KeptHandover;
use super::writer::StoreWriter;
use crate::domain::UtcMs;
use crate::limits::{HANDOVERS_SHOWN_MAX, TECHNICIAN_NOTES_MAX};
use rusqlite::{Connection, OptionalExtension, params};

/// Subject of the faults of these tables.
const NOTES: &str = "notes of technicians";

impl Store {
    /// Keeps a note under a name, or removes it. Beyond a number of notes the oldest is forgotten.
    pub async fn keep_technician_note(
        &self,
        name: &str,
        body: Option<String>,
    ) -> Result<(), StoreError> {
        let name = name.to_owned();
        self.ask(|reply| StoreRequest::Technician(TechnicianRequest::Keep(name, body, reply)))
            .await
    }

    /// Returns the note under a name.
    pub async fn technician_note(&self, name: &str) -> Result<Option<String>, StoreError> {
        let name = name.to_owned();
        self.ask(|reply| StoreRequest::Technician(TechnicianRequest::Note(name, reply)))
            .await
    }

    /// Appends a signed record of a hand-over, with `what` as an entry of the audit log; returns
    /// its number.
    pub async fn append_handover(&self, body: String, what: String) -> Result<u64, StoreError> {
        self.ask(|reply| StoreRequest::Technician(TechnicianRequest::Sign(body, what, reply)))
            .await
    }

    /// Returns the newest signed records, the newest first.
    pub async fn handovers(&self) -> Result<Vec<KeptHandover>, StoreError> {
        self.ask(|reply| StoreRequest::Technician(TechnicianRequest::Signed(reply)))
            .await
    }
}

impl StoreWriter {
    /// Serves a request about the work of technicians.
    pub(super) fn serve_technician_request(&mut self, request: TechnicianRequest) {
        let failed = |fault: rusqlite::Error| disk_error(NOTES, &fault);
        // A send fails when the caller has gone; there is nobody to report that to.
        match request {
            TechnicianRequest::Keep(name, body, reply) => {
                let kept = self.change_small_tables(NOTES, |db, now| {
                    keep_note(db, now, (&name, body.as_deref()))
                });
                drop(reply.send(kept));
            }
            TechnicianRequest::Note(name, reply) => {
                let find = "SELECT body FROM technician_note WHERE name = ?";
                let found = self.db.query_row(find, [name], |row| row.get(0));
                drop(reply.send(found.optional().map_err(failed)));
            }
            TechnicianRequest::Sign(body, what, reply) => {
                let mut id = 0;
                let kept = self.change_small_tables(NOTES, |db, now| {
                    id = append_record(db, now, (&body, &what))?;
                    Ok(())
                });
                drop(reply.send(kept.map(|()| id)));
            }
            TechnicianRequest::Signed(reply) => {
                drop(reply.send(read_records(&self.db).map_err(failed)));
            }
        }
    }
}

fn keep_note(
    db: &Connection,
    now: UtcMs,
    (name, body): (&str, Option<&str>),
) -> Result<(), rusqlite::Error> {
    let Some(body) = body else {
        return db
            .execute("DELETE FROM technician_note WHERE name = ?", [name])
            .map(drop);
    };
    db.execute(
        "INSERT OR REPLACE INTO technician_note(name, at, body) VALUES (?, ?, ?)",
        params![name, now.0, body],
    )?;
    // The one that was just written stays, whatever the clock says.
    db.execute(
        "DELETE FROM technician_note WHERE name <> ?1 AND name NOT IN
         (SELECT name FROM technician_note ORDER BY at DESC LIMIT ?2)",
        params![name, sql_int(TECHNICIAN_NOTES_MAX)],
    )?;
    Ok(())
}

fn append_record(
    db: &Connection,
    now: UtcMs,
    (body, what): (&str, &str),
) -> Result<u64, rusqlite::Error> {
    let insert = "INSERT INTO handover_record(at, body) VALUES (?, ?)";
    db.execute(insert, params![now.0, body])?;
    let id = db.last_insert_rowid();
    append_audit(db, now, "handover", &format!("record {id} signed: {what}"))?;
    Ok(id.cast_unsigned())
}

fn read_records(db: &Connection) -> Result<Vec<KeptHandover>, rusqlite::Error> {
    let find = "SELECT id, at, body FROM handover_record ORDER BY id DESC LIMIT ?";
    let mut rows = db.prepare(find)?;
    let found = rows.query_map([sql_int(HANDOVERS_SHOWN_MAX)], |row| {
        Ok(KeptHandover {
            id: row.get::<_, i64>(0)?.cast_unsigned(),
            at: UtcMs(row.get(1)?),
            body: row.get(2)?,
        })
    })?;
    found.collect()
}

#[cfg(test)]
mod tests {
    use crate::limits::TECHNICIAN_NOTES_MAX;
    use crate::storage::tests::{open, site};

    #[tokio::test]
    async fn notes_are_kept_over_a_restart_and_bounded_and_a_signed_record_stays() {
        let dir = tempfile::tempdir().unwrap();
        let site = site(&["power"]);
        let store = open(dir.path(), &site);
        let keep = async |name: &str, body: &str| {
            let body = Some(body.to_owned());
            store.keep_technician_note(name, body).await.unwrap();
        };
        keep("soak", "{}").await;
        keep("soak", "{\"passes\":true}").await;
        assert_eq!(
            store
                .append_handover("{\"a\":1}".to_owned(), "by Budi".to_owned())
                .await,
            Ok(1)
        );
        store.stop().await;
        let store = open(dir.path(), &site);
        let note = store.technician_note("soak").await.unwrap();
        assert_eq!(note.as_deref(), Some("{\"passes\":true}"));
        let records = store.handovers().await.unwrap();
        assert_eq!((records.len(), &*records[0].body), (1, "{\"a\":1}"));
        let audit = store.read_audit(None).await.unwrap();
        assert!(audit.iter().any(|one| one.kind == "handover"));
        for number in 0..TECHNICIAN_NOTES_MAX + 3 {
            let name = format!("n{number}");
            let body = Some(String::new());
            store.keep_technician_note(&name, body).await.unwrap();
        }
        let last = format!("n{}", TECHNICIAN_NOTES_MAX + 2);
        assert!(store.technician_note(&last).await.unwrap().is_some());
        store.keep_technician_note(&last, None).await.unwrap();
        assert_eq!(store.technician_note(&last).await, Ok(None));
    }
}
